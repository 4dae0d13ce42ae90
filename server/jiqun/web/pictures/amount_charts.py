"""Charts of figures: dots along one axis, and bars of sets inside their wholes.

A dot plot has the goals below its axis. A bar of a subset is indented, inside the bar of its whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from jiqun.language import Reader, Text
from jiqun.web.pages.rendering import phrase
from jiqun.web.pictures.certainty import SHARE, Amount, flag, legend_of, sign, tick_text
from jiqun.web.pictures.drawing import Legend, Picture, Sheet, caption, join, link, path, words

_DOT_ROW: Final = 44
_GOAL_ROW: Final = 30
_AXIS: Final = 30
_GROUP_HEAD: Final = 46
_GROUP_GAP: Final = 14
_START, _END = 0.03, 0.93
_DOT_ROOM: Final = 44
_BAR_ROOM: Final = 48
"""Maximum length of a label, in letters."""

_BAR_ROW: Final = 42
_BAR: Final = 14
_BAR_GAP: Final = 12
_WIDEST: Final = 0.88
_INDENT: Final = 0.022
_BLUR: Final = Markup(
    '<rect class="blur" x="-17" y="0" width="34" height="14"/>'
    '<rect class="blur" x="-9" y="0" width="18" height="14"/>'
)


@dataclass(frozen=True)
class Dot:
    """A figure of a dot plot: its label with a secondary note, and the link to its words.

    `bound` is the slug of a bound. `amount` is the text next to the dot.
    """

    label: Text
    note: str
    value: Decimal
    bound: str
    amount: Amount
    href: str | None


@dataclass(frozen=True)
class GoalFlag:
    """A goal: what it is for, and its amount with the deadline, in words."""

    label: Text
    amount: str
    href: str | None


@dataclass(frozen=True)
class Axis:
    """An axis from `least` to `most`, logarithmic or not."""

    least: float
    most: float
    logarithmic: bool

    @classmethod
    def of(cls, numbers: Sequence[Decimal], unit: str) -> Axis:
        """Return the axis for values of a unit: of shares 0 to 1, else in powers of ten."""
        positive = [float(each) for each in numbers if each > 0]
        if unit == SHARE or not positive or min(numbers) <= 0:
            return cls(0.0, max([1.0, *positive]), logarithmic=False)
        least = math.floor(math.log10(min(positive)))
        most = math.ceil(math.log10(max(positive)) + 1e-9)
        return cls(10.0**least, 10.0 ** max(most, least + 1), logarithmic=True)

    def share(self, number: float) -> float:
        """Return the position of a number, as a share of the width."""
        if self.logarithmic:
            part = math.log10(number / self.least) / math.log10(self.most / self.least)
        else:
            part = (number - self.least) / (self.most - self.least)
        return _START + part * (_END - _START)

    def ticks(self) -> list[float]:
        """Return the numbers that the axis names."""
        if not self.logarithmic:
            return [self.least + (self.most - self.least) * n / 4 for n in range(5)]
        powers = round(math.log10(self.most / self.least))
        step = 1 if powers <= 6 else 2
        return [self.least * 10**n for n in range(0, powers + 1, step)]


@dataclass(frozen=True)
class DotGroup:
    """Figures that compare with each other; `hatched` for those without a date.

    `heading` names them, `reason` explains why they are separate.
    """

    heading: str
    reason: str
    dots: tuple[Dot, ...]
    hatched: bool = False


def draw_dots(
    sheet: Sheet,
    groups: Sequence[DotGroup],
    unit: str,
    goals: Sequence[GoalFlag] = (),
    axis: Axis | None = None,
) -> Picture:
    """Draw figures of one metric and one unit (an IRI), one in a row, in the order given.

    All groups share one axis, by default that of their figures, but are separate. Goals are flags
    below the axis, never on it. Every mark links to the words that state it, if it has a URL.
    """
    reader, paper = sheet.reader, sheet.paper
    every = [dot for group in groups for dot in group.dots]
    axis = axis or Axis.of([each.value for each in every], unit)
    parts: list[Markup] = []
    y = float(_AXIS)
    for group in groups:
        if group.heading:
            parts.append(paper.at(0, y, _heading(group.heading, group.reason, reader)))
            y += _GROUP_HEAD
        if group.hatched:
            parts.append(paper.hatched(y + 2, _DOT_ROW * len(group.dots), sheet.name))
        for dot in group.dots:
            parts.append(_dot_row(dot, axis, y, sheet))
            y += _DOT_ROW
        y += _GROUP_GAP if group.heading else 0
    grid = [_grid(axis, y, unit, sheet)] if every else []
    height = y + 10 if every else 0.0
    if goals:
        heading = _heading(phrase("goals_apart", reader.lang), "", reader)
        parts.append(paper.at(0, height, heading))
        height += 34
        for each in goals:
            parts.append(_goal(each, height, sheet))
            height += _GOAL_ROW
    return Picture(
        sheet,
        join((*grid, *parts)),
        height,
        legend_of({each.bound for each in every}, reader, goals=bool(goals)),
        hatching=any(group.hatched for group in groups),
    )


def _heading(text: str, reason: str, reader: Reader) -> Markup:
    """Write a heading, and below it why these figures are separate."""
    below = caption(Text(reason, reader.lang), _DOT_ROOM, reader, y=38) if reason else Markup("")
    return words(Text(text, reader.lang), 0, 20, reader, "heading") + below


def _grid(axis: Axis, bottom: float, unit: str, sheet: Sheet) -> Markup:
    reader, paper = sheet.reader, sheet.paper
    parts = []
    ticks = axis.ticks()
    for number, tick in enumerate(ticks):
        share = axis.share(tick)
        text = Text(tick_text(Decimal(repr(tick)).normalize(), unit, reader), reader.lang)
        # On a narrow screen there is room for every other one.
        style = "tick wide" if number % 2 else "tick"
        anchor = "" if number == 0 else "end" if number == len(ticks) - 1 else "middle"
        parts += [
            paper.line(share, share, 20, bottom, "grid"),
            paper.at(share, 12, words(text, 0, 0, reader, style, anchor)),
        ]
    return join(parts)


def _dot_row(each: Dot, axis: Axis, y: float, sheet: Sheet) -> Markup:
    reader, paper = sheet.reader, sheet.paper
    share = axis.share(float(each.value))
    left = share > 0.5
    gap = -28 if left else 28
    named = " · ".join(part for part in (each.label.value, each.note, each.amount.text) if part)
    tooltip = named + each.amount.in_full
    return join(
        (
            paper.line(_START, _END, y + 25, y + 25, "rail"),
            paper.at(0, y, caption(each.label, _DOT_ROOM, reader, more=each.note)),
            link(
                each.href,
                tooltip,
                paper.at(
                    share,
                    y + 25,
                    sign(each.bound),
                    words(
                        Text(each.amount.text, reader.lang), gap, 4.5, reader, "amount",
                        "end" if left else "",
                    ),
                ),
            ),
        )
    )  # fmt: skip


def _goal(each: GoalFlag, y: float, sheet: Sheet) -> Markup:
    reader, paper = sheet.reader, sheet.paper
    return link(
        each.href,
        f"{each.label.value} · {each.amount}",
        paper.at(0.005, y + 12, flag()),
        paper.at(0, y + 4, caption(each.label, _DOT_ROOM - 4, reader, x=28, more=each.amount)),
    )


@dataclass(frozen=True)
class Bar:
    """A set with its size, and its subsets; `value` is None for a set of unknown size.

    `bound` is the slug of a bound; `href` leads to the words that state the size.
    """

    label: Text
    value: Decimal | None
    bound: str
    amount: Amount | None
    href: str | None
    subsets: tuple[Bar, ...] = ()
    note: str = ""


def counted(label: Text, count: int, text: str, href: str, subsets: tuple[Bar, ...] = ()) -> Bar:
    """Return the bar of a count, which `text` writes in words."""
    return Bar(label, Decimal(count), "exact", Amount(text, text, text), href, subsets)


def draw_nested_bars(sheet: Sheet, wholes: Sequence[Bar]) -> Picture:
    """Draw sets of one unit to one scale, from zero; subsets are drawn inside their wholes.

    Subsets may overlap, so their bars are never put end to end.
    """
    reader = sheet.reader
    sizes = [float(each.value) for bar in wholes for each in _all(bar) if each.value is not None]
    most = max(sizes, default=1.0) or 1.0
    parts: list[Markup] = []
    y = 4.0
    for bar in wholes:
        drawn, y = _bar(bar, 0, y, most, sheet)
        parts.append(drawn)
        y += _BAR_GAP
    every = [each for bar in wholes for each in _all(bar)]
    bounds = {each.bound for each in every if each.value is not None} - {"exact"}
    nested = any(each.subsets for each in every)
    whole = Markup('<rect class="whole" x="-14" y="-7" width="28" height="14"/>')
    legend = [Legend(whole, phrase("sign_whole" if nested else "sign_length", reader.lang))]
    if nested:
        inside = Markup(
            '<rect class="tray" x="-15" y="-9" width="30" height="18" rx="3"/>'
            '<rect class="part" x="-10" y="-4" width="16" height="8"/>'
        )
        legend.append(Legend(inside, phrase("sign_subset", reader.lang)))
    if any(each.value is None for each in every):
        unknown = Markup('<rect class="unknown" x="-14" y="-6" width="28" height="12"/>')
        legend.append(Legend(unknown, phrase("sign_unknown_size", reader.lang)))
    return Picture(sheet, join(parts), y, (*legend, *legend_of(bounds, reader)))


def _all(bar: Bar) -> Iterator[Bar]:
    yield bar
    for each in bar.subsets:
        yield from _all(each)


def _bar(bar: Bar, depth: int, y: float, most: float, sheet: Sheet) -> tuple[Markup, float]:
    """Draw a bar with its subsets from `y` on; also return where it ends."""
    reader, paper = sheet.reader, sheet.paper
    start = depth * _INDENT
    length = max(0.003, _length(bar, most))
    inside: list[Markup] = []
    bottom = y + _BAR_ROW
    for each in bar.subsets:
        drawn, bottom = _bar(each, depth + 1, bottom, most, sheet)
        inside.append(drawn)
    tray = Markup("")
    if bar.subsets:
        bottom += 6
        widest = max(length, *(_length(each, most) for each in bar.subsets)) + 2 * _INDENT
        if bar.value is None:
            widest = _WIDEST - start
        tray = paper.bar(start, min(start + widest, 1.0), y + 18, bottom - y - 20, "tray")
    amount = bar.amount.text if bar.amount else phrase("size_unknown", reader.lang)
    style = "part" if depth else "whole"
    shape = (
        paper.bar(start + _INDENT / 3, start + _WIDEST / 3, y + 22, _BAR, "unknown")
        if bar.value is None
        else join(
            (
                paper.bar(start + _INDENT / 3, start + _INDENT / 3 + length, y + 22, _BAR, style),
                paper.at(start + _INDENT / 3 + length, y + 22, _bar_end(bar.bound)),
            )
        )
    )
    more = f"{amount} · {bar.note}" if bar.note else amount
    name = f"{bar.label.value}: {amount}{bar.amount.in_full if bar.amount else ''}"
    row = link(
        bar.href,
        name,
        paper.at(start, y, caption(bar.label, _BAR_ROOM - 3 * depth, reader, more=more)),
        shape,
    )
    return join((tray, row, *inside)), bottom


def _length(bar: Bar, most: float) -> float:
    return float(bar.value or 0) / most * (_WIDEST - 4 * _INDENT)


def _bar_end(bound: str) -> Markup:
    """Draw what is uncertain at the end of a bar."""
    if bound in {"more-than", "at-least"}:
        return path("M0 7H20M15 2.5L20 7L15 11.5", "arrow")
    if bound == "less-than":
        return path("M0 -3V17M-4 7H-20M-15 2.5L-20 7L-15 11.5", "arrow")
    return _BLUR if bound == "approximately" else Markup("")
