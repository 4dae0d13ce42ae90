"""The servers that are compared, each started on the same release on a free port of loopback."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_SECONDS: Final = 60.0

_RDFLIB: Final = """
import gzip, sys
import uvicorn
from rdflib import Dataset
from rdflib_endpoint import SparqlEndpoint
with gzip.open(sys.argv[1]) as file:
    dataset = Dataset().parse(file, format="nquads")
app = SparqlEndpoint(graph=dataset, path="/sparql")
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error", access_log=False)
"""


@dataclass(frozen=True, slots=True)
class Rival:
    """A server that runs: what it is called, where it answers, its first process."""

    name: str
    url: str
    pid: int

    def peak_bytes(self) -> int:
        """Add up the most memory that each of its processes ever held."""
        return sum(_peak(pid) for pid in _family(self.pid))

    def proportional_bytes(self) -> int:
        """Add up the memory of its processes now, with pages that they share counted once."""
        return sum(map(_proportional, _family(self.pid)))

    def processor_seconds(self) -> float:
        """Add up the processor time of its processes, and of those that they have reaped."""
        return sum(map(_processor_seconds, _family(self.pid)))


@contextlib.contextmanager
def endpoint(name: str, release: Path, **settings: object) -> Iterator[Rival]:
    """Run `jiqun serve` with these settings, until its copies are in memory."""
    environment = {key: value for key, value in os.environ.items() if "JIQUN" not in key}
    environment |= {f"JIQUN_{key.upper()}": str(value) for key, value in settings.items()}
    port = _free_port()
    command = [sys.executable, "-m", "jiqun", "serve", "--release", str(release)]
    with _started([*command, "--port", str(port)], port, environment) as pid:
        if settings.get("store_memory_bytes") != 0:
            _wait_for_copies(port)
        yield Rival(name, f"http://127.0.0.1:{port}/sparql", pid)


@contextlib.contextmanager
def oxigraph(release: Path) -> Iterator[Rival]:
    """Run `oxigraph serve-read-only` on the store of the release."""
    port = _free_port()
    binary = Path(sysconfig.get_path("scripts")) / "oxigraph"
    command = [str(binary), "serve-read-only", "--location", str(release / "store")]
    with _started([*command, "--bind", f"127.0.0.1:{port}"], port) as pid:
        yield Rival("oxigraph serve-read-only", f"http://127.0.0.1:{port}/query", pid)


@contextlib.contextmanager
def rdflib_endpoint(release: Path) -> Iterator[Rival]:
    """Run rdflib-endpoint on the N-Quads of the release, held in memory."""
    port = _free_port()
    command = [sys.executable, "-c", _RDFLIB, str(release / "jiqun.nq.gz"), str(port)]
    with _started(command, port) as pid:
        yield Rival("rdflib-endpoint", f"http://127.0.0.1:{port}/sparql", pid)


@contextlib.contextmanager
def _started(
    command: list[str], port: int, environment: dict[str, str] | None = None
) -> Iterator[int]:
    quiet = subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603 (the command is ours)
        command, env=environment, stdout=quiet, stderr=quiet
    ) as process:
        try:
            _wait_for(port, process)
            yield process.pid
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{process.args!r} does not start") from None
            time.sleep(0.05)
        else:
            return


def _wait_for_copies(port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        with urlopen(f"http://127.0.0.1:{port}/metrics") as response:
            if b"\njiqun_store_in_memory 1" in response.read():
                return
        time.sleep(0.1)
    raise SystemExit("the endpoint does not copy the release into memory")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _family(pid: int) -> Iterator[int]:
    """Yield a process and its descendants, on Linux."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread has ended
            for child in task.read_text().split():
                yield from _family(int(child))


def _processor_seconds(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _proportional(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _peak(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
