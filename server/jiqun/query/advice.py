"""Warnings about valid queries that may not mean what their author intends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from jiqun.query.clauses import Prologue
from jiqun.query.functions import (
    DISTANCE,
    EXTENSION_FUNCTIONS,
    LANGUAGE_FUNCTION,
    MISSING_FUNCTIONS,
)
from jiqun.query.rewriting import Edit
from jiqun.query.tokens import Token, place
from jiqun.rdf.namespaces import XSD
from jiqun.rdf.terms import language_tag

_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})+")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_METRE: Final = "http://www.opengis.net/def/uom/OGC/1.0/metre"
_WITH_UNIT: Final = 3
_KNOWN: Final = frozenset(EXTENSION_FUNCTIONS)


def advice(text: str, tokens: Sequence[Token], edits: Sequence[Edit]) -> tuple[str, ...]:
    """Return warnings, each an ASCII sentence in English that fits into a header.

    `edits` are those of the gate: direct comparisons with LANG() already ignore case.
    """
    found = [
        *_unknown_functions(text, tokens),
        *_unusual_tags(text, tokens, edits),
        *_bare_dates(text, tokens),
    ]
    return tuple(each.encode("ascii", "backslashreplace").decode() for each in found)


def _unknown_functions(text: str, tokens: Sequence[Token]) -> Iterator[str]:
    prologue: Prologue | None = None
    for at, (token, following) in enumerate(pairwise(tokens)):
        called = following.text == "(" and following.expression and following.kind == "mark"
        if called and token.kind in {"iri", "name"}:
            prologue = prologue or Prologue(tokens)
            name = prologue.resolve(token)
            where = place(text, token.start)
            if name == DISTANCE and _arguments(tokens, at + 1) < _WITH_UNIT:
                yield (
                    f"geof:distance ({where}) without a unit is an error; its third argument is "
                    f"<{_METRE}>."
                )
            elif name is not None and name not in _KNOWN and not name.startswith(XSD):
                instead = MISSING_FUNCTIONS.get(name)
                more = f" Instead, {instead}." if instead else ""
                yield f"Unknown function <{name[:200]}> ({where}): its value is an error.{more}"


def _arguments(tokens: Sequence[Token], opening: int) -> int:
    """Count the arguments in the parentheses that open at a token."""
    depth, commas = 0, 0
    for token in tokens[opening:]:
        if token.kind == "mark":
            depth += (token.text in {"(", "{"}) - (token.text in {")", "}"})
            commas += token.text == "," and depth == 1
            if depth == 0:
                break
    return commas + 1


def _bare_dates(text: str, tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        date = _DATE.match(text, token.start) if token.kind == "number" else None
        if date:
            where = place(text, token.start)
            yield f'{date[0]} ({where}) is a subtraction; a date is "{date[0]}"^^xsd:date.'


def _unusual_tags(text: str, tokens: Sequence[Token], edits: Sequence[Edit]) -> Iterator[str]:
    """Warn about constants that may be compared with the value of LANG()."""
    if not any(edit.text == f"<{LANGUAGE_FUNCTION}>" for edit in edits):
        return
    folded = {edit.start for edit in edits}
    for token in tokens:
        if token.kind == "string" and token.start not in folded:
            value = text[token.start + 1 : token.end - 1]
            if _TAG.fullmatch(value) and language_tag(value) != value:
                where = place(text, token.start)
                usual = language_tag(value)
                yield f'If "{value}" ({where}) is a language tag: LANG() gives "{usual}".'
