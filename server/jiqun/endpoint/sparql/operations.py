"""The operations of an update.

They are cut apart by token: a word in a string, an IRI or a comment is no keyword.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.endpoint.sparql.tokens import Token, place
from jiqun.errors import MalformedQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

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
