"""Writing over HTTP: who may, what happens when it goes wrong, and what readers see meanwhile."""

from __future__ import annotations

import gzip
import json
import re
import signal
import threading
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from jiqun.writing.archive import load
from jiqun.writing.workspace import open_workspace, own_quads
from live_server import running
from tiny_release import write_release
from writable_server import TOKEN, writable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_server import LiveServer

TURTLE = {"Content-Type": "text/turtle"}
ANYBODY = {"Authorization": ""}


@pytest.fixture(scope="module")
def documents() -> Iterator[Documents]:
    with serving_documents() as documents:
        yield documents


@pytest.fixture(scope="module")
def live(
    tmp_path_factory: pytest.TempPathFactory, documents: Documents, server: LiveServer
) -> Iterator[LiveServer]:
    """A server of a workspace alone, with short limits.

    It may load from one origin, and from a name that leads to no public address; and it may call
    one endpoint.
    """
    folder = tmp_path_factory.mktemp("writing") / "workspace"
    limits: dict[str, Any] = {"write_bytes": 2_000_000, "update_length": 100_000}
    limits["load_allow"] = json.dumps([documents.origin, documents.named])
    limits["service_allow"] = json.dumps([f"{server.url}/sparql"])
    with writable(folder, workers=1, **limits) as live:
        yield live


@pytest.fixture
def client(live: LiveServer) -> httpx.Client:
    """A client with the token, on a dataset with one triple."""
    update(live.client, "DROP ALL; INSERT DATA { <urn:s> <urn:p> 1 }")
    return live.client


def update(client: httpx.Client, text: str, status: int = 204) -> str:
    response = client.post("/update", data={"update": text})
    assert response.status_code == status, response.text
    return response.json()["detail"] if status != 204 else ""


def rows(client: httpx.Client, pattern: str) -> set[tuple[str, ...]]:
    """Find what matches a pattern: the values of its variables, in the order of their names."""
    response = client.get("/sparql", params={"query": f"SELECT * {{ {pattern} }}"})
    assert response.status_code == 200, response.text
    found = response.json()
    names = sorted(found["head"]["vars"])
    nothing = {"value": ""}
    return {
        tuple(row.get(name, nothing)["value"] for name in names)
        for row in found["results"]["bindings"]
    }


ALL = "{ ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } }"
BEFORE = {("", "1", "urn:p", "urn:s")}


# Who may write


@pytest.mark.parametrize(
    ("headers", "status", "challenge"),
    [
        ({}, 401, 'Bearer realm="jiqun"'),
        ({"Authorization": "Bearer"}, 401, 'Bearer realm="jiqun", error="invalid_token"'),
        ({"Authorization": "Bearer x"}, 401, 'Bearer realm="jiqun", error="invalid_token"'),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401, 'Bearer realm="jiqun", error="invalid_token"'),
        ({"Authorization": f"Basic {TOKEN}"}, 401, 'Bearer realm="jiqun", error="invalid_token"'),
        ({"Authorization": TOKEN}, 401, 'Bearer realm="jiqun", error="invalid_token"'),
        ({"Authorization": f"bearer  {TOKEN}"}, 204, None),
    ],
)
def test_the_token(
    headers: dict[str, str], status: int, challenge: str | None, live: LiveServer
) -> None:
    for method, address, media_type in (
        ("POST", "/update", "application/sparql-update"),
        ("PUT", "/graphs?graph=urn:t", "text/turtle"),
    ):
        response = httpx.request(
            method,
            live.url + address,
            content=b"",
            headers=headers | {"Content-Type": media_type},
        )
        assert response.status_code in ({status} if status != 204 else {201, 204})
        assert response.headers.get("www-authenticate") == challenge
        assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("name", ["access_token", "token", "Access_Token"])
