"""No route does long work in the event loop: its thread's own processor time, for each route."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks.route_addresses import UnknownRoute, addresses

from live_server import running_from_start

if TYPE_CHECKING:
    from benchmarks.route_addresses import Address

    from live_server import LiveServer

GENEROUS = 30.0
"""Milliseconds of processor time and, for what is sent in blocks, as many for each megabyte.

No route takes more than 6, and 11 a megabyte; documents that were made in the loop took 80 to 580.
"""
STREAMED = ("/graphs", "/dumps")
"""Answers of many blocks, between which the loop serves others."""


def spent(live: LiveServer) -> float:
    """Return the processor time of the thread of the event loop so far, in milliseconds."""
    number = live.process.pid
    return int(Path(f"/proc/{number}/task/{number}/schedstat").read_text("ascii").split()[0]) / 1e6


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="needs Linux")
def test_no_route_keeps_the_event_loop(built_server: LiveServer) -> None:
    client = built_server.client
    client.post("/mcp", json={})  # loads what agents need
    over = [
        each
        for each in addresses(client.get("/openapi.json").json())
        if not (each.target.startswith(STREAMED) and each.method == "GET")
        and all(keeps_the_loop(built_server, each, host) for host in ("a.test", "b.test", "c.test"))
    ]
    assert over == []


def keeps_the_loop(live: LiveServer, each: Address, host: str) -> bool:
    """Return whether a request takes the loop too long; a host of its own defeats the caches.

    A garbage collection can fall into any one request, but not into three in a row.
    """
    headers = {"Accept": each.accept, "Host": host}
    if each.content_type:
        headers["Content-Type"] = each.content_type
    before = spent(live)
    answer = live.client.request(each.method, each.target, content=each.body, headers=headers)
    return spent(live) - before > GENEROUS * (1 + len(answer.content) / 1e6)


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="needs Linux")
def test_the_first_page_of_an_error_takes_no_longer(release_folder: Path) -> None:
    with running_from_start(release_folder, workers=1) as live:
        before = spent(live)
        live.client.get("/none", headers={"Accept": "text/html", "Accept-Language": "zh"})
        assert spent(live) - before < GENEROUS


@pytest.mark.parametrize("paths", [{"/new/{part}": {"get": {}}}, {"/new": {"post": {}}}])
def test_a_new_route_is_not_forgotten(paths: dict[str, object]) -> None:
    with pytest.raises(UnknownRoute, match="say in"):
        list(addresses({"paths": paths}))
