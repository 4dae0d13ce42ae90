"""The statements of a release, read from its canonical N-Quads as they are written there.

Lines are compared as text, so lexical forms and language tags count as they stand, and nothing is
parsed that both releases say. Blank nodes have no name that outlives a release: all statements that
hang together by them are one piece, equal to another when both have the same canonical form
(RDFC-1.0, https://www.w3.org/TR/rdf-canon/).
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jiqun.endpoint.release import Release

_FILE: Final = "jiqun.nq.gz"
_NODE: Final = r"<[^>]*>|_:\S+"
_LITERAL: Final = r'"(?:[^"\\]|\\.)*"(?:@[A-Za-z0-9-]+|\^\^<[^>]*>)?'
_LINE: Final = re.compile(rf"({_NODE}) (<[^>]*>) ({_NODE}|{_LITERAL})(?: ({_NODE}))? \.")


@dataclass(frozen=True, order=True)
class Statement:
    """A quad, its terms written as in N-Quads; `graph` is "" for the default graph."""

    subject: str
    predicate: str
    object: str
    graph: str

    def __str__(self) -> str:
        """Write it as a line of N-Quads."""
        graph = f" {self.graph}" if self.graph else ""
        return f"{self.subject} {self.predicate} {self.object}{graph} ."

    def blank_nodes(self) -> list[str]:
        """Return the labels of its blank nodes."""
        return [term for term in (self.subject, self.object) if term.startswith("_:")]


Piece = frozenset[Statement]
"""The statements that hang together by blank nodes."""


@dataclass(frozen=True)
class Statements:
    """All that a release says: the lines without blank nodes, and the pieces with them."""

    lines: frozenset[str]
    pieces: Counter[str]
    by_form: dict[str, Sequence[Statement]]


def read_statements(release: Release) -> Statements:
    """Read the statements of a release; raise `ReleaseError` when it has no N-Quads."""
    dump = release.dumps.get(_FILE)
    if dump is None:
        raise ReleaseError(f"The release in {release.folder} has no {_FILE} to compare.")
    text = gzip.decompress(dump.path.read_bytes()).decode("utf-8")
    lines, blank = set(), []
    for line in text.splitlines():
        if "_:" in line and statement(line).blank_nodes():
            blank.append(statement(line))
        else:
            lines.add(line)
    forms = [(_form(piece), sorted(piece)) for piece in pieces(blank)]
    return Statements(frozenset(lines), Counter(form for form, _ in forms), dict(forms))


def statement(line: str) -> Statement:
    """Read one line of canonical N-Quads; raise `ReleaseError` when it is none."""
    found = _LINE.fullmatch(line)
    if found is None:
        raise ReleaseError(f"{_FILE} has a line that is no N-Quad: {line[:80]}")
    return Statement(found[1], found[2], found[3], found[4] or "")


def pieces(statements: Iterable[Statement]) -> Iterator[Piece]:
    """Yield what hangs together by blank nodes, each piece once."""
    of_node: dict[str, list[Statement]] = {}
    for each in statements:
        for node in each.blank_nodes():
            of_node.setdefault(node, []).append(each)
    seen: set[str] = set()
    for start in of_node:
        if start in seen:
            continue
        todo, piece = [start], set()
        seen.add(start)
        while todo:
            for each in of_node[todo.pop()]:
                piece.add(each)
                fresh = [node for node in each.blank_nodes() if node not in seen]
                seen.update(fresh)
                todo += fresh
        yield frozenset(piece)


def _form(piece: Piece) -> str:
    text = "".join(f"{each}\n" for each in sorted(piece))
    dataset = ox.Dataset(ox.parse(text, ox.RdfFormat.N_QUADS))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return "\n".join(sorted(map(str, dataset)))
