"""Saved queries, their parameters, and the values that requests bind to them.

Giving the variables of a query their values.

A variable is replaced by an RDF term wherever it stands, as SHACL's pre-binding does (SHACL,
section 5.3) and as grlc does with its parameters. pyoxigraph's own `substitutions` reach only the
variables that a query projects, neither subqueries nor, reliably, filters; and other engines have
none. What is put in is a term that the N-Triples grammar has accepted, never a user's text.

Saved queries as the release holds them, and the values that requests give their parameters.

A value never becomes part of the query's text. It is read by the type of its parameter into one
RDF term, which the engine binds to the variable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode

from jiqun.errors import BadParameter, shorten
from jiqun.rdf.namespaces import BASE, GRAPH, ID, KG, QUERY, SOURCE, XSD, is_absolute_iri

_TOKEN: Final = re.compile(
    r"""<[^<>"{}|^`\\\x00-\x20]*>"""
    r"""|"{3}(?:[^"\\]|\\.|"(?!""))*"{3}"""
    r"""|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}"""
    r"""|"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*'|\#[^\n\r]*|[?$](?P<variable>\w+)""",
    re.DOTALL,
)


def bind(text: str, terms: Mapping[str, str]) -> str:
    """Return the query with these variables (without question mark) replaced by terms.

    Terms are in N-Triples syntax: IRIs and literals. Variables in strings, comments and IRIs are
    none and stay; so does everything else. Raises `ValueError` for what is no such term.
    """
    if not terms:
        return text
    checked = {variable: _checked(term) for variable, term in terms.items()}
    return _TOKEN.sub(lambda match: checked.get(match["variable"] or "", match[0]), text)


def _checked(term: str) -> str:
    """Return the term as pyoxigraph writes it, which leaves no character to be misread."""
    try:
        found = [quad.object for quad in ox.parse(f"<x:s> <x:p> {term} .", ox.RdfFormat.N_TRIPLES)]
    except SyntaxError as error:
        raise ValueError(f"This is no RDF term: {term[:80]!r}") from error
    if len(found) != 1 or not isinstance(found[0], ox.NamedNode | ox.Literal):
        raise ValueError(f"This is no IRI or literal: {term[:80]!r}")
    return f" {found[0]} "


FORMS: Final = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
LONGEST_VALUE: Final = 1000

