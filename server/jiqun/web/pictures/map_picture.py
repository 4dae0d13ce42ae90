"""The map: provinces, and on them clusters and places, in Albers' equal-area conic projection."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from markupsafe import Markup

from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Select
from jiqun.rdf.namespaces import prologue
from jiqun.web.linked_data.descriptions import values
from jiqun.web.pages.rendering import phrase
from jiqun.web.pictures.drawing import Legend, Picture, Sheet, join, link, path, units, words

Place = tuple[float, float]
"""Longitude and latitude in degrees (CRS 84)."""

Spot = tuple[float, float]
"""A place on the projected plane, in radii of the earth, or in a picture, in pixels."""

_Box = tuple[float, float, float, float]

WIDTH: Final = 900
_LABEL_LETTER: Final = 13
_LABEL_HEIGHT: Final = 22
"""Of adjacent labels: as large as in a map that is drawn at half its width."""
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
MAP_SIGNS: Final = {
    "list-2022": Markup('<circle class="older" r="5"/>'),
    "list-2024": Markup('<path class="newer" d="M0 -6.8L6.8 0L0 6.8L-6.8 0Z"/>'),
    "candidate": Markup('<circle class="candidate" r="4.6"/>'),
    "core": Markup('<circle class="core" r="6"/>'),
    "key": Markup('<circle class="key" r="5"/>'),
    "place": Markup('<circle class="place" r="5"/>'),
    "count": Markup('<circle class="count" r="8"/>'),
}
"""The signs of a map by kind; the phrase of each in a legend is `map_` and the kind."""


@dataclass(frozen=True)
class Outline:
    """A province-level division with the rings of its polygons, projected."""

    iri: str
    labels: Mapping[str, str]
    rings: tuple[tuple[Spot, ...], ...]


@dataclass(frozen=True)
class MapMark:
    """A mark on the map, at the middle of `places`; with several, thin lines lead to them.

    `kind` is a class of marks of `MAP_SIGNS`, `tooltip` is also its accessible name, `href` the
    link. A mark with a `label` shows it next to itself if there is room; that of the kind "count"
    is a number, and the circle as large.
    """

    tooltip: str
    kind: str
    places: tuple[Place, ...]
    href: str | None = None
    label: Text | None = None


def read_outlines(select: Select) -> tuple[Outline, ...]:
    """Read the provinces that have polygons."""
    labels: dict[str, dict[str, str]] = {}
    shapes: dict[str, str] = {}
    for row in select(_OUTLINES):
        labels.setdefault(row["place"].value, {})[row["label"].lang] = row["label"].value
        shapes[row["place"].value] = row["wkt"].value
    return tuple(Outline(iri, labels[iri], read_rings(shapes[iri])) for iri in shapes)


def read_points(select: Select, iris: Iterable[str]) -> dict[str, Place]:
    """Read the points of places; those without one are omitted."""
    wanted = sorted(set(iris))
    if not wanted:
        return {}
    rows = select(
        f"{prologue('geo')}SELECT ?place ?wkt WHERE {{ VALUES ?place {{ {values(wanted)} }} "
        "?place geo:hasGeometry/geo:asWKT ?wkt } ORDER BY ?place ?wkt"
    )
    found = {}
    for row in rows:
        if (place := read_point(row["wkt"].value)) is not None:
            found[row["place"].value] = place
    return found


def read_point(wkt: str) -> Place | None:
    """Return the place of a POINT (WKT, CRS 84); None for anything else."""
    match = _POINT.search(wkt)
    if match is None:
        return None
    try:
        longitude, latitude = float(match[1]), float(match[2])
    except ValueError:
        return None
    return (longitude, latitude) if abs(longitude) <= 180 and abs(latitude) <= 90 else None


def draw_map(
    sheet: Sheet,
    outlines: Sequence[Outline],
    marks: Sequence[MapMark],
    *,
    shaded: frozenset[str] = frozenset(),
    close: bool = False,
) -> Picture:
    """Draw provinces and marks; overlapping marks are moved apart.

    `shaded` are the IRIs of highlighted provinces, `close` looks at the marks and the shaded
    provinces only.
    """
    seen = [_project(each) for mark in marks for each in mark.places]
    seen += [
        spot for each in outlines if each.iri in shaded for ring in each.rings for spot in ring
    ]
    view = _View.of(seen if close else [], outlines)
    drawn = [_province(each, view, shaded, sheet.reader) for each in outlines]
    spots = _move_apart(
        [view.middle(mark.places) for mark in marks], [2 * _radius(mark) for mark in marks]
    )
    legs = [
        path(f"M{x:.0f} {y:.0f}L{view.xy(place)[0]:.0f} {view.xy(place)[1]:.0f}", "leg")
        for mark, (x, y) in zip(marks, spots, strict=True)
        for place in mark.places
        if len(mark.places) > 1
    ]
    texts = _labels(marks, spots, view.height, sheet.reader)
    signs = [_mark(*each) for each in zip(marks, spots, texts, strict=True)]
    kinds = {mark.kind for mark in marks}
    legend = [
        Legend(sign, phrase(f"map_{kind.replace('-', '_')}", sheet.reader.lang))
        for kind, sign in MAP_SIGNS.items()
        if kind in kinds
    ]
    if legs:
        legend.append(
            Legend(path("M-14 6L0 -4L14 6", "leg"), phrase("map_legs", sheet.reader.lang))
        )
    body = join(
        (
            Markup('<g class="land">{}</g>').format(join(drawn)),
            Markup('<g class="legs">{}</g>').format(join(legs)),
            join(signs),
        )
    )
    note = "" if close else phrase("map_outlines", sheet.reader.lang)
    return Picture(sheet, body, view.height, tuple(legend), size=WIDTH, note=note)


@dataclass(frozen=True)
class _View:
    """What of the projected plane is shown: its least x and y, and pixels for each unit."""

    left: float
    top: float
    scale: float
    height: float

    @classmethod
    def of(cls, spots: Sequence[Spot], outlines: Sequence[Outline]) -> _View:
        """Return the view of spots; of all outlines if there are none."""
        whole = [spot for each in outlines for ring in each.rings for spot in ring]
        seen = spots or whole
        if not seen:
            return cls(-1, -1, WIDTH / 2, WIDTH / 2)
        left, right = min(x for x, _ in seen), max(x for x, _ in seen)
        top, bottom = min(y for _, y in seen), max(y for _, y in seen)
        width, height = (right - left) * 1.06, (bottom - top) * 1.06
        if spots:
            full = max(x for x, _ in whole) - min(x for x, _ in whole) if whole else width
            width = max(width * 1.1, full * _SMALL, height * 1.1 * 1.5)
            height = width / 1.5
        middle = ((left + right) / 2, (top + bottom) / 2)
        scale = WIDTH / width
        return cls(middle[0] - width / 2, middle[1] - height / 2, scale, round(height * scale))

    def xy(self, place: Place) -> Spot:
        """Return where a place is in the picture."""
        return self.scaled(_project(place))

    def scaled(self, spot: Spot) -> Spot:
        """Return where a spot of the projected plane is in the picture."""
        return (spot[0] - self.left) * self.scale, (spot[1] - self.top) * self.scale

    def middle(self, places: Sequence[Place]) -> Spot:
        """Return the middle of places in the picture."""
        spots = [self.xy(each) for each in places]
        return sum(x for x, _ in spots) / len(spots), sum(y for _, y in spots) / len(spots)


def _project(place: Place) -> Spot:
    longitude, latitude = (math.radians(each) for each in place)
    radius = math.sqrt(max(0.0, _C - 2 * _N * math.sin(latitude))) / _N
    angle = _N * (longitude - _MIDDLE)
    return radius * math.sin(angle), radius * math.cos(angle) - _RADIUS


@lru_cache(maxsize=256)
def read_rings(wkt: str) -> tuple[tuple[Spot, ...], ...]:
    """Return the rings of a POLYGON or MULTIPOLYGON (WKT, CRS 84), projected."""
    return tuple(
        tuple(
            _project((float(longitude), float(latitude)))
            for longitude, latitude in (pair.split() for pair in ring.split(","))
        )
        for ring in _RING.findall(wkt)
    )


def _province(each: Outline, view: _View, shaded: frozenset[str], reader: Reader) -> Markup:
    data = "".join(_path_data([view.scaled(spot) for spot in ring], view) for ring in each.rings)
    if not data:
        return Markup("")
    label = pick(each.labels, reader)
    shape = path(data, "province shaded" if each.iri in shaded else "province")
    return link(None, label.value, shape)


def _path_data(spots: Sequence[Spot], view: _View) -> str:
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


def _radius(mark: MapMark) -> float:
    """Return the radius of a mark in pixels; the area of a counting mark grows with its number."""
    if mark.kind == "count" and mark.label is not None:
        return 5 + 4.2 * math.sqrt(float(mark.label.value))
    return _GAP / 2


def _move_apart(spots: Sequence[Spot], sizes: Sequence[float]) -> list[Spot]:
    """Move marks of these diameters apart until none covers another, the same way every time."""
    moved = [
        (x + math.cos(2.4 * n) / 50, y + math.sin(2.4 * n) / 50) for n, (x, y) in enumerate(spots)
    ]
    most = max(sizes, default=0.0)
    order = sorted(range(len(moved)), key=lambda n: moved[n])
    for _ in range(_SWEEPS):
        still = True
        for position, first in enumerate(order):
            for second in order[position + 1 :]:
                (x, y), (u, v) = moved[first], moved[second]
                if u - x >= most:
                    break
                distance, gap = math.hypot(x - u, y - v), (sizes[first] + sizes[second]) / 2
                if distance < gap:
                    push = (gap - distance) / 2 / max(distance, 1e-9)
                    moved[first] = (x + (x - u) * push, y + (y - v) * push)
                    moved[second] = (u - (x - u) * push, v - (y - v) * push)
                    still = False
        if still:
            break
        order.sort(key=lambda n: moved[n])
    return moved


def _mark(mark: MapMark, spot: Spot, label: Markup) -> Markup:
    sign = MAP_SIGNS[mark.kind]
    if mark.kind == "count":
        sign = Markup('<circle class="count" r="{:.1f}"/>').format(_radius(mark) - 0.5)
    inside = Markup('<g transform="translate({:.1f} {:.1f})">{}{}</g>').format(*spot, sign, label)
    return link(mark.href, mark.tooltip, inside)


def _labels(
    marks: Sequence[MapMark], spots: Sequence[Spot], height: float, reader: Reader
) -> list[Markup]:
    """Write the labels next to their marks, at the first side where one covers nothing.

    A label without such a side is omitted: the tooltip and the table show it.
    """
    taken: list[_Box] = [(x - 7, y - 7, x + 7, y + 7) for x, y in spots]
    written = []
    for mark, (x, y) in zip(marks, spots, strict=True):
        if mark.label is None:
            written.append(Markup(""))
            continue
        if mark.kind == "count":
            written.append(words(mark.label, 0, 5, reader, "number", "middle"))
            continue
        wide = _LABEL_LETTER * units(mark.label.value)
        sides: tuple[tuple[float, float, str, float], ...] = (
            (10, 6, "", 10),
            (-10, 6, "end", -10 - wide),
            (0, -12, "middle", -wide / 2),
            (0, 26, "middle", -wide / 2),
        )
        for across, down, anchor, left in sides:
            box = (x + left, y + down - _LABEL_HEIGHT + 4, x + left + wide, y + down + 4)
            if box[0] > 0 and box[2] < WIDTH and box[1] > 0 and box[3] < height:
                own = (x - 7, y - 7, x + 7, y + 7)
                if not any(_overlap(box, each) for each in taken if each != own):
                    taken.append(box)
                    written.append(words(mark.label, across, down, reader, "name", anchor))
                    break
        else:
            written.append(Markup(""))
    return written


def _overlap(one: _Box, other: _Box) -> bool:
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]
