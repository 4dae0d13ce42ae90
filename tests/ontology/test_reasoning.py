"""Under OWL 2 RL the ontology and the data are consistent, and no two things become one.

The reasoner is owlrl: of the two that are maintained for Python it is the slower one, and the only
one that says what is inconsistent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import owlrl  # type: ignore[import-untyped]
import pytest
from pyoxigraph import NamedNode, RdfFormat, parse, serialize
from rdflib import OWL, RDF, RDFS, SKOS, Graph, Namespace, URIRef

ROOT: Final = Path(__file__).resolve().parents[2]
SEED: Final = ROOT / "data" / "sources" / "hebei-daily-2024-12-23"
KG: Final = Namespace("https://w3id.org/jiqun/ontology#")
ID: Final = Namespace("https://w3id.org/jiqun/id/")
ERROR: Final = URIRef("http://www.daml.org/2002/03/agents/agent-ont#error")


def closed(graph: Graph) -> Graph:
    closure = Graph() + graph
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(closure)
    return closure


def contradictions(closure: Graph) -> list[str]:
    return sorted(str(message) for message in closure.objects(None, ERROR))


@pytest.fixture(scope="module")
def ontology() -> Graph:
    """The axioms; annotations say nothing to a reasoner and cost it most of its time."""
    graph = Graph().parse(ROOT / "ontology" / "jiqun.ttl")
    annotations = {RDFS.label, RDFS.isDefinedBy, RDFS.comment, SKOS.definition, SKOS.example}
    for predicate in annotations:
        graph.remove((None, predicate, None))
    return graph


@pytest.fixture(scope="module")
def seed(ontology: Graph) -> Graph:
    """The closure of the ontology with the seed article: its facts and what its things are."""
    graph = Graph() + ontology
    for path in [
        *sorted((ROOT / "ontology" / "concepts").glob("*.ttl")),
        *sorted((ROOT / "data" / "register").glob("*.ttl")),
    ]:
        for quad in parse(path=path, format=RdfFormat.TURTLE):
            if quad.predicate.value == str(RDF.type) and isinstance(quad.object, NamedNode):
                thing = URIRef(str(quad.subject)[1:-1])
                graph.add((thing, RDF.type, URIRef(quad.object.value)))
    facts = parse((SEED / "facts.trig").read_bytes(), format=RdfFormat.TRIG)
    triples = serialize((quad.triple for quad in facts), format=RdfFormat.N_TRIPLES)
    graph.parse(data=triples, format="nt")
    return closed(graph)


def test_the_ontology_is_consistent_and_no_class_of_it_empty(ontology: Graph) -> None:
    """A thing in every class at once may be odd, yet it contradicts nothing in OWL Lite."""
    graph = Graph() + ontology
    for number, term in enumerate(sorted(ontology.subjects(RDF.type, OWL.Class), key=str)):
        graph.add((ID[f"thing-{number}"], RDF.type, term))
    closure = closed(graph)
    assert contradictions(closure) == []
    assert not list(closure.subjects(RDF.type, OWL.Nothing))


def test_the_seed_article_is_consistent(seed: Graph) -> None:
    assert contradictions(seed) == []


def test_no_two_things_of_the_seed_article_become_one(seed: Graph) -> None:
    """A functional property with two values would make them the same without a word."""
    same = [
        (str(one), str(other))
        for one, other in seed.subject_objects(OWL.sameAs)
        if one != other and str(one).startswith(str(ID)) and isinstance(other, URIRef)
    ]
    assert same == []


def test_superclasses_and_transitive_places_are_inferred(seed: Graph) -> None:
    assert (ID["liu-bo"], RDF.type, KG.Agent) in seed
    assert (KG.Ministry, RDFS.subClassOf, KG.Agent) in seed
    assert (ID["hebei-diit-work-safety-division"], KG.partOfOrganisation, ID["hebei-diit"]) in seed
    assert (ID["jjj-safety-emergency-equipment"], KG.locatedIn, ID.shijiazhuang) in seed


def test_two_values_of_a_functional_property_are_found(ontology: Graph) -> None:
    """The reasoner does see what the tests above rely on it to see."""
    graph = Graph()
    graph += ontology.triples((KG.designates, None, None))
    graph.add((ID.fact, KG.designates, ID.one))
    graph.add((ID.fact, KG.designates, ID.two))
    graph.add((ID.one, OWL.differentFrom, ID.two))
    closure = closed(graph)
    assert (ID.one, OWL.sameAs, ID.two) in closure
    assert contradictions(closure)
