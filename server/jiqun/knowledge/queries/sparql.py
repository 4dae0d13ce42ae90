"""What a SPARQL query is, and whether it can be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

if TYPE_CHECKING:
    from jiqun.knowledge.queries.headers import Annotated

_FORM: Final = re.compile(r"\b(SELECT|ASK|CONSTRUCT|DESCRIBE)\b", re.IGNORECASE)
_PROLOGUE: Final = re.compile(r"\s*(?:PREFIX\s+[^\s:]*:\s*<[^>]*>|BASE\s*<[^>]*>)", re.IGNORECASE)


def query_form(file: Annotated) -> str:
    """Return SELECT, ASK, CONSTRUCT or DESCRIBE; raise `Malformed` when it is none of them."""
    text = file.bare()
    while match := _PROLOGUE.match(text):
        text = text[match.end() :]
    found = _FORM.match(text.lstrip())
    if found is None:
        raise file.mistake("this is no SELECT, ASK, CONSTRUCT or DESCRIBE", "query-syntax", 1)
    return found[1].upper()


def check_syntax(file: Annotated) -> None:
    """Raise `Malformed` with the line unless pyoxigraph can read the query.

    That rdflib can read it too is held by a test: its parser takes a twentieth of a second for
    each query, which a curator should not have to wait for.
    """
    if re.search(r"\b(?:SERVICE|LOAD)\b", file.bare(), re.IGNORECASE):
        raise file.mistake("a query of ours asks no other endpoint: no SERVICE", "query-syntax")
    try:
        ox.Store().query(file.text)
    except SyntaxError as error:
        line, what = _explain(error.msg or str(error), file.text)
        raise file.mistake(what, "query-syntax", line) from None


def _explain(message: str, text: str) -> tuple[int, str]:
    """Return the line and a message shorter than the parser's list of all it could have taken."""
    place = re.search(r"error at ([0-9]+):([0-9]+)", message)
    if place is None:
        return 1, message.strip()
    line, column = int(place[1]), int(place[2])
    rows = text.split("\n")
    row = rows[line - 1] if line <= len(rows) else ""
    before, rest = row[: column - 1].split(), row[column - 1 :].strip()
    if "Prefix not found" in message and before:
        return line, f"the prefix of {before[-1]} is not declared"
    return line, f"not SPARQL from “{rest[:40]}” on" if rest else "the query ends too early"
