"""What must hold between links: known subjects, no link twice, one identifier for one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from jiqun.knowledge.dataset import CONCEPTS, REGISTER, homes
from jiqun.knowledge.findings import Finding
from jiqun.knowledge.links.sssom import EXACT, RULE, Mapping, MappingSet, read
from jiqun.knowledge.turtle.terms import RDF_TYPE
from jiqun.vocabulary import ID

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from jiqun.knowledge.content import Content
    from jiqun.knowledge.turtle.parse import Document


def check_links(documents: Iterable[Document], content: Content) -> list[Finding]:
    """Read every mapping set and return what is wrong with it, by itself and with the data."""
    known = described(documents, content)
    findings: list[Finding] = []
    for path in content.links():
        mapping_set, wrong = read(path, content)
        findings += wrong
        if mapping_set is not None:
            findings += check_set(mapping_set, known)
    return findings


def described(documents: Iterable[Document], content: Content) -> set[str]:
    """Return the IRIs of all things that the register and the concept lists give a type."""
    graph_of = homes(content)
    return {
        quad.subject.value
        for document in documents
        if graph_of[document.path] in {REGISTER, CONCEPTS}
        for quad in document.quads
        if quad.predicate == RDF_TYPE and isinstance(quad.subject, ox.NamedNode)
    }


def check_set(mapping_set: MappingSet, known: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each link that is wrong in view of the others, or of what is known."""
    pairs: dict[tuple[str, str], int] = {}
    exact: dict[str, Mapping] = {}

    def wrong(mapping: Mapping, what: str) -> Finding:
        return Finding(mapping_set.path, mapping.line, 0, what, RULE)

    for mapping in mapping_set.mappings:
        name = mapping.subject.removeprefix(ID)
        if mapping.subject not in known:
            yield wrong(mapping, f"{name} is not described in the register or the concept lists")
        for other in (mapping.object, mapping.source):
            if other.startswith(ID) and other not in known:
                yield wrong(mapping, f"{other.removeprefix(ID)} is not described anywhere")
        first = pairs.setdefault((mapping.subject, mapping.object), mapping.line)
        if first != mapping.line:
            yield wrong(mapping, f"{name} and {mapping.local} are linked on line {first} already")
        elif mapping.predicate == EXACT:
            for end in (mapping.subject, mapping.object):
                former = exact.setdefault(end, mapping)
                if former is not mapping:
                    yield wrong(mapping, _two(mapping, former))


def _two(mapping: Mapping, former: Mapping) -> str:
    name, other = mapping.subject.removeprefix(ID), former.subject.removeprefix(ID)
    if mapping.object == former.object:
        what = f"{name} and {other} (line {former.line}) are both said to be exactly"
        return f"{what} {mapping.local}"
    return f"{name} is exactly {former.local} on line {former.line}, so not {mapping.local} as well"
