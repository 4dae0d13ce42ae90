"""Reading by the Graph Store HTTP Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from pyoxigraph import RdfFormat, parse

if TYPE_CHECKING:
    import httpx

    from live_server import LiveServer

P2 = "https://w3id.org/jiqun/source/tiny#p2"
NAMED = f"/graphs?graph={quote(P2, safe='')}"


def test_a_named_graph(client: httpx.Client) -> None:
    response = client.get(NAMED)
    assert response.headers["content-type"] == "text/turtle; charset=utf-8"
    assert len(list(parse(response.content, RdfFormat.TURTLE))) == 2
    assert client.head(NAMED).status_code == 200


def test_the_default_graph(client: httpx.Client) -> None:
    response = client.get("/graphs?default", headers={"Accept": "application/n-triples"})
    assert len(list(parse(response.content, RdfFormat.N_TRIPLES))) == 30
    assert client.get("/graphs/?default").status_code == 200


def test_it_is_known_again(client: httpx.Client) -> None:
    tag = client.get(NAMED).headers["etag"]
    assert client.get(NAMED, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("address", "status", "expected"),
    [
        ("/graphs", 400, "Name one graph"),
        ("/graphs?default=yes", 400, "Name one graph"),
        (f"{NAMED}&default", 400, "Name one graph"),
        (f"{NAMED}&graph=http://a.example/", 400, "Name one graph"),
        ("/graphs?graph=", 400, "absolute IRI"),
        ("/graphs?graph=p2", 400, "absolute IRI"),
        ("/graphs?graph=http://a.example/%3E", 400, "absolute IRI"),
        ("/graphs?graph=http://a.example/none", 404, "no graph of this name"),
        ("/graphs/none", 404, "no graph of this name"),
        ("/graphs/none?default", 400, "The URL already names"),
        (f"{NAMED}&format=csv", 400, "Available: turtle"),
    ],
)
def test_what_is_not_there_or_not_clear(
    address: str, status: int, expected: str, client: httpx.Client
) -> None:
    response = client.get(address)
    assert response.status_code == status
    assert expected in response.json()["detail"]


def test_a_format_that_cannot_be_given(client: httpx.Client) -> None:
    assert client.get(NAMED, headers={"Accept": "text/csv"}).status_code == 406


@pytest.mark.parametrize(
    ("method", "status"),
    [("PUT", 403), ("POST", 403), ("DELETE", 403), ("PATCH", 405), ("COPY", 405)],
)
def test_writing_is_refused(method: str, status: int, server: LiveServer) -> None:
    response = server.client.request(method, NAMED, content=b"<a:a> <a:a> <a:a> .")
    assert response.status_code == status
    assert len(list(parse(server.client.get(NAMED).content, RdfFormat.TURTLE))) == 2
