"""FROM and FROM NAMED: the dataset that a query names for itself (SPARQL 1.1 Query §13.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from jiqun.endpoint.iris import is_absolute_iri
from jiqun.endpoint.sparql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jiqun.endpoint.sparql.tokens import Token

Dataset = tuple[tuple[str, ...], tuple[str, ...]]

_MOST_TOKENS: Final = 100_000
_DEEPEST: Final = 1_000
_CODEPOINT: Final = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_ESCAPED: Final = re.compile(r"\\(.)")


def dataset_of(text: str) -> Dataset | None:
    """Give the default graphs and the named graphs of a query that has passed the gate.

    None when it names no dataset, or one that cannot be resolved here, which the store then judges.
    """
    if "from" not in text.lower():
        return None
    text, tokens, _ = tokenize(text, _MOST_TOKENS, _DEEPEST)
    head = list(_head(tokens))
    names = _Names(head)
    default: list[str] = []
    named: list[str] = []
    for at, token in enumerate(head[:-1]):
        if token.kind != "word" or token.text != "FROM":
            continue
        following = head[at + 1]
        target, found = default, following
        if following.kind == "word" and following.text == "NAMED":
            if at + 2 >= len(head):
                return None
            target, found = named, head[at + 2]
        iri = names.resolve(found)
        if iri is None:
            return None
        target.append(iri)
    return (
        (tuple(dict.fromkeys(default)), tuple(dict.fromkeys(named))) if default or named else None
    )


def _head(tokens: list[Token]) -> Iterator[Token]:
    """Give what stands before the WHERE clause, a template left out."""
    depth = 0
    for at, token in enumerate(tokens):
        if token.kind == "mark" and token.text == "{":
            # Of CONSTRUCT { … } FROM … WHERE { … } the first group is the template.
            if not depth and not (at and tokens[at - 1].text == "CONSTRUCT"):
                return
            depth += 1
        elif token.kind == "mark" and token.text == "}":
            depth -= 1
        elif not depth:
            yield token


class _Names:
    """The prologue: what relative IRIs and prefixed names stand for."""

    def __init__(self, tokens: list[Token]) -> None:
        self._base = ""
        self._prefixes: dict[str, str] = {}
        for at, token in enumerate(tokens):
            if token.kind != "word":
                continue
            if token.text == "BASE":
                self._base = self._absolute(tokens[at + 1].text)
            elif token.text == "PREFIX":
                self._prefixes[tokens[at + 1].text] = self._absolute(tokens[at + 2].text)

    def resolve(self, token: Token) -> str | None:
        if token.kind == "iri":
            iri = self._absolute(token.text)
        elif token.kind == "name":
            prefix, _, local = token.text.partition(":")
            space = self._prefixes.get(f"{prefix}:")
            if space is None:
                return None
            iri = space + _ESCAPED.sub(r"\1", local)
        else:
            return None
        return iri if is_absolute_iri(iri) else None

    def _absolute(self, written: str) -> str:
        iri = _CODEPOINT.sub(lambda found: chr(int(found[1] or found[2], 16)), written[1:-1])
        return urljoin(self._base, iri) if self._base else iri