_SLUG: Final = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_PREFIXES: Final = {
    "id": ID,
    "kg": KG,
    "src": SOURCE,
    "query": QUERY,
    "graph": GRAPH,
    "jiqun": BASE,
}
_LEXICAL: Final = {
    "integer": re.compile(r"[+-]?[0-9]{1,30}"),
    "decimal": re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})"),
    "date": re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"),
    "boolean": re.compile(r"true|false|1|0"),
}
_EXAMPLES: Final = {
    "integer": "2024",
    "decimal": "0.5",
    "date": "2024-12-23",
    "boolean": "true",
}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a saved query.

    `variable` is the variable of the query without its question mark; `type` is iri, literal,
    integer, decimal, date, boolean or lang; `values`, if any, are the only ones possible.
    """

    name: str
    variable: str
    type: str
    default: str | None
    required: bool
    description: Mapping[str, str]
    values: tuple[str, ...] | None


@dataclass(frozen=True)
class SavedQuery:
    """One saved query; texts for people are given by language tag (`en`, `zh-Hans`)."""

    name: str
    summary: Mapping[str, str]
    description: Mapping[str, str]
    tags: tuple[str, ...]
    form: str
    text: str
    parameters: tuple[Parameter, ...]
    example: Mapping[str, str]

    @property
    def iri(self) -> str:
        """The IRI that names this query."""
        return QUERY + self.name


def read_saved_queries(content: bytes) -> dict[str, SavedQuery]:
    """Read queries.json; raises `KeyError`, `TypeError` or `ValueError` when it is damaged."""
    return {entry["name"]: _saved_query(entry) for entry in json.loads(content)}


def _saved_query(entry: Mapping[str, Any]) -> SavedQuery:
    if entry["form"] not in FORMS:
        raise ValueError(f"the query {entry['name']} has the unknown form {entry['form']!r}")
    if not _SLUG.fullmatch(entry["name"]):
        raise ValueError(f"{entry['name']!r} is no name for a query")
    return SavedQuery(
        name=entry["name"],
        summary=dict(entry.get("summary") or {}),
        description=dict(entry.get("description") or {}),
        tags=tuple(entry.get("tags") or ()),
        form=entry["form"],
        text=entry["text"],
        parameters=tuple(_parameter(each) for each in entry.get("parameters") or ()),
        example={str(name): str(value) for name, value in (entry.get("example") or {}).items()},
    )


def _parameter(entry: Mapping[str, Any]) -> Parameter:
    default, values = entry.get("default"), entry.get("values")
    return Parameter(
        name=entry["name"],
        variable=entry["variable"].lstrip("?$"),
        type=entry["type"],
        default=str(default) if default is not None else None,
        required=bool(entry.get("required", False)),
        description=dict(entry.get("description") or {}),
        values=tuple(str(value) for value in values) if values else None,
    )


def read_parameters(
    query: SavedQuery, given: Mapping[str, Sequence[str]], ignored: frozenset[str] = frozenset()
) -> dict[str, str]:
    """Read the parameters of a request into terms: variable -> term in N-Triples syntax.

    `given` holds every value of every parameter; names in `ignored` are somebody else's. An empty
    value is as good as none. Raises `BadParameter` for names that the query does not know, values
    given twice, values that are not of the type, and required ones that are missing.
    """
    known = {parameter.name for parameter in query.parameters}
    for name in given:
        if name not in known and name not in ignored:
            listed = ", ".join(sorted(known)) or "none"
            raise BadParameter(
                f"The query {query.name} has no parameter {shorten(name)}. It has: {listed}."
            )
    terms = {}
    for parameter in query.parameters:
        values = [value for value in given.get(parameter.name, ()) if value != ""]
        if len(values) > 1:
            raise BadParameter(f"The parameter {parameter.name} is given {len(values)} times.")
        value = values[0] if values else parameter.default
        if value is not None:
            terms[parameter.variable] = read_value(parameter, value)
        elif parameter.required:
            raise BadParameter(
                f"The parameter {parameter.name} of the query {query.name} is missing."
            )
    return terms


def read_value(parameter: Parameter, value: str) -> str:
    """Read one value by the type of its parameter into a term in N-Triples syntax.

    An `iri` may be absolute (http or https), a CURIE such as `id:beijing`, or a bare slug, which
    stands for a thing of that name. Raises `BadParameter` saying what would be right.
    """
    if len(value) > LONGEST_VALUE:
        raise BadParameter(
            f"The value of {parameter.name} is longer than {LONGEST_VALUE} characters."
        )
    if parameter.values is not None and value not in parameter.values:
        listed = ", ".join(parameter.values)
        raise BadParameter(f"{parameter.name} must be one of: {listed}.")
    if parameter.type == "iri":
        return str(NamedNode(_read_iri(parameter.name, value)))
    if parameter.type in _LEXICAL:
        return str(Literal(_read_lexical(parameter, value), datatype=_datatype(parameter.type)))
    if parameter.type == "lang" and not _LANGUAGE.fullmatch(value):
        raise BadParameter(f"{parameter.name} must be a language tag such as en or zh-Hans.")
    return _literal(parameter.name, value)


def _datatype(type_: str) -> NamedNode:
    return NamedNode(XSD + type_)


def _literal(name: str, value: str) -> str:
    if any(0xD800 <= ord(character) <= 0xDFFF or character == "\0" for character in value):
        raise BadParameter(f"The value of {name} has a character that no RDF literal can hold.")
    return str(Literal(value))


def _read_lexical(parameter: Parameter, value: str) -> str:
    value = value.strip()
    if not _LEXICAL[parameter.type].fullmatch(value):
        article = "an" if parameter.type == "integer" else "a"
        raise BadParameter(
            f"{parameter.name} must be {article} {parameter.type}, for example "
            f"{_EXAMPLES[parameter.type]}; it is {shorten(value)}."
        )
    return value


def _read_iri(name: str, value: str) -> str:
    value = value.strip()
    if value.startswith("<") and value.endswith(">"):
        value = value[1:-1]
    if _SLUG.fullmatch(value.lower()) and ":" not in value:
        return ID + value.lower()
    prefix, _, local = value.partition(":")
    iri = _PREFIXES[prefix] + local if prefix in _PREFIXES else value
    if not iri.startswith(("http://", "https://")) or not is_absolute_iri(iri):
        raise BadParameter(
            f"{name} must be an absolute http(s) IRI, a name such as id:beijing, or beijing alone; "
            f"it is {shorten(value)}."
        )
    return iri
