"""The dangers that were measured on the query engine, each sent to a running server.

Whatever happens, the server says clearly what is wrong, stays the same process, and answers the
next query; nothing ends by a crash.
"""

from __future__ import annotations

import re
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from engine_thread import ENDLESS
from live_server import IN_MEMORY, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_server import LiveServer

MEBIBYTE = 1024 * 1024
CSV = {"Accept": "text/csv, text/turtle"}

# What overflowed the parser's stack, and what would take it long.
SHAPES = {
    "parentheses": ("SELECT (" + "(" * 5_000 + "1" + ")" * 5_000 + " AS ?x) {}", "nesting"),
    "groups": ("SELECT * " + "{" * 2_500 + "}" * 2_500, "nesting"),
    "unions": ("SELECT * { {} " + "UNION {} " * 9_900 + "}", "tokens"),
    "fewer unions": ("SELECT * { {} " + "UNION {} " * 200 + "}", "unions"),
    "exists": ("SELECT * {" + "FILTER EXISTS {" * 500 + "}" * 500 + "}", "nesting"),
    "subqueries": ("SELECT * {" + "{SELECT * {" * 200 + "}}" * 200 + "}", "nesting"),
    "blank nodes": ("SELECT * {?s ?p " + "[?p " * 500 + "1" + "]" * 500 + "}", "nesting"),
    "lists": ("SELECT * {" + "(" * 500 + "1" + ")" * 500 + " ?p ?o}", "nesting"),
    "functions": ("SELECT (" + "IF(1," * 500 + "1" + ",1)" * 500 + " AS ?x) {}", "nesting"),
    "triple terms": ("ASK {?s ?p " + "<<(?s ?p " * 100 + "1" + ")>>" * 100 + "}", "nesting"),
    "paths": ("SELECT * {?s <a:a>" + "/<a:a>" * 1_000 + " ?o}", "path_length"),
    "patterns": ("SELECT * {" + "?s ?p ?o . " * 1_000 + "}", "triple_patterns"),
    "values": ("SELECT * {VALUES ?x {" + " 1" * 9_000 + "}}", "values"),
    "named expressions": ("SELECT * {" + "BIND(1 AS ?x)" * 1_000 + "}", "expressions"),
    "text": ("ASK {}" + " " * 100_000, "query_length"),
}
# What has as many signs as the gate lets through; only the time or the memory is to blame then.
LARGEST = {
    "sum": "SELECT (1" + "+1" * 4_000 + " AS ?x) {}",
    "disjunction": "SELECT (true" + "||true" * 4_000 + " AS ?x) {}",
    "negation": "SELECT (" + "!" * 9_000 + "1 AS ?x) {}",
    "filters": "SELECT * {" + "FILTER(true) " * 2_000 + "}",
    "optionals": "SELECT * {" + "OPTIONAL {?s ?p ?o} " * 199 + "}",
    "alternatives": "SELECT * {?s " + "|".join(["<a:a>"] * 32) + " ?o}",
    "nested paths": "SELECT * {?s " + "(" * 60 + "<a:a>" + ")*" * 60 + " ?o}",
    "list": "SELECT * {(" + "1 " * 99 + ") ?p ?o}",
    "description": "DESCRIBE " + "<a:a> " * 5_000,
    "prefixes": "".join(f"PREFIX p{i}: <a:{i}> " for i in range(2_000)) + "ASK {}",
    "comments": "ASK {}" + "#\n" * 40_000,
    "values": "SELECT * {VALUES ?x {" + "1 " * 4_900 + "}}",
}


@pytest.fixture(scope="module")
def target(release_folder: Path) -> Iterator[LiveServer]:
    """A server with little memory and time, that calls no SERVICE."""
    with running(
        release_folder,
        workers=2,
        memory_bytes=96 * MEBIBYTE,
        deadline_seconds=5,
        store_memory_bytes=IN_MEMORY,
        log_requests=False,
    ) as live:
        yield live


