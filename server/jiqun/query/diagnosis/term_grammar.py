"""Terms and triples (SPARQL 1.1, productions 75 to 87 and 98 to 106; and those of 1.2)."""

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


HYPHEN: Final = "a variable name cannot contain “-”. Write “_” instead"


class TermGrammar(PathGrammar):
    """Parses triples.

    `plain` names the construct that allows no paths, `ground` no variables, `labelless` no blank
    nodes, `fixed` neither blank nodes nor literals as subjects of triple terms.
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
        """Begin a basic graph pattern; it must not reuse a blank node of an earlier one."""
        self._block += 1

    def starts_term(self) -> bool:
        """Whether the next token can begin a term or a nested node."""
        token = self.now
        if token.kind == "mark":
            return token.text in _STARTS
        return token.kind in _TERM_KINDS or self.is_word("TRUE", "FALSE")

    def variable(self, purpose: str) -> str:
        """Parse a variable and return its name."""
        if self.now.kind != "variable":
            self.check_readable()
            if self.now.kind == "word" and self.following().kind != "word":
                self.fail(
                    f"{purpose} must be a variable: did you mean ?{self.now.text}, with “?” before "
                    "it?"
                )
            self.fail(f"{purpose} must be a variable such as ?name, not {self.shown()}")
        return self.advance().text[1:]

    def statements(self, closing: str) -> None:
        """Parse the triples of one subject."""
        can_stand_alone = self.is_mark("[", "(", "<<")
        if self.is_a():
            self.fail("“a” means rdf:type, a predicate; a subject is missing before it")
        nested = self._node("a subject")
        if self.is_mark(".", closing) or not self._starts_predicate():
            if can_stand_alone and nested:
                return
            self._fail_predicate()
        self._predicates(closing)

    def _predicates(self, closing: str) -> None:
        """Parse predicates and objects, separated by semicolons."""
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
        """Whether the next token is a hyphen meant as part of a variable name."""
        return (
            self.is_mark("-") and self.last.kind == "variable" and self.last.end == self.now.start
        )

    def _fail_predicate(self) -> NoReturn:
        self.check_readable()
        token = self.now
        if token.kind in {"string", "number"}:
            self.fail(f"unexpected {self.shown()}; expected a predicate: an IRI or a variable")
        if token.kind == "mark" and token.text in _COMPARISONS:
            self.fail(f"“{token.text}” is a comparison, which belongs in FILTER ( … )")
        if self.is_mark("/") and self.last.kind == "name":
            if self.last.text in {f"{each}:" for each in SCHEMES}:
                self.fail_bare_iri(self.last)
            self.fail("“/” is not allowed in a prefixed name. Write the whole IRI in < >")
        if self.is_hyphen():
            self.fail(HYPHEN)
        if self.is_mark("("):
            self.fail(
                "functions are called in FILTER and BIND; the predicate for a class is “a”: ?x a …"
            )
        if self.bare() in {"IS", "ISA", "TYPE", "INSTANCEOF"}:
            self.fail(f"the predicate for a class is “a”: {self.last.text[:30]} a …")
        if token.kind == "word" and not token.word:
            meant = close(token.text, GROUP_WORDS)
            if meant:
                self.fail(f"{self.shown()} is not a keyword. Did you mean {meant}?")
            dotted = self.following()
            if token.text in self.prefixes and dotted.text in {".", "/"}:
                self.fail(f"the name of a prefix ends with “:”, not with “{dotted.text}”")
            self.fail(
                f"{self.shown()} is not a predicate. Write it as an IRI in < >, as a prefixed name "
                f"such as rdfs:{token.text[:30]}, or as the variable "
                f"?{token.text[:30]}"
            )
        if self.is_mark(";", ","):
            self.fail(f"a predicate and an object are missing before “{token.text}”")
        if token.text == "A":
            self.fail("“a” for rdf:type is written in lower case")
        self.fail(
            f"a predicate and an object are missing before {self.shown()}. A triple has a subject, "
            "a predicate and an object"
        )

    def _fail_object(self, closing: str) -> NoReturn:
        self.check_readable()
        token = self.now
        if self.bare() in {"LIKE", "BETWEEN", "CONTAINS"}:
            self.fail(f"{self.bare()} is a comparison, which belongs in FILTER ( … )")
        if token.kind == "word" and not token.word:
            self.fail(
                f"{self.shown()} is not an object. Is it the variable "
                f'?{token.text[:30]}, a prefixed name with “:”, or the string "{token.text[:30]}"?'
            )
        if self.is_mark("*", "+", "?", "/", "|") and self.last.kind == "variable":
            self.fail(
                f"“{token.text}” makes a path, and paths consist of IRIs, not of variables such as "
                f"{self.shown(self.last)}"
            )
        if self.is_mark("=", "!=", ">", "<=", ">="):
            self.fail(f"“{token.text}” is a comparison, which belongs in FILTER ( … )")
        if self.is_mark("{"):
            self.fail(
                "an object is missing before “{”. A list of values is written VALUES ?x { … }"
            )
        if self.is_mark("/") and self.last.text in {f"{each}:" for each in SCHEMES}:
            self.fail_bare_iri(self.last)
        before = self.shown() if not self.is_mark(closing) else f"“{closing}”"
        self.fail(f"an object is missing before {before}")

    def _node(self, purpose: str) -> bool:
        """Parse a term or a nested node; return whether it has triples of its own."""
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
        """Parse a string, a number or a boolean."""
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
                self.fail(f"“\\{letter}” must be followed by {digits} hexadecimal digits", at)
            elif letter not in "tbnrf\"'\\":
                mend = f"“\\\\{letter}”"
                self.fail(f"“\\{letter}” is not a string escape. For a backslash, write {mend}", at)
        self.advance()
        if self.now.kind == "language":
            tag = self.now.text
            if any(len(part) > 8 for part in tag[1:].partition("--")[0].split("-")):
                self.fail(f"{self.shown()} is not a language tag: subtags have at most 8 letters")
            if "--" in tag and not tag.endswith(("--ltr", "--rtl")):
                self.fail("the base direction of a string is --ltr or --rtl")
            self.advance()
        elif self.is_mark("^^"):
            self.advance()
            self.iri("a datatype")
        elif self.is_mark("^") and self.following().kind in {"iri", "name"}:
            self.fail("a datatype follows “^^”, not “^”")
        elif self.now.kind == "stray" and self.now.text == "@":
            self.fail('“@” must be followed by a language tag, as in "cluster"@en')

    def _check_blank(self, token: Lexeme) -> None:
        if self.labelless:
            self.fail(f"{self.labelless} cannot have blank nodes such as {self.shown()}")
        operation = self.operation
        if self.ground:
            operation = self._operations.setdefault(token.text, self.operation)
        if operation != self.operation:
            self.fail(
                f"the blank node {token.text} is used in two operations. Use different labels"
            )
        block = self._blocks.setdefault(token.text, self._block)
        if block != self._block:
            self.fail(
                f"the blank node {token.text} is used in two separate patterns. Use a variable "
                f"instead: ?{token.text[2:]}"
            )

    def _blank_properties(self) -> bool:
        if self.labelless:
            self.fail(f"{self.labelless} cannot have blank nodes such as “[ … ]”")
        self.open("[")
        if self.is_mark("]"):
            self.close("]")
            return False
        self._predicates("]")
        self.close("]", "“;”, “,” or ")
        return True

    def _collection(self) -> bool:
        if self.labelless and self.following().text != ")":
            self.fail(f"{self.labelless} cannot have lists")
        self.open("(")
        empty = self.is_mark(")")
        if self.is_word("SELECT"):
            self.fail("a subquery must be in braces: { SELECT … }")
        while not self.is_mark(")"):
            if self.is_mark(","):
                self.fail("the members of a list are separated by spaces: remove the comma")
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
        """Parse the subject, predicate and object of a triple term."""
        allowed = ("iri", "name", "variable") if self.fixed else _TERM_KINDS
        if self.is_mark("[", "(") and (self.fixed or self.following().text not in {"]", ")"}):
            self.fail("a triple term cannot contain nested nodes")
        if self.fixed and self.now.kind not in allowed:
            self.check_readable()
            self.fail(f"the subject of a triple in {self.fixed} must be an IRI, not {self.shown()}")
        self._node("a subject")
        if not self.take_a():
            if self.now.kind == "variable":
                self._term("a predicate")
            else:
                self.iri("the predicate of a triple")
        if self.is_mark("[", "(") and self.following().text not in {"]", ")"}:
            self.fail("a triple term cannot contain nested nodes")
        self._node("an object")

    def _predicate(self) -> None:
        """Parse a variable or a path."""
        if self.now.kind == "variable":
            self._along_path = False
            self._term("a predicate")
            return
        start = self.now
        self.path()
        self._along_path = self.last is not start
        if self.plain and self._along_path:
            self.fail(f"{self.plain} cannot have paths", start.start)
