"""Writes and draws figures with their certainty, the same on every page.

Shares are percentages, money is in bn CNY or 亿元, bounds have words. The short text never rounds:
it only moves the decimal point. The full number is given too, for tooltips. Exact is a filled dot;
more than and at least, a dot with an open arrow towards more; less than, the other way; about, a
hollow dot on a blurred bar. A goal is a dashed flag and never a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from markupsafe import Markup

from jiqun.language import Reader, Text
from jiqun.rdf.namespaces import ID
from jiqun.web.pages.rendering import phrase
from jiqun.web.pictures.drawing import Legend, join, path

MONEY: Final = f"{ID}cny"
SHARE: Final = f"{ID}ratio"

_ENGLISH: Final = ((12, "tn"), (9, "bn"), (6, "mn"))
_HANS: Final = ((12, "万亿"), (8, "亿"), (4, "万"))
_HANT: Final = ((12, "萬億"), (8, "億"), (4, "萬"))
_SCALES: Final = {"en": _ENGLISH, "zh-Hans": _HANS, "zh-Hant": _HANT}
_SPACED: Final = "en"
_MOST_DIGITS: Final = 40
BOUNDS: Final = ("exact", "more-than", "at-least", "less-than", "approximately")
"""The bounds of figures, as slugs of `kg:Bound`."""

_DOT: Final = Markup('<circle class="exact" r="5"/>')
_HIT: Final = Markup('<circle class="hit" r="12"/>')
_BLUR: Final = Markup(
    '<rect class="blur" x="-17" y="-5" width="34" height="10" rx="5"/>'
    '<rect class="blur" x="-13" y="-4" width="26" height="8" rx="4"/>'
    '<rect class="blur" x="-9" y="-3.5" width="18" height="7" rx="3"/>'
)
_SIGNS: Final = {
    "exact": _DOT,
    "more-than": join((_DOT, path("M5 0H22M17 -4.5L22 0L17 4.5", "arrow"))),
    "at-least": join((_DOT, path("M5 0H22M17 -4.5L22 0L17 4.5", "arrow"))),
    "less-than": join((_DOT, path("M-5 0H-22M-17 -4.5L-22 0L-17 4.5", "arrow"))),
    "approximately": join((_BLUR, Markup('<circle class="about" r="5"/>'))),
}
_FLAG: Final = path("M0 9V-11H14L10 -6.5L14 -2H0", "goal")
_KEYS: Final = {
    "exact": "sign_exact",
    "more-than": "sign_more",
    "at-least": "sign_more",
    "less-than": "sign_less",
    "approximately": "sign_about",
}


@dataclass(frozen=True)
class Amount:
    """A formatted figure: `text` with bound and unit, `bare` without bound, `whole` in full."""

    text: str
    bare: str
    whole: str

    @property
    def in_full(self) -> str:
        """The full number in brackets, for a tooltip; empty if the text already has it."""
        return f" ({self.whole})" if self.whole != self.bare else ""


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
    text = bare if bound == "exact" else phrase(key, reader.lang, bare)
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


def known_bound(slug: str) -> str:
    """Return a bound that can be drawn: "exact" without one, "approximately" for an unknown one."""
    if not slug:
        return "exact"
    return slug if slug in BOUNDS else "approximately"


def sign(bound: str) -> Markup:
    """Draw a figure of this bound around (0, 0); an unknown bound is drawn like "about"."""
    return join((_HIT, _SIGNS.get(bound, _SIGNS["approximately"])))


def flag() -> Markup:
    """Draw a goal; the foot of its pole is at (0, 9)."""
    return join((_HIT, _FLAG))


def reach(bound: str) -> tuple[float, float]:
    """Return the extent of a sign to the left and right of its position, in pixels."""
    return {"more-than": (6, 24), "at-least": (6, 24), "less-than": (24, 6)}.get(bound, (6, 8))


def legend_of(bounds: set[str], reader: Reader, *, goals: bool = False) -> tuple[Legend, ...]:
    """Return the legend of the signs that a picture has."""
    entries = {
        _KEYS[each]: Legend(_shifted(each), phrase(_KEYS[each], reader.lang))
        for each in BOUNDS
        if each in bounds
    }
    found = tuple(entries.values())
    return (*found, Legend(_FLAG, phrase("sign_goal", reader.lang))) if goals else found


def _shifted(bound: str) -> Markup:
    """Return a sign in the middle of its place in a legend."""
    left, right = reach(bound)
    shift = (left - right) / 2
    return Markup('<g transform="translate({:g})">{}</g>').format(shift, _SIGNS[bound])
