"""Reads the prologue, dataset clause and SERVICE calls of a query from its tokens.

References: SPARQL 1.1 Query sections 4.1 and 13.2, SPARQL 1.1 Federated Query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urljoin

from jiqun.errors import ServiceRefused
from jiqun.query.rewriting import Edit
from jiqun.query.tokens import Token
from jiqun.rdf.namespaces import is_absolute_iri

UNKNOWN: Final = "?"
"""Stands for an endpoint that is not a fixed IRI."""

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*+:[^\\]*+")
_CODEPOINT: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_LOCAL_ESCAPE: Final = re.compile(r"\\(.)")
_DECLARATION: Final = {"BASE": 2, "VERSION": 2, "PREFIX": 3}

Dataset = tuple[tuple[str, ...], tuple[str, ...]]
"""Default graphs and named graphs."""


class ServiceCall(NamedTuple):
    """The endpoint of one SERVICE: its IRI (or `UNKNOWN`), and the span of its token."""

    iri: str
    start: int
    end: int


class Prologue:
    """BASE and PREFIX declarations, which resolve relative IRIs and prefixed names."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._base = ""
        self._prefixes: dict[str, str] = {}
        self._literal: set[str] = set()
        at = 0
        while at + 1 < len(tokens) and tokens[at].text in _DECLARATION:
            word = tokens[at].text
            if word == "BASE":
                self._base = self._absolute(tokens[at + 1].text)
            elif word == "PREFIX" and at + 2 < len(tokens):
                prefix, iri = tokens[at + 1].text, tokens[at + 2].text
                self._prefixes[prefix] = self._absolute(iri)
                if _ABSOLUTE.fullmatch(iri[1:-1]):
                    self._literal.add(prefix)
                else:
                    self._literal.discard(prefix)
            at += _DECLARATION[word]

    def resolve(self, token: Token) -> str | None:
        """Return the absolute IRI of an IRI or a prefixed name, None if it cannot be resolved."""
        if token.kind == "iri":
            iri = self._absolute(token.text)
        elif token.kind == "name":
            prefix, _, local = token.text.partition(":")
            namespace = self._prefixes.get(f"{prefix}:")
            if namespace is None:
                return None
            iri = namespace + _LOCAL_ESCAPE.sub(r"\1", local)
        else:
            return None
        return iri if is_absolute_iri(iri) else None

    def reference(self, token: Token) -> str | None:
        """Return the result of `resolve`, or a relative reference where no base is declared."""
        return self.resolve(token) or (self._absolute(token.text) if token.kind == "iri" else None)

    def literal(self, token: Token) -> str | None:
        """Return the IRI of a token that needs neither a base nor escapes to be read."""
        if token.kind == "iri":
            return token.text[1:-1] if _ABSOLUTE.fullmatch(token.text[1:-1]) else None
        prefix = f"{token.text.partition(':')[0]}:"
        return self.resolve(token) if token.kind == "name" and prefix in self._literal else None

    def _absolute(self, written: str) -> str:
        iri = _CODEPOINT.sub(lambda found: chr(int(found[1] or found[2], 16)), written[1:-1])
        return urljoin(self._base, iri) if self._base else iri


def read_dataset(tokens: Sequence[Token]) -> Dataset | None:
    """Return the graphs of FROM and FROM NAMED.

    An IRI may be relative to the request. None when there are none, or when a prefix is unknown:
    the engine then reports it.
    """
    head = list(_before_where(tokens))
    prologue: Prologue | None = None
    default: dict[str, None] = {}
    named: dict[str, None] = {}
    for at, token in enumerate(head[:-1]):
        if token.kind != "word" or token.text != "FROM":
            continue
        target, found = default, head[at + 1]
        if found.kind == "word" and found.text == "NAMED":
            if at + 2 >= len(head):
                return None
            target, found = named, head[at + 2]
        prologue = prologue or Prologue(tokens)
        iri = prologue.reference(found)
        if iri is None:
            return None
        target[iri] = None
    return (tuple(default), tuple(named)) if default or named else None


def has_relative_iri(tokens: Sequence[Token]) -> bool:
    """Whether an IRI is relative to the URL of the request, which an absolute BASE prevents."""
    for at, token in enumerate(tokens):
        if token.kind == "iri":
            if _ABSOLUTE.match(token.text[1:-1]) is None:
                return True
            if at and tokens[at - 1].text == "BASE":
                return False
    return False


def resolve_dataset(dataset: Dataset, base: str) -> Dataset | None:
    """Return a dataset with its IRIs resolved against `base`; None if one cannot be."""
    default, named = (tuple(urljoin(base, iri) for iri in graphs) for graphs in dataset)
    return (default, named) if all(map(is_absolute_iri, (*default, *named))) else None


def _before_where(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield what precedes the WHERE clause, without the template of CONSTRUCT."""
    depth = 0
    for at, token in enumerate(tokens):
        if token.kind == "mark" and token.text == "{":
            if not depth and not (at and tokens[at - 1].text == "CONSTRUCT"):
                return
            depth += 1
        elif token.kind == "mark" and token.text == "}":
            depth -= 1
        elif not depth:
            yield token


def read_services(tokens: Sequence[Token]) -> tuple[ServiceCall, ...]:
    """Return the SERVICE calls of a query or update in their order."""
    found = []
    prologue: Prologue | None = None
    for at, token in enumerate(tokens):
        if token.kind == "word" and token.text == "SERVICE":
            following = [t for t in tokens[at + 1 : at + 3] if t.text != "SILENT"]
            endpoint = following[0] if following else token
            prologue = prologue or Prologue(tokens)
            iri = prologue.literal(endpoint) or UNKNOWN
            found.append(ServiceCall(iri, endpoint.start, endpoint.end))
        elif _glued(tokens, at):
            found.append(ServiceCall(UNKNOWN, token.start, token.end))
    return tuple(found)


def check_services(calls: Sequence[ServiceCall], allowed: frozenset[str]) -> None:
    """Raise `ServiceRefused` for an IRI that is not, character by character, in `allowed`."""
    for call in calls:
        if call.iri not in allowed:
            shown = "an endpoint given by a variable, a relative IRI or an unknown prefix"
            shown = shown if call.iri == UNKNOWN else f"<{call.iri[:200]}>"
            raise ServiceRefused(
                f"SERVICE calls {shown}, and this endpoint opens connections only to "
                "endpoints that its operator has allow-listed by their exact IRI. Query the other "
                "endpoint directly and join the results, or ask the operator to allow it."
            )


def service_edits(calls: Sequence[ServiceCall], addresses: Mapping[str, str]) -> list[Edit]:
    """Return the edits that replace the IRI of every call by its address."""
    return [Edit(call.start, call.end, f"<{addresses[call.iri]}>") for call in calls]


def _glued(tokens: Sequence[Token], at: int) -> bool:
    """Whether the engine's parser could read `SERVICEx:y {` as SERVICE of `x:y`."""
    token = tokens[at]
    if token.kind != "name" or "service" not in token.text.partition(":")[0].lower():
        return False
    before = tokens[at - 1].text if at else ""
    after = tokens[at + 1].text if at + 1 < len(tokens) else ""
    return after == "{" and before not in {"GRAPH", "FROM", "NAMED"}
