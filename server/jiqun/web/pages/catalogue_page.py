"""The files of the release by purpose; its catalogue and quality report, as pages and as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyoxigraph import Triple

from jiqun.errors import NotFound
from jiqun.language import Reader, Text, pick
from jiqun.query.spreadsheet import for_spreadsheet
from jiqun.rdf.formats import HTML
from jiqun.rdf.namespaces import (
    CATALOGUE,
    DATASET,
    DCAT,
    DCTERMS,
    FOAF,
    LICENCE,
    RDFS_LABEL,
    VOID,
    compact,
)
from jiqun.release import Dump, Release
from jiqun.web.documents import Context, Document, json_document
from jiqun.web.linked_data.descriptions import Description, descriptions, first, rdf_document, texts
from jiqun.web.linked_data.representations import Target
from jiqun.web.metadata.dcat import packed_void, read_catalogue
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Caption, Cell, Labels
from jiqun.web.pages.error_page import redirect
from jiqun.web.pages.rendering import html_document, render

_TABLES: Final = ("clusters", "observations", "companies", "participations", "regions", "goals")
_PURPOSES: Final[Mapping[str, tuple[str, ...]]] = {
    "gephi": ("jiqun.gexf", "jiqun.graphml"),
    "store": ("jiqun.nq.gz", "jiqun.ttl.gz", "evidence.ttl.gz", "jiqun-1.2.ttl.gz"),
    "map": ("clusters.geojson", "regions.geojson"),
}
"""The files for a purpose, best first; tables are listed separately."""

_GROUPS: Final = ("rdf", "tables", "maps", "graphs")
_OTHERS: Final = "others"
_CSV: Final = "text/csv; charset=utf-8"
Download = tuple[Text, int | None, Sequence[Dump]]
"""Some content of the release, its number of triples or rows, and the files that hold it."""

_NUMBERS: Final = {
    "triples": "count_triples",
    "entities": "catalogue_entities",
    "classes": "catalogue_classes",
    "properties": "catalogue_properties",
}
_MAX_SOURCES: Final = 20
_MAX_CLASSES: Final = 30
_NAMED: Final = {
    "class",
    "source",
    "grade",
    "target",
    "predicate",
    "candidate",
    "list",
    "dataset",
    "licence",
}
"""Columns of the report whose IRIs are shown by their labels."""

Row = dict[str, Any]


@dataclass(frozen=True)
class File:
    """A file for a purpose, with its title, address and number of rows or triples."""

    title: Text
    href: str
    dump: Dump
    count: int | None


def dumps_page(context: Context, reader: Reader, root: str) -> Document:
    """Return the page of the files; `root` is the public URL of the site."""
    dumps = context.release.dumps
    page = render(
        "dumps.html",
        reader,
        release=context.release,
        excel=_files([f"{name}.csv" for name in _TABLES], dumps, reader, "?excel=1"),
        pandas=[name for name in _TABLES if f"{name}.parquet" in dumps][:2],
        purposes={purpose: _files(names, dumps, reader) for purpose, names in _PURPOSES.items()},
        groups=group_downloads(dumps.values(), reader),
        sheets={name for name in dumps if name.endswith(".csv")},
        site=root,
    )
    return html_document(page, reader)


def _files(
    names: Iterable[str], dumps: Mapping[str, Dump], reader: Reader, suffix: str = ""
) -> Sequence[File]:
    return [
        File(
            pick(dump.title, reader) if dump.title else Text(name),
            f"{reader.root}/dumps/{name}{suffix}",
            dump,
            dump.count,
        )
        for name in names
        if (dump := dumps.get(name)) is not None
    ]


def group_downloads(dumps: Iterable[Dump], reader: Reader) -> list[tuple[str, Sequence[Download]]]:
    """Return the groups of files by kind, each with the key of its phrase."""
    contents: dict[tuple[str, str], list[Dump]] = {}
    for dump in dumps:
        group = dump.group if dump.group in _GROUPS else _OTHERS
        contents.setdefault((group, dump.title.get("en") or dump.name), []).append(dump)
    found: dict[str, list[Download]] = {group: [] for group in (*_GROUPS, _OTHERS)}
    for (group, _), files in contents.items():
        dump = files[0]
        title = pick(dump.title, reader) if dump.title else Text(dump.media_type)
        found[group].append((title, dump.count, files))
    return [(f"downloads_{group}", members) for group, members in found.items() if members]


def spreadsheet_document(context: Context, name: str) -> Document:
    """Return a table as CSV for spreadsheets: with a byte order mark, and no cell a formula."""
    dump = context.release.dumps.get(name)
    if dump is None or not name.endswith(".csv"):
        raise NotFound("Only CSV tables are available for spreadsheets.")
    with dump.open() as file:
        body = for_spreadsheet(file.read())
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Vary": "Accept-Encoding",
    }
    return Document(body, _CSV, headers=headers)


def catalogue_document(context: Context, reader: Reader, target: Target) -> Document:
    """Return the description of the dataset, as a page or in DCAT."""
    release, choice = context.release, target.choice
    if release.statistics and target.is_page:
        return redirect(303, f"{reader.root}/", f'<{reader.root}/>; rel="describedby"')
    if release.statistics:
        return rdf_document(packed_void(release, target.root), choice)
    triples = read_catalogue(context, target.root)
    headers = target.resource(CATALOGUE, [f"{DCAT}Catalog"]).headers(choice)
    if target.is_page:
        text = render_catalogue(triples, context.release, reader)
        return html_document(text, reader, headers)
    return rdf_document(triples, choice, headers)


def quality_document(context: Context, reader: Reader, choice: Choice) -> Document:
    """Return the quality report of the release, as a page or as JSON. Raises `NotFound`."""
    report = context.release.quality
    if not report:
        raise NotFound("This release has no quality report. Build it again with `jiqun build`.")
    if choice.format == HTML:
        return html_document(render_quality(report, reader), reader)
    return json_document(report, vary="Accept, Accept-Encoding", indent=1)


def render_catalogue(triples: Iterable[Triple], release: Release, reader: Reader) -> str:
    """Render the description of the dataset."""
    described = descriptions(triples)
    dataset, period = described[DATASET], described[f"{DATASET}#period"]
    labels = _labels(release.quality, reader)

    def words(description: Description, predicate: str) -> Text:
        return pick(texts(description, predicate), reader)

    return render(
        "catalogue.html",
        reader,
        release=release,
        title=words(dataset, f"{DCTERMS}title"),
        description=words(dataset, f"{DCTERMS}description"),
        counts=[
            (key, first(dataset, VOID + name))
            for name, key in _NUMBERS.items()
            if first(dataset, VOID + name)
        ],
        publisher=words(described[f"{DATASET}#publisher"], f"{FOAF}name"),
        provenance=words(described[f"{DATASET}#provenance"], RDFS_LABEL),
        modified=first(dataset, f"{DCTERMS}modified"),
        period=[first(period, f"{DCAT}{each}Date") for each in ("start", "end")],
        licence=LICENCE,
        services=[
            (
                words(described[each.value], f"{DCTERMS}title"),
                words(described[each.value], f"{DCTERMS}description"),
                first(described[each.value], f"{DCAT}endpointURL"),
            )
            for each in described[CATALOGUE].get(f"{DCAT}service", ())
        ],
        linksets=[
            (
                labels.resource(first(linkset, f"{VOID}objectsTarget")),
                compact(first(linkset, f"{VOID}linkPredicate")),
                first(linkset, f"{VOID}triples"),
            )
            for whole in dataset.get(f"{VOID}subset", ())
            for part in described[whole.value].get(f"{VOID}subset", ())
            if (linkset := described[part.value])
        ],
        dumps=[(dump, pick(dump.title, reader)) for dump in release.dumps.values()],
    )


def _labels(report: Mapping[str, Any], reader: Reader) -> Labels:
    """Return the labels of what a quality report names."""
    captions = {iri: Caption(labels) for iri, labels in report.get("labels", {}).items()}
    return Labels(captions, reader)


def render_quality(report: Mapping[str, Any], reader: Reader) -> str:
    """Render the report; its sections are those of `quality.json`."""
    labels = _labels(report, reader)
    sources: list[Row] = report.get("sources", [])

    def rows(name: str, count: int | None = None) -> list[Row]:
        return [_shown(row, labels) for row in report.get(name, ())[:count]]

    return render(
        "quality.html",
        reader,
        facts=report.get("facts", {}),
        open_questions=report.get("open", {}),
        rules=report.get("rules", {}),
        freshness=report.get("freshness", {}),
        grades=_grades(sources, labels),
        classes=rows("classes", _MAX_CLASSES),
        sources=rows("sources", _MAX_SOURCES),
        more_sources=max(0, len(sources) - _MAX_SOURCES),
        lists=rows("lists"),
        depth=report.get("depth", ()),
        candidates=rows("candidates"),
        links=rows("links"),
        datasets=rows("datasets"),
    )


def _shown(row: Row, labels: Labels) -> Row:
    return {
        name: labels.resource(str(value)) if name in _NAMED else value
        for name, value in row.items()
    }


def _grades(sources: Iterable[Row], labels: Labels) -> list[tuple[Cell | None, int, int]]:
    """Return each grade with the number of its sources and of their statements."""
    counts: dict[str, tuple[int, int]] = {}
    for row in sources:
        grade = str(row.get("grade", ""))
        number, statements = counts.get(grade, (0, 0))
        counts[grade] = (number + 1, statements + int(row["statements"]))
    return [(labels.resource(grade) if grade else None, *counts[grade]) for grade in sorted(counts)]
