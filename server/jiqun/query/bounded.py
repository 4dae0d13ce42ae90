"""Decides which queries are cheap enough to be evaluated in the serving process.

Nothing that is admitted produces rows or long strings but triple patterns: no path, UNION, GRAPH,
VALUES, subquery, EXISTS, aggregate or expression with a name, no function that lengthens strings.
Filters, DISTINCT and ORDER BY see at most the rows of the patterns.

Each pattern has a constant subject or object. The triples of the default graph that match its
constants are counted, up to the bound. A scan, a loop, a hash join or a left join over some of the
patterns then has at most the product of these numbers as rows, whatever plan the engine chooses.

In memory, a match is found by following the list of the triples of a term: that of a constant of
the pattern, unless another is shorter (`held_graph`). Each pattern is matched at most once for each
row that the others make, so the triples read are at most the rows times the sum of these lists.

In memory, patterns may also go on from a constant subject: `<a> ?p ?x . ?x <q> ?y`. The engine
joins triple patterns one by one: first the one with the fewest matches, as it estimates by the
places of its constants, then those whose subject is bound (`sparopt`, `reorder_joins`). So a
pattern is matched once for each row of those before it. These are at most the product of the most
statements of their predicates that any subject has. The list that is read is at most the longest
of any object of the predicate that leads to it. Both are known for each predicate (`Extent`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, pairwise
from math import prod
from typing import Any, Final, NamedTuple

import pyoxigraph as ox

from jiqun.query.clauses import Prologue
from jiqun.query.held_graph import matches
from jiqun.query.patterns import Pattern, Shape, is_variable
from jiqun.query.tokens import Token
from jiqun.rdf.namespaces import RDF

MOST_ROWS: Final = 128
"""Rows of any intermediate result, for any order of the joins."""

MOST_CHARACTERS: Final = 64 * 1024
"""Characters of all terms in that many rows."""

MOST_ROWS_OF_CHAIN: Final = 1024
MOST_CHARACTERS_OF_CHAIN: Final = 352 * 1024

MOST_READ: Final = 48 * 1024
"""Triples read in memory, about 33 ns each."""

_LONGEST_LIST: Final = 1024
_UNKNOWN_LENGTH: Final = 10_000
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
    """A triple pattern with the IRIs of its constants; None for a variable or a literal.

    Where it goes on from another pattern, `follows` is the number of the one whose object is its
    subject, and `one` says whether its object is a constant.
    """

    subject: str | None
    predicate: str | None
    object: str | None
    follows: int | None = None
    one: bool = False


class Extent(NamedTuple):
    """What the statements of one predicate lead to.

    The most of them that one subject has, the most statements that one of their objects has as a
    subject, and the characters of the longest object.
    """

    statements: int
    list: int
    characters: int


_NOTHING: Final = Extent(0, 0, 0)
_EXTENTS: Final = """
    SELECT ?predicate (MAX(?count) AS ?most) {
      { SELECT ?subject ?predicate (COUNT(*) AS ?count) { ?subject ?predicate ?object }
        GROUP BY ?subject ?predicate }
    } GROUP BY ?predicate
""", """
    SELECT ?predicate (MAX(?count) AS ?most) {
      { SELECT ?object (COUNT(*) AS ?count) { ?object ?any ?value } GROUP BY ?object }
      ?subject ?predicate ?object
    } GROUP BY ?predicate
""", f"""
    SELECT ?predicate (MAX(COALESCE(STRLEN(STR(?object)), {_UNKNOWN_LENGTH})) AS ?most) {{
      ?subject ?predicate ?object
    }} GROUP BY ?predicate
"""  # fmt: skip


def measure_extents(store: ox.Store) -> Mapping[str, Extent]:
    """Return the extent of each predicate of a graph in memory."""
    statements, lists, characters = (
        {row["predicate"].value: int(row["most"].value) for row in _rows(store, query)}
        for query in _EXTENTS
    )
    return {
        each: Extent(most, lists.get(each, 0), characters[each])
        for each, most in statements.items()
    }


def _rows(store: ox.Store, query: str) -> Any:
    return store.query(query)


def read_lookups(
    text: str, form: str, tokens: Sequence[Token], nesting: int, shape: Shape
) -> tuple[Lookup, ...] | None:
    """Return the triple patterns of a query whose cost depends only on their matches.

    None for every other query. Each has a constant subject or object, or all but the first go on
    from others before them.
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
        if lookup is None:
            return None
        lookups.append(lookup)
    if all(lookup.subject or lookup.object for lookup in lookups):
        return tuple(lookups)
    return _chain(shape.patterns, lookups) if shape.groups == 1 else None


