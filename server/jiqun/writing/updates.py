"""SPARQL updates: the gate, and the parts in which the engine gets them.

Works around gaps of pyoxigraph 0.5.13. tests/writing/test_engine_gaps.py shows each with the
smallest input, and fails when the engine has fixed it:

* LOAD fetches from anywhere and cannot be disabled: the server fetches the documents.
* `Store.update` has no parameter for the dataset of the protocol: USING clauses are inserted.
* A triple that is in several graphs of USING is found several times (oxigraph issue 1919, fixed
  after 0.5.13): these graphs are merged into one during the operation.
* A prologue after the first operation is refused: prefixes and base become parameters.
* COPY, and MOVE SILENT, of a graph that does not exist remove the target: existence is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from secrets import token_hex
from typing import Final

import pyoxigraph as ox

from jiqun.errors import BadParameter, MalformedQuery
from jiqun.query.clauses import check_services, read_services, service_edits
from jiqun.query.gate import FORMS, Limits, check_limit, check_shape
from jiqun.query.patterns import read_shape
from jiqun.query.rewriting import edited, mends_of_update
from jiqun.query.tokens import UPDATES, Token, place, tokenize

_PROLOGUE: Final = {"BASE": ["iri"], "PREFIX": ["name", "iri"], "VERSION": ["string"]}
_WITH_SOURCE: Final = frozenset({"COPY", "MOVE", "ADD"})
_REMOVING: Final = frozenset({"DELETE", "CLEAR", "DROP", "MOVE", "COPY"})
_ERROR_PLACE: Final = re.compile(r"error at (\d+):(\d+)")
_NOTHING: Final = ox.Store()


@dataclass(frozen=True, slots=True)
class Scope:
    """The base IRI and prefixes in scope; all IRIs are absolute."""

    base: str | None
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, iris: Sequence[str]) -> list[str]:
        """Return IRIs and prefixed names, as written, as absolute IRIs; raises `MalformedQuery`."""
        bindings = " ".join(f"({iri} AS ?x{number})" for number, iri in enumerate(iris))
        try:
            results = _NOTHING.query(
                f"SELECT {bindings} {{}}", base_iri=self.base, prefixes=dict(self.prefixes)
            )
        except SyntaxError as error:
            raise MalformedQuery(
                f"The IRIs of an operation ({', '.join(each[:80] for each in iris)}) cannot be "
                f"read. Is the prefix declared? Parser error: {error.msg[:200]}"
            ) from None
        assert isinstance(results, ox.QuerySolutions)
        return [term.value for term in next(results) if isinstance(term, ox.NamedNode)]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a request, without its prologue, and its scope."""

    words: tuple[Token, ...]
    scope: Scope

    @property
    def keyword(self) -> str:
        """The first keyword."""
        return self.words[0].text

    @property
    def is_data(self) -> bool:
        """Whether this is INSERT DATA or DELETE DATA, where only the length is limited."""
        return len(self.words) > 1 and self.words[1].text == "DATA"

    @property
    def has_where(self) -> bool:
        """Whether it has a WHERE clause, and thus a dataset."""
        return self.keyword in {"INSERT", "DELETE", "WITH"} and not self.is_data

    @property
    def source(self) -> Source | None:
        """The source graph of COPY, MOVE or ADD; None for the default graph or other operations."""
        if self.keyword not in _WITH_SOURCE:
            return None
        rest = [token for token in self.words[1:4] if token.text != "GRAPH"]
        silent = bool(rest) and rest[0].text == "SILENT"
        graph = rest[silent] if len(rest) > silent else None
        if graph is None or graph.kind not in {"iri", "name"}:
            return None
        return Source(self.scope.resolve([graph.text])[0], silent)

    @property
    def using(self) -> list[tuple[Token, Token]]:
        """The USING clauses without NAMED: the keyword and the graph of each."""
        words = self.outside_braces() if self.has_where else []
        return [
            (word, graph)
            for word, graph in pairwise(words)
            if word.text == "USING" and word.kind == "word" and graph.kind in {"iri", "name"}
        ]

    def outside_braces(self) -> list[Token]:
        """Return the words, names and IRIs outside groups."""
        found, depth = [], 0
        for token in self.words:
            if token.kind == "mark":
                depth += {"{": 1, "}": -1}.get(token.text, 0)
            elif depth == 0 and token.kind in {"word", "name", "iri"}:
                found.append(token)
        return found

    def inserted_literals(self) -> list[ox.Literal]:
        """Return the typed literals and numbers in its INSERT, as written."""
        written, depth, inserting = [], 0, False
        for at, token in enumerate(self.words):
            if token.kind == "mark":
                depth += {"{": 1, "}": -1}.get(token.text, 0)
            elif depth == 0:
                inserting = token.text == "INSERT" or (inserting and token.text == "DATA")
            elif inserting and token.kind == "number":
                sign = self.words[at - 1].text
                written.append(sign + token.text if sign in {"+", "-"} else token.text)
            elif inserting and token.kind == "string":
                following = self.words[at + 1 : at + 3]
                if len(following) == 2 and following[0].text == "^^":
                    written.append(f"{token.text}^^{following[1].text}")
        return self._parse_literals(written)

    def _parse_literals(self, written: Sequence[str]) -> list[ox.Literal]:
        if not written:
            return []
        prefixes = "".join(f"@prefix {n}: <{i}> .\n" for n, i in self.scope.prefixes.items())
        turtle = f"{prefixes}<a:a> <a:a> {' , '.join(written)} ."
        try:
            quads = list(ox.parse(turtle, ox.RdfFormat.TURTLE, base_iri=self.scope.base))
        except (SyntaxError, ValueError):
            return []  # the engine will refuse it
        return [quad.object for quad in quads if isinstance(quad.object, ox.Literal)]


