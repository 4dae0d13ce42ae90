"""The home page: counts, a first query with its result, the saved queries, sources and files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Select, Term
from jiqun.rdf.namespaces import DATASET, ID, LICENCE, prologue
from jiqun.release import Dump, Release
from jiqun.web.documents import Context, Document
from jiqun.web.metadata.dcat import read_catalogue_graph
from jiqun.web.metadata.schema_org import data_block, dataset_document
from jiqun.web.pages.cells import Caption, Labels, read_captions, text_of
from jiqun.web.pages.query_page import group_queries
from jiqun.web.pages.rendering import PHRASES, html_document, render
from jiqun.web.pages.results_page import DEFAULT_QUERY
from jiqun.web.pages.source_facts import SourceEntry, read_sources
from jiqun.web.pages.source_page import source_lines

FIRST_QUERY: Final = f"""{prologue("kg")}
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
"""The query whose result is on the page."""

_GROUPS: Final = ("rdf", "tables", "maps", "graphs")
_OTHERS: Final = "others"
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
_MAX_SOURCES: Final = 12


@dataclass(frozen=True)
class Figure:
    """A figure of a cluster: metric, population, value, and the words that state it."""

    cluster: Term
    metric: Term
    population: Term | None
    bound: Term
    value: Term
    unit: Term
    period: Term | None
    words: Text
    passage: Term

    @property
    def is_exact(self) -> bool:
        """Whether the value is exact, neither a bound nor about."""
        return self.bound.value == f"{ID}exact"


Download = tuple[Text, int | None, Sequence[Dump]]
"""Some content of the release, its number of triples or rows, and the files that hold it."""


def home_document(context: Context, reader: Reader, root: str) -> Document:
    """Return the home page of the site at the URL `root`."""
    sources, source_captions = read_sources(context.select)
    figures, captions = read_first_figures(context.select)
    dataset = dataset_document(read_catalogue_graph(context.select), context.release, root)
    text = render_home(
        context.release, sources, figures, source_captions | captions, reader, dataset
    )
    return html_document(text, reader, {"Link": _links(root)})


def _links(root: str) -> str:
    """Return the Link header (RFC 8288) that leads programs to the descriptions of the site."""
    return ", ".join(
        (
            f'<{root}/.well-known/void>; rel="describedby"; type="text/turtle"',
            f'<{root}/catalogue.ttl>; rel="describedby"; type="text/turtle"',
            f'<{root}/sparql>; rel="service-desc"; type="text/turtle"',
            f'<{root}/openapi.json>; rel="service-desc"; type="application/json"',
            f'<{LICENCE}>; rel="license"',
            f'<{DATASET}>; rel="cite-as"',
        )
    )


def read_first_figures(select: Select) -> tuple[list[Figure], dict[str, Caption]]:
    """Read the result of the first query, and the captions of everything in it."""
    rows = select(FIRST_QUERY)
    figures = [
        Figure(
            cluster=row["cluster"],
            metric=row["metric"],
            population=row.get("population"),
            bound=row["bound"],
            value=row["value"],
            unit=row["unit"],
            period=row.get("period"),
            words=text_of(row["words"]),
            passage=row["passage"],
        )
        for row in rows
    ]
    iris = [each.value for row in rows for each in row.values() if each.is_iri]
    return figures, read_captions(select, iris)


def render_home(
    release: Release,
    sources: Sequence[SourceEntry],
    figures: Iterable[Figure],
    captions: Mapping[str, Caption],
    reader: Reader,
    dataset: Mapping[str, Any],
) -> str:
    """Render the home page of a release; `dataset` describes it in schema.org."""
    labels = Labels(captions, reader)
    return render(
        "home.html",
        reader,
        release=release,
        counts=_counts(release.counts),
        groups=group_queries(release.queries.values(), reader),
        downloads=group_downloads(release.dumps.values(), reader),
        sources=source_lines(sources[:_MAX_SOURCES], labels),
        more_sources=max(0, len(sources) - _MAX_SOURCES),
        figures=[
            (cluster, list(members))
            for cluster, members in groupby(figures, key=lambda figure: figure.cluster)
        ],
        cell=labels.cell,
        open_form=reader.link("/sparql", query=FIRST_QUERY),
        text=DEFAULT_QUERY,
        schema_org=data_block(dataset),
    )


def group_downloads(dumps: Iterable[Dump], reader: Reader) -> list[tuple[str, Sequence[Download]]]:
    """Return the groups of files by purpose, each with the key of its phrase."""
    contents: dict[tuple[str, str], list[Dump]] = {}
    for dump in dumps:
        group = dump.group if dump.group in _GROUPS else _OTHERS
        contents.setdefault((group, dump.title.get("en") or dump.name), []).append(dump)
    found: dict[str, list[Download]] = {group: [] for group in (*_GROUPS, _OTHERS)}
    for (group, _), files in contents.items():
        dump = files[0]
        title = pick(dump.title, reader) if dump.title else Text(dump.media_type)
        count = dump.triples if dump.triples is not None else dump.rows
        found[group].append((title, count, files))
    return [(f"downloads_{group}", members) for group, members in found.items() if members]


def _counts(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(_count_key(name, counts[name]), counts[name]) for name in _COUNTS if counts.get(name)]


def _count_key(name: str, count: int) -> str:
    singular = f"count_{name}_one"
    return singular if count == 1 and singular in PHRASES else f"count_{name}"
