"""Lanes: what happened, holds or is planned, along the years; without a date, in a hatched lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from markupsafe import Markup

from jiqun.language import Reader, Text
from jiqun.web.pages.rendering import phrase
from jiqun.web.pictures.certainty import flag
from jiqun.web.pictures.drawing import (
    PAGE,
    Legend,
    Paper,
    Picture,
    cut,
    join,
    link,
    path,
    units,
    words,
)

_HEAD: Final = 26
_ROW: Final = 22
_TITLE: Final = 26
_START, _END = 0.03, 0.97
_LETTER_SHARE: Final = 0.0078
"""The part of a wide picture that a letter takes: on a telephone, names end sooner."""

_MOMENT_DAYS: Final = 45
_DOT: Final = Markup('<circle class="exact" r="5"/>')
HATCH: Final = Markup(
    '<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path class="hatch" d="M0 0V7"/></pattern></defs>'
)
_KINDS: Final = ("event", "span", "planned", "goal", "before", "undated")


@dataclass(frozen=True)
class Span:
    """Something in time: from `start` to `end`, either of which may be unknown.

    `planned` if it is a plan or intention rather than what was; a `goal` has a deadline, its `end`.
    """

    label: Text
    told: str
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


def draw_lanes(
    name: str,
    title: str,
    description: str,
    lanes: Sequence[Lane],
    reader: Reader,
    *,
    at: date | None = None,
    paper: Paper = PAGE,
) -> Picture:
    """Draw lanes over a common axis of years; `at` is a day to mark across all of them.

    A goal is a dashed flag at its deadline. What has only an end gets an arrow from before it.
    What has no date stands in a hatched field below its lane and nowhere on the axis.
    """
    scale = _Scale.of(lanes, at)
    parts: list[Markup] = []
    y = float(_HEAD)
    for number, lane in enumerate(lanes):
        drawn, y = _lane(lane, number, y, scale, reader, paper)
        parts.append(drawn)
    grid = [
        join(
            (
                paper.line(share, share, 18, y, "grid"),
                paper.at(share, 12, words(Text(str(year)), 0, 0, reader, "tick", anchor)),
            )
        )
        for year, share, anchor in scale.years()
    ]
    cursor = Markup("")
    if at is not None:
        share, day = scale.share(at), Text(at.isoformat())
        cursor = join(
            (
                paper.line(share, share, 4, y, "cursor"),
                paper.at(share, y + 15, words(day, 0, 0, reader, "cursor-day", "middle")),
            )
        )  # fmt: skip
        y += 20
    kinds = {span.kind for lane in lanes for span in lane.spans}
    return Picture(
        name,
        title,
        description,
        join((*grid, *parts, cursor)),
        y,
        reader.lang,
        _legend(kinds, reader),
        definitions=HATCH,
        paper=paper,
    )


@dataclass(frozen=True)
class _Scale:
    first: int
    last: int

    @classmethod
    def of(cls, lanes: Sequence[Lane], at: date | None) -> _Scale:
        days = [
            day
            for lane in lanes
            for span in lane.spans
            for day in (span.start, span.end)
            if day is not None
        ]
        if at is not None:
            days.append(at)
        if not days:
            return cls(2020, 2030)
        return cls(min(days).year, max(days).year + 1)

    def share(self, day: date) -> float:
        """Return where a day is, as a share of the width."""
        passed = day.year + (day.timetuple().tm_yday - 1) / 366 - self.first
        return _START + passed / max(1, self.last - self.first) * (_END - _START)

    def years(self) -> list[tuple[int, float, str]]:
        """Return the years that the axis names, where they begin, and the anchor of their names."""
        step = max(1, -(-(self.last - self.first) // 8))
        return [
            (
                year,
                self.share(date(year, 1, 1)),
                "" if year == self.first else "end" if year == self.last else "middle",
            )
            for year in range(self.first, self.last + 1, step)
        ]


def _lane(
    lane: Lane, number: int, y: float, scale: _Scale, reader: Reader, paper: Paper
) -> tuple[Markup, float]:
    """Draw a lane from `y` on; also return where it ends."""
    dated = [span for span in lane.spans if span.kind != "undated"]
    undated = [span for span in lane.spans if span.kind == "undated"]
    rows: list[float] = []
    parts: list[Markup] = []
    top = y + _TITLE
    for span in sorted(
        dated, key=lambda each: (each.start or each.end or date.min, each.label.value)
    ):
        label, begin, finish = _extent(span, scale)
        row = next((n for n, taken in enumerate(rows) if taken <= begin), len(rows))
        rows[row : row + 1] = [finish]
        parts.append(_span(span, label, top + _ROW * row, scale, reader, paper))
    bottom = top + _ROW * len(rows)
    if undated:
        parts.append(paper.bar(0, 1, bottom + 2, _ROW * len(undated) + 6, "undated-lane"))
        parts += [
            link(
                span.href,
                span.told,
                paper.at(
                    0.012,
                    bottom + 5 + _ROW * n + 11,
                    path("M-4 -4L4 4M-4 4L4 -4", "no-date"),
                    words(cut(span.label, 48), 12, 4.5, reader, "on-hatch"),
                ),
            )
            for n, span in enumerate(undated)
        ]
        bottom += _ROW * len(undated) + 10
    title = paper.at(0, y, words(lane.title, 0, 18, reader, "heading"))
    rule = paper.line(0, 1, y + 1, y + 1, "rule") if number else Markup("")
    return join((rule, title, *parts)), bottom + 8


def _extent(span: Span, scale: _Scale) -> tuple[Text, float, float]:
    """Return the label that fits, and the part of a row that a span needs with it."""
    day = span.start or span.end
    assert day is not None
    begin = scale.share(day) - 0.02
    label = cut(span.label, 44)
    needed = _LETTER_SHARE * (units(label.value) + 4)
    finish = scale.share(span.end) if span.end else begin
    if begin + needed > 1:  # the label stands to the left
        return label, max(0.0, begin - needed), max(finish, begin + 0.04)
    return label, begin, max(finish + 0.02, begin + needed)


def _span(span: Span, label: Text, y: float, scale: _Scale, reader: Reader, paper: Paper) -> Markup:
    day = span.start or span.end
    assert day is not None
    share, middle = scale.share(day), y + 11
    left = share - 0.02 + _LETTER_SHARE * (units(label.value) + 4) > 1
    text = words(label, -12 if left else 12, 4.5, reader, "", "end" if left else "")
    if span.kind == "goal":
        text = words(label, -8 if left else 20, 4.5, reader, "", "end" if left else "")
        return link(span.href, span.told, paper.at(share, middle, flag(), text))
    if span.kind == "event":
        return link(span.href, span.told, paper.at(share, middle, _DOT, text))
    if span.kind == "before":
        fade = join((path("M0 0H-22M-17 -4.5L-22 0L-17 4.5", "arrow"), path("M0 -6V6", "arrow")))
        return link(span.href, span.told, paper.at(share, middle, fade, text))
    end = scale.share(span.end) if span.end else _END
    style = "planned" if span.planned else "span"
    open_end = Markup("") if span.end else paper.at(_END, middle, path("M-8 -5L2 0L-8 5", "arrow"))
    bar = paper.bar(share, max(end, share + 0.004), middle - 8, 16, style)
    inside = words(label, 6, 4.5, reader, "on-bar")
    return link(span.href, span.told, bar, open_end, paper.at(share, middle, inside))


def _legend(kinds: set[str], reader: Reader) -> tuple[Legend, ...]:
    signs = {
        "event": _DOT,
        "span": Markup('<rect class="span" x="-14" y="-7" width="28" height="14"/>'),
        "planned": Markup('<rect class="planned" x="-14" y="-7" width="28" height="14"/>'),
        "before": join(
            (path("M10 0H-12M-7 -4.5L-12 0L-7 4.5", "arrow"), path("M10 -6V6", "arrow"))
        ),
        "goal": Markup('<g transform="translate(-5 2)">{}</g>').format(flag()),
        "undated": Markup('<rect class="undated-lane" x="-14" y="-7" width="28" height="14"/>'),
    }
    return tuple(
        Legend(signs[each], phrase(f"lane_{each}", reader.lang)) for each in _KINDS if each in kinds
    )
