"""What query editors ask an endpoint for when they open it: examples, prefixes, schema.

The questions have the shape of those of SIB's sparql-editor (packages/sparql-editor/src/metadata.ts
of github.com/sib-swiss/sparql-editor, read in 2026): GET with `ac=1`, JSON asked for, no FROM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jiqun.knowledge.content import locate
from jiqun.knowledge.turtle_files import read_prefixes
from jiqun.saved_queries import read_saved_queries

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

EXAMPLES = """
PREFIX sh: <http://www.w3.org/ns/shacl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT DISTINCT ?example ?says ?text
WHERE {
  ?example a sh:SPARQLExecutable ;
    rdfs:comment ?says ;
    sh:select|sh:ask|sh:construct|sh:describe ?text .
}
ORDER BY ?example
"""
PREFIXES = """
PREFIX sh: <http://www.w3.org/ns/shacl#>
SELECT DISTINCT ?short ?long
WHERE { [] sh:namespace ?long ; sh:prefix ?short }
ORDER BY ?short
"""
SCHEMA = """
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>
PREFIX void: <http://rdfs.org/ns/void#>
PREFIX ext: <http://ldf.fi/void-ext#>
SELECT DISTINCT ?graph ?graphLabel ?class ?property ?valueClass ?valueType ?count
  ?classLabel ?valueLabel ?classComment ?valueComment ?propertyLabel ?propertyComment
WHERE {
  {
    OPTIONAL {
      ?graph sd:graph ?described .
      OPTIONAL { ?graph rdfs:label ?graphLabel }
      ?described void:classPartition ?part .
    }
    ?part void:class ?class ; void:propertyPartition ?inner .
    OPTIONAL { ?class rdfs:label ?classLabel }
    OPTIONAL { ?class rdfs:comment ?classComment }
    ?inner void:property ?property .
    OPTIONAL { ?inner void:triples ?count }
    OPTIONAL { ?property rdfs:label ?propertyLabel }
    OPTIONAL { ?property rdfs:comment ?propertyComment }
    OPTIONAL {
      {
        ?inner void:classPartition [ void:class ?valueClass ] .
        OPTIONAL { ?valueClass rdfs:label ?valueLabel }
        OPTIONAL { ?valueClass rdfs:comment ?valueComment }
      } UNION {
        ?inner ext:datatypePartition [ ext:datatype ?valueType ] .
      }
    }
  } UNION {
    ?links void:subjectsTarget [ void:class ?class ] ;
      void:linkPredicate ?property ;
      void:objectsTarget [ void:class ?valueClass ] .
  }
}
ORDER BY ?class ?valueClass ?valueType ?graph ?count
"""
KG = "https://w3id.org/jiqun/ontology#"
XSD = "http://www.w3.org/2001/XMLSchema#"


def ask(client: httpx.Client, query: str) -> list[dict[str, str]]:
    """Ask as a page in a browser does, from another site."""
    headers = {"Accept": "application/sparql-results+json", "Origin": "https://editor.example"}
    answer = client.get("/sparql", params={"ac": "1", "query": query}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "jiqun-truncated" not in answer.headers
    return [
        {name: value["value"] for name, value in row.items()}
        for row in answer.json()["results"]["bindings"]
    ]


@pytest.fixture(scope="module")
def schema(built: httpx.Client) -> list[dict[str, str]]:
    """The answer to the largest question."""
    return ask(built, SCHEMA)


def test_every_saved_query_is_an_example_once(built: httpx.Client, built_release: Path) -> None:
    """With its text as it was saved, which other tests have two libraries read."""
    found = ask(built, EXAMPLES)
    listed = built.get("/queries", headers={"Accept": "application/json"}).json()["queries"]
    assert [row["example"] for row in found] == sorted(each["iri"] for each in listed)
    iris = {each["name"]: each["iri"] for each in listed}
    saved = read_saved_queries((built_release / "queries.json").read_bytes())
    assert {row["example"]: row["text"] for row in found} == {
        iris[name]: query.text for name, query in saved.items()
    }
    assert all(row["says"].strip() for row in found)


def test_an_example_says_what_the_collections_of_examples_want(built: httpx.Client) -> None:
    lacking = ask(
        built,
        """
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX schema: <https://schema.org/>
PREFIX sh: <http://www.w3.org/ns/shacl#>
PREFIX spex: <https://purl.expasy.org/sparql-examples/ontology#>
SELECT ?example (COUNT(DISTINCT ?comment) AS ?comments) (COUNT(DISTINCT ?target) AS ?targets)
  (COUNT(DISTINCT ?text) AS ?texts) (COUNT(DISTINCT ?tag) AS ?tags)
WHERE {
  ?example a sh:SPARQLExecutable .
  OPTIONAL { ?example rdfs:comment ?comment }
  OPTIONAL { ?example schema:target ?target }
  OPTIONAL { ?example schema:keywords ?tag }
  OPTIONAL { ?example sh:select|sh:ask|sh:construct|spex:describe ?text }
}
GROUP BY ?example
HAVING (?comments != 1 || ?targets != 1 || ?texts != 1 || ?tags = 0)
""",
    )
    assert lacking == []


def test_every_prefix_of_the_project_is_declared_once(built: httpx.Client) -> None:
    found = {}
    for row in ask(built, PREFIXES):
        assert row["short"] not in found
        found[row["short"]] = row["long"]
    assert read_prefixes(locate()).items() <= found.items()


def test_the_schema_knows_every_class_and_property_of_things(
    built: httpx.Client, schema: list[dict[str, str]]
) -> None:
    known = {(row["class"], row["property"]) for row in schema}
    used = ask(built, "SELECT DISTINCT ?class ?property WHERE { ?x a ?class ; ?property ?y }")
    assert known == {(row["class"], row["property"]) for row in used}
    classes = ask(built, "SELECT DISTINCT ?class WHERE { [] a ?class }")
    assert {row["class"] for row in schema} == {row["class"] for row in classes}


def test_the_schema_knows_classes_and_datatypes_of_values(schema: list[dict[str, str]]) -> None:
    def of(cls: str, name: str, kind: str) -> set[str]:
        return {
            row[kind]
            for row in schema
            if (row["class"], row["property"]) == (KG + cls, KG + name) and kind in row
        }

    assert f"{KG}PrefectureLevelDivision" in of("Cluster", "locatedIn", "valueClass")
    assert f"{KG}Region" not in of("PrefectureLevelDivision", "within", "valueClass")
    assert of("Passage", "start", "valueType") == {f"{XSD}integer"}
    assert of("Passage", "passageOf", "valueType") == set()
    labels = {row.get("classLabel") for row in schema if row["class"] == f"{KG}Cluster"}
    assert "industrial cluster" in labels


def test_an_editor_may_ask_in_every_way(built: httpx.Client) -> None:
    origin = {"Origin": "https://editor.example"}
    allowed = built.options(
        "/sparql",
        headers=origin
        | {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,accept,x-requested-with",
        },
    )
    assert allowed.status_code in {200, 204}
    assert "POST" in allowed.headers["access-control-allow-methods"]
    for answer in (
        built.get("/sparql", params={"query": "ASK {}"}, headers=origin),
        built.post("/sparql", data={"query": "ASK {}"}, headers=origin),
    ):
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "*"
