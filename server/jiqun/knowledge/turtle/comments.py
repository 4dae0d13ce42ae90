"""The comments of a Turtle or TriG file, tied to what they stand above.

Parsers drop comments, and a formatter that did so would lose what a curator wrote. A comment on
lines of its own, above a subject or a graph, moves along with it; the ones before the prefixes
head the file, the ones after the last statement end it. Anywhere else a comment has no place in
the canonical form, and that is said rather than done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jiqun.knowledge.findings import Finding
from jiqun.knowledge.turtle.parse import Malformed
from jiqun.knowledge.turtle.tokens import DIRECTIVES, Token, tokens

if TYPE_CHECKING:
    from jiqun.knowledge.turtle.parse import Document

Key = tuple[str, str]


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
