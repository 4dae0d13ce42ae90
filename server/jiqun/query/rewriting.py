"""Edits queries where the engine departs from the standard.

Deviations of pyoxigraph 0.5.13 and what is done about them; `tests/query/test_rewriting.py` shows
each with the smallest input:

* `TRUE` is refused, though keywords have no case (SPARQL 1.1, 19.8, note 1): written as `true`.
* A variable that is selected or described twice is refused: the second is omitted.
* `COUNT(DISTINCT *)` counts the hidden variables of paths and blank nodes: the pattern becomes a
  `SELECT *`, which hides them.
* The store has language tags in lower case, where the data has `zh-Hans`: operands compared with
  LANG() are lower-cased, and elsewhere its value is the canonical form of the tag.
* A zero-length path from or to a constant requires the constant in the graph: it always matches
  (18.4).
* GROUP_CONCAT has a language when all its strings have the same: it is a plain string (18.5.1.7).
* `GRAPH ?g { VALUES … }` leaves ?g unbound: `GRAPH ?g {}` before it binds it to every graph.
* The name of an aggregate cannot be used in a later expression of the same SELECT: it is replaced
  by the aggregate.
* Nested `!` take exponential time when their operand has an error: deep ones are written with IF.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Final, NamedTuple

from jiqun.query.functions import LANGUAGE_FUNCTION
from jiqun.query.tokens import Token

_SUBJECTS: Final = frozenset({"iri", "name", "variable"})
_SELECTED: Final = frozenset({"DISTINCT", "REDUCED", "("})
_OPENING: Final = frozenset({"(", "{", "<<("})
_CLOSING: Final = frozenset({")", "}", ")>>"})
_AGGREGATES: Final = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT"})

_ITSELF: Final = (
    " FILTER(!SAMETERM({variable}, {constant})) }} UNION {{ VALUES {variable} {{ {constant} }} }}"
    " }}"
)
_MOST_NEGATED: Final = 5
# Characters of a repeated expression; in a chain, each could double the one before.
_MOST_REPEATED: Final = 400
_EQUALITY: Final = frozenset({"=", "!="})
_JOINERS: Final = frozenset({"(", ")", ",", "&&", "||", "}", "{"})


class Edit(NamedTuple):
    """A span of a text and its replacement."""

    start: int
    end: int
    text: str


def edited(text: str, edits: Sequence[Edit]) -> str:
    """Return `text` with non-overlapping edits applied in order of position."""
    pieces, at = [], 0
    for edit in sorted(edits, key=lambda each: (each.start, each.end)):
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*pieces, text[at:]])


def mends(text: str, tokens: Sequence[Token], words: frozenset[str]) -> tuple[Edit, ...]:
    """Return the edits that a query needs; `words` are the keywords among its tokens."""
    found: list[Edit] = []
    if not words.isdisjoint({"TRUE", "FALSE"}):
        found += _booleans(text, tokens)
    if not words.isdisjoint({"SELECT", "DESCRIBE"}):
        found += _repeated_variables(tokens)
    if "COUNT" in words and "DISTINCT" in words:
        found += _counted_solutions(tokens)
    if "LANG" in words:
        found += _languages(text, tokens)
    if text.count("!") > _MOST_NEGATED:
        found += _negations(tokens)
    if "*" in text or "?" in text:
        found += _zero_length_paths(text, tokens)
    if "GROUP_CONCAT" in words:
        found += _concatenations(tokens)
    if "GRAPH" in words and not words.isdisjoint({"VALUES", "GRAPH"}):
        found += _graphs_without_patterns(tokens)
    if "AS" in words and not words.isdisjoint(_AGGREGATES):
        found += list(_reused_aggregates(text, tokens, found))
    return tuple(found)


def mends_of_update(text: str, tokens: Sequence[Token]) -> tuple[Edit, ...]:
    """Return the edits that an update needs."""
    words = frozenset(token.text for token in tokens if token.kind == "word")
    return mends(text, tokens, words)


def nested_aggregate(tokens: Sequence[Token]) -> bool:
    """Whether an aggregate is nested in another, which the engine does not refuse."""
    inside: list[bool] = [False]
    for at, token in enumerate(tokens):
        if token.kind == "word" and token.text in _AGGREGATES and inside[-1]:
            return True
        if token.kind != "mark":
            continue
        if token.text in {"(", "<<("}:
            opens = at > 0 and tokens[at - 1].kind == "word" and tokens[at - 1].text in _AGGREGATES
            inside.append(inside[-1] or opens)
        elif token.text == "{":
            inside.append(False)
        elif token.text in {")", ")>>", "}"} and len(inside) > 1:
            inside.pop()
    return False


def wrong_triple_term(tokens: Sequence[Token]) -> bool:
    """Whether a triple term in an expression has a subject that the engine should refuse."""
    return any(
        token.text == "<<(" and token.expression and following.kind not in _SUBJECTS
        for token, following in pairwise(tokens)
    )


def _booleans(text: str, tokens: Sequence[Token]) -> Iterator[Edit]:
    for token in tokens:
        if token.kind == "word" and token.text in {"TRUE", "FALSE"}:
            plain = token.text.lower()
            if text[token.start : token.end] != plain:
                yield Edit(token.start, token.end, plain)


def _repeated_variables(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Yield edits that omit what SELECT or DESCRIBE has already named."""
    for at, token in enumerate(tokens):
        if token.kind == "word" and token.text in {"SELECT", "DESCRIBE"}:
            seen: set[str] = set()
            for variable in _named(tokens, at + 1):
                name = variable.text[1:]
                if name in seen:
                    yield Edit(variable.start, variable.end, "")
                seen.add(name)


