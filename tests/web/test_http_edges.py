"""What RFC 9110, 9111 and 9112 ask of a server, section by section, over raw sockets."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from live_server import running
from web.http_requirements import ASKED, DUMP, REQUIREMENTS, Requirement, request
from web.http_requirements import CHUNKED as CHUNKED_BODY
from writable_server import TOKEN, writable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_server import LiveServer

GET = b"GET /sparql?query=ASK%20%7B%7D"
OFFER = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAA\r\n"
)
TURTLE = b"<http://a.example/s> <http://a.example/p> 1 .\n"

JAVA = """
import java.net.URI;
import java.net.http.*;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpRequest.BodyPublishers;

public class Put {
    public static void main(String[] arguments) throws Exception {
        var client = HttpClient.newHttpClient(); // offers Upgrade: h2c on every request
        var graph = URI.create(arguments[0] + "/graphs?graph=http://a.example/g");
        var put = HttpRequest.newBuilder(graph)
            .header("Content-Type", "text/turtle").header("Authorization", "Bearer " + arguments[1])
            .PUT(BodyPublishers.ofString("<http://a.example/s> <http://a.example/p> 1 .")).build();
        System.out.println(client.send(put, BodyHandlers.ofString()).statusCode());
        var update = HttpRequest.newBuilder(URI.create(arguments[0] + "/update"))
            .header("Content-Type", "application/sparql-update")
            .header("Authorization", "Bearer " + arguments[1])
            .POST(BodyPublishers.ofString(
                "PREFIX : <http://a.example/> INSERT DATA { GRAPH :g { :t :p 2 } }"))
            .build();
        System.out.println(client.send(update, BodyHandlers.ofString()).statusCode());
        var ask = HttpRequest.newBuilder(URI.create(arguments[0] + "/sparql"))
            .header("Content-Type", "application/sparql-query").header("Accept", "text/csv")
            .POST(BodyPublishers.ofString(
                "SELECT (COUNT(*) AS ?n) { GRAPH <http://a.example/g> { ?s ?p ?o } }")).build();
        System.out.println(client.send(ask, BodyHandlers.ofString()).body());
    }
}
"""


@pytest.fixture(scope="module")
def server(release_folder: Path) -> Iterator[LiveServer]:
    with running(release_folder, workers=1) as live:
        yield live


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with writable(tmp_path_factory.mktemp("edges") / "workspace", workers=1) as live:
        yield live


def exchange(server: LiveServer, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send pieces and return all that comes until the server closes or is silent."""
    with closing(socket.create_connection((server.host, server.port), 10)) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        received = b""
        try:
            while block := connection.recv(65536):
                received += block
                connection.settimeout(1)
        except TimeoutError:
            pass
        return received


