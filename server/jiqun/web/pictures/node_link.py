"""Things and the lines between them, from left to right: a graph small enough to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from jiqun.language import Reader, Text
from jiqun.web.pictures.drawing import Picture, cut, join, link, path, units, words

WIDTH: Final = 900
MOST_NODES: Final = 150
"""Maximum number of legible nodes."""

_ROW: Final = 26
_DEEPEST: Final = 3
"""The last column, which also has all later nodes."""

_SWEEPS: Final = 4
_LETTER: Final = 7.6
_DOT: Final = Markup('<circle class="hit" r="11"/><circle class="exact" r="4.5"/>')


@dataclass(frozen=True)
class Node:
    """A thing: its name and link."""

    iri: str
    label: Text
    href: str | None


@dataclass(frozen=True)
class Edge:
    """A line from one thing to another, by IRI; `label` is its meaning."""

    start: str
    end: str
    label: str = ""


def draw_graph(
    name: str,
    title: str,
    description: str,
    nodes: Mapping[str, Node],
    edges: Sequence[Edge],
    reader: Reader,
) -> Picture:
    """Draw things in columns, each to the right of those whose lines lead to it.

    Things of a column are ordered so that few lines cross, the same way every time.
    """
    columns = _order(_columns(list(nodes), edges), edges)
    count = max(1, len(columns))
    height = _ROW * max((len(column) for column in columns), default=1) + 16.0
    width = WIDTH / count
    spots = {
        iri: (12 + width * number, 8 + _ROW * (0.5 + row) + _above(column, height))
        for number, column in enumerate(columns)
        for row, iri in enumerate(column)
    }
    room = int((width - 52) / _LETTER)
    drawn = [_node(nodes[iri], *spot, room, reader) for iri, spot in spots.items()]
    ends = {
        iri: x + 18 + _LETTER * units(cut(nodes[iri].label, room).value)
        for iri, (x, _) in spots.items()
    }
    lines = [_line(each, spots, ends) for each in edges]
    body = join((Markup('<g class="legs">{}</g>').format(join(lines)), *drawn))
    return Picture(name, title, description, body, height, reader.lang, size=WIDTH, scrolls=True)


def _columns(nodes: Sequence[str], edges: Sequence[Edge]) -> list[list[str]]:
    """Return the things by the longest way to them; a circle is cut where it closes."""
    following: dict[str, list[str]] = {iri: [] for iri in nodes}
    for each in edges:
        following[each.start].append(each.end)
    depth = dict.fromkeys(nodes, 0)
    for _ in range(_DEEPEST):
        for iri in nodes:
            for other in following[iri]:
                if (
                    other != iri
                    and depth[other] <= depth[iri] < _DEEPEST
                    and not (iri in following[other] and other < iri)
                ):
                    depth[other] = depth[iri] + 1
    used = sorted(set(depth.values()))
    return [[iri for iri in nodes if depth[iri] == each] for each in used]


def _order(columns: list[list[str]], edges: Sequence[Edge]) -> list[list[str]]:
    near: dict[str, set[str]] = {iri: set() for column in columns for iri in column}
    for each in edges:
        near[each.start].add(each.end)
        near[each.end].add(each.start)
    for _ in range(_SWEEPS):
        place = {iri: row / len(column) for column in columns for row, iri in enumerate(column)}
        for number, column in enumerate(columns):
            others = {iri for each in columns if each is not column for iri in each}

            middles = {iri: _middle(place, iri, near[iri] & others) for iri in column}
            columns[number] = sorted(column, key=middles.__getitem__)
            place |= {iri: row / len(column) for row, iri in enumerate(columns[number])}
    return columns


def _middle(place: Mapping[str, float], iri: str, others: set[str]) -> tuple[float, float]:
    found = [place[each] for each in others]
    return (sum(found) / len(found) if found else place[iri], place[iri])


def _above(column: Sequence[str], height: float) -> float:
    """Return the gap above a column that is shorter than the picture."""
    return (height - 16 - _ROW * len(column)) / 2


def _node(node: Node, x: float, y: float, room: int, reader: Reader) -> Markup:
    inside = Markup('<g transform="translate({:.1f} {:.1f})">{}{}</g>').format(
        x, y, _DOT, words(cut(node.label, room), 12, 4.5, reader)
    )
    return link(node.href, node.label.value, inside)


def _line(
    edge: Edge, spots: Mapping[str, tuple[float, float]], ends: Mapping[str, float]
) -> Markup:
    (x, y), (u, v) = spots[edge.start], spots[edge.end]
    if u > x:
        start = min(ends[edge.start], u - 20)
        bend = max(20.0, (u - start) / 2)
        data = f"M{start:.0f} {y:.0f}C{start + bend:.0f} {y:.0f}"
        data += f" {u - bend:.0f} {v:.0f} {u - 7:.0f} {v:.0f}"
    else:
        data = f"M{x:.0f} {y:.0f}C{x - 18:.0f} {y:.0f} {u - 18:.0f} {v:.0f} {u - 6:.0f} {v:.0f}"
    return link(None, edge.label, path(data, "leg")) if edge.label else path(data, "leg")
