"""A real server process on a free port of the loopback interface, for tests over HTTP."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_START = """
import sys
from pathlib import Path
from jiqun.endpoint.serve import serve
from jiqun.settings import Settings
serve(Path(sys.argv[1]), Settings())
"""
_ANNOUNCEMENT = re.compile(r"at http://([0-9.]+):(\d+)")


@dataclass(frozen=True)
class LiveServer:
    """A running server: where it listens, its process, and a client with kept connections."""

    host: str
    port: int
    process: subprocess.Popen[str]
    client: httpx.Client

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def exchange(self, request: bytes, *, shut: bool = True, patience: float = 10.0) -> bytes:
        """Send raw bytes on a connection of their own and read until the server closes it."""
        with socket.create_connection((self.host, self.port), timeout=patience) as connection:
            try:
                connection.sendall(request)
                if shut:
                    connection.shutdown(socket.SHUT_WR)
                received = b""
                while block := connection.recv(65536):
                    received += block
            except ConnectionError:
                return b""
            return received


@contextmanager
def running(release: Path, **settings: object) -> Iterator[LiveServer]:
    """Run a server on `release` with the given settings until the block ends."""
    environment = {name: value for name, value in os.environ.items() if "JIQUN" not in name}
    environment |= {f"JIQUN_{name.upper()}": str(value) for name, value in settings.items()}
    environment.setdefault("JIQUN_PORT", "0")
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _START, str(release)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        host, port = _await_announcement(process)
        with httpx.Client(base_url=f"http://{host}:{port}", timeout=30) as client:
            yield LiveServer(host, port, process, client)
    finally:
        process.terminate()
        _, log = process.communicate(timeout=30)
    assert "Traceback" not in log, log


def _await_announcement(process: subprocess.Popen[str]) -> tuple[str, int]:
    lines = []
    assert process.stderr is not None
    for line in process.stderr:
        lines.append(line)
        if found := _ANNOUNCEMENT.search(line):
            return found[1], int(found[2])
    raise AssertionError("the server did not start:\n" + "".join(lines))
