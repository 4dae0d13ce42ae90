"""IRIs and property paths (SPARQL 1.1, productions 88 to 96 and 136 to 137)."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from pyoxigraph import NamedNode

from jiqun.query.diagnosis.cursor import Cursor
from jiqun.query.diagnosis.lexemes import Lexeme
from jiqun.query.diagnosis.vocabulary import close, prefix_iri

SCHEMES: Final = frozenset("http https urn ftp mailto tag file geo".split())
"""IRI schemes that people mistake for prefixes."""

_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|.)", re.DOTALL)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


class PathGrammar(Cursor):
    """Reads IRIs and paths; `prefixes` are those that were declared."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.prefixes: dict[str, str] = {}

    def is_a(self) -> bool:
        """Whether `a` comes next, the only keyword that is written in lower case."""
        return self.now.kind == "word" and self.now.text == "a"

    def take_a(self) -> bool:
        """Parse the next token if it is `a`."""
        found = self.is_a()
        if found:
            self.advance()
        return found

    def iri(self, purpose: str) -> None:
        """Parse an IRI or a prefixed name."""
        token = self.now
        if token.kind == "iri":
            self._check_iri(token)
        elif token.kind == "name":
            self._check_prefix(token)
        else:
            self.check_readable()
            if token.kind == "string":
                self.fail(f"{purpose} must be an IRI: write < > instead of quotation marks")
            if token.kind in {"word", "end"}:
                self.fail(
                    f"{purpose} is missing before {self.shown()}. Write it as <http://…> or as a "
                    "prefixed name"
                )
            self.fail(f"{purpose} must be an IRI in < > or a prefixed name, not {self.shown()}")
        self.advance()

    def fail_bare_iri(self, token: Lexeme) -> NoReturn:
        """Fail for an IRI without < >, which begins with `token`."""
        end = re.compile(r"[^\s<>{}]*").match(self.text, token.start)
        written = end[0].rstrip(".;,)") if end else token.text
        self.fail(f"an IRI must be in < >: write <{written[:80]}>", token.start)

    def _check_iri(self, token: Lexeme) -> None:
        iri = token.text[1:-1]
        for escape in _ESCAPE.finditer(iri):
            code = int(escape[1] or escape[2] or "D800", 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                at = token.start + 1 + escape.start()
                self.fail(f"{escape[0]} is not allowed in an IRI", at)
        if "\\" in iri:
            return
        if _SCHEME.match(iri) is None:
            # A relative IRI is valid if it is when made absolute.
            first = re.split(r"[/?#]", iri, maxsplit=1)[0]
            iri = f"a:{iri}" if ":" not in first else ""
        try:
            NamedNode(iri)
        except ValueError:
            self.fail(
                f"{self.shown()} is not a valid IRI. Percent-encode special characters, as in %20"
            )

    def _check_prefix(self, token: Lexeme) -> None:
        prefix = token.text.partition(":")[0]
        if prefix in self.prefixes:
            return
        if prefix in SCHEMES and self.text.startswith("//", token.start + len(prefix) + 1):
            self.fail_bare_iri(token)
        known = prefix_iri(prefix)
        if known is not None:
            self.fail(f"{prefix}: is not declared. Add PREFIX {prefix}: <{known}> at the beginning")
        meant = close(prefix, [each.upper() for each in self.prefixes])
        for declared in self.prefixes:
            if meant is not None and declared.upper() == meant:
                self.fail(f"{prefix}: is not declared. Did you mean {declared}:?")
        shown = f"{prefix}:" if prefix else "the empty prefix “:”"
        self.fail(f"{shown} is not declared. Add PREFIX {prefix}: <…> at the beginning")

    def path(self) -> None:
        """Parse alternatives of sequences of steps."""
        self.deeper()
        while True:
            self._step()
            if not self.take_mark("/", "|"):
                break
        self.higher()

    def _step(self) -> None:
        while self.is_mark("^"):
            self.advance()
            if self.is_mark("^"):
                self.fail("duplicate “^”; a path can be reversed only once")
        if self.is_mark("("):
            self.open("(")
            self.path()
            self.close(")")
        elif self.take_mark("!"):
            self._negated()
        elif not self.take_a():
            if self.now.kind == "variable":
                self.fail(f"a path consists of IRIs, not of variables such as {self.shown()}")
            self.iri("a step of the path")
        if self.is_mark("*", "+", "?"):
            self.advance()
            if self.is_mark("*", "+", "?"):
                self.fail("only one of “*”, “+” and “?” can follow a path element")
        elif self.is_mark("{") and self.following().kind == "number":
            self.fail("a path repeats with “*”, “+” or “?”; SPARQL has no “{n,m}”")

    def _negated(self) -> None:
        if not self.is_mark("("):
            self._negated_step()
            return
        self.open("(")
        while not self.is_mark(")"):
            self._negated_step()
            if self.is_mark("/"):
                self.fail("“!” excludes single IRIs, joined by “|”, not paths")
            if not self.take_mark("|"):
                break
        self.close(")")

    def _negated_step(self) -> None:
        self.take_mark("^")
        if not self.take_a():
            self.iri("an excluded step of the path")
