from __future__ import annotations

import pyoxigraph as ox
import pytest

from jiqun.knowledge.catalogue import describe_partitions
from jiqun.rdf.namespaces import VOID

DATASET = "https://w3id.org/jiqun/dataset"
PART = "https://w3id.org/jiqun/.well-known/void#"
PREFIXES = {"ex": "http://e/", "kg": "https://w3id.org/jiqun/ontology#"}
HEAD = """
@prefix : <http://e/> . @prefix kg: <https://w3id.org/jiqun/ontology#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
"""
PLACES = """
kg:City rdfs:subClassOf kg:Region . kg:Region rdfs:subClassOf :Place , [ a owl:Restriction ] .
kg:Region owl:equivalentClass :Area .
:a a kg:City , kg:Region , :Area , :Place ; :near :b , "b" , "b"@en , 1 .
:b a kg:Region , :Area , :Place .
"""


def triples(text: str) -> set[ox.Triple]:
    return {quad.triple for quad in ox.parse(HEAD + text, ox.RdfFormat.TURTLE)}


def described(text: str) -> tuple[ox.Store, set[ox.Triple]]:
    default = triples(text)
    numbers = describe_partitions(default, PREFIXES)
    assert not default & numbers
    store = ox.Store()
    store.extend(ox.Quad(*triple) for triple in default | numbers)
    return store, numbers


def ask(store: ox.Store, query: str) -> list[list[str]]:
    rows = store.query(f"PREFIX void: <{VOID}> PREFIX : <http://e/> {query}")
    assert isinstance(rows, ox.QuerySolutions)
    return sorted([term.value for term in row] for row in rows)


@pytest.mark.parametrize("text", [PLACES, "", ":a :p :b .", f"<{DATASET}> a :X ; :p 1 ."])
def test_the_numbers_count_themselves(text: str) -> None:
    store, _ = described(text)
    ((whole, subjects, properties, classes),) = ask(
        store,
        "SELECT * WHERE { { SELECT (COUNT(*) AS ?t) (COUNT(DISTINCT ?s) AS ?u) "
        "(COUNT(DISTINCT ?p) AS ?v) WHERE { ?s ?p ?o } } "
        "{ SELECT (COUNT(DISTINCT ?c) AS ?w) WHERE { ?x a ?c } } }",
    )
    stated = {
        name: ask(store, f"SELECT ?n WHERE {{ <{DATASET}> void:{name} ?n }}")
        for name in ("triples", "distinctSubjects", "properties", "classes")
    }
    assert stated == {
        "triples": [[whole]],
        "distinctSubjects": [[subjects]],
        "properties": [[properties]],
        "classes": [[classes]],
    }
    wrong = ask(
        store,
        f"SELECT ?p ?n ?m WHERE {{ <{DATASET}> void:propertyPartition [ void:property ?p ; "
        "void:triples ?n ] { SELECT ?p (COUNT(*) AS ?m) WHERE { ?s ?p ?o } GROUP BY ?p } "
        "FILTER (?n != ?m) }",
    )
    assert wrong == []


def test_entities_count_for_every_class_and_values_for_the_most_specific() -> None:
    store, _ = described(PLACES)
    classes = "?part void:class ?class ; void:entities ?n"
    counted = ask(store, f"SELECT ?class ?n WHERE {{ {classes} FILTER (?n > 1) }}")
    assert counted == [
        ["http://e/Area", "2"],
        ["http://e/Place", "2"],
        ["https://w3id.org/jiqun/ontology#Region", "2"],
    ]
    values = ask(
        store,
        "SELECT ?class ?value WHERE { ?part void:property :near ; "
        "void:classPartition/void:class ?value . "
        "?whole void:class ?class ; void:propertyPartition ?part }",
    )
    assert values == [
        ["https://w3id.org/jiqun/ontology#City", "https://w3id.org/jiqun/ontology#Region"]
    ]
    datatypes = ask(
        store,
        "PREFIX ext: <http://ldf.fi/void-ext#> SELECT ?type WHERE { "
        f"<{PART}ex.Place-ex.near> ext:datatypePartition/ext:datatype ?type }}",
    )
    assert [row[0].rpartition("#")[2] for row in datatypes] == ["langString", "integer", "string"]


def test_a_cycle_of_classes_ends() -> None:
    store, _ = described(
        ":A rdfs:subClassOf :B . :B rdfs:subClassOf :C . :C rdfs:subClassOf :A . :x a :A ; :p :x ."
    )
    values = "?part void:property :p ; void:classPartition/void:class ?value"
    assert ask(store, f"SELECT ?value WHERE {{ {values} }}") == [["http://e/A"]]


def test_a_term_without_prefix_has_a_part_too() -> None:
    _, numbers = described("<urn:x/y?z=1> a <http://other/#K> .")
    parts = {triple.subject.value for triple in numbers if isinstance(triple.subject, ox.NamedNode)}
    assert f"{PART}http%3A%2F%2Fother%2F%23K" in parts
