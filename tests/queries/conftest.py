"""One server for all tests that ask the whole content over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from endpoint.live_server import running
from jiqun.knowledge.content import locate
from jiqun.knowledge.release.build import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of an endpoint that serves a release of this checkout's content."""
    folder = tmp_path_factory.mktemp("whole") / "release"
    build(locate(), folder)
    with running(folder) as live:
        yield live.client
