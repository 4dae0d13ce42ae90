"""Tables for people without RDF: their definitions, and their rows.

A table is one SPARQL SELECT in `ontology/tables`. Its header has the title (`summary`, in three
languages), the columns of its `key`, and for each column its `type`, its description, and the table
whose key it `refers` to:

    #+ columns:
    #+   cluster: {type: iri, refers: clusters, description: "IRI of the cluster"}

`dataset: evidence` queries the reified statements; every other table queries the whole release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

from jiqun.knowledge.content import Content
from jiqun.knowledge.query_files import Annotated, read_annotated
from jiqun.rdf.terms import language_tag

Value = str | int | float | bool | None

SEPARATORS: Final = {"iris": " ", "texts": "|"}
"""The separator of values in a multi-valued column, by its type."""

_RULE: Final = "table"


@dataclass(frozen=True)
class Column:
    """A column; `refers` is the table whose key it holds, or ""."""

    name: str
    type: str
    refers: str
    description: str


@dataclass(frozen=True)
class Table:
    """A table as its file describes it, without rows."""

    name: str
    title: Mapping[str, str]
    description: str
    key: Sequence[str]
    columns: Sequence[Column]
    dataset: str
    file: Annotated


@dataclass(frozen=True)
class Filled:
    """A table with its rows, sorted by its key."""

    table: Table
    rows: Sequence[tuple[Value, ...]]

    def key(self, row: Sequence[Value]) -> tuple[str, ...]:
        """Return the values of the key columns of a row."""
        names = [column.name for column in self.table.columns]
        return tuple(str(row[names.index(name)]) for name in self.table.key)


@dataclass(frozen=True)
class RowMistake:
    """An invalid row: the values of its key, and the mistake."""

    key: Sequence[str]
    what: str


def read_table(path: Path, content: Content) -> Table:
    """Read a table; raise `Malformed` when its header is incomplete."""
    file = read_annotated(path, content)
    header = file.header
    title = file.texts("summary", rule=_RULE)
    columns = [
        _column(file, name, described) for name, described in _pairs(file, "columns").items()
    ]
    names = [column.name for column in columns]
    key = header.get("key")
    if not isinstance(key, list) or not key or not set(key) <= set(names):
        raise file.mistake("key must list columns of the table", _RULE)
    dataset = header.get("dataset", "all")
    if dataset not in {"all", "evidence"} or not isinstance(header.get("description"), str):
        raise file.mistake("the header needs a description; dataset is all or evidence", _RULE)
    return Table(path.stem, title, header["description"], key, columns, dataset, file)


def _pairs(file: Annotated, key: str) -> dict[str, dict[str, Any]]:
    value = file.header.get(key)
    if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
        raise file.mistake(f"{key} must hold a type and a description for each column", _RULE)
    return value


def _column(file: Annotated, name: str, described: Mapping[str, Any]) -> Column:
    column = Column(
        name,
        described.get("type", ""),
        described.get("refers", ""),
        described.get("description", ""),
    )
    if column.type not in _READERS or not column.description:
        known = ", ".join(sorted(_READERS))
        what = f"the column {name} needs a description and a type, one of {known}"
        raise file.mistake(what, _RULE)
    return column


def fill_table(table: Table, store: ox.Store) -> Filled:
    """Run the table's query; raise `Malformed` for unexpected columns or types."""
    try:
        solutions = store.query(table.file.text)
    except (SyntaxError, ValueError, OSError) as error:
        raise table.file.mistake(f"the query cannot be run: {error}", _RULE) from None
    names = [column.name for column in table.columns]
    if (
        not isinstance(solutions, ox.QuerySolutions)
        or [variable.value for variable in solutions.variables] != names
    ):
        raise table.file.mistake(f"the query must SELECT the columns {' '.join(names)}", _RULE)
    try:
        rows = [
            tuple(_value(column, solution[number]) for number, column in enumerate(table.columns))
            for solution in solutions
        ]
    except ValueError as error:
        raise table.file.mistake(
            f"a value does not have the type of its column: {error}", _RULE
        ) from None
    unsorted = Filled(table, rows)
    return Filled(table, sorted(rows, key=lambda row: (unsorted.key(row), str(row))))


def row_mistakes(tables: Sequence[Filled]) -> Iterator[RowMistake]:
    """Yield keys with several rows, and rows that refer to missing keys."""
    keys = {filled.table.name: {filled.key(row)[0] for row in filled.rows} for filled in tables}
    for filled in tables:
        table = filled.table
        for key, several in groupby(filled.rows, filled.key):
            rows = list(several)
            if len(rows) > 1:
                columns = zip(table.columns, zip(*rows, strict=True), strict=True)
                differing = ", ".join(each.name for each, values in columns if len(set(values)) > 1)
                what = f"has {len(rows)} rows in the table {table.name}"
                what += f", which differ in {differing}" if differing else ", all the same"
                yield RowMistake(key, what)
        for place, column in enumerate(table.columns):
            known = keys.get(column.refers, set())
            for row in filled.rows if column.refers else ():
                if row[place] is not None and str(row[place]) not in known:
                    what = f"refers to {row[place]}, which is not in the table {column.refers}"
                    yield RowMistake(filled.key(row), f"{what} ({table.name}.{column.name})")


def _value(column: Column, term: object) -> Value:
    if not isinstance(term, ox.NamedNode | ox.Literal) or term.value == "":
        return None
    return _READERS[column.type](term.value)


def _several(separator: str) -> Callable[[str], str]:
    """Return a parser that sorts values joined by `separator`: stores have no fixed order."""
    return lambda text: separator.join(sorted(set(text.split(separator))))


_READERS: Final[dict[str, Callable[[str], Value]]] = {
    "iri": str,
    "text": str,
    "language": language_tag,
    "integer": int,
    "number": float,
    "boolean": lambda text: text == "true",
    **{name: _several(separator) for name, separator in SEPARATORS.items()},
}
