"""Solution modifiers (SPARQL 1.1, productions 18 to 28): GROUP BY, HAVING, ORDER BY, LIMIT."""

from __future__ import annotations

from typing import Final, NoReturn

from jiqun.query.diagnosis.group_grammar import GroupGrammar
from jiqun.query.diagnosis.vocabulary import AGGREGATES, ARITIES

TAIL: Final = ("GROUP BY", "HAVING", "ORDER BY", "LIMIT", "VALUES")
"""The clauses after WHERE in their order."""

TAIL_WORDS: Final = ("GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "VALUES")
"""The first words of these clauses."""

_ORDER: Final = {"GROUP": 0, "HAVING": 1, "ORDER": 2, "LIMIT": 3, "OFFSET": 3, "VALUES": 4}
_LARGEST: Final = 2**64


class ModifierGrammar(GroupGrammar):
    """Reads solution modifiers."""

    def modifiers(self) -> set[str] | None:
        """Parse GROUP BY to OFFSET; return the grouped variables, None if nothing is grouped."""
        keys = None
        if self.is_word("GROUP"):
            self.advance()
            self._take_by("GROUP")
            keys = self._group_keys()
            self.check_tail("GROUP")
        if self.take_word("HAVING"):
            self._conditions()
            self.check_tail("HAVING")
        if self.is_word("ORDER"):
            self.advance()
            self._take_by("ORDER")
            self._order()
            self.check_tail("ORDER")
        seen: set[str] = set()
        while self.is_word("LIMIT", "OFFSET"):
            if self.now.word in seen:
                self.fail(f"duplicate {self.now.word}")
            seen.add(self.now.word)
            self._number()
        if seen:
            self.check_tail("LIMIT")
        return keys

    def _take_by(self, word: str) -> None:
        if not self.take_word("BY"):
            self.check_readable()
            self.fail(f"BY is missing after {word}: {word} BY ?x")

    def _group_keys(self) -> set[str]:
        keys: set[str] = set()
        first = True
        while True:
            if self.now.kind == "variable":
                keys.add(self.advance().text[1:])
            elif self.is_mark("("):
                self.open("(")
                self.without_aggregates("GROUP BY")
                if self.is_mark(")") and self.last.kind == "variable":
                    keys.add(self.last.text[1:])
                elif not self.is_mark(")"):
                    keys.add(self._alias("( expression AS ?name )")[0])
                self.close(")")
            elif self.is_word(*ARITIES):
                self._call()
                if self.is_word("AS"):
                    self.fail(
                        "a named expression needs parentheses: GROUP BY ( expression AS ?name )"
                    )
            elif self.now.kind in {"iri", "name"}:
                function = self.now
                self.iri("a function")
                if not self.is_mark("("):
                    self.fail("GROUP BY takes variables and expressions, not a constant")
                self.call_arguments(function)
            elif self.is_mark(","):
                self.fail("GROUP BY conditions are separated by spaces: remove the comma")
            elif first:
                self._fail_key("GROUP BY")
            else:
                return keys
            first = False

    def _fail_key(self, clause: str) -> NoReturn:
        self.check_readable()
        if self.is_word(*AGGREGATES):
            self.fail(f"{clause} cannot group by an aggregate such as {self.now.word}")
        if self.now.kind == "word" and not self.now.word:
            self.fail(f"{clause} takes variables: did you mean ?{self.now.text[:40]}?")
        if self.now.kind == "number":
            self.fail(f"{clause} takes variables, not column numbers")
        if self.now.kind == "string":
            self.fail(f"{clause} takes variables, not strings")
        self.fail(f"{clause} must be followed by variables or expressions, not by {self.shown()}")

    def _conditions(self) -> None:
        self.constraint("HAVING")
        while (
            self.is_mark("(")
            or self.is_word("NOT", "EXISTS", *ARITIES, *AGGREGATES)
            or (self.now.kind in {"iri", "name"})
        ):
            self.constraint("HAVING")

    def _order(self) -> None:
        first = True
        while True:
            if self.is_word("ASC", "DESC"):
                word = self.advance().word
                if not self.is_mark("("):
                    self.check_readable()
                    self.fail(f"{word} takes parentheses: {word}({self.now.text[:40] or '?x'})")
                self.open("(")
                self.expression()
                if self.is_mark(","):
                    self.fail(f"{word} takes one expression: {word}(?a) {word}(?b)")
                self.close(")", "an operator, or ")
            elif self.now.kind == "variable":
                self.advance()
                if self.is_word("ASC", "DESC") and self.following().text != "(":
                    self.fail(
                        f"{self.now.word} goes before its expression, with parentheses: "
                        f"{self.now.word}({self.last.text})"
                    )
                if self.is_mark("+", "-", "*", "/", "=", "<", ">"):
                    self.fail("an expression must be in parentheses: ORDER BY (?x + ?y)")
            elif self.is_mark("("):
                self.open("(")
                self.expression()
                if self.is_mark(","):
                    self.fail("ORDER BY conditions are separated by spaces, not by commas")
                self.close(")", "an operator, or ")
            elif self.is_word("NOT", "EXISTS", *ARITIES, *AGGREGATES):
                self._keyword()
            elif self.now.kind in {"iri", "name"} and self.following().text == "(":
                self._iri_or_call()
            elif self.is_mark(","):
                self.fail("ORDER BY conditions are separated by spaces: remove the comma")
            elif first:
                if self.is_mark("-"):
                    self.fail("descending order is written DESC(?x)")
                self._fail_key("ORDER BY")
            else:
                return
            first = False

    def _number(self) -> None:
        word = self.advance().word
        token = self.now
        if token.kind != "number" or not token.text.isdecimal():
            self.check_readable()
            if self.is_mark("-"):
                self.fail(f"{word} cannot be negative. Omit it for all rows")
            if token.kind == "number":
                self.fail(f"{word} takes a whole number, not {self.shown()}")
            if token.kind == "variable":
                self.fail(f"{word} takes a number, not a variable")
            if token.kind == "string":
                self.fail(f"{word} takes a number, without quotation marks")
            self.fail(f"{word} must be followed by a whole number, as in {word} 10")
        if len(token.text) > 19 and int(token.text[:40]) >= _LARGEST:
            self.fail(f"{self.shown()} is too large for {word}")
        self.advance()
        if self.is_mark(",") and self.following().kind == "number":
            self.fail(
                f"“,” is not allowed after {word}. Skip rows with OFFSET: LIMIT "
                f"{self.following().text} OFFSET {token.text}"
            )
        if self.now.kind == "number":
            self.fail(f"{word} takes one number. Skip rows with OFFSET")

    def check_tail(self, after: str) -> None:
        """Fail if a clause follows that must come before `after`."""
        word = self.now.word
        if word not in _ORDER:
            return
        if _ORDER[word] < _ORDER[after]:
            earlier, later = TAIL[_ORDER[word]], TAIL[_ORDER[after]]
            self.fail(f"{earlier} goes before {later}, not after it")
        if _ORDER[word] == _ORDER[after] and word not in {"LIMIT", "OFFSET"}:
            self.fail(f"duplicate {TAIL[_ORDER[word]]}")
