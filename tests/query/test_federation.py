"""SERVICE: to the endpoints that the operator listed, and never to anybody else."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from http_listener import JSON_TYPE, ONE_ROW, Listener, http, listening
from jiqun.errors import ServiceRefused
from jiqun.outbound.forwarder import Forwarder, Rules
from jiqun.query.clauses import UNKNOWN
from jiqun.query.gate import parse_query, with_services_at
from jiqun.settings import Settings
from live_server import IN_MEMORY, LiveServer, running
from tiny_release import write_release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALLOWED = "https://allowed.example/sparql"
HERE = "http://127.0.0.1:9/here"


class TestCalls:
    """What the gate makes of SERVICE when one endpoint is allowed."""

    @pytest.mark.parametrize(
        "query",
        [
            f"SELECT * {{ SERVICE <{ALLOWED}> {{ ?s ?p ?o }} }}",
            f"SELECT * {{ service#c\nsilent\t<{ALLOWED}>{{}} }} ORDER BY ?s LIMIT 3 OFFSET 1",
            "PREFIX e: <https://allowed.example/> SELECT * { SERVICE e:sparql {} }",
            f"PREFIX : <{ALLOWED}> ASK {{ SERVICE : {{}} }}",
            f"PREFIX e: <{ALLOWED[:-2]}> ASK {{ SERVICE SILENT e:\\u0071l {{}} }}",
            f"BASE <http://other.example/> ASK {{ {{ SERVICE <{ALLOWED}> {{}} }} }}",
        ],
    )
    def test_an_allowed_call_goes_to_the_address_instead(self, query: str) -> None:
        parsed = parse_query(query, allowed_services=frozenset({ALLOWED}))
        assert parsed.services == (ALLOWED,)
        moved = with_services_at(parsed, {ALLOWED: HERE})
        again = parse_query(moved.evaluated(), allowed_services=frozenset({HERE}))
        assert again.services == (HERE,)
        assert again.row_limit == moved.row_limit
        assert again.evaluated(2) == moved.evaluated(2)

    @pytest.mark.parametrize(
        "endpoint",
        [
            "?e",
            "$e",
            "<sparql>",
            "<//allowed.example/sparql>",
            "<HTTPS://allowed.example/sparql>",
            "<https://allowed.example/sparql/>",
            "<https://allowed.example/sparql?>",
            "<https://allowed.example/./sparql>",
            "<https://allowed.example/%73parql>",
            "<https://allowed.example/\\u0073parql>",
            "<https://allowed.example@evil.example/sparql>",
            "<https://allowed.example/sparql#>",
            "<file:///etc/passwd>",
            "<ftp://allowed.example/sparql>",
            "unknown:sparql",
            "relative:sparql",
            "escaped:",
            "redefined:sparql",
        ],
    )
    def test_everything_else_is_refused(self, endpoint: str) -> None:
        prologue = (
            "BASE <https://allowed.example/> PREFIX relative: </> PREFIX escaped: <\\u0068ttp://x/>"
            "PREFIX redefined: <https://allowed.example/> PREFIX redefined: <http://evil.example/> "
        )
        for silent in ("", "SILENT "):
            query = f"{prologue} SELECT * {{ SERVICE {silent}{endpoint} {{ ?s ?p ?o }} }}"
            with pytest.raises(ServiceRefused, match="allow-listed"):
                parse_query(query, allowed_services=frozenset({ALLOWED, UNKNOWN[1:]}))

    def test_one_call_that_is_not_allowed_is_enough(self) -> None:
        query = f"ASK {{ SERVICE <{ALLOWED}> {{ SERVICE <http://evil.example/> {{ ?s ?p ?o }} }} }}"
        with pytest.raises(ServiceRefused, match=r"evil\.example"):
            parse_query(query, allowed_services=frozenset({ALLOWED}))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Another endpoint, which knows more about Beijing."""
    folder = tmp_path_factory.mktemp("other") / "release"
    write_release(folder, 'id:beijing kg:population 21858000 . id:tianjin kg:population "?" .')
    with running(folder, workers=1) as live:
        yield live


