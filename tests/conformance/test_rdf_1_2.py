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
    query = "SELECT ?t { <urn:r> ?p ?t } ORDER BY ?p"
    triples = _objects(store, "application/sparql-results+json;version=1.2", query)
    terms = [row["t"]["type"] for row in triples.json()["results"]["bindings"]]
    assert sorted(terms) == ["triple", "uri"]


@pytest.mark.parametrize("format_", ["ttl", "nt", "rdf", "trig", "nq"])
def test_formats_keep_it(format_: str, store: httpx.Client) -> None:
    _write(store, "update")
    answer = store.get("/graphs", params={"default": "", "format": f"{format_};version=1.2"})
    assert answer.status_code == 200, answer.text
    content_type = answer.headers["Content-Type"]
    assert content_type.endswith("; version=1.2")
    if format_ not in {"trig", "nq"}:
        again = store.put(
            "/graphs?graph=urn:copy", content=answer.content, headers={"Content-Type": content_type}
        )
        assert again.status_code == 201, again.text
        query = "ASK { GRAPH <urn:copy> { ?r ?p <<( <urn:a> <urn:b> 'x'@ar--rtl )>> } }"
        assert store.get("/sparql", params={"query": query}).json()["boolean"] is True


ENCODED = """
PREFIX : <urn:> PREFIX i18n: <https://www.w3.org/ns/i18n#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
ASK { GRAPH :copy {
  ?r rdf:reifies ?form . ?form a rdf:PropositionForm ;
    rdf:propositionFormSubject :a ; rdf:propositionFormPredicate :b ;
    rdf:propositionFormObject "x"^^i18n:ar_rtl . ?r :c 1
  FILTER(isBlank(?form))
} }
"""


@pytest.mark.parametrize("format_", ["ttl", "nt", "rdf", "jsonld", "ttl;version=1.1"])
def test_readers_of_1_1_get_the_basic_encoding(format_: str, store: httpx.Client) -> None:
    _write(store, "update")
    answer = store.get("/graphs", params={"default": "", "format": format_})
    assert answer.status_code == 200, answer.text
    assert "version=1.2" in answer.headers["Jiqun-Warning"]
    assert "version=1.2" not in answer.headers["Content-Type"]
    for sign in (b"<<", b"--rtl", b'parseType="Triple"', b"its:dir"):
        assert sign not in answer.content
    headers = {"Content-Type": answer.headers["Content-Type"].partition(";")[0]}
    again = store.put("/graphs?graph=urn:copy", content=answer.content, headers=headers)
    assert again.status_code == 201, again.text
    assert store.get("/sparql", params={"query": ENCODED}).json()["boolean"] is True


OBJECTS = "SELECT ?o { ?r ?p ?o FILTER(!isIRI(?o)) }"


def _objects(store: httpx.Client, accept: str, query: str = OBJECTS) -> httpx.Response:
    answer = store.get("/sparql", params={"query": query}, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("name", ["json", "xml"])
def test_results_for_readers_of_1_1_have_blank_nodes(name: str, store: httpx.Client) -> None:
    _write(store, "update")
    media_type = f"application/sparql-results+{name}"
    old = _objects(store, media_type)
    newer = _objects(store, f"{media_type};version=1.2")
    assert b"triple" in newer.content
    assert b"its:dir" in newer.content
    assert "Jiqun-Warning" not in newer.headers
    assert newer.headers["ETag"] != old.headers["ETag"]
    assert b"triple" not in old.content
    assert b"its:dir" not in old.content
    assert "version=1.2" in old.headers["Jiqun-Warning"]
    basic = _objects(store, f"{media_type};version=1.2-basic", OBJECTS.replace("?o {", "?o ?r {"))
    assert b"triple" not in basic.content
    assert basic.headers["Content-Type"].endswith("; version=1.2-basic")


def test_one_triple_term_is_one_blank_node(store: httpx.Client) -> None:
    update = r"""PREFIX : <urn:> INSERT DATA {
      :a :says <<( :s :p <<( :q :r "}, {"@en--ltr )>> )>> , "<<( <urn:x> <urn:y> 1 )>>" .
      :b :says <<( :s :p <<( :q :r "}, {"@en--ltr )>> )>> , "a \\"@ar--rtl , "b"@en-GB . }"""
    assert store.post("/update", data={"update": update}).status_code == 204
    query = "SELECT ?s ?o { ?s <urn:says> ?o } ORDER BY ?s ?o"
    answer = _objects(store, "application/sparql-results+json", query)
    rows = answer.json()["results"]["bindings"]
    nodes = [row["o"]["value"] for row in rows if row["o"]["type"] == "bnode"]
    assert len(nodes) == 2
    assert len(set(nodes)) == 1
    texts = {row["o"]["value"]: row["o"] for row in rows if row["o"]["type"] == "literal"}
    assert texts["a \\"]["datatype"] == "https://www.w3.org/ns/i18n#ar_rtl"
    assert texts["b"]["xml:lang"] == "en-GB"
    lines = _objects(store, "text/tab-separated-values", query).text.splitlines()
    assert '<urn:a>\t"<<( <urn:x> <urn:y> 1 )>>"' in lines
    assert '<urn:b>\t"a \\\\"^^<https://www.w3.org/ns/i18n#ar_rtl>' in lines
    assert '<urn:b>\t"b"@en-GB' in lines
    assert sorted(line.split("\t")[1][:3] for line in lines if "\t_:" in line) == ["_:t", "_:t"]


@pytest.mark.parametrize(
    "query",
    [
        'VERSION "1.2" SELECT ?o { ?r ?p ?o }',
        "SELECT ?o { ?r ?p ?o FILTER isTRIPLE(?o) }",
        "SELECT (TRIPLE(?r, ?p, 1) AS ?o) { ?r ?p ?q }",
        "SELECT ?o { <urn:s> <urn:p> <urn:o> ~ ?r . ?r ?p ?o }",
    ],
)
def test_a_query_in_the_syntax_of_1_2_asks_for_it(query: str, store: httpx.Client) -> None:
    _write(store, "update")
    answer = _objects(store, "*/*", query)
    assert "triple" in {row["o"]["type"] for row in answer.json()["results"]["bindings"]}
    assert answer.headers["Content-Type"].endswith("; version=1.2")
    plain = _objects(store, "application/sparql-results+json;version=1.1", query)
    assert "triple" not in {row["o"]["type"] for row in plain.json()["results"]["bindings"]}


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
