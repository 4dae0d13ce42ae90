"""One thing, one identifier, one place that says what it is.

A slug that two register files describe, or one with two types there, is most often two things
under one name. Two types are well when one is a subclass of the other. The finding stands at the
later of two files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from jiqun.knowledge.dataset import ALIGNMENTS, CONCEPTS, ONTOLOGY, REGISTER, homes
from jiqun.knowledge.findings import Finding
from jiqun.knowledge.inference import wider_classes
from jiqun.knowledge.turtle.positions import Locator
from jiqun.knowledge.turtle.terms import RDF_TYPE
from jiqun.vocabulary import ID, SOURCE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from jiqun.knowledge.content import Content
    from jiqun.knowledge.turtle.parse import Document


def check_identifiers(documents: Collection[Document], content: Content) -> Iterator[Finding]:
    """Yield a finding for each thing described twice, and for facts outside a passage's graph."""
    graph_of = homes(content)
    described: dict[str, Document] = {}
    wider = _wider_classes(documents, graph_of)
    for document in documents:
        graph = graph_of[document.path]
        locator = Locator((document,))
        if graph in {REGISTER, CONCEPTS}:
            yield from _described_twice(document, described, wider, locator)
        if not graph:
            yield from _misplaced(document, locator)


def _described_twice(
    document: Document,
    described: dict[str, Document],
    wider: Mapping[str, frozenset[str]],
    locator: Locator,
) -> Iterator[Finding]:
    types: dict[str, set[str]] = {}
    for quad in document.quads:
        if quad.predicate == RDF_TYPE and isinstance(quad.subject, ox.NamedNode):
            types.setdefault(quad.subject.value, set()).add(str(quad.object)[1:-1])
    for subject, kinds in types.items():
        name = subject.removeprefix(ID)
        place = locator.best(subject)
        line = place.line if place else 0
        other = described.setdefault(subject, document)
        if other is not document:
            what = f"{name} is described in {other.name} already"
            yield Finding(document.name, line, 0, what, "duplicate-identifier")
        if not any(kinds <= wider.get(kind, frozenset()) | {kind} for kind in kinds):
            listed = ", ".join(sorted(kind.rpartition("#")[2] for kind in kinds))
            what = f"{name} has {len(kinds)} types ({listed}): give it the one that fits best"
            yield Finding(document.name, line, 0, what, "duplicate-identifier")


def _wider_classes(
    documents: Collection[Document], graph_of: Mapping[Path, str]
) -> dict[str, frozenset[str]]:
    axioms = [
        quad.triple
        for document in documents
        if graph_of[document.path] in {ONTOLOGY, ALIGNMENTS}
        for quad in document.quads
    ]
    return wider_classes(axioms)


def _misplaced(document: Document, locator: Locator) -> Iterator[Finding]:
    own = f"{SOURCE}{document.path.parent.name}#"
    seen = set()
    for quad in document.quads:
        graph = quad.graph_name
        name = graph.value if isinstance(graph, ox.NamedNode) else ""
        subject = str(quad.subject)[1:-1]
        if not name.startswith(own) and (subject, name) not in seen:
            seen.add((subject, name))
            place = locator.best(subject, graph=name)
            what = f"{subject.removeprefix(ID)} stands outside the graphs of this source's passages"
            yield Finding(document.name, place.line if place else 0, 0, what, "evidence-graph")