@dataclass(frozen=True, slots=True)
class Source:
    """A graph that must exist; otherwise the part fails, or does nothing if `silent`."""

    graph: str
    silent: bool


@dataclass(frozen=True, slots=True)
class Merge:
    """Several graphs that the part reads as one, under a temporary name."""

    graphs: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class EngineUpdate:
    """Operations for the engine, which begin at `start` in the request."""

    text: str
    scope: Scope
    source: Source | None = None
    merge: Merge | None = None
    request: str = field(default="", repr=False, compare=False)
    start: int = field(default=0, compare=False)

    def locate(self, message: str) -> str:
        """Return an engine message with line and column relative to the request."""
        found = _ERROR_PLACE.search(message)
        if found is None:
            return message
        line, column = int(found[1]), int(found[2])
        if line == 1:
            column += self.start - (self.request.rfind("\n", 0, self.start) + 1)
        line += self.request.count("\n", 0, self.start)
        return _ERROR_PLACE.sub(f"line {line}, column {column}", message, count=1)


@dataclass(frozen=True, slots=True)
class Load:
    """`LOAD source INTO GRAPH graph`; IRIs are absolute, `graph` is None for the default graph."""

    source: str
    graph: str | None
    silent: bool


@dataclass(frozen=True, slots=True)
class UpdateInspection:
    """The parts of an update in order.

    `removing` is false when it cannot remove statements; `services` are the endpoints that it
    calls; `literals` are the typed literals and numbers that it inserts.
    """

    parts: tuple[EngineUpdate | Load, ...]
    removing: bool
    services: tuple[str, ...]
    literals: tuple[ox.Literal, ...]


