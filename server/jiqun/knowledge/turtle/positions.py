"""The line on which a file states something, for messages that point at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jiqun.knowledge.turtle.tokens import DIRECTIVES, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jiqun.knowledge.turtle.parse import Document

_RDF_TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


@dataclass(frozen=True)
class Statement:
    """One object of one predicate of one named subject, and where its object stands.

    Terms are IRIs; a literal object is its text as written, with quotation marks; a blank node is
    `_:x` or, without a name, `[` or `(`, and what lies inside it is not described. `graph` is ""
    outside a named graph.
    """

    graph: str
    subject: str
    predicate: str
    object: str
    line: int
    column: int
    subject_line: int


@dataclass
class _Walk:
    """Where the walk through the tokens of a file is."""

    prefixes: Mapping[str, str]
    graph: str = ""
    terms: list[Token] = field(default_factory=list)
    depth: int = 0

    def iri(self, token: Token) -> str:
        if token.kind == "iri":
            return token.text[1:-1]
        if token.kind == "word":
            if token.text == "a":
                return _RDF_TYPE
            prefix, colon, local = token.text.partition(":")
            if colon and prefix in self.prefixes:
                return self.prefixes[prefix] + local.replace("\\", "")
        return token.text

    def statement(self) -> Statement | None:
        if len(self.terms) != 3:
            return None
        subject, predicate, value = self.terms
        terms = self.iri(subject), self.iri(predicate), self.iri(value)
        return Statement(self.graph, *terms, value.line, value.column, subject.line)

    def mark(self, token: Token) -> Statement | None:
        text = token.text
        if text in "[(":
            self.depth += 1
            if self.depth == 1 and len(self.terms) < 3:
                self.terms.append(token)
            return None
        if text in "])":
            self.depth -= 1
            return None
        if self.depth:
            return None
        if text == "{":
            self.graph = self.iri(self.terms[-1]) if self.terms else ""
            self.terms = []
            return None
        found = self.statement()
        if text in ".}":
            self.terms = []
            self.graph = "" if text == "}" else self.graph
        elif text in ";,":
            self.terms = self.terms[: 1 if text == ";" else 2]
        return found


def statements(document: Document) -> Iterator[Statement]:
    """Yield every statement about a named subject, in the order of the file."""
    walk = _Walk(document.prefixes)
    stream = (token for token in tokens(document.text) if token.kind != "comment")
    for token in stream:
        if token.kind == "mark":
            found = walk.mark(token)
            if found is not None:
                yield found
        elif token.text in DIRECTIVES and not walk.terms:
            _skip_directive(token, stream)
        elif not walk.depth and len(walk.terms) < 3 and token.text != "GRAPH":
            walk.terms.append(token)


def _skip_directive(token: Token, stream: Iterator[Token]) -> None:
    for following in stream:
        if following.kind == "iri":
            break
    if token.text.startswith("@"):
        next(stream, None)


@dataclass(frozen=True)
class Place:
    """A file and a line of it, from 1; line 0 is the file as a whole."""

    path: str
    line: int
    graph: str


class Locator:
    """Finds the file and line that state something about a subject; indexes on first use."""

    def __init__(self, documents: Iterable[Document]) -> None:
        """Take the documents in the order in which they are to be searched."""
        self._documents = tuple(documents)
        self._places: dict[tuple[str, ...], list[Place]] = {}

    def best(
        self, subject: str, predicate: str = "", value: str = "", *, graph: str = ""
    ) -> Place | None:
        """Return the first place of the statement, or of the subject and predicate, or of either.

        A literal value is given in quotation marks. A place in `graph` is preferred.
        """
        if not self._places:
            self._index()
        keys = (subject, predicate, value), (subject, predicate), (subject,), ("mention", subject)
        for key in keys:
            places = self._places.get(key, ())
            if key[-1] and places:
                return min(places, key=lambda place: place.graph != graph)
        return None

    def _index(self) -> None:
        for document in self._documents:
            for said in statements(document):
                exact = (said.subject, said.predicate, said.object)
                here = Place(document.name, said.line, said.graph)
                above = Place(document.name, said.subject_line, said.graph)
                self._add(exact, here)
                self._add(exact[:2], here)
                self._add(exact[:1], above)
                for mentioned in (said.predicate, said.object, said.graph):
                    self._add(("mention", mentioned), here)

    def _add(self, key: tuple[str, ...], place: Place) -> None:
        self._places.setdefault(key, []).append(place)
