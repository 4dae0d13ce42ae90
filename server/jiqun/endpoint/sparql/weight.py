"""Which queries are light: those whose work is small whatever the data.

Light queries have workers of their own, so a query is light only when its shape says so: nothing
that sorts, groups, repeats or multiplies, few patterns, and each of them anchored, that is,
looked up from a term that is already known. What the shape cannot see (an entity with a million
statements) the time slice of the lane catches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jiqun.endpoint.sparql.patterns import Pattern, Shape
    from jiqun.endpoint.sparql.tokens import Token

_HEAVY_WORDS: Final = """
    GROUP HAVING ORDER MINUS EXISTS SERVICE LATERAL UNION REDUCED COUNT SUM MIN MAX AVG SAMPLE
    GROUP_CONCAT REGEX REPLACE MD5 SHA1 SHA256 SHA384 SHA512 CONCAT
"""
_HEAVY: Final = frozenset(_HEAVY_WORDS.split())
_MOST_TOKENS: Final = 200
_MOST_PATTERNS: Final = 8
_MOST_OPEN_PREDICATES: Final = 2
_MOST_ROWS: Final = 1_000
_TYPES: Final = frozenset(
    {"A", "rdf:type", "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", "rdfs:label"}
)


def is_light(
    form: str, tokens: list[Token], words: list[str], shape: Shape, row_limit: int | None
) -> bool:
    """Tell whether a query of this form and shape is light; `words` are those of its tokens."""
    if len(tokens) > _MOST_TOKENS or shape.repeated_path or shape.values_blocks > 1:
        return False
    if not _HEAVY.isdisjoint(words) or words.count("SELECT") > 1 or "FROM" in words:
        return False
    patterns = shape.patterns
    if form == "DESCRIBE":
        return not patterns and not any(t.kind == "variable" for t in tokens)
    if form == "CONSTRUCT" or len(patterns) > _MOST_PATTERNS:
        return False
    if not patterns:
        return "GRAPH" not in words
    return _anchored(patterns, tokens) or _page(form, patterns, words, row_limit)


def _anchored(patterns: list[Pattern], tokens: list[Token]) -> bool:
    """Tell whether every pattern can be looked up from a term or an already known variable."""
    if sum(_variable(p.predicate) for p in patterns) > _MOST_OPEN_PREDICATES:
        return False
    known = _values_variable(tokens)
    left = list(patterns)
    while left:
        ready = [p for p in left if _looked_up(p, known)]
        if not ready:
            return False
        for pattern in ready:
            known.update(filter(_variable, (pattern.subject, pattern.predicate, pattern.object)))
            left.remove(pattern)
    return True


def _looked_up(pattern: Pattern, known: set[str]) -> bool:
    if not pattern.predicate:
        return False
    if not _variable(pattern.subject) or pattern.subject in known:
        return pattern.subject != "[]"
    constant = not _variable(pattern.object) and pattern.object != "[]"
    return constant and not _variable(pattern.predicate) and pattern.predicate not in _TYPES


def _values_variable(tokens: list[Token]) -> set[str]:
    """Return the variable that a short VALUES block binds, if there is one."""
    for at, token in enumerate(tokens[:-1]):
        if token.kind == "word" and token.text == "VALUES":
            following = tokens[at + 1]
            return {following.text} if following.kind == "variable" else set()
    return set()


def _page(form: str, patterns: list[Pattern], words: list[str], row_limit: int | None) -> bool:
    """Tell whether one plain pattern is read off page by page."""
    if len(patterns) != 1 or not patterns[0].predicate:
        return False
    if not {"FILTER", "DISTINCT", "OFFSET", "OPTIONAL", "BIND", "VALUES"}.isdisjoint(words):
        return False
    pattern = patterns[0]
    variables = [t for t in (pattern.subject, pattern.predicate, pattern.object) if _variable(t)]
    if len(set(variables)) != len(variables):
        return False
    return form == "ASK" or (row_limit is not None and row_limit <= _MOST_ROWS)


def _variable(text: str) -> bool:
    return text[:1] in {"?", "$"} or text.startswith("_:")
