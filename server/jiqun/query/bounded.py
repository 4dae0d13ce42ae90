"""Decides which queries are cheap enough to be evaluated in the serving process.

The bound holds for every plan that the engine may choose. For each triple pattern, the triples of
the default graph that match its constants are counted, up to the bound. A scan, a loop, a hash join
or a left join over some of the patterns then has at most the product of these numbers as rows, and
nothing else that is admitted produces rows or long strings: no path, UNION, GRAPH, VALUES,
subquery, EXISTS, aggregate or expression with a name, no function that lengthens strings. Filters,
DISTINCT and ORDER BY see at most that many rows.

In memory, a match is found by following the list of the triples of a term: that of a constant of
the pattern, unless another is shorter (`held_graph`). Each pattern is matched at most once for each
row that the others make, so the triples read are at most the rows times the sum of these lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Final, NamedTuple

import pyoxigraph as ox

from jiqun.query.clauses import Prologue
from jiqun.query.held_graph import matches
from jiqun.query.patterns import Pattern, Shape
from jiqun.query.tokens import Token
from jiqun.rdf.namespaces import RDF

MOST_ROWS: Final = 128
"""Rows of any intermediate result, for any order of the joins."""

MOST_CHARACTERS: Final = 64 * 1024
"""Characters of all terms in that many rows."""

MOST_READ: Final = 32 * 1024
"""Triples read in memory, about 33 ns each."""

_LONGEST_LIST: Final = 1024
_MOST_TEXT: Final = 2_000
_MOST_TOKENS: Final = 100
_MOST_NESTING: Final = 6
_MOST_PATTERNS: Final = 4
_ADMITTED: Final = """
    PREFIX BASE SELECT ASK WHERE DISTINCT OPTIONAL FILTER ORDER BY ASC DESC LIMIT OFFSET A TRUE
    FALSE IN NOT STR LANG LANGMATCHES DATATYPE BOUND SAMETERM ISIRI ISURI ISBLANK ISLITERAL
    ISNUMERIC STRSTARTS STRENDS CONTAINS STRLEN LCASE UCASE
"""
_WORDS: Final = frozenset(_ADMITTED.split())
_MARKS: Final = frozenset("{ } ( ) . ; , * = != < > <= >= && || ! + - ^^".split())  # noqa: SIM905
_TYPE: Final = ox.NamedNode(f"{RDF}type")
_END: Final = Token("end", "", 0, 0)


class Lookup(NamedTuple):
    """A triple pattern with the IRIs of its constants; None for a variable or a literal."""

    subject: str | None
    predicate: str | None
    object: str | None


def read_lookups(
    text: str, form: str, tokens: Sequence[Token], nesting: int, shape: Shape
) -> tuple[Lookup, ...] | None:
    """Return the triple patterns of a query whose cost depends only on their matches.

    None for every other query. Each pattern has a constant subject or object.
    """
    if form not in {"SELECT", "ASK"} or len(text) > _MOST_TEXT or nesting > _MOST_NESTING:
        return None
    if len(tokens) > _MOST_TOKENS or len(shape.patterns) > _MOST_PATTERNS:
        return None
    if not _are_admitted(tokens):
        return None
    prologue = Prologue(tokens) if shape.patterns else None
    written = {token.text: token for token in tokens if token.kind in {"iri", "name"}}
    lookups = []
    for pattern in shape.patterns:
        lookup = _lookup(pattern, written, prologue)
        if lookup is None or (lookup.subject is None and lookup.object is None):
            return None
        lookups.append(lookup)
    return tuple(lookups)


def _are_admitted(tokens: Sequence[Token]) -> bool:
    """Return whether no token can produce rows or long strings."""
    for token, following in pairwise([*tokens, _END]):
        if token.kind == "word":
            admitted = token.text in _WORDS
        elif token.kind == "mark":
            admitted = token.text in _MARKS
        elif token.kind in {"iri", "name"}:
            admitted = following.text != "("  # a function
        else:
            admitted = token.kind != "blank"
        if not admitted:
            return False
    once = [token.text for token in tokens if token.text in {"SELECT", "!"}]
    return len(once) == len(set(once))


def _lookup(
    pattern: Pattern, written: dict[str, Token], prologue: Prologue | None
) -> Lookup | None:
    """Return the constants of a pattern; None when one of them cannot be resolved."""
    assert prologue is not None
    found: list[str | None] = []
    for text in (pattern.subject, pattern.predicate, pattern.object):
        token = written.get(text)
        iri = prologue.resolve(token) if token is not None else None
        if token is not None and iri is None:
            return None
        found.append(iri)
    if not pattern.predicate:  # a path
        return None
    if pattern.predicate == "A":
        found[1] = _TYPE.value
    return Lookup(*found)


def is_bounded(store: ox.Store, lookups: Sequence[Lookup], *, in_memory: bool = False) -> bool:
    """Return whether the rows of every join of the patterns stay below the bounds.

    For a store in memory, also the triples that are read.
    """
    rows, characters, length = 1, 0, 0
    for lookup in lookups:
        if in_memory:
            triples = _list(store, lookup)
            if triples is None:
                return False
            length += len(triples)
            quads = iter([quad for quad in triples if _matches(quad, lookup)])
        else:
            quads = matches(store, *lookup)
        sizes = [_characters(quad) for quad in islice(quads, MOST_ROWS // rows + 1)]
        rows *= max(1, len(sizes))
        characters += max(sizes, default=0)
        if rows > MOST_ROWS or rows * characters > MOST_CHARACTERS or rows * length > MOST_READ:
            return False
    return True


def _list(store: ox.Store, lookup: Lookup) -> list[ox.Quad] | None:
    """Return all triples of the subject or of the object of a pattern; None if they are many."""
    for subject, value in ((lookup.subject, None), (None, lookup.object)):
        if subject or value:
            triples = list(islice(matches(store, subject, None, value), _LONGEST_LIST + 1))
            if len(triples) <= _LONGEST_LIST:
                return triples
    return None


def _matches(quad: ox.Quad, lookup: Lookup) -> bool:
    return all(
        iri is None or (isinstance(term, ox.NamedNode) and term.value == iri)
        for term, iri in zip(quad.triple, lookup, strict=True)
    )


def _characters(quad: ox.Quad) -> int:
    parts = (quad.subject, quad.predicate, quad.object)
    return sum(10_000 if isinstance(part, ox.Triple) else len(part.value) for part in parts)
