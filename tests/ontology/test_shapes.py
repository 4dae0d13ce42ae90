"""Every shape accepts its valid example and refuses its invalid one.

`shapes/<Shape>.valid.ttl` and `.invalid.ttl` describe `id:it`; what stands around it is not looked
at. The valid one has to conform to all shapes, the invalid one has to break the shape of its name.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyshacl
import pytest
from rdflib import OWL, RDF, RDFS, SH, BNode, Graph, Literal, Namespace, URIRef

if TYPE_CHECKING:
    from rdflib.term import Node

ONTOLOGY: Final = Path(__file__).resolve().parents[2] / "ontology"
EXAMPLES: Final = Path(__file__).parent / "shapes"
SHAPE: Final = Namespace("https://w3id.org/jiqun/shapes#")
IT: Final = "https://w3id.org/jiqun/id/it"


@cache
def shapes() -> Graph:
    return Graph().parse(ONTOLOGY / "shapes.ttl")


@cache
def superclasses() -> Graph:
    ontology = Graph().parse(ONTOLOGY / "jiqun.ttl")
    found = Graph()
    for triple in ontology.triples((None, RDFS.subClassOf, None)):
        if isinstance(triple[2], URIRef):
            found.add(triple)
    return found


NAMES: Final = sorted(
    str(shape).removeprefix(str(SHAPE)) for shape in shapes().subjects(RDF.type, SH.NodeShape)
)


def alone(name: str) -> Graph:
    """Return one shape with all it refers to and nothing else."""
    found = Graph()
    left: list[Node] = [SHAPE[name]]
    while left:
        node = left.pop()
        for triple in shapes().triples((node, None, None)):
            if triple not in found:
                found.add(triple)
                left.append(triple[2])
    return found


def results(name: str, kind: str, with_shapes: Graph) -> list[list[Literal]]:
    """Validate the example; return the messages of each result for `id:it`."""
    data = Graph().parse(EXAMPLES / f"{name}.{kind}.ttl") + superclasses()
    _, report, _ = pyshacl.validate(data, shacl_graph=with_shapes, inference="none")
    assert isinstance(report, Graph)
    return [
        [text for text in report.objects(result, SH.resultMessage) if isinstance(text, Literal)]
        for result in report.subjects(SH.focusNode, URIRef(IT))
    ]


def test_every_class_has_a_shape() -> None:
    ontology = Graph().parse(ONTOLOGY / "jiqun.ttl")
    targets = set(shapes().objects(None, SH.targetClass))
    assert set(ontology.subjects(RDF.type, OWL.Class)) == targets


def test_every_shape_has_its_examples_and_no_other_file_is_there() -> None:
    assert sorted(path.name for path in EXAMPLES.iterdir()) == sorted(
        f"{name}.{kind}.ttl" for name in NAMES for kind in ("valid", "invalid")
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_valid_example_conforms(name: str) -> None:
    assert results(name, "valid", shapes()) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_invalid_example_breaks_the_shape_of_its_name(name: str) -> None:
    found = results(name, "invalid", alone(name))
    assert found
    for texts in found:
        assert {text.language for text in texts} == {"en", "zh-Hans"}


def test_a_target_of_an_example_is_what_its_shape_is_for() -> None:
    for name in NAMES:
        target = shapes().value(SHAPE[name], SH.targetClass)
        if target is not None:
            for kind in ("valid", "invalid"):
                data = Graph().parse(EXAMPLES / f"{name}.{kind}.ttl")
                assert (URIRef(IT), RDF.type, target) in data, f"{name}.{kind}"


def test_shapes_name_only_declared_terms() -> None:
    ontology = Graph().parse(ONTOLOGY / "jiqun.ttl")
    declared = set(ontology.subjects(RDF.type, None)) | {RDFS.label}
    named = {
        term
        for role in (SH.path, SH["class"], SH.targetClass, SH.targetSubjectsOf, SH.lessThan)
        for term in shapes().objects(None, role)
    }
    assert named <= declared


def test_shapes_are_core_shacl_alone() -> None:
    """No SPARQL, rules or targets of the advanced features: any validator can run them."""
    advanced = {SH.sparql, SH.rule, SH.target, SH.js, SH.select, SH.expression}
    assert not advanced & set(shapes().predicates())
    assert not [node for node in shapes().objects(None, SH.path) if isinstance(node, BNode)]
