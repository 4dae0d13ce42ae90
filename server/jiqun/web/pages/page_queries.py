"""Queries behind the pages, and the marks of passages.

Reads what the pages show out of the graph, in few queries each.

`Select` is a function that runs a SELECT query and gives its rows; it is handed in, so that nothing
here knows how queries are evaluated.

The mark of a passage beside a statement: it opens the words, who published them, and when.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from jiqun.language import Text
from jiqun.query.solutions import Row, Select, Term
from jiqun.rdf.namespaces import GRAPH, KG
from jiqun.web.pages.cells import Caption, Wording
from jiqun.web.pages.home_page import Figure
from jiqun.web.pages.source_page import SourceEntry

_SAFE_IRI: Final = re.compile(r"[a-z][a-z0-9+.-]*:[^\x00-\x20<>\"{}|\\^`]*", re.IGNORECASE)
_AT_ONCE: Final = 500
_MOST_PASSAGES: Final = 100
_PREFIXES: Final = f"""\
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX kg: <{KG}>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
"""
SOURCES_QUERY: Final = f"""{_PREFIXES}
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
FIRST_QUERY: Final = f"""\
PREFIX kg: <{KG}>

SELECT ?cluster ?metric ?population ?bound ?value ?unit ?period ?words ?passage
WHERE {{
  GRAPH ?passage {{
    ?figure kg:about ?cluster ; kg:metric ?metric ; kg:value ?value ;
      kg:bound ?bound ; kg:unit ?unit ; kg:wording ?words .
    OPTIONAL {{ ?figure kg:population ?population }}
    OPTIONAL {{ ?figure kg:period ?period }}
  }}
  ?cluster a kg:Cluster .
}}
ORDER BY ?cluster DESC(?value) ?metric ?passage
LIMIT 12
"""


async def read_sources(select: Select) -> tuple[list[SourceEntry], dict[str, Caption]]:
    """Read the list of all sources, newest first, and the captions of what stands in it."""
    rows = await select(SOURCES_QUERY)
    entries: dict[str, SourceEntry] = {}
    for row in rows:
        if "source" in row:
            entries.setdefault(row["source"].value, _source_entry(row))
    publishers = [entry.publisher.value for entry in entries.values() if entry.publisher]
    return list(entries.values()), await read_captions(select, [*entries, *publishers])


async def read_first_figures(select: Select) -> tuple[list[Figure], dict[str, Caption]]:
    """Read the rows of the worked question on the start page."""
    rows = await select(FIRST_QUERY)
    figures = [
        Figure(
            cluster=row["cluster"],
            metric=row["metric"],
            population=row.get("population"),
            bound=row["bound"],
            value=row["value"],
            unit=row["unit"],
            period=row.get("period"),
            words=Text(row["words"].value, row["words"].lang),
            passage=row["passage"],
        )
        for row in rows
    ]
    iris = [each.value for row in rows for each in row.values() if each.is_iri]
    return figures, await read_captions(select, iris)


async def read_captions(select: Select, iris: Iterable[str]) -> dict[str, Caption]:
    """Read labels, types and quoted words of the given things; those without any are left out.

    The types are captioned too.
    """
    captions = await _read_captions(select, dict.fromkeys(iris))
    for passage, wordings in (await _read_wordings(select, captions)).items():
        captions[passage] = replace(captions[passage], wordings=wordings)
    types = dict.fromkeys(each for caption in captions.values() for each in caption.types)
    unnamed = [each for each in types if each not in captions]
    return {**await _read_captions(select, unnamed), **captions} if unnamed else captions


async def _read_wordings(
    select: Select, captions: Mapping[str, Caption]
) -> dict[str, tuple[Wording, ...]]:
    passages = [iri for iri in captions if Term("uri", iri).is_passage][:_MOST_PASSAGES]
    if not passages:
        return {}
    values = " ".join(f"<{iri}>" for iri in passages)
    rows = await select(
        f"{_PREFIXES}SELECT ?passage ?fact ?words ?mentioned WHERE {{ "
        f"VALUES ?passage {{ {values} }} "
        "GRAPH ?passage { ?fact kg:wording ?words ; ?property ?mentioned } "
        "FILTER (?property != kg:wording) }"
    )
    words: dict[tuple[str, str], dict[Text, None]] = {}
    mentions: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        key = (row["passage"].value, row["fact"].value)
        words.setdefault(key, {})[Text(row["words"].value, row["words"].lang)] = None
        mentions[key] |= {row["fact"].value, row["mentioned"].value}
    found: defaultdict[str, list[Wording]] = defaultdict(list)
    for key, texts in sorted(words.items()):
        found[key[0]] += (Wording(text, frozenset(mentions[key])) for text in texts)
    return {passage: tuple(wordings) for passage, wordings in found.items()}


async def _read_captions(select: Select, iris: Iterable[str]) -> dict[str, Caption]:
    wanted = [iri for iri in iris if _SAFE_IRI.fullmatch(iri)]
    captions: dict[str, Caption] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        rows = await select(_captions_query(wanted[start : start + _AT_ONCE]))
        captions.update(_captions(rows))
    return captions


def _captions_query(iris: Sequence[str]) -> str:
    values = " ".join(f"<{iri}>" for iri in iris)
    return (
        f"{_PREFIXES}SELECT ?thing ?label ?type ?quote WHERE {{ VALUES ?thing {{ {values} }} "
        "{ ?thing rdfs:label ?label } UNION { ?thing kg:quote ?quote } UNION "
        f"{{ GRAPH ?graph {{ ?thing a ?type }} FILTER (?graph != <{GRAPH}inferred>) "
        f'FILTER (STRSTARTS(STR(?type), "{KG}")) }} }}'
    )


def _captions(rows: Iterable[Row]) -> dict[str, Caption]:
    labels: defaultdict[str, dict[str, str]] = defaultdict(dict)
    types: defaultdict[str, set[str]] = defaultdict(set)
    quotes: defaultdict[str, set[Text]] = defaultdict(set)
    for row in rows:
        thing = row["thing"].value
        if "label" in row:
            labels[thing].setdefault(row["label"].lang, row["label"].value)
        if "type" in row:
            types[thing].add(row["type"].value)
        if "quote" in row:
            quotes[thing].add(Text(row["quote"].value, row["quote"].lang))
    return {
        thing: Caption(
            labels.get(thing, {}),
            tuple(sorted(types.get(thing, ()))),
            tuple(sorted(quotes.get(thing, ()), key=lambda quote: quote.value)),
        )
        for thing in labels.keys() | types.keys() | quotes.keys()
    }


def _source_entry(row: Row) -> SourceEntry:
    title, issued = row.get("title"), row.get("issued")
    return SourceEntry(
        iri=row["source"].value,
        title=Text(title.value, title.lang) if title else Text(""),
        issued=issued.value[:10] if issued else "",
        publisher=row.get("publisher"),
        passages=int(row["passages"].value),
    )
