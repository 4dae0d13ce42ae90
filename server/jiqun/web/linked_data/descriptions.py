"""RDF descriptions of one thing, source or saved query.

The description of a thing consists of its triples, those of the facts about it (figures,
applications, designations …), the labels of everything they mention, and the evidence: for each
statement of a passage its reification, with the same IRI as in `evidence.ttl`, the passage with its
quotes, and the source.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pyoxigraph import NamedNode, Triple

from jiqun.query.solutions import Row, Select, term_of, triple_of
from jiqun.rdf.namespaces import (
    BASE,
    DCTERMS,
    EVIDENCE,
    FOAF,
    GRAPH,
    ID,
    KG,
    LICENCE,
    QUERY,
    RDF,
    RDF_TYPE,
    RDFS,
    RDFS_LABEL,
    SLUG,
    SOURCE,
)
from jiqun.rdf.terms import link, quad_line, text

Stated = tuple[str, Triple]
"""The IRI of a graph and a triple in it."""

MAX_FACTS: Final = 500
"""Maximum number of facts about a thing in its description."""

_ABOUT: Final = " ".join(
    f"<{KG}{name}>" for name in ("about", "applicationFor", "designates", "participationIn")
)
_BATCH: Final = 400
_UNSAFE: Final = frozenset('<>"{}|\\^` ')
_NOT_SHAPES: Final = f"FILTER (?graph != <{GRAPH}shapes>)"


def thing_exists(select: Select, slug: str) -> bool:
    """Return whether the graph has a triple about the thing with this slug."""
    if not SLUG.fullmatch(slug):
        return False
    iri = f"<{ID}{slug}>"
    return bool(select(f"SELECT ?x WHERE {{ {{ {iri} ?p ?x }} UNION {{ ?x ?p {iri} }} }} LIMIT 1"))


def source_exists(select: Select, slug: str) -> bool:
    """Return whether there is a source with this slug."""
    if not SLUG.fullmatch(slug):
        return False
    return bool(select(f"SELECT ?t WHERE {{ <{SOURCE}{slug}> a <{KG}Source>, ?t }} LIMIT 1"))


def describe_thing(select: Select, slug: str) -> tuple[list[Triple], bool] | None:
    """Describe the thing with this slug; None when the graph has no triple about it.

    Also return whether facts were omitted because there are more than `MAX_FACTS`.
    """
    if not thing_exists(select, slug):
        return None
    iri, document = ID + slug, f"{BASE}doc/{slug}"
    about = select(
        f"SELECT DISTINCT ?subject WHERE {{ VALUES ?link {{ {_ABOUT} }} ?subject ?link <{iri}> }} "
        f"LIMIT {MAX_FACTS + 1}"
    )
    facts = [row["subject"].value for row in about if row["subject"].is_iri]
    stated = _stated(select, [iri, *facts[:MAX_FACTS]])
    truncated = len(facts) > MAX_FACTS
    triples = [
        *_about_document(document, iri),
        *(triple for _, triple in stated),
        *_evidence_and_labels(select, stated),
    ]
    if truncated:
        note = f"This document has only {MAX_FACTS} of the facts about it. The dumps have all."
        triples.append(text(document, f"{RDFS}comment", note, "en"))
    return triples, truncated


def describe_sources(select: Select) -> list[Triple]:
    """Describe the sources without their passages."""
    rows = select(
        f"SELECT ?subject ?property ?value WHERE {{ ?subject a <{KG}Source> . "
        f"GRAPH <{GRAPH}sources> {{ ?subject ?property ?value }} }}"
    )
    return [*_about_document(f"{GRAPH}sources"), *map(triple_of, rows)]


def describe_queries(select: Select, name: str | None = None) -> list[Triple]:
    """Describe the saved query with this name, or all of them with the prefixes they share."""
    one = f"VALUES ?subject {{ <{QUERY}{name}> }} " if name else ""
    rows = select(
        f"SELECT ?subject ?property ?value WHERE {{ {one}"
        f"GRAPH <{GRAPH}queries> {{ ?subject ?property ?value }} }}"
    )
    return [
        *_about_document(QUERY + name if name else f"{GRAPH}queries"),
        *map(triple_of, rows),
    ]


def describe_source(select: Select, slug: str) -> list[Triple] | None:
    """Describe the source with this slug and its passages; None when there is none."""
    if not source_exists(select, slug):
        return None
    iri = SOURCE + slug
    rows = select(f"SELECT ?passage WHERE {{ ?passage <{KG}passageOf> <{iri}> }}")
    passages = [row["passage"].value for row in rows]
    stated = [*_stated(select, [iri]), *_stated(select, passages, "graph")]
    return [
        *_about_document(iri),
        *(triple for _, triple in stated),
        *_evidence_and_labels(select, stated, passages),
    ]


def statement_iri(triple: Triple, passage: str) -> str:
    """Return the IRI of the statement of a triple by a passage, the same as in `evidence.ttl`."""
    return EVIDENCE + hashlib.sha256(quad_line(triple, passage).encode()).hexdigest()[:24]


def reify(triple: Triple, passage: str) -> Iterator[Triple]:
    """Reify a triple that a passage states (RDF Schema 1.1, section 5.3)."""
    iri = statement_iri(triple, passage)
    yield link(iri, RDF_TYPE, f"{RDF}Statement")
    for name, node in zip(("subject", "predicate", "object"), triple, strict=True):
        yield Triple(NamedNode(iri), NamedNode(RDF + name), node)
    yield link(iri, f"{KG}statedIn", passage)


def _about_document(url: str, topic: str | None = None) -> Iterator[Triple]:
    yield link(url, f"{DCTERMS}license", LICENCE)
    if topic is not None:
        yield link(url, RDF_TYPE, f"{FOAF}Document")
        yield link(url, f"{FOAF}primaryTopic", topic)


def _evidence_and_labels(
    select: Select, stated: Sequence[Stated], passages: Iterable[str] = ()
) -> list[Triple]:
    """Return the evidence of statements in passages, and the labels of all mentioned things."""
    by_passages = [(graph, triple) for graph, triple in stated if graph.startswith(SOURCE)]
    reified = [each for graph, triple in by_passages for each in reify(triple, graph)]
    described = _in_sources(select, sorted({graph for graph, _ in by_passages} | set(passages)))
    sources = {
        term_of(each.object).value for each in described if each.predicate.value == f"{KG}passageOf"
    }
    described += _in_sources(select, sorted(sources))
    mentioned = {
        term.value
        for triple in (*(triple for _, triple in stated), *described)
        for term in map(term_of, triple)
        if term.is_iri and not term.is_passage and not _UNSAFE & set(term.value)
    }
    labels = _batches(
        select,
        f"SELECT ?subject ?property ?value WHERE {{ VALUES ?property {{ <{RDFS_LABEL}> }} "
        "VALUES ?subject { %s } ?subject ?property ?value }",
        sorted(mentioned),
    )
    return [*reified, *described, *map(triple_of, labels)]


def _stated(select: Select, iris: Sequence[str], variable: str = "subject") -> list[Stated]:
    """Return the triples with these subjects, or in these graphs, each with its graph."""
    rows = _batches(
        select,
        f"SELECT ?graph ?subject ?property ?value WHERE {{ VALUES ?{variable} {{ %s }} "
        f"GRAPH ?graph {{ ?subject ?property ?value }} {_NOT_SHAPES} }}",
        iris,
    )
    return [(row["graph"].value, triple_of(row)) for row in rows]


def _in_sources(select: Select, iris: Sequence[str]) -> list[Triple]:
    rows = _batches(
        select,
        "SELECT ?subject ?property ?value WHERE { VALUES ?subject { %s } "
        f"GRAPH <{GRAPH}sources> {{ ?subject ?property ?value }} }}",
        iris,
    )
    return [triple_of(row) for row in rows]


def _batches(select: Select, query: str, iris: Sequence[str]) -> Iterator[Row]:
    """Run a query in batches of the IRIs, which replace its `%s`."""
    for start in range(0, len(iris), _BATCH):
        yield from select(query % " ".join(f"<{iri}>" for iri in iris[start : start + _BATCH]))
