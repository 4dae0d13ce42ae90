"""Choices on the page of a result: the view, the order of rows, words to filter by.

All of them are in the URL, so that the page can be shared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from jiqun.query.solutions import Term
from jiqun.saved_queries import VIEWS

CHOICES: Final = ("view", "sort", "filter")
"""The URL parameters of the choices."""

_LONGEST: Final = 200


@dataclass(frozen=True)
class Choices:
    """`view` is one of `VIEWS` or empty for the best one; `sort` a variable, with - to descend."""

    view: str = ""
    sort: str = ""
    filter: str = ""

    def parameters(self, **changed: str) -> dict[str, str]:
        """Return the parameters of an address for these choices, some of them changed."""
        chosen = {"view": self.view, "sort": self.sort, "filter": self.filter, **changed}
        return {name: value for name, value in chosen.items() if value}


NO_CHOICES: Final = Choices()


def read_choices(given: Mapping[str, Sequence[str]]) -> Choices:
    """Read the choices from URL parameters; unknown ones are ignored."""
    first = {name: next(iter(given.get(name, ())), "")[:_LONGEST] for name in CHOICES}
    view = first["view"] if first["view"] in VIEWS else ""
    return Choices(view, first["sort"], first["filter"].strip())


def apply_choices(
    rows: Sequence[Mapping[str, Term]], choices: Choices, words: Mapping[str, str]
) -> tuple[Mapping[str, Term], ...]:
    """Return the rows that have all words of the filter, in the chosen order.

    `words` are the labels of resources by IRI.
    """
    wanted = choices.filter.casefold().split()
    kept = [row for row in rows if not wanted or _has_all(row, wanted, words)]
    variable = choices.sort.removeprefix("-")
    if variable:
        bound = [row for row in kept if variable in row]
        unbound = [row for row in kept if variable not in row]
        bound.sort(key=lambda row: _key(row[variable], words), reverse=choices.sort[0] == "-")
        kept = bound + unbound
    return tuple(kept)


def _has_all(row: Mapping[str, Term], wanted: Sequence[str], words: Mapping[str, str]) -> bool:
    text = " ".join(f"{each.value} {words.get(each.value, '')}" for each in row.values()).casefold()
    return all(word in text for word in wanted)


def _key(term: Term, words: Mapping[str, str]) -> tuple[int, Decimal, str]:
    if term.is_number:
        try:
            number = Decimal(term.value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return (0, number, "")
    return (1, Decimal(0), words.get(term.value, term.value).casefold())
