"""Reads what the page of a source shows out of the graph, a page of its passages at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from jiqun.language import Text
from jiqun.query.solutions import Row, Select, Term
from jiqun.rdf.namespaces import KG, SOURCE
from jiqun.web.linked_data.documents import SLUG
from jiqun.web.pages.cells import Caption
from jiqun.web.pages.page_queries import read_captions
from jiqun.web.pages.source_page import Passage, Source, Statement

PAGE_SIZE: Final = 40
"""Passages on one page."""

_MOST_STATEMENTS: Final = 4000
_PREFIX: Final = f"PREFIX kg: <{KG}> "


async def read_source(
    select: Select, slug: str, page: int = 1
) -> tuple[Source, dict[str, Caption]] | None:
    """Read a source and a page of its passages with what they say; None when there is none.

    The captions name everything that the page shows.
    """
    if not SLUG.fullmatch(slug):
        return None
    iri = SOURCE + slug
    card = await select(
        f"{_PREFIX}SELECT ?property ?value WHERE {{ <{iri}> a kg:Source ; ?property ?value }}"
    )
    if not card:
        return None
    ordered = await _read_order(select, iri)
    counted = await select(
        f"{_PREFIX}SELECT (COUNT(*) AS ?count) WHERE {{ ?passage kg:passageOf <{iri}> . "
        "GRAPH ?passage { ?subject ?property ?value } }"
    )
    start = (page - 1) * PAGE_SIZE
    here = ordered[start : start + PAGE_SIZE]
    quoted, said = await _read_passages(select, [passage for _, _, passage in here])
    details: defaultdict[str, list[Term]] = defaultdict(list)
    for row in card:
        details[row["property"].value].append(row["value"])
    source = Source(
        iri,
        slug,
        dict(details),
        tuple(_passages(here, quoted, said)),
        page=page,
        pages=max(1, -(-len(ordered) // PAGE_SIZE)),
        total=len(ordered),
        statements=int(counted[0]["count"].value),
        others=tuple(
            (passage.rpartition("#")[2], number // PAGE_SIZE + 1)
            for number, (_, _, passage) in enumerate(ordered)
            if not start <= number < start + PAGE_SIZE
        ),
    )
    terms = [each for row in [*card, *said] for each in row.values() if each.is_iri]
    names = dict.fromkeys(each.value for each in terms if not each.is_passage)
    return source, await read_captions(select, [iri, *names])


async def _read_order(select: Select, iri: str) -> list[tuple[int, int, str]]:
    """Give start, end and IRI of all passages in the order of the text."""
    rows = await select(
        f"{_PREFIX}SELECT ?passage ?start ?end WHERE {{ ?passage kg:passageOf <{iri}> . "
        "OPTIONAL { ?passage kg:start ?start } OPTIONAL { ?passage kg:end ?end } }"
    )
    places = {
        row["passage"].value: (_offset(row.get("start")), _offset(row.get("end"))) for row in rows
    }
    return sorted((*place, passage) for passage, place in places.items())


async def _read_passages(select: Select, passages: Iterable[str]) -> tuple[list[Row], list[Row]]:
    values = " ".join(f"<{iri}>" for iri in passages)
    quoted = await select(
        f"{_PREFIX}SELECT ?passage ?quote WHERE {{ VALUES ?passage {{ {values} }} "
        "?passage kg:quote ?quote }"
    )
    said = await select(
        f"SELECT ?passage ?subject ?property ?value WHERE {{ VALUES ?passage {{ {values} }} "
        f"GRAPH ?passage {{ ?subject ?property ?value }} }} LIMIT {_MOST_STATEMENTS}"
    )
    return list(quoted), list(said)


def _passages(
    here: Iterable[tuple[int, int, str]], quoted: Iterable[Row], said: Iterable[Row]
) -> Iterable[Passage]:
    statements: defaultdict[str, list[Statement]] = defaultdict(list)
    for row in said:
        statements[row["passage"].value].append(
            Statement(row["subject"], row["property"].value, row["value"])
        )
    quotes: defaultdict[str, list[Text]] = defaultdict(list)
    for row in quoted:
        quotes[row["passage"].value].append(Text(row["quote"].value, row["quote"].lang))
    for start, end, iri in here:
        yield Passage(iri, start, end, tuple(quotes[iri]), tuple(statements[iri]))


def _offset(value: Term | None) -> int:
    return int(value.value) if value is not None and value.value.isdecimal() else 0
