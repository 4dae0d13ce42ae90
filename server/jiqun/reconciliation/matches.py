"""Answers match requests: candidates by name, scored by their properties."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from jiqun.errors import BadParameter, shorten
from jiqun.names import Name
from jiqun.query.solutions import Select
from jiqun.rdf.namespaces import ID, KG
from jiqun.reconciliation.properties import Value, read_values
from jiqun.reconciliation.requests import (
    MAX_CANDIDATES,
    Condition,
    MatchRequest,
)
from jiqun.search.index import IndexedThing, SearchIndex
from jiqun.search.matching import SAME_NAME, Candidate, find_candidates, mark_match, ranked

SUGGESTIONS: Final = 20
"""Maximum number of suggestions."""

_CONTRADICTED: Final = 20.0
"""Points deducted from a candidate for each property with another value."""

_CONFIRMED: Final = 0.4
"""The share of the missing score that each confirmed property adds to a similar name."""

_MIN_CANDIDATES: Final = MAX_CANDIDATES // 2
_MIN_SUGGESTED: Final = 50.0


def match(
    index: SearchIndex, select: Select, requests: Sequence[MatchRequest]
) -> list[list[Candidate]]:
    """Return the candidates of every request, best first, with the certain match marked.

    Raises `BadParameter` for unknown classes.
    """
    found = [_find(index, each) for each in requests]
    conditional = [
        (each, candidates)
        for each, candidates in zip(requests, found, strict=True)
        if each.conditions
    ]
    values = read_values(
        select,
        (each.thing.slug for _, candidates in conditional for each in candidates),
        (condition.property for each, _ in conditional for condition in each.conditions),
    )
    read = cache(index.read)

    @cache
    def known(slug: str, iri: str) -> _Known | None:
        stated = values.get((slug, iri))
        return _Known.of(stated, read) if stated else None

    return [
        mark_match(_score(each, candidates, known, read))[: each.limit]
        for each, candidates in zip(requests, found, strict=True)
    ]


def _find(index: SearchIndex, request: MatchRequest) -> list[Candidate]:
    classes = index.class_numbers(request.classes) if request.classes else None
    if classes == ():
        names = ", ".join(shorten(each.removeprefix(KG)) for each in request.classes)
        raise BadParameter(f"There is no type {names}; /reconcile/suggest/type lists the types.")
    limit = max(request.limit, _MIN_CANDIDATES) if request.conditions else request.limit
    return find_candidates(index, request.name, classes, limit)


@dataclass(frozen=True)
class _Known:
    """The values of a property of a thing, prepared for comparison.

    `names` and `cores` are folded; `bare` are the cores of names without an official ending.
    """

    texts: frozenset[str]
    numbers: frozenset[float | None]
    names: frozenset[str]
    cores: frozenset[str]
    bare: frozenset[str]

    @classmethod
    def of(cls, values: Iterable[Value], read: Callable[[str], Name]) -> _Known:
        texts: set[str] = set()
        numbers: set[float | None] = set()
        names: set[Name] = set()
        for value in values:
            plain = value.term.value
            texts |= {plain, plain.removeprefix(ID)}
            if value.term.is_number:
                numbers.add(_number(plain))
            else:
                names |= {read(text) for text in (plain, *(each.value for each in value.labels))}
        return cls(
            frozenset(texts),
            frozenset(numbers - {None}),
            frozenset(each.form for each in names),
            frozenset(each.core for each in names),
            frozenset(each.core for each in names if not each.kind),
        )

    def has(self, text: str, name: Name) -> bool:
        """Return whether a text, whose folded name is `name`, is one of the values."""
        if text in self.texts or (self.numbers and _number(text) in self.numbers):
            return True
        cores = self.bare if name.kind else self.cores
        return bool(name.form) and (name.form in self.names or name.core in cores)


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _score(
    request: MatchRequest,
    candidates: Sequence[Candidate],
    known: Callable[[str, str], _Known | None],
    read: Callable[[str], Name],
) -> list[Candidate]:
    """Adjust the scores of candidates by the conditions of the request."""
    scored = []
    for candidate in candidates:
        score, accepted = candidate.score, True
        for condition in request.conditions:
            fulfilled = _fulfils(condition, known(candidate.thing.slug, condition.property), read)
            if condition.required and not fulfilled:
                accepted = False
            elif fulfilled is False:
                score -= _CONTRADICTED
            elif fulfilled and score < SAME_NAME:
                score += (SAME_NAME - 1 - score) * _CONFIRMED
        if accepted:
            scored.append(replace(candidate, score=round(max(score, 0.0), 1)))
    return ranked(scored)


def _fulfils(
    condition: Condition, known: _Known | None, read: Callable[[str], Name]
) -> bool | None:
    """Return whether the values fulfil a condition; None if there are no values."""
    if known is None:
        return None
    met = (known.has(each, read(each)) for each in condition.values)
    if condition.quantifier == "all":
        return all(met)
    return any(met) != (condition.quantifier == "none")


def suggest_things(
    index: SearchIndex, prefix: str, classes: Sequence[int] | None, cursor: int
) -> list[IndexedThing]:
    """Return things with a name that begins with the prefix, then those with a similar name."""
    name = index.read(prefix)
    if not name.form:
        return []
    end = cursor + SUGGESTIONS
    names = index.beginning_with(name.form, classes, 4 * end)
    ids = dict.fromkeys(each.thing for each in names)
    if len(ids) < end:
        found = find_candidates(index, prefix, classes, end)
        ids |= dict.fromkeys(each.thing.id for each in found if each.score >= _MIN_SUGGESTED)
    chosen = list(ids)[cursor:end]
    things = index.things(chosen)
    return [things[each] for each in chosen]


def suggest_names(
    index: SearchIndex, prefix: str, labels: Mapping[str, Mapping[str, str]], cursor: int
) -> list[str]:
    """Return identifiers that match, or whose labels match: by prefix first, then by substring."""
    wanted = index.read(prefix).form
    beginning, containing = [], []
    for identifier, texts in labels.items():
        forms = [index.read(text).form for text in (identifier, *texts.values())]
        if any(form.startswith(wanted) for form in forms):
            beginning.append(identifier)
        elif any(wanted in form for form in forms):
            containing.append(identifier)
    return [*beginning, *containing][cursor : cursor + SUGGESTIONS]
