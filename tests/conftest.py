"""What holds for every test; the two releases, one of the project's own content and a tiny one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from jiqun.knowledge.content import locate
from jiqun.knowledge.release.build import build
from live_server import LiveServer, running
from tiny_release import write_release

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
