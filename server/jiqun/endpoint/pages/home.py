"""The start page: what this is, a first answer with its evidence, and the ways in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from jiqun.endpoint.pages.cells import Cell, show
from jiqun.endpoint.pages.downloads import group_downloads
from jiqun.endpoint.pages.environment import render
from jiqun.endpoint.pages.phrases import PHRASES
from jiqun.endpoint.pages.queries import group_queries
from jiqun.endpoint.pages.results import DEFAULT_QUERY
from jiqun.endpoint.pages.schema_org import data_block
from jiqun.endpoint.pages.sources import list_sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.endpoint.pages.cells import Caption
    from jiqun.endpoint.pages.sources import SourceEntry
    from jiqun.endpoint.reader import Reader, Text
    from jiqun.endpoint.release import Release
    from jiqun.endpoint.terms import Term

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
