"""The gate for updates: what an update does, and whether it may be carried out.

In: the text of a SPARQL 1.1 Update request, and the dataset that the protocol gives its WHERE
clauses. Out: an `UpdateInspection`, the request as parts in their order: texts without any LOAD,
and the LOADs, whose documents the server fetches itself.

pyoxigraph 0.5.13 fetches LOAD from anywhere, has no parameter for the protocol's dataset, and does
not read a PREFIX or BASE after the first operation. So a request is cut at its LOADs and prologues,
and `USING` clauses are written into it, all by token: a word in a string, an IRI or a comment is no
keyword. Raises what the gate for queries raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.endpoint.sparql.gate import FORMS, hold, hold_shape
from jiqun.endpoint.sparql.patterns import read_shape
from jiqun.endpoint.sparql.service_calls import hold_services, redirected, service_calls
from jiqun.endpoint.sparql.terminals import UPDATES
from jiqun.endpoint.sparql.tokens import Token, place, tokenize
from jiqun.errors import BadParameter, MalformedQuery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.endpoint.sparql.gate import Limits

_PROLOGUE: Final = {"BASE": 2, "PREFIX": 3, "VERSION": 2}
_REMOVING: Final = frozenset({"DELETE", "CLEAR", "DROP", "MOVE", "COPY"})
_RDF_1_2: Final = frozenset({"<<", "<<(", "{|", "~", "TRIPLE", "STRLANGDIR"})
_NO_LINE_BREAK: Final = re.compile(r"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Text:
    """Operations without LOAD, to be carried out as they stand.

    Lines are those of the request, so that messages about them are right.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Load:
    """`LOAD source INTO GRAPH graph`; IRIs are absolute, `graph` is None for the default graph."""

    source: str
    graph: str | None
    silent: bool


@dataclass(frozen=True, slots=True)
class UpdateInspection:
    """What the gate found out; `removing` is false when no statement can be lost."""

    parts: tuple[Text | Load, ...]
    removing: bool
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Section:
    """One operation with the prologue before it; `prologue` ends before `words` begins."""

    prologue: tuple[Token, ...]
    words: tuple[Token, ...]

    @property
    def start(self) -> int:
        return (self.prologue or self.words)[0].start

    @property
    def data(self) -> bool:
        """Whether this is INSERT DATA or DELETE DATA, whose length is all that is limited."""
        return len(self.words) > 1 and self.words[1].text == "DATA"

    @property
    def modifies(self) -> bool:
        return self.words[0].text in {"INSERT", "DELETE", "WITH"} and not self.data