def ask(server: LiveServer, query: str, **more: str) -> httpx.Response:
    return server.client.post("/sparql", data={"query": query, **more}, headers=CSV)


@contextmanager
def unharmed(server: LiveServer) -> Iterator[None]:
    """Afterwards the server answers, and no worker has crashed meanwhile."""
    before = crashes(server)
    yield
    answer = ask(server, "SELECT (2 + 2 AS ?four) {}")
    assert (answer.status_code, answer.text) == (200, "four\r\n4\r\n")
    assert crashes(server) == before
    assert server.process.poll() is None


def crashes(server: LiveServer) -> str:
    metrics = server.client.get("/metrics").text
    found = re.search(r'jiqun_worker_kills_total\{reason="crash"\} (\S+)', metrics)
    return found[1] if found else "0"


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_refused(name: str, target: LiveServer) -> None:
    query, limit = SHAPES[name]
    with unharmed(target):
        answer = ask(target, query)
        assert answer.status_code == 400
        assert f"“{limit}”" in answer.text


@pytest.mark.parametrize("name", LARGEST)
def test_the_largest_shapes_are_survived(name: str, target: LiveServer) -> None:
    with unharmed(target):
        assert ask(target, LARGEST[name], timeout="1").status_code in {200, 503, 504}


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_queries_end(name: str, target: LiveServer) -> None:
    product = " . ".join(f"?a{i} ?b{i} ?c{i}" for i in range(12))
    query = ENDLESS[name].replace("?a ?b ?c .", f"?a ?b ?c . {product} .")
    with unharmed(target), suppress(httpx.RemoteProtocolError):  # a stream that broke off
        assert ask(target, query, timeout="0.5").status_code in {503, 504}


def test_memory_is_limited(target: LiveServer) -> None:
    doubling = " ".join(f"BIND(CONCAT(?x{i}, ?x{i}) AS ?x{i + 1})" for i in range(40))
    with unharmed(target):
        answer = ask(
            target, f"SELECT (STRLEN(?x40) AS ?n) {{ BIND('{'a' * 64}' AS ?x0) {doubling} }}"
        )
        assert answer.status_code == 503
        assert "96 MiB" in answer.text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}", 403),
        ("SELECT * {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }}", 403),
        ("SELECT * {{ FILTER(1<2)SERVICE#>\n <{url}> {{}} }}", 403),
        ("SELECT * {{ \\u0053ERVICE <{url}> {{}} }}", 403),
        ("PREFIX SERVICEx: <a:a> PREFIX x: <{url}> SELECT * {{ SERVICEx:y {{}} }}", 403),
        ("SELECT * {{ VALUES ?x {{ <{url}> }} SERVICE ?x {{}} }}", 403),
        ("SELECT * {{ trueSERVICE<{url}> {{}} }}", 403),
        ("LOAD <{url}>", 400),
        ("LOAD <{url}> INTO GRAPH <a:a>", 400),
        ("SELECT * FROM <{url}> {{ ?s ?p ?o }}", 200),
        ("SELECT * FROM NAMED <{url}> {{ GRAPH ?g {{ ?s ?p ?o }} }}", 200),
    ],
)
def test_nobody_is_called(query: str, status: int, target: LiveServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary, unharmed(target):
        canary.settimeout(0.1)
        url = f"http://127.0.0.1:{canary.getsockname()[1]}/"
        assert ask(target, query.format(url=url)).status_code == status
        with pytest.raises(TimeoutError):
            canary.accept()


def test_workers_do_not_repeat_each_other(target: LiveServer) -> None:
    query = "SELECT (RAND() AS ?number) (STRUUID() AS ?name) (BNODE() AS ?node) {}"
    found = [ask(target, query).text for _ in range(30)]
    for column in zip(*(each.splitlines()[1].split(",") for each in found), strict=True):
        assert len(set(column)) == 30
