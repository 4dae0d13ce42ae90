"""Reads what the page of a thing shows out of the graph, a page of it at a time.

A thing may be spoken of a hundred thousand times; only one page of that is ever named and
captioned.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.linked.documents import SLUG
from jiqun.endpoint.pages.reading import read_captions
from jiqun.endpoint.pages.sources import ADDRESSES
from jiqun.endpoint.pages.things import MOST_VALUES, Claim, Fact, Thing, cut
from jiqun.endpoint.terms import Term
from jiqun.vocabulary import GRAPH, ID, KG, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jiqun.endpoint.pages.cells import Caption
    from jiqun.endpoint.pages.reading import Row, Select

PAGE_SIZE: Final = 100
"""Statements that speak of a thing, on one page."""

_MOST_CLAIM_ROWS: Final = 4000
_NOT_SHAPES: Final = f"FILTER (?graph != <{GRAPH}shapes>)"
_SCHEMA: Final = "https://schema.org/"
_DCTERMS: Final = "http://purl.org/dc/terms/"
_CARD: Final = (f"{_DCTERMS}title", f"{_DCTERMS}publisher", f"{_DCTERMS}issued", *ADDRESSES)


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
    rows = await select(
        f"SELECT ?graph ?property ?value WHERE {{ GRAPH ?graph {{ <{iri}> ?property ?value }} "
        f"{_NOT_SHAPES} }}"
    )
    counted = await select(f"SELECT (COUNT(*) AS ?count) WHERE {{ ?subject ?property <{iri}> }}")
    total = int(counted[0]["count"].value)
    if not rows and not total:
        return None
    of_it = tuple(Fact(_graph(row), itself, row["property"].value, row["value"]) for row in rows)
    claims = await _read_claims(select, iri)
    thing = Thing(
        iri,
        slug,
        of_it,
        await _read_elsewhere(select, itself, page) if total else (),
        page=page,
        pages=max(1, -(-total // PAGE_SIZE)),
        total=total,
        claims=claims,
        schema_types=await _read_schema_types(select, iri),
    )
    passages = {graph for graph in _graphs(thing) if graph.startswith(SOURCE)}
    sources = await _read_cards(select, sorted({each.partition("#")[0] for each in passages}))
    thing = thing.with_sources(sources)
    return thing, await read_captions(select, sorted({iri, *passages, *_spoken_of(thing)}))


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
    """Read the figures about a thing, and whatever disagrees with what is claimed about it."""
    about, differs = f"<{KG}about>", f"<{KG}disagreesWith>"
    rows = await select(
        "SELECT ?graph ?claim ?property ?value WHERE { "
        "{ SELECT DISTINCT ?claim WHERE { "
        f"{{ ?claim {about} <{iri}> ; <{KG}metric> ?metric }} "
        f"UNION {{ ?claim {about} <{iri}> ; {differs} ?other }} "
        f"UNION {{ ?one {about} <{iri}> ; {differs} ?claim }} "
        f"UNION {{ VALUES ?claim {{ <{iri}> }} ?claim {differs}|^{differs} ?other }} "
        f"UNION {{ <{iri}> {differs} ?claim }} UNION {{ ?claim {differs} <{iri}> }} }} }} "
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
        f'FILTER (STRSTARTS(STR(?type), "{_SCHEMA}")) }} ORDER BY ?type'
    )
    return tuple(row["type"].value.removeprefix(_SCHEMA) for row in rows)


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
        for publisher in card.get(f"{_DCTERMS}publisher", ()):
            if publisher.is_iri:
                yield publisher.value


def _facts(thing: Thing) -> Iterable[Fact]:
    """Give the facts that are shown: of a property with very many values, only the first."""
    yield from cut(thing.of_it, MOST_VALUES)
    yield from thing.elsewhere
    for claim in thing.claims:
        yield from claim.facts


def _graph(row: Row) -> str:
    return row["graph"].value
