"""Amounts as people write them: money in billions or in 亿, shares in per cent, counts with a unit.

Nothing is rounded: what is written is as exact as the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from jiqun.rdf.namespaces import ID

_NO_BREAK: Final = "\u00a0"
_SHARE: Final = f"{ID}ratio"
_MONEY: Final = {
    f"{ID}cny": {"en": "CNY", "zh-Hans": "元", "zh-Hant": "元"},
    f"{ID}usd": {"en": "USD", "zh-Hans": "美元", "zh-Hant": "美元"},
}
_ENGLISH: Final = ((12, "trn"), (9, "bn"), (6, "m"))
_CHINESE: Final = {
    "zh-Hans": ((12, "万亿"), (8, "亿"), (4, "万")),
    "zh-Hant": ((12, "萬億"), (8, "億"), (4, "萬")),
}
_MOST_PLACES: Final = 4
_COUNT_IN_TEN_THOUSANDS: Final = 100_000


def short_amount(value: str, unit: str, unit_label: str, lang: str) -> str:
    """Write a value with its unit: 420 bn CNY, 4200亿元; 19.8 %; 3,219 enterprises, 3219家.

    `unit` is the IRI of a unit, `unit_label` its label in `lang`. What is no number stays as it is.
    """
    number = _number(value)
    if number is None:
        return _joined(value, unit_label, lang)
    if unit == _SHARE:
        return f"{_digits(number * 100, lang)}{_NO_BREAK if lang == 'en' else ''}%"
    if unit in _MONEY:
        return _scaled(number, _MONEY[unit][lang], lang)
    if lang != "en" and abs(number) >= _COUNT_IN_TEN_THOUSANDS:
        return _scaled(number, unit_label, lang)
    return _joined(_digits(number, lang), unit_label, lang)


def full_amount(value: str, unit: str, unit_label: str, lang: str) -> str:
    """Write a value with all its digits and its unit: 420,000,000,000 CNY."""
    number = _number(value)
    if number is None or unit == _SHARE:
        return short_amount(value, unit, unit_label, lang)
    label = _MONEY[unit][lang] if unit in _MONEY else unit_label
    return _joined(f"{number.normalize():,f}", label, lang)


def _number(value: str) -> Decimal | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 30 else None


def _scaled(number: Decimal, unit: str, lang: str) -> str:
    """Write a number in the largest step that needs few decimal places."""
    steps: Sequence[tuple[int, str]] = _CHINESE.get(lang, _ENGLISH)
    for power, word in steps:
        scaled = (number / Decimal(10) ** power).normalize()
        exponent = scaled.as_tuple().exponent
        if abs(scaled) >= 1 and isinstance(exponent, int) and exponent >= -_MOST_PLACES:
            written = _digits(scaled, lang)
            return _joined(f"{written}{_NO_BREAK if lang == 'en' else ''}{word}", unit, lang)
    return _joined(_digits(number, lang), unit, lang)


def _digits(number: Decimal, lang: str) -> str:
    """Write the digits, in English with separators of thousands."""
    return f"{number.normalize():,f}" if lang == "en" else f"{number.normalize():f}"


def _joined(number: str, unit: str, lang: str) -> str:
    return f"{number}{_NO_BREAK if lang == 'en' and unit else ''}{unit}"
