"""Another release, or the end, while requests are under way: none of them is dropped."""

from __future__ import annotations

import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from live_server import IN_MEMORY, running
from tiny_release import write_release

if TYPE_CHECKING:
    from pathlib import Path

    from live_server import LiveServer

COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
# Long enough to be under way when the signal comes, and nothing that a cache could answer.
LONG = "SELECT ?a ?f { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(RAND() < 2) }"


def replaced(folder: Path, other: Path) -> None:
    """Put another release in the place of a folder."""
    folder.rename(folder.with_name(f"before-{other.name}"))
    other.rename(folder)


def linked(folder: Path, other: Path) -> None:
    """Point the link at another release, in one step."""
    link = folder.with_name("next")
    link.symlink_to(other)
    link.replace(folder)


def ask_until(live: LiveServer, enough: threading.Event, number: int) -> list[tuple[int, str]]:
    """Ask one thing after the other, none twice; give statuses and counts in order."""
    found: list[tuple[int, str]] = []
    with httpx.Client(base_url=live.url, timeout=30) as client:
        while not enough.is_set():
            query = f"{COUNT} # {number} {len(found)}"
            answer = client.get("/sparql", params={"query": query, "format": "csv"})
            found.append((answer.status_code, answer.text.splitlines()[-1]))
    return found


@pytest.mark.parametrize("way", ["replaced", "linked"])
def test_no_request_is_dropped_by_a_switch(way: str, tmp_path: Path) -> None:
    folder = tmp_path / "current"
    write_release(tmp_path / "release-0" if way == "linked" else folder)
    if way == "linked":
        folder.symlink_to(tmp_path / "release-0")
    others = [
        write_release(
            tmp_path / f"release-{number}",
            " ".join(f"id:new-{each} a kg:Region ." for each in range(number)),
            f"0.1.{number}",
        )
        for number in range(1, 4)
    ]
    enough = threading.Event()
    with (
        running(folder, workers=1, store_memory_bytes=IN_MEMORY) as live,
        ThreadPoolExecutor(4) as pool,
    ):
        if way == "replaced":  # for a moment there is no folder: nobody may need it just then
            assert live.client.get("/health/ready").is_success
        asking = [pool.submit(ask_until, live, enough, each) for each in range(4)]
        try:
            for number, other in enumerate(others, 1):
                (linked if way == "linked" else replaced)(folder, other)
                live.process.send_signal(signal.SIGHUP)
                live.log.wait_for(re.compile(rf"Serving Jiqun 0\.1\.{number} \("))
        finally:
            enough.set()
        for each in asking:
            found = each.result()
            assert {status for status, _ in found} == {200}
            counts = [int(count) for _, count in found]
            assert counts == sorted(counts), "an old release came back"
        last = live.client.get("/sparql", params={"query": COUNT, "format": "csv"})
        assert last.text == "n\r\n33\r\n"


def test_what_is_under_way_ends_before_the_server_does(release_folder: Path) -> None:
    with running(release_folder, workers=1) as live:
        parameters = {"query": LONG, "format": "csv"}
        with live.client.stream("GET", "/sparql", params=parameters) as answer:
            blocks = answer.iter_bytes()
            first = next(blocks)
            live.process.send_signal(signal.SIGTERM)
            rows = (first + b"".join(blocks)).count(b"\r\n")
        assert answer.status_code == 200
        assert rows == 30**3 + 1
        live.process.wait(30)