@pytest.fixture(scope="module")
def federated(release_folder: Path, other: LiveServer) -> Iterator[tuple[LiveServer, Servers]]:
    """A server that may call the other endpoint and some that misbehave."""
    with (
        listening() as silent,
        listening(http("500 Oops", b"secret words")) as failing,
        listening(http("200 OK", ONE_ROW[:-5], JSON_TYPE)[: -len(ONE_ROW) // 2]) as breaking,
        listening(b"SSH-2.0-OpenSSH_9.6\r\n") as foreign,
        listening(http("200 OK", b" " * 70_000 + ONE_ROW, JSON_TYPE)) as long_winded,
        listening(http("200 OK", ONE_ROW, JSON_TYPE)) as named,
        listening(http("200 OK", ONE_ROW, JSON_TYPE)) as canary,
        listening(http("307 Temporary Redirect", b"", f"Location: {other.url}/sparql")) as helpful,
        listening(http("307 Temporary Redirect", b"", f"Location: {canary.url()}")) as luring,
    ):
        servers = {
            "silent": silent.url(),
            "failing": failing.url(),
            "breaking": breaking.url(),
            "foreign": foreign.url(),
            "long_winded": long_winded.url(),
            "helpful": helpful.url(),
            "luring": luring.url(),
            "named": named.url(host="localhost"),
            "closed": "http://127.0.0.1:1/sparql",
            "unknown": "http://no-such-host.invalid/sparql",
        }
        allowed = [f"{other.url}/sparql", *servers.values()]
        settings = {
            "service_bytes": 60_000,
            "service_calls": 10,
            "workers": 2,
            "store_memory_bytes": IN_MEMORY,
        }
        with running(release_folder, service_allow=json.dumps(allowed), **settings) as live:
            yield live, Servers(servers, canary, [silent, named])
        assert canary.requests == [], "somebody was called who is not on the list"


class Servers:
    def __init__(self, urls: dict[str, str], canary: Listener, others: list[Listener]) -> None:
        self.urls = urls
        self.canary = canary
        self.silent, self.named = others


def ask(live: LiveServer, query: str, **parameters: str) -> tuple[int, str]:
    prologue = "PREFIX kg: <https://w3id.org/jiqun/ontology#>\n"
    prologue += "PREFIX id: <https://w3id.org/jiqun/id/>\n"
    answer = live.client.post(
        "/sparql", data={"query": prologue + query, "format": "csv", **parameters}
    )
    return answer.status_code, answer.text if answer.is_success else answer.json()["detail"]


Federated = tuple[LiveServer, Servers]


class TestJoin:
    def test_a_listed_endpoint_is_joined(self, federated: Federated, other: LiveServer) -> None:
        query = (
            f"SELECT ?area ?people {{ id:life-health kg:coreArea ?area "
            f"SERVICE <{other.url}/sparql> {{ ?area kg:population ?people }} }} ORDER BY ?area"
        )
        status, text = ask(federated[0], query)
        beijing, tianjin = ("https://w3id.org/jiqun/id/" + each for each in ("beijing", "tianjin"))
        assert (status, text) == (
            200,
            f"area,people\r\n{beijing},21858000\r\n{tianjin},?\r\n",
        )

    def test_a_prefixed_name_and_limits_work(self, federated: Federated, other: LiveServer) -> None:
        query = (
            f"PREFIX other: <{other.url}/> SELECT ?people {{ SERVICE SILENT other:sparql "
            "{ ?area kg:population ?people } } ORDER BY ?people"
        )
        status, text = ask(federated[0], f"{query} LIMIT 1", format="tsv")
        assert (status, text) == (200, "?people\n21858000\n")

    def test_such_answers_are_never_kept(self, federated: Federated, other: LiveServer) -> None:
        query = f"ASK {{ SERVICE <{other.url}/sparql> {{ ?s ?p ?o }} }}"
        answer = federated[0].client.get("/sparql", params={"query": query})
        assert answer.json()["boolean"] is True
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers

    def test_a_redirect_within_the_list_is_followed(self, federated: Federated) -> None:
        live, servers = federated
        query = f"SELECT ?n {{ SERVICE <{servers.urls['helpful']}> {{ ?s kg:population ?n }} }}"
        status, text = ask(live, f"{query} ORDER BY ?n")
        assert (status, text.split()) == (200, ["n", "21858000", "?"])


class TestTrouble:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("failing", "it returned status 500"),
            ("breaking", "its response ended early"),
            ("foreign", "its response is not HTTP/1.1"),
            ("long_winded", "its responses exceed the size limit of one query"),
            ("closed", "it cannot be reached"),
            ("unknown", "its host name cannot be resolved"),
            ("luring", "it redirects to a URL that is not allow-listed"),
            ("named", "its host name resolves to no public and no listed address"),
        ],
    )
    def test_it_is_told_what_went_wrong(self, federated: Federated, name: str, reason: str) -> None:
        live, servers = federated
        url = servers.urls[name]
        status, text = ask(live, f"SELECT ?x {{ SERVICE <{url}> {{ ?s ?p ?x }} }}")
        assert (status, text) == (400, f"A SERVICE call failed: <{url}>: {reason}.")
        assert servers.named.requests == []

    def test_silent_means_one_solution_without_anything(self, federated: Federated) -> None:
        live, servers = federated
        query = f"SELECT ?x {{ SERVICE SILENT <{servers.urls['luring']}> {{ ?s ?p ?x }} }}"
        assert ask(live, query) == (200, "x\r\n\r\n")

    def test_the_deadline_holds(self, federated: Federated) -> None:
        live, servers = federated
        query = f"SELECT ?x {{ SERVICE <{servers.urls['silent']}> {{ ?s ?p ?x }} }}"
        status, _ = ask(live, query, timeout="0.5")
        assert status in {400, 504}
        assert servers.silent.requests[-1].startswith(b"POST /sparql HTTP/1.1\r\n")

    def test_a_query_may_not_ask_too_often(self, federated: Federated, other: LiveServer) -> None:
        call = f"{{ SERVICE <{other.url}/sparql> {{ ?s kg:population ?n }} }}"
        query = f"SELECT ?n {{ {' UNION '.join([call] * 11)} }}"
        status, text = ask(federated[0], query)
        assert (status, text.partition(">: ")[2]) == (400, "the query makes more than 10 calls.")

    def test_an_endpoint_never_sees_an_address_of_ours(
        self, federated: Federated, other: LiveServer
    ) -> None:
        live, servers = federated
        inner = f"SERVICE <{other.url}/sparql> {{ ?a ?b ?c }}"
        query = f"ASK {{ SERVICE <{servers.urls['silent']}> {{ ?a ?b ?c {inner} }} }}"
        ask(live, query, timeout="0.5")
        sent = servers.silent.requests[-1]
        assert f"<{other.url}/sparql>".encode() in sent


