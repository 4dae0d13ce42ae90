"""Tables for people without RDF: their definitions, and their rows.

A table is one SPARQL SELECT in `ontology/tables`. Its header has the title (`summary`, in three
languages), the columns of its `key`, and for each column its `type`, its description, and the table
whose key it `refers` to:

    #+ columns:
    #+   cluster: {type: iri, refers: clusters, description: "IRI of the cluster"}

`dataset: evidence` queries the reified statements; every other table queries the whole release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

from jiqun.errors import ContentError
from jiqun.knowledge.content import Content
from jiqun.knowledge.query_files import Annotated, read_annotated
from jiqun.rdf.terms import LANGUAGES, language_tag

Value = str | int | float | bool | None

SEPARATORS: Final = {"iris": " ", "texts": "|"}
"""The separator of the values in a column of many, by its type."""

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
    query: str
    file: Annotated


@dataclass(frozen=True)
class Filled:
    """A table with its rows, sorted by its key."""

    table: Table
    rows: Sequence[tuple[Value, ...]]


def read_table(path: Path, content: Content) -> Table:
    """Read a table; raise `Malformed` when its header is not complete."""
    file = read_annotated(path, content)
    header = file.header
    title = {language: _title(file, language) for language in LANGUAGES}
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
    return Table(path.stem, title, header["description"], key, columns, dataset, file.text, file)


def _title(file: Annotated, language: str) -> str:
    key = "summary" if language == "en" else f"summary@{language}"
    value = file.header.get(key)
    if not isinstance(value, str):
        raise file.mistake(f"the header needs {key}, a text", _RULE)
    return value


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
    """Run the table's query; raise `Malformed` for other columns or a key that occurs twice."""
    try:
        solutions = store.query(table.query)
    except (SyntaxError, ValueError, OSError) as error:
        raise table.file.mistake(f"the query cannot be run: {error}", _RULE) from None
    names = [column.name for column in table.columns]
    if (
        not isinstance(solutions, ox.QuerySolutions)
        or [variable.value for variable in solutions.variables] != names
    ):
        raise table.file.mistake(f"the query must SELECT the columns {' '.join(names)}", _RULE)
    places = [names.index(name) for name in table.key]
    rows: dict[tuple[str, ...], tuple[Value, ...]] = {}
    for solution in solutions:
        row = tuple(_value(column, solution[number]) for number, column in enumerate(table.columns))
        key = tuple(str(row[place]) for place in places)
        if key in rows:
            raise table.file.mistake(f"{' '.join(key)} has two rows", _RULE)
        rows[key] = row
    return Filled(table, [rows[key] for key in sorted(rows)])


def check_references(tables: Iterable[Filled]) -> None:
    """Raise `ContentError` where a row refers to one that does not exist."""
    keys = {}
    tables = list(tables)
    for filled in tables:
        place = [column.name for column in filled.table.columns].index(filled.table.key[0])
        keys[filled.table.name] = {row[place] for row in filled.rows}
    for filled in tables:
        for place, column in enumerate(filled.table.columns):
            if not column.refers:
                continue
            known = keys.get(column.refers, set())
            missing = {str(row[place]) for row in filled.rows} - {*map(str, known), "None"}
            if missing:
                what = f"{filled.table.name}.{column.name} refers to {min(missing)}"
                raise ContentError(f"{what}, which is not in the table {column.refers}.")


def _value(column: Column, term: object) -> Value:
    if not isinstance(term, ox.NamedNode | ox.Literal) or term.value == "":
        return None
    return _READERS[column.type](term.value)


def _several(separator: str) -> Callable[[str], str]:
    """Return a reader that sorts values joined by `separator`: stores have no fixed order."""
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
