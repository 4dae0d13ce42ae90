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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from jiqun.errors import ReleaseError
from jiqun.release import Release

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


_LABELS: Final = (
    "<http://www.w3.org/2000/01/rdf-schema#label>",
    "<http://www.w3.org/2004/02/skos/core#prefLabel>",
)
_TYPE: Final = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"


@dataclass(frozen=True)
class Change:
    """A triple that came or went: its terms as in N-Triples, and the named graphs that hold it.

    No graph means that only the default graph, the merge of all, has it.
    """

    predicate: str
    object: str
    graphs: tuple[str, ...]
    subject: str
    """The thing itself, or a blank node of its description."""


@dataclass(frozen=True)
class Entity:
    """A thing with what was added and removed; `iri` is "" for blank nodes that hang nowhere.

    `before` and `after` are its classes in the two releases.
    """

    iri: str
    added: Sequence[Change]
    removed: Sequence[Change]
    before: Sequence[str]
    after: Sequence[str]


@dataclass(frozen=True)
class Difference:
    """Two releases, what differs by entity, and the same as quads; labels by IRI and language."""

    old: Release
    new: Release
    entities: Sequence[Entity]
    added: Sequence[Statement]
    removed: Sequence[Statement]
    labels: Mapping[str, Mapping[str, str]]

    def __bool__(self) -> bool:
        """Whether there is any difference."""
        return bool(self.added or self.removed)


def compare(old: Release, new: Release) -> Difference:
    """Compare what two releases say; raise `ReleaseError` when one of them cannot be read."""
    before, after = read_statements(old), read_statements(new)
    removed = _only(before, after)
    added = _only(after, before)
    changes: dict[str, tuple[list[Change], list[Change]]] = {}
    for place, quads in enumerate((added, removed)):
        for iri, several in _by_entity(quads).items():
            changes.setdefault(iri, ([], []))[place].extend(several)
    classes = [_classes(each.lines) for each in (before, after)]
    entities = [
        Entity(iri, *changes[iri], classes[0].get(iri, []), classes[1].get(iri, []))
        for iri in sorted(changes)
    ]
    labels = _labels(before.lines) | _labels(after.lines)
    return Difference(old, new, entities, added, removed, labels)


def _only(these: Statements, those: Statements) -> list[Statement]:
    """Return what these say and those do not, sorted."""
    found = [statement(line) for line in these.lines - those.lines]
    for form in these.pieces - those.pieces:
        found += these.by_form[form]
    return sorted(found)


def _by_entity(quads: Iterable[Statement]) -> dict[str, list[Change]]:
    """Group quads by the thing that they describe, each triple once."""
    quads = list(quads)
    owners = _owners(quads)
    graphs: dict[tuple[str, str, str], list[str]] = {}
    for each in quads:
        graphs.setdefault((each.subject, each.predicate, each.object), []).append(each.graph)
    found: dict[str, list[Change]] = {}
    for (subject, predicate, value), named in sorted(graphs.items()):
        iri = owners.get(subject, "") if subject.startswith("_:") else subject[1:-1]
        kept = tuple(sorted({graph[1:-1] for graph in named if graph}))
        found.setdefault(iri, []).append(Change(predicate, value, kept, subject))
    return found


def _owners(quads: Iterable[Statement]) -> dict[str, str]:
    """Return for each blank node the thing whose description it belongs to."""
    pointing: dict[str, str] = {}
    for each in quads:
        if each.object.startswith("_:"):
            kept = pointing.get(each.object)
            if kept is None or kept.startswith("_:"):
                pointing[each.object] = each.subject
    owners = {}
    for node in pointing:
        above, seen = node, set()
        while above.startswith("_:") and above in pointing and above not in seen:
            seen.add(above)
            above = pointing[above]
        if not above.startswith("_:"):
            owners[node] = above[1:-1]
    return owners


def _labels(lines: Iterable[str]) -> dict[str, dict[str, str]]:
    labels: dict[str, dict[str, str]] = {}
    for line in lines:
        if any(label in line for label in _LABELS):
            each = statement(line)
            text, _, language = each.object.rpartition("@")
            if each.predicate in _LABELS and not each.graph and text:
                labels.setdefault(each.subject[1:-1], {})[language] = unescaped(text)
    return labels


def _classes(lines: Iterable[str]) -> dict[str, list[str]]:
    classes: dict[str, list[str]] = {}
    for line in lines:
        if _TYPE in line:
            each = statement(line)
            if each.predicate == _TYPE and not each.graph:
                classes.setdefault(each.subject[1:-1], []).append(each.object[1:-1])
    return {iri: sorted(found) for iri, found in classes.items()}


_ESCAPED: Final = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


def unescaped(quoted: str) -> str:
    """Return the text of a literal in quotation marks, as canonical N-Quads write it."""
    text, parts = quoted[1:-1], []
    while "\\" in text:
        before, _, text = text.partition("\\")
        length = {"u": 4, "U": 8}.get(text[0], 0)
        code = text[1 : 1 + length]
        parts += [before, chr(int(code, 16)) if length else _ESCAPED.get(text[0], text[0])]
        text = text[1 + length :]
    return "".join([*parts, text])
