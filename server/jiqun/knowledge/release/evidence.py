"""The evidence for tools that know no named graphs: reified statements in plain Turtle.

Every statement of a passage becomes an `rdf:Statement` (RDF 1.1 Schema, section 5.3) with its
passage, its source (dcterms:source) and the words quoted (prov:value). Its IRI is a hash of the
triple and the passage, so it stays the same for as long as the passage says so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.knowledge.checks.passages import PASSAGE_OF, QUOTE
from jiqun.knowledge.dataset import SOURCES, is_passage
from jiqun.knowledge.turtle.terms import RDF, RDF_TYPE, quad_line
from jiqun.vocabulary import BASE, KG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

EVIDENCE: Final = f"{BASE}evidence/"
_STATEMENT: Final = ox.NamedNode(f"{RDF}Statement")
_SUBJECT: Final = ox.NamedNode(f"{RDF}subject")
_PREDICATE: Final = ox.NamedNode(f"{RDF}predicate")
_OBJECT: Final = ox.NamedNode(f"{RDF}object")
_STATED_IN: Final = ox.NamedNode(f"{KG}statedIn")
_DERIVED: Final = ox.NamedNode("http://www.w3.org/ns/prov#wasDerivedFrom")
_WORDS: Final = ox.NamedNode("http://www.w3.org/ns/prov#value")
_SOURCE: Final = ox.NamedNode("http://purl.org/dc/terms/source")


@dataclass(frozen=True)
class Evidence:
    """What one passage states: the statement's IRI, its triple, and what is noted of it."""

    iri: ox.NamedNode
    triple: ox.Triple
    notes: Sequence[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]]

    def reified(self) -> Iterator[ox.Triple]:
        """Yield the statement as RDF 1.1 reification."""
        yield ox.Triple(self.iri, RDF_TYPE, _STATEMENT)
        yield ox.Triple(self.iri, _SUBJECT, self.triple.subject)
        yield ox.Triple(self.iri, _PREDICATE, self.triple.predicate)
        yield ox.Triple(self.iri, _OBJECT, self.triple.object)
        for predicate, value in self.notes:
            yield ox.Triple(self.iri, predicate, value)


def statement_iri(triple: ox.Triple, passage: str) -> str:
    """Return the IRI of the statement that the passage makes with this triple."""
    digest = hashlib.sha256(quad_line(triple, passage).encode("utf-8")).hexdigest()
    return f"{EVIDENCE}{digest[:24]}"


def evidence(graphs: Mapping[str, set[ox.Triple]]) -> Iterator[Evidence]:
    """Yield every statement of every passage graph."""
    quotes: dict[str, list[ox.Literal]] = {}
    sources: dict[str, ox.NamedNode] = {}
    for subject, predicate, value in graphs.get(SOURCES, set()):
        if isinstance(subject, ox.NamedNode):
            if predicate.value == QUOTE and isinstance(value, ox.Literal):
                quotes.setdefault(subject.value, []).append(value)
            elif predicate.value == PASSAGE_OF and isinstance(value, ox.NamedNode):
                sources[subject.value] = value
    for passage in filter(is_passage, graphs):
        node = ox.NamedNode(passage)
        notes: list[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]] = [
            (_STATED_IN, node),
            (_DERIVED, node),
        ]
        if passage in sources:
            notes.append((_SOURCE, sources[passage]))
        notes += [(_WORDS, quote) for quote in quotes.get(passage, ())]
        for triple in graphs[passage]:
            yield Evidence(ox.NamedNode(statement_iri(triple, passage)), triple, notes)
