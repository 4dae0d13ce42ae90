"""Fixtures for tests of the endpoint: the tiny release, and one server for the whole session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from endpoint.live_server import LiveServer, running
from endpoint.tiny_release import write_release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx


@pytest.fixture(scope="session")
def release_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny release; not to be changed."""
    return write_release(tmp_path_factory.mktemp("tiny") / "release")


@pytest.fixture(scope="session")
def server(release_folder: Path) -> Iterator[LiveServer]:
    """One server with default settings on the tiny release."""
    with running(release_folder) as live:
        yield live


@pytest.fixture
def client(server: LiveServer) -> httpx.Client:
    """A client of the session's server."""
    return server.client
