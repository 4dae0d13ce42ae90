"""The links as RDF: the triples themselves, what is behind each, and a `void:Linkset` a target.

A link is a SKOS triple and a `sssom:Mapping` with an IRI of its own, which keeps justification,
confidence and version: `…/graph/links-wikidata#beijing-Q956`. SSSOM's own RDF form would reify
with `owl:Axiom`, which makes annotations of OWL out of them; these are data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pyoxigraph as ox

from jiqun.knowledge.turtle.terms import RDF_TYPE, RDFS, XSD
from jiqun.vocabulary import BASE, ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jiqun.knowledge.dataset import Graphs
    from jiqun.knowledge.links.sssom import Mapping, MappingSet

SSSOM: Final = "https://w3id.org/sssom/"
VOID: Final = "http://rdfs.org/ns/void#"
DCTERMS: Final = "http://purl.org/dc/terms/"
DATASET: Final = f"{BASE}dataset"


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
            RDF_TYPE.value: ox.NamedNode(f"{SSSOM}Mapping"),
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

    count = str(len(mapping_set.mappings))
    yield ox.Triple(ox.NamedNode(DATASET), ox.NamedNode(f"{VOID}subset"), node)
    yield said(RDF_TYPE.value, ox.NamedNode(f"{VOID}Linkset"))
    yield said(RDF_TYPE.value, ox.NamedNode(f"{SSSOM}MappingSet"))
    yield said(f"{DCTERMS}title", ox.Literal(mapping_set.title, language="en"))
    yield said(f"{DCTERMS}license", ox.NamedNode(mapping_set.licence))
    yield said(f"{VOID}subjectsTarget", ox.NamedNode(DATASET))
    yield said(f"{VOID}objectsTarget", ox.NamedNode(mapping_set.object_source))
    # the SKOS triples, not what describes them
    yield said(f"{VOID}triples", ox.Literal(count, datatype=ox.NamedNode(f"{XSD}integer")))
    for predicate in sorted({mapping.predicate for mapping in mapping_set.mappings}):
        yield said(f"{VOID}linkPredicate", ox.NamedNode(predicate))
