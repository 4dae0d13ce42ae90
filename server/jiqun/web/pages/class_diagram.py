"""The diagram of the classes of the ontology: boxes in columns, and lines between them.

A box is a class that is the domain of object properties; each of its rows is such a property with
its range. Classes that many lead to are in the middle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from jiqun.language import Reader, Text, pick
from jiqun.rdf.namespaces import KG, OWL
from jiqun.web.linked_data.ontology_terms import OntologyTerm
from jiqun.web.pictures.drawing import cut, units

WIDTH: Final = 226
ROW: Final = 24
HEAD: Final = 30
_COLUMNS: Final = 4
_BETWEEN: Final = 46
_BELOW: Final = 20
_EDGE: Final = 20
_SWEEPS: Final = 6
_LONGEST: Final = 30
_LONGEST_TARGET: Final = 19
_FULL: Final = 0.6

Relation = tuple[str, str, str]
"""The IRIs of a class, of a property in its domain, and of the class in its range."""


@dataclass(frozen=True)
class Row:
    """A property in a box with its range; `y` is the middle of the row."""

    href: str
    label: Text
    target: Text
    y: int


@dataclass(frozen=True)
class Box:
    """A class: its corner, its height and its rows."""

    x: int
    y: int
    height: int
    href: str
    title: Text
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Diagram:
    """The diagram, in CSS pixels; `lines` are SVG paths."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]


def draw(terms: Iterable[OntologyTerm], reader: Reader) -> Diagram:
    """Draw the classes and the object properties between them."""
    by_iri = {term.iri: term for term in terms}
    relations = _relations(by_iri)
    rows: defaultdict[str, list[Relation]] = defaultdict(list)
    for each in relations:
        rows[each[0]].append(each)
    inner = [(source, target) for source, _, target in relations if target in rows]
    heights = {iri: HEAD + ROW * len(rows[iri]) for iri in rows}
    columns = _columns(sorted(rows), inner, heights)
    total = max((_extent(column, heights) for column in columns), default=0)
    corners = {
        iri: (_EDGE + number * (WIDTH + _BETWEEN), y)
        for number, column in enumerate(columns)
        for iri, y in _stack(column, heights, (total - _extent(column, heights)) // 2 + _EDGE)
    }
    boxes = tuple(_box(iri, rows[iri], corners[iri], by_iri, reader) for iri in corners)
    lines = tuple(
        _line(corners[iri], number, corners[target])
        for iri in corners
        for number, (_, _, target) in enumerate(rows[iri])
        if target in corners
    )
    width = 2 * _EDGE + len(columns) * (WIDTH + _BETWEEN) - _BETWEEN
    return Diagram(width, total + 2 * _EDGE, boxes, lines)


def _relations(by_iri: Mapping[str, OntologyTerm]) -> list[Relation]:
    return [
        (source, term.iri, target)
        for term in by_iri.values()
        if f"{OWL}ObjectProperty" in term.natures
        for source in term.domains
        for target in term.ranges
        if source in by_iri and target in by_iri
    ]


def _columns(
    boxes: Sequence[str], inner: Sequence[tuple[str, str]], heights: Mapping[str, int]
) -> list[list[str]]:
    """Distribute the boxes over columns, and order each column so that lines are short.

    Classes that others lead to are in the two columns in the middle, the rest next to those that
    they lead to.
    """
    near: defaultdict[str, list[str]] = defaultdict(list)
    for source, target in inner:
        near[source].append(target)
        near[target].append(source)
    hubs = {target for source, target in inner if source != target}
    columns: list[list[str]] = [[] for _ in range(_COLUMNS)]
    for iri in sorted(hubs, key=lambda iri: (-len(near[iri]), iri)):
        min(columns[1:3], key=lambda column: _extent(column, heights)).append(iri)
    outer = [iri for iri in boxes if iri not in hubs]
    half = _extent(outer, heights) * _FULL
    for iri in sorted(outer, key=lambda iri: (-len(near[iri]), iri)):
        left = sum(each in columns[1] for each in near[iri])
        side = 0 if 2 * left >= len(near[iri]) else 3
        lighter = min((0, 3), key=lambda number: _extent(columns[number], heights))
        if not near[iri] or _extent([*columns[side], iri], heights) > half:
            side = lighter
        columns[side].append(iri)
    for _ in range(_SWEEPS):
        _shorten(columns, near, heights)
    return columns


def _shorten(
    columns: Iterable[list[str]], near: Mapping[str, Sequence[str]], heights: Mapping[str, int]
) -> None:
    """Order each column by the average height of what its boxes are connected to."""
    for column in columns:
        middle = {
            iri: y + (heights[iri] - _extent(each, heights)) / 2
            for each in columns
            for iri, y in _stack(each, heights, 0)
        }
        wanted = {
            iri: fmean(middle[each] for each in near[iri]) if near.get(iri) else middle[iri]
            for iri in column
        }
        column.sort(key=lambda iri, wanted=wanted: (wanted[iri], iri))  # type: ignore[misc]


def _stack(column: Iterable[str], heights: Mapping[str, int], y: int) -> list[tuple[str, int]]:
    stacked = []
    for iri in column:
        stacked.append((iri, y))
        y += heights[iri] + _BELOW
    return stacked


def _extent(column: Sequence[str], heights: Mapping[str, int]) -> int:
    return sum(heights[iri] + _BELOW for iri in column) - _BELOW


def _box(
    iri: str,
    rows: Sequence[Relation],
    corner: tuple[int, int],
    by_iri: Mapping[str, OntologyTerm],
    reader: Reader,
) -> Box:
    x, y = corner
    shown = []
    for number, (_, name, target) in enumerate(rows):
        to = cut(_label(by_iri[target], reader), _LONGEST_TARGET)
        label = cut(_label(by_iri[name], reader), _LONGEST - units(to.value))
        middle = y + HEAD + ROW * number + ROW // 2
        shown.append(Row(_anchor(name), label, to, middle))
    height = HEAD + ROW * len(rows)
    return Box(x, y, height, _anchor(iri), _label(by_iri[iri], reader), tuple(shown))


def _line(source: tuple[int, int], number: int, target: tuple[int, int]) -> str:
    """Return the SVG path from a row to the head of a box, between their nearest sides."""
    y, end = source[1] + HEAD + ROW * number + ROW // 2, target[1] + HEAD // 2
    if source[0] == target[0]:
        x = source[0] + WIDTH
        bend = x + 24
        return f"M{x} {y}C{bend} {y} {bend} {end} {x} {end}"
    ahead = target[0] > source[0]
    x, to = (source[0] + WIDTH, target[0]) if ahead else (source[0], target[0] + WIDTH)
    bend = (to - x) // 2
    return f"M{x} {y}C{x + bend} {y} {to - bend} {end} {to} {end}"


def _label(term: OntologyTerm, reader: Reader) -> Text:
    found = pick(term.labels, reader)
    return found if found.value else Text(term.name)


def _anchor(iri: str) -> str:
    return f"#{iri.removeprefix(KG)}"
