"""Query results as tables for agents, with notes on how to read them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pyoxigraph as ox

from jiqun.agents.statements import KINDS
from jiqun.agents.tools import Table, Value, fitting
from jiqun.errors import BadParameter
from jiqun.query.solutions import Row, Term, term, term_of
from jiqun.rdf.namespaces import ID, PREFIXES, XSD, compact
from jiqun.web.documents import Context
from jiqun.web.linked_data.query_remarks import read_remarks
from jiqun.web.pages.cells import values

_LONGEST_CELL: Final = 2000
_LARGEST_NUMBER: Final = 2**53
_MOST_CHECKED: Final = 300
_MISSING: Final = {
    "unknown_term": ("is not a term", "find one with schema."),
    "unknown_thing": ("is not in the graph", "find its id with search."),
}
_BOOLEAN: Final = f"{XSD}boolean"
_KINDS: Final = (
    "SELECT ?thing ?class WHERE {{ VALUES ?thing {{ {} }} VALUES ?class {{ {} }} ?thing a ?class }}"
)


def with_prefixes(query: str) -> str:
    """Return a query with its known undeclared prefixes declared on its first line."""
    used = [each for each in PREFIXES if f"{each}:" in query]
    known = " ".join(f"PREFIX {each}: <{PREFIXES[each]}>" for each in used)
    return f"{known} {query}" if known else query


def solutions_table(context: Context, query: str, body: bytes, limit: int) -> Table:
    """Return SPARQL results JSON, or N-Triples, as a table of at most `limit` rows.

    Raises `BadParameter` when the query uses a term that does not exist.
    """
    names = list(_unknown(context, query))
    if names:
        raise BadParameter(" ".join(names))
    columns, rows = _read(body)
    cells = [[_cell(row.get(column)) for column in columns] for row in rows[:limit]]
    fit = fitting(cells)
    table = Table(columns=columns, rows=fit, truncated=len(fit) < len(rows), notes=[])
    table["notes"] = list(_notes(context, query, table, rows))
    return table


def _read(body: bytes) -> tuple[list[str], list[Row]]:
    if not body.lstrip().startswith(b"{"):
        triples = ox.parse(body, ox.RdfFormat.N_TRIPLES)
        names = ["subject", "property", "value"]
        return names, [
            {name: term_of(node) for name, node in zip(names, quad.triple, strict=True)}
            for quad in triples
        ]
    document: Mapping[str, Any] = json.loads(body)
    if "boolean" in document:
        answer = "true" if document["boolean"] else "false"
        return ["answer"], [
            {"answer": Term("literal", answer, datatype=f"{PREFIXES['xsd']}boolean")}
        ]
    rows: list[Row] = [
        {name: term(found) for name, found in row.items()}
        for row in document["results"]["bindings"]
    ]
    return list(document["head"]["vars"]), rows


def _cell(found: Term | None) -> Value:
    """Return a cell: shortened IRIs, numbers where JSON represents them exactly, else strings."""
    if found is None:
        return None
    if found.is_iri:
        return compact(found.value)
    if found.datatype == _BOOLEAN and found.value in {"true", "false"}:
        return found.value == "true"
    if found.datatype == f"{XSD}integer" and _is_small(found.value):
        return int(found.value)
    text = found.value
    return text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]}…"


def _is_small(text: str) -> bool:
    return len(text) < 17 and abs(int(text)) < _LARGEST_NUMBER


def _notes(context: Context, query: str, table: Table, rows: list[Row]) -> Iterator[str]:
    if table["truncated"]:
        yield (
            f"Only the first {len(table['rows'])} rows are shown; there are more. "
            "Narrow the query, or page with ORDER BY, LIMIT and OFFSET."
        )
    if not rows:
        yield from _why_empty(query)
    yield from _no_facts(context, rows)
    if "targetValue" in query:
        yield "kg:targetValue is the figure of a goal; goals are not facts."
    if table["columns"] == ["answer"] and table["rows"] == [[False]]:
        yield "False means that the graph does not state it; what no source states is unknown."


def _why_empty(query: str) -> Iterator[str]:
    query = query[:_LONGEST_CELL]  # these searches take quadratic time
    yield "No rows. What no source states is unknown, not false."
    if re.search(r"label\s+[\"'][^\"']*[\"'](?!@)", query):
        yield 'Labels have a language: write "Hebei"@en, or find the id with search.'
    if re.search(r"=\s*[\"'][^\"']*[\"'](?!@)", query):
        yield "A string without a language tag equals no label; compare STR(?label)."
    if "GRAPH" in query.upper():
        yield (
            "Inferred statements are in graph:inferred, not in passages; without GRAPH the whole "
            "graph is searched."
        )


def _no_facts(context: Context, rows: Iterable[Row]) -> Iterator[str]:
    """List things in the result whose claims are not facts: goals, judgements."""
    iris = {found.value for row in rows for found in row.values() if _is_own(found)}
    if not iris:
        return
    query = _KINDS.format(values(sorted(iris)[:_MOST_CHECKED]), values(KINDS))
    by_kind: dict[str, set[str]] = {}
    for row in context.select(query):
        by_kind.setdefault(KINDS[row["class"].value], set()).add(compact(row["thing"].value))
    for kind, things in sorted(by_kind.items()):
        listed = ", ".join(sorted(things)[:10])
        more = f" and {len(things) - 10} more" if len(things) > 10 else ""
        yield f"Not a fact but {kind}: {listed}{more}."


def _is_own(found: Term) -> bool:
    return found.is_iri and found.value.startswith(ID) and not set('<>"{}|\\^` ') & set(found.value)


def _unknown(context: Context, query: str) -> Iterator[str]:
    """List terms, things and sources in a query that do not exist, with suggestions."""
    found = {each.name: each for each in read_remarks(context, query)}
    for each in found.values():
        if each.kind in _MISSING:
            what, help_text = _MISSING[each.kind]
            hint = f"did you mean {', '.join(each.near)}?" if each.near else help_text
            yield f"{each.name} {what}; {hint}"