def test_a_token_in_the_url_is_refused_even_when_it_is_right(
    name: str, client: httpx.Client
) -> None:
    for address in (f"/update?{name}={TOKEN}", f"/graphs?graph=urn:a&{name}={TOKEN}"):
        response = client.post(address, content=b"", headers=TURTLE)
        assert response.status_code == 400
        assert "not accepted in URLs" in response.json()["detail"]


def test_the_body_is_not_read_without_the_token(live: LiveServer) -> None:
    head = (
        b"POST /update HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n"
    )
    assert live.exchange(head).startswith(b"HTTP/1.1 401 ")


def test_everybody_reads(live: LiveServer) -> None:
    assert httpx.get(f"{live.url}/graphs?default").status_code == 200
    preflight = httpx.options(f"{live.url}/update")
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert "Authorization" in preflight.headers["access-control-allow-headers"]


def test_without_a_token_nobody_writes(tmp_path: Path) -> None:
    with running(None, workspace=tmp_path / "workspace", workers=1) as live:
        for method, address in (("POST", "/update"), ("PUT", "/graphs?default")):
            response = live.client.request(
                method, address, headers={"Authorization": "Bearer x"}, content=b""
            )
            assert response.status_code == 403
            assert "--update-token-file" in response.json()["detail"]


def test_without_a_workspace_nobody_writes(server: LiveServer) -> None:
    assert server.client.post("/update", data={"update": "CLEAR ALL"}).status_code == 403
    assert server.client.get("/update").status_code == 405


def test_the_token_is_in_no_log(client: httpx.Client, live: LiveServer) -> None:
    update(client, "CLEAR ALL")
    client.post(f"/update?token={TOKEN}")
    client.get("/the-last-one")
    live.log.wait_for(re.compile('"path": "/the-last-one"'))
    written = "".join(live.log.lines)
    assert '"path": "/update"' in written
    assert TOKEN not in written


# What goes wrong


