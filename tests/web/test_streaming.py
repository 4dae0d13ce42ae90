"""Answers that are long, slow, cut, shared or broken off."""

from __future__ import annotations

import csv
import io
import itertools
import os
import re
import socket
import sys
import threading
import time
import zlib
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest

from jiqun.query.spreadsheet import for_spreadsheet
from live_server import LiveServer, metric, running, wait_until
from web.test_http import unpack

if TYPE_CHECKING:
    from collections.abc import Iterator


# An answer has 10 to the power of this many rows.
STREAM_POWER = int(os.environ.get("JIQUN_STREAM_POWER", "6"))
TEN = "VALUES ?{0} {{ 0 1 2 3 4 5 6 7 8 9 }}"


def rows(power: int) -> str:
    """Give a query with 10 to the power of `power` rows."""
    names = "abcdefgh"[:power]
    return f"SELECT * {{ {' '.join(TEN.format(name) for name in names)} }}"


@pytest.fixture(scope="module")
def small(release_folder: Path) -> Iterator[LiveServer]:
    """A server with low limits."""
    limits = {"max_rows": 50_000, "cache_entry_bytes": 20_000, "deadline_seconds": 3, "workers": 1}
    with running(release_folder, **limits) as live:
        yield live


def test_short_answers_say_their_length(server: LiveServer) -> None:
    response = server.client.get("/sparql", params={"query": "ASK { FILTER(2 > 1) }"})
    assert response.headers["content-length"] == str(len(response.content))
    assert response.headers["jiqun-limits"] == "rows=1000000, bytes=536870912, seconds=10"
    assert "dur=" in response.headers["server-timing"]


def test_what_is_cut_is_announced(small: LiveServer, release_folder: Path) -> None:
    query = rows(3) + " #cut"
    with running(release_folder, max_rows=100, workers=1) as limited:
        response = limited.client.get("/sparql", params={"query": query, "format": "csv"})
        assert response.headers["jiqun-truncated"] == "rows=100"
        assert len(response.text.splitlines()) == 101
        again = limited.client.get("/sparql", params={"query": query, "format": "csv"})
        assert again.headers["jiqun-truncated"] == "rows=100"
    whole = small.client.get("/sparql", params={"query": query, "format": "csv"})
    assert "jiqun-truncated" not in whole.headers
    assert len(whole.text.splitlines()) == 1001


def test_a_long_answer_that_is_cut_breaks_visibly(small: LiveServer) -> None:
    parameters = {"query": rows(5), "format": "csv"}
    with small.client.stream("GET", "/sparql", params=parameters) as response:
        assert response.status_code == 200
        assert "content-length" not in response.headers
        with pytest.raises(httpx.RemoteProtocolError):
            response.read()


def test_a_coded_answer_that_breaks_has_no_end_either(small: LiveServer) -> None:
    query = quote(rows(5))
    answer = small.exchange(
        f"GET /sparql?format=csv&query={query} HTTP/1.1\r\n"
        "Host: a\r\nAccept-Encoding: gzip\r\n\r\n".encode()
    )
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-encoding: gzip" in head
    assert not body.endswith(b"0\r\n\r\n")


def test_a_query_that_takes_too_long_is_a_real_error(small: LiveServer) -> None:
    query = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n ?o }"
    response = small.client.get("/sparql", params={"query": query, "timeout": "0.5"})
    assert response.status_code == 504
    assert response.json()["title"] == "Query timed out"
    small.log.wait_for(re.compile(r'"outcome": "QueryTimeout".*"text": "SELECT'))


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_coded_streams_can_be_read_as_they_come(coding: str, small: LiveServer) -> None:
    wide = f'BIND("{"x" * 40}" AS ?x)'
    parameters = {"query": f"{rows(4)[:-1]} {wide} }} #{coding}", "format": "csv"}
    plain = small.client.get("/sparql", params=parameters, headers={"Accept-Encoding": "identity"})
    headers = {"Accept-Encoding": coding}
    with small.client.stream("GET", "/sparql", params=parameters, headers=headers) as response:
        assert response.status_code == 200, response.read()
        assert "content-length" not in response.headers
        assert response.headers["content-encoding"] == coding
        packed = list(response.iter_raw())
    if coding == "gzip":
        first = zlib.decompressobj(31).decompress(packed[0])
        assert first.startswith(b"a,b,c,d,x\r\n")
    assert unpack(coding, b"".join(packed)) == plain.content


