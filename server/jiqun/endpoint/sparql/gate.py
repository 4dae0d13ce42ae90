"""The gate: what a query is, and whether it may reach the parser.

In: the text of a query and the `Limits`. Out: an `Inspection`. The parser behind the gate recurses
over the query and cannot be stopped, so whatever could exhaust it is refused here, by token and
not by search: a word in a string, an IRI or a comment is no keyword.

A refusal is a `MalformedQuery` (with line and column), a `QueryTooLarge` (which limit, and by how
much) or a `ServiceRefused`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from jiqun.endpoint.sparql.patterns import Shape, read_shape
from jiqun.endpoint.sparql.remembered import Remembered
from jiqun.endpoint.sparql.service_calls import (
    ServiceCall,
    hold_services,
    redirected,
    service_calls,
)
from jiqun.endpoint.sparql.terminals import UPDATES
from jiqun.endpoint.sparql.tokens import Token, place, tokenize
from jiqun.endpoint.sparql.weight import is_light
from jiqun.errors import MalformedQuery, QueryTooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMS: Final = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
_VARYING: Final = frozenset({"NOW", "RAND", "UUID", "STRUUID", "BNODE", "SERVICE"})
SHORT: Final = 2_000
"""A text of so many characters is read in a millisecond or two."""
_MOST_REMEMBERED: Final = 4_000_000


def _limit(default: int, help_text: str) -> int:
    value: int = field(default=default, metadata={"help": help_text})
    return value


@dataclass(frozen=True, slots=True)
class Limits:
    """What a query may have at most; every field is a setting, documented by its help text."""

    query_length: int = _limit(100_000, "Characters in a query.")
    tokens: int = _limit(10_000, "Tokens (words, names, numbers, signs) in a query.")
    nesting: int = _limit(64, "Brackets of any kind inside one another.")
    triple_patterns: int = _limit(200, "Triple patterns in a query, templates included.")
    path_length: int = _limit(32, "IRIs in one property path.")
    values: int = _limit(5_000, "Values in all VALUES blocks together.")
    unions: int = _limit(100, "UNION keywords in a query.")
    groups: int = _limit(500, "Groups in braces in a query.")
    expressions: int = _limit(200, "Expressions that are given a name with AS.")


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the gate found out.

    `text` is the query with codepoint escapes decoded: this, not the original, is to be run.
    `deterministic` is false when two runs over the same data may differ. `light` marks a query
    whose work is small whatever the data: it may use the lane of its own. `calls` are its SERVICE
    calls in their order. `row_limit` is the query's own
    outermost LIMIT, at `row_limit_span`; where there is none, the span is where one could stand.
    """

    text: str
    form: str
    deterministic: bool
    light: bool
    calls: tuple[ServiceCall, ...]
    tokens: int
    nesting: int
    triple_patterns: int
    row_limit: int | None
    row_limit_span: tuple[int, int]

    @property
    def services(self) -> tuple[str, ...]:
        """The IRIs that SERVICE calls, prefixed names in full."""
        return tuple(call.iri for call in self.calls)


def inspect(
    text: str, limits: Limits = DEFAULT_LIMITS, allowed_services: frozenset[str] = frozenset()
) -> Inspection:
    """Inspect the text of a SPARQL query.

    Raises `MalformedQuery`, `QueryTooLarge`, or `ServiceRefused` for a SERVICE whose IRI is not,
    character by character, among `allowed_services`.
    """
    key = (text, limits, allowed_services)
    found = _REMEMBERED.get(key)
    if found is None:
        found = _inspect(text, limits, allowed_services)
        _REMEMBERED.put(key, found, len(text))
    return found


def is_long(key: Key) -> bool:
    """Tell whether reading this text now would hold others up; then it is read elsewhere."""
    text, limits, _ = key
    return SHORT < len(text) <= limits.query_length and _REMEMBERED.get(key) is None


def remember(key: Key, inspection: Inspection) -> None:
    """Keep what was found out about a text elsewhere."""
    _REMEMBERED.put(key, inspection, len(key[0]))


def with_row_limit(inspection: Inspection, rows: int) -> str:
    """Return the query with an outermost LIMIT of at most `rows`."""
    if inspection.row_limit is not None and inspection.row_limit <= rows:
        return inspection.text
    start, end = inspection.row_limit_span
    return f"{inspection.text[:start]} LIMIT {rows} {inspection.text[end:]}"


