"""The network: clusters in the middle, applicants and promoters at the left, members at the right.

The layout has columns, ordered to reduce crossings; it is deterministic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from markupsafe import Markup

from jiqun.language import Reader, Text
from jiqun.web.pages.rendering import phrase
from jiqun.web.pictures.drawing import Legend, Picture, cut, join, link, path, units, words

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


@dataclass(frozen=True)
class Node:
    """A node: `key` is unique, `kind` is "cluster" or one of `NODE_SIGNS`."""

    key: str
    label: Text
    kind: str
    href: str | None


@dataclass(frozen=True)
class Line:
    """A line from a cluster to a neighbouring node; a `strong` one is thick.

    `told` describes the line; `href` links to the words that state it.
    """

    cluster: str
    other: str
    told: str
    href: str | None
    strong: bool = False


def draw_network(  # noqa: PLR0913, PLR0917
    name: str,
    title: str,
    description: str,
    clusters: Sequence[Node],
    left: Sequence[Node],
    right: Sequence[Node],
    lines: Sequence[Line],
    reader: Reader,
) -> Picture:
    """Draw clusters in the order given, with the nodes at their sides and the lines between."""
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
        name,
        title,
        description,
        body,
        total + 2 * _TOP,
        reader.lang,
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
    return link(each.href, each.told, path(data, "tie strong" if each.strong else "tie"))


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
