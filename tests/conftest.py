"""What holds for every test, and the one release of the project's own content."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from endpoint.live_server import running
from jiqun.knowledge.content import locate
from jiqun.knowledge.release.build import build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

# No test may fail because the machine is busy.
settings.register_profile("jiqun", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("jiqun")


@pytest.fixture(scope="session")
def built_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release of the project's own content, built once; not to be changed."""
    folder = tmp_path_factory.mktemp("built") / "release"
    build(locate(), folder)
    return folder


@pytest.fixture(scope="session")
def built(built_release: Path) -> Iterator[httpx.Client]:
    """A client of a server on the release of the project's own content."""
    with running(built_release) as live:
        yield live.client
