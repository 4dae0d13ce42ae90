"""What one release says and another does not, thing by thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.difference.statements import Statement, read_statements, statement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jiqun.endpoint.difference.statements import Statements
    from jiqun.endpoint.release import Release

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
