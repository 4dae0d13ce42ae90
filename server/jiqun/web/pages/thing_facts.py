"""A thing for its page, read one page of mentions at a time.

A thing may be mentioned a hundred thousand times; only one page of mentions gets captions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from jiqun.query.solutions import Select, Term
from jiqun.rdf.namespaces import (
    DCTERMS,
    FOAF,
    GRAPH,
    ID,
    KG,
    RDFS,
    SCHEMA,
    SLUG,
    SOURCE,
    is_absolute_iri,
)
from jiqun.web.linked_data.descriptions import NOT_SHAPES, Description, values
from jiqun.web.pages.cells import Caption, read_captions
from jiqun.web.pages.records import Fact, Record, graph_of, read_records, read_surroundings
from jiqun.web.pages.rendering import count_pages

PAGE_SIZE: Final = 100
"""Number of mentions of a thing per page."""

MAX_VALUES: Final = 40
"""Maximum number of displayed values of one property; a query returns all."""

MAX_CLAIMS: Final = 100
"""Maximum number of displayed figures and contradicting claims."""

ADDRESSES: Final = (
    f"{SCHEMA}url",
    f"{FOAF}page",
    f"{KG}url",
    f"{DCTERMS}source",
    f"{DCTERMS}identifier",
)
"""The properties that may have the web address of a source, best first."""

_MAX_CLAIM_ROWS: Final = 4000
_CARD: Final = (
    f"{DCTERMS}title",
    f"{DCTERMS}publisher",
    f"{DCTERMS}issued",
    f"{DCTERMS}creator",
    f"{KG}syndicatedFrom",
    *ADDRESSES,
)
_AGENTS: Final = (f"{DCTERMS}publisher", f"{DCTERMS}creator", f"{KG}syndicatedFrom")


@dataclass(frozen=True)
class Thing:
    """A thing: its own facts `of_it`, and a page of the facts that mention it `elsewhere`.

    `pages` and `total` count the latter, `counts` the values of each property of its own, `figures`
    the figures about it: the page has only the first of very many. `claims` are figures about it
    and contradictions; `beside` describes, by IRI, what else its profile shows. `sources` describe
    the sources whose passages are on the page; `schema_types` are the superclasses in schema.org.
    """

    iri: str
    slug: str
    of_it: tuple[Fact, ...]
    elsewhere: tuple[Fact, ...]
    page: int = 1
    pages: int = 1
    total: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    claims: tuple[Record, ...] = ()
    beside: Mapping[str, Record] = field(default_factory=dict)
    figures: int = 0
    schema_types: tuple[str, ...] = ()
    sources: Mapping[str, Description] = field(default_factory=dict)

    @property
    def term(self) -> Term:
        """Its IRI, as a value of properties."""
        return Term("uri", self.iri)

    @property
    def types(self) -> list[str]:
        """The IRIs of its classes."""
        return sorted(self.itself.types)

    @cached_property
    def itself(self) -> Record:
        """Its own facts as a record."""
        return Record(self.iri, self.of_it)


def read_thing(
    select: Select, slug: str, page: int = 1, known: Mapping[str, Caption] | None = None
) -> tuple[Thing, dict[str, Caption]] | None:
    """Read a thing, its facts and a page of its mentions; None when there is no such thing.

    The captions are those of everything on the page; those in `known` are not read again.
    """
    if not SLUG.fullmatch(slug):
        return None
    iri = ID + slug
    itself = Term("uri", iri)
    counts = _read_counts(select, iri)
    total = _count(select, f"?subject ?property <{iri}>")
    if not counts and not total:
        return None
    pages = count_pages(total, PAGE_SIZE, page, f"/doc/{slug}")
    own = _read_own(select, itself, counts)
    elsewhere = _read_elsewhere(select, itself, page) if total else ()
    claims = _read_claims(select, iri)
    beside = read_surroundings(select, Record(iri, own), claims)
    records = (*claims, *beside.values())
    facts = [*own, *elsewhere, *(fact for each in records for fact in each.facts)]
    passages = sorted({fact.graph for fact in facts if fact.graph.startswith(SOURCE)})
    sources = read_sources_of(select, passages)
    thing = Thing(
        iri,
        slug,
        own,
        elsewhere,
        page=page,
        pages=pages,
        total=total,
        counts=counts,
        claims=claims,
        beside=beside,
        figures=_count(select, f"?claim <{KG}about> <{iri}> ; <{KG}metric> ?metric"),
        schema_types=_read_schema_types(select, iri),
        sources=sources,
    )
    mentioned = {iri, *passages, *sources, *agents_of(sources.values()), *_mentioned(facts)}
    return thing, read_captions(select, sorted(mentioned), known or {})


def _count(select: Select, pattern: str) -> int:
    rows = select(f"SELECT (COUNT(*) AS ?count) WHERE {{ {pattern} }}")
    return int(rows[0]["count"].value)


def _read_counts(select: Select, iri: str) -> dict[str, int]:
    """Count the values of each property of the thing."""
    rows = select(
        "SELECT ?property (COUNT(DISTINCT ?value) AS ?count) WHERE { "
        f"GRAPH ?graph {{ <{iri}> ?property ?value }} {NOT_SHAPES} }} GROUP BY ?property"
    )
    found = {row["property"].value: int(row["count"].value) for row in rows if "property" in row}
    return {iri: found[iri] for iri in sorted(found) if is_absolute_iri(iri)}


def _read_own(select: Select, itself: Term, counts: Mapping[str, int]) -> tuple[Fact, ...]:
    """Read the facts of the thing: of a property with very many values, only the first."""
    few = values(iri for iri, count in counts.items() if count <= MAX_VALUES)
    pattern = f"GRAPH ?graph {{ <{itself.value}> ?property ?value }}"
    rows = select(
        f"SELECT ?graph ?property ?value WHERE {{ VALUES ?property {{ {few} }} {pattern} "
        f"{NOT_SHAPES} }}"
    )
    facts = [Fact(graph_of(row), itself, row["property"].value, row["value"]) for row in rows]
    for iri in (each for each, count in counts.items() if count > MAX_VALUES):
        # Stated facts come before inferred ones.
        rows = select(
            f"SELECT ?graph ?value WHERE {{ VALUES ?property {{ <{iri}> }} "
            f"{{ {pattern} FILTER (?graph NOT IN (<{GRAPH}inferred>, <{GRAPH}shapes>)) }} UNION "
            f"{{ GRAPH <{GRAPH}inferred> {{ <{itself.value}> ?property ?value }} "
            f"BIND (<{GRAPH}inferred> AS ?graph) }} }} LIMIT {2 * MAX_VALUES}"
        )
        first = list(dict.fromkeys(row["value"] for row in rows))[:MAX_VALUES]
        facts += [
            Fact(graph_of(row), itself, iri, row["value"]) for row in rows if row["value"] in first
        ]
    return tuple(facts)


def _read_elsewhere(select: Select, itself: Term, page: int) -> tuple[Fact, ...]:
    # The order is that of the store: stable for a release, and free.
    rows = select(
        f"SELECT ?subject ?property WHERE {{ ?subject ?property <{itself.value}> }} "
        f"OFFSET {(page - 1) * PAGE_SIZE} LIMIT {PAGE_SIZE}"
    )
    pairs = " ".join(
        f"(<{row['subject'].value}> <{row['property'].value}>)"
        for row in rows
        if row["subject"].is_iri
    )
    if not pairs:
        return ()
    stated = select(
        f"SELECT ?graph ?subject ?property WHERE {{ VALUES (?subject ?property) {{ {pairs} }} "
        f"GRAPH ?graph {{ ?subject ?property <{itself.value}> }} {NOT_SHAPES} }}"
    )
    return tuple(
        Fact(graph_of(row), row["subject"], row["property"].value, itself) for row in stated
    )


def _read_claims(select: Select, iri: str) -> tuple[Record, ...]:
    """Read the claims about the thing that are contradicted, those against them, and figures."""
    about, differs = f"<{KG}about>", f"<{KG}disagreesWith>"
    disagreeing = select(
        "SELECT DISTINCT ?claim WHERE { "
        f"{{ ?claim {differs} ?other . ?claim {about} <{iri}> }} "
        f"UNION {{ ?one {differs} ?claim . ?one {about} <{iri}> }} "
        f"UNION {{ VALUES ?claim {{ <{iri}> }} ?claim {differs}|^{differs} ?other }} "
        f"UNION {{ <{iri}> {differs} ?claim }} UNION {{ ?claim {differs} <{iri}> }} }} "
        f"LIMIT {MAX_CLAIMS}"
    )
    figures = select(
        f"SELECT DISTINCT ?claim WHERE {{ ?claim {about} <{iri}> ; <{KG}metric> ?metric }} "
        f"LIMIT {MAX_CLAIMS}"
    )
    claims = [row["claim"].value for row in (*disagreeing, *figures) if row["claim"].is_iri]
    chosen = list(dict.fromkeys(claims))[:MAX_CLAIMS]
    records = read_records(select, chosen, most=_MAX_CLAIM_ROWS)
    return tuple(records[each] for each in sorted(records))


def _read_schema_types(select: Select, iri: str) -> tuple[str, ...]:
    rows = select(
        f"SELECT DISTINCT ?type WHERE {{ <{iri}> a ?class . "
        f"?class <{RDFS}subClassOf>* ?type "
        f'FILTER (STRSTARTS(STR(?type), "{SCHEMA}")) }} ORDER BY ?type'
    )
    return tuple(row["type"].value.removeprefix(SCHEMA) for row in rows)


def read_sources_of(select: Select, passages: Iterable[str]) -> dict[str, Description]:
    """Read the source metadata for marks, by IRI."""
    sources = sorted({each.partition("#")[0] for each in passages})
    if not sources:
        return {}
    rows = select(
        f"SELECT ?source ?property ?value WHERE {{ VALUES ?source {{ {values(sources)} }} "
        f"VALUES ?property {{ {values(_CARD)} }} ?source ?property ?value }}"
    )
    found: defaultdict[str, defaultdict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row["source"].value][row["property"].value].append(row["value"])
    return {source: dict(described) for source, described in found.items()}


def agents_of(sources: Iterable[Description]) -> Iterator[str]:
    """Return the IRIs of publishers and authors of sources."""
    for source in sources:
        for agent in _AGENTS:
            yield from (each.value for each in source.get(agent, ()) if each.is_iri)


def _mentioned(facts: Iterable[Fact]) -> Iterator[str]:
    for fact in facts:
        yield fact.predicate
        yield from (term.value for term in (fact.subject, fact.value) if term.is_iri)
