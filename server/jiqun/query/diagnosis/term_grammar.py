"""Terms and statements (SPARQL 1.1, productions 75 to 87 and 98 to 106; those of 1.2 beside)."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from jiqun.query.diagnosis.lexemes import Lexeme
from jiqun.query.diagnosis.path_grammar import SCHEMES, PathGrammar
from jiqun.query.diagnosis.vocabulary import GROUP_WORDS, close

_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_TERM_KINDS: Final = frozenset({"iri", "name", "variable", "blank", "string", "number"})
_REIFIERS: Final = frozenset({"iri", "name", "variable"})
_STARTS: Final = frozenset({"[", "(", "<<", "<<(", "+", "-"})
_COMPARISONS: Final = frozenset({"=", "!=", "<=", ">=", ">", "||", "&&", "<"})


HYPHEN: Final = "the name of a variable has no “-”. Write “_” instead"


class TermGrammar(PathGrammar):
    """Reads statements.

    `plain` names what has no paths, `ground` what has no variables, `labelless` what has no blank
    nodes, `fixed` where triple terms have neither blank nodes nor texts as subjects.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.plain = ""
        self.ground = ""
        self.labelless = ""
        self.fixed = ""
        self.seen: set[str] = set()
        self._along_path = False
        self._block = 0
        self._blocks: dict[str, int] = {}
        self.operation = 0
        self._operations: dict[str, int] = {}

    def new_block(self) -> None:
        """Begin another basic graph pattern: no blank node of a former one may occur in it."""
        self._block += 1

    def starts_term(self) -> bool:
        """Whether what comes next can begin a term or a nested node."""
        token = self.now
        if token.kind == "mark":
            return token.text in _STARTS
        return token.kind in _TERM_KINDS or self.is_word("TRUE", "FALSE")

    def variable(self, purpose: str) -> str:
        """Pass a variable and return its name."""
        if self.now.kind != "variable":
            self.check_readable()
            if self.now.kind == "word" and self.following().kind != "word":
                self.fail(
                    f"{purpose} is a variable: did you mean ?{self.now.text}, with “?” before it?"
                )
            self.fail(f"{purpose} is a variable, as ?name, not {self.shown()}")
        return self.advance().text[1:]

    def statements(self, closing: str) -> None:
        """Pass one or more statements with the same subject, up to what follows its last object."""
        can_stand_alone = self.is_mark("[", "(", "<<")
        if self.is_a():
            self.fail("“a” stands for rdf:type, which is a predicate; a subject is missing before")
        nested = self._node("a subject")
        if self.is_mark(".", closing) or not self._starts_predicate():
            if can_stand_alone and nested:
                return
            self._fail_predicate()
        self._predicates(closing)

    def _predicates(self, closing: str) -> None:
        """Pass predicates and objects, separated by semicolons."""
        while True:
            called = self.is_mark("(") and self.last.end == self.now.start
            if not self._starts_predicate() or (called and self.last.kind in {"iri", "name"}):
                self._fail_predicate()
            self._predicate()
            self._objects(closing, self._along_path)
            if not self.is_mark(";"):
                return
            while self.take_mark(";"):
                pass
            if not self._starts_predicate():
                if self.starts_term() or self.is_mark(","):
                    self._fail_predicate()
                return

    def _objects(self, closing: str, along_path: bool) -> None:
        while True:
            if self.is_a():
                self.fail("an object is missing before “a”")
            if not self.starts_term():
                self._fail_object(closing)
            self._node("an object")
            self._annotations(along_path)
            if not self.take_mark(","):
                return

    def _annotations(self, along_path: bool) -> None:
        after_reifier = False
        while self.is_mark("~", "{|"):
            if along_path:
                self.fail("only a plain predicate can be annotated, not a path")
            named = self.is_mark("{|") and self.last.kind in _REIFIERS and after_reifier
            named = named or (self.is_mark("~") and self.following().kind in _REIFIERS)
            if self.labelless and not named:
                self.fail(f"{self.labelless} cannot have annotations, which are blank nodes")
            after_reifier = self.take_mark("~")
            if after_reifier:
                if self.now.kind in {"iri", "name", "variable", "blank"}:
                    self._node("a reifier")
                continue
            self.open("{|")
            self._predicates("|}")
            self.close("|}")

    def _starts_predicate(self) -> bool:
        token = self.now
        return token.kind in {"iri", "name", "variable"} or (
            self.is_a() or self.is_mark("^", "!", "(")
        )

    def is_hyphen(self) -> bool:
        """Whether a hyphen comes next that was meant as part of the name of a variable."""
        return (
            self.is_mark("-") and self.last.kind == "variable" and self.last.end == self.now.start
        )

    def _fail_predicate(self) -> NoReturn:
        self.check_readable()
        token = self.now
        if token.kind in {"string", "number"}:
            self.fail(f"{self.shown()} stands where a predicate must: an IRI, a name or a variable")
        if token.kind == "mark" and token.text in _COMPARISONS:
            self.fail(
                f"“{token.text}” compares, and comparisons stand in FILTER ( … ), not among the "
                "statements"
            )
        if self.is_mark("/") and self.last.kind == "name":
            if self.last.text in {f"{each}:" for each in SCHEMES}:
                self.fail_bare_iri(self.last)
            self.fail("“/” cannot stand in a prefixed name. Write the whole IRI in < >")
        if self.is_hyphen():
            self.fail(HYPHEN)
        if self.is_mark("("):
            self.fail("functions are called in FILTER and BIND, a class is named by “a”: ?x a …")
        if self.bare() in {"IS", "ISA", "TYPE", "INSTANCEOF"}:
            self.fail(f"a class is named by “a”: {self.last.text[:30]} a …")
        if token.kind == "word" and not token.word:
            meant = close(token.text, GROUP_WORDS)
            if meant:
                self.fail(f"{self.shown()} is not a keyword. Did you mean {meant}?")
            dotted = self.following()
            if token.text in self.prefixes and dotted.text in {".", "/"}:
                self.fail(f"the name of a prefix ends with “:”, not with “{dotted.text}”")
            self.fail(
                f"{self.shown()} stands where a predicate must. Write it as an IRI in < >, as a "
                f"prefixed name such as rdfs:{token.text[:30]}, or as the variable "
                f"?{token.text[:30]}"
            )
        if self.is_mark(";", ","):
            self.fail(f"a predicate and an object are missing before “{token.text}”")
        if token.text == "A":
            self.fail("“a” for rdf:type is written in lower case")
        self.fail(
            f"a predicate and an object are missing before {self.shown()}. A statement is subject, "
            "predicate and object"
        )

    def _fail_object(self, closing: str) -> NoReturn:
        self.check_readable()
        token = self.now
        if self.bare() in {"LIKE", "BETWEEN", "CONTAINS"}:
            self.fail(f"{self.bare()} compares, and comparisons stand in FILTER ( … )")
        if token.kind == "word" and not token.word:
            self.fail(
                f"{self.shown()} stands where an object must. Is it the variable "
                f'?{token.text[:30]}, a prefixed name with “:”, or the text "{token.text[:30]}"?'
            )
        if self.is_mark("*", "+", "?", "/", "|") and self.last.kind == "variable":
            self.fail(
                f"“{token.text}” makes a path, and paths consist of IRIs, not of variables such as "
                f"{self.shown(self.last)}"
            )
        if self.is_mark("=", "!=", ">", "<=", ">="):
            self.fail(f"“{token.text}” compares, and comparisons stand in FILTER ( … )")
        if self.is_mark("{"):
            self.fail("an object is missing before “{”. A list of values is VALUES ?x { … }")
        if self.is_mark("/") and self.last.text in {f"{each}:" for each in SCHEMES}:
            self.fail_bare_iri(self.last)
        before = self.shown() if not self.is_mark(closing) else f"“{closing}”"
        self.fail(f"an object is missing before {before}")

    def _node(self, purpose: str) -> bool:
        """Pass a term or a nested node; return whether it has statements of its own."""
        if self.is_mark("["):
            return self._blank_properties()
        if self.is_mark("("):
            return self._collection()
        if self.is_mark("<<"):
            self._reified()
            return True
        if self.is_mark("<<("):
            self._triple_term()
            return False
        self._term(purpose)
        return False

    def _term(self, purpose: str) -> None:
        token = self.now
        if token.kind == "variable":
            if self.ground:
                self.fail(f"{self.ground} cannot have variables such as {self.shown()}")
            self.seen.add(token.text[1:])
            self.advance()
        elif token.kind == "blank":
            self._check_blank(token)
            self.advance()
        elif token.kind in {"iri", "name"}:
            self.iri(purpose)
        else:
            self.literal(purpose)

    def literal(self, purpose: str) -> None:
        """Pass a text, a number or a boolean."""
        signed = self.is_mark("+", "-")
        if signed:
            self.advance()
        token = self.now
        if signed and token.kind != "number":
            self.fail(f"“{self.last.text}” must be followed by a number")
        if token.kind == "number" or self.is_word("TRUE", "FALSE"):
            self.advance()
        elif token.kind == "string":
            self._string(token)
        else:
            self.check_readable()
            self.fail(f"{purpose} is missing before {self.shown()}")

    def _string(self, token: Lexeme) -> None:
        for escape in _ESCAPE.finditer(token.text):
            at, letter = token.start + escape.start(), escape[3]
            if letter is None:
                code = int(escape[1] or escape[2], 16)
                if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                    self.fail(f"{escape[0]} is not a Unicode character", at)
            elif letter in "uU":
                digits = 4 if letter == "u" else 8
                self.fail(f"“\\{letter}” is followed by {digits} hexadecimal digits", at)
            elif letter not in "tbnrf\"'\\":
                mend = f"“\\\\{letter}”"
                self.fail(
                    f"“\\{letter}” is not an escape in a text. For a backslash write {mend}", at
                )
        self.advance()
        if self.now.kind == "language":
            tag = self.now.text
            if any(len(part) > 8 for part in tag[1:].partition("--")[0].split("-")):
                self.fail(f"{self.shown()} is not a language tag: its parts have at most 8 letters")
            if "--" in tag and not tag.endswith(("--ltr", "--rtl")):
                self.fail("the direction of a text is --ltr or --rtl")
            self.advance()
        elif self.is_mark("^^"):
            self.advance()
            self.iri("a datatype")
        elif self.is_mark("^") and self.following().kind in {"iri", "name"}:
            self.fail("a datatype follows “^^”, not “^”")
        elif self.now.kind == "stray" and self.now.text == "@":
            self.fail('“@” is followed by a language, as in "cluster"@en')

    def _check_blank(self, token: Lexeme) -> None:
        if self.labelless:
            self.fail(f"{self.labelless} cannot have blank nodes such as {self.shown()}")
        operation = self.operation
        if self.ground:
            operation = self._operations.setdefault(token.text, self.operation)
        if operation != self.operation:
            self.fail(
                f"the blank node {token.text} stands in two operations. Name them differently"
            )
        block = self._blocks.setdefault(token.text, self._block)
        if block != self._block:
            self.fail(
                f"the blank node {token.text} stands in two separate patterns. Use a variable "
                f"instead, as ?{token.text[2:]}"
            )

    def _blank_properties(self) -> bool:
        if self.labelless:
            self.fail(f"{self.labelless} cannot have blank nodes such as “[ … ]”")
        self.open("[")
        if self.is_mark("]"):
            self.close("]")
            return False
        self._predicates("]")
        self.close("]", "“;” or “,” could follow")
        return True

    def _collection(self) -> bool:
        if self.labelless and self.following().text != ")":
            self.fail(f"{self.labelless} cannot have lists")
        self.open("(")
        empty = self.is_mark(")")
        if self.is_word("SELECT"):
            self.fail("a subquery stands in braces: { SELECT … }")
        while not self.is_mark(")"):
            if self.is_mark(","):
                self.fail("the members of a list are separated by blanks: remove the comma")
            if not self.starts_term():
                break
            self._node("a member of the list")
        self.close(")")
        return not empty

    def _reified(self) -> None:
        if self.labelless:
            self.fail(f"{self.labelless} cannot have reified triples, which are blank nodes")
        self.open("<<")
        self._parts()
        if self.take_mark("~") and self.now.kind in {"iri", "name", "variable", "blank"}:
            self._term("a reifier")
        self.close(">>")

    def _triple_term(self) -> None:
        self.open("<<(")
        self._parts()
        self.close(")>>")

    def _parts(self) -> None:
        """Pass subject, predicate and object of a triple within a triple."""
        allowed = ("iri", "name", "variable") if self.fixed else _TERM_KINDS
        if self.is_mark("[", "(") and (self.fixed or self.following().text not in {"]", ")"}):
            self.fail("a triple within a triple cannot have nested nodes")
        if self.fixed and self.now.kind not in allowed:
            self.check_readable()
            self.fail(f"the subject of a triple in {self.fixed} is an IRI, not {self.shown()}")
        self._node("a subject")
        if not self.take_a():
            if self.now.kind == "variable":
                self._term("a predicate")
            else:
                self.iri("the predicate of a triple")
        if self.is_mark("[", "(") and self.following().text not in {"]", ")"}:
            self.fail("a triple within a triple cannot have nested nodes")
        self._node("an object")

    def _predicate(self) -> None:
        """Pass a variable or a path."""
        if self.now.kind == "variable":
            self._along_path = False
            self._term("a predicate")
            return
        start = self.now
        self.path()
        self._along_path = self.last is not start
        if self.plain and self._along_path:
            self.fail(f"{self.plain} cannot have paths", start.start)
