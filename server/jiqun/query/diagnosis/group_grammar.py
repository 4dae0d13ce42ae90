"""Groups in braces and their elements (SPARQL 1.1, productions 53 to 70)."""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Final, NoReturn

from jiqun.query.diagnosis.expression_grammar import ExpressionGrammar
from jiqun.query.diagnosis.vocabulary import (
    AGGREGATES,
    ARITIES,
    GROUP_WORDS,
    QUERY_FORMS,
    UPDATE_FORMS,
    close,
)

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_AFTER_WHERE: Final = frozenset({"GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET"})


class GroupGrammar(ExpressionGrammar):
    """Reads groups; `seen` collects the variables that are in scope."""

    @abstractmethod
    def subquery(self) -> set[str]:
        """Parse a subquery and return the variables that it selects."""

    def group(self) -> set[str]:
        """Parse a group in braces and return the variables that are in scope after it."""
        outer, self.seen = self.seen, set()
        self.open("{")
        self.new_block()
        if self.is_word("SELECT"):
            self.seen = self.subquery()
        else:
            self._elements()
        if self.is_mark("]", ")"):
            self.fail(f"unmatched “{self.now.text}”. Remove it")
        self.close("}")
        self.new_block()
        inner, self.seen = self.seen, outer
        return inner

    def require_group(self, after: str) -> set[str]:
        """Parse the group that must follow a keyword."""
        if not self.is_mark("{"):
            self.check_readable()
            self.fail(f"the pattern after {after} must be in braces: {after} {{ … }}")
        return self.group()

    def _elements(self) -> None:
        """Parse the elements of a group, up to its closing brace."""
        complete = True
        while not self.is_mark("}") and self.now.kind != "end":
            if self.is_mark("."):
                if complete:
                    self._fail_dot()
                self.advance()
                complete = True
            elif self.starts_term() or self.is_a():
                if not complete:
                    self._fail_joined()
                self.statements("}")
                complete = False
            elif self._is_element():
                if self._element():
                    self.new_block()
                self.take_mark(".")
                complete = True
            else:
                self._fail_element()

    def _fail_dot(self) -> NoReturn:
        if self.last.text == ".":
            self.fail("duplicate “.”. One separates two triples")
        self.fail("“.” has no triple before it. Remove it")

    def _fail_joined(self) -> NoReturn:
        before = self.last
        date = _DATE.match(self.text, before.start)
        if date:
            self.fail(f'a date is written "{date[0]}"^^xsd:date', before.start)
        if before.kind == "name" and self.now.kind == "stray":
            self.check_readable()
        self.fail(
            f"“.” is missing before {self.shown()}. A triple ends after its object; “;” "
            "continues with the same subject, “,” with the same predicate"
        )

    def _is_element(self) -> bool:
        return self.is_mark("{") or self.is_word(
            "OPTIONAL", "MINUS", "GRAPH", "SERVICE", "FILTER", "BIND", "VALUES", "LATERAL"
        )

    def _element(self) -> bool:
        """Parse a group element other than triples; return whether it ends a pattern."""
        if self.is_mark("{"):
            self._union()
            return True
        word = self.advance().word
        if word == "FILTER":
            self.constraint("FILTER")
            return False
        if word == "BIND":
            self._bind()
        elif word == "VALUES":
            self.seen |= self.data_block()
        elif word == "MINUS":
            self.require_group("MINUS")
        elif word == "GRAPH":
            self._named("the name of a graph")
            self.seen |= self.require_group("GRAPH …")
        elif word == "SERVICE":
            self.take_word("SILENT")
            self._named("the address of a service")
            self.seen |= self.require_group("SERVICE …")
        else:
            self.seen |= self.require_group(word)
        return True

    def _named(self, purpose: str) -> None:
        if self.now.kind == "variable":
            self.seen.add(self.advance().text[1:])
        else:
            self.iri(purpose)

    def _union(self) -> None:
        self.seen |= self.group()
        while self.is_word("UNION"):
            self.advance()
            if self.is_word("ALL"):
                self.fail("UNION already keeps all solutions: remove ALL")
            self.seen |= self.require_group("UNION")

    def constraint(self, keyword: str) -> None:
        """Parse the condition of FILTER or HAVING."""
        outer = self._no_aggregates
        self._no_aggregates = "FILTER" if keyword == "FILTER" else outer
        if self.is_mark("("):
            self.open("(")
            if self.is_mark(")"):
                self.fail(f"the condition of {keyword} is missing between the parentheses")
            self.expression()
            if self.is_mark(","):
                self.fail("join conditions with “&&” or “||”, not with a comma")
            self.close(")", "an operator, or ")
        elif self.is_word("NOT", "EXISTS", *ARITIES, *AGGREGATES):
            self._keyword()
        elif self.now.kind in {"iri", "name"} and self.following().text == "(":
            function = self.now
            self.iri("a function")
            self.call_arguments(function)
        else:
            self._fail_constraint(keyword)
        self._check_rest_of_condition(keyword)
        self._no_aggregates = outer

    def _check_rest_of_condition(self, keyword: str) -> None:
        token = self.now
        compares = self.is_mark("=", "!=", ">", "<", ">=", "<=", "&&", "||") or self.is_word("IN")
        if compares or (token.kind in {"word", "stray"} and self.bare() in {"AND", "OR"}):
            self.fail(
                f"{self.shown()} follows the condition of {keyword}. The whole condition must be "
                f"in parentheses: {keyword} ( … {token.text} … )"
            )

    def _fail_constraint(self, keyword: str) -> NoReturn:
        self.check_readable()
        token = self.now
        if self.is_mark("{"):
            self.fail(f"{keyword} must be followed by a condition in parentheses, not by a group")
        if token.kind == "word" and not token.word and self.following().text == "(":
            self._fail_word()
        if self.is_mark("}") or token.kind == "end":
            self.fail(f"the condition of {keyword} is missing")
        line = self.text[token.start :].split("\n", 1)[0]
        condition = line.split("}")[0].split(" .")[0].strip(" []")[:60].replace("==", "=")
        self.fail(f"the condition of {keyword} must be in parentheses: {keyword} ({condition})")

    def _bind(self) -> None:
        if not self.is_mark("("):
            self.check_readable()
            self.fail("BIND must be followed by parentheses: BIND ( expression AS ?name )")
        self.open("(")
        if self.now.kind == "variable" and self.following().text == "=":
            self.fail(f"BIND assigns with AS: BIND ( expression AS {self.now.text} )")
        self.without_aggregates("BIND")
        name, start = self._alias("BIND ( expression AS ?name )")
        if name in self.seen:
            self.fail(
                f"?{name} is already bound in this group. Choose another name after AS, or compare "
                "the two in FILTER",
                start,
            )
        self.seen.add(name)
        self.close(")")

    def _alias(self, pattern: str) -> tuple[str, int]:
        """Parse AS and a variable; return its name and position."""
        if not self.take_word("AS"):
            self.check_readable()
            if self.now.kind == "variable" or self.is_mark(")"):
                self.fail(f"AS is missing before {self.shown()}: write {pattern}")
            if self.is_mark(","):
                self.fail(f"“,” is not allowed here: write {pattern}")
            if self.starts_expression():
                self.fail(f"an operator is missing before {self.shown()}")
            self.fail(f"AS and a variable are missing before {self.shown()}: write {pattern}")
        start = self.now.start
        if self.now.kind == "string":
            self.fail("the name after AS must be a variable such as ?name, not a string")
        return self.variable("the name after AS"), start

    def data_block(self) -> set[str]:
        """Parse the variables and rows of VALUES and return the names of the variables."""
        names: list[str] = []
        if self.now.kind == "variable":
            names.append(self.advance().text[1:])
            if self.now.kind == "variable" or self.is_mark(","):
                self.fail("several variables must be in parentheses: VALUES (?a ?b) { (1 2) }")
            self._check_data_opening(f"?{names[0]}")
            self.open("{")
            while not self.is_mark("}") and self.now.kind != "end":
                if self.is_mark("("):
                    self._fail_row_of_one(names[0])
                self._data_value()
            self.close("}")
            return set(names)
        if not self.is_mark("("):
            self.check_readable()
            self.fail(
                "VALUES must be followed by variables: VALUES ?x { 1 2 } or VALUES (?x ?y) "
                "{ (1 2) }"
            )
        self.open("(")
        while self.now.kind == "variable":
            names.append(self.advance().text[1:])
            if self.is_mark(","):
                self.fail("variables are separated by spaces: remove the comma")
        self.close(")")
        for at, name in enumerate(names):
            if name in names[:at]:
                self.fail(f"duplicate variable ?{name} in VALUES", self.last.start)
        self._check_data_opening("( … )")
        self.open("{")
        while not self.is_mark("}") and self.now.kind != "end":
            self._row(names)
        self.close("}")
        return set(names)

    def _check_data_opening(self, after: str) -> None:
        if not self.is_mark("{"):
            self.check_readable()
            self.fail(f"the values must be in braces: VALUES {after} {{ … }}")

    def _fail_row_of_one(self, name: str) -> NoReturn:
        self.fail(f"rows in parentheses need variables in parentheses: write VALUES (?{name})")

    def _row(self, names: list[str]) -> None:
        row = self.now
        if not self.is_mark("("):
            if self.is_mark(","):
                self.fail("rows are separated by spaces: remove the comma")
            self.check_readable()
            self.fail("each row of VALUES must be in parentheses: { (1 2) (3 4) }")
        self.open("(")
        count = 0
        while not self.is_mark(")") and self.now.kind != "end":
            self._data_value()
            count += 1
        self.close(")")
        if count != len(names):
            have = f"{count} value{'' if count == 1 else 's'}"
            need = f"{len(names)} variable{'' if len(names) == 1 else 's'}"
            self.fail(
                f"the row has {have}, but VALUES has {need}. Use UNDEF for a missing value",
                row.start,
            )

    def _data_value(self) -> None:
        if self.is_mark(","):
            self.fail("values are separated by spaces: remove the comma")
        if self.take_word("UNDEF"):
            return
        if self.is_mark("<<("):
            self.fixed = "VALUES"
            self._triple_term()
            self.fixed = ""
        elif self.now.kind == "variable":
            self.fail("VALUES takes constants, not variables")
        elif self.now.kind == "blank" or self.is_mark("["):
            self.fail("VALUES cannot contain blank nodes")
        elif self.now.kind in {"iri", "name"}:
            self.iri("a value")
        else:
            if self.now.kind == "word" and self.now.word not in {"TRUE", "FALSE"}:
                self.fail(
                    f"{self.shown()} is not a value. Write a string in quotation marks, an IRI in "
                    "< >, or UNDEF for none"
                )
            self.literal("a value")

    def _fail_foreign_element(self, word: str, following: str) -> None:
        """Fail for group elements of other languages, and for misplaced keywords."""
        if word == "NOT" and following == "IN":
            self.fail("NOT IN follows a value, in FILTER: FILTER (?x NOT IN (1, 2))")
        if word == "IF" and following in {"NOT", "EXISTS"}:
            self.fail("a condition goes in FILTER: FILTER NOT EXISTS { … }")
        if word == "LET":
            self.fail("SPARQL has no LET: write BIND ( expression AS ?name )")
        if self.now.kind == "language" and self.now.text in {"@prefix", "@base"}:
            self.fail(
                f"“{self.now.text}” is Turtle syntax. Put PREFIX at the beginning of the query"
            )

    def _fail_element(self) -> NoReturn:
        """Fail for a token that cannot begin a group element."""
        self.check_readable()
        token, word = self.now, self.bare()
        following = self.following().text
        if self.is_mark(";", ","):
            self.fail(f"“{token.text}” continues a triple, but none precedes it")
        if word == "OR" and self.last.text == "}":
            self.fail("join two patterns with UNION: { … } UNION { … }")
        if word == "AND":
            self.fail("join triples with “.”, conditions with “&&” in FILTER ( … )")
        if word == "OR":
            self.fail("OR is written “||”, in FILTER ( … )")
        self._fail_foreign_element(word, following.upper())
        if word in {"EXISTS", "NOT"}:
            self.fail(f"FILTER is missing before {word}: FILTER {word} …")
        if word in _AFTER_WHERE:
            self.fail(f"{word} goes after the closing “}}” of WHERE, not within the braces")
        if word == "UNION":
            self.fail("UNION joins two groups: { { … } UNION { … } }")
        if word in {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"}:
            self.fail("a subquery must be in its own braces: { SELECT … WHERE { … } }")
        if word in {"FROM", "PREFIX", "BASE"}:
            where = "between SELECT and WHERE" if word == "FROM" else "before the query"
            self.fail(f"{word} goes {where}, not within the braces")
        if word in AGGREGATES:
            self.fail(
                f"{word} is an aggregate. It goes in SELECT ({word}( … ) AS ?n), HAVING or ORDER BY"
            )
        if word in ARITIES or (token.kind == "word" and following == "(" and not token.word):
            meant = close(token.text, GROUP_WORDS) if word not in ARITIES else None
            if meant is not None:
                self.fail(f"{self.shown()} is not a keyword. Did you mean {meant}?")
            self.fail(f"conditions go in FILTER, values in BIND: FILTER ({token.text}( … ))")
        if word in UPDATE_FORMS or word == "WHERE":
            self.fail(f"{word} is not allowed within the braces of a pattern")
        if word == "AS":
            self.fail("AS is used in BIND ( expression AS ?name ) and SELECT ( … AS ?name )")
        if token.kind == "word" and not token.word:
            self.fail(self.no_word(token, (*GROUP_WORDS, *_AFTER_WHERE)))
        if self.is_mark(">") and self.last.kind in {"name", "iri"}:
            self.fail("unmatched “>”. Remove it, or add “<” before the IRI")
        if self.is_mark("=", "!=", ">", "<=", ">=", "&&", "||", "!"):
            self.fail(f"“{token.text}” belongs in FILTER ( … )")
        if self.is_mark(")", "]", "|}", ">>", ")>>"):
            self.fail(f"unmatched “{token.text}”. Remove it")
        if token.kind == "word" and token.word in QUERY_FORMS:
            self.fail("only one query can be sent at a time")
        self.fail(
            f"unexpected {self.shown()}; expected a triple, FILTER, OPTIONAL or another group "
            "element"
        )