EVASIONS = [
    "SERVICE <{url}> {{}}",
    "SERVICE SILENT <{url}> {{}}",
    "sErViCe <{url}> {{}}",
    "SERVICE#comment\n#SERVICE\n<{url}> {{}}",
    "\\u0053ERVICE <{url}> {{}}",
    "SERVICE \\u003C{url}\\u003E {{}}",
    "SERVICE <\\u0068ttp{rest}> {{}}",
    "SERVICE <HTTP{rest}> {{}}",
    "{{ {{ {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }} }}",
    "OPTIONAL {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }}",
    "FILTER(EXISTS {{ SERVICE <{url}> {{ ?s ?p ?o }} }})",
    "FILTER(1<2)SERVICE<{url}>{{}}",
    "MINUS {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
    "{{ SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }}",
    "VALUES ?e {{ <{url}> }} SERVICE ?e {{ ?s ?p ?o }}",
    "BIND(<{url}> AS ?e) SERVICE SILENT ?e {{ ?s ?p ?o }}",
    'BIND(IRI("{url}") AS ?e) SERVICE ?e {{ ?s ?p ?o }}',
    "SERVICE c:sparql {{}}",
    "SERVICE SILENT c:\\u0073parql {{}}",
    "SERVICE </sparql> {{}}",
    "SERVICE <//127.0.0.1:{port}/> {{}}",
    "SERVICEc:sparql {{}}",
    "SERVICE SILENTc:sparql {{}}",
    'BIND("x" AS ?x)SERVICE<{url}>{{}}',
    "SERVICE <{allowed}> {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
    "SERVICE <{allowed}> {{ ?s ?p ?o }} SERVICE SILENT <{url}> {{}}",
    "SERVICE <{allowed}@127.0.0.1:{port}/> {{}}",
    "SERVICE <{url}#{allowed}> {{}}",
    "SERVICE <http://localhost:{port}/sparql> {{}}",
    "SERVICE <http://2130706433:{port}/sparql> {{}}",
    "SERVICE <http://[::ffff:127.0.0.1]:{port}/sparql> {{}}",
    "GRAPH ?g {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
    "?s ?p ?o . FILTER NOT EXISTS {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
]


