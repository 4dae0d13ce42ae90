"""The dot plot: figures along one axis with their certainty; goals are below it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from jiqun.language import Reader, Text
from jiqun.web.pages.rendering import phrase
from jiqun.web.pictures.certainty import SHARE, Amount, flag, legend_of, sign, tick_text
from jiqun.web.pictures.drawing import Picture, Sheet, caption, join, link, words

_ROW: Final = 44
_GOAL_ROW: Final = 30
_HEAD: Final = 30
_GROUP_HEAD: Final = 46
_GAP: Final = 14
_START, _END = 0.03, 0.93
_ROOM: Final = 44
"""Maximum length of a label, in letters."""


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
    y = float(_HEAD)
    for group in groups:
        if group.heading:
            parts.append(paper.at(0, y, _heading(group.heading, group.reason, reader)))
            y += _GROUP_HEAD
        if group.hatched:
            parts.append(paper.hatched(y + 2, _ROW * len(group.dots), sheet.name))
        for dot in group.dots:
            parts.append(_row(dot, axis, y, sheet))
            y += _ROW
        y += _GAP if group.heading else 0
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
    below = caption(Text(reason, reader.lang), _ROOM, reader, y=38) if reason else Markup("")
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


def _row(each: Dot, axis: Axis, y: float, sheet: Sheet) -> Markup:
    reader, paper = sheet.reader, sheet.paper
    share = axis.share(float(each.value))
    left = share > 0.5
    gap = -28 if left else 28
    tooltip = " · ".join(part for part in (each.label.value, each.note, each.amount.text) if part)
    if each.amount.whole != each.amount.bare:
        tooltip = f"{tooltip} ({each.amount.whole})"
    return join(
        (
            paper.line(_START, _END, y + 25, y + 25, "rail"),
            paper.at(0, y, caption(each.label, _ROOM, reader, more=each.note)),
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
        paper.at(0, y + 4, caption(each.label, _ROOM - 4, reader, x=28, more=each.amount)),
    )