def with_services_at(inspection: Inspection, addresses: Mapping[str, str]) -> Inspection:
    """Return the inspection of the same query that calls each service at its address instead."""
    calls, text = inspection.calls, inspection.text
    start, end = inspection.row_limit_span
    before = redirected(text[:start], [call for call in calls if call.end <= start], addresses)
    after = redirected(text, calls, addresses)
    shift = len(before) - start
    return replace(inspection, text=after, row_limit_span=(start + shift, end + shift))


def _inspect(text: str, limits: Limits, allowed_services: frozenset[str]) -> Inspection:
    hold("query_length", len(text), limits)
    text, tokens, nesting = tokenize(text, limits.tokens, limits.nesting)
    hold("tokens", len(tokens), limits)
    hold("nesting", nesting, limits)
    form = _form(text, tokens)
    words = [token.text for token in tokens if token.kind == "word"]
    shape = read_shape(tokens)
    hold_shape(shape, limits)
    calls = service_calls(text, tokens)
    hold_services(calls, allowed_services)
    row_limit, span = _row_limit(tokens)
    return Inspection(
        text=text,
        form=form,
        deterministic=_VARYING.isdisjoint(words),
        light=is_light(form, tokens, words, shape, row_limit),
        calls=calls,
        tokens=len(tokens),
        nesting=nesting,
        triple_patterns=len(shape.patterns),
        row_limit=row_limit,
        row_limit_span=span,
    )


Key: TypeAlias = tuple[str, Limits, frozenset[str]]
"""All that a finding depends on: the text, the limits, the allowed services."""
_REMEMBERED: Final[Remembered[Key, Inspection]] = Remembered(_MOST_REMEMBERED)


def hold(name: str, found: int, limits: Limits, most: int | None = None) -> None:
    """Refuse what has `found` of what the limit `name` counts, when that is too many.

    `most` is given for a limit that is none of `Limits`.
    """
    allowed: int = getattr(limits, name) if most is None else most
    if found > allowed:
        help_text = next((f" ({f.metadata['help']})" for f in fields(limits) if f.name == name), "")
        raise QueryTooLarge(
            f"The query exceeds the limit “{name}”: {found} found, {allowed} allowed."
            f"{help_text} Shorten the query or split it."
        )


def hold_shape(shape: Shape, limits: Limits) -> None:
    """Refuse a query whose parts are more than the limits allow."""
    hold("triple_patterns", len(shape.patterns), limits)
    hold("path_length", shape.longest_path, limits)
    hold("values", shape.values, limits)
    hold("unions", shape.unions, limits)
    hold("groups", shape.groups, limits)
    hold("expressions", shape.expressions, limits)


def _form(text: str, tokens: list[Token]) -> str:
    """Return the form, the first word after the prologue."""
    at = 0
    while at < len(tokens) and tokens[at].text in {"BASE", "PREFIX", "VERSION"}:
        at += 3 if tokens[at].text == "PREFIX" else 2
    if at >= len(tokens):
        raise MalformedQuery("The query is empty: it has no SELECT, ASK, CONSTRUCT or DESCRIBE.")
    first = tokens[at]
    if first.kind == "word" and first.text in UPDATES:
        raise MalformedQuery(
            f"“{first.text}” at {place(text, first.start)} begins an update, not a query. "
            "Updates are sent as “update”, to an endpoint that allows them."
        )
    if first.kind != "word" or first.text not in FORMS:
        raise MalformedQuery(
            f"“{first.text[:40]}” at {place(text, first.start)} begins no query: SELECT, ASK, "
            "CONSTRUCT or DESCRIBE is expected after the prefixes."
        )
    return first.text


def _row_limit(tokens: list[Token]) -> tuple[int | None, tuple[int, int]]:
    """Find the outermost LIMIT, or where it would stand: at the end, before a final VALUES."""
    depth = 0
    end = tokens[-1].end
    for at, token in enumerate(tokens):
        if token.kind == "mark":
            if token.text == "{":
                depth += 1
            elif token.text == "}":
                depth -= 1
        elif depth == 0 and token.kind == "word":
            if token.text == "VALUES":
                end = token.start
                break
            if token.text == "LIMIT" and at + 1 < len(tokens):
                number = tokens[at + 1]
                if number.kind == "number" and number.text.isdecimal() and len(number.text) < 20:
                    return int(number.text), (token.start, number.end)
    return None, (end, end)
