"""Reads the triple patterns of a query from its tokens, and decides whether it is light.

`Shape` holds the counts that the limits refer to, and the patterns that decide whether a query is
light. The counts are exact for valid queries; for a text that the parser refuses anyway they may be
wrong.

Light queries have their own workers, so a query is light only when its shape shows that it is cheap
for any data: nothing that sorts, groups, repeats or multiplies, and few patterns, joined by their
variables, each of them anchored, that is, looked up from a term that is already known. What the
shape cannot show (an entity with a million statements) is limited by the time slice of the lane.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from jiqun.query.tokens import Token
from jiqun.rdf.namespaces import RDF

_NODES: Final = frozenset({"iri", "name", "variable", "string", "number", "blank"})
_NODE_WORDS: Final = frozenset({"TRUE", "FALSE", "A"})
_PATH_STARTS: Final = frozenset({"^", "!", "("})
_PATH_JOINS: Final = frozenset({"/", "|"})
_PATH_REPEATS: Final = frozenset({"*", "+", "?"})
# These keywords are followed by a term outside any triple.
_NAMED_AFTER: Final = {"GRAPH": _NODES, "SERVICE": _NODES, "FILTER": frozenset({"iri", "name"})}
# Variables follow these in a nested SELECT.
_BEFORE_NAMES: Final = frozenset({"SELECT", "BY"})
_INNER: Final = "[]"
_FIRST, _REST = f"<{RDF}first>", f"<{RDF}rest>"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One triple pattern; `predicate` is empty for a path, a nested node reads as `[]`.

    `path` has the IRIs of a path, `group` is the number of the group in braces that it is in.
    """

    subject: str
    predicate: str
    object: str
    path: tuple[str, ...] = ()
    group: int = 0


@dataclass(slots=True)
class Shape:
    """The parts of a query.

    `listed` are the variables that a VALUES block limits to IRIs, each with the group it is in.
    """

    patterns: list[Pattern] = field(default_factory=list)
    listed: set[tuple[int, str]] = field(default_factory=set)
    negated_path: bool = False
    longest_path: int = 0
    repeated_path: bool = False
    values: int = 0
    values_blocks: int = 0
    unions: int = 0
    groups: int = 0
    expressions: int = 0


@dataclass(slots=True)
class _Level:
    """An open bracket, and the state of the triple that is being read in it."""

    bracket: str
    expects: str = "subject"
    subject: str = ""
    predicate: str = ""
    path: tuple[str, ...] = ()
    group: int = 0


def read_shape(tokens: list[Token]) -> Shape:
    """Count and collect the parts of a query from its tokens."""
    return _Walk(tokens).shape


