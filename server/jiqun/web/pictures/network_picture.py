"""Networks: clusters between applicants, promoters and members, and graphs of any things.

Both layouts have columns, ordered to reduce crossings; they are deterministic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from markupsafe import Markup

from jiqun.language import Reader, Text
from jiqun.web.pages.rendering import phrase
from jiqun.web.pictures.drawing import Legend, Picture, Sheet, cut, join, link, path, units, words

WIDTH: Final = 1100
_ROW: Final = 24
_TOP: Final = 12
_BOX: Final = 230
_LEFT, _RIGHT = 320, 780
_BOX_LEFT: Final = (WIDTH - _BOX) / 2
_LINE: Final = 16
_ROOM: Final = 44
_BOX_ROOM: Final = 30
_MOST_LINES: Final = 3

NODE_SIGNS: Final = {
    "list": Markup('<path class="newer" d="M0 -6L6 0L0 6L-6 0Z"/>'),
    "agent": Markup('<rect class="core" x="-5" y="-5" width="10" height="10"/>'),
    "plan": Markup('<rect class="planned" x="-5" y="-5" width="10" height="10"/>'),
    "company": Markup('<circle class="core" r="5"/>'),
    "brand": Markup('<circle class="key" r="4.5"/>'),
    "place": Markup('<path class="older" d="M0 -6L6 5H-6Z"/>'),
}
"""The signs of nodes by kind, but for clusters, which are boxes."""
_GRAPH_WIDTH: Final = 900
MOST_NODES: Final = 150
"""Maximum number of legible nodes."""

_GRAPH_ROW: Final = 26
_DEEPEST: Final = 3
"""The last column, which also has all later nodes."""

_SWEEPS: Final = 4
_LETTER: Final = 7.6
_DOT: Final = Markup('<circle class="hit" r="11"/><circle class="exact" r="4.5"/>')


@dataclass(frozen=True)
class Node:
    """A node: `key` is unique; in a network, `kind` is "cluster" or one of `NODE_SIGNS`."""

    key: str
    label: Text
    href: str | None
    kind: str = ""


@dataclass(frozen=True)
class Line:
    """A line from a cluster to a neighbouring node; a `strong` one is thick.

    `tooltip` describes the line; `href` links to the words that state it.
    """

    cluster: str
    other: str
    tooltip: str
    href: str | None
    strong: bool = False


def draw_network(
    sheet: Sheet,
    clusters: Sequence[Node],
    left: Sequence[Node],
    right: Sequence[Node],
    lines: Sequence[Line],
) -> Picture:
    """Draw clusters in the order given, with the nodes at their sides and the lines between."""
    reader = sheet.reader
    boxes = {each.key: _wrap(each.label) for each in clusters}
    heights = {key: _LINE * len(rows) + 14 for key, rows in boxes.items()}
    needed = sum(heights.values()) + 14 * max(0, len(clusters) - 1)
    total = max(needed, _ROW * max(len(left), len(right), 1))
    gap = (total - sum(heights.values())) / max(1, len(clusters))
    middle: dict[str, float] = {}
    y = _TOP + gap / 2
    for each in clusters:
        middle[each.key] = y + heights[each.key] / 2
        y += heights[each.key] + gap
    places = {
        **_column(left, lines, middle, total),
        **_column(right, lines, middle, total),
    }
    at_left = {each.key for each in left}
    drawn = [
        _line(each, middle[each.cluster], places[each.other], each.other in at_left)
        for each in lines
        if each.cluster in middle and each.other in places
    ]
    nodes = [
        *(_side(each, _LEFT, places[each.key], "end", reader) for each in left),
        *(_side(each, _RIGHT, places[each.key], "", reader) for each in right),
        *(
            _box(each, boxes[each.key], middle[each.key], heights[each.key], reader)
            for each in clusters
        ),
    ]
    kinds = {each.kind for each in (*left, *right)}
    legend = [
        Legend(sign, phrase(f"node_{kind}", reader.lang))
        for kind, sign in NODE_SIGNS.items()
        if kind in kinds
    ]
    box = Markup('<rect class="box" x="-14" y="-7" width="28" height="14" rx="3"/>')
    body = Markup('<g class="ties">{}</g>{}').format(join(drawn), join(nodes))
    return Picture(
        sheet,
        body,
        total + 2 * _TOP,
        (Legend(box, phrase("node_cluster", reader.lang)), *legend),
        size=WIDTH,
        scrolls=True,
    )


def _column(
    nodes: Sequence[Node], lines: Sequence[Line], middle: Mapping[str, float], total: float
) -> dict[str, float]:
    """Return the height of each node: by kind, near the clusters that it belongs to."""
    near: dict[str, list[float]] = {}
    for each in lines:
        if each.cluster in middle:
            near.setdefault(each.other, []).append(middle[each.cluster])
    kinds = list(NODE_SIGNS)
    ordered = sorted(
        nodes,
        key=lambda each: (
            fmean(near.get(each.key, [0.0])) if len(middle) > 1 else 0.0,
            kinds.index(each.kind),
            each.label.value,
        ),
    )
    start = _TOP + (total - _ROW * len(ordered)) / 2 + _ROW / 2
    return {each.key: start + _ROW * n for n, each in enumerate(ordered)}


def _line(each: Line, middle: float, y: float, to_left: bool) -> Markup:
    start = _BOX_LEFT if to_left else _BOX_LEFT + _BOX
    end = _LEFT + 7 if to_left else _RIGHT - 7
    bend = (start + end) / 2
    data = f"M{start:g} {middle:.1f}C{bend:g} {middle:.1f} {bend:g} {y:.1f} {end:g} {y:.1f}"
    return link(each.href, each.tooltip, path(data, "tie strong" if each.strong else "tie"))


def _side(each: Node, x: float, y: float, anchor: str, reader: Reader) -> Markup:
    shift = -12 if anchor else 12
    text = words(cut(each.label, _ROOM), shift, 4.5, reader, "", anchor)
    inside = Markup('<g transform="translate({:g} {:.1f})">{}{}</g>').format(
        x, y, NODE_SIGNS[each.kind], text
    )
    return link(
        each.href, f"{each.label.value} ({phrase(f'node_{each.kind}', reader.lang)})", inside
    )


def _box(each: Node, rows: Sequence[str], y: float, height: float, reader: Reader) -> Markup:
    texts = [
        words(
            Text(row, each.label.lang),
            WIDTH / 2,
            y - height / 2 + 18 + _LINE * n,
            reader,
            "",
            "middle",
        )
        for n, row in enumerate(rows)
    ]
    shape = Markup(
        '<rect class="box" x="{:g}" y="{:.1f}" width="{}" height="{:g}" rx="6"/>'
    ).format(_BOX_LEFT, y - height / 2, _BOX, height)
    return link(each.href, each.label.value, shape, *texts)


def _wrap(label: Text) -> list[str]:
    """Break a label into lines that fit into a box, between words or Chinese characters."""
    rows: list[str] = [""]
    for piece in label.value.split(" ") if " " in label.value else label.value:
        joined = f"{rows[-1]} {piece}".strip() if " " in label.value else rows[-1] + piece
        if units(joined) > _BOX_ROOM and rows[-1]:
            rows.append(piece)
        else:
            rows[-1] = joined
    if len(rows) > _MOST_LINES:
        rows = [*rows[: _MOST_LINES - 1], cut(Text(f"{rows[_MOST_LINES - 1]} …"), _BOX_ROOM).value]
    return rows


@dataclass(frozen=True)
class Edge:
    """A line from one thing to another, by IRI; `label` is its meaning."""

    start: str
    end: str
    label: str = ""


def draw_graph(sheet: Sheet, nodes: Mapping[str, Node], edges: Sequence[Edge]) -> Picture:
    """Draw things in columns, each to the right of those whose lines lead to it.

    Things of a column are ordered so that few lines cross, the same way every time.
    """
    columns = _ordered(_by_depth(list(nodes), edges), edges)
    count = max(1, len(columns))
    height = _GRAPH_ROW * max((len(column) for column in columns), default=1) + 16.0
    width = _GRAPH_WIDTH / count
    spots = {
        iri: (12 + width * number, 8 + _GRAPH_ROW * (0.5 + row) + _above(column, height))
        for number, column in enumerate(columns)
        for row, iri in enumerate(column)
    }
    room = int((width - 52) / _LETTER)
    drawn = [_node(nodes[iri], *spot, room, sheet.reader) for iri, spot in spots.items()]
    ends = {
        iri: x + 18 + _LETTER * units(cut(nodes[iri].label, room).value)
        for iri, (x, _) in spots.items()
    }
    lines = [_edge(each, spots, ends) for each in edges]
    body = join((Markup('<g class="legs">{}</g>').format(join(lines)), *drawn))
    legend = (
        Legend(_DOT, phrase("sign_thing", sheet.reader.lang)),
        Legend(path("M-14 4C-4 4 4 -4 14 -4", "leg"), phrase("sign_relation", sheet.reader.lang)),
    )
    return Picture(sheet, body, height, legend, size=_GRAPH_WIDTH, scrolls=True)


def _by_depth(nodes: Sequence[str], edges: Sequence[Edge]) -> list[list[str]]:
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


def _ordered(columns: list[list[str]], edges: Sequence[Edge]) -> list[list[str]]:
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
    # The sum of fmean does not depend on the order of the set.
    return (fmean(place[each] for each in others) if others else place[iri], place[iri])


def _above(column: Sequence[str], height: float) -> float:
    """Return the gap above a column that is shorter than the picture."""
    return (height - 16 - _GRAPH_ROW * len(column)) / 2


def _node(node: Node, x: float, y: float, room: int, reader: Reader) -> Markup:
    inside = Markup('<g transform="translate({:.1f} {:.1f})">{}{}</g>').format(
        x, y, _DOT, words(cut(node.label, room), 12, 4.5, reader)
    )
    return link(node.href, node.label.value, inside)


def _edge(
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
