"""Measures reconciliation against `names.csv`: names with the things that they mean.

`expected` is a slug; several, joined by |, for a name that means several things (then none may be
matched by itself); empty for a name of nothing in the graph.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Reconcile = Callable[[Sequence["Case"]], Sequence[Sequence["Answer"]]]

NAMES = Path(__file__).with_name("names.csv")


@dataclass(frozen=True)
class Case:
    name: str
    type: str
    expected: frozenset[str]
    kind: str


@dataclass(frozen=True)
class Answer:
    id: str
    score: float
    match: bool


@dataclass(frozen=True)
class Measure:
    """Of all names that mean something, the share with (one of) them among the first five, and
    first; of all automatic matches, the share that is right; of all names with one meaning, the
    share matched automatically."""

    cases: int
    recall_at_5: float
    recall_at_1: float
    match_precision: float
    match_recall: float
    missed: tuple[Case, ...]
    mismatched: tuple[tuple[Case, str], ...]


def read_cases() -> list[Case]:
    with NAMES.open(encoding="utf-8", newline="") as file:
        return [
            Case(
                row["name"],
                row["type"],
                frozenset(filter(None, row["expected"].split("|"))),
                row["kind"],
            )
            for row in csv.DictReader(file)
        ]


def measure(cases: Sequence[Case], answers: Sequence[Sequence[Answer]]) -> Measure:
    pairs = list(zip(cases, answers, strict=True))
    known = [(case, found) for case, found in pairs if case.expected]
    in_five = [any(each.id in case.expected for each in found[:5]) for case, found in known]
    first = [bool(found) and found[0].id in case.expected for case, found in known]
    matched = [(case, each.id) for case, found in pairs for each in found if each.match]
    right = [(case, slug) for case, slug in matched if case.expected == {slug}]
    single = sum(1 for case, _ in known if len(case.expected) == 1)
    return Measure(
        len(cases),
        sum(in_five) / len(known),
        sum(first) / len(known),
        len(right) / max(1, len(matched)),
        len(right) / max(1, single),
        tuple(case for (case, _), hit in zip(known, in_five, strict=True) if not hit),
        tuple(pair for pair in matched if pair not in right),
    )