def statuses(answer: bytes) -> list[int]:
    return [int(each) for each in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def length(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n" % len(body)


@pytest.fixture(scope="module")
def validators(server: LiveServer) -> dict[bytes, bytes]:
    """What stands for the validators in the table."""
    dump = server.client.head(DUMP).headers
    tag = server.client.get(ASKED, headers={"Accept-Encoding": "identity"}).headers["etag"]
    return {
        b"ETAG": dump["etag"].encode(),
        b"MODIFIED": dump["last-modified"].encode(),
        b"TAG": tag.encode(),
    }


@pytest.mark.parametrize("required", REQUIREMENTS, ids=str)
def test_requirement(
    server: LiveServer, validators: dict[bytes, bytes], required: Requirement
) -> None:
    pieces = required.pieces
    for name, value in validators.items():
        pieces = tuple(piece.replace(name, value) for piece in pieces)
    received = exchange(server, *pieces, pause=0.05 if len(pieces) > 1 else 0)
    assert statuses(received) == list(required.statuses), received[:1000]
    for pattern in required.has:
        assert re.search(pattern, received), (pattern, received[:1000])
    for pattern in required.lacks:
        assert not re.search(pattern, received), (pattern, received[:1000])
    assert received.count(b'"boolean":true') == required.answers


UPLOAD = request("/sparql", "Content-Type: application/sparql-query", CHUNKED_BODY, method="POST")


def test_a_client_that_is_still_sending_reads_the_answer(server: LiveServer) -> None:
    """RFC 9112, section 9.6: closed at once, the connection would be reset and the answer lost."""
    length = "Content-Length: 8000000"
    head = request("/sparql", "Content-Type: application/sparql-query", length, method="POST")
    for beginning, status in ((head, 413), (head.replace(b"Host: a\r\n", b""), 400)):
        with closing(socket.create_connection((server.host, server.port), 10)) as connection:
            connection.sendall(beginning + 8_000_000 * b"#")
            received = b""
            while block := connection.recv(65536):
                received += block
        assert statuses(received) == [status]
        assert received.endswith(b"}")


@pytest.mark.parametrize(
    "rest",
    [b"0\r\n" + 9_000 * b"X: yyyy\r\n", b"0\r\nX: ", b"6;a="],
    ids=["lines", "line", "chunk"],
)
def test_what_frames_a_body_has_an_end(server: LiveServer, rest: bytes) -> None:
    with closing(socket.create_connection((server.host, server.port), 10)) as connection:
        connection.sendall(UPLOAD + b"6\r\nASK {}\r\n")
        time.sleep(0.1)
        with suppress(ConnectionError):
            for _ in range(20):
                connection.sendall(rest)
                rest = 50_000 * b"y"
                time.sleep(0.01)
        assert statuses(connection.recv(65536)) == [431]


def test_a_connection_that_was_answered_early_is_not_kept(server: LiveServer) -> None:
    head = b"PUT /graphs?default HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
    with closing(socket.create_connection((server.host, server.port), 20)) as connection:
        connection.sendall(head)
        answer = connection.recv(65536)
        assert statuses(answer) == [403]
        assert b"connection: close" in answer
        connection.sendall(b"#")
        assert connection.recv(65536) == b""


def test_the_table_is_whole() -> None:
    assert len({str(each) for each in REQUIREMENTS}) == len(REQUIREMENTS) > 120


CLOSE = b"Connection: close\r\n"
CHUNKED = f"{CHUNKED_BODY}\r\n".encode()


@pytest.mark.parametrize("path", ["/sparql?query=SELECT%20*%20%7B?s%20?p%20?o%7D", "/", "/dumps"])
def test_http_1_0_gets_no_chunks(server: LiveServer, path: str) -> None:
    received = exchange(server, f"GET {path} HTTP/1.0\r\nHost: a\r\n\r\n".encode())
    head, _, body = received.partition(b"\r\n\r\n")
    assert statuses(received) == [200]
    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head.lower()
    assert body


def test_a_long_answer_to_http_1_0_ends_with_the_connection(release_folder: Path) -> None:
    query = b"SELECT%20*%20%7B?a%20?b%20?c.%20?d%20?e%20?f.%20?g%20?h%20?i%7D%20LIMIT%2020000"
    with running(release_folder, workers=1, cache_bytes=0) as live:
        path = b"/sparql?format=csv&query=" + query
        received = exchange(live, b"GET " + path + b" HTTP/1.0\r\n\r\n")
        head, _, body = received.partition(b"\r\n\r\n")
        assert b"content-length" not in head.lower()
        assert b"transfer-encoding" not in head.lower()
        whole = exchange(live, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"\r\n")
        assert b"transfer-encoding: chunked" in whole.lower()
        assert body.count(b"\r\n") == 20_001


def test_an_offer_to_upgrade_loses_no_write(workspace: LiveServer) -> None:
    head = (
        b"PUT /graphs?graph=http://a.example/raw HTTP/1.1\r\nHost: a\r\n"
        b"Content-Type: text/turtle\r\nAuthorization: Bearer " + TOKEN.encode() + b"\r\n"
    )
    received = exchange(workspace, head + OFFER + length(TURTLE) + b"\r\n" + TURTLE)
    assert statuses(received) == [201]
    query = "SELECT (COUNT(*) AS ?n) { GRAPH <http://a.example/raw> { ?s ?p ?o } }"
    count = workspace.client.get("/sparql", params={"query": query, "format": "csv"})
    assert count.text == "n\r\n1\r\n"


@pytest.mark.parametrize("framing", [length(TURTLE), CHUNKED], ids=["length", "chunked"])
def test_a_body_that_breaks_off_changes_nothing(workspace: LiveServer, framing: bytes) -> None:
    url = "/graphs?graph=http://a.example/broken"
    workspace.client.put(url, content=TURTLE, headers={"Content-Type": "text/turtle"})
    head = (
        f"PUT {url} HTTP/1.1\r\nHost: a\r\nContent-Type: text/turtle\r\n".encode()
        + b"Authorization: Bearer "
        + TOKEN.encode()
        + b"\r\n"
    )
    part = b"a\r\n<http://a." if framing == CHUNKED else b"<http://a."
    with closing(socket.create_connection((workspace.host, workspace.port), 10)) as connection:
        connection.sendall(head + framing + b"\r\n" + part)
    time.sleep(0.3)
    query = "ASK { GRAPH <http://a.example/broken> { ?s ?p ?o } }"
    answer = workspace.client.get("/sparql", params={"query": query, "format": "json"})
    assert answer.json()["boolean"]


@pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK")
def test_the_http_client_of_java_writes(workspace: LiveServer, tmp_path: Path) -> None:
    source = tmp_path / "Put.java"
    source.write_text(JAVA, encoding="utf-8")
    subprocess.run(["javac", str(source)], check=True, cwd=tmp_path)
    url = f"http://{workspace.host}:{workspace.port}"
    ran = subprocess.run(
        ["java", "-cp", str(tmp_path), "Put", url, TOKEN],
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout.split() == ["201", "204", "n", "2"]


def test_slow_readers_are_cut_off(release_folder: Path) -> None:
    with running(release_folder, workers=1, send_seconds=1) as live:
        path = b"/sparql?query=SELECT%20*%20%7B?a%20?b%20?c.%20?d%20?e%20?f.%20?g%20?h%20?i%7D"
        with closing(socket.socket()) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((live.host, live.port))
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            time.sleep(4)
            connection.settimeout(5)
            with pytest.raises((ConnectionResetError, BrokenPipeError)):  # noqa: PT012
                while connection.recv(1 << 20):
                    pass
                raise ConnectionResetError  # closed without the end of the body


def test_one_address_gets_only_so_many_connections(release_folder: Path) -> None:
    with running(release_folder, workers=1, client_connections=3) as live:
        live.client.close()  # it has a connection of its own
        time.sleep(0.2)
        held = [socket.create_connection((live.host, live.port), 10) for _ in range(3)]
        time.sleep(0.2)
        assert statuses(exchange(live, GET + b" HTTP/1.1\r\nHost: a\r\n\r\n")) == [503]
        held.pop().close()
        time.sleep(0.2)
        assert statuses(exchange(live, GET + b" HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"\r\n")) == [
            200
        ]
        for each in held:
            each.close()
