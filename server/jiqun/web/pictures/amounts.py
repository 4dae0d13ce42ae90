"""Formats figures: shares as percentages, money in bn CNY or 亿元, words for bounds.

The short text never rounds: it only moves the decimal point. The full number is given too, for
tooltips.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from jiqun.language import Reader, Text
from jiqun.rdf.namespaces import ID
from jiqun.web.pages.rendering import phrase

MONEY: Final = f"{ID}cny"
SHARE: Final = f"{ID}ratio"

_ENGLISH: Final = ((12, "tn"), (9, "bn"), (6, "mn"))
_HANS: Final = ((12, "万亿"), (8, "亿"), (4, "万"))
_HANT: Final = ((12, "萬億"), (8, "億"), (4, "萬"))
_SCALES: Final = {"en": _ENGLISH, "zh-Hans": _HANS, "zh-Hant": _HANT}
_SPACED: Final = "en"
_MOST_DIGITS: Final = 40


@dataclass(frozen=True)
class Amount:
    """A formatted figure: `text` with bound and unit, `bare` without bound, `whole` in full."""

    text: str
    bare: str
    whole: str


def write_amount(value: str, unit: str, unit_label: Text, bound: str, reader: Reader) -> Amount:
    """Write a figure for a reader.

    `value` is a decimal number as the graph has it, `unit` the IRI of its unit with its label,
    `bound` the slug of its bound ("exact", "more-than", "at-least", "less-than", "approximately").
    A value that is not a number is unchanged.
    """
    number = read_number(value)
    if number is None:
        bare = whole = f"{value} {unit_label.value}".strip()
    else:
        bare = short_amount(number, unit, unit_label, reader)
        whole = (
            f"{number:,f}{_joined(unit_label.value, reader)}" if unit != SHARE else f"{number:f}"
        )
    key = f"amount_{bound.replace('-', '_')}"
    text = bare if bound == "exact" else phrase(key, reader.lang).replace("{}", bare)
    return Amount(text, bare, whole)


def short_amount(number: Decimal, unit: str, unit_label: Text, reader: Reader) -> str:
    """Write a number with its unit and without a bound: 19.8%, 420 bn CNY, 96 enterprises."""
    if unit == SHARE:
        return f"{_trim(number * 100)}%"
    if unit == MONEY:
        shown, scale = _scaled(number, reader)
        if reader.lang == _SPACED:
            return " ".join(each for each in (shown, scale, "CNY") if each)
        return f"{shown}{scale}元"
    return f"{_trim(number, ',')}{_joined(unit_label.value, reader)}"


def tick_text(number: Decimal, unit: str, reader: Reader) -> str:
    """Write a number of an axis, without its unit."""
    if unit == SHARE:
        return f"{_trim(number * 100)}%"
    if unit == MONEY:
        shown, scale = _scaled(number, reader)
        return f"{shown} {scale}".strip() if reader.lang == _SPACED else f"{shown}{scale}"
    return _trim(number, ",")


def read_number(value: str) -> Decimal | None:
    """Read a number for drawing; None for anything else, and for more than 40 digits."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < _MOST_DIGITS else None


def _scaled(number: Decimal, reader: Reader) -> tuple[str, str]:
    grouping = "," if reader.lang == _SPACED else ""
    for power, word in _SCALES[reader.lang]:
        if abs(number) >= Decimal(10) ** power:
            return _trim(number.scaleb(-power), grouping), word
    return _trim(number, grouping), ""


def _trim(number: Decimal, grouping: str = "") -> str:
    text = f"{number:,f}" if grouping else f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _joined(unit: str, reader: Reader) -> str:
    return (f" {unit}" if reader.lang == _SPACED else unit) if unit else ""
