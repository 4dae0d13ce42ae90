"""Looking up what statements say of a thing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jiqun.endpoint.linked.graph import Statement
    from jiqun.endpoint.terms import Term


class Said:
    """Statements by subject and predicate."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        """Sort the statements."""
        self._values: dict[tuple[str, str], list[Term]] = defaultdict(list)
        for subject, predicate, value in statements:
            self._values[subject.value, predicate].append(value)

    def all(self, subject: str, predicate: str) -> Sequence[Term]:
        """Give all values, in their order."""
        found = self._values.get((subject, predicate), ())
        return sorted(found, key=lambda term: (term.value, term.lang))

    def one(self, subject: str, predicate: str) -> str:
        """Give the first value as text, or an empty text."""
        return next((term.value for term in self.all(subject, predicate)), "")

    def words(self, subject: str, predicate: str) -> dict[str, str]:
        """Give the first text of each language."""
        found: dict[str, str] = {}
        for term in self.all(subject, predicate):
            found.setdefault(term.lang, term.value)
        return found
