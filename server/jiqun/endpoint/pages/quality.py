"""The report on the quality of the data as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from jiqun.endpoint.pages.cells import Caption, Cell, show
from jiqun.endpoint.pages.environment import render
from jiqun.endpoint.terms import Term

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jiqun.endpoint.reader import Reader
    from jiqun.endpoint.release import Release

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
