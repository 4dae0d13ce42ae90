"""The result of a query as a map, chart, graph or timeline, if its columns permit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final

import pyoxigraph as ox

from jiqun.language import Text
from jiqun.query.solutions import Row, Select, Term
from jiqun.rdf.namespaces import ID, XSD, compact, is_absolute_iri, prologue
from jiqun.web.linked_data.descriptions import values
from jiqun.web.pages.cells import Labels
from jiqun.web.pages.rendering import address, phrase
from jiqun.web.pages.result_table import Outcome, column_title, partner_of
from jiqun.web.pictures.amount_charts import Dot, DotGroup, draw_dots
from jiqun.web.pictures.certainty import known_bound, read_number, write_amount
from jiqun.web.pictures.drawing import Picture, Sheet
from jiqun.web.pictures.map_picture import (
    MapMark,
    Place,
    draw_map,
    read_outlines,
    read_point,
    read_points,
)
from jiqun.web.pictures.network_picture import MOST_NODES, Edge, Node, draw_graph
from jiqun.web.pictures.time_lanes import Lane, Span, draw_lanes, read_period

_MOST_DOTS: Final = 60
_MOST_SPANS: Final = 120
_MOST_LANES: Final = 8
_DATES: Final = frozenset(XSD + name for name in ("date", "gYear", "gYearMonth", "dateTime"))
_WKT: Final = "http://www.opengis.net/ont/geosparql#wktLiteral"
_SCALES: Final = f"""{prologue("kg", "rdfs")}
SELECT ?concept ?label WHERE {{
  VALUES ?class {{ kg:Bound kg:Unit }} ?concept a ?class ; rdfs:label ?label
}}"""
_AREAS: Final = """
SELECT DISTINCT ?thing ?place WHERE {{
  VALUES ?thing {{ {} }}
  ?thing kg:coreArea|kg:keyArea|kg:locatedIn|kg:region|kg:headquarters ?place .
  ?place <http://www.opengis.net/ont/geosparql#hasGeometry> ?shape .
  FILTER NOT EXISTS {{
    ?thing kg:coreArea|kg:keyArea|kg:locatedIn ?smaller . ?smaller kg:within ?place
    FILTER (?smaller != ?place)
  }}
}} ORDER BY ?thing ?place"""


@dataclass(frozen=True)
class Columns:
    """The columns of a result by content; each name is that of a variable.

    `places` are the column that has places, and the places of each of its things, if there is one.
    """

    things: tuple[str, ...]
    numbers: tuple[str, ...]
    dates: tuple[str, ...]
    points: tuple[str, ...]
    places: tuple[str, Mapping[str, tuple[str, ...]]] | None


def read_columns(outcome: Outcome, select: Select) -> Columns:
    """Return the kinds of the columns of a result; a graph has none."""
    things, numbers, dates, points = [], [], [], []
    for name in outcome.variables:
        bound = [row[name] for row in outcome.rows if name in row]
        if not bound:
            continue
        if sum(each.is_iri and each.value.startswith(ID) for each in bound) * 2 > len(bound):
            things.append(name)
        elif all(each.datatype in _DATES or _is_year(name, each) for each in bound):
            dates.append(name)
        elif all(each.is_number for each in bound):
            numbers.append(name)
        elif any(each.datatype == _WKT and read_point(each.value) for each in bound):
            points.append(name)
    places = _places(outcome, things, select)
    return Columns(tuple(things), tuple(numbers), tuple(dates), tuple(points), places)


def _is_year(name: str, term: Term) -> bool:
    return name.lower().endswith(("year", "date")) and _period(term) is not None


def _period(term: Term | None) -> tuple[date, date] | None:
    """Return the first and the last day of a year, a month, a day or a moment."""
    return read_period(term.value.partition("T")[0]) if term is not None else None


def offered_views(outcome: Outcome, columns: Columns) -> tuple[str, ...]:
    """Return the views that the columns of a result permit, the table first."""
    if outcome.boolean is not None:
        return ()
    if outcome.graph is not None:
        return ("table", "graph") if _triples(outcome)[1] else ()
    found = ["table"]
    if columns.points or columns.places:
        found.append("map")
    if columns.numbers and len(outcome.rows) > 1 and _label_column(outcome, columns):
        found.append("chart")
    if _edge_columns(outcome, columns):
        found.append("graph")
    if columns.dates and _label_column(outcome, columns):
        found.append("timeline")
    return tuple(found)


def draw_view(
    view: str, outcome: Outcome, columns: Columns, labels: Labels, select: Select
) -> Picture:
    """Draw a view that is offered for a result, of all its rows or of some in `outcome`.

    The note of the picture says how many rows it leaves out.
    """
    if view == "map":
        return _map(outcome, columns, labels, select)
    if view == "chart":
        return _chart(outcome, columns, labels, select)
    if view == "graph":
        return _graph(outcome, columns, labels)
    return _timeline(outcome, columns, labels)


def _label_column(outcome: Outcome, columns: Columns) -> str | None:
    """Return the column that names a row: of things, the one with most of them, else of texts."""
    others = [
        name
        for name in outcome.variables
        if name not in (*columns.numbers, *columns.dates)
        and any(name in row and not row[name].is_number for row in outcome.rows)
    ]
    named = sorted(columns.things, key=lambda name: -_distinct(outcome, name))
    return next(iter([*named, *others]), None)


def _distinct(outcome: Outcome, name: str) -> int:
    return len({row[name].value for row in outcome.rows if name in row})


def _name(row: Row, column: str, outcome: Outcome, labels: Labels) -> tuple[Text, str | None]:
    """Return the name of a cell, and its link."""
    term = row.get(column)
    if term is None:
        return Text("–"), None
    partner = partner_of(column, outcome.variables)
    words = row.get(partner) if partner else None
    cell = labels.cell(term)
    text = labels.cell(words).text if words is not None and not words.is_iri else cell.text
    return text, cell.href


def _passage(row: Row, labels: Labels) -> str | None:
    """Return the source of a row."""
    found = next((each for each in row.values() if each.is_passage), None)
    return address(found.value, labels.reader) if found else None


def _others(row: Row, outcome: Outcome, labels: Labels, but: Iterable[str]) -> str:
    """Return the other columns of a row as text."""
    skipped = {*but, *(partner_of(each, outcome.variables) for each in outcome.variables)}
    parts = []
    for name in outcome.variables:
        term = row.get(name)
        if term is not None and name not in skipped and not term.is_passage:
            text = _name(row, name, outcome, labels)[0].value
            if text and len(text) < 80:
                parts.append(text)
    return " · ".join(parts)


# The map


def _places(
    outcome: Outcome, things: Iterable[str], select: Select
) -> tuple[str, Mapping[str, tuple[str, ...]]] | None:
    """Return the column that has places, and the places of each of its things."""
    best: tuple[str, Mapping[str, tuple[str, ...]]] | None = None
    for name in things:
        found_in = (row[name] for row in outcome.rows if name in row)
        iris = {each.value for each in found_in if each.is_iri and is_absolute_iri(each.value)}
        points = read_points(select, iris)
        if points and len(points) * 2 >= len(iris):
            return name, {iri: (iri,) for iri in points}
        if best is None:
            rows = select(prologue("kg") + _AREAS.format(values(sorted(iris))))
            found: dict[str, tuple[str, ...]] = {}
            for row in rows:
                thing = row["thing"].value
                found[thing] = (*found.get(thing, ()), row["place"].value)
            if found and len(found) * 2 >= len(iris):
                best = name, found
    return best


def _map(outcome: Outcome, columns: Columns, labels: Labels, select: Select) -> Picture:
    column, places = columns.places or (columns.points[0], {})
    points = read_points(select, {each for several in places.values() for each in several})
    subject = _label_column(outcome, columns) or column
    spots: dict[str, dict[Place, None]] = {}
    first: dict[str, Row] = {}
    missing = 0
    for row in outcome.rows:
        where = _row_places(row, column, places, points)
        if not where:
            missing += 1
            continue
        key = row[subject].value if subject in row else str(len(first))
        first.setdefault(key, row)
        spots.setdefault(key, {}).update(dict.fromkeys(where))
    marks = []
    for key, row in first.items():
        name, href = _name(row, subject, outcome, labels)
        others = _others(row, outcome, labels, {subject})
        shown = name if len(first) <= 16 else Text("")
        tooltip = " · ".join(part for part in (name.value, others) if part)
        marks.append(MapMark(tooltip, "place", tuple(spots[key]), href, shown))
    sheet = Sheet.of("view", "view_map", labels.reader)
    picture = draw_map(sheet, read_outlines(select), marks, close=True)
    return _noted(picture, "map", missing)


def _row_places(
    row: Row, column: str, places: Mapping[str, Sequence[str]], points: Mapping[str, Place]
) -> list[Place]:
    term = row.get(column)
    if term is None:
        return []
    if not term.is_iri:
        place = read_point(term.value)
        return [place] if place else []
    return [points[each] for each in places.get(term.value, ()) if each in points]


# The chart


def _chart(outcome: Outcome, columns: Columns, labels: Labels, select: Select) -> Picture:
    reader = labels.reader
    column = _number_column(outcome, columns)
    label = _label_column(outcome, columns) or column
    scales = _scales(select)
    units = [_concept(row, "unit", scales) for row in outcome.rows]
    usual = Counter(units).most_common(1)[0][0]
    dots: list[Dot] = []
    missing = 0
    for row, unit in zip(outcome.rows, units, strict=True):
        number = _number(row.get(column))
        if number is None or unit != usual or len(dots) >= _MOST_DOTS:
            missing += 1
            continue
        bound = known_bound(_concept(row, "bound", scales).removeprefix(ID))
        unit_label = labels.label(unit) if unit else Text("")
        unit_label = unit_label if unit_label.value else _unit_text(row)
        name, href = _name(row, label, outcome, labels)
        used = {column, label, "unit", "unitLabel", "bound", "boundLabel"}
        tooltip = _others(row, outcome, labels, used)
        amount = write_amount(row[column].value, unit, unit_label, bound, reader)
        dots.append(Dot(name, tooltip, number, bound, amount, _passage(row, labels) or href))
    about = phrase("view_chart_about", reader.lang, column_title(column, reader.lang))
    sheet = Sheet("view", phrase("view_chart", reader.lang), about, reader)
    picture = draw_dots(sheet, [DotGroup("", "", tuple(dots))], usual)
    return _noted(picture, "chart", missing)


def _number_column(outcome: Outcome, columns: Columns) -> str:
    """Return the column to draw: `value`, or the one of the largest numbers, which holds others."""
    if "value" in columns.numbers:
        return "value"
    sums = {
        name: sum((abs(_number(row.get(name)) or Decimal(0)) for row in outcome.rows), Decimal(0))
        for name in columns.numbers
    }
    return max(columns.numbers, key=sums.__getitem__)


def _number(term: Term | None) -> Decimal | None:
    return read_number(term.value) if term is not None else None


def _scales(select: Select) -> dict[str, str]:
    """Return bounds and units by their labels."""
    return {row["label"].value: row["concept"].value for row in select(_SCALES)}


def _concept(row: Row, name: str, scales: Mapping[str, str]) -> str:
    """Return the bound or unit of a row by its IRI; empty where there is none."""
    term = row.get(name)
    if term is not None and term.is_iri:
        return term.value
    label = row.get(f"{name}Label")
    return scales.get(label.value, "") if label is not None else ""


def _unit_text(row: Row) -> Text:
    term = row.get("unitLabel")
    return Text(term.value, term.lang) if term is not None else Text("")


# The graph


def _edge_columns(outcome: Outcome, columns: Columns) -> tuple[str, ...]:
    """Return the columns whose things are joined by lines, from left to right."""
    several = [name for name in columns.things if _distinct(outcome, name)]
    if len(several) < 2:
        return ()
    first = {row[several[0]].value for row in outcome.rows if several[0] in row}
    second = {row[several[1]].value for row in outcome.rows if several[1] in row}
    return tuple(several[:3]) if len(first) + len(second) > 2 or first != second else ()


def _triples(outcome: Outcome) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """Return the labels in a graph, and its triples between things; none of one that was cut."""
    labels: dict[str, str] = {}
    found = []
    try:
        quads = list(ox.parse((outcome.graph or "").encode(), ox.RdfFormat.TURTLE))
    except SyntaxError:
        return {}, []
    for quad in quads:
        subject, value = quad.subject, quad.object
        if isinstance(subject, ox.NamedNode) and isinstance(value, ox.NamedNode):
            if subject.value.startswith(ID) and value.value.startswith(ID):
                found.append((subject.value, quad.predicate.value, value.value))
        elif isinstance(subject, ox.NamedNode) and quad.predicate.value.endswith("#label"):
            labels.setdefault(subject.value, getattr(value, "value", ""))
    return labels, sorted(found)


def _graph(outcome: Outcome, columns: Columns, labels: Labels) -> Picture:
    reader = labels.reader
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], Edge] = {}
    missing = 0

    def add(iri: str, name: Text, href: str | None) -> bool:
        if iri not in nodes and len(nodes) >= MOST_NODES:
            return False
        nodes.setdefault(iri, Node(iri, name, href))
        return True

    if outcome.graph is not None:
        written, triples = _triples(outcome)
        for start, predicate, end in triples:
            ends = [(iri, _own_label(iri, written, labels)) for iri in (start, end)]
            if all(add(iri, name, address(iri, reader)) for iri, name in ends):
                edges.setdefault((start, end), Edge(start, end, compact(predicate)))
            else:
                missing += 1
    joined = _edge_columns(outcome, columns) if outcome.graph is None else ()
    for row in outcome.rows:
        present = [name for name in joined if name in row and row[name].is_iri]
        kept = [
            name for name in present if add(row[name].value, *_name(row, name, outcome, labels))
        ]
        missing += len(kept) < len(present)
        for start, end in pairwise(kept):
            pair = row[start].value, row[end].value
            if pair[0] != pair[1]:
                edges.setdefault(pair, Edge(*pair))
    picture = draw_graph(Sheet.of("view", "view_graph", reader), nodes, list(edges.values()))
    return _noted(picture, "graph", missing)


def _own_label(iri: str, written: Mapping[str, str], labels: Labels) -> Text:
    known = labels.label(iri)
    return known if known.value else Text(written.get(iri, compact(iri)))


# The timeline


def _timeline(outcome: Outcome, columns: Columns, labels: Labels) -> Picture:
    reader = labels.reader
    start_column = next((each for each in columns.dates if each.lower().startswith("start")), None)
    end_column = next((each for each in columns.dates if each.lower().startswith("end")), None)
    only = None if start_column or end_column else columns.dates[0]
    label = _label_column(outcome, columns) or columns.dates[0]
    group = _lane_column(outcome, columns, label)
    lanes: dict[str, list[Span]] = {}
    titles: dict[str, Text] = {}
    for row in outcome.rows[:_MOST_SPANS]:
        name, href = _name(row, label, outcome, labels)
        first, last = (_period(row.get(only or each or "")) for each in (start_column, end_column))
        start = first[0] if first else None
        end = last[1] if last else None
        tooltip = " · ".join(
            part
            for part in (
                name.value,
                *(row[each].value[:10] for each in columns.dates if each in row),
                _others(row, outcome, labels, {label, *columns.dates, group or label}),
            )
            if part
        )
        key = row[group].value if group and group in row else ""
        titles.setdefault(key, _name(row, group, outcome, labels)[0] if group and key else Text(""))
        goal = "goal" in row
        lanes.setdefault(key, []).append(
            Span(name, tooltip, start, end, _passage(row, labels) or href, goal=goal)
        )
    drawn = [Lane(titles[key], tuple(spans)) for key, spans in lanes.items()]
    picture = draw_lanes(Sheet.of("view", "view_timeline", reader), drawn)
    missing = max(0, len(outcome.rows) - _MOST_SPANS)
    return _noted(picture, "timeline", missing)


def _lane_column(outcome: Outcome, columns: Columns, label: str) -> str | None:
    """Return a column with few values that groups the rows into lanes."""
    used = {label, partner_of(label, outcome.variables), *columns.dates, *columns.numbers}
    for name in outcome.variables:
        if name in used or not all(name in row for row in outcome.rows):
            continue
        if 1 < _distinct(outcome, name) <= min(_MOST_LANES, len(outcome.rows) // 2):
            return name
    return None


def _noted(picture: Picture, view: str, missing: int) -> Picture:
    """Add to a picture how many rows it leaves out, if any."""
    lang = picture.sheet.reader.lang
    return picture.noting(phrase(f"view_{view}_without", lang, str(missing)) if missing else "")