@pytest.mark.parametrize("pattern", EVASIONS)
def test_nobody_else_is_ever_called(federated: Federated, pattern: str) -> None:
    live, servers = federated
    url = servers.canary.url()
    names = {
        "url": url,
        "rest": url.removeprefix("http"),
        "port": servers.canary.port,
        "allowed": servers.urls["failing"],
    }
    base = f"BASE <{servers.canary.url('/')}> PREFIX c: <{servers.canary.url('/')}>\n"
    group = pattern.format(**names)
    for query in (
        f"{base}SELECT * {{ {group} }}",
        f"{base}ASK {{ {group} }}",
        f"{base}CONSTRUCT {{ <a:a> <a:a> <a:a> }} WHERE {{ {group} }}",
        f"{base}DESCRIBE ?s {{ {group} }}",
        f"{base}SELECT ?s {{ ?s ?p ?o }} HAVING(EXISTS {{ {group} }})",
    ):
        answer = live.client.post("/sparql", data={"query": query})
        assert answer.status_code in {400, 403}, answer.text
    graphs = {"default-graph-uri": url, "named-graph-uri": url}
    live.client.get("/sparql", params={"query": f"ASK FROM <{url}> {{ ?s ?p ?o }}"})
    live.client.get("/sparql", params={"query": "ASK { ?s ?p ?o }", **graphs})
    assert servers.canary.requests == []


def test_an_address_is_good_for_one_query_only() -> None:
    """Whoever finds the forwarder's port still finds nothing there."""

    async def status(address: str, path: str = "") -> bytes:
        parts = urlsplit(address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = f"POST {path or parts.path} HTTP/1.1\r\nContent-Length: 6\r\n\r\nASK {{}}"
        writer.write(head.encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer[9:12]

    async def scene(url: str) -> list[bytes]:
        forwarder = Forwarder(Rules(frozenset({url})))
        await forwarder.start()
        loop = asyncio.get_running_loop()
        permit = forwarder.permit([url, "http://evil.example/"], loop.time() + 60)
        assert set(permit.addresses) == {url}
        address = permit.addresses[url]
        found = [await status(address), await status(address, "/"), await status(address, "/x")]
        forwarder.revoke(permit)
        found.append(await status(address))
        await forwarder.stop()
        return found

    with listening(http("200 OK", ONE_ROW, JSON_TYPE)) as listener:
        assert asyncio.run(scene(listener.url())) == [b"200", b"404", b"404", b"404"]
        assert [each.endswith(b"\r\n\r\nASK {}") for each in listener.requests] == [True]


_CONFINED = """
import errno, socket, sys
from jiqun.query.sandbox import confine
done = confine(0, int(sys.argv[1]))
def attempt(family, kind, address):
    try:
        with socket.socket(family, kind) as opened:
            if address:
                opened.settimeout(5)
                opened.connect(address)
        return "ok"
    except OSError as error:
        return errno.errorcode[error.errno]
print(*done)
print(attempt(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int(sys.argv[1]))))
print(attempt(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int(sys.argv[2]))))
print(attempt(socket.AF_INET, socket.SOCK_DGRAM, None))
print(attempt(socket.AF_INET6, socket.SOCK_STREAM, None))
print(attempt(socket.AF_UNIX, socket.SOCK_STREAM, None))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs seccomp and Landlock")
def test_a_worker_reaches_one_port_and_no_other() -> None:
    with listening(b"x") as one, listening(b"x") as two:
        ran = subprocess.run(
            [sys.executable, "-c", _CONFINED, str(one.port), str(two.port)],
            capture_output=True,
            text=True,
            check=True,
        )
    done, *outcomes = ran.stdout.splitlines()
    assert "network" in done
    connected = ["ok", "EACCES"] if "port" in done else ["ok", "ok"]
    assert outcomes == [*connected, "EPERM", "EPERM", "EPERM"]
    assert len(two.requests) == (0 if "port" in done else 1)


@pytest.mark.parametrize(
    "url", ["sparql", "ftp://a.example/", "https://u:p@a.example/", "https://a.example/#x", "*"]
)
def test_what_cannot_be_called_cannot_be_listed(url: str) -> None:
    with pytest.raises(ValidationError, match="service_allow"):
        Settings(service_allow=(url,))
