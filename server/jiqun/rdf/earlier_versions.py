"""Converts RDF 1.2 to earlier versions, without loss.

A triple term becomes a blank node that is described by `rdf:PropositionForm` and its three
properties (RDF 1.2 Interoperability, basic encoding); a text with a direction becomes a literal
with a datatype of the i18n namespace (JSON-LD 1.1, 4.2.4.1). Version labels are those of RDF 1.2
Concepts, 2.1: `1.2`, `1.2-basic` (no triple terms) and `1.1` (neither).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

import pyoxigraph as ox

from jiqun.rdf.namespaces import RDF
from jiqun.rdf.terms import Term

NEWEST: Final = "1.2"
BASIC: Final = "1.2-basic"
EARLIEST: Final = "1.1"
LABELS: Final = (EARLIEST, BASIC, NEWEST)
I18N: Final = "https://www.w3.org/ns/i18n#"

_TYPE: Final = ox.NamedNode(f"{RDF}type")
_FORM: Final = ox.NamedNode(f"{RDF}PropositionForm")
_PARTS: Final = tuple(
    ox.NamedNode(f"{RDF}propositionForm{part}") for part in ("Subject", "Predicate", "Object")
)
_LABEL_BYTES: Final = 8


def blank_label(term: bytes) -> str:
    """Return the label of the blank node for a triple term, by its text: the same for the same."""
    return f"t{blake2b(term, digest_size=_LABEL_BYTES).hexdigest()}"


class EarlierVersion:
    """Writes triples in an earlier version of RDF; `used` is true if one was newer."""

    def __init__(self, version: str) -> None:
        """Write for readers of `version`, one of `LABELS`."""
        self.used = False
        self._directions = version == BASIC
        self._described: set[str] = set()

    def triples(self, triples: Iterable[ox.Triple]) -> Iterator[ox.Triple]:
        """Yield the triples, each triple term as a blank node and followed by what describes it."""
        for triple in triples:
            value = triple.object
            if isinstance(value, ox.Triple) or (isinstance(value, ox.Literal) and value.direction):
                assert isinstance(triple.subject, ox.NamedNode | ox.BlankNode)
                yield from self._encoded(triple.subject, triple.predicate, value)
            else:
                yield triple

    def _encoded(
        self, subject: ox.NamedNode | ox.BlankNode, predicate: ox.NamedNode, value: Term
    ) -> Iterator[ox.Triple]:
        """Yield a triple and what it needs."""
        if isinstance(value, ox.Literal) and value.direction and not self._directions:
            self.used = True
            kind = f"{I18N}{(value.language or '').lower()}_{value.direction}"
            value = ox.Literal(value.value, datatype=ox.NamedNode(kind))
        if not isinstance(value, ox.Triple):
            yield ox.Triple(subject, predicate, value)
            return
        self.used = True
        node = ox.BlankNode(blank_label(str(value).encode()))
        yield ox.Triple(subject, predicate, node)
        if node.value in self._described:
            return
        self._described.add(node.value)
        yield ox.Triple(node, _TYPE, _FORM)
        for part, term in zip(_PARTS, value, strict=True):
            yield from self._encoded(node, part, term)
