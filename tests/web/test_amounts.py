"""Amounts are written as people write them, and never rounded."""

from __future__ import annotations

import pytest

from jiqun.rdf.namespaces import ID
from jiqun.web.amounts import full_amount, short_amount

CNY, RATIO, ENTERPRISE = f"{ID}cny", f"{ID}ratio", f"{ID}unit-enterprise"
LABELS = {"en": "enterprises", "zh-Hans": "家", "zh-Hant": "家"}


@pytest.mark.parametrize(
    ("value", "unit", "english", "simplified", "traditional"),
    [
        ("420000000000", CNY, "420 bn CNY", "4200亿元", "4200億元"),
        ("2000000000000.0", CNY, "2 trn CNY", "2万亿元", "2萬億元"),
        ("1331000000000", CNY, "1.331 trn CNY", "1.331万亿元", "1.331萬億元"),
        ("1234567890000", CNY, "1,234,567.89 m CNY", "12345.6789亿元", "12345.6789億元"),
        ("35500000", CNY, "35.5 m CNY", "3550万元", "3550萬元"),
        ("950", CNY, "950 CNY", "950元", "950元"),
        ("0.198", RATIO, "19.8 %", "19.8%", "19.8%"),
        ("1", RATIO, "100 %", "100%", "100%"),
        ("3219", ENTERPRISE, "3,219 enterprises", "3219家", "3219家"),
        ("33000.0", ENTERPRISE, "33,000 enterprises", "33000家", "33000家"),
        ("1200000", ENTERPRISE, "1,200,000 enterprises", "120万家", "120萬家"),
        ("1234567", ENTERPRISE, "1,234,567 enterprises", "123.4567万家", "123.4567萬家"),
        ("many", ENTERPRISE, "many enterprises", "many家", "many家"),
        ("1e400", ENTERPRISE, "1e400 enterprises", "1e400家", "1e400家"),
    ],
)
def test_amounts_are_written_short(
    value: str, unit: str, english: str, simplified: str, traditional: str
) -> None:
    written = [short_amount(value, unit, label, lang) for lang, label in LABELS.items()]
    expected = [english, simplified, traditional]
    assert [each.replace("\u00a0", " ") for each in written] == expected


def test_the_full_number_is_at_hand() -> None:
    assert full_amount("420000000000", CNY, "", "en") == "420,000,000,000\u00a0CNY"
    assert full_amount("420000000000", CNY, "", "zh-Hans") == "420,000,000,000元"