def inspect_update(  # noqa: PLR0913
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
    hold("update_length", len(text), limits, most_characters)
    text, tokens, nesting = tokenize(text, most_characters, limits.nesting)
    hold("nesting", nesting, limits)
    _refuse_rdf_1_2(text, tokens)
    calls = service_calls(text, tokens)
    hold_services(calls, frozenset(services or ()))
    if calls:
        text = redirected(text, calls, services or {})
        _, tokens, _ = tokenize(text, len(text), limits.nesting)
    sections = _sections(text, tokens)
    for section in sections:
        _check_kind(text, section)
    working = [token for each in sections if not each.data for token in each.words]
    hold("tokens", len(working), limits)
    hold_shape(read_shape(working), limits)
    clauses = _using(sections, using, using_named)
    return UpdateInspection(
        parts=tuple(_parts(text, sections, clauses, base)),
        removing=any(t.kind == "word" and t.text in _REMOVING for t in tokens),
        services=tuple(call.iri for call in calls),
    )


def _sections(text: str, tokens: list[Token]) -> list[_Section]:
    """Cut at the semicolons between operations; a prologue at the very end does nothing."""
    sections = []
    start, depth = 0, 0
    for at, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.text == "{":
            depth += 1
        elif token.text == "}":
            depth -= 1
        elif token.text == ";" and depth == 0:
            section = _section(tokens[start:at])
            if not section.words:
                where = place(text, token.start)
                raise MalformedQuery(f"The “;” at {where} has no operation before it.")
            sections.append(section)
            start = at + 1
    last = _section(tokens[start:])
    return [*sections, last] if last.words else sections


def _section(tokens: list[Token]) -> _Section:
    at = 0
    while at < len(tokens) and tokens[at].kind == "word" and tokens[at].text in _PROLOGUE:
        at += _PROLOGUE[tokens[at].text]
    return _Section(tuple(tokens[:at]), tuple(tokens[at:]))


def _check_kind(text: str, section: _Section) -> None:
    first = section.words[0]
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


def _using(
    sections: list[_Section], using: Sequence[str] | None, named: Sequence[str] | None
) -> str:
    """Give the clauses for the protocol's dataset, "" when it names none."""
    if using is None and named is None:
        return ""
    for section in sections:
        words = {token.text for token in _outside_braces(section.words)}
        if section.modifies and words & {"USING", "WITH"}:
            raise BadParameter(
                "The request gives a dataset by using-graph-uri or using-named-graph-uri, and the "
                "update gives one by USING or WITH. Give it in one of the two places."
            )
    clauses = [f"USING <{iri}>" for iri in using or ()]
    clauses += [f"USING NAMED <{iri}>" for iri in named or ()]
    return " ".join(clauses)


def _outside_braces(tokens: Sequence[Token]) -> list[Token]:
    found, depth = [], 0
    for token in tokens:
        if token.kind == "mark":
            depth += {"{": 1, "}": -1}.get(token.text, 0)
        elif depth == 0 and token.kind == "word":
            found.append(token)
    return found


def _parts(
    text: str, sections: list[_Section], clauses: str, base: str | None
) -> list[Text | Load]:
    parts: list[Text | Load] = []
    declared: list[tuple[int, int]] = []
    group: list[_Section] = []
    for section in sections:
        span = _span(section.prologue)
        load = section.words[0].text == "LOAD"
        if load or span:
            _close(parts, group, text, declared, clauses)
        if load:
            declared += span
            parts.append(_load(text, section, declared, base))
        else:
            group.append(section)
    _close(parts, group, text, declared, clauses)
    return parts


def _span(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    return [(tokens[0].start, tokens[-1].end)] if tokens else []


def _close(
    parts: list[Text | Load],
    group: list[_Section],
    text: str,
    declared: list[tuple[int, int]],
    clauses: str,
) -> None:
    """Make a part of the operations in `group`, with all that was declared before them."""
    if not group:
        return
    start, end = group[0].start, group[-1].words[-1].end
    inserts = [_with_clauses(text, each, clauses) for each in group if clauses and each.modifies]
    kept = _insert(text, (start, end), inserts)
    parts.append(Text(_masked(text, declared, start) + kept))
    for section in group:
        declared += _span(section.prologue)
    group.clear()


def _with_clauses(text: str, section: _Section, clauses: str) -> tuple[int, str]:
    """Tell what to insert where, so that the operation uses the dataset of the clauses."""
    words = section.words
    if len(words) > 2 and words[0].text == "DELETE" and words[1].text == "WHERE":
        pattern = text[words[2].start : words[-1].end]
        return words[1].start, f"{pattern} {clauses} "
    where = [token for token in _outside_braces(words) if token.text == "WHERE"]
    if not where:
        at = place(text, words[0].start)
        raise MalformedQuery(f"The “{words[0].text}” at {at} has no WHERE.")
    return where[0].start, f"{clauses} "


def _insert(text: str, span: tuple[int, int], inserts: list[tuple[int, str]]) -> str:
    pieces, at = [], span[0]
    for position, inserted in inserts:
        pieces += [text[at:position], inserted]
        at = position
    return "".join([*pieces, text[at : span[1]]])


def _masked(text: str, kept: list[tuple[int, int]], end: int) -> str:
    """Give `text` up to `end` with blanks for all that is not kept; line breaks stay."""
    pieces, at = [], 0
    for start, stop in kept:
        pieces += [_NO_LINE_BREAK.sub(" ", text[at:start]), text[start:stop]]
        at = stop
    return "".join([*pieces, _NO_LINE_BREAK.sub(" ", text[at:end])])


def _load(text: str, section: _Section, declared: list[tuple[int, int]], base: str | None) -> Load:
    words = list(section.words[1:])
    silent = bool(words) and words[0].text == "SILENT"
    words = words[1:] if silent else words
    kinds = ["iri" if token.kind in {"iri", "name"} else token.text for token in words]
    if kinds not in (["iri"], ["iri", "INTO", "GRAPH", "iri"]):
        where = place(text, section.words[0].start)
        raise MalformedQuery(f"The LOAD at {where} is not of the form LOAD <…> INTO GRAPH <…>.")
    iris = [token.text for token in words if token.kind in {"iri", "name"}]
    prologue = "\n".join(text[start:end] for start, end in declared)
    source, *graph = _resolve(iris, prologue, base)
    return Load(source, graph[0] if graph else None, silent)


def _resolve(iris: Sequence[str], prologue: str, base: str | None) -> list[str]:
    """Make IRIs absolute as the engine would, prefixes and escapes included."""
    names = [f"x{number}" for number in range(len(iris))]
    bindings = " ".join(f"({iri} AS ?{name})" for iri, name in zip(iris, names, strict=True))
    try:
        results = ox.Store().query(f"{prologue}\nSELECT {bindings} {{}}", base_iri=base)
    except SyntaxError as error:
        raise MalformedQuery(
            f"The IRIs of the LOAD ({', '.join(each[:80] for each in iris)}) cannot be read. Is "
            f"the prefix declared? The parser says: {error.msg[:200]}"
        ) from None
    assert isinstance(results, ox.QuerySolutions)
    solution = next(results)
    found = [solution[name] for name in names]
    return [each.value for each in found if isinstance(each, ox.NamedNode)]
