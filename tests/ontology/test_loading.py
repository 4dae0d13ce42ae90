"""The ontology loads without loss in the tools of its readers, and survives the way back."""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import owlready2  # type: ignore[import-untyped]
import pyhornedowl
import pytest
from pyoxigraph import CanonicalizationAlgorithm, Dataset, RdfFormat, parse, serialize
from pyoxigraph import Literal as Term
from rdflib import OWL, RDF, RDFS, XSD, BNode, Graph, URIRef
from rdflib.compare import isomorphic

if TYPE_CHECKING:
    from rdflib.term import Node

ONTOLOGY: Final = Path(__file__).resolve().parents[2] / "ontology"
FILES: Final = [
    ONTOLOGY / "jiqun.ttl",
    ONTOLOGY / "alignments.ttl",
    ONTOLOGY / "shapes.ttl",
    *sorted((ONTOLOGY / "concepts").glob("*.ttl")),
]
IRI: Final = "https://w3id.org/jiqun/ontology"


@pytest.fixture(scope="module")
def graph() -> Graph:
    return Graph().parse(ONTOLOGY / "jiqun.ttl")


@pytest.fixture(scope="module")
def rdf_xml(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ontology") / "jiqun.rdf"
    graph.serialize(path, format="xml", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def horned(rdf_xml: Path) -> pyhornedowl.PyIndexedOntology:
    return pyhornedowl.open_ontology_from_file(str(rdf_xml))


def names(graph: Graph, kind: URIRef) -> set[str]:
    return {str(term) for term in graph.subjects(RDF.type, kind)}


def canonical(data: bytes, media: RdfFormat) -> set[str]:
    dataset = Dataset(parse(data, format=media))
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return {str(quad) for quad in dataset}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rdflib_and_pyoxigraph_read_the_same(path: Path) -> None:
    """A difference of case in a language tag is none: RDF 1.1 Concepts, section 3.3."""
    read = Graph().parse(path)
    written = read.serialize(format="nt", encoding="utf-8")
    assert canonical(path.read_bytes(), RdfFormat.TURTLE) == canonical(written, RdfFormat.N_TRIPLES)


@pytest.mark.parametrize("syntax", ["turtle", "xml", "nt"])
def test_rdflib_writes_and_reads_it_back(graph: Graph, syntax: str) -> None:
    written = graph.serialize(format=syntax, encoding="utf-8")
    assert isomorphic(Graph().parse(data=written, format=syntax), graph)


@pytest.mark.parametrize(
    "media", [RdfFormat.TURTLE, RdfFormat.RDF_XML, RdfFormat.N_TRIPLES, RdfFormat.JSON_LD]
)
def test_pyoxigraph_writes_and_reads_it_back(media: RdfFormat) -> None:
    data = (ONTOLOGY / "jiqun.ttl").read_bytes()
    triples = (quad.triple for quad in parse(data, format=RdfFormat.TURTLE))
    written = serialize(triples, format=media)
    assert written
    assert canonical(written, media) == canonical(data, RdfFormat.TURTLE)


def shape_of(graph: Graph) -> Counter[tuple[str, str, str]]:
    """Count the triples with every blank node called the same."""

    def name(term: Node) -> str:
        return "_:" if isinstance(term, BNode) else term.n3().removesuffix(f"^^{XSD.string.n3()}")

    return Counter((name(s), name(p), name(o)) for s, p, o in graph)


def test_owlready2_knows_every_triple_and_term(graph: Graph) -> None:
    world = owlready2.World()
    data = graph.serialize(format="nt", encoding="utf-8")
    world.get_ontology(f"{IRI}#").load(fileobj=io.BytesIO(data))
    held = shape_of(world.as_rdflib_graph())
    assert shape_of(graph) - held == Counter()
    # its own note that something was loaded
    assert set(held - shape_of(graph)) <= {
        ("<http://anonymous>", RDF.type.n3(), OWL.Ontology.n3()),
    }
    assert {term.iri for term in world.classes()} == names(graph, OWL.Class)
    assert {term.iri for term in world.object_properties()} == names(graph, OWL.ObjectProperty)
    assert {term.iri for term in world.data_properties()} == names(graph, OWL.DatatypeProperty)
    annotations = {term.iri for term in world.annotation_properties()}
    assert annotations == names(graph, OWL.AnnotationProperty)


def test_horned_owl_knows_every_term(graph: Graph, horned: pyhornedowl.PyIndexedOntology) -> None:
    assert str(horned.get_iri()) == IRI
    assert set(horned.get_classes()) == names(graph, OWL.Class)
    assert set(horned.get_object_properties()) == names(graph, OWL.ObjectProperty)
    assert set(horned.get_data_properties()) == names(graph, OWL.DatatypeProperty)
    assert set(horned.get_annotation_properties()) == names(graph, OWL.AnnotationProperty)
    assert set(horned.get_datatypes()) == names(graph, RDFS.Datatype)


def test_horned_owl_turns_every_triple_into_its_axiom(
    graph: Graph, horned: pyhornedowl.PyIndexedOntology
) -> None:
    """A restriction's three triples belong to the axiom that uses it; the header is one component.

    Were a triple not OWL 2 DL, the reader would leave it out and the numbers would differ.
    """
    axioms = Counter(type(item.component).__name__ for item in horned.get_components())
    restrictions = len(names(graph, OWL.Restriction))
    header = {(URIRef(IRI), RDF.type, OWL.Ontology), *graph.triples((None, OWL.versionIRI, None))}
    assert axioms.total() - axioms["OntologyID"] == len(graph) - 3 * restrictions - len(header)
    assert axioms["SubClassOf"] == len(set(graph.subject_objects(RDFS.subClassOf)))
    properties = axioms["SubObjectPropertyOf"] + axioms["SubDataPropertyOf"]
    assert properties == len(set(graph.subject_objects(RDFS.subPropertyOf)))


@pytest.mark.parametrize("syntax", ["ofn", "owx", "rdf"])
def test_horned_owl_writes_and_reads_it_back(
    horned: pyhornedowl.PyIndexedOntology, syntax: Literal["ofn", "owx", "rdf"]
) -> None:
    again = pyhornedowl.open_ontology_from_string(horned.save_to_string(syntax), syntax)
    assert {str(item) for item in again.get_components()} == {
        str(item) for item in horned.get_components()
    }


@pytest.mark.parametrize("name", ["jiqun", "shapes"])
def test_chinese_is_punctuated_as_chinese(name: str) -> None:
    half_width = re.compile("[\u4e00-\u9fff][,:;?!(]|[,:;?!)][\u4e00-\u9fff]")
    quads = parse(path=ONTOLOGY / f"{name}.ttl", format=RdfFormat.TURTLE)
    texts = [quad.object.value for quad in quads if isinstance(quad.object, Term)]
    assert [text for text in texts if half_width.search(text)] == []