def inspect_update(
    text: str,
    limits: Limits,
    *,
    max_characters: int,
    base: str | None = None,
    using: Sequence[str] | None = None,
    using_named: Sequence[str] | None = None,
    services: Mapping[str, str] | None = None,
) -> UpdateInspection:
    """Inspect an update of at most `max_characters`.

    `using` and `using_named` are absolute IRIs (`using-graph-uri`, `using-named-graph-uri`); None
    for both leaves the dataset to the update. The limits of queries apply to everything but the
    blocks of INSERT DATA and DELETE DATA. `services` maps the endpoints that SERVICE may call to
    the URLs used for the calls. Raises what the gate for queries raises.
    """
    check_limit("update_length", len(text), limits, max_characters)
    text, tokens, nesting = tokenize(text, max_characters, limits.nesting)
    check_limit("nesting", nesting, limits)
    calls = read_services(tokens)
    check_services(calls, frozenset(services or ()))
    edits = [*mends_of_update(text, tokens), *service_edits(calls, services or {})]
    if edits:
        text = edited(text, edits)
        _, tokens, _ = tokenize(text, len(text), limits.nesting + 2 * len(edits))
    operations = list(split(text, tokens, Scope(base)))
    for operation in operations:
        _check_kind(text, operation)
    if using is not None or using_named is not None:
        _refuse_two_datasets(operations)
    working = [token for each in operations if not each.is_data for token in each.words]
    check_limit("tokens", len(working), limits)
    check_shape(read_shape(working), limits)
    return UpdateInspection(
        parts=tuple(_parts(text, operations, using or (), using_named or ())),
        removing=any(t.kind == "word" and t.text in _REMOVING for t in tokens),
        services=tuple(call.iri for call in calls),
        literals=tuple(each for op in operations for each in op.inserted_literals()),
    )


def split(text: str, tokens: Sequence[Token], scope: Scope) -> Iterator[Operation]:
    """Yield the operations between semicolons; a prologue at the very end does nothing.

    Raises `MalformedQuery` for a semicolon with nothing before it, and for a prologue that cannot
    be read.
    """
    pending: list[Token] = []
    depth = 0
    for token in tokens:
        if token.kind == "mark":
            depth += {"{": 1, "}": -1}.get(token.text, 0)
        if depth or token.kind != "mark" or token.text != ";":
            pending.append(token)
            continue
        scope, words = _read_prologue(text, pending, scope)
        if not words:
            where = place(text, token.start)
            raise MalformedQuery(f"The “;” at {where} has no operation before it.")
        yield Operation(words, scope)
        pending = []
    scope, words = _read_prologue(text, pending, scope)
    if words:
        yield Operation(words, scope)


def _read_prologue(
    text: str, tokens: Sequence[Token], scope: Scope
) -> tuple[Scope, tuple[Token, ...]]:
    """Read the prologue of `tokens`; return the scope after it, and the remaining tokens."""
    at, base, prefixes = 0, scope.base, dict(scope.prefixes)
    while at < len(tokens) and tokens[at].kind == "word" and tokens[at].text in _PROLOGUE:
        word, kinds = tokens[at], _PROLOGUE[tokens[at].text]
        following = tokens[at + 1 : at + 1 + len(kinds)]
        prefix = following[0].text if word.text == "PREFIX" and following else ":"
        if [token.kind for token in following] != kinds or prefix.find(":") != len(prefix) - 1:
            where = place(text, word.start)
            raise MalformedQuery(f"The {word.text} at {where} is incomplete.")
        if word.text == "BASE":
            base = Scope(base).resolve([following[0].text])[0]
        elif word.text == "PREFIX":
            prefixes[prefix[:-1]] = Scope(base).resolve([following[1].text])[0]
        at += 1 + len(kinds)
    return Scope(base, prefixes) if at else scope, tuple(tokens[at:])


def _check_kind(text: str, operation: Operation) -> None:
    first = operation.words[0]
    where = place(text, first.start)
    if first.kind == "word" and first.text in FORMS:
        raise MalformedQuery(
            f"“{first.text}” at {where} begins a query, not an update. Queries are sent as “query”."
        )
    if first.kind != "word" or first.text not in UPDATES:
        raise MalformedQuery(
            f"“{first.text[:40]}” at {where} does not begin an update: INSERT, DELETE, WITH, LOAD, "
            "CLEAR, DROP, CREATE, ADD, MOVE or COPY is expected."
        )


