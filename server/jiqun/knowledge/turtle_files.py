"""Turtle and TriG source files: their quads, and the line and the comments of each statement.

pyoxigraph parses strictly and preserves every lexical form (`01` stays `01`), but lower-cases
language tags. They are case-insensitive (RDF 1.1 Concepts, 3.3): terms stay as parsed, and
`language_tag` restores the canonical case (`zh-Hans`) on output. A parser drops comments and lines,
so the accepted text is tokenized once more for them (RDF 1.1 Turtle and TriG, section "Grammar"). A
comment on separate lines above a subject or a graph moves with it; those before the prefixes stay
at the head of the file, those after the last statement at its end. A comment anywhere else has no
place in the canonical form and is reported.
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
_FORMATS = {".ttl": ox.RdfFormat.TURTLE, ".trig": ox.RdfFormat.TRIG}


@dataclass(frozen=True)
class Token:
    """One token: `kind` is comment, iri, string, suffix, word or mark; line and column from 1."""

    kind: str
    text: str
    line: int
    column: int


def tokens(text: str) -> Iterator[Token]:
    """Yield every token of `text` except white space."""
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "mark"
        if kind == "space":
            continue
        line = bisect_right(starts, match.start())
        yield Token(kind, match.group(), line, match.start() - starts[line - 1] + 1)


class Malformed(ContentRejected):
    """A file that cannot be read; `finding` has place and reason."""

    def __init__(self, finding: Finding) -> None:
        super().__init__([finding])
        self.finding = finding


@dataclass(frozen=True)
class Document:
    """A parsed file; `name` is its name in messages, `quads` are in the order of the file."""

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
    """Parse `text` in the format of the suffix of `path`; raise `Malformed` as `read` does."""
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
    """Return the prefixes of the content, prefix to namespace."""
    return dict(read(content.prefixes, content).prefixes)


def _refuse_rdf12(quad: ox.Quad, name: str) -> None:
    term = quad.object
    if isinstance(term, ox.Triple) or (isinstance(term, ox.Literal) and term.direction):
        what = f"the value of {quad.predicate} needs RDF 1.2, which not every dump can express"
        raise Malformed(Finding(name, 0, 0, what, "syntax"))


@dataclass
class Comments:
    """Comment lines: the head and the foot of the file, and by (graph, subject) as written."""

    head: list[str] = field(default_factory=list)
    above: dict[Key, list[str]] = field(default_factory=dict)
    foot: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Statement:
    """One object of one predicate of one named subject, and the place of the object.

    Terms are IRIs; a literal object is its text as written, with quotation marks; a blank node is
    `_:x` or, without a name, `[` or `(`, and its contents are not described. `graph` is "" outside
    a named graph.
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
    """The state of a pass over the tokens of a file, and its results."""

    prefixes: Mapping[str, str]
    comments: Comments = field(default_factory=Comments)
    statements: list[Statement] = field(default_factory=list)
    misplaced: list[Token] = field(default_factory=list)
    pending: list[Token] = field(default_factory=list)  # comments above the next element
    terms: list[Token] = field(default_factory=list)  # of the statement so far
    graph: Token | None = None
    depth: int = 0  # of brackets
    directive: bool = False
    last_line: int = 0

    def step(self, token: Token, following: str) -> None:
        if token.kind == "comment":
            inside = self.terms or self.depth or self.directive
            free = not inside and token.line != self.last_line
            (self.pending if free else self.misplaced).append(token)
            return
        self.last_line = token.line + token.text.count("\n")
        if self.directive:
            self.directive = token.kind != "iri"
        elif token.kind == "mark":
            self._mark(token, following)
        elif self.terms or self.depth:
            if not self.depth and len(self.terms) < 3:
                self.terms.append(token)
        elif token.text in DIRECTIVES:
            self.comments.head += self._take_pending()
            self.directive = True
        elif token.text != "GRAPH":
            graph = self.graph.text if self.graph else ""
            key = (token.text, "") if following == "{" else (graph, token.text)
            if self.pending:
                self.comments.above.setdefault(key, []).extend(self._take_pending())
            self.terms.append(token)

    def _mark(self, token: Token, following: str) -> None:
        text = token.text
        if text in "[(":
            self.depth += 1
            if self.depth == 1 and len(self.terms) < 3:
                self.terms.append(token)
        elif text in "])":
            self.depth -= 1
        elif self.depth:
            return
        elif text == "{":
            self.graph = self.terms[-1] if self.terms else None
            self.terms = []
            # Empty graphs are not written, and neither are their comments.
            if following == "}" and self.graph and (self.graph.text, "") in self.comments.above:
                self.misplaced.append(token)
        elif text in ".;,}":
            self._end_statement()
            self.terms = self.terms[: {";": 1, ",": 2}.get(text, 0)]
            if text == "}":
                self.misplaced += self.pending[:1]
                self.graph = None

    def _end_statement(self) -> None:
        if len(self.terms) == 3:
            subject, predicate, value = self.terms
            graph = self._iri(self.graph) if self.graph else ""
            terms = self._iri(subject), self._iri(predicate), self._iri(value)
            place = value.line, value.column, subject.line
            self.statements.append(Statement(graph, *terms, *place))

    def _iri(self, token: Token) -> str:
        if token.kind == "iri":
            return token.text[1:-1]
        if token.kind == "word":
            if token.text == "a":
                return RDF_TYPE
            prefix, colon, local = token.text.partition(":")
            if colon and prefix in self.prefixes:
                return self.prefixes[prefix] + local.replace("\\", "")
        return token.text

    def _take_pending(self) -> list[str]:
        taken = [comment.text for comment in self.pending]
        self.pending = []
        return taken


def _walk(document: Document) -> _Walk:
    walk = _Walk(document.prefixes)
    stream = list(tokens(document.text))
    for index, token in enumerate(stream):
        walk.step(token, stream[index + 1].text if index + 1 < len(stream) else "")
    walk.comments.foot = [comment.text for comment in walk.pending]
    return walk


def statements(document: Document) -> list[Statement]:
    """Return every statement about a named subject, in the order of the file."""
    return _walk(document).statements


def comments(document: Document) -> Comments:
    """Return the comments of a file; raise `Malformed` for a misplaced one.

    The keys hold the graph and the subject as the file writes them (`passage:p1`, `id:x`), and
    "" for none: (graph, "") is the graph's own comment.
    """
    if "#" not in document.text:
        return Comments()
    walk = _walk(document)
    for token in walk.misplaced:
        what = "comments belong above a subject or a graph, on lines of their own: move it"
        raise Malformed(Finding(document.name, token.line, token.column, what, "format"))
    return walk.comments


@dataclass(frozen=True)
class Place:
    """A file and a line of it, from 1; line 0 is the file as a whole."""

    path: str
    line: int
    graph: str


class Locator:
    """Finds the file and line of a statement, in the order of documents; indexes on first use."""

    def __init__(self, documents: Iterable[Document]) -> None:
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
            for each in statements(document):
                exact = (each.subject, each.predicate, each.object)
                here = Place(document.name, each.line, each.graph)
                above = Place(document.name, each.subject_line, each.graph)
                self._add(exact, here)
                self._add(exact[:2], here)
                self._add(exact[:1], above)
                for mentioned in (each.predicate, each.object, each.graph):
                    self._add(("mention", mentioned), here)

    def _add(self, key: tuple[str, ...], place: Place) -> None:
        self._places.setdefault(key, []).append(place)