class _Walk:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.shape = Shape()
        self.levels: list[_Level] = []
        self.at = 0
        while self.at < len(tokens):
            self._step(tokens[self.at])

    def _step(self, token: Token) -> None:
        kind = token.kind
        if kind == "word" and token.text not in _NODE_WORDS:
            self._word(token.text)
        elif not self.levels:
            self.at += 1
            if token.text == "{":
                self._open("{")
        elif kind == "mark":
            self._mark(token)
        elif kind in _NODES or kind == "word":
            self._node(token)
        else:
            self.at += 1

    def _word(self, word: str) -> None:
        self.at += 1
        if word == "VALUES":
            self._values()
        elif word == "UNION":
            self.shape.unions += 1
        elif word == "AS":
            self.shape.expressions += 1
        elif self._kind() in _NAMED_AFTER.get(word, ()):
            self.at += 1
        if self.levels and self.levels[-1].expects != "names":
            self.levels[-1].expects = "names" if word in _BEFORE_NAMES else "subject"

    def _kind(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    def _text(self) -> str:
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def _values(self) -> None:
        """Skip a data block and count the values in it."""
        self.shape.values_blocks += 1
        names, kinds = [], set()
        while self.at < len(self.tokens) and self._text() not in {"{", "}"}:
            if self._kind() == "variable":
                names.append(self._text())
            self.at += 1
        while self.at < len(self.tokens) and self._text() != "}":
            kind = self._kind()
            if kind in _NODES or kind == "word":
                self.shape.values += 1
                kinds.add(kind)
            self.at += 1
        self.at += 1
        if self.levels and len(names) == 1 and kinds <= {"iri", "name"}:
            self.shape.listed.add((self.levels[-1].group, names[0]))

    def _mark(self, token: Token) -> None:
        text = token.text
        level = self.levels[-1]
        if token.expression:
            self._skip_expression()
        elif level.expects == "predicate" and text in _PATH_STARTS:
            self._path()
        elif text in {"{", "[", "(", "{|", "<<", "<<("}:
            self.at += 1
            self._open(text)
        elif text in {"}", "]", ")", "|}", ">>", ")>>"}:
            self.at += 1
            self._close()
        else:
            self.at += 1
            if text == ".":
                level.expects = "subject"
            elif text == ";":
                level.expects = "predicate"
            elif text == ",":
                level.expects = "object"
            elif text == "^" and self._text() == "^":
                self.at += 2
            elif text == "^^":
                self.at += 1

    def _skip_expression(self) -> None:
        """Skip an expression, but read the groups of EXISTS inside it."""
        depth = 0
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.text == "{" and token.kind == "mark":
                self.at += 1
                self._exists()
                continue
            if token.text == "AS" and token.kind == "word":
                self.shape.expressions += 1
            if token.kind == "mark" and token.expression:
                depth += 1 if token.text in {"(", "<<("} else -1
            self.at += 1
            if depth == 0:
                return

    def _exists(self) -> None:
        outer = len(self.levels)
        self._open("{")
        while len(self.levels) > outer and self.at < len(self.tokens):
            self._step(self.tokens[self.at])

    def _open(self, bracket: str) -> None:
        if bracket == "{":
            self.shape.groups += 1
            self.levels.append(_Level("{", group=self.shape.groups))
            return
        group = self.levels[-1].group
        if bracket in {"[", "{|"}:
            self.levels.append(_Level(bracket, "predicate", _INNER, group=group))
        elif bracket == "(":
            self.levels.append(_Level("(", "item", group=group))
        else:
            self.levels.append(_Level(bracket, group=group))

    def _close(self) -> None:
        closed = self.levels.pop()
        if not self.levels:
            return
        if closed.bracket in {"[", "(", "<<", "<<("}:
            self._term(_INNER)
        elif closed.bracket == "{":
            self.levels[-1].expects = "subject"

    def _node(self, token: Token) -> None:
        level = self.levels[-1]
        if level.expects == "predicate" and token.kind in {"iri", "name", "word"}:
            self._path()
            return
        self.at += 1
        if level.expects == "names":
            return
        if token.kind == "string":
            if self._kind() == "language":
                self.at += 1
            elif self._text() == "^^":
                self.at += 2
        self._term(token.text)

    def _term(self, text: str) -> None:
        level = self.levels[-1]
        if level.expects == "object":
            self._emit(level.subject, level.predicate, text, level.path)
            level.expects = "end"
        elif level.expects == "item":
            self._emit(_INNER, _FIRST, text)
            self._emit(_INNER, _REST, _INNER)
        elif level.expects == "predicate":
            level.predicate, level.path, level.expects = text, (), "object"
        else:
            level.subject, level.expects = text, "predicate"

    def _emit(self, subject: str, predicate: str, value: str, path: tuple[str, ...] = ()) -> None:
        group = self.levels[-1].group
        self.shape.patterns.append(Pattern(subject, predicate, value, path, group))

    def _path(self) -> None:
        """Read a property path; a single IRI is a plain predicate."""
        begin = self.at
        length = self._path_elements()
        level = self.levels[-1]
        plain = self.at == begin + 1
        level.predicate = self.tokens[begin].text if plain else ""
        path = self.tokens[begin : self.at]
        self.shape.negated_path |= any(token.text == "!" for token in path)
        level.path = () if plain else tuple(t.text for t in path if t.kind != "mark")
        level.expects = "object"
        self.shape.longest_path = max(self.shape.longest_path, length)

    def _path_elements(self) -> int:
        """Skip the elements of a path at any depth and return their number."""
        length = depth = 0
        awaits = True
        while self.at < len(self.tokens):
            text, kind = self._text(), self._kind()
            if awaits:
                if text == "(":
                    depth += 1
                elif text == ")" and depth:
                    depth, awaits = depth - 1, False
                elif kind in {"iri", "name"} or text == "A":
                    length, awaits = length + 1, False
                elif text not in {"^", "!"}:
                    break
            elif text in _PATH_REPEATS:
                self.shape.repeated_path = True
            elif text in _PATH_JOINS:
                awaits = True
            elif text == ")" and depth:
                depth -= 1
            else:
                break
            self.at += 1
        return length


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
    """Return whether a query of this form and shape is light; `words` are those of its tokens."""
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
    """Return whether every pattern can be looked up from a term or a bound variable."""
    if sum(is_variable(p.predicate) for p in patterns) > _MOST_OPEN_PREDICATES:
        return False
    if not _connected(patterns):
        return False
    known = _values_variable(tokens)
    left = list(patterns)
    while left:
        ready = [p for p in left if _looked_up(p, known)]
        if not ready:
            return False
        for pattern in ready:
            known.update(filter(is_variable, (pattern.subject, pattern.predicate, pattern.object)))
            left.remove(pattern)
    return True


def _connected(patterns: list[Pattern]) -> bool:
    """Return whether shared variables join all patterns; others would be a cross product."""
    variables = [
        {t for t in (p.subject, p.predicate, p.object) if is_variable(t)} for p in patterns
    ]
    left = [each for each in variables if each]
    reached = left.pop() if left else set()
    while joined := [each for each in left if each & reached]:
        left = [each for each in left if not each & reached]
        reached = reached.union(*joined)
    return not left


def _looked_up(pattern: Pattern, known: set[str]) -> bool:
    if not pattern.predicate:
        return False
    if not is_variable(pattern.subject) or pattern.subject in known:
        return pattern.subject != "[]"
    constant = not is_variable(pattern.object) and pattern.object != "[]"
    return constant and not is_variable(pattern.predicate) and pattern.predicate not in _TYPES


def _values_variable(tokens: list[Token]) -> set[str]:
    """Return the variable that a short VALUES block binds, if there is one."""
    for at, token in enumerate(tokens[:-1]):
        if token.kind == "word" and token.text == "VALUES":
            following = tokens[at + 1]
            return {following.text} if following.kind == "variable" else set()
    return set()


def _page(form: str, patterns: list[Pattern], words: list[str], row_limit: int | None) -> bool:
    """Return whether the query pages through one plain pattern."""
    if len(patterns) != 1 or not patterns[0].predicate:
        return False
    if not {"FILTER", "DISTINCT", "OFFSET", "OPTIONAL", "BIND", "VALUES"}.isdisjoint(words):
        return False
    pattern = patterns[0]
    variables = [t for t in (pattern.subject, pattern.predicate, pattern.object) if is_variable(t)]
    if len(set(variables)) != len(variables):
        return False
    return form == "ASK" or (row_limit is not None and row_limit <= _MOST_ROWS)


def is_variable(text: str) -> bool:
    """Whether the text of a term is a variable or a blank node."""
    return text[:1] in {"?", "$"} or text.startswith("_:")