HOSTILE: dict[str, tuple[str, str, int]] = {
    "entities": ("application/rdf+xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", 400),
    "an external entity": (
        *("application/rdf+xml", "<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/'><x/>", 400),
    ),
    "deep XML": ("application/rdf+xml", "<a xmlns='a:a'>" * 100_000, 400),
    "deep JSON-LD": ("application/ld+json", '{"a:a":' * 100_000, 400),
    "a remote context": ("application/ld+json", '{"@context": "http://127.0.0.1:9/"}', 400),
    "deep Turtle that breaks off": ("text/turtle", "<a:a> <a:a> " + "[<a:a> (" * 10_000, 400),
    "half of it is right": ("text/turtle", "<a:a> <a:a> 1 . " * 10_000 + "<a:b>", 400),
    "a literal without end": ("text/turtle", "<a:a> <a:a> '''" + "x" * 1_000_000, 400),
    "too long": ("text/turtle", "#" * 2_100_000, 413),
    "NULs": ("application/n-triples", "\0" * 1000, 400),
    "quads": ("application/n-quads", "<a:a> <a:a> <a:a> <a:g> .", 400),
    "another type": ("application/zip", "PK", 415),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_data_stores_nothing(name: str, client: httpx.Client) -> None:
    media_type, body, status = HOSTILE[name]
    headers = {"Content-Type": media_type}
    for method, address in (("PUT", "/graphs?default"), ("POST", "/graphs")):
        response = client.request(method, address, content=body.encode(), headers=headers)
        assert response.status_code == status, response.text
        assert "Traceback" not in response.text
    assert rows(client, ALL) == BEFORE


BAD_UPDATES = {
    "deep nesting": ("INSERT DATA { <a:a> <a:a> " + "(" * 50_000, 400),
    "too long": ("INSERT DATA { <a:a> <a:a> '" + "x" * 100_000 + "' }", 400),
    "many patterns": ("DELETE WHERE { " + "?s ?p ?o . " * 500 + "}", 400),
    "a mistake at the end": ("CLEAR ALL; INSERT DATA { <a:a> <a:a> 1 } ; CLEAR GRAPH", 400),
    "a failure at the end": ("CLEAR ALL; CREATE GRAPH <a:a> ; CREATE GRAPH <a:a>", 400),
}


@pytest.mark.parametrize("name", BAD_UPDATES)
def test_bad_updates_change_nothing(name: str, client: httpx.Client) -> None:
    text, status = BAD_UPDATES[name]
    update(client, text, status)
    assert rows(client, ALL) == BEFORE


def test_an_update_that_does_not_end_is_undone(client: httpx.Client) -> None:
    numbers = " ".join(str(number) for number in range(40))
    values = " ".join(f"VALUES ?v{name} {{ {numbers} }}" for name in range(6))
    text = (
        "CLEAR ALL ; INSERT DATA { <urn:x> <urn:p> 1 } ; "
        f"INSERT {{ ?s <urn:q> ?v0 }} WHERE {{ ?s ?p ?o {values} }}"
    )
    response = client.post("/update?timeout=0.5", data={"update": text})
    assert response.status_code == 504, response.text
    assert "undone" in response.json()["detail"]
    assert rows(client, ALL) == BEFORE
    update(client, "INSERT DATA { <urn:s> <urn:p> 2 }")
    assert len(rows(client, ALL)) == 2


def test_one_after_the_other(client: httpx.Client) -> None:
    def write(number: int) -> None:
        update(client, f"INSERT DATA {{ <urn:n> <urn:p> {number} }}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows(client, "<urn:n> <urn:p> ?n")) == 12


def test_readers_never_see_half_an_update(client: httpx.Client) -> None:
    """Each update moves ten numbers from one graph to another and counts up."""
    numbers = " , ".join(str(number) for number in range(10))
    update(client, f"INSERT DATA {{ GRAPH <urn:a> {{ <urn:s> <urn:n> {numbers} }} }}")
    stop = threading.Event()
    seen: dict[tuple[str, int], int] = defaultdict(int)
    failures: list[object] = []

    def look() -> None:
        query = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s <urn:n> ?o } } GROUP BY ?g #"
        with httpx.Client(base_url=client.base_url, timeout=30) as reader:
            while not stop.is_set():
                found = reader.get("/sparql", params={"query": query}).json()["results"]["bindings"]
                counts = [(row["g"]["value"], int(row["n"]["value"])) for row in found]
                if len(counts) != 1 or counts[0][1] != 10:
                    failures.append(counts)
                seen[counts[0]] += 1

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(20):
        source, target = ("a", "b") if turn % 2 == 0 else ("b", "a")
        old, new = (f"{{ GRAPH <urn:{name}> {{ ?s ?p ?o }} }}" for name in (source, target))
        update(client, f"DELETE {old} INSERT {new} WHERE {old}")
        assert rows(client, "GRAPH ?g { <urn:s> <urn:n> 1 }") == {(f"urn:{target}",)}
    stop.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert set(seen) == {("urn:a", 10), ("urn:b", 10)}


# LOAD


