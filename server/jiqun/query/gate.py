"""The gate: checks a query before it reaches the engine's parser.

The engine's parser and planner recurse, and some queries overflow their stack or never end. So a
query is tokenized first and its parts are limited; what the engine needs (form, dataset, SERVICE
calls, LIMIT, whether it is light) is extracted on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import Final, TypeAlias

from jiqun.errors import MalformedQuery, QueryTooLarge
from jiqun.query.advice import advice
from jiqun.query.bounded import Lookup, read_lookups
from jiqun.query.cache import LruCache
from jiqun.query.clauses import (
    Dataset,
    ServiceCall,
    check_services,
    has_relative_iri,
    read_dataset,
    read_services,
    service_edits,
)
from jiqun.query.diagnosis.mistakes import find_mistake
from jiqun.query.held_graph import Reach
from jiqun.query.patterns import Shape, is_light, read_shape
from jiqun.query.reach import read_reach
from jiqun.query.rewriting import (
    Edit,
    edited,
    mends,
    nested_aggregate,
    wrong_triple_term,
)
from jiqun.query.tokens import UPDATES, Token, place, tokenize
from jiqun.rdf.earlier_versions import LABELS, NEWEST

FORMS: Final = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
_VARYING: Final = frozenset({"NOW", "RAND", "UUID", "STRUUID", "BNODE", "SERVICE"})
_NEWER_WORDS: Final = frozenset(
    {"ISTRIPLE", "TRIPLE", "SUBJECT", "PREDICATE", "OBJECT"}
    | {"LANGDIR", "STRLANGDIR", "HASLANG", "HASLANGDIR"}
)
_NEWER_MARKS: Final = frozenset({"<<(", "<<", "{|", "~"})
SHORT: Final = 2_000
"""Characters that are tokenized in a millisecond or two."""

_CACHED_CHARACTERS: Final = 4_000_000


def _limit(default: int, help_text: str) -> int:
    value: int = field(default=default, metadata={"help": help_text})
    return value


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on the parts of a query; every field is a setting, documented by its help text."""

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
class ParsedQuery:
    """The result of reading a query.

    `text` has its codepoint escapes decoded; it is evaluated with `edits` applied. `deterministic`
    is false when two evaluations over the same data may differ. `light` marks a query that is cheap
    for any data, which may use the light lane. `calls` are its SERVICE calls. `row_limit` is its
    own outermost LIMIT, at `row_limit_span`; without one, the span is where it could be inserted.
    `dataset` holds the graphs of its FROM clauses. `lookups` are its patterns when its cost depends
    only on their matches. `reach` is what it can match in the default graph. `warnings` are
    sentences for its author. `relative` is true when an IRI in it depends on the URL of the
    request, `graphs` when it has a GRAPH or FROM clause. `version` is that of RDF which its VERSION
    or its syntax asks for, "" where it is as good as any.
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
    dataset: Dataset | None = None
    lookups: tuple[Lookup, ...] | None = None
    reach: Reach | None = None
    edits: tuple[Edit, ...] = ()
    warnings: tuple[str, ...] = ()
    relative: bool = False
    graphs: bool = False
    version: str = ""

    def evaluated(self, rows: int | None = None) -> str:
        """Return the text for the engine, with an outermost LIMIT of at most `rows`."""
        if rows is None or (self.row_limit is not None and self.row_limit <= rows):
            return edited(self.text, self.edits)
        limit = Edit(*self.row_limit_span, f" LIMIT {rows} ")
        return edited(self.text, (*self.edits, limit))

    @property
    def services(self) -> tuple[str, ...]:
        """The IRIs that SERVICE calls, prefixed names in full."""
        return tuple(call.iri for call in self.calls)


def parse_query(
    text: str, limits: Limits = DEFAULT_LIMITS, allowed_services: frozenset[str] = frozenset()
) -> ParsedQuery:
    """Read a SPARQL query and check it against the limits.

    Raises `MalformedQuery`, `QueryTooLarge`, or `ServiceRefused` for a SERVICE whose IRI is not,
    character by character, among `allowed_services`.
    """
    key = (text, limits, allowed_services)
    found = _PARSED.get(key)
    if found is None:
        found = _parse(text, limits, allowed_services)
        _PARSED.put(key, found, len(text))
    return found


def is_long(key: ParseKey) -> bool:
    """Whether tokenizing this text would block the event loop, so that a worker should do it."""
    text, limits, _ = key
    return SHORT < len(text) <= limits.query_length and _PARSED.peek(key) is None


def cache_parsed(key: ParseKey, parsed: ParsedQuery) -> None:
    """Cache a query that a worker parsed."""
    _PARSED.put(key, parsed, len(key[0]))


def with_services_at(parsed: ParsedQuery, addresses: Mapping[str, str]) -> ParsedQuery:
    """Return the same query with each service replaced by its address."""
    return replace(parsed, edits=(*parsed.edits, *service_edits(parsed.calls, addresses)))


def _parse(text: str, limits: Limits, allowed_services: frozenset[str]) -> ParsedQuery:
    check_limit("query_length", len(text), limits)
    original = text
    try:
        text, tokens, nesting = tokenize(text, limits.tokens, limits.nesting)
        check_limit("tokens", len(tokens), limits)
        check_limit("nesting", nesting, limits)
        form = _form(text, tokens)
    except MalformedQuery as refusal:
        raise MalformedQuery(find_mistake(original) or refusal.detail) from None
    words = [token.text for token in tokens if token.kind == "word"]
    if nested_aggregate(tokens) or ("<<(" in text and wrong_triple_term(tokens)):
        raise MalformedQuery(find_mistake(original) or "Aggregates cannot be nested.")
    edits = mends(text, tokens, frozenset(words))
    shape = read_shape(tokens)
    check_shape(shape, limits)
    calls = read_services(tokens) if "service" in text.lower() else ()
    check_services(calls, allowed_services)
    row_limit, span = _row_limit(tokens)
    graphs = not {"GRAPH", "FROM"}.isdisjoint(words)
    return ParsedQuery(
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
        dataset=read_dataset(tokens) if "FROM" in words else None,
        lookups=read_lookups(text, form, tokens, nesting, shape),
        reach=None if calls else read_reach(form, tokens, shape),
        edits=edits,
        warnings=advice(text, tokens, edits),
        relative=has_relative_iri(tokens),
        graphs=graphs,
        version=_version(text, tokens, frozenset(words)),
    )


ParseKey: TypeAlias = tuple[str, Limits, frozenset[str]]

_PARSED: Final[LruCache[ParseKey, ParsedQuery]] = LruCache(_CACHED_CHARACTERS)


def check_limit(name: str, found: int, limits: Limits, most: int | None = None) -> None:
    """Raise `QueryTooLarge` when `found` exceeds the limit `name`, or `most` if it is given."""
    allowed: int = getattr(limits, name) if most is None else most
    if found > allowed:
        help_text = next((f" ({f.metadata['help']})" for f in fields(limits) if f.name == name), "")
        raise QueryTooLarge(
            f"The query exceeds the limit “{name}”: {found} found, {allowed} allowed."
            f"{help_text} Shorten the query or split it."
        )


def check_shape(shape: Shape, limits: Limits) -> None:
    """Raise `QueryTooLarge` for a query with more parts than the limits allow."""
    check_limit("triple_patterns", len(shape.patterns), limits)
    check_limit("path_length", shape.longest_path, limits)
    check_limit("values", shape.values, limits)
    check_limit("unions", shape.unions, limits)
    check_limit("groups", shape.groups, limits)
    check_limit("expressions", shape.expressions, limits)


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
            f"“{first.text[:40]}” at {place(text, first.start)} does not begin a query: SELECT, "
            "ASK, CONSTRUCT or DESCRIBE is expected after the prefixes."
        )
    return first.text


def _version(text: str, tokens: list[Token], words: frozenset[str]) -> str:
    """Return the version that VERSION names first, else 1.2 for a query in its syntax, else ""."""
    if "VERSION" in words:
        for token, following in pairwise(tokens):
            if token.text == "VERSION" and following.kind == "string":
                named = text[following.start : following.end].strip("\"'")
                return named if named in LABELS else ""
    if not _NEWER_WORDS.isdisjoint(words) or ("--" in text and _has_direction(tokens)):
        return NEWEST
    marked = "<<" in text or "~" in text or "{|" in text
    return NEWEST if marked and any(each.text in _NEWER_MARKS for each in tokens) else ""


def _has_direction(tokens: list[Token]) -> bool:
    return any(token.kind == "language" and "--" in token.text for token in tokens)


def _row_limit(tokens: list[Token]) -> tuple[int | None, tuple[int, int]]:
    """Find the outermost LIMIT, or where it would go: at the end, before a final VALUES."""
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
