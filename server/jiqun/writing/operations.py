"""SPARQL updates: what they do, whether they may run, and how they are split.

The operations of an update.

They are cut apart by token: a word in a string, an IRI or a comment is no keyword.

The gate for updates: what an update does, and whether it may be carried out.

In: the text of a SPARQL 1.1 Update request, and the dataset that the protocol gives its WHERE
clauses. Out: an `UpdateInspection`, the request as parts in their order: texts without any LOAD,
and the LOADs, whose documents the server fetches itself. Raises what the gate for queries raises.

An update as parts to be carried out in their order.

pyoxigraph 0.5.13 fetches LOAD from anywhere, has no parameter for the protocol's dataset, does not
read a PREFIX or BASE after the first operation, empties the target when what COPY or MOVE SILENT
takes from does not exist, and finds a triple once for each graph of USING that it stands in. So a
request is cut there, and `USING` clauses are written into it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from secrets import token_hex
from typing import Final

import pyoxigraph as ox

from jiqun.errors import BadParameter, MalformedQuery
from jiqun.query.clauses import check_services, read_services, replace_services
from jiqun.query.gate import FORMS, Limits, check_limit, check_shape
from jiqun.query.patterns import read_shape
from jiqun.query.tokens import UPDATES, Token, place, tokenize

_PROLOGUE: Final = {"BASE": 2, "PREFIX": 3, "VERSION": 2}
_TAKING: Final = frozenset({"COPY", "MOVE", "ADD"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation with the prologue before it; `prologue` ends before `words` begins."""

    prologue: tuple[Token, ...]
    words: tuple[Token, ...]

    @property
    def start(self) -> int:
        """Where it begins in the text of the request."""
        return (self.prologue or self.words)[0].start

    @property
    def data(self) -> bool:
        """Whether this is INSERT DATA or DELETE DATA, whose length is all that is limited."""
        return len(self.words) > 1 and self.words[1].text == "DATA"

    @property
    def modifies(self) -> bool:
        """Whether it has a WHERE, and thereby a dataset."""
        return self.words[0].text in {"INSERT", "DELETE", "WITH"} and not self.data

    @property
    def declared(self) -> list[tuple[int, int]]:
        """The span of its prologue, if it has one."""
        return [(self.prologue[0].start, self.prologue[-1].end)] if self.prologue else []

    @property
    def source(self) -> tuple[str, bool] | None:
        """The graph that COPY, MOVE or ADD takes from, as written, and whether SILENT stands there.

        None for the default graph, for other operations, and for what is not well-formed.
        """
        if self.words[0].text not in _TAKING:
            return None
        rest = [token for token in self.words[1:4] if token.text != "GRAPH"]
        silent = bool(rest) and rest[0].text == "SILENT"
        named = rest[silent : silent + 1]
        return (named[0].text, silent) if named and named[0].kind in {"iri", "name"} else None

    @property
    def using(self) -> list[tuple[Token, Token]]:
        """The USING clauses without NAMED: the keyword and the graph of each."""
        words = outside_braces(self.words) if self.modifies else []
        return [
            (word, graph)
            for word, graph in pairwise(words)
            if word.text == "USING" and word.kind == "word" and graph.kind in {"iri", "name"}
        ]


def operations_of(text: str, tokens: list[Token]) -> list[Operation]:
    """Cut at the semicolons between operations; a prologue at the very end does nothing.

    Raises `MalformedQuery` for a semicolon with nothing before it.
    """
    found = []
    start, depth = 0, 0
    for at, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.text == "{":
            depth += 1
        elif token.text == "}":
            depth -= 1
        elif token.text == ";" and depth == 0:
            operation = _operation(tokens[start:at])
            if not operation.words:
                where = place(text, token.start)
                raise MalformedQuery(f"The “;” at {where} has no operation before it.")
            found.append(operation)
            start = at + 1
    last = _operation(tokens[start:])
    return [*found, last] if last.words else found


def outside_braces(tokens: Sequence[Token]) -> list[Token]:
    """Give the words, names and IRIs that stand in no group."""
    found, depth = [], 0
    for token in tokens:
        if token.kind == "mark":
            depth += {"{": 1, "}": -1}.get(token.text, 0)
        elif depth == 0 and token.kind in {"word", "name", "iri"}:
            found.append(token)
    return found


def resolve(iris: Sequence[str], prologue: str, base: str | None) -> list[str]:
    """Make IRIs absolute as the engine would, prefixes and escapes included.

    Raises `MalformedQuery`.
    """
    names = [f"x{number}" for number in range(len(iris))]
    bindings = " ".join(f"({iri} AS ?{name})" for iri, name in zip(iris, names, strict=True))
    try:
        results = ox.Store().query(f"{prologue}\nSELECT {bindings} {{}}", base_iri=base)
    except SyntaxError as error:
        raise MalformedQuery(
            f"The IRIs of an operation ({', '.join(each[:80] for each in iris)}) cannot be read. "
            f"Is the prefix declared? The parser says: {error.msg[:200]}"
        ) from None
    assert isinstance(results, ox.QuerySolutions)
    solution = next(results)
    found = [solution[name] for name in names]
    return [each.value for each in found if isinstance(each, ox.NamedNode)]


