"""The files of a release as people choose them: by what they are for, all packings together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Term
from jiqun.release import Dump, Release
from jiqun.web.metadata.schema_org import data_block
from jiqun.web.pages.cells import Caption, Cell, show
from jiqun.web.pages.query_page import group_queries
from jiqun.web.pages.rendering import PHRASES, render
from jiqun.web.pages.results_page import DEFAULT_QUERY
from jiqun.web.pages.source_page import SourceEntry, list_sources

_GROUPS: Final = ("rdf", "tables", "maps", "graphs")
_OTHERS: Final = "others"


@dataclass(frozen=True)
class Download:
    """One content: what it is, how many triples or rows it has, and the files that hold it."""

    title: Text
    count: int | None
    files: Sequence[Dump]


def group_downloads(dumps: Iterable[Dump], reader: Reader) -> list[tuple[str, Sequence[Download]]]:
    """Give the groups that have files, each by the key of its phrase, and what is in them."""
    contents: dict[tuple[str, str], list[Dump]] = {}
    for dump in dumps:
        group = dump.group if dump.group in _GROUPS else _OTHERS
        title = dump.title.get("en") or dump.name
        contents.setdefault((group, title), []).append(dump)
    found: list[tuple[str, Sequence[Download]]] = []
    for group in (*_GROUPS, _OTHERS):
        members = [
            _download(files, reader) for (where, _), files in contents.items() if where == group
        ]
        if members:
            found.append((f"downloads_{group}", members))
    return found


def _download(files: Sequence[Dump], reader: Reader) -> Download:
    first = files[0]
    count = first.triples if first.triples is not None else first.rows
    return Download(
        pick(first.title, reader) if first.title else Text(first.media_type), count, files
    )


_COUNTS: Final = (
    "clusters",
    "companies",
    "organisations",
    "regions",
    "observations",
    "statements",
    "passages",
    "sources",
    "triples",
)
_MOST_SOURCES: Final = 12


@dataclass(frozen=True)
class Figure:
    """A figure of a cluster: what is counted, in what population, and the words that give it."""

    cluster: Term
    metric: Term
    population: Term | None
    bound: Term
    value: Term
    unit: Term
    period: Term | None
    words: Text
    passage: Term


@dataclass(frozen=True)
class Overview:
    """What the start page shows out of the graph.

    `figures` answer `first_query`, the worked question; `sources` are all there are, newest first.
    """

    sources: Sequence[SourceEntry]
    figures: Sequence[Figure]
    first_query: str


@dataclass(frozen=True)
class FigureRow:
    """A figure as it is shown; `bound` is None for an exact one."""

    metric: Cell
    population: Cell
    bound: Cell | None
    value: Cell
    unit: Cell
    period: Cell
    words: Text
    passage: Cell


def render_home(
    release: Release,
    overview: Overview,
    captions: Mapping[str, Caption],
    reader: Reader,
    dataset: Mapping[str, Any],
) -> str:
    """Render the start page of a release; `dataset` describes it in the terms of schema.org."""
    sources, figures = overview.sources, overview.figures
    return render(
        "home.html",
        reader,
        release=release,
        counts=_counts(release.counts),
        groups=group_queries(release.queries.values(), reader),
        downloads=group_downloads(release.dumps.values(), reader),
        sources=list_sources(sources[:_MOST_SOURCES], captions, reader),
        more_sources=max(0, len(sources) - _MOST_SOURCES),
        figures=[
            (show(cluster, captions, reader), [_row(each, captions, reader) for each in members])
            for cluster, members in groupby(figures, key=lambda figure: figure.cluster)
        ],
        open_form=reader.link("/sparql", query=overview.first_query),
        text=DEFAULT_QUERY,
        schema_org=data_block(dataset),
    )


def _counts(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(_count_key(name, counts[name]), counts[name]) for name in _COUNTS if counts.get(name)]


def _count_key(name: str, count: int) -> str:
    singular = f"count_{name}_one"
    return singular if count == 1 and singular in PHRASES else f"count_{name}"


def _row(figure: Figure, captions: Mapping[str, Caption], reader: Reader) -> FigureRow:
    exact = figure.bound.value.endswith("/exact")
    return FigureRow(
        show(figure.metric, captions, reader),
        show(figure.population, captions, reader),
        None if exact else show(figure.bound, captions, reader),
        show(figure.value, captions, reader),
        show(figure.unit, captions, reader),
        show(figure.period, captions, reader),
        figure.words,
        show(figure.passage, captions, reader),
    )
