"""What the graph says of one thing or one source, as a small graph of its own.

A description of a thing is its statements, those of the facts about it (figures, applications,
designations …), the labels of everything they mention, and the evidence: for each statement of a
passage its reification under the IRI that `evidence.ttl` gives it too, the passage with its words,
and the source.
"""

from __future__ import annotations

import hashlib
from collections.abc import (
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Final

from jiqun.query.solutions import Row, Select, Term
from jiqun.rdf.namespaces import (
    BASE,
    DCTERMS,
    FOAF,
    GRAPH,
    ID,
    KG,
    LICENCE,
    QUERY,
    RDF,
    RDFS_LABEL,
    SOURCE,
)
from jiqun.web.linked_data.documents import SLUG
from jiqun.web.linked_data.serialization import Statement, ntriples

Said = tuple[str, Statement]
"""A statement and the graph that makes it."""

_ABOUT: Final = " ".join(
    f"<{KG}{name}>" for name in ("about", "applicationFor", "designates", "participationIn")
)
_AT_ONCE: Final = 400
_UNSAFE: Final = frozenset('<>"{}|\\^` ')
_COMMENT: Final = "http://www.w3.org/2000/01/rdf-schema#comment"
MOST_FACTS: Final = 500
"""Facts about a thing (figures, applications, designations …) that its description has."""

EVIDENCE: Final = f"{BASE}evidence/"
NOT_SHAPES: Final = f"FILTER (?graph != <{GRAPH}shapes>)"


async def thing_exists(select: Select, slug: str) -> bool:
    """Tell whether the graph speaks of the thing with this slug."""
    if not SLUG.fullmatch(slug):
        return False
    iri = f"<{ID}{slug}>"
    query = f"SELECT ?x WHERE {{ {{ {iri} ?p ?x }} UNION {{ ?x ?p {iri} }} }} LIMIT 1"
    return bool(await select(query))


async def source_exists(select: Select, slug: str) -> bool:
    """Tell whether there is a source with this slug."""
    if not SLUG.fullmatch(slug):
        return False
    return bool(await select(f"SELECT ?t WHERE {{ <{SOURCE}{slug}> a <{KG}Source>, ?t }} LIMIT 1"))


async def describe_thing(select: Select, slug: str) -> tuple[list[Statement], bool] | None:
    """Describe the thing with this slug; None when the graph does not speak of it.

    Tells also whether of very many facts about it only the first `MOST_FACTS` are there.
    """
    if not await thing_exists(select, slug):
        return None
    iri = ID + slug
    own = await select(
        f"SELECT ?graph ?property ?value WHERE {{ GRAPH ?graph {{ <{iri}> ?property ?value }} "
        f"{NOT_SHAPES} }}"
    )
    said = [_said(row, Term("uri", iri)) for row in own]
    about = await select(
        f"SELECT DISTINCT ?subject WHERE {{ VALUES ?link {{ {_ABOUT} }} ?subject ?link <{iri}> }} "
        f"LIMIT {MOST_FACTS + 1}"
    )
    subjects = [row["subject"].value for row in about if row["subject"].is_iri]
    for some in _some(subjects[:MOST_FACTS]):
        rows = await select(
            f"SELECT ?graph ?subject ?property ?value WHERE {{ VALUES ?subject {{ {_values(some)} "
            f"}} GRAPH ?graph {{ ?subject ?property ?value }} {NOT_SHAPES} }}"
        )
        said += [_said(row, row["subject"]) for row in rows]
    cut = len(subjects) > MOST_FACTS
    statements = [
        *_document(f"{BASE}doc/{slug}", iri),
        *(statement for _, statement in said),
        *await _surroundings(select, said),
    ]
    if cut:
        note = f"Of the facts about it only {MOST_FACTS} are in this document; the dumps have all."
        document = Term("uri", f"{BASE}doc/{slug}")
        statements.append(Statement(document, _COMMENT, Term("literal", note, "en")))
    return statements, cut


async def describe_sources(select: Select) -> list[Statement]:
    """Describe the sources without their passages."""
    rows = await select(
        f"SELECT ?subject ?property ?value WHERE {{ ?subject a <{KG}Source> . "
        f"GRAPH <{GRAPH}sources> {{ ?subject ?property ?value }} }}"
    )
    return [
        *_document(f"{BASE}graph/sources"),
        *(Statement(row["subject"], row["property"].value, row["value"]) for row in rows),
    ]


def describe_queries(
    select: Callable[[str], Iterable[Row]], name: str | None = None
) -> list[Statement]:
    """Describe the saved query with this name, or all of them with the prefixes they share."""
    one = f"VALUES ?subject {{ <{QUERY}{name}> }} " if name else ""
    rows = select(
        f"SELECT ?subject ?property ?value WHERE {{ {one}"
        f"GRAPH <{GRAPH}queries> {{ ?subject ?property ?value }} }}"
    )
    return [
        *_document(QUERY + name if name else f"{GRAPH}queries"),
        *(Statement(row["subject"], row["property"].value, row["value"]) for row in rows),
    ]


async def describe_source(select: Select, slug: str) -> list[Statement] | None:
    """Describe the source with this slug and its passages; None when there is none."""
    if not await source_exists(select, slug):
        return None
    iri = SOURCE + slug
    own = await select(
        f"SELECT ?graph ?property ?value WHERE {{ GRAPH ?graph {{ <{iri}> ?property ?value }} "
        f"{NOT_SHAPES} }}"
    )
    passages = await select(f"SELECT ?passage WHERE {{ ?passage <{KG}passageOf> <{iri}> }}")
    said = [_said(row, Term("uri", iri)) for row in own]
    for rows in _some([row["passage"].value for row in passages]):
        found = await select(
            f"SELECT ?graph ?subject ?property ?value WHERE {{ VALUES ?graph {{ {_values(rows)} }} "
            "GRAPH ?graph { ?subject ?property ?value } }"
        )
        said += [_said(row, row["subject"]) for row in found]
    return [
        *_document(iri),
        *(statement for _, statement in said),
        *await _surroundings(select, said, [row["passage"].value for row in passages]),
    ]


def statement_iri(statement: Statement, passage: str) -> str:
    """Give the IRI of the statement that a passage makes, the same as in `evidence.ttl`."""
    terms = ntriples(statement.subject), f"<{statement.predicate}>", ntriples(statement.value)
    line = f"{' '.join(terms)} <{passage}> ."
    return f"{EVIDENCE}{hashlib.sha256(line.encode()).hexdigest()[:24]}"


def reify(statement: Statement, passage: str) -> Iterator[Statement]:
    """Say that a passage makes a statement (RDF 1.1 Schema, section 5.3)."""
    made = Term("uri", statement_iri(statement, passage))
    yield Statement(made, f"{RDF}type", Term("uri", f"{RDF}Statement"))
    yield Statement(made, f"{RDF}subject", statement.subject)
    yield Statement(made, f"{RDF}predicate", Term("uri", statement.predicate))
    yield Statement(made, f"{RDF}object", statement.value)
    yield Statement(made, f"{KG}statedIn", Term("uri", passage))


def _document(url: str, topic: str | None = None) -> Iterator[Statement]:
    document = Term("uri", url)
    yield Statement(document, f"{DCTERMS}license", Term("uri", LICENCE))
    if topic is not None:
        yield Statement(document, f"{RDF}type", Term("uri", f"{FOAF}Document"))
        yield Statement(document, f"{FOAF}primaryTopic", Term("uri", topic))


async def _surroundings(
    select: Select, said: Sequence[Said], passages: Iterable[str] = ()
) -> list[Statement]:
    """Give the evidence for what is said, and the labels of all that stands in it."""
    found: list[Statement] = []
    stated = {graph for graph, _ in said if graph.startswith(SOURCE)} | set(passages)
    for graph, statement in said:
        if graph.startswith(SOURCE):
            found += reify(statement, graph)
    cards = [row async for row in _cards(select, sorted(stated))]
    sources = {each.value.value for each in cards if each.predicate == f"{KG}passageOf"}
    cards += [row async for row in _cards(select, sorted(sources))]
    mentioned = {
        term.value
        for each in (*(statement for _, statement in said), *cards)
        for term in (each.subject, Term("uri", each.predicate), each.value)
        if term.is_iri and not term.is_passage
    }
    return [*found, *cards, *[row async for row in _labels(select, sorted(mentioned))]]


async def _cards(select: Select, iris: Sequence[str]) -> AsyncIterator[Statement]:
    for some in _some(iris):
        rows = await select(
            f"SELECT ?subject ?property ?value WHERE {{ VALUES ?subject {{ {_values(some)} }} "
            f"GRAPH <{GRAPH}sources> {{ ?subject ?property ?value }} }}"
        )
        for row in rows:
            yield Statement(row["subject"], row["property"].value, row["value"])


async def _labels(select: Select, iris: Sequence[str]) -> AsyncIterator[Statement]:
    for some in _some([iri for iri in iris if not _UNSAFE & set(iri)]):
        rows = await select(
            f"SELECT ?subject ?value WHERE {{ VALUES ?subject {{ {_values(some)} }} "
            f"?subject <{RDFS_LABEL}> ?value }}"
        )
        for row in rows:
            yield Statement(row["subject"], RDFS_LABEL, row["value"])


def _said(row: Mapping[str, Term], subject: Term) -> Said:
    return row["graph"].value, Statement(subject, row["property"].value, row["value"])


def _values(iris: Iterable[str]) -> str:
    return " ".join(f"<{iri}>" for iri in iris)


def _some(iris: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(iris), _AT_ONCE):
        yield iris[start : start + _AT_ONCE]
