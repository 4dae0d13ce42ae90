"""What holds for every test; the two releases, one of the project's own content and a tiny one.

The tests run in several processes, each with its own servers. What takes long to make and is only
read, such as the release of the content, is made once for all of them.
"""

from __future__ import annotations

import gc
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from forked_server import stop_forking
from jiqun.knowledge.content import locate
from jiqun.knowledge.release.build import build
from live_server import IN_MEMORY, LiveServer, running_from_start
from tiny_release import write_release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    MakeOnce = Callable[[str, Callable[[Path], None]], Path]

# No test may fail because the machine is busy.
settings.register_profile("jiqun", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("jiqun")


def pytest_collection_finish() -> None:
    """Collect garbage less often, and not in what stays: it takes a sixth of the time of tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


@pytest.fixture(scope="session", autouse=True)
def _no_server_process_is_left() -> Iterator[None]:
    yield
    stop_forking()


@pytest.fixture(scope="session")
def make_once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> MakeOnce:
    """Return a function that makes a folder once for all processes of this test run.

    The first process that asks for the name fills the folder, the others wait for it.
    """
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder, complete = shared / f"once-{name}", shared / f"once-{name}.complete"
        with FileLock(shared / f"once-{name}.lock"):
            if not complete.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                complete.touch()
        return folder

    return make


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--release", type=Path, help="folder of a release of this content, else one is built"
    )


@pytest.fixture(scope="session")
def built_release(make_once: MakeOnce, pytestconfig: pytest.Config) -> Path:
    """The release of the project's own content, built once; not to be changed."""
    built = pytestconfig.getoption("--release")
    if built is not None:
        return Path(built).resolve()
    return make_once("built", lambda folder: build(locate(), folder / "release")) / "release"


@pytest.fixture(scope="session")
def built_server(built_release: Path) -> Iterator[LiveServer]:
    """A server with default settings on the release of the project's own content.

    Only its deadline is longer, so that no query is stopped because the machine is busy.
    """
    with running_from_start(
        built_release, store_memory_bytes=IN_MEMORY, deadline_seconds=120
    ) as live:
        yield live


@pytest.fixture(scope="session")
def built(built_server: LiveServer) -> httpx.Client:
    """A client of the server on the project's own content."""
    return built_server.client


@pytest.fixture(scope="session")
def release_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny release; not to be changed."""
    return write_release(tmp_path_factory.mktemp("tiny") / "release")


@pytest.fixture(scope="session")
def server(release_folder: Path) -> Iterator[LiveServer]:
    """One server with default settings on the tiny release."""
    with running_from_start(release_folder) as live:
        yield live


@pytest.fixture
def client(server: LiveServer) -> httpx.Client:
    """A client of the session's server."""
    return server.client
