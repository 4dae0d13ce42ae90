"""The result of a query as a table: which columns it has, and what its cells show."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Final

from jiqun.query.solutions import Term, term
from jiqun.web.pages.cells import Cell, Labels

_COLUMNS: Final[Mapping[str, tuple[str, str]]] = tomllib.loads(
    resources.files("jiqun.web").joinpath("templates", "columns.toml").read_text(encoding="utf-8")
)
PAGE_ROWS: Final = 1000
"""Rows of a result on its page; the formats for programs have all."""


@dataclass(frozen=True)
class Outcome:
    """The result of a query: `rows` of a SELECT, `boolean` of an ASK, or the Turtle of a `graph`.

    `truncated` if rows were left out; `milliseconds` is None when not measured. `warnings` are
    sentences for the author of the query, in English; `remarks` are those in the reader's language.
    """

    variables: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Term], ...] = ()
    boolean: bool | None = None
    graph: str | None = None
    truncated: bool = False
    milliseconds: float | None = None
    warnings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def iris(self) -> list[str]:
        """Return the IRIs in the rows, each once."""
        found = (each.value for row in self.rows for each in row.values() if each.is_iri)
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Column:
    """A column of the table; its words may be those of another variable, `words`."""

    variable: str
    title: str
    words: str | None = None
    numeric: bool = False


@dataclass(frozen=True)
class ResultRow:
    """A row; its first `repeated` cells are those of the row above it."""

    cells: tuple[Cell, ...]
    repeated: int = 0


@dataclass(frozen=True)
class ResultTable:
    """Rows, ready to be shown, and links to the same result in other formats."""

    columns: tuple[Column, ...] = ()
    rows: tuple[ResultRow, ...] = ()
    formats: tuple[tuple[str, str], ...] = field(default=())


def read_outcome(form: str, result: bytes, milliseconds: float | None = None) -> Outcome:
    """Read the result of a query of the form SELECT, ASK, CONSTRUCT or DESCRIBE.

    `result` is in the SPARQL 1.1 Query Results JSON Format, or in Turtle. Of more than `PAGE_ROWS`
    rows the rest is left out.
    """
    if form not in {"SELECT", "ASK"}:
        return Outcome(graph=result.decode(), milliseconds=milliseconds)
    document = json.loads(result)
    if "boolean" in document:
        return Outcome(boolean=bool(document["boolean"]), milliseconds=milliseconds)
    bindings = document["results"]["bindings"]
    rows = tuple({name: term(value) for name, value in row.items()} for row in bindings[:PAGE_ROWS])
    variables = tuple(document["head"].get("vars", ()))
    truncated = len(bindings) > PAGE_ROWS
    return Outcome(variables, rows, truncated=truncated, milliseconds=milliseconds)


def arrange(
    outcome: Outcome,
    labels: Labels,
    formats: Sequence[tuple[str, str]],
    shown: slice,
    *,
    readable: bool = False,
) -> ResultTable:
    """Arrange the rows `shown` in a table; `readable` turns variables into column titles.

    Where a query returns both `?x` and `?xLabel` (or `?passage` and `?quote`), one column shows the
    words and links to the resource.
    """
    columns = _columns(outcome, labels.reader.lang, readable=readable)
    rows = [tuple(_cell(column, row, labels) for column in columns) for row in outcome.rows[shown]]
    above = [(), *rows]
    counted = (ResultRow(row, _repeated(row, last)) for row, last in zip(rows, above, strict=False))
    return ResultTable(columns, tuple(counted), tuple(formats))


def _repeated(row: Sequence[Cell], above: Sequence[Cell]) -> int:
    """Return how many cells from the first on name the same things as those above them.

    The last cell is never among them, nor are numbers and blanks, which would be missed.
    """
    count = 0
    for cell, other in zip(row[:-1], above[:-1], strict=False):
        if cell != other or cell.kind != "thing":
            break
        count += 1
    return count


def _columns(outcome: Outcome, lang: str, *, readable: bool) -> tuple[Column, ...]:
    things = {
        name
        for name in outcome.variables
        if any(name in row and row[name].is_iri for row in outcome.rows)
    }
    partners = {
        name: words
        for name in outcome.variables
        if name in things and (words := partner_of(name, outcome.variables)) is not None
    }
    hidden = set(partners.values())
    return tuple(
        Column(
            name,
            column_title(name, lang) if readable else name,
            partners.get(name),
            numeric=_is_numeric(name, outcome),
        )
        for name in outcome.variables
        if name not in hidden
    )


def column_title(variable: str, lang: str) -> str:
    """Return the title of the column of a variable, in English if the language has none for it."""
    name = readable_name(variable)
    titles = _COLUMNS.get(name)
    if lang == "en" or titles is None:
        return name
    return titles[0] if lang == "zh-Hans" else titles[1]


def readable_name(variable: str) -> str:
    """Write the name of a variable in words: `firstCountLabel` becomes `first count`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", variable.lstrip("_").removesuffix("Label"))
    return words.replace("_", " ").lower()


def partner_of(name: str, variables: Sequence[str]) -> str | None:
    """Return the variable that holds the words for what another holds, if there is one."""
    candidates = [f"{name}Label", f"{name}_label", f"{name}Quote", f"{name}Words"]
    if name == "passage":
        candidates += ["quote", "words", "wording"]
    return next((each for each in candidates if each in variables), None)


def _is_numeric(name: str, outcome: Outcome) -> bool:
    bound = [row[name] for row in outcome.rows if name in row]
    return bool(bound) and all(each.is_number for each in bound)


def _cell(column: Column, row: Mapping[str, Term], labels: Labels) -> Cell:
    cell = labels.cell(row.get(column.variable))
    words = row.get(column.words) if column.words else None
    if cell.kind == "passage" and words is None:
        return _evidence(cell, column, row, labels)
    if words is None or words.is_iri or cell.kind == "blank":
        return cell
    text = labels.cell(words).text
    if cell.kind == "passage":
        return replace(cell, quotes=(text,))
    return Cell("thing", text, cell.href, cell.note)


def _evidence(cell: Cell, column: Column, row: Mapping[str, Term], labels: Labels) -> Cell:
    """Add to a passage the words in which it states the facts of this row."""
    caption = labels.captions.get(row[column.variable].value)
    if caption is None:
        return cell
    mentions = frozenset(
        each.value for name, each in row.items() if name != column.variable and not each.lang
    )
    return replace(cell, quotes=caption.words_for(mentions))
