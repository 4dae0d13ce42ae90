"""Lanes of past, current and planned events along the years; undated ones are hatched."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date
from typing import Final

from markupsafe import Markup

from jiqun.language import Text
from jiqun.web.pages.rendering import phrase
from jiqun.web.pictures.certainty import flag
from jiqun.web.pictures.drawing import (
    Legend,
    Picture,
    Sheet,
    caption,
    cut,
    join,
    link,
    path,
    units,
    words,
)

_HEAD: Final = 26
_ROW: Final = 24
_TITLE: Final = 26
_START, _END = 0.03, 0.97
_COLUMNS: Final = 2
_SHORT: Final = 6
"""Maximum length of a label that leaves room for others in its row, in letters."""

_TO_LEFT: Final = 0.52
"""The position from which labels are placed left of their marks."""

_MOMENT_DAYS: Final = 45
_PERIOD: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_DOT: Final = Markup('<circle class="exact" r="5"/>')
_KINDS: Final = ("event", "span", "planned", "goal", "before", "undated")


@dataclass(frozen=True)
class Span:
    """Something in time: from `start` to `end`, either of which may be unknown.

    `planned` is true for a plan or intention; a `goal` has a deadline, its `end`.
    """

    label: Text
    tooltip: str
    start: date | None
    end: date | None
    href: str | None
    planned: bool = False
    goal: bool = False

    @property
    def kind(self) -> str:
        """How it is drawn: a goal, something without dates, a day or so, a span, or only an end."""
        if self.goal and self.end is not None:
            return "goal"
        if self.start is None:
            return "before" if self.end is not None else "undated"
        if self.end is not None and (self.end - self.start).days <= _MOMENT_DAYS:
            return "event"
        return "planned" if self.planned else "span"


@dataclass(frozen=True)
class Lane:
    """A lane with its title."""

    title: Text
    spans: tuple[Span, ...]


def draw_lanes(sheet: Sheet, lanes: Sequence[Lane], at: tuple[date, date] | None = None) -> Picture:
    """Draw lanes over a common axis of years; `at` are the first and last day to mark.

    A goal is a dashed flag at its deadline. Spans without a start get an arrow to their end.
    Undated ones are in a hatched field below their lane, not on the axis.
    """
    reader, paper = sheet.reader, sheet.paper
    scale = _Scale.of(lanes, at)
    parts: list[Markup] = []
    y = float(_HEAD)
    for number, lane in enumerate(lanes):
        drawn, y = _lane(lane, number, y, scale, sheet)
        parts.append(drawn)
    grid = [_year(*each, y, sheet) for each in scale.years()]
    cursor = Markup("")
    if at is not None:
        first, last = scale.share(at[0]), scale.share(at[1])
        share = (first + last) / 2
        day = Text(_period_text(*at))
        cursor = join(
            (
                paper.bar(first, max(last, first + 0.002), 18, y - 18, "cursor"),
                paper.at(share, y + 15, words(day, 0, 0, reader, "cursor-day", "middle")),
            )
        )  # fmt: skip
        y += 20
    kinds = {span.kind for lane in lanes for span in lane.spans}
    body = join((*grid, *parts, cursor))
    return Picture(sheet, body, y, _legend(kinds, sheet), hatching="undated" in kinds)


@dataclass(frozen=True)
class _Scale:
    first: int
    last: int

    @classmethod
    def of(cls, lanes: Sequence[Lane], at: tuple[date, date] | None) -> _Scale:
        days = [
            day
            for lane in lanes
            for span in lane.spans
            for day in (span.start, span.end)
            if day is not None
        ]
        if at is not None:
            days += at
        if not days:
            return cls(2020, 2030)
        return cls(min(days).year, min(max(days).year + 1, MAXYEAR))

    def share(self, day: date) -> float:
        """Return the position of a day, as a share of the width."""
        passed = day.year + (day.timetuple().tm_yday - 1) / 366 - self.first
        return _START + passed / max(1, self.last - self.first) * (_END - _START)

    def years(self) -> list[tuple[int, float, tuple[str, str]]]:
        """Return the years that the axis names, where they begin, and the style of their names.

        On a narrow screen there is room for every other one.
        """
        step = max(1, -(-(self.last - self.first) // 8))
        named = range(self.first, self.last + 1, step)
        anchors = {self.first: "", self.last: "end"}
        return [
            (
                year,
                self.share(date(year, 1, 1)),
                ("tick wide" if number % 2 else "tick", anchors.get(year, "middle")),
            )
            for number, year in enumerate(named)
        ]


def _year(year: int, share: float, style: tuple[str, str], y: float, sheet: Sheet) -> Markup:
    text = words(Text(str(year)), 0, 0, sheet.reader, *style)
    return sheet.paper.line(share, share, 18, y, "grid") + sheet.paper.at(share, 12, text)


def _lane(lane: Lane, number: int, y: float, scale: _Scale, sheet: Sheet) -> tuple[Markup, float]:
    """Draw a lane, of this number, from `y` on; also return where it ends."""
    reader, paper = sheet.reader, sheet.paper
    dated = [span for span in lane.spans if span.kind != "undated"]
    undated = [span for span in lane.spans if span.kind == "undated"]
    dated.sort(key=lambda each: (each.start or each.end or date.min, each.label.value))
    parts: list[Markup] = []
    bottom = y + _TITLE
    taken = 0.0
    for span in dated:
        begin = scale.share(span.start or span.end or date.min)
        if units(span.label.value) > _SHORT or begin < taken or not parts:
            bottom += _ROW
        taken = scale.share(span.end) - 0.001 if span.end else 1.0
        parts.append(_span(span, bottom - _ROW, scale, sheet))
    if undated:
        rows = -(-len(undated) // _COLUMNS)
        parts.append(paper.hatched(bottom + 2, _ROW * rows + 6, sheet.name))
        for n, span in enumerate(undated):
            column, row = divmod(n, rows)
            sign = path("M-4 -4L4 4M-4 4L4 -4", "no-date")
            text = caption(cut(span.label, 68), 19, reader, x=12, y=4.5)
            at = paper.at(0.012 + column / _COLUMNS, bottom + 16 + _ROW * row, sign, text)
            parts.append(link(span.href, span.tooltip, at))
        bottom += _ROW * rows + 10
    title = paper.at(0, y, words(lane.title, 0, 18, reader, "heading"))
    rule = paper.line(0, 1, y + 1, y + 1, "rule") if number else Markup("")
    return join((rule, title, *parts)), bottom + 8


def _span(span: Span, y: float, scale: _Scale, sheet: Sheet) -> Markup:
    reader, paper = sheet.reader, sheet.paper
    day = span.start or span.end
    assert day is not None
    share, middle = scale.share(day), y + 11
    left = share > _TO_LEFT
    anchor = "end" if left else ""

    def label(gap: float) -> Markup:
        x = -gap if left else gap
        return caption(cut(span.label, 76), 22, reader, x=x, y=4.5, anchor=anchor)

    if span.kind == "goal":
        gap = 8 if left else 20
        return link(span.href, span.tooltip, paper.at(share, middle, flag(), label(gap)))
    if span.kind == "event":
        return link(span.href, span.tooltip, paper.at(share, middle, _DOT, label(12)))
    if span.kind == "before":
        fade = path("M0 0H-22M-17 -4.5L-22 0L-17 4.5M0 -6V6", "arrow")
        return link(
            span.href, span.tooltip, paper.at(share, middle, fade, label(30 if left else 12))
        )
    end = scale.share(span.end) if span.end else _END
    style = "planned" if span.planned else "span"
    open_end = Markup("") if span.end else paper.at(_END, middle, path("M-8 -5L2 0L-8 5", "arrow"))
    bar = paper.bar(share, max(end, share + 0.004), middle - 8, 16, style)
    return link(span.href, span.tooltip, bar, open_end, paper.at(share, middle, label(6)))


def read_period(text: str) -> tuple[date, date] | None:
    """Return the first and last day of a year, a month or a day (ISO 8601); None for all else."""
    match = _PERIOD.fullmatch(text)
    if match is None:
        return None
    year, month, last_month = int(match[1]), int(match[2] or 1), int(match[2] or 12)
    try:
        first = date(year, month, int(match[3] or 1))
        return first, date(year, last_month, int(match[3] or monthrange(year, last_month)[1]))
    except ValueError:
        return None


def _period_text(first: date, last: date) -> str:
    """Write a year, a month or a day."""
    if first == last:
        return first.isoformat()
    return str(first.year) if first.month != last.month else f"{first:%Y-%m}"


def _legend(kinds: set[str], sheet: Sheet) -> tuple[Legend, ...]:
    signs = {
        "event": _DOT,
        "span": Markup('<rect class="span" x="-14" y="-7" width="28" height="14"/>'),
        "planned": Markup('<rect class="planned" x="-14" y="-7" width="28" height="14"/>'),
        "before": join(
            (path("M10 0H-12M-7 -4.5L-12 0L-7 4.5", "arrow"), path("M10 -6V6", "arrow"))
        ),
        "goal": Markup('<g transform="translate(-5 2)">{}</g>').format(flag()),
        "undated": Markup(
            '<rect class="undated-lane" fill="url(#{}-hatch)" '
            'x="-14" y="-7" width="28" height="14"/>'
        ).format(sheet.name),
    }
    return tuple(
        Legend(signs[each], phrase(f"lane_{each}", sheet.reader.lang))
        for each in _KINDS
        if each in kinds
    )
