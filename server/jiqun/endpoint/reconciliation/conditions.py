"""What else is known of a name, held against the graph, such as the place it lies in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.search.candidates import Candidate, in_order
from jiqun.endpoint.search.matching import CERTAIN
from jiqun.vocabulary import ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.endpoint.reconciliation.asks import Ask, Condition
    from jiqun.endpoint.reconciliation.properties import Value
    from jiqun.endpoint.search.index import SearchIndex

CONTRADICTED: Final = 20.0
"""Points that a candidate loses for each property whose value is another one."""

_CONFIRMED: Final = 0.4
"""The share of what a resembling name lacks that each confirmed property makes up for."""


def weigh(
    index: SearchIndex,
    ask: Ask,
    candidates: Sequence[Candidate],
    values: Mapping[tuple[str, str], tuple[Value, ...]],
) -> list[Candidate]:
    """Raise and lower the scores of candidates by what is asked of their properties."""
    weighed = []
    for candidate in candidates:
        score, kept = candidate.score, True
        for condition in ask.conditions:
            known = values.get((candidate.thing.slug, condition.property), ())
            fulfilled = fulfils(index, condition, known)
            if fulfilled is not True and condition.required:
                kept = False
            elif fulfilled is False:
                score -= CONTRADICTED
            elif fulfilled and score < CERTAIN:
                score += (CERTAIN - 1 - score) * _CONFIRMED
        if kept:
            weighed.append(replace(candidate, score=round(max(score, 0.0), 1)))
    return in_order(weighed)


def fulfils(index: SearchIndex, condition: Condition, values: Sequence[Value]) -> bool | None:
    """Tell whether a candidate with these values is as the condition has it; None: not known."""
    if not values:
        return None
    met = [any(_is(index, wanted, value) for value in values) for wanted in condition.values]
    if condition.quantifier == "all":
        return all(met)
    return not any(met) if condition.quantifier == "none" else any(met)


def _is(index: SearchIndex, wanted: str, value: Value) -> bool:
    plain = value.term.value
    if wanted in {plain, plain.removeprefix(ID)}:
        return True
    if value.term.is_number:
        return _number(wanted) == _number(plain)
    name = index.read(wanted)
    if not name.form:
        return False
    for text in (plain, *(label.value for label in value.labels)):
        other = index.read(text)
        if name.form == other.form or (name.core == other.core and not (name.kind and other.kind)):
            return True
    return False


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None
