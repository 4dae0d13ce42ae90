"""Hygiene rules: one SPARQL SELECT a file, whose every row is a violation.

The header has `summary`, `message` with `{variables}` of the query in it, and `dataset`: `ontology`
for `jiqun.ttl` alone, `all` for everything a release holds. `?subject` is what to point at, with
`?predicate`, `?object` and `?graph` when the rule knows them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.knowledge.dataset import ONTOLOGY, store
from jiqun.knowledge.findings import Finding
from jiqun.knowledge.queries.headers import Annotated, read_annotated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from jiqun.knowledge.content import Content
    from jiqun.knowledge.knowledge import Knowledge
    from jiqun.knowledge.turtle.positions import Locator
    from jiqun.knowledge.turtle.terms import Term

DATASETS: Final = ("ontology", "all")
_HOLE: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class HygieneRule:
    """One rule; `name` is that of its file, `message` still has its `{variables}`."""

    file: Annotated
    name: str
    message: str
    dataset: str


def read_rule(path: Path, content: Content) -> HygieneRule:
    """Read a rule; raise `Malformed` when its header lacks a message or a known dataset."""
    file = read_annotated(path, content)
    message, dataset = file.header.get("message"), file.header.get("dataset", "all")
    if not isinstance(message, str) or dataset not in DATASETS:
        what = f"the header needs a message, and dataset must be one of {', '.join(DATASETS)}"
        raise file.mistake(what, "rule")
    return HygieneRule(file, path.stem, message, dataset)


class Rules:
    """Runs rules over a release's content; fills the two stores on first use."""

    def __init__(
        self, knowledge: Knowledge, locator: Locator, shorten: Callable[[Term], str]
    ) -> None:
        """Take what to check, what finds lines, and what writes terms in messages."""
        self._knowledge = knowledge
        self._locator = locator
        self._shorten = shorten
        self._stores: dict[str, ox.Store] = {}

    def violations(self, rule: HygieneRule) -> Iterator[Finding]:
        """Yield a finding for every row; raise `Malformed` when the rule is no SELECT query."""
        try:
            rows = self._store(rule.dataset).query(rule.file.text)
        except SyntaxError as error:
            raise rule.file.mistake((error.msg or str(error)).partition("\n")[0], "rule") from None
        if not isinstance(rows, ox.QuerySolutions):
            raise rule.file.mistake("a rule must be a SELECT query", "rule")
        names = [variable.value for variable in rows.variables]
        for row in rows:
            values = {name: row[name] for name in names if row[name] is not None}
            yield self._finding(rule, values)

    def _finding(self, rule: HygieneRule, values: dict[str, Term]) -> Finding:
        what = _HOLE.sub(
            lambda hole: self._word(values[hole[1]]) if hole[1] in values else hole[0],
            rule.message,
        )
        keys = [_key(values.get(name)) for name in ("subject", "predicate", "object")]
        place = self._locator.best(*keys, graph=_key(values.get("graph")))
        if place is None:
            return Finding(rule.file.name, 0, 0, what, rule.name)
        return Finding(place.path, place.line, 0, what, rule.name)

    def _word(self, term: Term) -> str:
        return term.value if isinstance(term, ox.Literal) else self._shorten(term)

    def _store(self, dataset: str) -> ox.Store:
        if dataset not in self._stores:
            graphs = self._knowledge.graphs
            if dataset == "all":
                self._stores[dataset] = store(graphs, self._knowledge.default)
            else:
                ontology = graphs.get(ONTOLOGY, set())
                self._stores[dataset] = store({ONTOLOGY: ontology}, ontology)
        return self._stores[dataset]


def _key(term: Term | None) -> str:
    if isinstance(term, ox.NamedNode):
        return term.value
    return f'"{term.value}"' if isinstance(term, ox.Literal) else ""