def _named(tokens: Sequence[Token], at: int) -> Iterator[Token]:
    """Yield the variables outside parentheses up to the pattern or the next clause."""
    depth = 0
    for token in islice(tokens, at, None):
        if token.kind == "variable" and depth == 0:
            yield token
        elif token.kind == "mark" and token.text in _OPENING:
            if token.text == "{" and depth == 0:
                return
            depth += 1
        elif token.kind == "mark" and token.text in _CLOSING:
            depth -= 1
        elif token.kind == "word" and depth == 0 and token.text not in {"DISTINCT", "REDUCED"}:
            return


def _counted_solutions(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Yield edits that make `{ … }` into `{ { SELECT * WHERE { … } } }`."""
    levels: list[_Query] = [_Query()]
    for at, token in enumerate(tokens):
        if token.kind == "word":
            if token.text == "SELECT":
                levels[-1].selects = True
            elif token.text == "COUNT" and _is_distinct_star(tokens, at):
                levels[-1].counts = True
        elif token.kind == "mark" and token.text == "{":
            query = levels[-1]
            is_pattern = tokens[at - 1].text != "EXISTS" if at else False
            if query.selects and query.pattern is None and is_pattern:
                query.pattern = token, None
                levels.append(_Query(of=query))
            else:
                levels.append(_Query())
        elif token.kind == "mark" and token.text == "}" and len(levels) > 1:
            closed = levels.pop()
            yield from closed.edits()
            if closed.of is not None and closed.of.pattern is not None:
                closed.of.pattern = closed.of.pattern[0], token
    yield from levels[0].edits()


class _Query:
    """A query or group while its tokens are read."""

    def __init__(self, of: _Query | None = None) -> None:
        self.of = of
        self.selects = False
        self.counts = False
        self.pattern: tuple[Token, Token | None] | None = None

    def edits(self) -> Iterator[Edit]:
        """Yield the edits for the pattern of this query."""
        if self.counts and self.pattern is not None and self.pattern[1] is not None:
            opening, closing = self.pattern[0].end, self.pattern[1].start
            yield Edit(opening, opening, " { SELECT * WHERE {")
            yield Edit(closing, closing, "} } ")


def _is_distinct_star(tokens: Sequence[Token], at: int) -> bool:
    return [token.text for token in tokens[at + 1 : at + 4]] == ["(", "DISTINCT", "*"]


def _languages(text: str, tokens: Sequence[Token]) -> Iterator[Edit]:
    closings = _matching(tokens)
    for at, token in enumerate(tokens):
        if token.kind != "word" or token.text != "LANG" or at + 1 not in closings:
            continue
        end = closings[at + 1]
        folded = _folded(text, tokens, at, end)
        if folded is None:
            yield Edit(token.start, token.end, f"<{LANGUAGE_FUNCTION}>")
        else:
            yield from folded


def _folded(text: str, tokens: Sequence[Token], at: int, end: int) -> list[Edit] | None:
    """Return the edits for the operands compared with the LANG( … ) from `at` to `end`.

    None if some are neither constants nor variables.
    """
    before, after = _text(tokens, at - 1), _text(tokens, end + 1)
    if before == "(" and _text(tokens, at - 2) == "LANGMATCHES" and after == ",":
        return []
    if after in _EQUALITY and _alone(tokens, at - 1):
        return _fold_right(text, tokens, end + 2)
    if before in _EQUALITY and _alone(tokens, end + 1):
        return _fold_left(text, tokens, at - 2)
    listed = end + 3 if after == "NOT" else end + 2
    if after in {"IN", "NOT"} and _text(tokens, listed) == "(" and _alone(tokens, at - 1):
        return _fold_list(text, tokens, listed)
    return None


def _fold_right(text: str, tokens: Sequence[Token], at: int) -> list[Edit] | None:
    if _text(tokens, at) == "LANG":
        return []
    return _fold(text, tokens, at) if _alone(tokens, at + 1) else None


def _fold_left(text: str, tokens: Sequence[Token], at: int) -> list[Edit] | None:
    if _text(tokens, at) == ")":
        return [] if _is_language_call(tokens, at) else None
    return _fold(text, tokens, at) if _alone(tokens, at - 1) else None


def _fold(text: str, tokens: Sequence[Token], at: int) -> list[Edit] | None:
    """Return the edit that lower-cases an operand, None if it is neither constant nor variable."""
    token = tokens[at] if 0 <= at < len(tokens) else None
    if token is None:
        return None
    if token.kind == "variable":
        return [Edit(token.start, token.end, f"COALESCE(LCASE({token.text}),{token.text})")]
    following = tokens[at + 1].kind if at + 1 < len(tokens) else ""
    if token.kind != "string" or following == "language" or _text(tokens, at + 1) == "^^":
        return None
    written = text[token.start : token.end]
    if "\\" in written:
        return None
    return [Edit(token.start, token.end, written.lower())] if written != written.lower() else []


def _fold_list(text: str, tokens: Sequence[Token], opening: int) -> list[Edit] | None:
    edits: list[Edit] = []
    at = opening + 1
    while at < len(tokens) and tokens[at].text != ")":
        folded = _fold(text, tokens, at)
        if folded is None or _text(tokens, at + 1) not in {",", ")"}:
            return None
        edits += folded
        at += 2 if _text(tokens, at + 1) == "," else 1
    return edits


def _is_language_call(tokens: Sequence[Token], closing: int) -> bool:
    """Whether the parenthesis at `closing` ends LANG( … ) of one token."""
    return _text(tokens, closing - 3) == "LANG" and _text(tokens, closing - 2) == "("


def _alone(tokens: Sequence[Token], at: int) -> bool:
    """Whether the token at `at`, next to an operand, is not an operator that binds as tightly."""
    text = _text(tokens, at)
    return text in _JOINERS or text == "" or (0 <= at < len(tokens) and tokens[at].kind == "word")


def _text(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].text if 0 <= at < len(tokens) else ""


def _matching(tokens: Sequence[Token]) -> dict[int, int]:
    """Return the position of the matching closing parenthesis."""
    closings, opened = {}, []
    for at, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.text == "(":
            opened.append(at)
        elif token.text == ")" and opened:
            closings[opened.pop()] = at
    return closings


def _negations(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Yield edits that turn deeply nested `! ( … )` into `IF(( … ),false,true)`."""
    edits: list[Edit] = []
    opened: list[list[Token]] = []
    depth = deepest = 0
    for at, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.text == "(":
            signs = _signs_before(tokens, at) if token.expression else []
            opened.append(signs)
            depth += len(signs)
            deepest = max(deepest, depth)
        elif token.text == ")" and opened:
            for sign in opened.pop():
                depth -= 1
                edits.append(Edit(sign.start, sign.end, "IF("))
                edits.append(Edit(token.end, token.end, ",false,true)"))
    if deepest > _MOST_NEGATED:
        yield from edits


def _signs_before(tokens: Sequence[Token], opening: int) -> list[Token]:
    """Return the `!` before a parenthesis, or before the function that it belongs to."""
    at = opening - 1
    if at >= 0 and tokens[at].kind in {"iri", "name", "word"}:
        at -= 1
    signs = []
    while at >= 0 and tokens[at].kind == "mark" and tokens[at].text == "!":
        signs.append(tokens[at])
        at -= 1
    return signs


def _concatenations(tokens: Sequence[Token]) -> Iterator[Edit]:
    closings = _matching(tokens)
    for at, token in enumerate(tokens):
        if token.kind == "word" and token.text == "GROUP_CONCAT" and at + 1 in closings:
            end = tokens[closings[at + 1]].end
            yield Edit(token.start, token.start, "STR(")
            yield Edit(end, end, ")")


def _graphs_without_patterns(tokens: Sequence[Token]) -> Iterator[Edit]:
    """Yield edits that name the graph before a group of nothing but VALUES and GRAPH."""
    for at, token in enumerate(tokens):
        if token.kind != "word" or token.text != "GRAPH" or _text(tokens, at + 2) != "{":
            continue
        variable = tokens[at + 1]
        if variable.kind == "variable" and _text(tokens, at + 3) in {"VALUES", "GRAPH"}:
            end = at + 3
            while _text(tokens, end) in {"VALUES", "GRAPH"}:
                end = _after_block(tokens, end)
            if _text(tokens, end) == "}":
                yield Edit(token.start, token.start, f"GRAPH {variable.text} {{}} ")


def _after_block(tokens: Sequence[Token], at: int) -> int:
    """Return the position after the block in braces that follows `at`."""
    depth = 0
    for place in range(at, len(tokens)):
        if tokens[place].kind == "mark" and tokens[place].text in {"{", "}"}:
            depth += 1 if tokens[place].text == "{" else -1
            if depth == 0:
                return place + 1
    return len(tokens)


def _reused_aggregates(text: str, tokens: Sequence[Token], edits: Sequence[Edit]) -> Iterator[Edit]:
    closings = _matching(tokens)
    for at, token in enumerate(tokens):
        if token.kind == "word" and token.text == "SELECT":
            yield from _reused_in(text, tokens, at + 1, closings, edits)


def _reused_in(
    text: str,
    tokens: Sequence[Token],
    at: int,
    closings: Mapping[int, int],
    edits: Sequence[Edit],
) -> Iterator[Edit]:
    """Yield edits for the expressions of one SELECT that use the name of an earlier aggregate."""
    named: dict[str, str] = {}
    while at < len(tokens) and (tokens[at].kind == "variable" or _text(tokens, at) in _SELECTED):
        end = closings.get(at)
        if end is None:
            at += 1
            continue
        inside = tokens[at + 1 : end - 2]
        own = [
            Edit(each.start, each.end, named[each.text[1:]])
            for each in inside
            if each.kind == "variable" and each.text[1:] in named
        ]
        yield from own
        aggregated = any(each.kind == "word" and each.text in _AGGREGATES for each in inside)
        if _text(tokens, end - 2) == "AS" and inside and (aggregated or own):
            start, stop = inside[0].start, inside[-1].end
            within = [each for each in (*edits, *own) if start <= each.start and each.end <= stop]
            moved = [Edit(e.start - start, e.end - start, e.text) for e in within]
            moved_length = stop - start + sum(len(each.text) for each in moved)
            if moved_length <= _MOST_REPEATED:
                named[tokens[end - 1].text[1:]] = f"({edited(text[start:stop], moved)})"
        at = end + 1


def _zero_length_paths(text: str, tokens: Sequence[Token]) -> Iterator[Edit]:
    """Yield edits for `:a :p* :a`, which has one solution, and for `?x :p* :a` and its inverse.

    Of the latter, `:a` is a solution even if it is not in the graph. That makes a difference only
    where no other triple pattern has ?x, and another form of the group could make it slower.
    """
    if "_:" in text:  # another group would split a pattern whose parts share blank nodes
        return
    closings = _matching(tokens)
    for at in range(1, len(tokens) - 4):
        subject = tokens[at]
        if subject.kind not in _SUBJECTS or tokens[at - 1].text not in {"{", ".", "}"}:
            continue
        path = closings.get(at + 1, at + 1)
        last = path + 2
        if _text(tokens, path + 1) not in {"*", "?"} or last >= len(tokens):
            continue
        value = tokens[last]
        if subject.text == value.text and subject.kind != "variable":
            if _text(tokens, last + 1) in {".", "}"}:
                yield Edit(subject.start, value.end, "{}")
            continue
        ends = {each.kind == "variable": each for each in (subject, value)}
        constant, variable = ends.get(False), ends.get(True)
        if constant and variable and constant.kind in _SUBJECTS and _is_alone(tokens, at, last):
            yield Edit(subject.start, subject.start, "{ { ")
            more = _ITSELF.format(variable=variable.text, constant=constant.text)
            yield Edit(value.end, value.end, more)


def _is_alone(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether no other triple stands beside the one between these tokens."""
    after = last + 1 + (_text(tokens, last + 1) == ".")
    ends = after < len(tokens) and (tokens[after].text == "}" or tokens[after].kind == "word")
    return tokens[first - 1].text in {"{", "}"} and ends
