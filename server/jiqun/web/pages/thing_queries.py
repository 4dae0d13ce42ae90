"""Reads what the page of a thing shows out of the graph, a page of it at a time.

A thing may be spoken of a hundred thousand times; only one page of that is ever named and
captioned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from jiqun.query.solutions import Row, Select, Term
from jiqun.rdf.namespaces import DCTERMS, GRAPH, ID, KG, SCHEMA, SOURCE
from jiqun.web.linked_data.documents import SLUG
from jiqun.web.pages.cells import Caption
from jiqun.web.pages.facts import Claim, Fact, Thing
from jiqun.web.pages.page_queries import read_captions
from jiqun.web.pages.source_page import ADDRESSES

PAGE_SIZE: Final = 100
"""Statements that speak of a thing, on one page."""

MOST_VALUES: Final = 40
"""Values of one property that a page shows; the others are had by a query."""

MOST_CLAIMS: Final = 100
"""Figures and contradicting claims that a page shows."""

_MOST_CLAIM_ROWS: Final = 4000
_NOT_SHAPES: Final = f"FILTER (?graph != <{GRAPH}shapes>)"
_UNSAFE: Final = frozenset('<>"{}|\\^` ')
_CARD: Final = (f"{DCTERMS}title", f"{DCTERMS}publisher", f"{DCTERMS}issued", *ADDRESSES)


async def read_thing(
    select: Select, slug: str, page: int = 1
) -> tuple[Thing, dict[str, Caption]] | None:
    """Read a thing, what is said of it and a page of where it is spoken of; None if there is none.

    The captions name everything that the page shows.
    """
    if not SLUG.fullmatch(slug):
        return None
    iri = ID + slug
    itself = Term("uri", iri)
    counts = await _read_counts(select, iri)
    total = await _count(select, f"?subject ?property <{iri}>")
    if not counts and not total:
        return None
    thing = Thing(
        iri,
        slug,
        await _read_own(select, itself, counts),
        await _read_elsewhere(select, itself, page) if total else (),
        page=page,
        pages=max(1, -(-total // PAGE_SIZE)),
        total=total,
        counts=counts,
        claims=await _read_claims(select, iri),
        figures=await _count(select, f"?claim <{KG}about> <{iri}> ; <{KG}metric> ?metric"),
        schema_types=await _read_schema_types(select, iri),
    )
    passages = {graph for graph in _graphs(thing) if graph.startswith(SOURCE)}
    sources = await _read_cards(select, sorted({each.partition("#")[0] for each in passages}))
    thing = thing.with_sources(sources)
    return thing, await read_captions(select, sorted({iri, *passages, *_spoken_of(thing)}))


async def _count(select: Select, pattern: str) -> int:
    rows = await select(f"SELECT (COUNT(*) AS ?count) WHERE {{ {pattern} }}")
    return int(rows[0]["count"].value)


async def _read_counts(select: Select, iri: str) -> dict[str, int]:
    """Tell how many values each property of the thing has."""
    rows = await select(
        "SELECT ?property (COUNT(DISTINCT ?value) AS ?count) WHERE { "
        f"GRAPH ?graph {{ <{iri}> ?property ?value }} {_NOT_SHAPES} }} GROUP BY ?property"
    )
    found = {row["property"].value: int(row["count"].value) for row in rows if "property" in row}
    return {iri: found[iri] for iri in sorted(found) if not _UNSAFE & set(iri)}


async def _read_own(select: Select, itself: Term, counts: Mapping[str, int]) -> tuple[Fact, ...]:
    """Read what is said of the thing: of a property with very many values, only the first."""
    few = " ".join(f"<{iri}>" for iri, count in counts.items() if count <= MOST_VALUES)
    pattern = f"GRAPH ?graph {{ <{itself.value}> ?property ?value }}"
    rows = await select(
        f"SELECT ?graph ?property ?value WHERE {{ VALUES ?property {{ {few} }} {pattern} "
        f"{_NOT_SHAPES} }}"
    )
    facts = [Fact(_graph(row), itself, row["property"].value, row["value"]) for row in rows]
    for iri in (each for each, count in counts.items() if count > MOST_VALUES):
        # What is stated comes before what is inferred.
        rows = await select(
            f"SELECT ?graph ?value WHERE {{ VALUES ?property {{ <{iri}> }} "
            f"{{ {pattern} FILTER (?graph NOT IN (<{GRAPH}inferred>, <{GRAPH}shapes>)) }} UNION "
            f"{{ GRAPH <{GRAPH}inferred> {{ <{itself.value}> ?property ?value }} "
            f"BIND (<{GRAPH}inferred> AS ?graph) }} }} LIMIT {2 * MOST_VALUES}"
        )
        kept = list(dict.fromkeys(row["value"] for row in rows))[:MOST_VALUES]
        facts += [
            Fact(_graph(row), itself, iri, row["value"]) for row in rows if row["value"] in kept
        ]
    return tuple(facts)


async def _read_elsewhere(select: Select, itself: Term, page: int) -> tuple[Fact, ...]:
    # The order is that of the store: the same for as long as the release is, and free.
    rows = await select(
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
    stated = await select(
        f"SELECT ?graph ?subject ?property WHERE {{ VALUES (?subject ?property) {{ {pairs} }} "
        f"GRAPH ?graph {{ ?subject ?property <{itself.value}> }} {_NOT_SHAPES} }}"
    )
    return tuple(Fact(_graph(row), row["subject"], row["property"].value, itself) for row in stated)


async def _read_claims(select: Select, iri: str) -> tuple[Claim, ...]:
    """Read whatever disagrees with what is claimed about the thing, and figures about it."""
    about, differs = f"<{KG}about>", f"<{KG}disagreesWith>"
    disagreeing = await select(
        "SELECT DISTINCT ?claim WHERE { "
        f"{{ ?claim {differs} ?other . ?claim {about} <{iri}> }} "
        f"UNION {{ ?one {differs} ?claim . ?one {about} <{iri}> }} "
        f"UNION {{ VALUES ?claim {{ <{iri}> }} ?claim {differs}|^{differs} ?other }} "
        f"UNION {{ <{iri}> {differs} ?claim }} UNION {{ ?claim {differs} <{iri}> }} }} "
        f"LIMIT {MOST_CLAIMS}"
    )
    figures = await select(
        f"SELECT DISTINCT ?claim WHERE {{ ?claim {about} <{iri}> ; <{KG}metric> ?metric }} "
        f"LIMIT {MOST_CLAIMS}"
    )
    claims = [row["claim"].value for row in (*disagreeing, *figures) if row["claim"].is_iri]
    chosen = list(dict.fromkeys(claims))[:MOST_CLAIMS]
    if not chosen:
        return ()
    values = " ".join(f"<{claim}>" for claim in chosen)
    rows = await select(
        f"SELECT ?graph ?claim ?property ?value WHERE {{ VALUES ?claim {{ {values} }} "
        f"GRAPH ?graph {{ ?claim ?property ?value }} {_NOT_SHAPES} }} LIMIT {_MOST_CLAIM_ROWS}"
    )
    facts: defaultdict[str, list[Fact]] = defaultdict(list)
    for row in rows:
        fact = Fact(_graph(row), row["claim"], row["property"].value, row["value"])
        facts[row["claim"].value].append(fact)
    return tuple(Claim(each, tuple(found)) for each, found in sorted(facts.items()))


async def _read_schema_types(select: Select, iri: str) -> tuple[str, ...]:
    rows = await select(
        f"SELECT DISTINCT ?type WHERE {{ <{iri}> a ?class . "
        "?class <http://www.w3.org/2000/01/rdf-schema#subClassOf>* ?type "
        f'FILTER (STRSTARTS(STR(?type), "{SCHEMA}")) }} ORDER BY ?type'
    )
    return tuple(row["type"].value.removeprefix(SCHEMA) for row in rows)


async def _read_cards(
    select: Select, sources: Sequence[str]
) -> dict[str, Mapping[str, list[Term]]]:
    if not sources:
        return {}
    iris = " ".join(f"<{iri}>" for iri in sources)
    properties = " ".join(f"<{iri}>" for iri in _CARD)
    rows = await select(
        f"SELECT ?source ?property ?value WHERE {{ VALUES ?source {{ {iris} }} "
        f"VALUES ?property {{ {properties} }} ?source ?property ?value }}"
    )
    cards: defaultdict[str, defaultdict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        cards[row["source"].value][row["property"].value].append(row["value"])
    return {source: dict(card) for source, card in cards.items()}


def _graphs(thing: Thing) -> Iterator[str]:
    for fact in _facts(thing):
        yield fact.graph


def _spoken_of(thing: Thing) -> Iterator[str]:
    for fact in _facts(thing):
        yield fact.predicate
        for term in (fact.subject, fact.value):
            if term.is_iri:
                yield term.value
    for card in thing.sources.values():
        for publisher in card.get(f"{DCTERMS}publisher", ()):
            if publisher.is_iri:
                yield publisher.value


def _facts(thing: Thing) -> Iterable[Fact]:
    yield from thing.of_it
    yield from thing.elsewhere
    for claim in thing.claims:
        yield from claim.facts


def _graph(row: Row) -> str:
    return row["graph"].value
