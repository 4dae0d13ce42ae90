"""The catalogue and the quality report as pages.

The description of the dataset as a page.

The report on the quality of the data as a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Term
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
from jiqun.release import Release
from jiqun.web.linked_data.serialization import Statement
from jiqun.web.metadata.dcat import TYPE, Said
from jiqun.web.pages.cells import Caption, Cell, show
from jiqun.web.pages.rendering import render

_NUMBERS: Final = {
    "triples": "count_triples",
    "entities": "catalogue_entities",
    "classes": "catalogue_classes",
    "properties": "catalogue_properties",
}


@dataclass(frozen=True)
class Service:
    """A service: what it is called, what it does, where it is."""

    title: Text
    description: Text
    address: str


@dataclass(frozen=True)
class Linkset:
    """The links of one kind to one dataset."""

    title: str
    target: str
    predicate: str
    links: str


def render_catalogue(statements: Iterable[Statement], release: Release, reader: Reader) -> str:
    """Render the description of the dataset."""
    said = Said(statements)
    period = f"{DATASET}#period"

    def words(subject: str, predicate: str) -> Text:
        return pick(said.words(subject, predicate), reader)

    return render(
        "catalogue.html",
        reader,
        release=release,
        title=words(DATASET, f"{DCTERMS}title"),
        description=words(DATASET, f"{DCTERMS}description"),
        counts=[
            (key, said.one(DATASET, VOID + name))
            for name, key in _NUMBERS.items()
            if said.one(DATASET, VOID + name)
        ],
        publisher=words(f"{DATASET}#publisher", f"{FOAF}name"),
        provenance=words(f"{DATASET}#provenance", RDFS_LABEL),
        modified=said.one(DATASET, f"{DCTERMS}modified"),
        period=[said.one(period, f"{DCAT}{each}Date") for each in ("start", "end")],
        licence=LICENCE,
        services=[
            Service(
                words(each.value, f"{DCTERMS}title"),
                words(each.value, f"{DCTERMS}description"),
                said.one(each.value, f"{DCAT}endpointURL"),
            )
            for each in said.all(CATALOGUE, f"{DCAT}service")
        ],
        linksets=list(_linksets(said)),
        dumps=[(dump, pick(dump.title, reader)) for dump in release.dumps.values()],
    )


def _linksets(said: Said) -> Iterator[Linkset]:
    for whole in said.all(DATASET, f"{VOID}subset"):
        for part in said.all(whole.value, f"{VOID}subset"):
            if said.one(part.value, TYPE):
                yield Linkset(
                    said.one(whole.value, f"{DCTERMS}title"),
                    said.one(part.value, f"{VOID}objectsTarget"),
                    compact(said.one(part.value, f"{VOID}linkPredicate")),
                    said.one(part.value, f"{VOID}triples"),
                )


_MOST_SOURCES: Final = 20
_MOST_CLASSES: Final = 30
_NAMED: Final = {
    "class",
    "source",
    "grade",
    "target",
    "predicate",
    "candidate",
    "list",
    "dataset",
}
"""Columns that hold IRIs to be shown by their labels."""

Row = dict[str, Any]


def render_quality(release: Release, reader: Reader) -> str:
    """Render the report of a release; the parts of the report are those of `quality.json`."""
    report = release.quality
    captions = {iri: Caption(labels) for iri, labels in report.get("labels", {}).items()}

    def rows(name: str, most: int | None = None) -> list[Row]:
        return [_shown(row, captions, reader) for row in _part(report, name)[:most]]

    return render(
        "quality.html",
        reader,
        release=release,
        facts=report.get("facts", {}),
        open_questions=report.get("open", {}),
        rules=report.get("rules", {}),
        freshness=report.get("freshness", {}),
        grades=_grades(_part(report, "sources"), captions, reader),
        classes=rows("classes", _MOST_CLASSES),
        sources=rows("sources", _MOST_SOURCES),
        more_sources=max(0, len(_part(report, "sources")) - _MOST_SOURCES),
        lists=rows("lists"),
        candidates=rows("candidates"),
        links=rows("links"),
        datasets=rows("datasets"),
    )


def _part(report: Mapping[str, Any], name: str) -> list[Row]:
    return list(report.get(name, ()))


def _shown(row: Row, captions: Mapping[str, Caption], reader: Reader) -> Row:
    return {
        name: show(Term("uri", str(value)), captions, reader) if name in _NAMED else value
        for name, value in row.items()
    }


def _grades(
    sources: Iterable[Row], captions: Mapping[str, Caption], reader: Reader
) -> list[tuple[Cell | None, int, int]]:
    """Return each grade with the numbers of its sources and of their statements."""
    counts: dict[str, tuple[int, int]] = {}
    for row in sources:
        grade = str(row.get("grade", ""))
        number, statements = counts.get(grade, (0, 0))
        counts[grade] = (number + 1, statements + int(row["statements"]))
    return [
        (show(Term("uri", grade), captions, reader) if grade else None, *counts[grade])
        for grade in sorted(counts)
    ]
