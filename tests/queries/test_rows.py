"""Answers with the values that a reader meets first, and how many rows an answer may have.

A cross join shows in its size: 6,417 rows of 11 goals. In an honest answer some column nearly tells
the rows apart, so there are at most a few rows for each of its values.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from queries.golden import Collection, collect, default_golden

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = sorted(path.stem for path in (Path(__file__).parents[2] / "queries").glob("*.rq"))
MOST_ROWS_A_VALUE: Final = 4


@pytest.fixture(scope="session")
def collection() -> Collection:
    return collect()


def _widest(rows: Sequence[Sequence[str]]) -> int:
    return max((len(set(column)) for column in zip(*rows, strict=True)), default=0)


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_few_for_what_they_tell_of(collection: Collection, name: str) -> None:
    query = collection.queries[name]
    if query.form != "SELECT":
        return
    for values in ({}, query.example):
        _, *rows = csv.reader(io.StringIO(collection.answer(collection.text(name, values))))
        assert len(rows) <= MOST_ROWS_A_VALUE * _widest(rows) + 10, (name, values)


@pytest.mark.parametrize("name", NAMES)
def test_answer_by_default_is_golden(collection: Collection, name: str) -> None:
    found = default_golden(collection, name)
    if found is not None:
        path, answer = found
        assert path.read_text("utf-8") == answer, "see tests/queries/README.md"
