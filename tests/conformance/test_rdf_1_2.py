"""RDF 1.2: what is written by update, graph store and load comes back in every way of reading."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

TURTLE = b"""VERSION "1.2" PREFIX : <urn:>
:s :p :o ~ :r {| :source :article |} . << :a :b "x"@ar--rtl >> :c 1 ."""
UPDATE = f"""VERSION "1.2" PREFIX : <urn:> INSERT DATA {{
{TURTLE.decode().partition("<urn:>")[2]} }}"""
REIFIED = "PREFIX : <urn:> SELECT ?article { :s :p :o {| :source ?article |} }"


def _write(store: httpx.Client, way: str) -> None:
    if way == "update":
        answer = store.post("/update", data={"update": UPDATE})
    else:
        content_type = "text/turtle; version=1.2; charset=utf-8"
        headers = {"Content-Type": content_type}
        answer = store.put("/graphs?default", content=TURTLE, headers=headers)
    assert answer.status_code < 300, answer.text


@pytest.mark.parametrize("way", ["update", "graph store"])
def test_annotations_are_found(way: str, store: httpx.Client) -> None:
    _write(store, way)
    assert store.get("/sparql", params={"query": REIFIED, "format": "csv"}).text == (
        "article\r\nurn:article\r\n"
    )
    triples = store.get("/sparql", params={"query": "SELECT ?t { <urn:r> ?p ?t } ORDER BY ?p"})
    terms = [row["t"]["type"] for row in triples.json()["results"]["bindings"]]
    assert sorted(terms) == ["triple", "uri"]


@pytest.mark.parametrize("format_", ["ttl", "nt", "rdf", "trig", "nq"])
def test_formats_keep_it(format_: str, store: httpx.Client) -> None:
    _write(store, "update")
    answer = store.get("/graphs", params={"default": "", "format": format_})
    assert answer.status_code == 200, answer.text
    content_type = answer.headers["Content-Type"]
    if format_ not in {"trig", "nq"}:
        again = store.put(
            "/graphs?graph=urn:copy", content=answer.content, headers={"Content-Type": content_type}
        )
        assert again.status_code == 201, again.text
        query = "ASK { GRAPH <urn:copy> { ?r ?p <<( <urn:a> <urn:b> 'x'@ar--rtl )>> } }"
        assert store.get("/sparql", params={"query": query}).json()["boolean"] is True


def test_json_ld_cannot_hold_it(store: httpx.Client) -> None:
    _write(store, "update")
    answer = store.get("/graphs", params={"default": "", "format": "jsonld"})
    assert answer.status_code == 406
    assert "RDF 1.2" in answer.json()["detail"]


def test_it_can_be_changed_and_removed(store: httpx.Client) -> None:
    _write(store, "update")
    update = "DELETE WHERE { <urn:s> <urn:p> <urn:o> ~ ?r {| ?q ?v |} }"
    assert store.post("/update", data={"update": update}).status_code == 204
    answer = store.get("/sparql", params={"query": REIFIED}).json()
    assert answer["results"]["bindings"] == []


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("text/turtle;version=1.2", "text/turtle; charset=utf-8; version=1.2"),
        ('text/turtle; version="1.2"; q=0.9', "text/turtle; charset=utf-8; version=1.2"),
        ("text/turtle;version=1.1, */*;q=0.1", "text/turtle; charset=utf-8; version=1.1"),
        ("text/turtle", "text/turtle; charset=utf-8"),
        ("text/turtle;version=3, */*;q=0.1", "text/turtle; charset=utf-8"),
    ],
)
def test_the_version_that_is_asked_for_is_named(
    accept: str, content_type: str, store: httpx.Client
) -> None:
    query = "CONSTRUCT { <urn:s> <urn:p> <urn:o> } {}"
    answer = store.get("/sparql", params={"query": query}, headers={"Accept": accept})
    assert answer.headers["Content-Type"] == content_type


def test_what_is_rdf_1_1_looks_as_ever(store: httpx.Client) -> None:
    query = "SELECT ('x'@en AS ?l) (1 AS ?n) {}"
    answer = store.get("/sparql", params={"query": query})
    assert json.loads(answer.text)["head"] == {"vars": ["l", "n"]}
    assert "its" not in answer.text
    assert "version" not in answer.headers["Content-Type"]
