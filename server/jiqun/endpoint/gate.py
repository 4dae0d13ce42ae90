"""The gate: what a query is, and whether it may reach the parser.

In: the text of a query and the `Limits`. Out: an `Inspection`. The parser behind the gate recurses
over the query and cannot be stopped, so whatever could exhaust it is refused here, by token and
not by search: a word in a string, an IRI or a comment is no keyword.

A refusal is a `MalformedQuery` (with line and column), a `QueryTooLarge` (which limit, and by how
much) or a `ServiceRefused`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.patterns import Shape, read_shape
from jiqun.endpoint.tokens import UPDATES, Token, place, tokenize
from jiqun.endpoint.weight import is_light
from jiqun.errors import MalformedQuery, QueryTooLarge, ServiceRefused

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS: Final = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
_VARYING: Final = frozenset({"NOW", "RAND", "UUID", "STRUUID", "BNODE", "SERVICE"})
_CACHED_LENGTH: Final = 4096


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
    whose work is small whatever the data: it may use the lane of its own. `services` are the
    IRIs of the SERVICE calls as written (`?` for a variable). `row_limit` is the query's own
    outermost LIMIT, at `row_limit_span`; where there is none, the span is where one could stand.
    """

    text: str
    form: str
    deterministic: bool
    light: bool
    services: tuple[str, ...]
    tokens: int
    nesting: int
    triple_patterns: int
    row_limit: int | None
    row_limit_span: tuple[int, int]


def inspect(
    text: str, limits: Limits = DEFAULT_LIMITS, allowed_services: frozenset[str] = frozenset()
) -> Inspection:
    """Inspect the text of a SPARQL query.

    Raises `MalformedQuery`, `QueryTooLarge`, or `ServiceRefused` for a SERVICE whose IRI is not,
    character by character, among `allowed_services`.
    """
    if len(text) <= _CACHED_LENGTH:
        return _inspect_cached(text, limits, allowed_services)
    return _inspect(text, limits, allowed_services)


def with_row_limit(inspection: Inspection, rows: int) -> str:
    """Return the query with an outermost LIMIT of at most `rows`."""
    if inspection.row_limit is not None and inspection.row_limit <= rows:
        return inspection.text
    start, end = inspection.row_limit_span
    return f"{inspection.text[:start]} LIMIT {rows} {inspection.text[end:]}"


def _inspect(text: str, limits: Limits, allowed_services: frozenset[str]) -> Inspection:
    hold("query_length", len(text), limits)
    text, tokens, nesting = tokenize(text, limits.tokens, limits.nesting)
    hold("tokens", len(tokens), limits)
    hold("nesting", nesting, limits)
    form = _form(text, tokens)
    words = [token.text for token in tokens if token.kind == "word"]
    shape = read_shape(tokens)
    hold_shape(shape, limits)
    services = services_of(text, tokens)
    hold_services(services, allowed_services)
    row_limit, span = _row_limit(tokens)
    return Inspection(
        text=text,
        form=form,
        deterministic=_VARYING.isdisjoint(words),
        light=is_light(form, tokens, words, shape, row_limit),
        services=services,
        tokens=len(tokens),
        nesting=nesting,
        triple_patterns=len(shape.patterns),
        row_limit=row_limit,
        row_limit_span=span,
    )


_inspect_cached: Callable[[str, Limits, frozenset[str]], Inspection] = lru_cache(maxsize=1024)(
    _inspect
)


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


def services_of(text: str, tokens: list[Token]) -> tuple[str, ...]:
    """Return the endpoints that SERVICE calls, as written, without their angle brackets."""
    if "service" not in text.lower():
        return ()
    found = []
    for at, token in enumerate(tokens):
        if token.kind == "word" and token.text == "SERVICE":
            following = [t for t in tokens[at + 1 : at + 3] if t.text != "SILENT"]
            endpoint = following[0] if following else token
            found.append(endpoint.text[1:-1] if endpoint.kind == "iri" else "?")
        elif _glued(tokens, at):
            found.append("?")
    return tuple(found)


def _glued(tokens: list[Token], at: int) -> bool:
    """Tell whether the parser could read `SERVICEx:y {` as SERVICE of `x:y`: it cuts words."""
    token = tokens[at]
    if token.kind != "name" or "service" not in token.text.partition(":")[0].lower():
        return False
    before = tokens[at - 1].text if at else ""
    after = tokens[at + 1].text if at + 1 < len(tokens) else ""
    return after == "{" and before not in {"GRAPH", "FROM", "NAMED"}


def hold_services(services: tuple[str, ...], allowed: frozenset[str]) -> None:
    """Refuse a SERVICE whose IRI is not, character by character, among `allowed`."""
    for service in services:
        if service not in allowed:
            shown = "an endpoint given by a variable or a prefixed name"
            shown = shown if service == "?" else f"<{service[:200]}>"
            raise ServiceRefused(
                f"SERVICE calls {shown}, and this endpoint opens connections only to "
                "endpoints that its operator has allow-listed by their exact IRI. Ask the other "
                "endpoint directly and join the results, or ask the operator to allow it."
            )


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