def _chain(patterns: Sequence[Pattern], lookups: Sequence[Lookup]) -> tuple[Lookup, ...] | None:
    """Return the patterns so that each but the first goes on from one before it."""
    starts = [at for at, lookup in enumerate(lookups) if lookup.subject]
    if len(starts) != 1 or not is_variable(patterns[starts[0]].object):
        return None
    found = [lookups[starts[0]]]
    leads = {patterns[starts[0]].object: 0}
    left = [at for at in range(len(patterns)) if at != starts[0]]
    while left:
        at = next((at for at in left if patterns[at].subject in leads), None)
        if at is None or not lookups[at].predicate:
            return None
        left.remove(at)
        one = not is_variable(patterns[at].object)
        found.append(lookups[at]._replace(follows=leads[patterns[at].subject], one=one))
        if not one:
            leads.setdefault(patterns[at].object, len(found) - 1)
    return tuple(found)


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
    subject, predicate, value = found
    return Lookup(subject, predicate, value)


def is_bounded(store: ox.Store, lookups: Sequence[Lookup]) -> bool:
    """Return whether the rows of every join of the patterns stay below the bounds, on disk."""
    rows, characters = 1, 0
    for lookup in lookups:
        if lookup.follows is not None:
            return False
        sizes = [
            _characters(quad) for quad in islice(matches(store, *lookup[:3]), MOST_ROWS // rows + 1)
        ]
        rows *= max(1, len(sizes))
        characters += max(sizes, default=0)
        if rows > MOST_ROWS or rows * characters > MOST_CHARACTERS:
            return False
    return True


def is_bounded_in_memory(
    store: ox.Store, lookups: Sequence[Lookup], extents: Mapping[str, Extent]
) -> bool:
    """Return whether the rows, and the triples that are read, stay below the bounds in memory."""
    if lookups and lookups[-1].follows is not None:
        cost = cost_of_chain(store, lookups, extents)
        return (
            cost is not None
            and cost.rows <= MOST_ROWS_OF_CHAIN
            and cost.characters <= MOST_CHARACTERS_OF_CHAIN
            and cost.read <= MOST_READ
        )
    rows, characters, length = 1, 0, 0
    for lookup in lookups:
        triples = _list(store, lookup)
        if triples is None:
            return False
        sizes = [_characters(quad) for quad in triples if _matches(quad, lookup)]
        length += len(triples)
        rows *= max(1, len(sizes))
        characters += max(sizes, default=0)
        if rows > MOST_ROWS or rows * characters > MOST_CHARACTERS or rows * length > MOST_READ:
            return False
    return True


class Cost(NamedTuple):
    """The most rows, characters of their terms, and triples read, in any order of the steps."""

    rows: int
    characters: int
    read: int


def cost_of_chain(
    store: ox.Store, lookups: Sequence[Lookup], extents: Mapping[str, Extent]
) -> Cost | None:
    """Return what a chain costs at most in memory; None if its start already costs too much."""
    start, *others = lookups
    triples = _list(store, start)
    if triples is None:
        return None
    found = [quad for quad in triples if _matches(quad, start)]
    led = [extents.get(quad.predicate.value, _NOTHING) for quad in found]
    steps = [extents.get(each.predicate or "", _NOTHING) for each in others]
    lists = [max((each.list for each in led), default=0), *(step.list for step in steps)]
    rows, longest, read = max(1, len(found)), max(map(_characters, found), default=0), len(triples)
    branches = [
        1 if lookup.one else max(1, step.statements)
        for lookup, step in zip(others, steps, strict=True)
    ]
    rows *= prod(branches)
    longest += sum(step.characters for step in steps)
    for lookup, branch in zip(others, branches, strict=True):
        read += rows // branch * lists[lookup.follows or 0]
    return Cost(rows, rows * longest, read)


def _list(store: ox.Store, lookup: Lookup) -> list[ox.Quad] | None:
    """Return all triples of the subject or of the object of a pattern; None if they are many."""
    for subject, value in ((lookup.subject, None), (None, lookup.object)):
        if subject or value:
            triples = list(islice(matches(store, subject, None, value), _LONGEST_LIST + 1))
            if len(triples) <= _LONGEST_LIST:
                return triples
    return None


def _matches(quad: ox.Quad, lookup: Lookup) -> bool:
    subject, predicate, value = lookup.subject, lookup.predicate, lookup.object
    return (
        (predicate is None or quad.predicate.value == predicate)
        and (value is None or quad.object == ox.NamedNode(value))
        and (subject is None or quad.subject == ox.NamedNode(subject))
    )


def _characters(quad: ox.Quad) -> int:
    parts = (quad.subject, quad.predicate, quad.object)
    return sum(
        _UNKNOWN_LENGTH if isinstance(part, ox.Triple) else len(part.value) for part in parts
    )