class Documents:
    """What a small web server gives, and what it was asked for."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.origin = ""
        self.named = ""


@contextmanager
def serving_documents() -> Iterator[Documents]:
    documents = Documents()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            documents.asked.append(self.path)
            status, headers, body = documents.answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        documents.origin = f"http://127.0.0.1:{server.server_port}"
        documents.named = f"http://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield documents
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def shelf(documents: Documents) -> Documents:
    documents.asked.clear()
    documents.answers = {
        "/a.ttl": (200, {"Content-Type": "text/turtle"}, b"<> <urn:p> <b> ."),
        "/plain.nt": (200, {"Content-Type": "text/plain"}, b"<urn:x> <urn:p> <urn:y> ."),
        "/wrong": (200, {"Content-Type": "text/turtle"}, b"<urn:x> <urn:p> "),
        "/page": (200, {"Content-Type": "text/html"}, b"<html></html>"),
        "/there": (302, {"Location": "/a.ttl"}, b""),
        "/away": (302, {"Location": "http://127.0.0.1:9/x"}, b""),
        "/round": (302, {"Location": "/round"}, b""),
        "/file": (302, {"Location": "file:///etc/passwd"}, b""),
        "/short": (
            200,
            {"Content-Type": "text/turtle", "Content-Length": "99"},
            b"<a:a> <a:a> 1 .",
        ),
        "/coded": (
            *(200, {"Content-Type": "text/turtle", "Content-Encoding": "gzip"}),
            gzip.compress(b"<urn:x> <urn:p> 1 ."),
        ),
        "/long": (200, {"Content-Type": "text/turtle"}, b"#" * 2_500_000),
    }
    return documents


def test_load(client: httpx.Client, shelf: Documents) -> None:
    origin = shelf.origin
    update(
        client,
        f"PREFIX d: <{origin}/> CLEAR ALL ; LOAD d:a.ttl INTO GRAPH <urn:g> ; "
        f"LOAD <{origin}/plain.nt> ; "
        "INSERT { ?s <urn:q> 1 } WHERE { GRAPH <urn:g> { ?s ?p ?o } }",
    )
    assert rows(client, "?s ?p ?o") == {
        ("urn:y", "urn:p", "urn:x"),
        ("1", "urn:q", f"{origin}/a.ttl"),
    }
    assert rows(client, "GRAPH <urn:g> { ?s ?p ?o }") == {
        (f"{origin}/b", "urn:p", f"{origin}/a.ttl")
    }


def test_load_follows_redirects_within_the_list(client: httpx.Client, shelf: Documents) -> None:
    update(client, f"LOAD <{shelf.origin}/there> INTO GRAPH <urn:g>")
    assert shelf.asked == ["/there", "/a.ttl"]
    assert len(rows(client, "GRAPH <urn:g> { ?s ?p ?o }")) == 1


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        ("{0}/none", 400, "returned status 404"),
        ("{0}/wrong", 400, "not well-formed Turtle"),
        ("{0}/page", 400, "text/html"),
        ("{0}/round", 400, "redirects"),
        ("{0}/short", 400, "ended early"),
        ("{0}/coded", 400, "content coding"),
        ("{0}/long", 400, "exceeds the remaining"),
        ("{0}/away", 403, "http://127.0.0.1:9"),
        ("{0}/file", 403, "file"),
        ("file:///etc/passwd", 403, "not allowed"),
        ("http://localhost.:{1}/a.ttl", 403, "public IP address"),
        ("http://local-host:{1}/a.ttl", 403, "not allowed"),
        ("http://user@127.0.0.1:{1}/a.ttl", 403, "not allowed"),
        ("http://127.1:{1}/a.ttl", 403, "not allowed"),
        ("https://127.0.0.1:{1}/a.ttl", 403, "not allowed"),
        ("http://127.0.0.1.example:{1}/a.ttl", 403, "not allowed"),
        ("ftp://127.0.0.1:{1}/a.ttl", 403, "not allowed"),
    ],
)
def test_loads_that_fail_change_nothing(
    address: str, status: int, says: str, client: httpx.Client, shelf: Documents
) -> None:
    url = address.format(shelf.origin, shelf.origin.rpartition(":")[2])
    text = f"CLEAR ALL ; LOAD <{shelf.origin}/a.ttl> ; LOAD <{url}>"
    assert says in update(client, text, status)
    assert rows(client, ALL) == BEFORE
    silent = f"INSERT DATA {{ <urn:s> <urn:p> 2 }} ; LOAD SILENT <{url}>"
    update(client, silent)
    assert len(rows(client, ALL)) == 2


def test_names_lead_to_public_addresses_only(client: httpx.Client, shelf: Documents) -> None:
    assert "no public IP address" in update(client, f"LOAD <{shelf.named}/a.ttl>", 403)
    assert shelf.asked == []


# A release below


def test_over_a_release(tmp_path: Path, release_folder: Path) -> None:
    mine = "<urn:s> <urn:p> <urn:o>"
    beijing = "<https://w3id.org/jiqun/id/beijing> a <https://w3id.org/jiqun/ontology#Region>"
    register = "<https://w3id.org/jiqun/graph/register>"
    with writable(tmp_path / "workspace", release_folder, workers=1) as live:
        client = live.client
        before = rows(client, ALL)
        update(client, f"INSERT DATA {{ {mine} GRAPH {register} {{ {mine} }} }}")
        assert len(rows(client, ALL)) == len(before) + 2
        assert client.get("/queries/size-over?format=json").json()["boolean"] is True
        for text in (
            f"DELETE DATA {{ {beijing} }}",
            f"DELETE DATA {{ GRAPH {register} {{ {beijing} }} }}",
            f"DELETE WHERE {{ ?s ?p ?o }} ; INSERT DATA {{ {mine} }}",
            "CLEAR ALL",
            f"MOVE {register} TO <urn:elsewhere>",
        ):
            assert "statements of the release" in update(client, text, 403)
        put = client.put(
            "/graphs?graph=https://w3id.org/jiqun/graph/register", content=b"", headers=TURTLE
        )
        assert put.status_code == 403
        assert client.delete("/graphs?default").status_code == 403
        assert len(rows(client, ALL)) == len(before) + 2
        update(client, f"DELETE DATA {{ {mine} GRAPH {register} {{ {mine} }} }}")
        assert rows(client, ALL) == before


def test_a_new_release_leaves_what_users_wrote(tmp_path: Path, release_folder: Path) -> None:
    workspace, written = tmp_path / "workspace", tmp_path / "written.nq"
    integer = "<http://www.w3.org/2001/XMLSchema#integer>"
    written.write_text(
        f'<urn:s> <urn:p> "1"^^{integer} .\n<urn:s> <urn:p> "2"^^{integer} <urn:g> .\n'
    )
    load(workspace, [str(written)])
    with writable(workspace, release_folder, workers=1) as live:
        assert rows(live.client, "<urn:s> ?p ?o") == {("1", "urn:p")}
        assert rows(live.client, "GRAPH ?g { <urn:s> ?p ?o }") == {("urn:g", "2", "urn:p")}
        assert rows(live.client, "<https://w3id.org/jiqun/id/beijing> a ?class")
    assert {str(quad) for quad in own_quads(workspace)} == {
        line.removesuffix(" .") for line in written.read_text().splitlines()
    }
    with open_workspace(workspace) as opened:
        opened.rebase("", None)
        assert len(opened.store) == 2


def test_another_release_on_sighup(tmp_path: Path, release_folder: Path) -> None:
    current = tmp_path / "current"
    current.symlink_to(release_folder)
    count = {"query": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", "format": "csv"}
    with writable(tmp_path / "workspace", current, workers=1) as live:
        update(live.client, "INSERT DATA { <urn:s> <urn:p> 1 }")
        assert live.client.get("/sparql", params=count).text == "n\r\n31\r\n"
        other = write_release(tmp_path / "other", "id:new a kg:Region .", version="0.0.2")
        current.unlink()
        current.symlink_to(other)
        live.process.send_signal(signal.SIGHUP)
        live.log.wait_for(re.compile(r"Serving Jiqun 0\.0\.2 \("))
        assert live.client.get("/sparql", params=count).text == "n\r\n32\r\n"
        update(live.client, "INSERT DATA { <urn:s> <urn:p> 2 }")
        assert live.client.get("/sparql", params=count).text == "n\r\n33\r\n"
        assert live.client.get("/dumps").json()["version"] == "0.0.2"


# A workspace alone


@pytest.mark.parametrize(
    "address",
    [
        *("/", "/sparql", "/queries", "/source", "/dumps", "/openapi.json", "/.well-known/void"),
        *("/health/ready", "/metrics", "/sparql?query=SELECT+*+%7B%3Fs+%3Fp+%3Fo%7D"),
    ],
)
def test_everything_else_answers_too(address: str, client: httpx.Client) -> None:
    for accept in ("*/*",) if "void" in address else ("text/html", "*/*"):
        response = client.get(address, headers={"Accept": accept})
        assert response.status_code == 200, response.text


def test_the_service_says_that_it_takes_updates(client: httpx.Client) -> None:
    text = client.get("/sparql", headers={"Accept": "application/n-triples"}).text
    assert f"<{client.base_url}/update>" in text
    assert "SPARQL11Update" in text
    assert "/update" in client.get("/openapi.json").json()["paths"]
    assert "jiqun_changes_total " in client.get("/metrics").text


# Memory, and other services


def test_an_update_that_takes_too_much_memory_is_undone(tmp_path: Path) -> None:
    numbers = " ".join(str(number) for number in range(100))
    values = " ".join(f"VALUES ?v{name} {{ {numbers} }}" for name in range(2))
    joined = f"SELECT (GROUP_CONCAT(STR(?v0); SEPARATOR='{'x' * 20_000}') AS ?x) {{ {values} }}"
    text = f"INSERT {{ <urn:s> <urn:q> ?x }} WHERE {{ {joined} }}"
    with writable(tmp_path / "workspace", workers=1, memory_bytes=128 * 2**20) as live:
        update(live.client, "INSERT DATA { <urn:s> <urn:p> 1 }")
        assert "memory" in update(live.client, text, 503)
        assert rows(live.client, ALL) == BEFORE
        update(live.client, "INSERT DATA { <urn:s> <urn:p> 2 }")
        assert len(rows(live.client, ALL)) == 2
        assert "jiqun_writer_ends_total 1" in live.client.get("/metrics").text


def test_services_that_queries_may_call(client: httpx.Client, server: LiveServer) -> None:
    listed, canary = f"{server.url}/sparql", f"{server.url}/sparql/"
    ask = "INSERT {{ ?s <urn:label> ?o }} WHERE {{ SERVICE <{}> {{ ?s ?p ?o }} }}"
    update(client, "INSERT DATA { <urn:s> <urn:p> 1 } ; " + ask.format(listed))
    assert len(rows(client, "?s <urn:label> ?o")) == 28
    assert "SERVICE" in update(client, "CLEAR ALL ; " + ask.format(canary), 403)
    assert len(rows(client, "?s <urn:label> ?o")) == 28


def test_nothing_is_ever_fetched(client: httpx.Client, shelf: Documents) -> None:
    """The canary is the one origin that LOAD may fetch from, but nothing here is a LOAD."""
    url = f"{shelf.origin}/a.ttl"
    xml = f'<!DOCTYPE x SYSTEM "{url}"><x xmlns="a:a">&b;</x>'
    inclusion = f'<include xmlns="http://www.w3.org/2001/XInclude" href="{url}"/>'
    included = f'<x xmlns="a:a">{inclusion}</x>'
    for media_type, body in (
        ("application/rdf+xml", xml),
        ("application/rdf+xml", included),
        ("application/ld+json", json.dumps({"@context": url})),
        ("application/ld+json", json.dumps({"@context": [{}, {"@import": url}]})),
        ("text/turtle", f"@prefix : <{url}#> . <{url}> a <{url}> ."),
    ):
        client.post("/graphs", content=body, headers={"Content-Type": media_type})
    update(client, f"INSERT DATA {{ <{url}> <urn:p> 'LOAD <{url}>' }} # LOAD <{url}>")
    update(client, f"INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <{url}> {{ ?s ?p ?o }} }}", 403)
    update(client, f"\\u0053ERVICE <{url}>", 403)
    assert shelf.asked == []
