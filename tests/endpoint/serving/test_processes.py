"""Several server processes behind one socket: answers, counts, signals, deaths."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from endpoint.live_server import running
from endpoint.tiny_release import write_release
from jiqun.endpoint.serving.processes import share_of
from jiqun.endpoint.serving.siblings import total
from jiqun.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from endpoint.live_server import LiveServer

PATIENCE = 20.0


def children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in path.read_text("ascii").split()]


def until(reached: Callable[[], bool]) -> None:
    """Wait for what has to come, looking now and then."""
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)


def four(server: LiveServer) -> bool:
    """Ask on a connection of its own, which any process may take."""
    try:
        answer = httpx.get(
            f"{server.url}/sparql", params={"query": "SELECT (2+2 AS ?n) {}", "format": "csv"}
        )
    except httpx.TransportError:
        return False
    return answer.text == "n\r\n4\r\n"


def asked(server: LiveServer) -> float:
    text = httpx.get(f"{server.url}/metrics").text
    found = re.search(r'\njiqun_requests_total\{route="/sparql",status="200"\} (\S+)', text)
    return float(found[1]) if found else 0.0


def both_serve(server: LiveServer) -> bool:
    """Tell whether both have started their workers, a spare one each included."""
    counts = httpx.get(f"{server.url}/metrics").text
    return 'jiqun_workers{lane="light"} 4\n' in counts and four(server)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_release(tmp_path / "release")


@pytest.fixture
def server(release: Path) -> Iterator[LiveServer]:
    with running(release, processes=2, workers=1) as live:
        until(lambda: both_serve(live))
        yield live


def test_counts_are_of_all_processes(server: LiveServer) -> None:
    before = asked(server)
    assert all(four(server) for _ in range(20))
    until(lambda: asked(server) >= before + 20)


def test_a_process_that_ends_is_replaced(server: LiveServer) -> None:
    victim, other = children(server.process.pid)
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(set(children(server.process.pid)) - {victim, other}) == 1)
    assert all(four(server) for _ in range(10))


def test_all_of_them_switch(server: LiveServer, release: Path) -> None:
    shutil.rmtree(release)
    write_release(release, version="second")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: sum(" second (" in line for line in server.log.lines) == 2)
    assert four(server)


def test_a_release_that_nobody_can_serve_ends_them(release: Path) -> None:
    (release / "store" / "CURRENT").write_text("nowhere", "ascii")
    with running(release, processes=2, workers=1) as live:
        assert live.process.wait(PATIENCE) == 2
        assert sum("store of the release cannot be read" in line for line in live.log.lines) == 2


def test_they_end_together(release: Path) -> None:
    with running(release, processes=2, workers=1) as live:
        until(lambda: four(live))
        pids = children(live.process.pid)
        live.process.terminate()
        assert live.process.wait(PATIENCE) == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_they_end_when_the_first_is_killed(release: Path) -> None:
    with running(release, processes=2, workers=1) as live:
        until(lambda: four(live))
        pids = children(live.process.pid)
        live.process.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_a_workspace_has_one_process(release: Path, tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "jiqun", "serve", "--port", "0", "--release", str(release)],
        env={
            **os.environ,
            "JIQUN_PROCESSES": "2",
            "JIQUN_WORKSPACE": str(tmp_path / "workspace"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 2
    assert found.stderr.startswith("jiqun: A workspace is served by one process")


def test_what_can_be_used_up_is_divided() -> None:
    share = share_of(Settings(processes=4, workers=6, light_workers=1, cache_bytes=1000))
    assert (share.workers, share.light_workers, share.cache_bytes) == (1, 1, 250)


def test_the_sum_of_counts() -> None:
    one = '# HELP a A.\n# TYPE a counter\na{x="1 2"} 1\na 0.5\n'
    two = "# HELP a A.\n# TYPE a counter\na 2\n# HELP b B.\n# TYPE b gauge\nb 3\n"
    assert total([one, two]) == (
        '# HELP a A.\n# TYPE a counter\na{x="1 2"} 1\na 2.5\n# HELP b B.\n# TYPE b gauge\nb 3\n'
    )
