"""Turtle and TriG source files: quads with the line and the comments of each statement.

The tokens of Turtle and TriG with their places, for comments and for pointing at a line.

The parser has accepted the text before; this only finds where things stand, so it need not
judge. Grammar: RDF 1.1 Turtle and TriG, section "Grammar".

Turtle and TriG files to quads, without loss, and with the place of every syntax error.

pyoxigraph reads strictly and keeps every lexical form as it is written (`01` stays `01`), but
lower-cases language tags. They are case-insensitive (RDF 1.1 Concepts, 3.3), so terms are kept
as it gives them and `language_tag` writes the tag in the form of RFC 5646, section 2.1.1: what
the files hold (`zh-Hans`) comes back as it was.

The comments of a Turtle or TriG file, tied to what they stand above.

Parsers drop comments, and a formatter that did so would lose what a curator wrote. A comment on
lines of its own, above a subject or a graph, moves along with it; the ones before the prefixes
head the file, the ones after the last statement end it. Anywhere else a comment has no place in
the canonical form, and that is said rather than done.

The line on which a file states something, for messages that point at it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from jiqun.knowledge.content import Content, ContentRejected, Finding
from jiqun.rdf.namespaces import RDF_TYPE
from jiqun.rdf.turtle import Key

DIRECTIVES: Final = frozenset({"@prefix", "@base", "PREFIX", "BASE"})
_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>\#[^\n\r]*)
  | (?P<iri><(?:[^\x00-\x20<>"{}|^`\\]|\\[uU][0-9A-Fa-f]+)*>)
  | (?P<string>\"{3}(?:(?:"|"")?(?:[^"\\]|\\.))*\"{3} | '{3}(?:(?:'|'')?(?:[^'\\]|\\.))*'{3}
      | "(?:[^"\\\n\r]|\\.)*" | '(?:[^'\\\n\r]|\\.)*')
  | (?P<suffix>\^\^|@[A-Za-z][A-Za-z0-9-]*)
  | (?P<word>(?:[^\s\#<>"'{}()\[\];,.\\^@]|\\.|\.+(?=[^\s\#<>"'{}()\[\];,.^@]))+)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """One token: `kind` is comment, iri, string, suffix, word or mark; line and column from 1."""

    kind: str
    text: str
    line: int
    column: int


def tokens(text: str) -> Iterator[Token]:
    """Yield every token of `text` but white space."""
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "mark"
        if kind == "space":
            continue
        line = bisect_right(starts, match.start())
        yield Token(kind, match.group(), line, match.start() - starts[line - 1] + 1)


_FORMATS = {".ttl": ox.RdfFormat.TURTLE, ".trig": ox.RdfFormat.TRIG}


class Malformed(ContentRejected):
    """A file that cannot be read; `finding` says where and why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__([finding])
        self.finding = finding


@dataclass(frozen=True)
class Document:
    """A file that was read: how messages call it, its text, its quads in order, its prefixes."""

    path: Path
    name: str
    text: str
    quads: tuple[ox.Quad, ...]
    prefixes: Mapping[str, str]


def read(path: Path, content: Content) -> Document:
    """Read one `.ttl` or `.trig` file in UTF-8; raise `Malformed` with file, line and column."""
    name = content.name(path)
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise Malformed(Finding(name, 0, 0, f"cannot be read: {error.strerror}", "file")) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Malformed(Finding(name, line, 0, "this line is not UTF-8", "syntax")) from None
    return parse(text, name, path)


def parse(text: str, name: str, path: Path) -> Document:
    """Parse `text`, whose format the suffix of `path` tells; raise `Malformed` as `read` does."""
    parser = ox.parse(text, _FORMATS[path.suffix], rename_blank_nodes=True)
    try:
        quads = tuple(parser)
    except SyntaxError as error:
        what = (error.msg or "").partition(": ")[2] or str(error)
        finding = Finding(name, error.lineno or 0, error.offset or 0, what, "syntax")
        raise Malformed(finding) from None
    for quad in quads:
        _refuse_rdf12(quad, name)
    return Document(path, name, text, quads, dict(parser.prefixes))


def read_prefixes(content: Content) -> dict[str, str]:
    """Return the one list of prefixes, prefix to namespace."""
    return dict(read(content.prefixes, content).prefixes)


def _refuse_rdf12(quad: ox.Quad, name: str) -> None:
    term = quad.object
    if isinstance(term, ox.Triple) or (isinstance(term, ox.Literal) and term.direction):
        what = f"the value of {quad.predicate} is of RDF 1.2, which our dumps cannot carry"
        raise Malformed(Finding(name, 0, 0, what, "syntax"))


@dataclass
class Comments:
    """Comment lines: the head and the foot of the file, and by (graph, subject) as written."""

    head: list[str] = field(default_factory=list)
    above: dict[Key, list[str]] = field(default_factory=dict)
    foot: list[str] = field(default_factory=list)


@dataclass
class _Walk:
    """Where the walk through the tokens of a file is, and what it has found."""

    document: Document
    found: Comments = field(default_factory=Comments)
    pending: list[Token] = field(default_factory=list)
    graph: str = ""
    inside: str = ""  # "statement", "directive" or neither
    last_line: int = 0

    def comment(self, token: Token) -> None:
        if self.inside or token.line == self.last_line:
            raise Malformed(_misplaced(self.document, token))
        self.pending.append(token)

    def step(self, token: Token, following: str) -> None:
        self.last_line = token.line + token.text.count("\n")
        if token.text == "{" and following == "}" and (self.graph, "") in self.found.above:
            raise Malformed(_misplaced(self.document, token))
        if self.inside == "directive":
            self.inside = "" if token.kind == "iri" else self.inside
        elif token.kind == "mark":
            self._mark(token)
        elif not self.inside and token.text in DIRECTIVES:
            self.found.head += [comment.text for comment in self.pending]
            self.pending, self.inside = [], "directive"
        elif not self.inside and token.text != "GRAPH":
            self._begin(token.text, following)

    def _mark(self, token: Token) -> None:
        if token.text in ".{}":
            self.inside = ""
        if token.text == "}":
            if self.pending:
                raise Malformed(_misplaced(self.document, self.pending[0]))
            self.graph = ""

    def _begin(self, text: str, following: str) -> None:
        names_graph = following == "{"
        if names_graph:
            self.graph = text
        key = (self.graph, "" if names_graph else text)
        if self.pending:
            lines = self.found.above.setdefault(key, [])
            lines += [comment.text for comment in self.pending]
        self.pending, self.inside = [], "statement"


def comments(document: Document) -> Comments:
    """Collect the comments of a file; raise `Malformed` for one that cannot be kept.

    The keys hold the graph and the subject as the file writes them (`passage:p1`, `id:x`), and
    "" for none: (graph, "") is the graph's own comment.
    """
    if "#" not in document.text:
        return Comments()
    walk = _Walk(document)
    stream = list(tokens(document.text))
    for index, token in enumerate(stream):
        if token.kind == "comment":
            walk.comment(token)
        else:
            walk.step(token, stream[index + 1].text if index + 1 < len(stream) else "")
    walk.found.foot = [comment.text for comment in walk.pending]
    return walk.found


def _misplaced(document: Document, token: Token) -> Finding:
    what = "a comment can be kept only above a subject or a graph, on lines of its own: move it"
    return Finding(document.name, token.line, token.column, what, "format")


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
class _PositionWalk:
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
                return RDF_TYPE
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
    walk = _PositionWalk(document.prefixes)
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
