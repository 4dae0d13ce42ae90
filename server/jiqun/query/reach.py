"""Reads which triples a query can match, and how its patterns are joined.

`held_graph` chooses by it among the copies in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from jiqun.query.clauses import Prologue
from jiqun.query.held_graph import ANY, Reach
from jiqun.query.patterns import Pattern, Shape, is_variable
from jiqun.query.tokens import Token
from jiqun.rdf.namespaces import RDF

_NEWER: Final = frozenset({"<<(", "<<", "{|", "~"})
_MOST_TOKENS: Final = 2_000


def read_reach(form: str, tokens: Sequence[Token], shape: Shape) -> Reach | None:
    """Return the reach of a query without SERVICE; None if it is not known."""
    if form == "DESCRIBE" or shape.negated_path or len(tokens) > _MOST_TOKENS:
        return None
    iris = _iris(tokens)
    if iris is None:
        return None
    patterns = shape.patterns
    written = {text for each in patterns for text in each.path or (each.predicate,)}
    if not all(text in iris or is_variable(text) for text in written):
        return None
    described = Counter(each.subject for each in patterns if not is_variable(each.predicate))
    return Reach(
        tuple(sorted({*iris.values()})),
        tuple(
            (iris.get(each.subject), iris.get(each.object))
            for each in patterns
            if is_variable(each.predicate) and (each.group, each.predicate) not in shape.listed
        ),
        _predicates(
            (
                each
                for each in patterns
                if not is_variable(each.predicate)
                and _varies(each.subject)
                and described[each.subject] > 1
            ),
            iris,
        ),
        _predicates(
            (
                each
                for each in patterns
                if each.path or (_varies(each.object) and described[each.object])
            ),
            iris,
        ),
    )


def _iris(tokens: Sequence[Token]) -> Mapping[str, str] | None:
    """Return the IRIs of all tokens by their text, None if one of them depends on a base."""
    prologue = Prologue(tokens)
    iris = {"A": f"{RDF}type"}
    for token in tokens:
        if token.kind in {"iri", "name"}:
            if token.text not in iris:
                iri = prologue.resolve(token)
                if iri is None:
                    return None
                iris[token.text] = iri
        elif token.text in _NEWER or token.text == "BASE":
            return None
    return iris


def _varies(term: str) -> bool:
    return is_variable(term) or term == "[]"


def _predicates(patterns: Iterable[Pattern], iris: Mapping[str, str]) -> tuple[str, ...]:
    found: set[str] = set()
    for each in patterns:
        texts = each.path or (each.predicate,)
        found.update(ANY if is_variable(text) else iris[text] for text in texts)
    return tuple(sorted(found))
