"""The SPARQL 1.1 Graph Store HTTP Protocol, request by request, as W3C's tests go through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from httpx import URL
from pyoxigraph import CanonicalizationAlgorithm, Dataset, RdfFormat, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

FOAF = "PREFIX foaf: <http://xmlns.com/foaf/0.1/> PREFIX v: <http://www.w3.org/2006/vcard/ns#>\n"
TURTLE = "text/turtle; charset=utf-8"
PERSON = "/graphs/person/1.ttl"


def card(name: str, more: str = "") -> str:
    return (
        f"{FOAF}<http://example.org/person/1> a foaf:Person ; {more} foaf:card [ v:fn '{name}' ] ."
    )


ALICE = FOAF + "[] a foaf:Person ; foaf:card [ a v:VCard ; v:given-name 'Alice' ] ."
BOUNDARY = "a6fe4cd636164618814be9f8d3d1a0de"
PARTS = "".join(
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.ttl"\r\n'
    f"Content-Type: {TURTLE}\r\n\r\n{FOAF}<http://example.org/person/1> foaf:{name} '{value}' .\r\n"
    for name, value in (("familyName", "Doe"), ("givenName", "Jane"))
)


@dataclass(frozen=True)
class Step:
    """A request, and what must come of it; `content` is Turtle and compared as a graph."""

    name: str
    method: str
    address: str
    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: str | None = None
    location: str | None = None


def put(name: str, address: str, status: int, body: str, media_type: str = TURTLE) -> Step:
    return Step(name, "PUT", address, status, body, {"Content-Type": media_type})


def post(
    name: str, address: str, status: int, body: str, media_type: str = TURTLE, **more: str
) -> Step:
    return Step(name, "POST", address, status, body, {"Content-Type": media_type}, **more)


def get(name: str, address: str, content: str | None) -> Step:
    return Step(name, "GET", address, 404 if content is None else 200, content=content)


STEPS = [
    put("PUT, initial state", PERSON, 201, card("John Doe")),
    get("GET of PUT", PERSON, card("John Doe")),
    get("GET of PUT, indirectly", "/graphs?graph={store}/person/1.ttl", card("John Doe")),
    put("PUT, graph in the store", PERSON, 204, card("Jane Doe")),
    get("GET of PUT, graph in the store", PERSON, card("Jane Doe")),
    put("PUT, default graph", "/graphs?default", 201, ALICE),
    get("GET of PUT, default graph", "/graphs?default", ALICE),
    put("PUT, default graph in the store", "/graphs?default", 204, ALICE),
    put("PUT, mismatched payload", "/graphs?default", 400, card("x"), "application/rdf+xml"),
    get("GET after mismatched payload", "/graphs?default", ALICE),
    put("PUT, empty graph", "/graphs/person/2.ttl", 201, ""),
    get("GET of PUT, empty graph", "/graphs/person/2.ttl", ""),
    put("PUT, replace empty graph", "/graphs/person/2.ttl", 204, ALICE),
    get("GET of replaced empty graph", "/graphs/person/2.ttl", ALICE),
    Step("DELETE, existing graph", "DELETE", "/graphs/person/2.ttl", 200),
    get("GET of DELETE", "/graphs/person/2.ttl", None),
    Step("DELETE, no such graph", "DELETE", "/graphs/person/2.ttl", 404),
    post(
        "POST, existing graph",
        PERSON,
        200,
        FOAF + "<http://example.org/person/1> foaf:name 'Jane' .",
    ),
    get("GET of POST", PERSON, card("Jane Doe", "foaf:name 'Jane' ;")),
    post(
        "POST, multipart/form-data",
        PERSON,
        200,
        f"{PARTS}--{BOUNDARY}--\r\n",
        f"multipart/form-data; boundary={BOUNDARY}",
    ),
    get(
        "GET of POST, multipart/form-data",
        PERSON,
        card("Jane Doe", "foaf:name 'Jane' ; foaf:familyName 'Doe' ; foaf:givenName 'Jane' ;"),
    ),
    post("POST, new graph", "/graphs", 201, ALICE, location="new"),
    get("GET of POST, new graph", "{new}", ALICE),
    post("POST, empty graph to existing graph", "{new}", 200, ""),
    get("GET of POST, after noop", "{new}", ALICE),
    Step("HEAD, existing graph", "HEAD", PERSON, 200),
    Step("HEAD, no such graph", "HEAD", "/graphs/person/4.ttl", 404),
    post("POST, no such graph", "/graphs?graph=urn:new", 201, ALICE, location="urn"),
    get("GET at its location", "{urn}", ALICE),
    Step("DELETE, default graph", "DELETE", "/graphs?default", 200),
    get("GET of DELETE, default graph", "/graphs?default", ""),
]


def canonical(turtle: bytes) -> Dataset:
    dataset = Dataset(parse(turtle, RdfFormat.TURTLE, base_iri="http://example.org/"))
    dataset.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return dataset


def test_the_walk_through_the_protocol(store: httpx.Client) -> None:
    """In order: each request finds what those before it left."""
    names = {"store": f"{store.base_url}/graphs"}
    for step in STEPS:
        address = step.address.format_map(names)
        response = store.request(
            step.method, address, content=step.body.encode(), headers=step.headers
        )
        assert response.status_code == step.status, f"{step.name}: {response.text}"
        if step.content is not None:
            assert response.headers["content-type"] == TURTLE
            assert canonical(response.content) == canonical(step.content.encode()), step.name
        if step.location is not None:
            names[step.location] = response.headers["location"]
        if step.method == "HEAD":
            assert response.content == b""


SAME = [
    ("text/turtle", "<http://a.example/s> <http://a.example/p> 'o' ."),
    ("application/n-triples", '<http://a.example/s> <http://a.example/p> "o" .'),
    (
        "application/rdf+xml",
        (
            '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://a.example/">'
            '<r:Description r:about="http://a.example/s"><p>o</p></r:Description></r:RDF>'
        ),
    ),
    ("application/ld+json", '{"@id": "http://a.example/s", "http://a.example/p": "o"}'),
    ("application/trig", "<http://a.example/s> <http://a.example/p> 'o' ."),
    ("application/n-quads", '<http://a.example/s> <http://a.example/p> "o" .'),
]


@pytest.mark.parametrize(("media_type", "body"), SAME, ids=[each[0] for each in SAME])
def test_every_format_goes_in_and_comes_out(
    media_type: str, body: str, store: httpx.Client
) -> None:
    sent = store.put("/graphs?graph=urn:g", content=body, headers={"Content-Type": media_type})
    assert sent.status_code == 201
    found = store.get("/graphs?graph=urn:g", headers={"Accept": media_type})
    assert found.headers["content-type"].partition(";")[0] == media_type
    (quad,) = parse(found.content, RdfFormat.from_media_type(media_type))
    assert str(quad.triple) == '<http://a.example/s> <http://a.example/p> "o"'


def test_relative_iris_are_relative_to_the_graph(store: httpx.Client) -> None:
    store.put("/graphs/a/b", content="<c> <#d> <> .", headers={"Content-Type": "text/turtle"})
    store.put(
        f"/graphs?graph={quote('http://a.example/x/y')}",
        content="<c> <#d> <> .",
        headers={"Content-Type": "text/turtle"},
    )
    answer = store.get(
        "/sparql",
        params={"query": "SELECT * { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g", "format": "csv"},
    )
    base = f"{store.base_url}/graphs/a/"
    assert answer.text.splitlines()[1:] == [
        f"{base}b,{base}b,{base}b#d,{base}c",
        "http://a.example/x/y,http://a.example/x/y,http://a.example/x/y#d,http://a.example/x/c",
    ]


def test_names_beyond_ascii(store: httpx.Client) -> None:
    for address in ("/graphs/北京", "/graphs/a b", "/graphs/a%2525", "/graphs?graph=urn:北京"):
        sent = store.put(address, content="<a:a> <a:a> 1 .", headers={"Content-Type": TURTLE})
        assert sent.status_code == 201
        assert store.get(sent.headers["location"]).status_code == 200
        assert store.delete(address).status_code == 200


def test_what_is_encoded_is_decoded_once(store: httpx.Client) -> None:
    turtle = {"Content-Type": TURTLE}
    sent = store.put("/graphs?graph=http://a.example/1", content="<a:a> <a:a> 1 .", headers=turtle)
    assert sent.status_code == 201
    for address, status in (("%31", 200), ("%2531", 404)):
        target = f"{store.base_url}/graphs?graph=http://a.example/{address}"
        assert store.get(URL(target)).status_code == status


REFUSED = [
    ("PUT", "/graphs", TURTLE, "<a:a> <a:a> 1 .", 400, "Name one graph"),
    ("DELETE", "/graphs", "", "", 400, "Name one graph"),
    ("PUT", "/graphs?graph=rel", TURTLE, "<a:a> <a:a> 1 .", 400, "absolute IRI"),
    ("PUT", "/graphs?graph=urn:a&default", TURTLE, "", 400, "Name one graph"),
    ("PUT", "/graphs?graph=urn:a", "", "<a:a> <a:a> 1 .", 415, "no Content-Type"),
    ("PUT", "/graphs?graph=urn:a", "text/csv", "a,b", 415, "text/turtle"),
    ("PUT", "/graphs?graph=urn:a", "text/turtle; charset=gbk", "", 415, "UTF-8"),
    ("POST", "/graphs", "image/png", "", 415, "text/turtle"),
    ("PUT", "/graphs?graph=urn:a", TURTLE, "<a:a> <a:a> 1", 400, "not well-formed Turtle"),
    (
        "PUT",
        "/graphs?graph=urn:a",
        "application/trig",
        "<a:g> { <a:a> <a:a> 1 }",
        400,
        "named graphs",
    ),
    ("PATCH", "/graphs?graph=urn:a", "application/sparql-update", "CLEAR ALL", 405, "/update"),
    ("PUT", "/graphs?graph=urn:a&access_token=x", TURTLE, "", 400, "not accepted in URLs"),
]


@pytest.mark.parametrize("refused", REFUSED)
def test_what_is_refused_stores_nothing(
    refused: tuple[str, str, str, str, int, str], store: httpx.Client
) -> None:
    method, address, media_type, body, status, says = refused
    headers = {"Content-Type": media_type} if media_type else {}
    response = store.request(method, address, content=body, headers=headers)
    assert response.status_code == status
    assert says in response.json()["detail"]
    assert store.get("/sparql", params={"query": "ASK { GRAPH ?g {} }"}).json()["boolean"] is False
    if status == 405:
        assert response.headers["allow"] == "GET, HEAD, PUT, POST, DELETE, OPTIONS"


def test_where_the_mistake_stands(store: httpx.Client) -> None:
    response = store.put(
        "/graphs?default", content="<a:a>\n <a:a> nonsense .", headers={"Content-Type": TURTLE}
    )
    assert (response.json()["line"], response.json()["column"]) == (2, 8)


def test_conditions(store: httpx.Client) -> None:
    address, turtle = "/graphs?graph=urn:a", {"Content-Type": TURTLE}
    new = turtle | {"If-None-Match": "*"}
    assert store.put(address, content="<a:a> <a:a> 1 .", headers=new).status_code == 201
    assert store.put(address, content="<a:a> <a:a> 2 .", headers=new).status_code == 412
    tag = store.get(address).headers["etag"]
    same = turtle | {"If-Match": tag}
    assert store.put(address, content="<a:a> <a:a> 3 .", headers=same).status_code == 204
    assert store.put(address, content="<a:a> <a:a> 4 .", headers=same).status_code == 412
    assert store.delete(address, headers={"If-Match": f"W/{tag}"}).status_code == 412
    tag = store.get(address).headers["etag"]
    for header in ({"If-None-Match": f'"x", W/{tag}'}, {"If-None-Match": "*"}):
        assert store.put(address, content="", headers=turtle | header).status_code == 412
        assert store.delete(address, headers=header).status_code == 412
    part = turtle | {"Content-Range": "bytes 0-9/99"}
    assert store.put(address, content="<a:a> <a:a> 5 .", headers=part).status_code == 400
    assert store.get(address).text.strip().endswith("3 .")
    assert store.delete(address, headers={"If-Match": "*"}).status_code == 200
    assert store.delete(address, headers={"If-Match": "*"}).status_code == 412


def test_answers_are_fresh_after_a_change(store: httpx.Client) -> None:
    address, turtle = "/graphs?graph=urn:a", {"Content-Type": TURTLE}
    store.put(address, content="<a:a> <a:a> 1 .", headers=turtle)
    first = store.get(address)
    assert first.headers["cache-control"] == "no-cache"
    tag = {"If-None-Match": first.headers["etag"]}
    assert store.get(address, headers=tag).status_code == 304
    store.post(address, content="<a:a> <a:a> 2 .", headers=turtle)
    second = store.get(address, headers=tag)
    assert second.status_code == 200
    assert second.headers["etag"] != first.headers["etag"]
