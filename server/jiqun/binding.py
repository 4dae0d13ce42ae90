"""Giving the variables of a query their values.

A variable is replaced by an RDF term wherever it stands, as SHACL's pre-binding does (SHACL,
section 5.3) and as grlc does with its parameters. pyoxigraph's own `substitutions` reach only the
variables that a query projects, neither subqueries nor, reliably, filters; and other engines have
none. What is put in is a term that the N-Triples grammar has accepted, never a user's text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN: Final = re.compile(
    r"""<[^<>"{}|^`\\\x00-\x20]*>"""
    r"""|"{3}(?:[^"\\]|\\.|"(?!""))*"{3}"""
    r"""|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}"""
    r"""|"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*'|\#[^\n\r]*|[?$](?P<variable>\w+)""",
    re.DOTALL,
)


def bind(text: str, terms: Mapping[str, str]) -> str:
    """Return the query with these variables (without question mark) replaced by terms.

    Terms are in N-Triples syntax: IRIs and literals. Variables in strings, comments and IRIs are
    none and stay; so does everything else. Raises `ValueError` for what is no such term.
    """
    if not terms:
        return text
    checked = {variable: _checked(term) for variable, term in terms.items()}
    return _TOKEN.sub(lambda match: checked.get(match["variable"] or "", match[0]), text)


def _checked(term: str) -> str:
    """Return the term as pyoxigraph writes it, which leaves no character to be misread."""
    try:
        found = [quad.object for quad in ox.parse(f"<x:s> <x:p> {term} .", ox.RdfFormat.N_TRIPLES)]
    except SyntaxError as error:
        raise ValueError(f"This is no RDF term: {term[:80]!r}") from error
    if len(found) != 1 or not isinstance(found[0], ox.NamedNode | ox.Literal):
        raise ValueError(f"This is no IRI or literal: {term[:80]!r}")
    return f" {found[0]} "