def _refuse_two_datasets(operations: Sequence[Operation]) -> None:
    """Refuse datasets in both protocol and update (SPARQL 1.1 Protocol §2.2.3)."""
    for operation in operations:
        words = {token.text for token in operation.outside_braces() if token.kind == "word"}
        if operation.has_where and words & {"USING", "WITH"}:
            raise BadParameter(
                "The request specifies a dataset with using-graph-uri or using-named-graph-uri, "
                "and the update specifies one with USING or WITH. Specify it in only one of them."
            )


def _parts(
    text: str, operations: Sequence[Operation], using: Sequence[str], named: Sequence[str]
) -> Iterator[EngineUpdate | Load]:
    """Yield the parts; plain operations with the same scope form one part."""

    def key(operation: Operation) -> tuple[int, int | None]:
        plain = not (
            operation.keyword == "LOAD"
            or operation.source is not None
            or (operation.has_where and (using or named))
            or len(operation.using) > 1
        )
        return id(operation.scope), None if plain else operation.words[0].start

    for _, group in groupby(operations, key):
        first, *others = group
        if first.keyword == "LOAD":
            yield _load(text, first)
            continue
        start, end = first.words[0].start, (others[-1] if others else first).words[-1].end
        merge, written = None, text[start:end]
        if not others:
            merge, written = _with_dataset(text, first, using, named)
        yield EngineUpdate(written, first.scope, first.source, merge, text, start)


def _with_dataset(
    text: str, operation: Operation, using: Sequence[str], named: Sequence[str]
) -> tuple[Merge | None, str]:
    """Return the text of an operation with USING clauses for its dataset inserted."""
    words, own = operation.words, operation.using
    start, end = words[0].start, words[-1].end
    default: Sequence[str] = using if operation.has_where else ()
    if len(own) > 1:
        default = operation.scope.resolve([graph.text for _, graph in own])
    merge = None
    if len(default) > 1:
        merge = Merge(tuple(dict.fromkeys(default)), f"urn:jiqun:merge:{token_hex(16)}")
        default = (merge.name,)
    if not operation.has_where or not (default or named):
        return None, text[start:end]
    clauses = [f"USING <{iri}>" for iri in default] + [f"USING NAMED <{iri}>" for iri in named]
    if len(words) > 2 and words[0].text == "DELETE" and words[1].text == "WHERE":
        pattern = text[words[2].start : end]
        return merge, f"DELETE {pattern} {' '.join(clauses)} WHERE {pattern}"
    where = [token for token in operation.outside_braces() if token.text == "WHERE"]
    if not where:
        raise MalformedQuery(f"The “{words[0].text}” at {place(text, start)} has no WHERE.")
    pieces, kept = [], start
    for keyword, graph in own:
        pieces.append(text[kept : keyword.start])
        kept = graph.end
    pieces += [text[kept : where[0].start], " ".join(clauses), " ", text[where[0].start : end]]
    return merge, "".join(pieces)


def _load(text: str, operation: Operation) -> Load:
    words = list(operation.words[1:])
    silent = bool(words) and words[0].text == "SILENT"
    words = words[1:] if silent else words
    kinds = ["iri" if token.kind in {"iri", "name"} else token.text for token in words]
    if kinds not in (["iri"], ["iri", "INTO", "GRAPH", "iri"]):
        where = place(text, operation.words[0].start)
        raise MalformedQuery(f"The LOAD at {where} is not of the form LOAD <…> INTO GRAPH <…>.")
    iris = [token.text for token in words if token.kind in {"iri", "name"}]
    source, *graph = operation.scope.resolve(iris)
    return Load(source, graph[0] if graph else None, silent)