def _operation(tokens: list[Token]) -> Operation:
    at = 0
    while at < len(tokens) and tokens[at].kind == "word" and tokens[at].text in _PROLOGUE:
        at += _PROLOGUE[tokens[at].text]
    return Operation(tuple(tokens[:at]), tuple(tokens[at:]))


_REMOVING: Final = frozenset({"DELETE", "CLEAR", "DROP", "MOVE", "COPY"})
_RDF_1_2: Final = frozenset({"<<", "<<(", "{|", "~", "TRIPLE", "STRLANGDIR"})


@dataclass(frozen=True, slots=True)
class UpdateInspection:
    """What the gate found out; `removing` is false when no statement can be lost."""

    parts: tuple[Text | Load, ...]
    removing: bool
    services: tuple[str, ...]


def inspect_update(
    text: str,
    limits: Limits,
    *,
    most_characters: int,
    base: str | None = None,
    using: Sequence[str] | None = None,
    using_named: Sequence[str] | None = None,
    services: Mapping[str, str] | None = None,
) -> UpdateInspection:
    """Inspect an update of at most `most_characters`.

    `using` and `using_named` are absolute IRIs (`using-graph-uri`, `using-named-graph-uri`); None
    for both leaves the dataset to the update. The limits of queries hold for everything but the
    blocks of INSERT DATA and DELETE DATA. `services` are the endpoints that SERVICE may call, and
    the addresses at which they are called instead.
    """
    check_limit("update_length", len(text), limits, most_characters)
    text, tokens, nesting = tokenize(text, most_characters, limits.nesting)
    check_limit("nesting", nesting, limits)
    _refuse_rdf_1_2(text, tokens)
    calls = read_services(text, tokens)
    check_services(calls, frozenset(services or ()))
    if calls:
        text = replace_services(text, calls, services or {})
        _, tokens, _ = tokenize(text, len(text), limits.nesting)
    operations = operations_of(text, tokens)
    for operation in operations:
        _check_kind(text, operation)
    if using is not None or using_named is not None:
        _refuse_two_datasets(operations)
    working = [token for each in operations if not each.data for token in each.words]
    check_limit("tokens", len(working), limits)
    check_shape(read_shape(working), limits)
    return UpdateInspection(
        parts=tuple(parts_of(text, operations, using or (), using_named or (), base)),
        removing=any(t.kind == "word" and t.text in _REMOVING for t in tokens),
        services=tuple(call.iri for call in calls),
    )


def _check_kind(text: str, operation: Operation) -> None:
    first = operation.words[0]
    where = place(text, first.start)
    if first.kind == "word" and first.text in FORMS:
        raise MalformedQuery(
            f"“{first.text}” at {where} begins a query, not an update. Queries are sent as “query”."
        )
    if first.kind != "word" or first.text not in UPDATES:
        raise MalformedQuery(
            f"“{first.text[:40]}” at {where} begins no update: INSERT, DELETE, WITH, LOAD, CLEAR, "
            "DROP, CREATE, ADD, MOVE or COPY is expected."
        )


def _refuse_rdf_1_2(text: str, tokens: list[Token]) -> None:
    """Refuse what could write a triple term or a direction: data here is RDF 1.1."""
    for token in tokens:
        if (token.kind in {"mark", "word"} and token.text in _RDF_1_2) or (
            token.kind == "language" and "--" in token.text
        ):
            raise MalformedQuery(
                f"“{token.text}” at {place(text, token.start)} belongs to RDF 1.2; data that is "
                "written here is RDF 1.1."
            )


def _refuse_two_datasets(operations: Sequence[Operation]) -> None:
    """Refuse a dataset of the protocol beside one of the update (SPARQL 1.1 Protocol §2.2.3)."""
    for operation in operations:
        words = {token.text for token in outside_braces(operation.words) if token.kind == "word"}
        if operation.modifies and words & {"USING", "WITH"}:
            raise BadParameter(
                "The request gives a dataset by using-graph-uri or using-named-graph-uri, and the "
                "update gives one by USING or WITH. Give it in one of the two places."
            )


_NO_LINE_BREAK: Final = re.compile(r"[^\r\n]")

# What is put in place of a span of the text.
Edit = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Source:
    """A graph that must exist; if it does not, the part fails, or does nothing if `silent`."""

    graph: str
    silent: bool


@dataclass(frozen=True, slots=True)
class Merge:
    """Several graphs that the part finds as one, under a name that is good for this part only."""

    graphs: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """Operations without LOAD, to be carried out as they stand.

    Lines are those of the request, so that messages about them are right.
    """

    text: str
    source: Source | None = None
    merge: Merge | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """`LOAD source INTO GRAPH graph`; IRIs are absolute, `graph` is None for the default graph."""

    source: str
    graph: str | None
    silent: bool


def parts_of(
    text: str,
    operations: Sequence[Operation],
    using: Sequence[str],
    named: Sequence[str],
    base: str | None,
) -> list[Text | Load]:
    """Cut an update into parts; `using` and `named` are the dataset that the protocol gives.

    Relative IRIs are relative to `base`. Raises `MalformedQuery`.
    """
    cutter = _Cutter(text, using, named, base)
    for operation in operations:
        cutter.take(operation)
    cutter.close()
    return cutter.parts


