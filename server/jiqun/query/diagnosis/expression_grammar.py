"""Expressions (SPARQL 1.1, productions 107 to 128): operators, functions, aggregates."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final, NamedTuple, NoReturn

from jiqun.query.diagnosis.lexemes import Lexeme, lexeme_at
from jiqun.query.diagnosis.term_grammar import TermGrammar
from jiqun.query.diagnosis.vocabulary import (
    AGGREGATES,
    ARITIES,
    EXPRESSION_WORDS,
    FOREIGN_FUNCTIONS,
    FOREIGN_OPERATORS,
    close,
)

_OPERATORS: Final = frozenset({"||", "&&", "=", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/"})
_COMPARISONS: Final = frozenset({"=", "!=", "<", ">", "<=", ">="})


class Use(NamedTuple):
    """A variable in an expression, and whether it is within an aggregate."""

    name: str
    aggregated: bool
    start: int


class ExpressionGrammar(TermGrammar):
    """Reads expressions and notes the variables that they use."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.uses: list[Use] = []
        self.aggregates = 0
        self._aggregate: Lexeme | None = None
        self._no_aggregates = ""

    @abstractmethod
    def group(self) -> set[str]:
        """Parse a group in braces and return the variables that are in scope after it."""

    def starts_expression(self) -> bool:
        """Whether what comes next can begin an expression."""
        return self.starts_term() or self.is_mark("!") or self.is_word(*EXPRESSION_WORDS)

    def expression(self) -> None:
        """Parse operands and the operators between them."""
        self.deeper()
        compared = False
        while True:
            self._operand()
            if self.now.kind == "iri" and self.now.text[0] == "<":
                self.shorten(2 if self.now.text[:2] == "<=" else 1)
            elif self.is_mark(">>", ")>>", "<<", "<<("):
                self.shorten(1)
            operator = self._operator()
            if operator is None:
                break
            if operator in _COMPARISONS and compared:
                self.fail(
                    f"comparisons cannot be chained: join two by “&&”, as in 1 {operator} ?x && ?x "
                    f"{operator} 9",
                    self.last.start,
                )
            compared = operator in _COMPARISONS or (compared and operator not in {"||", "&&"})
        self.higher()

    def without_aggregates(self, where: str) -> None:
        """Parse an expression in which aggregates are not allowed."""
        outer, self._no_aggregates = self._no_aggregates, where
        self.expression()
        self._no_aggregates = outer

    def _operator(self) -> str | None:
        """Parse the operator after an operand and return it; None after the last operand."""
        token = self.now
        if token.kind == "number" and self.text[token.start - 1] in "+-":
            return None
        if token.kind == "mark" and token.text in _OPERATORS:
            self.advance()
            self._check_doubled(token)
            return token.text
        if self.is_word("IN"):
            self.advance()
            self._list()
            return self._operator_after_list()
        if self.is_word("NOT"):
            self.advance()
            if not self.take_word("IN"):
                meant = self.bare()
                self.fail(
                    "after a value, NOT is only allowed in NOT IN ( … )"
                    + (f"; “not {meant}” is written with “!” before it" if meant else "")
                )
            self._list()
            return self._operator_after_list()
        if self.is_mark("!") and self.following().text == "=":
            self.fail("“! =” is written “!=”")
        self._check_after_value(token)
        foreign = FOREIGN_OPERATORS.get(self.bare())
        if foreign is not None:
            self.fail(foreign)
        if token.kind == "mark" and token.text == "|":
            self.fail("“|” is not an operator between values. Write “||” for “or”")
        if token.kind == "mark" and token.text == "^":
            self.fail("SPARQL has no power operator “^”; a datatype is written “^^”")
        self.check_readable()
        return None

    def _check_after_value(self, token: Lexeme) -> None:
        """Fail for syntax of other languages in place of an operator."""
        following = self.following()
        if self.is_mark(".") and lexeme_at(self.text, following.end).text == "(":
            meant = FOREIGN_FUNCTIONS.get(following.text.upper())
            call = meant or f"{following.text[:40].upper()}({self.last.text[:40]}, …)"
            self.fail(f"a function goes before its arguments: {call}")
        if self.is_word("ASC", "DESC"):
            self.fail(
                f"{token.word} goes before its expression, with parentheses: "
                f"{token.word}({self.last.text[:40]})"
            )
        scaled = self.last.kind == "number" and token.text[:1].isalpha() and not token.word
        if scaled and self.bare() not in FOREIGN_OPERATORS:
            self.fail("a number is written in digits only, as in 1000000")
        if token.text == "~":
            self.fail('SPARQL has no “~”: write REGEX(?x, "…")')

    def _operator_after_list(self) -> str | None:
        """Parse && or || after IN ( … ), which no other operator can follow."""
        if self.is_mark(*_OPERATORS) and not self.is_mark("&&", "||"):
            self.fail(
                f"{self.shown()} cannot follow IN ( … ). Put the comparison in parentheses: "
                "(?x IN (1, 2))"
            )
        return self._operator()

    def _check_doubled(self, operator: Lexeme) -> None:
        """Fail for two characters that form an operator in other languages."""
        text, token = operator.text, self.now
        if token.text == "~" and text == "=":
            self.fail('SPARQL has no “=~”: write REGEX(?x, "…")', operator.start)
        if token.kind != "mark" or token.start != operator.end:
            return
        pair = text + token.text
        mends = {
            "==": "=",
            "===": "=",
            "=!": "!=",
            "=>": ">=",
            "=<": "<=",
            "<>": "!=",
            "!==": "!=",
            "&&&": "&&",
        }
        if pair == "**":
            self.fail("SPARQL has no power operator: write ?x * ?x", operator.start)
        mend = mends.get(pair)
        if mend is not None:
            self.fail(f"“{pair}” is written “{mend}”", operator.start)

    def _operand(self) -> None:
        while self.is_mark("!"):
            if self.following().text == "=":
                self.fail("a value is missing before “!=”")
            self.advance()
        if self.is_mark("-", "+"):
            self.advance()
            self._check_signed()
        token = self.now
        if self.is_mark("("):
            self.open("(")
            if self.is_mark(")"):
                self.fail("an expression is missing between the parentheses")
            self.expression()
            if self.is_mark(","):
                self.fail("a list is only allowed after IN: ?x IN (1, 2)")
            self.close(")", "an operator, or ")
        elif self.is_mark("<<("):
            self.fixed = "an expression"
            self._triple_term()
            self.fixed = ""
        elif token.kind == "variable":
            inside = self._aggregate is not None
            self.uses.append(Use(token.text[1:], inside, token.start))
            self.advance()
        elif token.kind in {"iri", "name"}:
            self._iri_or_call()
        elif token.kind in {"string", "number"} or self.is_word("TRUE", "FALSE"):
            self.literal("a value")
        elif token.kind == "word" and token.word:
            self._keyword()
        else:
            self._fail_operand()

    def _check_signed(self) -> None:
        """After a sign, allow another only as that of a number."""
        if not self.is_mark("!", "-", "+"):
            return
        following = self.following()
        if self.is_mark("!") or following.kind != "number":
            value = following.text[:40] if following.kind == "variable" else "?x"
            self.fail(
                f"{self.shown()} cannot follow “{self.last.text}”. Put it in parentheses: "
                f"{self.last.text}({self.now.text}{value})"
            )
        self.advance()

    def _fail_operand(self) -> NoReturn:
        token = self.now
        if token.kind == "language" and self.last.kind == "mark":
            self.fail(f'a language tag is a string here: "{token.text[1:40]}"')
        self.check_readable()
        if token.kind == "blank" or self.is_mark("[", "<<"):
            self.fail("blank nodes are not allowed in expressions. Use a variable")
        if self.is_mark("{"):
            self.fail("unexpected “{”; expected a value. Test a pattern with EXISTS { … }")
        if self.is_mark("*"):
            self.fail("unexpected “*”; expected a value. Only COUNT takes “*”, as COUNT(*)")
        if token.kind == "word":
            self._fail_word()
        if token.kind == "mark" and self.last.kind == "mark" and self.last.text in _OPERATORS:
            self.fail(f"a value is missing between “{self.last.text}” and {self.shown()}")
        self.fail(f"a value is missing before {self.shown()}")

    def _fail_word(self) -> NoReturn:
        token = self.now
        called = self.following().text == "("
        if called:
            meant = close(token.text, (*ARITIES, *AGGREGATES, "EXISTS"))
            foreign = FOREIGN_FUNCTIONS.get(token.text.upper())
            if foreign is not None:
                self.fail(f"there is no function {token.text}. Write {foreign}")
            if meant is not None:
                self.fail(f"there is no function {token.text}. Did you mean {meant}?")
            self.fail(
                f"there is no function {token.text[:40]}. Extension functions are called by IRI or "
                "prefixed name"
            )
        if token.text.upper() in {"NULL", "NIL", "NONE", "UNDEFINED"}:
            self.fail(f"SPARQL has no {token.text}: write !BOUND(?x) to test for a missing value")
        if token.text.upper() == "NOT":
            self.fail("“not” is written “!”")
        if token.text.upper() == "CASE":
            self.fail("SPARQL has no CASE: write IF(condition, value, other value)")
        if self.last.text in {"=", "!=", "(", ","} or self.last.word:
            self.fail(
                f"{self.shown()} is not a keyword. Is it the variable ?{token.text[:30]}, or the "
                f'string "{token.text[:30]}"?'
            )
        self.fail(self.no_word(token, EXPRESSION_WORDS))

    def _keyword(self) -> None:
        word = self.now.word
        if word in AGGREGATES:
            self.aggregate()
        elif word == "EXISTS":
            self.advance()
            self._exists()
        elif word == "NOT":
            self.advance()
            if not self.take_word("EXISTS"):
                self._fail_not()
            self._exists()
        elif word in ARITIES:
            self._call()
        elif word == "SELECT":
            self.fail(
                "subqueries are not allowed in expressions. Put { SELECT … } in the group and use "
                "its variable"
            )
        elif word == "IN":
            self.fail("a value is missing before IN")
        elif word == "A":
            self.fail("“a” means rdf:type only as a predicate")
        else:
            self.check_readable()
            if self.following().text == "(" and word in FOREIGN_FUNCTIONS:
                self._fail_word()
            self.fail(f"a value is missing before {self.shown()}")

    def _fail_not(self) -> NoReturn:
        if self.is_mark("{"):
            self.fail("EXISTS is missing after NOT: NOT EXISTS { … }")
        if close(self.now.text, ("EXISTS",)) is not None:
            self.fail(f"{self.shown()} is not a keyword. Did you mean EXISTS?")
        self.fail(
            "“not” is written “!”, as in !BOUND(?x); NOT is used in NOT EXISTS and NOT IN",
            self.last.start,
        )

    def _exists(self) -> None:
        if not self.is_mark("{"):
            self.check_readable()
            self.fail(f"EXISTS must be followed by a pattern in braces, not by {self.shown()}")
        outer, self.seen = self.seen, set()
        aggregate, self._aggregate = self._aggregate, None
        self.group()
        self.seen, self._aggregate = outer, aggregate

    def _iri_or_call(self) -> None:
        function = self.now
        self.iri("a value")
        if self.is_mark("("):
            self.call_arguments(function)

    def call_arguments(self, function: Lexeme) -> None:
        """Parse the arguments of a function that is called by its IRI."""
        self.open("(")
        if self.is_word("DISTINCT") and self.following().text != ")":
            self.advance()
        self._arguments(function.text)

    def _arguments(self, name: str) -> int:
        """Parse arguments up to the closing parenthesis and return their number."""
        count = 0
        while not self.is_mark(")"):
            if self.is_mark(","):
                self.fail(f"an argument of {name} is missing before “,”")
            if self.is_word("DISTINCT"):
                self.fail("DISTINCT is only allowed in aggregates such as COUNT(DISTINCT ?x)")
            if not self.starts_expression():
                if self.now.kind == "end" or (self.is_mark("}", "]", ".") and count == 0):
                    break
                self._operand()
            self.expression()
            count += 1
            if self.is_mark(";"):
                self.fail(f"the arguments of {name} are separated by “,”")
            if not self.take_mark(","):
                if self.starts_expression() and not self.is_mark("+", "-"):
                    self.fail(f"a “,” or an operator is missing before {self.shown()}")
                break
            if self.is_mark(")"):
                self.fail(f"an argument of {name} is missing after “,”")
        self.close(")", "“,”, an operator, or ")
        return count

    def _call(self) -> None:
        function = self.now
        name, (least, most) = function.word, ARITIES[function.word]
        self.advance()
        if not self.is_mark("("):
            self.check_readable()
            example = f"{name}()" if most == 0 else f"{name}({self.now.text[:30]})"
            if not self.starts_term():
                example = f"{name}(…)"
            self.fail(f"the arguments of {name} must be in parentheses: {example}")
        self.open("(")
        start = self.now
        count = self._arguments(name)
        if not least <= count <= most:
            wanted = f"{least}" if least == most else f"{least} or {most}"
            noun = "argument" if wanted == "1" else "arguments"
            mend = ". For two decimals, write ROUND(?x * 100) / 100" if name == "ROUND" else ""
            self.fail(f"{name} takes {wanted} {noun}, not {count}{mend}", function.start)
        if name == "BOUND" and start.kind != "variable":
            self.fail("BOUND takes a variable, as in BOUND(?x)", start.start)

    def _list(self) -> None:
        if not self.is_mark("("):
            self.check_readable()
            self.fail("the values after IN must be in parentheses: ?x IN (1, 2)")
        self.open("(")
        self._arguments("IN")

    def aggregate(self) -> None:
        """Parse an aggregate."""
        function = self.advance()
        name = function.word
        if self._no_aggregates and self._aggregate is None:
            self.fail(
                f"{name} is not allowed in {self._no_aggregates}. Aggregates go in SELECT, HAVING "
                "and ORDER BY: filter groups with HAVING ( … )",
                function.start,
            )
        if not self.is_mark("("):
            if self.is_word("DISTINCT") and self.following().text == "(":
                self.fail(f"DISTINCT goes within the parentheses: {name}(DISTINCT ?x)")
            self.check_readable()
            if not self.starts_expression():
                self.fail(
                    f"{name} must be followed by its argument in parentheses: {name}(?x). Is it "
                    "the "
                    f"variable ?{function.text}?"
                )
            self.fail(f"{name} must be followed by its argument in parentheses: {name}(?x)")
        if self._aggregate is not None:
            self.fail(
                f"{name} is nested in {self._aggregate.word}. Compute the inner one in a subquery: "
                f"{{ SELECT … GROUP BY … }}",
                function.start,
            )
        self.aggregates += 1
        self._aggregate = function
        self.open("(")
        self.take_word("DISTINCT")
        if self.is_mark("*"):
            if name != "COUNT":
                self.fail(f"only COUNT takes “*”. {name} takes one expression: {name}(?x)")
            self.advance()
        elif self.is_mark(")"):
            self.fail(f"{name} has no argument: {name}({'*' if name == 'COUNT' else '?x'})")
        else:
            self.expression()
        self._aggregate = None
        if name == "GROUP_CONCAT":
            self._separator()
        elif self.is_mark(","):
            self.fail(f"{name} takes one argument")
        self.close(")", "an operator, or ")

    def _separator(self) -> None:
        if self.is_mark(",") or self.is_word("SEPARATOR"):
            self.fail('the separator follows a semicolon: GROUP_CONCAT(?x; SEPARATOR=", ")')
        if not self.take_mark(";"):
            return
        if not self.take_word("SEPARATOR"):
            self.fail('“;” must be followed by SEPARATOR=", "')
        if not self.take_mark("="):
            self.fail('SEPARATOR must be followed by “=” and a string: SEPARATOR=", "')
        if self.now.kind != "string":
            self.check_readable()
            self.fail("the separator must be a string in quotation marks")
        self.advance()
