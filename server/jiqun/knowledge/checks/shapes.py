"""The SHACL shapes, checked by pySHACL (https://www.w3.org/TR/shacl/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pyshacl
import rdflib

from jiqun.knowledge.dataset import CATALOGUE, QUERIES, SHAPES, UNMERGED, merge
from jiqun.knowledge.findings import Finding
from jiqun.knowledge.turtle.terms import ntriples, triple_line
from jiqun.vocabulary import GRAPH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jiqun.knowledge.knowledge import Knowledge
    from jiqun.knowledge.turtle.positions import Locator
    from jiqun.knowledge.turtle.terms import Term

SH: Final = rdflib.Namespace("http://www.w3.org/ns/shacl#")
_LEFT_OUT: Final = UNMERGED | {QUERIES, CATALOGUE}


def violations(
    knowledge: Knowledge, locator: Locator, shorten: Callable[[Term], str]
) -> Iterator[Finding]:
    """Yield a finding for every result of validating the merge, inferences included."""
    shapes = knowledge.graphs.get(SHAPES)
    if not shapes:
        return
    # links are checked row by row where they are read
    checked = {
        name: triples
        for name, triples in knowledge.graphs.items()
        if name not in _LEFT_OUT and not name.startswith(f"{GRAPH}links-")
    }
    data = merge(checked)
    _, report, _ = pyshacl.validate(
        as_rdflib(data), shacl_graph=as_rdflib(shapes), inference="none", inplace=True
    )
    assert isinstance(report, rdflib.Graph)
    for result in report.subjects(rdflib.RDF.type, SH.ValidationResult):
        yield _finding(report, result, locator, shorten)


def as_rdflib(triples: Iterable[ox.Triple]) -> rdflib.Graph:
    """Return the triples as a graph of rdflib."""
    text = "".join(f"{triple_line(triple)}\n" for triple in triples)
    return rdflib.Graph().parse(data=text, format="nt")


def _finding(
    report: rdflib.Graph, result: rdflib.term.Node, locator: Locator, shorten: Callable[[Term], str]
) -> Finding:
    focus, path = report.value(result, SH.focusNode), report.value(result, SH.resultPath)
    value = report.value(result, SH.value)
    messages = _messages(report, result)
    subject = shorten(_term(focus))
    about = f"{subject} {shorten(_term(path))}" if isinstance(path, rdflib.URIRef) else subject
    given = f" ({shorten(_term(value))})" if value is not None and value != focus else ""
    rule = _shape_name(report, result)
    place = locator.best(_key(focus), _key(path), _key(value))
    what = f"{about}{given}: {'; '.join(messages)}"
    if place is None:
        return Finding("ontology/shapes.ttl", 0, 0, what, rule)
    return Finding(place.path, place.line, 0, what, rule)


def _messages(report: rdflib.Graph, result: rdflib.term.Node) -> list[str]:
    texts = list(report.objects(result, SH.resultMessage))
    english = [text for text in texts if isinstance(text, rdflib.Literal) and text.language == "en"]
    return sorted(str(text) for text in english or texts)


def _shape_name(report: rdflib.Graph, result: rdflib.term.Node) -> str:
    component = str(report.value(result, SH.sourceConstraintComponent) or "")
    name = component.rpartition("#")[2].removesuffix("ConstraintComponent")
    return f"shape {name}"


def _term(node: rdflib.term.Node | None) -> Term:
    if isinstance(node, rdflib.URIRef):
        return ox.NamedNode(str(node))
    if isinstance(node, rdflib.Literal):
        if node.language:
            return ox.Literal(str(node), language=node.language)
        return ox.Literal(str(node), datatype=ox.NamedNode(str(node.datatype or rdflib.XSD.string)))
    return ox.BlankNode(str(node))


def _key(node: rdflib.term.Node | None) -> str:
    if isinstance(node, rdflib.URIRef):
        return str(node)
    return ntriples(ox.Literal(str(node))) if isinstance(node, rdflib.Literal) else ""
