"""Saved queries: their parameters, their entries in queries.json, and binding values to variables.

Values are never pasted into the text of a query. A value is parsed by the type of its parameter
into one RDF term, and the term replaces the variable, as in SHACL's pre-binding (SHACL, section
5.3) and in grlc. pyoxigraph's `substitutions` reach only projected variables, neither subqueries
nor, reliably, filters; other engines have none.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode

from jiqun.errors import BadParameter, shorten
from jiqun.rdf.namespaces import (
    BASE,
    ID,
    PASSAGE,
    PREFIXES,
    QUERY,
    SLUG,
    SOURCE,
    XSD,
    is_absolute_iri,
)

FORMS: Final = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
VIEWS: Final = ("table", "map", "chart", "graph", "timeline")
"""The views of a result."""
LONGEST_VALUE: Final = 1000
"""Maximum length of a value, in characters."""

_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_PREFIXES: Final = {**PREFIXES, "jiqun": BASE}
_LEXICAL: Final = {
    "integer": (re.compile(r"[+-]?[0-9]{1,30}"), "an integer, for example 2024"),
    "decimal": (
        re.compile(r"[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})"),
        "a decimal, for example 0.5",
    ),
    "date": (
        re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"),
        "a date, for example 2024-12-23",
    ),
    "boolean": (re.compile(r"true|false|1|0"), "a boolean, for example true"),
}
"""Types that are XML Schema datatypes of the same name: lexical form and description."""
TYPES: Final = ("iri", "literal", *_LEXICAL, "lang")

_TERM: Final = re.compile(r"(?<![\w-])kg:([A-Za-z]\w*)")
_TOKEN: Final = re.compile(
    r"""(?P<iri><[^<>"{}|^`\\\x00-\x20]*>)|[?$](?P<variable>\w+)|\#[^\n\r]*"""
    r"""|"{3}(?:[^"\\]|\\.|"(?!""))*"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}"""
    r"""|"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*'""",
    re.DOTALL,
)


@dataclass(frozen=True)
class Parameter:
    """A grlc parameter: the variable `_place_iri` is the parameter `place` of type iri.

    `variable` has no question mark; `type` is one of `TYPES`; `default` and `values` (the allowed
    ones, if any) are as in a request; `description` is by language tag.
    """

    name: str
    variable: str
    type: str
    default: str | None = None
    required: bool = False
    description: Mapping[str, str] = field(default_factory=dict)
    values: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SavedQuery:
    """A saved query; `summary` and `description` are by language tag (`en`, `zh-Hans`).

    `text` is the query without the header of its file, `form` one of `FORMS`, `example` a value
    for each parameter by name, `view` the one of `VIEWS` that shows its result best.
    """

    name: str
    summary: Mapping[str, str]
    description: Mapping[str, str]
    tags: tuple[str, ...]
    form: str
    text: str
    parameters: tuple[Parameter, ...]
    example: Mapping[str, str]
    view: str = "table"

    @property
    def iri(self) -> str:
        """The IRI that names this query."""
        return QUERY + self.name

    def to_json(self) -> dict[str, Any]:
        """Return the entry of queries.json."""
        return asdict(self)


def from_json(entry: Mapping[str, Any]) -> SavedQuery:
    """Read an entry of queries.json; raises `KeyError`, `TypeError` or `ValueError`."""
    parameters = [
        Parameter(**{**each, "values": tuple(each["values"]) if each["values"] else None})
        for each in entry["parameters"]
    ]
    lists = {"tags": tuple(entry["tags"]), "parameters": tuple(parameters)}
    query = SavedQuery(**{**entry, **lists})
    if not SLUG.fullmatch(query.name):
        raise ValueError(f"{query.name!r} is not a valid query name")
    if query.form not in FORMS:
        raise ValueError(f"the query {query.name} has the unknown form {query.form!r}")
    if query.view not in VIEWS:
        raise ValueError(f"the query {query.name} has the unknown view {query.view!r}")
    return query


def read_saved_queries(content: bytes) -> dict[str, SavedQuery]:
    """Read queries.json; raises `KeyError`, `TypeError` or `ValueError` when it is damaged."""
    queries = [from_json(entry) for entry in json.loads(content)]
    return {query.name: query for query in queries}


def without_strings(query: str) -> str:
    """Return a query with comments and strings blanked out, for keyword checks."""
    return _TOKEN.sub(lambda token: token[0] if token["iri"] or token["variable"] else " ", query)


def term_uses(queries: Iterable[SavedQuery]) -> dict[str, list[str]]:
    """Return, by local name, the names of the queries in which each term of the ontology occurs."""
    uses: defaultdict[str, list[str]] = defaultdict(list)
    for query in sorted(queries, key=lambda each: each.name):
        for name in sorted(set(_TERM.findall(query.text))):
            uses[name].append(query.name)
    return dict(uses)


def bind(text: str, terms: Mapping[str, str]) -> str:
    """Return the query with these variables (without question mark) replaced by terms.

    Terms are in N-Triples syntax: IRIs and literals. Text in strings, comments and IRIs is
    unchanged. Raises `ValueError` for anything but one such term.
    """
    if not terms:
        return text
    checked = {variable: _checked(term) for variable, term in terms.items()}
    return _TOKEN.sub(lambda token: checked.get(token["variable"] or "", token[0]), text)


def _checked(term: str) -> str:
    """Return the term as pyoxigraph writes it, safely escaped."""
    try:
        found = [quad.object for quad in ox.parse(f"<x:s> <x:p> {term} .", ox.RdfFormat.N_TRIPLES)]
    except SyntaxError as error:
        raise ValueError(f"This is not an RDF term: {term[:80]!r}") from error
    if len(found) != 1 or not isinstance(found[0], NamedNode | Literal):
        raise ValueError(f"This is not an IRI or literal: {term[:80]!r}")
    return f" {found[0]} "


def read_parameters(
    query: SavedQuery, given: Mapping[str, Sequence[str]], ignored: frozenset[str] = frozenset()
) -> dict[str, str]:
    """Read the parameters of a request into terms: variable -> term in N-Triples syntax.

    `given` holds all values of every parameter; `ignored` are names to skip. An empty value counts
    as missing. Raises `BadParameter` for unknown names, repeated values, values of the wrong type,
    and missing required values.
    """
    known = {parameter.name for parameter in query.parameters}
    unknown = next((name for name in given if name not in known and name not in ignored), None)
    if unknown is not None:
        listed = ", ".join(sorted(known)) or "none"
        raise BadParameter(
            f"The query {query.name} has no parameter {shorten(unknown)}. It has: {listed}."
        )
    terms = {}
    for parameter in query.parameters:
        values = [value for value in given.get(parameter.name, ()) if value]
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
    """Parse a value by the type of its parameter into a term in N-Triples syntax.

    An `iri` is absolute (http or https), a CURIE such as `id:beijing`, the bare slug of a thing, or
    a passage such as `hebei-daily-2024-12-23#p16`. Raises `BadParameter` with the expected form.
    """
    name = parameter.name
    if len(value) > LONGEST_VALUE:
        raise BadParameter(f"The value of {name} is longer than {LONGEST_VALUE} characters.")
    if parameter.values is not None and value not in parameter.values:
        raise BadParameter(f"{name} must be one of: {', '.join(parameter.values)}.")
    if parameter.type == "iri":
        return str(NamedNode(_read_iri(name, value.strip())))
    if parameter.type in _LEXICAL:
        pattern, expected = _LEXICAL[parameter.type]
        if not pattern.fullmatch(value.strip()):
            raise BadParameter(f"{name} must be {expected}; it is {shorten(value)}.")
        return str(Literal(value.strip(), datatype=NamedNode(XSD + parameter.type)))
    if parameter.type == "lang" and not _LANGUAGE.fullmatch(value):
        raise BadParameter(f"{name} must be a language tag such as en or zh-Hans.")
    if any(0xD800 <= ord(character) <= 0xDFFF or character == "\0" for character in value):
        raise BadParameter(
            f"The value of {name} has a character that is not allowed in RDF literals."
        )
    return str(Literal(value))


def _read_iri(name: str, value: str) -> str:
    if value.startswith("<") and value.endswith(">"):
        value = value[1:-1]
    if SLUG.fullmatch(value.lower()):
        return ID + value.lower()
    if PASSAGE.fullmatch(value):
        return SOURCE + value
    prefix, _, local = value.partition(":")
    iri = _PREFIXES[prefix] + local if prefix in _PREFIXES else value
    if not iri.startswith(("http://", "https://")) or not is_absolute_iri(iri):
        raise BadParameter(
            f"{name} must be an absolute http(s) IRI, a name such as id:beijing, or beijing alone; "
            f"it is {shorten(value)}."
        )
    return iri
