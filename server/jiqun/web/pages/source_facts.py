"""Sources for their pages, read one page of passages at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from jiqun.language import Text
from jiqun.query.solutions import Row, Select, Term
from jiqun.rdf.namespaces import SLUG, SOURCE, prologue
from jiqun.web.linked_data.triples import Description
from jiqun.web.pages.cells import Caption, read_captions, text_of, values
from jiqun.web.pages.records import Fact

PAGE_SIZE: Final = 40
"""Number of passages per page."""

_MAX_STATEMENTS: Final = 4000
_KG: Final = prologue("kg")
_SOURCES: Final = f"""{prologue("dcterms", "kg")}
SELECT ?source ?title ?issued ?publisher (COUNT(?passage) AS ?passages)
WHERE {{
  ?source a kg:Source .
  OPTIONAL {{ ?source dcterms:title ?title }}
  OPTIONAL {{ ?source dcterms:issued ?issued }}
  OPTIONAL {{ ?source dcterms:publisher ?publisher }}
  OPTIONAL {{ ?passage kg:passageOf ?source }}
}}
GROUP BY ?source ?title ?issued ?publisher
ORDER BY DESC(?issued) ?source
"""


@dataclass(frozen=True)
class SourceEntry:
    """An entry in the list of sources; the title may be empty, `issued` is an ISO date or empty."""

    iri: str
    title: Text
    issued: str
    publisher: Term | None
    passages: int


@dataclass(frozen=True)
class Passage:
    """A passage: its start and end in the text (code points), its quotes, and what it states."""

    iri: str
    start: int
    end: int
    quotes: tuple[Text, ...]
    facts: tuple[Fact, ...]

    @property
    def anchor(self) -> str:
        """The fragment of its IRI, such as `p24`."""
        return self.iri.rpartition("#")[2]

    @property
    def query(self) -> str:
        """The query that returns what it states."""
        return f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{self.iri}> {{ ?s ?p ?o }} }}"


@dataclass(frozen=True)
class Source:
    """A source and a page of its passages, in the order of the text.

    `total` and `statements` are the numbers of all passages and their statements; `others` are the
    anchors of the passages on other pages, each with the number of its page.
    """

    iri: str
    slug: str
    description: Description
    passages: tuple[Passage, ...]
    page: int = 1
    pages: int = 1
    total: int = 0
    statements: int = 0
    others: tuple[tuple[str, int], ...] = ()


def read_sources(select: Select) -> tuple[SourceEntry, ...]:
    """Read the list of sources, the newest first."""
    entries: dict[str, SourceEntry] = {}
    for row in select(_SOURCES):
        if "source" in row:
            entries.setdefault(row["source"].value, _entry(row))
    return tuple(entries.values())


def _entry(row: Row) -> SourceEntry:
    return SourceEntry(
        iri=row["source"].value,
        title=text_of(row["title"]) if "title" in row else Text(""),
        issued=row["issued"].value[:10] if "issued" in row else "",
        publisher=row.get("publisher"),
        passages=int(row["passages"].value),
    )


def read_source(
    select: Select, slug: str, page: int = 1, known: Mapping[str, Caption] | None = None
) -> tuple[Source, dict[str, Caption]] | None:
    """Read a source and a page of its passages; None when there is no such source.

    The captions are those of everything on the page; those in `known` are not read again.
    """
    if not SLUG.fullmatch(slug):
        return None
    iri = SOURCE + slug
    described = select(
        f"{_KG}SELECT ?property ?value WHERE {{ <{iri}> a kg:Source ; ?property ?value }}"
    )
    if not described:
        return None
    ordered = _read_order(select, iri)
    counted = select(
        f"{_KG}SELECT (COUNT(*) AS ?count) WHERE {{ ?passage kg:passageOf <{iri}> . "
        "GRAPH ?passage { ?subject ?property ?value } }"
    )
    start = (page - 1) * PAGE_SIZE
    here = ordered[start : start + PAGE_SIZE]
    quoted, stated = _read_passages(select, [passage for _, _, passage in here])
    description: defaultdict[str, list[Term]] = defaultdict(list)
    for row in described:
        description[row["property"].value].append(row["value"])
    source = Source(
        iri,
        slug,
        dict(description),
        tuple(_passages(here, quoted, stated)),
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
    terms = [each for row in [*described, *stated] for each in row.values() if each.is_iri]
    names = dict.fromkeys(each.value for each in terms if not each.is_passage)
    return source, read_captions(select, [iri, *names], known or {})


def _read_order(select: Select, iri: str) -> list[tuple[int, int, str]]:
    """Return start, end and IRI of all passages in the order of the text."""
    rows = select(
        f"{_KG}SELECT ?passage ?start ?end WHERE {{ ?passage kg:passageOf <{iri}> . "
        "OPTIONAL { ?passage kg:start ?start } OPTIONAL { ?passage kg:end ?end } }"
    )
    places = {
        row["passage"].value: (_offset(row.get("start")), _offset(row.get("end"))) for row in rows
    }
    return sorted((*place, passage) for passage, place in places.items())


def _read_passages(select: Select, passages: Iterable[str]) -> tuple[list[Row], list[Row]]:
    named = f"VALUES ?passage {{ {values(passages)} }}"
    quoted = select(f"{_KG}SELECT ?passage ?quote WHERE {{ {named} ?passage kg:quote ?quote }}")
    stated = select(
        f"SELECT ?passage ?subject ?property ?value WHERE {{ {named} "
        f"GRAPH ?passage {{ ?subject ?property ?value }} }} LIMIT {_MAX_STATEMENTS}"
    )
    return list(quoted), list(stated)


def _passages(
    here: Iterable[tuple[int, int, str]], quoted: Iterable[Row], stated: Iterable[Row]
) -> Iterator[Passage]:
    facts: defaultdict[str, list[Fact]] = defaultdict(list)
    for row in stated:
        passage = row["passage"].value
        facts[passage].append(Fact(passage, row["subject"], row["property"].value, row["value"]))
    quotes: defaultdict[str, list[Text]] = defaultdict(list)
    for row in quoted:
        quotes[row["passage"].value].append(text_of(row["quote"]))
    for start, end, iri in here:
        yield Passage(iri, start, end, tuple(quotes[iri]), tuple(facts[iri]))


def _offset(value: Term | None) -> int:
    return int(value.value) if value is not None and value.value.isdecimal() else 0