def test_a_long_stream_is_whole(server: LiveServer) -> None:
    response = server.client.get("/sparql", params={"query": rows(5), "format": "csv"})
    assert len(response.text.splitlines()) == 100_001


def test_equal_questions_at_once_are_evaluated_once(server: LiveServer) -> None:
    query = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l FILTER(?a = ?d) }"
    before = metric(server, "jiqun_evaluations_total")
    answers: list[bytes] = []

    def ask() -> None:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            answers.append(client.get("/sparql", params={"query": query}).content)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20
    assert len(set(answers)) == 1
    assert metric(server, "jiqun_evaluations_total") == before + 1


def test_the_first_of_equal_questions_may_leave(server: LiveServer) -> None:
    query = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l FILTER(?b = ?e) }"
    leader = socket.create_connection((server.host, server.port))
    leader.sendall(f"GET /sparql?query={quote(query)} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    answers: list[httpx.Response] = []

    def ask() -> None:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            answers.append(client.get("/sparql", params={"query": query}))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    leader.close()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}, answers[0].text


def test_a_query_whose_client_leaves_is_stopped(server: LiveServer) -> None:
    crossed = " . ".join(f"?s{place} ?p{place} ?o{place}" for place in range(8))
    query = f"SELECT (COUNT(*) AS ?n) {{ {crossed} }} #left"
    with socket.create_connection((server.host, server.port)) as connection:
        connection.sendall(f"GET /sparql?query={quote(query)} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        wait_until(lambda: metric(server, "jiqun_workers_busy") > 0)
    wait_until(lambda: metric(server, "jiqun_workers_busy") == 0)
    digest = blake2b(query.encode(), digest_size=8).hexdigest()
    ended = server.log.wait_for(re.compile(rf'"outcome": "(\w+)".*"query": "{digest}"'))
    assert ended[1] == "gone", "it was stopped by its deadline, not because nobody waits"


def resident(live: LiveServer) -> int:
    """Add up the memory of the server and its workers, bytes."""
    pid = live.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = (Path(f"/proc/{each}/statm").read_text().split() for each in (str(pid), *children))
    return sum(int(found[1]) for found in fields) * os.sysconf("SC_PAGE_SIZE")


def settled(live: LiveServer) -> int:
    """Wait until the last workers have started, so that the memory no longer grows; return it."""
    found = [resident(live)]
    while len(found) < 10 or found[-1] - found[-10] > 2**20:
        assert len(found) < 300, "the memory grows without any request"
        time.sleep(0.1)
        found.append(resident(live))
    return found[-1]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_slow_reader_of_a_long_answer_costs_little_memory(release_folder: Path) -> None:
    """`make soak` asks for ten million rows; the reader rests after every piece it takes."""
    limits = {"max_rows": 10**8, "max_bytes": 10**10, "deadline_seconds": 3600, "workers": 1}
    with running(release_folder, **limits) as live:
        warm = live.client.get("/sparql", params={"query": rows(4), "format": "csv"})
        assert warm.status_code == 200
        before, most, lines = settled(live), 0, 0
        with socket.create_connection((live.host, live.port), timeout=60) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            target = f"/sparql?format=csv&query={quote(rows(STREAM_POWER))}"
            connection.sendall(
                f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
            )
            for number in itertools.count():
                if not (block := connection.recv(262_144)):
                    break
                lines += block.count(b"\n")
                if number % 64 == 0:
                    most = max(most, resident(live))
                    time.sleep(0.02)
        sys.stdout.write(f"{lines} lines, {before} bytes of memory before, {most} at most\n")
        assert lines > 10**STREAM_POWER
        assert most - before < 48 * 1024 * 1024, f"{most - before} bytes more than before"


def test_a_reader_that_stops_reading_is_cut_off(release_folder: Path) -> None:
    with running(release_folder, send_seconds=1, workers=1) as live:
        with socket.create_connection((live.host, live.port)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            query = quote(rows(6))
            connection.sendall(
                f"GET /sparql?format=csv&query={query} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
            )
            wait_until(lambda: "gone" in "".join(live.log.lines))
        assert live.client.get("/health/ready").status_code == 200


class TestSpreadsheet:
    QUERY = """SELECT * { VALUES (?a ?b) {
      ("=1+1" 1) ("+cmd" -2) ("-x" 1.5) ("@sum" 2) ("\\tx" 3) ("plain, \\"quoted\\"\\n=second" 4)
    } } ORDER BY ?b"""

    def test_formulas_are_made_harmless(self, server: LiveServer) -> None:
        parameters = {"query": self.QUERY, "format": "csv", "excel": "1"}
        response = server.client.get("/sparql", params=parameters)
        assert response.content.startswith(b"\xef\xbb\xbf")
        assert response.headers["content-disposition"] == 'attachment; filename="answer.csv"'
        found = list(csv.reader(io.StringIO(response.text.removeprefix("\ufeff"), newline="")))
        assert found == [
            ["a", "b"],
            ["'+cmd", "-2"],
            ["'=1+1", "1"],
            ["'-x", "1.5"],
            ["'@sum", "2"],
            ["'\tx", "3"],
            ['plain, "quoted"\n\'=second', "4"],
        ]

    @pytest.mark.parametrize(
        "cell",
        [
            *("=1+1", "\uff1d1+1", "\uff0bcmd", "\uff0d1-x", "\uff20sum", "\u2212x", "|x", "%0a"),
            *("\u034f=1", "\u3164=1", "\ufe0f+x", "\U000e0020=1", "\ufe66x", "\u208c1", "\ufff9@x"),
            *("\u200b=1+1", "\ufeff=1+1", "\u202e@x", " \u00a0=1+1", "\u00ad+x", "'=1+1"),
        ],
    )
    def test_no_disguise_of_a_formula_passes(self, cell: str) -> None:
        found = for_spreadsheet(f'a\r\n"{cell}"\r\n'.encode()).decode("utf-8-sig")
        assert list(csv.reader(io.StringIO(found, newline=""))) == [["a"], [f"'{cell}"]]

    @pytest.mark.parametrize(
        ("cell", "written"),
        [
            *(("a;=1", "a;'=1"), (";=1", ";'=1"), ("a; \u200b@x", "a; \u200b'@x")),
            *(("a\t=1", "a\t'=1"), ("a\n\n+x", "a\n\n'+x"), ("a;b;-x;c", "a;b;'-x;c")),
            ("\r=1", "'\r'=1"),
        ],
    )
    def test_no_cell_within_a_cell_is_a_formula(self, cell: str, written: str) -> None:
        found = for_spreadsheet(f'a\r\n"{cell}"\r\n'.encode()).decode("utf-8-sig")
        assert list(csv.reader(io.StringIO(found, newline=""))) == [["a"], [written]]

    @pytest.mark.parametrize("cell", ["a=1", "-1", "+2.5e3", "集群", "", "a-b", "a; b", "a + b"])
    def test_other_cells_stay(self, cell: str) -> None:
        found = for_spreadsheet(f"a,b\r\n{cell},1\r\n".encode()).decode("utf-8-sig")
        assert found == f"a,b\r\n{cell},1\r\n"

    def test_the_standard_csv_stays_as_it_is(self, server: LiveServer) -> None:
        response = server.client.get("/sparql", params={"query": self.QUERY, "format": "csv"})
        assert response.text.startswith("a,b\r\n+cmd,-2\r\n=1+1,1\r\n")

    def test_long_files_are_rewritten_as_they_come(self, server: LiveServer) -> None:
        query = "SELECT ?x { " + " ".join(TEN.format(n) for n in "abcde")
        query += ' BIND(CONCAT("=", STR(?a), "\\n,") AS ?x) }'
        parameters = {"query": query, "format": "csv", "excel": "1"}
        response = server.client.get("/sparql", params=parameters)
        found = list(csv.reader(io.StringIO(response.text.removeprefix("\ufeff"), newline="")))
        assert len(found) == 100_001
        assert {cell[0][:2] for cell in found[1:]} == {"'="}
