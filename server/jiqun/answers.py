"""Answers of different engines, made comparable: multisets of rows of RDF terms, sets of triples.

What may differ without being a difference: the case of language tags (RDF 1.1 Concepts, section
3.3), a datatype xsd:string that is written or not, the lexical form of a number, the labels of
blank nodes, and the order of rows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

import pyoxigraph as ox

Answer: TypeAlias = Counter[tuple[str, ...]] | bool

_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_NUMBERS: Final = frozenset(
    _XSD + name for name in ("integer", "decimal", "double", "float", "int", "long")
)
_DIGITS: Final = 12
"""Significant digits that are compared: decimal division is cut off where each engine likes."""


def number(lexical: str) -> str | None:
    """Return the one form of a number, or nothing where the text is none."""
    try:
        value = Decimal(lexical)
    except InvalidOperation:
        return None
    rounded = f"{value:.{_DIGITS - 1}e}"
    return str(Decimal(rounded).normalize())


def literal(value: str, language: str, datatype: str) -> str:
    """Return a literal in a form of its own, the same for all that mean the same."""
    if language:
        return f"{value!r}@{language.lower()}"
    if datatype in _NUMBERS and (plain := number(value)) is not None:
        return f"{plain}^^{datatype.removeprefix(_XSD)}"
    if datatype in {"", _XSD + "string"}:
        return repr(value)
    return f"{value!r}^^{datatype.replace(_XSD, 'xsd:')}"


def read_json(text: str | bytes) -> Answer:
    """Read SPARQL 1.1 Query Results JSON; raises `ValueError`."""
    document = json.loads(text)
    if "boolean" in document:
        return bool(document["boolean"])
    variables = document["head"]["vars"]
    return Counter(
        tuple(_cell(row.get(variable)) for variable in variables)
        for row in document["results"]["bindings"]
    )


def read_triples(text: str | bytes) -> Answer:
    """Read N-Triples or Turtle; blank nodes are labelled by RDFC-1.0. Raises `SyntaxError`."""
    data = text.encode() if isinstance(text, str) else text
    graph = ox.Dataset(ox.parse(data, ox.RdfFormat.TURTLE))
    graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return Counter(
        {tuple(map(_term, (each.subject, each.predicate, each.object))) for each in graph}
    )


def read(text: str | bytes, form: str) -> Answer:
    """Read the answer to a query of this form, in any format that SPARQL has for it."""
    if form in {"CONSTRUCT", "DESCRIBE"}:
        return read_triples(text)
    data = text.encode() if isinstance(text, str) else text
    if not data.lstrip().startswith(b"<"):
        return read_json(data)
    found = ox.parse_query_results(data, ox.QueryResultsFormat.XML)
    if isinstance(found, ox.QuerySolutions):
        as_json = found.serialize(format=ox.QueryResultsFormat.JSON)
        return read_json(as_json or b"")
    return bool(found)


def difference(ours: Answer, theirs: Answer) -> str:
    """Say in a few words what differs; nothing where the answers agree."""
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return "" if ours == theirs else f"{theirs} instead of {ours}"
    missing, added = ours - theirs, theirs - ours
    if not missing and not added:
        return ""
    return f"{missing.total()} rows missing and {added.total()} too many, of {ours.total()}"


def examples(ours: Answer, theirs: Answer) -> Iterable[str]:
    """Show a row that is missing and one that is too many."""
    if isinstance(ours, Counter) and isinstance(theirs, Counter):
        for sign, rows in (("-", ours - theirs), ("+", theirs - ours)):
            for row in sorted(rows)[:1]:
                yield f"{sign} {' '.join(row)}"


def _cell(term: dict[str, Any] | None) -> str:
    if term is None:
        return ""
    match term["type"]:
        case "uri":
            return f"<{term['value']}>"
        case "bnode":
            return "_:"
        case "triple":
            return " ".join(_cell(part) for part in term["value"].values())
        case _:
            return literal(term["value"], term.get("xml:lang", ""), term.get("datatype", ""))


def _term(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> str:
    if isinstance(term, ox.Literal):
        return literal(term.value, term.language or "", term.datatype.value)
    return str(term)
