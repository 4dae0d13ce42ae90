r"""SPARQL text as tokens: the terminals of SPARQL 1.1 §19.8, with the additions of SPARQL 1.2.

In: the text of a query. Out: a list of `Token`. A text that no SPARQL grammar can accept (an
unclosed string, a stray character, a word that is no keyword, brackets that do not match) is
refused as `MalformedQuery`, with its line and column.

Two things make this more than a regular expression:

* `<` opens an IRI or compares. After an operand inside an expression it can only compare, however
  much what follows looks like an IRI (`FILTER(1<2)SERVICE#>`), so expressions are told apart from
  collections and paths.
* The parser behind the gate reads keywords without looking at the end of the word (`trueSERVICE`
  is two to it). Every bare word must therefore be a whole keyword here.

Codepoint escapes (`\u0041`, §19.2) are decoded wherever they stand outside strings, IRIs and
comments; inside strings and IRIs the parser decodes them itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from jiqun.endpoint.sparql.terminals import BLANKS, ESCAPE, TERMINAL, WORDS
from jiqun.errors import MalformedQuery

if TYPE_CHECKING:
    import re


class Token(NamedTuple):
    """One terminal: what it is, its text (words in upper case) and where it starts.

    `kind` is `iri`, `string`, `language`, `variable`, `blank`, `name` (prefixed), `number`,
    `word` or `mark`; `expression` is true for a parenthesis that encloses an expression.
    """

    kind: str
    text: str
    start: int
    end: int
    expression: bool = False


_OPERANDS: Final = frozenset({"iri", "string", "language", "variable", "name", "number", "blank"})
_CLOSES: Final = {"}": "{", ")": "(", "]": "[", ")>>": "<<(", ">>": "<<", "|}": "{|"}
_OPENS: Final = frozenset(_CLOSES.values())
_BRACKETS: Final = _OPENS | _CLOSES.keys()
_LATE_CLOSES: Final = frozenset({">>", ")>>"})
_KINDS: Final = ("", *sorted(TERMINAL.groupindex, key=lambda kind: TERMINAL.groupindex[kind]))
_PLAIN: Final = _OPERANDS - {"iri"} | {"language"}
_new: Final = tuple.__new__
# What a word says of the parentheses that follow at its level: `all` hold expressions until the
# next brace or word that says otherwise, the `next` one does, or none (``""``) unless they follow
# a word.
_ANNOUNCED: Final = {
    **dict.fromkeys(("SELECT", "BY", "HAVING"), "all"),
    **dict.fromkeys(("WHERE", "FROM", "LIMIT", "OFFSET", "VALUES"), ""),
    "FILTER": "next",
}
_NO_EXPRESSION: Final = frozenset({"A", "TRUE", "FALSE", "VALUES", "UNDEF"})


def tokenize(text: str, most: int, deepest: int) -> tuple[str, list[Token], int]:
    """Return the text with codepoint escapes decoded, its tokens, and their deepest nesting.

    Reading stops once there are more than `most` tokens or brackets nest more than `deepest`:
    what is returned then shows it. Raises `MalformedQuery`.
    """
    if "\\u" in text or "\\U" in text:
        text = ESCAPE.sub(lambda found: _decoded(text, found), text)
    reader = _Reader(text)
    reader.read(most, deepest)
    return text, reader.tokens, reader.deepest


def place(text: str, position: int) -> str:
    """Say where in `text` a position is: `line 2, column 5`, both counted from 1."""
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return f"line {line}, column {column}"


def _decoded(text: str, found: re.Match[str]) -> str:
    if found["kept"] is not None:
        return found[0]
    code = int(found[2] or found[3], 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        where = place(text, found.start())
        raise MalformedQuery(f"{found[0]} at {where} is not a Unicode character.")
    return chr(code)


class _Reader:
    """Reads one token after the other and keeps the brackets that are open.

    A bracket is kept with whether it encloses an expression, and what the words at its own level
    announced: `all` parentheses are expressions, the `next` one is, or none (``""``).
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.deepest = 0
        self._open: list[tuple[str, bool, int]] = []
        self._announced = [""]
        self._expression = False

    def read(self, most: int, deepest: int) -> None:
        """Read all tokens, or until there are too many or they nest too deeply."""
        text, tokens, position = self.text, self.tokens, 0
        while len(tokens) <= most and self.deepest <= deepest:
            found = TERMINAL.match(text, position)
            if found is None:
                raise self._stray(position)
            index = found.lastindex or 0
            start, position = found.span(index)
            kind = _KINDS[index]
            if kind in _PLAIN:
                tokens.append(_new(Token, (kind, found[index], start, position, False)))
            elif kind == "word":
                word = self._word(found[index], start)
                tokens.append(_new(Token, (kind, word, start, position, False)))
            elif kind == "end":
                self._check_closed()
                return
            else:
                position = self._mark(kind, found[index], start)

    def _word(self, value: str, start: int) -> str:
        word = value.upper()
        if word not in WORDS:
            shown = value if len(value) <= 40 else value[:40] + "…"
            raise MalformedQuery(
                f"“{shown}” at {place(self.text, start)} is no SPARQL keyword. Variables begin "
                "with “?”, prefixed names have a “:”, IRIs stand in “<>”, texts in quotes."
            )
        announced = _ANNOUNCED.get(word)
        if announced is not None:
            self._announced[-1] = announced
        return word

    def _mark(self, kind: str, value: str, start: int) -> int:
        """Add what is an IRI or a mark, and return where it ends."""
        if value[0] == "<" and self._expression and self._after_operand():
            kind, value = "mark", "<=" if value[:2] == "<=" else "<"
        elif value in _LATE_CLOSES and (not self._open or self._open[-1][0] != _CLOSES[value]):
            # No `<<` is open here: `(?a)>>...` compares.
            value = value[0]
        expression = value in _BRACKETS and self._bracket(value, start)
        end = start + len(value)
        self.tokens.append(_new(Token, (kind, value, start, end, expression)))
        return end

    def _bracket(self, value: str, start: int) -> bool:
        if value in _OPENS:
            expression = value in {"(", "<<("} and self._opens_expression()
            self._open.append((value, self._expression, start))
            self._expression = expression
            if value == "{":
                self._announced[-1] = ""
            self._announced.append("")
            self.deepest = max(self.deepest, len(self._open))
            return expression
        if value in _CLOSES:
            if not self._open or self._open[-1][0] != _CLOSES[value]:
                raise self._unmatched(value, start)
            closed = self._expression
            _, self._expression, _ = self._open.pop()
            self._announced.pop()
            if self._announced[-1] == "next":
                self._announced[-1] = ""
            return closed
        return False

    def _opens_expression(self) -> bool:
        if self._expression or self._announced[-1]:
            return True
        last = self.tokens[-1] if self.tokens else None
        return last is not None and last.kind == "word" and last.text not in _NO_EXPRESSION

    def _after_operand(self) -> bool:
        last = self.tokens[-1]
        return last.kind in _OPERANDS or last.text in {")", ")>>", "TRUE", "FALSE"}

    def _check_closed(self) -> None:
        if self._open:
            bracket, _, start = self._open[-1]
            raise MalformedQuery(f"The “{bracket}” at {place(self.text, start)} is never closed.")

    def _unmatched(self, value: str, start: int) -> MalformedQuery:
        where = place(self.text, start)
        if not self._open:
            return MalformedQuery(f"The “{value}” at {where} closes nothing.")
        bracket, _, opened = self._open[-1]
        return MalformedQuery(
            f"The “{value}” at {where} does not close the “{bracket}” at "
            f"{place(self.text, opened)}."
        )

    def _stray(self, position: int) -> MalformedQuery:
        skipped = BLANKS.match(self.text, position)
        start = skipped.end() if skipped else position
        where = place(self.text, start)
        character = self.text[start]
        if character in "\"'":
            return MalformedQuery(f"The text that begins at {where} is never closed.")
        if character == "<":
            return MalformedQuery(f"The IRI that begins at {where} is not closed.")
        shown = character if character.isprintable() else f"U+{ord(character):04X}"
        return MalformedQuery(f"“{shown}” at {where} has no meaning in SPARQL.")
