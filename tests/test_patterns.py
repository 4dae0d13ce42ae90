"""Patterns that meet long input read it in time that grows with its length, not with the square."""

from __future__ import annotations

import pytest

from jiqun.query.spreadsheet import _NUMBER
from jiqun.reconciliation.responses import _DATE, _FLOAT

LONG = 200_000
"""With the square of this, a test would take minutes."""


@pytest.mark.parametrize("pattern", [_FLOAT, _NUMBER, _DATE], ids=["float", "number", "date"])
@pytest.mark.parametrize("text", ["1" * LONG + "x", "." + "1" * LONG + "x", "1." + "1" * LONG])
def test_a_long_number_is_read_once(pattern: object, text: str) -> None:
    assert hasattr(pattern, "fullmatch")
    assert (pattern.fullmatch(text) is None) == (text.endswith("x") or pattern is _DATE)
