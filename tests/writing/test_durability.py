"""What was acknowledged survives `kill -9` of every process at any moment; nothing is half done.

Each cycle writes as fast as it can, kills the server, the writer or all processes at a random
moment, and compares what is found then with what was acknowledged. `JIQUN_KILL_CYCLES` says how
many cycles; `make soak` runs 200.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

CYCLES = int(os.environ.get("JIQUN_KILL_CYCLES", "8"))
TOKEN = "a-token-for-tests-only"
LONGEST_WAIT = 0.1
# One process imports everything once and makes a server by forking for every cycle.
NURSERY = """
import os, signal, sys
from jiqun.web.server import serve
from jiqun.settings import Settings
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os.setsid()
        serve(None, Settings())
        os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
    print("ended", flush=True)
"""


class Nursery:
    """Starts servers on one workspace and one port, and kills them."""

    def __init__(self, workspace: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        environment = {name: value for name, value in os.environ.items() if "JIQUN" not in name}
        environment |= {
            "JIQUN_PORT": str(self.port),
            "JIQUN_WORKSPACE": str(workspace),
            "JIQUN_UPDATE_TOKEN": TOKEN,
            "JIQUN_WORKERS": "1",
            "JIQUN_LOG_REQUESTS": "false",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.server = 0

    def start(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.server = int(self.process.stdout.readline())
        last = time.monotonic() + 60
        while not self._listens():
            assert time.monotonic() < last, "the server does not start"
            time.sleep(0.005)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self, victim: str) -> None:
        """Kill everything, the server, or the writer; what is gone is started again."""
        if victim == "writer":
            for pid in self._writers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return
        with contextlib.suppress(ProcessLookupError):
            if victim == "all":
                os.killpg(self.server, signal.SIGKILL)
            else:
                os.kill(self.server, signal.SIGKILL)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ended\n"
        self.start()

    def _writers(self) -> list[int]:
        children = Path(f"/proc/{self.server}/task/{self.server}/children").read_text()
        return [
            int(pid)
            for pid in children.split()
            if b"jiqun.writing.writer" in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=60)


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path / "workspace")
    nursery.start()
    try:
        yield nursery
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(nursery.server, signal.SIGKILL)
        nursery.process.communicate(timeout=30)


@dataclass
class Book:
    """What is known to be stored, and the change of which nobody knows yet.

    Every change adds a number, in two graphs at once, and removes the one before the last three.
    """

    stored: frozenset[int] = frozenset()
    unknown: frozenset[int] | None = None
    next: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    first: threading.Event = field(default_factory=threading.Event)

    def write(self, client: httpx.Client) -> None:
        """Write until the server is gone or `stop` is set."""
        while not self.stop.is_set():
            number, gone = self.next, {n for n in self.stored if n <= self.next - 4}
            self.next += 1
            self.unknown = self.stored - gone | {number}
            update = [f"INSERT DATA {{ {both(number)} }}"]
            update += [f"DELETE DATA {{ {both(n)} }}" for n in sorted(gone)]
            try:
                response = client.post("/update", data={"update": " ; ".join(update)})
            except httpx.TransportError:
                return
            if response.status_code == 204:
                self.stored = self.unknown
                self.first.set()
            else:
                assert response.status_code in {400, 503}, response.text
            self.unknown = None

    def compare(self, found: frozenset[int]) -> None:
        """Hold what is found to what is known; the unknown change may have been made or not."""
        assert found in {self.stored, self.unknown}
        self.stored, self.unknown = found, None


def both(number: int) -> str:
    return f"<urn:n> <urn:p> {number} . GRAPH <urn:copy> {{ <urn:n> <urn:p> {number} }}"


def read(client: httpx.Client, pattern: str) -> frozenset[int]:
    response = client.get("/sparql", params={"query": f"SELECT ?n {{ {pattern} }}"})
    assert response.status_code == 200, response.text
    return frozenset(int(row["n"]["value"]) for row in response.json()["results"]["bindings"])


def test_what_was_acknowledged_survives(nursery: Nursery) -> None:
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    book = Book()
    for cycle in range(CYCLES):
        victim = chance.choice(["all", "all", "server", "writer"])
        trial = f"cycle {cycle} of seed {seed}, killing {victim}"
        with nursery.client() as client:
            found = read(client, "<urn:n> <urn:p> ?n")
            assert read(client, "GRAPH <urn:copy> { <urn:n> <urn:p> ?n }") == found, trial
            book.compare(found)
            book.stop.clear()
            book.first.clear()
            writer = threading.Thread(target=book.write, args=(client,))
            writer.start()
            if chance.random() < 0.7:
                assert book.first.wait(60), f"nothing was written in {trial}"
            book.stop.wait(chance.uniform(0, LONGEST_WAIT))
            nursery.kill(victim)
            book.stop.set()
            writer.join(60)
