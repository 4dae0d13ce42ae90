"""The service description: the three W3C tests, and that its statements are true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyoxigraph import NamedNode, RdfFormat, parse

from jiqun.rdf.formats import GRAPHS, SOLUTIONS

if TYPE_CHECKING:
    import httpx

SD = "http://www.w3.org/ns/sparql-service-description#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
# Of the vocabulary: the classes, and the classes that each property goes from and to.
CLASSES = {"Service", "Function", "Dataset", "Graph", "NamedGraph"}
PROPERTIES = {
    "endpoint": ("Service", None),
    "supportedLanguage": ("Service", None),
    "feature": ("Service", None),
    "resultFormat": ("Service", None),
    "inputFormat": ("Service", None),
    "extensionFunction": ("Service", "Function"),
    "defaultDataset": ("Service", "Dataset"),
    "defaultGraph": ("Dataset", "Graph"),
    "namedGraph": ("Dataset", "NamedGraph"),
    "name": ("NamedGraph", None),
}
FORMATS = [each.media_type for each in GRAPHS]

Described = set[tuple[str, str, str]]


def described(store: httpx.Client, media_type: str = "text/turtle") -> Described:
    response = store.get("/sparql", headers={"Accept": media_type})
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == media_type
    quads = parse(response.content, RdfFormat.from_media_type(media_type))
    return {
        tuple(getattr(term, "value", str(term)) for term in quad.triple)  # type: ignore[misc]
        for quad in quads
    }


def objects(found: Described, subject: str, name: str) -> set[str]:
    return {o for s, p, o in found if s == subject and p == SD + name}


@pytest.mark.parametrize("media_type", FORMATS)
def test_returns_rdf(media_type: str, store: httpx.Client) -> None:
    assert described(store, media_type) == described(store)


def test_has_endpoint_triple(store: httpx.Client) -> None:
    found = described(store)
    for address in ("/sparql", "/update"):
        url = f"{store.base_url}{address}"
        assert (url, TYPE, f"{SD}Service") in found
        assert (url, f"{SD}endpoint", url) in found


def test_conforms_to_schema(store: httpx.Client) -> None:
    store.post("/update", data={"update": "CREATE GRAPH <urn:g>"})
    found = described(store)
    types = {(s, o.removeprefix(SD)) for s, p, o in found if p == TYPE}
    assert {name for _, name in types} == CLASSES
    for s, p, o in found:
        if p.startswith(SD):
            domain, reach = PROPERTIES[p.removeprefix(SD)]
            assert (s, domain) in types, (s, p)
            assert reach is None or (o, reach) in types, (p, o)
            assert p == f"{SD}name" or NamedNode(o)


def test_the_formats_are_those_that_can_be_had(store: httpx.Client) -> None:
    found = objects(described(store), f"{store.base_url}/sparql", "resultFormat")
    assert found == {each.iri for each in (*SOLUTIONS, *GRAPHS)}
    for each in SOLUTIONS:
        answer = store.get("/sparql?query=ASK+%7B%7D", headers={"Accept": each.media_type})
        assert answer.headers["content-type"].partition(";")[0] == each.media_type


def test_the_functions_can_be_called_and_no_other(store: httpx.Client) -> None:
    functions = objects(described(store), f"{store.base_url}/sparql", "extensionFunction")
    calls = " ".join(f"(<{name}>() AS ?x{n})" for n, name in enumerate(sorted(functions)))
    assert store.get("/sparql", params={"query": f"SELECT {calls} {{}}"}).status_code == 200
    area = "http://www.opengis.net/def/function/geosparql/"
    for name in (f"{area}buffer", "http://example.org/f"):
        answer = store.get("/sparql", params={"query": f"SELECT (<{name}>() AS ?x) {{}}"})
        assert answer.json()["results"]["bindings"] == [{}], answer.text


def test_the_named_graphs_are_those_that_there_are(store: httpx.Client) -> None:
    store.post("/update", data={"update": "CREATE GRAPH <urn:a> ; CREATE GRAPH <urn:b>"})
    found = described(store)
    names = {o for _, p, o in found if p == f"{SD}name"}
    assert names == {"urn:a", "urn:b"}
