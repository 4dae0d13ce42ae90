"""A real server process on a free port of the loopback interface, for tests over HTTP."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx

from forked_server import ForkedServer, forking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_START = """
import sys
from pathlib import Path
from jiqun.web.server import serve
from jiqun.settings import Settings
serve(Path(sys.argv[1]) if sys.argv[1:] else None, Settings())
"""
Process = subprocess.Popen[str] | ForkedServer
_ANNOUNCEMENT = re.compile(r"at http://([0-9.]+):(\d+)")


@dataclass
class Log:
    """What the server writes to standard error, read by a thread as it comes."""

    lines: list[str] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    ended: bool = False

    def read(self, process: Process) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait_for(self, pattern: re.Pattern[str], patience: float = 120) -> re.Match[str]:
        """Give the first match in any line, there already or still to come."""

        def matches() -> list[re.Match[str]]:
            return [found for line in self.lines if (found := pattern.search(line))]

        with self.changed:
            self.changed.wait_for(lambda: self.ended or matches(), patience)
            found = matches()
        assert found, f"{pattern.pattern} is not in the log:\n{''.join(self.lines)}"
        return found[0]


IN_MEMORY: Final = 1024 * 1024 * 1024
"""The setting `store_memory_bytes` of a server that copies its release into memory."""


@dataclass(frozen=True)
class LiveServer:
    """A running server: where it listens, its process, and a client with kept connections."""

    host: str
    port: int
    process: Process
    client: httpx.Client
    log: Log

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def exchange(self, request: bytes, *, shut: bool = False, patience: float = 15.0) -> bytes:
        """Send raw bytes on a connection of their own and read until the server closes it.

        With `shut`, the sending side is closed after them. A reset ends the answer like a close.
        """
        received = b""
        with socket.create_connection((self.host, self.port), timeout=patience) as connection:
            try:
                connection.sendall(request)
                if shut:
                    connection.shutdown(socket.SHUT_WR)
                while block := connection.recv(65536):
                    received += block
            except ConnectionError:
                pass
        return received


def running(release: Path | None, **settings: object) -> AbstractContextManager[LiveServer]:
    """Run a server on `release` with the given settings until the block ends.

    It reads from disk and has no spare workers, unless `store_memory_bytes` and `spare_workers` are
    among them. It is forked from a process that has imported the program.
    """
    return _serving(forking().start(release, _environment({"spare_workers": 0, **settings})))


def running_from_start(
    release: Path | None, **settings: object
) -> AbstractContextManager[LiveServer]:
    """Run a server on disk with the given settings, in a process with a start of its own."""
    words = [sys.executable, "-W", "error", "-c", _START, *([str(release)] if release else [])]
    return _serving(
        subprocess.Popen(words, env=_environment(settings), stderr=subprocess.PIPE, text=True)
    )


def _environment(settings: Mapping[str, object]) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if "JIQUN" not in name}
    environment |= {f"JIQUN_{name.upper()}": str(value) for name, value in settings.items()}
    environment.setdefault("JIQUN_PORT", "0")
    environment.setdefault("JIQUN_STORE_MEMORY_BYTES", "0")
    return environment


@contextmanager
def _serving(process: Process) -> Iterator[LiveServer]:
    log = Log()
    reader = threading.Thread(target=log.read, args=(process,))
    reader.start()
    try:
        found = log.wait_for(_ANNOUNCEMENT)
        host, port = found[1], int(found[2])
        with httpx.Client(base_url=f"http://{host}:{port}", timeout=150) as client:
            yield LiveServer(host, port, process, client, log)
    finally:
        process.terminate()
        process.wait(timeout=30)
        reader.join(timeout=30)
        if process.stderr is not None:
            process.stderr.close()
    written = "".join(log.lines)
    assert "Traceback" not in written, written


def metric(server: LiveServer, name: str) -> float:
    """Return the sum of the samples of a metric."""
    lines = server.client.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def wait_until(condition: Callable[[], bool], patience: float = 60) -> None:
    """Wait until something is so; fail when it is not in time."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)
