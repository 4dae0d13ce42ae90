"""The map: provinces, and on them clusters and places, in Albers' equal-area conic projection."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Select
from jiqun.rdf.namespaces import prologue
from jiqun.web.pages.cells import values
from jiqun.web.pages.rendering import phrase
from jiqun.web.pictures.drawing import Legend, Picture, join, link, path, units, words

Place = tuple[float, float]
"""Longitude and latitude in degrees (CRS 84)."""

WIDTH: Final = 900
_GAP: Final = 10.5
_SWEEPS: Final = 60
_SMALL: Final = 0.35
"""The least part of the whole map that a closer look shows."""

_SOUTH, _NORTH, _MIDDLE, _CENTRE = (math.radians(each) for each in (25, 47, 105, 36))
_N: Final = (math.sin(_SOUTH) + math.sin(_NORTH)) / 2
_C: Final = math.cos(_SOUTH) ** 2 + 2 * _N * math.sin(_SOUTH)
_RADIUS: Final = math.sqrt(_C - 2 * _N * math.sin(_CENTRE)) / _N

_POINT: Final = re.compile(r"POINT\s*\(\s*(\S+)\s+([^\s)]+)\s*\)")
_RING: Final = re.compile(r"\(([^()]+)\)")

_OUTLINES: Final = f"""{prologue("geo", "kg", "rdfs")}
SELECT ?place ?label ?wkt WHERE {{
  ?place a kg:ProvinceLevelDivision ; rdfs:label ?label ; geo:hasGeometry/geo:asWKT ?wkt .
  FILTER (CONTAINS(STR(?wkt), "POLYGON"))
}} ORDER BY ?place ?label"""


@dataclass(frozen=True)
class Outline:
    """A province-level division with the rings of its polygons."""

    iri: str
    labels: Mapping[str, str]
    rings: tuple[tuple[Place, ...], ...]


@dataclass(frozen=True)
class MapMark:
    """A mark on the map, at the middle of `places`; with several, thin lines lead to them.

    `kind` is a class of marks of `MAP_SIGNS`, `told` what a pointer shows and a screen reader says,
    `href` where the mark leads. A mark with a `label` shows it beside itself.
    """

    told: str
    kind: str
    places: tuple[Place, ...]
    href: str | None = None
    label: Text | None = None


MAP_SIGNS: Final = {
    "list-2022": Markup('<circle class="older" r="5"/>'),
    "list-2024": Markup('<path class="newer" d="M0 -6.2L6.2 0L0 6.2L-6.2 0Z"/>'),
    "candidate": Markup('<circle class="candidate" r="4.6"/>'),
    "core": Markup('<circle class="core" r="6"/>'),
    "key": Markup('<circle class="key" r="5"/>'),
    "place": Markup('<circle class="place" r="5"/>'),
}
"""The signs of a map by kind; the phrase of each in a legend is `map_` and the kind."""


def read_outlines(select: Select) -> tuple[Outline, ...]:
    """Read the provinces that have polygons."""
    labels: dict[str, dict[str, str]] = {}
    shapes: dict[str, str] = {}
    for row in select(_OUTLINES):
        labels.setdefault(row["place"].value, {})[row["label"].lang] = row["label"].value
        shapes[row["place"].value] = row["wkt"].value
    return tuple(
        Outline(iri, labels[iri], tuple(_ring(each) for each in _RING.findall(shapes[iri])))
        for iri in shapes
    )


def read_points(select: Select, iris: Iterable[str]) -> dict[str, Place]:
    """Read the points of places; those without one are left out."""
    wanted = sorted(set(iris))
    if not wanted:
        return {}
    rows = select(
        f"{prologue('geo')}SELECT ?place ?wkt WHERE {{ VALUES ?place {{ {values(wanted)} }} "
        "?place geo:hasGeometry/geo:asWKT ?wkt } ORDER BY ?place ?wkt"
    )
    found = {}
    for row in rows:
        if (match := _POINT.search(row["wkt"].value)) is not None:
            found[row["place"].value] = (float(match[1]), float(match[2]))
    return found


def draw_map(  # noqa: PLR0913
    name: str,
    title: str,
    description: str,
    outlines: Sequence[Outline],
    marks: Sequence[MapMark],
    reader: Reader,
    *,
    shaded: frozenset[str] = frozenset(),
    close: bool = False,
    links: bool = False,
) -> Picture:
    """Draw provinces and marks; marks that would cover each other move apart.

    `shaded` are the IRIs of provinces to stand out, `close` looks at the marks and the shaded
    provinces only, with the names of provinces; `links` makes provinces lead to their pages.
    """
    view = _View.of(
        [each for mark in marks for each in mark.places]
        + [
            place
            for each in outlines
            if each.iri in shaded
            for ring in each.rings
            for place in ring
        ]
        if close
        else [],
        outlines,
    )
    drawn = [_province(each, view, shaded, reader, links) for each in outlines]
    spots = _move_apart([view.middle(mark.places) for mark in marks])
    legs = [
        path(f"M{x:.0f} {y:.0f}L{view.xy(place)[0]:.0f} {view.xy(place)[1]:.0f}", "leg")
        for mark, (x, y) in zip(marks, spots, strict=True)
        for place in mark.places
        if len(mark.places) > 1
    ]
    signs = [_mark(mark, spot, reader) for mark, spot in zip(marks, spots, strict=True)]
    kinds = {mark.kind for mark in marks}
    legend = [
        Legend(sign, phrase(f"map_{kind.replace('-', '_')}", reader.lang))
        for kind, sign in MAP_SIGNS.items()
        if kind in kinds
    ]
    if legs:
        legend.append(Legend(path("M-14 6L0 -4L14 6", "leg"), phrase("map_legs", reader.lang)))
    body = join(
        (
            Markup('<g class="land">{}</g>').format(join(drawn)),
            Markup('<g class="legs">{}</g>').format(join(legs)),
            join(signs),
        )
    )
    return Picture(
        name, title, description, body, view.height, reader.lang, tuple(legend), size=WIDTH
    )


@dataclass(frozen=True)
class _View:
    """What of the projected plane is shown: its least x and y, and pixels for each unit."""

    left: float
    top: float
    scale: float
    height: float

    @classmethod
    def of(cls, places: Sequence[Place], outlines: Sequence[Outline]) -> _View:
        """Return the view of places; of all outlines if there are none."""
        whole = [_project(place) for each in outlines for ring in each.rings for place in ring]
        seen = [_project(place) for place in places] or whole
        if not seen:
            return cls(-1, -1, WIDTH / 2, WIDTH / 2)
        left, right = min(x for x, _ in seen), max(x for x, _ in seen)
        top, bottom = min(y for _, y in seen), max(y for _, y in seen)
        width, height = (right - left) * 1.06, (bottom - top) * 1.06
        if places:
            full = max(x for x, _ in whole) - min(x for x, _ in whole) if whole else width
            width = max(width * 1.1, full * _SMALL, height * 1.1 * 1.5)
            height = width / 1.5
        middle = ((left + right) / 2, (top + bottom) / 2)
        scale = WIDTH / width
        return cls(middle[0] - width / 2, middle[1] - height / 2, scale, round(height * scale))

    def xy(self, place: Place) -> tuple[float, float]:
        """Return where a place is in the picture."""
        x, y = _project(place)
        return (x - self.left) * self.scale, (y - self.top) * self.scale

    def middle(self, places: Sequence[Place]) -> tuple[float, float]:
        """Return the middle of places in the picture."""
        spots = [self.xy(each) for each in places]
        return sum(x for x, _ in spots) / len(spots), sum(y for _, y in spots) / len(spots)


def _project(place: Place) -> tuple[float, float]:
    longitude, latitude = (math.radians(each) for each in place)
    radius = math.sqrt(max(0.0, _C - 2 * _N * math.sin(latitude))) / _N
    angle = _N * (longitude - _MIDDLE)
    return radius * math.sin(angle), radius * math.cos(angle) - _RADIUS


def _ring(text: str) -> tuple[Place, ...]:
    pairs = (each.split() for each in text.split(","))
    return tuple((float(pair[0]), float(pair[1])) for pair in pairs)


def _province(
    each: Outline, view: _View, shaded: frozenset[str], reader: Reader, links: bool
) -> Markup:
    data = "".join(_path_data([view.xy(place) for place in ring], view) for ring in each.rings)
    if not data:
        return Markup("")
    label = pick(each.labels, reader)
    shape = path(data, "province shaded" if each.iri in shaded else "province")
    href = reader.link(f"/doc/{each.iri.rpartition('/')[2]}") if links else None
    return link(href, label.value, shape)


def _path_data(spots: Sequence[tuple[float, float]], view: _View) -> str:
    """Write a ring as relative moves of whole pixels; nothing for one that is not in view."""
    if not any(-50 < x < WIDTH + 50 and -50 < y < view.height + 50 for x, y in spots):
        return ""
    whole = [(round(x), round(y)) for x, y in spots]
    moves = [f"M{whole[0][0]} {whole[0][1]}l"]
    at = whole[0]
    for x, y in whole[1:-1]:
        if (x, y) != at:
            gap = "" if moves[-1][-1] == "l" or x < at[0] else " "
            moves.append(f"{gap}{x - at[0]}{'' if y < at[1] else ' '}{y - at[1]}")
            at = (x, y)
    return "".join(moves) + "z" if len(moves) > 3 else ""


def _move_apart(spots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Move marks apart until none covers another, the same way every time."""
    moved = [
        (x + math.cos(2.4 * n) / 50, y + math.sin(2.4 * n) / 50) for n, (x, y) in enumerate(spots)
    ]
    for _ in range(_SWEEPS):
        still = True
        for first in range(len(moved)):
            for second in range(first):
                (x, y), (u, v) = moved[first], moved[second]
                if abs(x - u) >= _GAP or abs(y - v) >= _GAP:
                    continue
                distance = math.hypot(x - u, y - v)
                if distance < _GAP:
                    push = (_GAP - distance) / 2 / max(distance, 1e-9)
                    moved[first] = (x + (x - u) * push, y + (y - v) * push)
                    moved[second] = (u - (x - u) * push, v - (y - v) * push)
                    still = False
        if still:
            break
    return moved


def _mark(mark: MapMark, spot: tuple[float, float], reader: Reader) -> Markup:
    sign = MAP_SIGNS[mark.kind]
    text = Markup("")
    if mark.label is not None:
        right = spot[0] + 10 + 7.5 * units(mark.label.value) < WIDTH
        text = words(mark.label, 9 if right else -9, 4.5, reader, "name", "" if right else "end")
    inside = Markup('<g transform="translate({:.1f} {:.1f})">{}{}</g>').format(*spot, sign, text)
    return link(mark.href, mark.told, inside)
