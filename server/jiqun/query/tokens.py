"""The terminals of SPARQL 1.1 (§19.8) as regular expressions, with the additions of SPARQL 1.2.

`TERMINAL` matches one token with the blanks and comments before it; the name of its group is the
kind of the token. `ESCAPE` matches a codepoint escape, or, as its group `kept`, a span in which the
parser itself decodes escapes.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from jiqun.errors import MalformedQuery

_WORDS: Final = """
    BASE PREFIX VERSION SELECT DISTINCT REDUCED AS CONSTRUCT WHERE DESCRIBE ASK FROM NAMED
    GROUP BY HAVING ORDER ASC DESC LIMIT OFFSET VALUES UNDEF OPTIONAL GRAPH SERVICE SILENT
    BIND MINUS UNION FILTER LATERAL A TRUE FALSE NOT IN EXISTS SEPARATOR COUNT SUM MIN MAX AVG
    SAMPLE GROUP_CONCAT STR LANG LANGMATCHES LANGDIR DATATYPE BOUND IRI URI BNODE RAND ABS
    CEIL FLOOR ROUND CONCAT STRLEN UCASE LCASE ENCODE_FOR_URI CONTAINS STRSTARTS STRENDS
    STRBEFORE STRAFTER YEAR MONTH DAY HOURS MINUTES SECONDS TIMEZONE TZ NOW UUID STRUUID MD5
    SHA1 SHA256 SHA384 SHA512 COALESCE IF STRLANG STRLANGDIR STRDT SAMETERM SAMEVALUE ISIRI
    ISURI ISBLANK ISLITERAL ISNUMERIC HASLANG HASLANGDIR REGEX SUBSTR REPLACE ISTRIPLE TRIPLE
    SUBJECT PREDICATE OBJECT ADJUST INSERT DELETE DATA LOAD CLEAR DROP CREATE ADD MOVE COPY
    WITH USING INTO TO DEFAULT ALL
