from __future__ import annotations

import pyoxigraph as ox
import pytest

from jiqun.errors import ContentError
from jiqun.knowledge.dataset import INFERRED, ONTOLOGY, REGISTER, SHAPES, merge, split
from jiqun.knowledge.inference import Rule, infer

E = "@prefix : <http://e/> . @prefix owl: <http://www.w3.org/2002/07/owl#> . "
E += "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . "
AXIOMS = """
:Town rdfs:subClassOf :Place . :Place rdfs:subClassOf :Thing , [ a owl:Restriction ] .
:City owl:equivalentClass :Town .
:in a owl:TransitiveProperty ; owl:inverseOf :has ; rdfs:subPropertyOf :near .
:near a owl:SymmetricProperty ; rdfs:domain :Place .
"""


def triples(text: str) -> set[ox.Triple]:
    return {quad.triple for quad in ox.parse(E + text, ox.RdfFormat.TURTLE)}


def follows(data: str, *rules: str) -> set[ox.Triple]:
    graphs = {ONTOLOGY: triples(AXIOMS), REGISTER: triples(data)}
    return infer(graphs, [Rule(f"{number}.rq", text) for number, text in enumerate(rules)])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (":a a :Town", ":a a :Place , :Thing , :City"),
        (":a :near :b", ":b :near :a"),
        (":a :has :b", ":b :in :a ; :near :a . :a :near :b"),
        (
            ":a :in :b . :b :in :c . :c :in :d",
            (
                ":a :in :c , :d . :b :in :d . :d :has :a , :b , :c . :c :has :a , :b . "
                ":b :has :a . :a :near :b , :c , :d . :b :near :a , :c , :d . "
                ":c :near :a , :b , :d . :d :near :a , :b , :c"
            ),
        ),
        (':a :in "b"', ':a :near "b"'),
    ],
)
def test_the_closure(data: str, expected: str) -> None:
    assert follows(f"{data} .") == triples(f"{expected} .")


def test_what_is_stated_is_not_inferred() -> None:
    assert follows(":a a :Town , :Place , :Thing , :City . :a :near :a .") == set()


def test_a_cycle_ends() -> None:
    found = follows(":a :in :b . :b :in :a .")
    assert triples(":a :in :a . :b :in :b .") <= found


def test_rules_and_closure_feed_each_other() -> None:
    rule = "PREFIX : <http://e/> CONSTRUCT { ?a :in ?b } WHERE { ?a :partOf ?b ; a :Thing }"
    other = "PREFIX : <http://e/> CONSTRUCT { ?b :partOf :all } WHERE { ?a :in ?b }"
    found = follows(":a a :Town ; :partOf :b .", rule, other)
    assert triples(":a :in :b . :b :partOf :all .") <= found
    assert triples(":b :in :all .").isdisjoint(found)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("SELECT * WHERE { ?s ?p ?o }", "0.rq: an inference rule must be a CONSTRUCT query"),
        ("CONSTRUCT { ?s ?p [] } WHERE { ?s ?p ?o }", "0.rq: it creates a blank node"),
        ("CONSTRUCT WHERE", "0.rq: "),
        (
            "CONSTRUCT { ?s <http://e/n> ?m } WHERE { ?s <http://e/n> ?n BIND (?n + 1 AS ?m) }",
            "These rules still find new triples after 20 rounds: 0.rq",
        ),
    ],
)
def test_a_rule_that_cannot_be_run_is_named(rule: str, message: str) -> None:
    with pytest.raises(ContentError) as refused:
        follows(":a :n 1 .", rule)
    assert str(refused.value).startswith(message)


def test_the_merge_leaves_the_shapes_out_and_holds_every_triple_once() -> None:
    one = triples(":a :b :c .")
    assert merge({REGISTER: one, INFERRED: one, SHAPES: triples(":x :y :z .")}) == one


def test_splitting_keeps_the_default_graph_apart() -> None:
    graphs = split(ox.parse(f"{E} :a :b :c . :g {{ :d :e :f }}", ox.RdfFormat.TRIG))
    assert graphs == {"": triples(":a :b :c ."), "http://e/g": triples(":d :e :f .")}
