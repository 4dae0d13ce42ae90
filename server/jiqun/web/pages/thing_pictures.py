"""The pictures on the page of a thing: its map, nested sets, and plans over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from markupsafe import Markup

from jiqun.language import Text
from jiqun.rdf.namespaces import ID, KG
from jiqun.web.documents import Context
from jiqun.web.linked_data.premises import INFERRED
from jiqun.web.pages.cells import Labels
from jiqun.web.pages.claims import ClaimView, FigureGroup, FigureRow
from jiqun.web.pages.profiles import Plan
from jiqun.web.pages.records import Record, kind_of
from jiqun.web.pages.rendering import phrase
from jiqun.web.pages.thing_facts import Thing
from jiqun.web.pages.timeline_page import day
from jiqun.web.pictures.amount_charts import Bar, draw_nested_bars
from jiqun.web.pictures.certainty import read_number
from jiqun.web.pictures.drawing import Sheet
from jiqun.web.pictures.map_picture import (
    MapMark,
    Outline,
    Place,
    draw_map,
    read_outlines,
    read_points,
)
from jiqun.web.pictures.time_lanes import Lane, Span, draw_lanes

_ROLES: Final = (
    ("coreArea", "core"),
    ("keyArea", "key"),
    ("locatedIn", "place"),
    ("readLocation", "place"),
)
_LISTS: Final = (f"{ID}list-2022", f"{ID}list-2024")


@dataclass(frozen=True)
class Terrain:
    """The data for a map: the outlines of provinces, and the points of places by IRI."""

    outlines: tuple[Outline, ...] = ()
    points: Mapping[str, Place] | None = None


def read_terrain(context: Context, thing: Thing) -> Terrain:
    """Read what the map of a thing needs; nothing for a thing without one."""
    kind = kind_of(thing.types)
    if kind == "cluster":
        places = {iri for role, _ in _ROLES for iri in _stated(thing.itself, role)}
    elif kind == "place":
        clusters = [each for each in thing.beside.values() if f"{KG}Cluster" in each.types]
        places = {iri for each in clusters for role, _ in _ROLES for iri in _stated(each, role)}
    else:
        return Terrain()
    points = read_points(context.select, places)
    return Terrain(context.once(read_outlines), points) if points else Terrain()


def _stated(record: Record, role: str) -> list[str]:
    """Return the places with a role, without those that are inferred."""
    found = (
        fact.value.value
        for fact in record.facts
        if fact.predicate == KG + role and fact.graph != INFERRED and fact.value.is_iri
    )
    return list(dict.fromkeys(found))


def _places_of(cluster: Record, points: Mapping[str, Place]) -> tuple[Place, ...]:
    """Return the points of the most specific places of a cluster."""
    for role, _ in _ROLES:
        if found := [points[iri] for iri in _stated(cluster, role) if iri in points]:
            return tuple(found)
    return ()


def cluster_map(thing: Thing, terrain: Terrain, labels: Labels) -> Markup | None:
    """Draw the areas of a cluster; None if no place of it has a point."""
    points = terrain.points or {}
    marks: list[MapMark] = []
    seen: set[str] = set()
    for role, kind in _ROLES:
        if kind == "place" and marks:
            break  # core and key areas are more specific
        for iri in _stated(thing.itself, role):
            if iri in points and iri not in seen:
                seen.add(iri)
                cell = labels.resource(iri)
                tooltip = f"{cell.text.value}: {phrase(f'area_{role}', labels.reader.lang)}"
                marks.append(MapMark(tooltip, kind, (points[iri],), cell.href, cell.text))
    if not marks:
        return None
    title = labels.resource(thing.iri).text.value
    provinces = frozenset(thing.itself.iris(f"{KG}inProvince"))
    about = phrase("map_of_areas", labels.reader.lang)
    sheet = Sheet("map", title, about, labels.reader)
    return draw_map(sheet, terrain.outlines, marks, shaded=provinces, close=True).figure


def place_map(thing: Thing, terrain: Terrain, labels: Labels) -> Markup | None:
    """Draw the clusters of a place; None if none of their places has a point."""
    points = terrain.points or {}
    marks: list[MapMark] = []
    for record in thing.beside.values():
        if f"{KG}Cluster" not in record.types:
            continue
        spots = _places_of(record, points)
        cell = labels.resource(record.iri)
        lists = record.iris(f"{KG}listedOn")
        kind = next((iri.removeprefix(ID) for iri in _LISTS if iri in lists), "candidate")
        if spots:
            marks.append(MapMark(cell.text.value, kind, spots, cell.href))
    if not marks:
        return None
    title = labels.resource(thing.iri).text.value
    about = phrase("map_of_clusters", labels.reader.lang)
    shaded = frozenset({thing.iri}) & {each.iri for each in terrain.outlines}
    whole = f"{KG}Country" in thing.types
    sheet = Sheet("map", title, about, labels.reader)
    return draw_map(sheet, terrain.outlines, marks, shaded=shaded, close=not whole).figure


def set_bars(groups: Iterable[FigureGroup], labels: Labels) -> Markup | None:
    """Draw the figures of nested sets; None if there are none."""
    chosen = [group for group in groups if any(row.depth for row in group.rows)]
    about = phrase("bars_of_sets", labels.reader.lang)
    figures = []
    for number, group in enumerate(chosen, 1):
        sheet = Sheet(f"bars-{number}", group.metric.text.value, about, labels.reader)
        counted = [row for row in group.rows if _is_counted(row)]
        figures.append(draw_nested_bars(sheet, _trees(counted, 0, labels)).figure)
    return Markup("").join(figures) if figures else None


def _is_counted(row: FigureRow) -> bool:
    return read_number(row.value) is not None


def _trees(rows: Sequence[FigureRow], depth: int, labels: Labels) -> tuple[Bar, ...]:
    """Return the bars of a list in which parts follow their wholes."""
    bars: list[Bar] = []
    starts = [place for place, row in enumerate(rows) if row.depth == depth]
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=False):
        view = rows[start].view
        label = view.population.text if view.population else view.claim.text
        bars.append(
            Bar(
                label,
                read_number(rows[start].value),
                view.bound,
                view.amount,
                view.claim.href,
                _trees(rows[start + 1 : end], depth + 1, labels),
                view.period.text.value if view.period else "",
            )
        )
    return tuple(bars)


def plan_strip(
    plans: Iterable[Plan], goals: Iterable[ClaimView], thing: Thing, labels: Labels
) -> Markup | None:
    """Draw plans and goals along the years; None if nothing has a date."""
    planned = [_plan_span(each) for each in plans if each.start or each.end]
    aimed = [
        Span(
            view.metric.text if view.metric and view.amount else view.claim.text,
            f"{view.claim.text.value}: {view.amount.text}"
            if view.amount
            else view.claim.text.value,
            None,
            end,
            view.claim.href,
            goal=True,
        )
        for view, end in ((view, _deadline(view.claim.note, thing)) for view in goals)
        if end is not None
    ]
    lang = labels.reader.lang
    lanes = [
        Lane(Text(phrase(key, lang), lang), tuple(spans))
        for key, spans in (("plan_lane", planned), ("goal_lane", aimed))
        if spans
    ]
    if not lanes:
        return None
    title, about = phrase("section_plans", lang), phrase("strip_of_plans", lang)
    return draw_lanes(Sheet("strip", title, about, labels.reader), lanes).figure


def _plan_span(plan: Plan) -> Span:
    return Span(
        plan.plan.text,
        plan.plan.text.value,
        day(plan.start),
        day(plan.end),
        plan.plan.href,
        planned=True,
    )


def _deadline(curie: str, thing: Thing) -> date | None:
    """Return the last day of the period of a goal."""
    goal = thing.beside.get(ID + curie.removeprefix("id:"))
    periods = goal.iris(f"{KG}period") if goal else []
    dates = thing.beside.get(periods[0]) if periods else None
    ends = dates.values(f"{KG}periodEnd") if dates else []
    return day(ends[0].value[:10]) if ends else None