"""
WORDS: Final = frozenset(_WORDS.split())
UPDATES: Final = frozenset("INSERT DELETE LOAD CLEAR DROP CREATE ADD MOVE COPY WITH".split())  # noqa: SIM905

_LETTER = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_VARIABLE = f"_{_LETTER}0-9\u00b7\u0300-\u036f\u203f-\u2040"
_NAME = f"{_VARIABLE}\\-"
_PERCENT = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"

IRI = r"""<[^\x00-\x20<>"{}|^`]*>"""
# The order matters: three quotes open a long string and nothing else.
STRING = r"""
    \"\"\"(?:[^"\\]++|\\[^\r\n]|"(?!""))*+\"\"\" | \'\'\'(?:[^'\\]++|\\[^\r\n]|'(?!''))*+\'\'\'
  | "(?!"")(?:[^"\\\r\n]++|\\[^\r\n])*+" | '(?!'')(?:[^'\\\r\n]++|\\[^\r\n])*+'
"""
# Prefixes are bounded so that a long run of letters and dots is not rescanned from each dot.
TERMINAL: Final = re.compile(
    rf"""
    (?:[ \t\r\n]++|\#[^\r\n]*+)*+
    (?:
      (?P<iri>{IRI})
    | (?P<variable>[?$][{_VARIABLE}]++)
    | (?P<name>(?:[{_LETTER}](?:[{_NAME}.]{{0,127}}[{_NAME}])?)?:
          (?:(?:[_{_LETTER}:0-9]|{_PERCENT})
             (?:[{_NAME}:]|{_PERCENT}|\.+(?=[{_NAME}:%\\]))*+)?)
    | (?P<blank>_:[_{_LETTER}0-9](?:[{_NAME}]|\.+(?=[{_NAME}]))*+)
    | (?P<word>[A-Za-z][A-Za-z0-9_]*+)
    | (?P<string>{STRING})
    | (?P<number>[0-9]++\.[0-9]*[eE][+-]?[0-9]+|\.?[0-9]+[eE][+-]?[0-9]+|[0-9]*\.[0-9]+|[0-9]+)
    | (?P<language>@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?)
    | (?P<mark><<\(|\)>>|\^\^|\|\||&&|!=|<=|>=|<<|>>|\{{\||\|\}}|[{{}}()\[\].,;*/+\-!=<>|^?~])
    | (?P<end>\Z)
    )
    """,
    re.VERBOSE,
)
ESCAPE: Final = re.compile(
    rf"(?P<kept>{IRI}|{STRING}|\#[^\r\n]*+)|\\u([0-9A-Fa-f]{{4}})|\\U([0-9A-Fa-f]{{8}})",
    re.VERBOSE,
)
BLANKS: Final = re.compile(r"(?:[ \t\r\n]++|#[^\r\n]*+)*+")


_LONGEST_WORD: Final = max(map(len, WORDS))


def split_words(run: str) -> list[str]:
    """Return the keywords written without spaces in `run`, by longest match.

    Trailing digits are left unread. Returns an empty list if there is anything else.
    """
    found, at = [], 0
    while at < len(run) and not run[at].isdigit():
        for end in range(min(len(run), at + _LONGEST_WORD), at, -1):
            if run[at:end].upper() in WORDS and run[at:end] != "A":
                break
        else:
            return []
        found.append(run[at:end])
        at = end
    return found


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
# The parentheses after a keyword at its level: `all` hold expressions up to the next brace or #
# another such keyword, only the `next` one does, or none (``""``) unless they follow a word.
_ANNOUNCED: Final = {
    **dict.fromkeys(("SELECT", "BY", "HAVING"), "all"),
    **dict.fromkeys(("WHERE", "FROM", "LIMIT", "OFFSET", "VALUES"), ""),
    "FILTER": "next",
}
_NO_EXPRESSION: Final = frozenset({"A", "TRUE", "FALSE", "VALUES", "UNDEF"})


def tokenize(text: str, most: int, deepest: int) -> tuple[str, list[Token], int]:
    """Return the text with codepoint escapes decoded, its tokens, and their deepest nesting.

    Stops once there are more than `most` tokens or brackets nest deeper than `deepest`, which the
    result shows. Raises `MalformedQuery`.
    """
    text = decode_escapes(text)
    reader = _Reader(text)
    reader.read(most, deepest)
    return text, reader.tokens, reader.deepest


def decode_escapes(text: str) -> str:
    """Return `text` with codepoint escapes outside strings and IRIs decoded.

    Raises `MalformedQuery` for one that is not a character.
    """
    if "\\u" in text or "\\U" in text:
        return ESCAPE.sub(lambda found: _decoded(text, found), text)
    return text


def place(text: str, position: int) -> str:
    """Format a position in `text` as `line 2, column 5`, both counted from 1."""
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return f"line {line}, column {column}"


def _decoded(text: str, found: re.Match[str]) -> str:
    if found["kept"] is not None:
        return found[0]
    code = int(found[2] or found[3], 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        where = place(text, found.start())
        raise MalformedQuery(f"At {where}: {found[0]} is not a Unicode character.")
    return chr(code)


class _Reader:
    """Reads tokens and tracks open brackets.

    Each open bracket records whether it encloses an expression, and the state set by the keywords
    at its level: `all` parentheses are expressions, the `next` one is, or none (``""``).
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.deepest = 0
        self._open: list[tuple[str, bool, int]] = []
        self._announced = [""]
        self._expression = False

    def read(self, most: int, deepest: int) -> None:
        """Read tokens until the end, or until there are too many or they nest too deeply."""
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
                position = start + len(word)
                tokens.append(_new(Token, (kind, word, start, position, False)))
            elif kind == "end":
                self._check_closed()
                return
            else:
                position = self._mark(kind, found[index], start)

    def _word(self, value: str, start: int) -> str:
        word = value.upper()
        if word not in WORDS:
            glued = split_words(value)
            if not glued:
                shown = value if len(value) <= 40 else value[:40] + "…"
                raise MalformedQuery(
                    f"“{shown}” at {place(self.text, start)} is not a SPARQL keyword."
                )
            word = glued[0].upper()
        announced = _ANNOUNCED.get(word)
        if announced is not None:
            self._announced[-1] = announced
        return word

    def _mark(self, kind: str, value: str, start: int) -> int:
        """Add an IRI or a mark, and return its end."""
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
        """Whether an operator is next; a triple term has none, only its three parts."""
        last = self.tokens[-1]
        if self._open[-1][0] == "<<(":
            return False
        return last.kind in _OPERANDS or last.text in {")", ")>>", "TRUE", "FALSE"}

    def _check_closed(self) -> None:
        if self._open:
            bracket, _, start = self._open[-1]
            raise MalformedQuery(f"The “{bracket}” at {place(self.text, start)} is never closed.")

    def _unmatched(self, value: str, start: int) -> MalformedQuery:
        where = place(self.text, start)
        if not self._open:
            return MalformedQuery(f"Unmatched “{value}” at {where}.")
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
            return MalformedQuery(f"The string that begins at {where} is never closed.")
        if character == "<":
            return MalformedQuery(f"The IRI that begins at {where} is not closed.")
        shown = character if character.isprintable() else f"U+{ord(character):04X}"
        return MalformedQuery(f"Unexpected “{shown}” at {where}.")