class _Cutter:
    """Goes through the operations; `declared` are the spans of all prologues so far."""

    def __init__(
        self, text: str, using: Sequence[str], named: Sequence[str], base: str | None
    ) -> None:
        self.parts: list[Text | Load] = []
        self._text = text
        self._using = tuple(using)
        self._named = tuple(named)
        self._base = base
        self._declared: list[tuple[int, int]] = []
        self._group: list[Operation] = []

    def take(self, operation: Operation) -> None:
        """Add an operation to the part that is being made, or make one of it alone."""
        load = operation.words[0].text == "LOAD"
        several = len(operation.using) > 1 or (operation.modifies and len(self._using) > 1)
        alone = load or several or operation.source is not None
        if alone or operation.prologue:
            self.close()
        if load:
            self._declared += operation.declared
            self.parts.append(self._load(operation))
            return
        self._group.append(operation)
        if alone:
            self.close()

    def close(self) -> None:
        """Make a part of the operations at hand, with all that was declared before them."""
        if not self._group:
            return
        group, self._group = self._group, []
        start, end = group[0].start, group[-1].words[-1].end
        before = _masked(self._text, self._declared, start)
        for operation in group:
            self._declared += operation.declared
        merge = self._merge(group[0])
        edits = [edit for each in group for edit in self._edits(each, merge)]
        kept = _edited(self._text, (start, end), edits)
        self.parts.append(Text(before + kept, self._source(group[0]), merge))

    def _source(self, operation: Operation) -> Source | None:
        if operation.source is None:
            return None
        written, silent = operation.source
        return Source(self._resolve([written])[0], silent)

    def _merge(self, operation: Operation) -> Merge | None:
        graphs: Sequence[str] = self._using if operation.modifies else ()
        if len(operation.using) > 1:
            graphs = self._resolve([graph.text for _, graph in operation.using])
        if len(graphs) < 2:
            return None
        return Merge(tuple(dict.fromkeys(graphs)), f"urn:jiqun:merge:{token_hex(16)}")

    def _edits(self, operation: Operation, merge: Merge | None) -> list[Edit]:
        """Tell what to write where, so that the operation uses its dataset."""
        if not operation.modifies:
            return []
        if self._using or self._named:
            return [self._with_clauses(operation, merge)]
        if merge is None:
            return []
        texts = [f"USING <{merge.name}>", *[""] * len(merge.graphs), *[""] * len(operation.using)]
        spans = [(word.start, graph.end) for word, graph in operation.using]
        return [(*span, text) for span, text in zip(spans, texts, strict=False)]

    def _with_clauses(self, operation: Operation, merge: Merge | None) -> Edit:
        using = (merge.name,) if merge else self._using
        clauses = " ".join(
            [*(f"USING <{iri}>" for iri in using), *(f"USING NAMED <{iri}>" for iri in self._named)]
        )
        words = operation.words
        if len(words) > 2 and words[0].text == "DELETE" and words[1].text == "WHERE":
            pattern = self._text[words[2].start : words[-1].end]
            return words[1].start, words[1].start, f"{pattern} {clauses} "
        where = [token for token in outside_braces(words) if token.text == "WHERE"]
        if not where:
            at = place(self._text, words[0].start)
            raise MalformedQuery(f"The “{words[0].text}” at {at} has no WHERE.")
        return where[0].start, where[0].start, f"{clauses} "

    def _load(self, operation: Operation) -> Load:
        words = list(operation.words[1:])
        silent = bool(words) and words[0].text == "SILENT"
        words = words[1:] if silent else words
        kinds = ["iri" if token.kind in {"iri", "name"} else token.text for token in words]
        if kinds not in (["iri"], ["iri", "INTO", "GRAPH", "iri"]):
            where = place(self._text, operation.words[0].start)
            raise MalformedQuery(f"The LOAD at {where} is not of the form LOAD <…> INTO GRAPH <…>.")
        iris = [token.text for token in words if token.kind in {"iri", "name"}]
        source, *graph = self._resolve(iris)
        return Load(source, graph[0] if graph else None, silent)

    def _resolve(self, iris: Sequence[str]) -> list[str]:
        prologue = "\n".join(self._text[start:end] for start, end in self._declared)
        return resolve(iris, prologue, self._base)


def _edited(text: str, span: tuple[int, int], edits: Sequence[Edit]) -> str:
    pieces, at = [], span[0]
    for start, end, written in edits:
        pieces += [text[at:start], written]
        at = end
    return "".join([*pieces, text[at : span[1]]])


def _masked(text: str, kept: list[tuple[int, int]], end: int) -> str:
    """Give `text` up to `end` with blanks for all that is not kept; line breaks stay."""
    pieces, at = [], 0
    for start, stop in kept:
        pieces += [_NO_LINE_BREAK.sub(" ", text[at:start]), text[start:stop]]
        at = stop
    return "".join([*pieces, _NO_LINE_BREAK.sub(" ", text[at:end])])
