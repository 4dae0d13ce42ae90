"""Hostile requests, sent as raw bytes to a live server.

Each must be answered with a clear refusal or harmlessly (no status 500), give nothing of the
server away, and leave a server behind that answers correctly.
"""

from __future__ import annotations

import re
import socket
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from live_server import running
from web.hostile_requests import ATTACKS, CLOSE, QUERY, Attack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_server import LiveServer

SECRETS = re.compile(
    rb"Traceback|File \"|\.py\b|/root/|/home/|site-packages|root:x:|\bX-Evil: ?1\r\n|<script>"
)


@pytest.fixture(scope="module")
def target(release_folder: Path) -> Iterator[LiveServer]:
    """A server of its own, so that what is done to it touches no other test.

    It is well after all that was sent to it.
    """
    with running(release_folder, workers=1, header_seconds=2, body_seconds=2) as live:
        yield live
        assert_well(live)
        metrics = live.client.get("/metrics").text
        assert 'status="500"' not in metrics
        kills = re.findall(r'^jiqun_worker_kills_total\{reason="(\w+)"\}', metrics, re.MULTILINE)
        assert not {"crash", "memory"} & set(kills)


def statuses(answer: bytes) -> list[int]:
    return [int(each) for each in re.findall(rb"^HTTP/1\.1 (\d{3})", answer, re.MULTILINE)] or [0]


def assert_well(server: LiveServer) -> None:
    """The server answers correctly: a query that was never asked before, and a known one."""
    response = server.client.get(
        "/sparql", params={"query": "SELECT (1 + 1 AS ?two) {}", "format": "csv"}
    )
    assert (response.status_code, response.text) == (200, "two\r\n2\r\n")
    assert server.client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_attacks(attack: Attack, target: LiveServer) -> None:
    answer = target.exchange(attack.request, shut=attack.shut)
    assert statuses(answer)[0] in attack.statuses, answer[:500]
    assert not SECRETS.search(answer), SECRETS.search(answer)
    if statuses(answer)[0] >= 400:
        assert b"access-control-allow-origin: *" in answer
    assert target.process.poll() is None


def test_there_are_enough_attacks() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 80


def test_pipelined_requests_are_answered_in_order(target: LiveServer) -> None:
    queries = [f"SELECT ({n} AS ?n) {{}}" for n in range(50)]
    requests = [
        b"GET /sparql?format=csv&query=" + quote(query).encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n"
        for query in queries
    ]
    requests.append(b"GET /health/live HTTP/1.1\r\n" + CLOSE + b"\r\n")
    answer = target.exchange(b"".join(requests))
    assert statuses(answer) == [200] * 51
    assert [int(n) for n in re.findall(rb"\r\n\r\nn\r\n(\d+)\r\n", answer)] == list(range(50))


def test_a_client_that_sends_headers_slowly_is_cut_off(target: LiveServer) -> None:
    answer = target.exchange(b"GET /sparql HTTP/1.1\r\nHost: a.example\r\nX: ")
    assert statuses(answer) == [408]


def test_a_client_that_says_nothing_is_cut_off(target: LiveServer) -> None:
    assert target.exchange(b"") == b""


def test_a_client_that_sends_its_body_slowly_is_cut_off(target: LiveServer) -> None:
    answer = target.exchange(
        b"POST /sparql HTTP/1.1\r\n" + CLOSE + QUERY + b"Content-Length: 100\r\n\r\nASK"
    )
    assert statuses(answer) == [408]


def test_many_clients_that_say_nothing_do_not_keep_others_out(target: LiveServer) -> None:
    idle = [socket.create_connection((target.host, target.port)) for _ in range(300)]
    try:
        for connection in idle[::2]:
            connection.sendall(b"GET /sparql HTTP/1.1\r\nHost:")
        assert_well(target)
    finally:
        for connection in idle:
            connection.close()


def test_too_many_connections_are_refused_and_the_others_served(release_folder: Path) -> None:
    with running(release_folder, workers=1, connections=10) as live:
        assert live.client.get("/health/live").status_code == 200
        idle = [socket.create_connection((live.host, live.port)) for _ in range(30)]
        try:
            answer = live.exchange(b"GET /health/live HTTP/1.1\r\n" + CLOSE + b"\r\n")
            assert statuses(answer) == [503]
            assert b"retry-after: 1" in answer
        finally:
            for connection in idle:
                connection.close()
        assert_well(live)


def test_clients_that_leave_early_leave_nothing_behind(target: LiveServer) -> None:
    heavy = quote(
        "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }"
    )

    def leave(number: int) -> None:
        query = heavy + quote(f" # {number}")
        with socket.create_connection((target.host, target.port)) as connection:
            connection.sendall(f"GET /sparql?query={query} HTTP/1.1\r\nHost: a\r\n\r\n".encode())

    threads = [threading.Thread(target=leave, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_well(target)


def test_a_client_that_leaves_amid_its_body_is_forgotten(target: LiveServer) -> None:
    for size in (0, 1, 3):
        request = b"POST /sparql HTTP/1.1\r\nHost: a\r\n" + QUERY + b"Content-Length: 6\r\n\r\n"
        with socket.create_connection((target.host, target.port)) as connection:
            connection.sendall(request + b"ASK {}"[:size])
    assert_well(target)
