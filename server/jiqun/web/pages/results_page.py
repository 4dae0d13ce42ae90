"""Answers of the SPARQL endpoint as a page: rows, yes or no, or a graph as Turtle."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode

from jiqun.language import Reader
from jiqun.query.solutions import Term, term
from jiqun.web.pages.cells import Caption, Cell, show
from jiqun.web.pages.rendering import render

DEFAULT_QUERY: Final = """\
PREFIX id: <https://w3id.org/jiqun/id/>
PREFIX kg: <https://w3id.org/jiqun/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?cluster ?lead ?passage
WHERE {
  GRAPH ?passage { ?application kg:applicationFor ?cluster ; kg:leadApplicant ?lead . }
}
ORDER BY ?cluster ?lead
LIMIT 50
"""
TABLE_FORMATS: Final = (("json", "JSON"), ("csv", "CSV"), ("tsv", "TSV"), ("xml", "XML"))
GRAPH_FORMATS: Final = (
    ("ttl", "Turtle"),
    ("nt", "N-Triples"),
    ("jsonld", "JSON-LD"),
    ("rdf", "RDF/XML"),
)
_LONGEST_LINK: Final = 6000


@dataclass(frozen=True)
class Outcome:
    """An answer: `rows` of a SELECT, `boolean` of an ASK or the Turtle text `graph`.

    `truncated` tells that rows or text were left out; `milliseconds` is None when not measured.
    """

    variables: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Term], ...] = ()
    boolean: bool | None = None
    graph: str | None = None
    truncated: bool = False
    milliseconds: float | None = None

    def iris(self) -> list[str]:
        """List the IRIs in the rows, each once, so that their labels can be fetched."""
        found = (each.value for row in self.rows for each in row.values() if each.is_iri)
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Column:
    """A column of the table; its words may come from another variable of the row."""

    variable: str
    title: str
    words: str | None = None
    numeric: bool = False


@dataclass(frozen=True)
class ResultTable:
    """Rows as they are shown, and the links to the same answer in other formats."""

    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    formats: tuple[tuple[str, str], ...] = field(default=())


def read_outcome(
    body: bytes, *, truncated: bool = False, milliseconds: float | None = None
) -> Outcome:
    """Read an answer in the SPARQL 1.1 Query Results JSON Format."""
    answer = json.loads(body)
    if "boolean" in answer:
        return Outcome(boolean=bool(answer["boolean"]), milliseconds=milliseconds)
    rows = tuple(
        {name: term(value) for name, value in row.items()} for row in answer["results"]["bindings"]
    )
    variables = tuple(answer["head"].get("vars", ()))
    return Outcome(variables, rows, truncated=truncated, milliseconds=milliseconds)


def render_query_form(reader: Reader, text: str = DEFAULT_QUERY) -> str:
    """Render the page with nothing but the query form."""
    return render("results.html", reader, text=text, outcome=None, table=ResultTable())


def render_results(
    text: str, outcome: Outcome, captions: Mapping[str, Caption], reader: Reader
) -> str:
    """Render the answer to the query `text`; `captions` name the IRIs that stand in it."""
    formats = GRAPH_FORMATS if outcome.graph is not None else TABLE_FORMATS
    path = f"{reader.root}/sparql"
    links = tuple(
        (label, link)
        for name, label in formats
        if len(link := f"{path}?{urlencode({'query': text, 'format': name})}") < _LONGEST_LINK
    )
    table = arrange(outcome, captions, reader, links)
    return render("results.html", reader, text=text, outcome=outcome, table=table)


def arrange(
    outcome: Outcome,
    captions: Mapping[str, Caption],
    reader: Reader,
    formats: Sequence[tuple[str, str]],
    *,
    readable: bool = False,
) -> ResultTable:
    """Arrange the rows as they are shown; `readable` turns variables into column titles.

    Where a query gives both `?x` and `?xLabel` (or `?passage` and `?quote`), one column shows the
    words and links to the thing.
    """
    columns = _columns(outcome, readable=readable)
    rows = tuple(
        tuple(_cell(column, row, captions, reader) for column in columns) for row in outcome.rows
    )
    return ResultTable(columns, rows, tuple(formats))


def _columns(outcome: Outcome, *, readable: bool) -> tuple[Column, ...]:
    things = {
        name
        for name in outcome.variables
        if any(name in row and row[name].is_iri for row in outcome.rows)
    }
    partners = {
        name: words
        for name in outcome.variables
        if name in things and (words := _partner(name, outcome.variables)) is not None
    }
    hidden = set(partners.values())
    return tuple(
        Column(
            name,
            _title(name) if readable else name,
            partners.get(name),
            numeric=_is_numeric(name, outcome),
        )
        for name in outcome.variables
        if name not in hidden
    )


def _title(variable: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", variable.lstrip("_").removesuffix("Label"))
    return words.replace("_", " ").lower()


def _partner(name: str, variables: Sequence[str]) -> str | None:
    candidates = [f"{name}Label", f"{name}_label", f"{name}Quote", f"{name}Words"]
    if name == "passage":
        candidates += ["quote", "words", "wording"]
    return next((each for each in candidates if each in variables), None)


def _is_numeric(name: str, outcome: Outcome) -> bool:
    bound = [row[name] for row in outcome.rows if name in row]
    return bool(bound) and all(each.is_number for each in bound)


def _cell(
    column: Column, row: Mapping[str, Term], captions: Mapping[str, Caption], reader: Reader
) -> Cell:
    cell = show(row.get(column.variable), captions, reader)
    words = row.get(column.words) if column.words else None
    if cell.kind == "passage" and words is None:
        return _evidence(cell, column, row, captions)
    if words is None or words.is_iri or cell.kind == "blank":
        return cell
    text = show(words, captions, reader).text
    if cell.kind == "passage":
        return Cell("passage", cell.text, cell.href, cell.note, (text,))
    return Cell("thing", text, cell.href, cell.note)


def _evidence(
    cell: Cell, column: Column, row: Mapping[str, Term], captions: Mapping[str, Caption]
) -> Cell:
    """Show beside a passage the words by which it states what stands in this row."""
    caption = captions.get(row[column.variable].value)
    if caption is None:
        return cell
    mentions = frozenset(
        each.value for name, each in row.items() if name != column.variable and not each.lang
    )
    return replace(cell, quotes=caption.words_for(mentions))
