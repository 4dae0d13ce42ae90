"""Nested bars: sets and their subsets, each subset an indented bar inside its whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from jiqun.language import Text
from jiqun.web.pages.rendering import phrase
from jiqun.web.pictures.certainty import Amount, legend_of
from jiqun.web.pictures.drawing import Legend, Picture, Sheet, caption, join, link, path

_ROW: Final = 42
_BAR: Final = 14
_WIDEST: Final = 0.88
_INDENT: Final = 0.022
_GAP: Final = 12
_ROOM: Final = 48
_BLUR: Final = Markup(
    '<rect class="blur" x="-17" y="0" width="34" height="14"/>'
    '<rect class="blur" x="-9" y="0" width="18" height="14"/>'
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
        y += _GAP
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
    bottom = y + _ROW
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
                paper.at(start + _INDENT / 3 + length, y + 22, _end(bar.bound)),
            )
        )
    )
    more = f"{amount} · {bar.note}" if bar.note else amount
    name = f"{bar.label.value}: {amount}"
    if bar.amount and bar.amount.whole != bar.amount.bare:
        name = f"{name} ({bar.amount.whole})"
    row = link(
        bar.href,
        name,
        paper.at(start, y, caption(bar.label, _ROOM - 3 * depth, reader, more=more)),
        shape,
    )
    return join((tray, row, *inside)), bottom


def _length(bar: Bar, most: float) -> float:
    return float(bar.value or 0) / most * (_WIDEST - 4 * _INDENT)


def _end(bound: str) -> Markup:
    """Draw what is uncertain at the end of a bar."""
    if bound in {"more-than", "at-least"}:
        return path("M0 7H20M15 2.5L20 7L15 11.5", "arrow")
    if bound == "less-than":
        return path("M0 -3V17M-4 7H-20M-15 2.5L-20 7L-15 11.5", "arrow")
    return _BLUR if bound == "approximately" else Markup("")
