"""Links as RDF, and the rules that hold between them.

The links as RDF: the triples themselves, what is behind each, and a `void:Linkset` a target.

A link is a SKOS triple and a `sssom:Mapping` with an IRI of its own, which keeps justification,
confidence and version: `…/graph/links-wikidata#beijing-Q956`. SSSOM's own RDF form would reify
with `owl:Axiom`, which makes annotations of OWL out of them; these are data.

What must hold between links: known subjects, no link twice, one identifier for one thing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as TypingMapping
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from jiqun.knowledge.content import Content, Finding
from jiqun.knowledge.dataset import CONCEPTS, REGISTER, Graphs, homes
from jiqun.knowledge.links.mappings import EXACT, RULE, Mapping, MappingSet, read
from jiqun.knowledge.turtle_files import Document
from jiqun.rdf.namespaces import DATASET, DCTERMS, ID, RDFS, SSSOM, VOID, XSD
from jiqun.rdf.terms import TYPE

_LOCAL: Final = re.compile(r"[#/]")


def link_graphs(sets: Iterable[MappingSet]) -> Graphs:
    """Return one graph for every target, under the IRI of its mapping set."""
    return {found.iri: set(_links(found)) for found in sets}


def describe_links(sets: Iterable[MappingSet]) -> set[ox.Triple]:
    """Return the `void:Linkset` of every target (https://www.w3.org/TR/void/#linkset)."""
    return {triple for found in sets for triple in _linkset(found)}


def mapping_iri(mapping_set: MappingSet, mapping: Mapping) -> str:
    """Return the IRI of a link: that of its set, the subject's slug and the object's name."""
    subject = mapping.subject.removeprefix(ID)
    return f"{mapping_set.iri}#{quote(f'{subject}-{mapping.local}', safe='')}"


def _links(mapping_set: MappingSet) -> Iterator[ox.Triple]:
    for mapping in mapping_set.mappings:
        subject, linked = ox.NamedNode(mapping.subject), ox.NamedNode(mapping.object)
        yield ox.Triple(subject, ox.NamedNode(mapping.predicate), linked)
        node = ox.NamedNode(mapping_iri(mapping_set, mapping))
        confidence = ox.Literal(str(mapping.confidence), datatype=ox.NamedNode(f"{XSD}decimal"))
        values: dict[str, ox.NamedNode | ox.Literal] = {
            TYPE.value: ox.NamedNode(f"{SSSOM}Mapping"),
            f"{DCTERMS}isPartOf": ox.NamedNode(mapping_set.iri),
            f"{SSSOM}subject_id": subject,
            f"{SSSOM}predicate_id": ox.NamedNode(mapping.predicate),
            f"{SSSOM}object_id": linked,
            f"{SSSOM}object_label": ox.Literal(mapping.label),
            f"{SSSOM}mapping_justification": ox.NamedNode(mapping.justification),
            f"{SSSOM}confidence": confidence,
            f"{SSSOM}object_source_version": ox.Literal(mapping.version),
        }
        if mapping.source:
            values[f"{SSSOM}mapping_source"] = ox.NamedNode(mapping.source)
        if mapping.comment:
            values[f"{RDFS}comment"] = ox.Literal(mapping.comment, language="en")
        for predicate, value in values.items():
            yield ox.Triple(node, ox.NamedNode(predicate), value)


def _linkset(mapping_set: MappingSet) -> Iterator[ox.Triple]:
    node = ox.NamedNode(mapping_set.iri)

    def said(predicate: str, value: ox.NamedNode | ox.Literal) -> ox.Triple:
        return ox.Triple(node, ox.NamedNode(predicate), value)

    yield ox.Triple(ox.NamedNode(DATASET), ox.NamedNode(f"{VOID}subset"), node)
    yield said(TYPE.value, ox.NamedNode(f"{SSSOM}MappingSet"))
    yield said(f"{DCTERMS}title", ox.Literal(mapping_set.title, language="en"))
    yield said(f"{DCTERMS}license", ox.NamedNode(mapping_set.licence))
    predicates = Counter(mapping.predicate for mapping in mapping_set.mappings)
    yield from _counted(node, mapping_set, predicates)
    for predicate, count in sorted(predicates.items()):
        part = ox.NamedNode(f"{mapping_set.iri}#{_LOCAL.split(predicate)[-1]}")
        yield said(f"{VOID}subset", part)
        yield from _counted(part, mapping_set, {predicate: count})


def _counted(
    node: ox.NamedNode, mapping_set: MappingSet, predicates: TypingMapping[str, int]
) -> Iterator[ox.Triple]:
    # the SKOS triples, not what describes them
    count = ox.Literal(str(sum(predicates.values())), datatype=ox.NamedNode(f"{XSD}integer"))
    yield ox.Triple(node, TYPE, ox.NamedNode(f"{VOID}Linkset"))
    yield ox.Triple(node, ox.NamedNode(f"{VOID}subjectsTarget"), ox.NamedNode(DATASET))
    target = ox.NamedNode(mapping_set.object_source)
    yield ox.Triple(node, ox.NamedNode(f"{VOID}objectsTarget"), target)
    yield ox.Triple(node, ox.NamedNode(f"{VOID}triples"), count)
    for predicate in predicates:
        yield ox.Triple(node, ox.NamedNode(f"{VOID}linkPredicate"), ox.NamedNode(predicate))


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
        if quad.predicate == TYPE and isinstance(quad.subject, ox.NamedNode)
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
