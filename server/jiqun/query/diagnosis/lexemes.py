"""Tokenizes without ever failing: what is no token becomes a lexeme of its own kind."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from jiqun.query.tokens import BLANKS, TERMINAL, WORDS, split_words

_KINDS: Final = ("", *sorted(TERMINAL.groupindex, key=lambda kind: TERMINAL.groupindex[kind]))
_OPEN_TEXT: Final = re.compile(r"\"\"\"|'''|\"|'")
_RUN: Final = re.compile(r"[^\s{}()\[\],;\"'<>]++")


class Lexeme(NamedTuple):
    """A token as in `tokens`, or `text` that is never closed, `stray`, or the `end`.

    `text` is as written; `word` is a SPARQL keyword in upper case, else empty.
    """

    kind: str
    text: str
    start: int
    end: int
    word: str = ""


def lexeme_at(text: str, position: int) -> Lexeme:
    """Return the token at `position`, after any white space."""
    found = TERMINAL.match(text, position)
    if found is None:
        blanks = BLANKS.match(text, position)
        start = blanks.end() if blanks else position
        opening = _OPEN_TEXT.match(text, start)
        if opening is not None:
            return Lexeme("text", opening[0], start, len(text))
        if text[start].isalpha():
            run = _RUN.match(text, start)
            end = run.end() if run else start + 1
            return Lexeme("stray", text[start:end], start, end)
        return Lexeme("stray", text[start], start, start + 1)
    index = found.lastindex or 0
    start, end = found.span(index)
    kind, value = _KINDS[index], found[index]
    if kind != "word":
        return Lexeme(kind, value, start, end)
    if value.upper() not in WORDS:
        first = next(iter(split_words(value)), value)
        value, end = first, start + len(first)
    word = value.upper()
    return Lexeme("word", value, start, end, word if word in WORDS else "")
