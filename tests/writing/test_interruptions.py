"""Changes that cannot be completed: the client leaves, the body is cut off, the disk is full."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from writable_server import TOKEN, writable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from live_server import LiveServer

TURTLE = {"Content-Type": "text/turtle"}
UPGRADE = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    with writable(tmp_path_factory.mktemp("interruptions") / "workspace", workers=1) as live:
        yield live


@pytest.fixture
def stored(live: LiveServer) -> LiveServer:
    """The server, with one triple in one graph."""
    update(live, "DROP ALL ; INSERT DATA { GRAPH <urn:g> { <urn:s> <urn:p> 'before' } }")
    return live


def update(live: LiveServer, text: str) -> None:
    """Send an update that succeeds."""
    response = live.client.post("/update", data={"update": text})
    assert response.status_code == 204, response.text


def values(live: LiveServer) -> set[str]:
    query = "SELECT ?o { GRAPH <urn:g> { ?s ?p ?o } }"
    response = live.client.get("/sparql", params={"query": query})
    return {row["o"]["value"] for row in response.json()["results"]["bindings"]}


def request(method: str, target: str, media_type: str, headers: bytes, body: bytes) -> bytes:
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: {media_type}\r\n"
    )
    return head.encode() + headers + b"\r\n" + body


def endless() -> str:
    numbers = " ".join(str(number) for number in range(40))
    joined = " ".join(f"VALUES ?v{name} {{ {numbers} }}" for name in range(8))
    return f"CLEAR ALL ; INSERT {{ <urn:s> <urn:q> ?v0 }} WHERE {{ {joined} }}"


def test_an_update_whose_client_has_left_is_stopped(stored: LiveServer) -> None:
    text = endless().encode()
    length = b"Content-Length: %d\r\n" % len(text)
    sent = request("POST", "/update", "application/sparql-update", length, text)
    with socket.create_connection((stored.host, stored.port)) as connection:
        connection.sendall(sent)
        time.sleep(1)
    update(stored, "INSERT DATA { GRAPH <urn:g> { <urn:s> <urn:p> 'after' } }")
    assert values(stored) == {"before", "after"}
    stored.log.wait_for(re.compile(r'"path": "/update".*"outcome": "gone"'))
    assert re.search(r"jiqun_writer_ends_total [1-9]", stored.client.get("/metrics").text)


def test_changes_that_were_waiting_are_not_made_when_their_client_has_left(
    stored: LiveServer,
) -> None:
    first, second = endless().encode(), b"CLEAR ALL"
    with (
        socket.create_connection((stored.host, stored.port)) as one,
        socket.create_connection((stored.host, stored.port)) as two,
    ):
        for connection, text in ((one, first), (two, second)):
            length = b"Content-Length: %d\r\n" % len(text)
            connection.sendall(
                request("POST", "/update", "application/sparql-update", length, text)
            )
            time.sleep(0.5)
        two.close()
        time.sleep(0.5)
    update(stored, "INSERT DATA { GRAPH <urn:g> { <urn:s> <urn:p> 'after' } }")
    assert values(stored) == {"before", "after"}


def status_line(live: LiveServer, sent: bytes, shut: bool = False) -> bytes:
    """Send a request on a connection of its own; return the first line of the answer, if any."""
    with socket.create_connection((live.host, live.port), timeout=10) as connection:
        connection.sendall(sent)
        if shut:
            connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").readline()


BODY = b"<urn:s> <urn:p> 'new' ."
CHUNKED = b"%x\r\n%b\r\n" % (len(BODY), BODY)
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CODED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    ("headers", "body", "shut"),
    [
        (UPGRADE + LENGTH, BODY, False),
        (UPGRADE + CODED, CHUNKED + b"0\r\n\r\n", False),
        (UPGRADE + CODED, CHUNKED + b"0\r\nA: b\r\n\r\n", False),
        (b"Content-Length: 99\r\n", BODY, True),
        (CODED, CHUNKED, True),
        (CODED, CHUNKED[:-4], True),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_body_that_is_not_whole_changes_nothing(
    method: str, headers: bytes, body: bytes, shut: bool, stored: LiveServer
) -> None:
    """Either the whole body is used, or the request is refused."""
    sent = request(method, "/graphs?graph=urn:g", "text/turtle", headers, body)
    answer = status_line(stored, sent, shut)
    found = values(stored)
    if answer.startswith(b"HTTP/1.1 2"):
        assert not shut
        assert found == ({"new"} if method == "PUT" else {"before", "new"})
    else:
        assert answer.startswith(b"HTTP/1.1 400") or (shut and not answer)
        assert found == {"before"}


@pytest.mark.parametrize("coded", [False, True])
def test_an_update_whose_body_is_not_whole_changes_nothing(coded: bool, stored: LiveServer) -> None:
    headers, body = (
        (CODED, b"9\r\nCLEAR ALL\r\n0\r\n\r\n")
        if coded
        else (b"Content-Length: 9\r\n", b"CLEAR ALL")
    )
    media_type = "application/sparql-update"
    sent = request("POST", "/update", media_type, UPGRADE + headers, body)
    answer = status_line(stored, sent)
    assert values(stored) == (set() if answer.startswith(b"HTTP/1.1 2") else {"before"})


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 20 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(folder)]
    if sys.platform != "linux" or os.getuid() != 0 or subprocess.run(mount, check=False).returncode:
        pytest.skip("a file system can be mounted by root on Linux only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(descriptor: int) -> None:
    """Write to a file until the disk is full."""
    with pytest.raises(OSError, match="No space left"):  # noqa: PT012
        while True:
            os.write(descriptor, bytes(4096))


def test_a_full_disk(small_disk: Path) -> None:
    numbers = "".join(f"<urn:s> <urn:p> {number} ." for number in range(4000))
    with writable(small_disk / "workspace", workers=1) as live:
        for graph in ("urn:g", "urn:h"):
            put = live.client.put(f"/graphs?graph={graph}", content=numbers, headers=TURTLE)
            assert put.status_code == 201
        filler = os.open(small_disk / "filler", os.O_CREAT | os.O_WRONLY)
        try:
            statuses = set()
            for _ in range(2):
                fill(filler)
                for method in ("DELETE", "PUT"):
                    content = None if method == "DELETE" else numbers + "<urn:s> <urn:q> 1 ."
                    answer = live.client.request(
                        method, "/graphs?graph=urn:g", content=content, headers=TURTLE
                    )
                    statuses.add(answer.status_code)
                    if answer.status_code >= 300:
                        assert "disk" in answer.json()["detail"], answer.text
                        assert str(small_disk) not in answer.text
        finally:
            os.close(filler)
            (small_disk / "filler").unlink()
        assert 507 in statuses
        assert statuses <= {507, 200, 201, 204, 404}
        assert len(values_of(live, "urn:h")) == 4000
        assert live.client.delete("/graphs?graph=urn:h").status_code == 200


def values_of(live: LiveServer, graph: str) -> list[str]:
    query = f"SELECT ?o {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}"
    response = live.client.get("/sparql", params={"query": query, "format": "csv"})
    return response.text.split()[1:]
