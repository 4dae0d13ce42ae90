"""A difference told to people, as text or as a changelog, and to programs, as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from jiqun.difference.comparison import (
    Change,
    Difference,
    Entity,
    Piece,
    Statement,
    pieces,
    unescaped,
)
from jiqun.rdf.namespaces import ID, KG, SOURCE, compact
from jiqun.release import Release

_KINDS: Final = (
    ("NationalCluster", "national clusters"),
    ("CandidateCluster", "candidate clusters"),
    ("Cluster", "other clusters"),
    ("Company", "companies"),
    ("Brand", "brands"),
    ("Organisation", "organisations"),
    ("Region", "regions"),
    ("PolicyDocument", "plans and policies"),
    ("Designation", "designations"),
    ("Application", "applications"),
    ("Participation", "participations"),
    ("Observation", "figures"),
    ("Goal", "goals"),
    ("Claim", "other claims"),
    ("Disagreement", "disagreements"),
    ("Source", "sources"),
    ("Passage", "passages"),
)
_OTHERS: Final = "other things"
_MOST: Final = 10


def as_text(difference: Difference) -> str:
    """Write the difference for people: each thing with its label, then what came and went."""
    lines = [_title(difference.old, difference.new), _summary(difference)]
    for entity in difference.entities:
        lines += ["", _named(entity.iri, difference)]
        changes = [("-", each) for each in entity.removed] + [("+", each) for each in entity.added]
        for sign, each in sorted(changes, key=lambda pair: (pair[1].predicate, pair[0] == "+")):
            lines.append(f"  {sign} {_said(each, difference)}")
    return "\n".join(lines) + "\n"


def as_json(difference: Difference) -> str:
    """Write the difference as JSON; terms have the form of SPARQL's JSON results."""
    document = {
        "old": _release(difference.old),
        "new": _release(difference.new),
        "added": sum(len(each.added) for each in difference.entities),
        "removed": sum(len(each.removed) for each in difference.entities),
        "entities": [
            {
                "iri": entity.iri,
                "labels": dict(sorted(difference.labels.get(entity.iri, {}).items())),
                "added": [_change(each) for each in entity.added],
                "removed": [_change(each) for each in entity.removed],
            }
            for entity in difference.entities
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def as_changelog(difference: Difference) -> str:
    """Write the difference as a section of a changelog, in Markdown."""
    lines = [f"## Data: {_title(difference.old, difference.new)}", "", _summary(difference)]
    things = [each for each in difference.entities if each.iri.startswith((ID, SOURCE))]
    new = [each for each in things if each.after and not each.before]
    gone = [each for each in things if each.before and not each.after]
    changed = [each for each in things if each not in new and each not in gone]
    for heading, entities in (("Added", new), ("Removed", gone), ("Changed", changed)):
        if entities:
            lines += ["", f"### {heading}", *_by_kind(entities, difference)]
    rest = len(difference.entities) - len(things)
    if rest:
        lines += ["", f"Besides, {rest} terms, mappings, queries or shapes changed."]
    return "\n".join(lines) + "\n"


def _by_kind(entities: Iterable[Entity], difference: Difference) -> Iterator[str]:
    kinds: dict[str, list[str]] = {}
    for entity in entities:
        kinds.setdefault(_kind(entity.after or entity.before), []).append(entity.iri)
    for kind in (*(name for _, name in _KINDS), _OTHERS):
        iris = kinds.get(kind, [])
        names = [f"[{_label(iri, difference.labels)}]({iri})" for iri in iris[:_MOST]]
        more = f" and {len(iris) - _MOST} more" if len(iris) > _MOST else ""
        if iris:
            yield f"- {kind.capitalize()} ({len(iris)}): {', '.join(names)}{more}"


def _kind(classes: Sequence[str]) -> str:
    return next((name for kind, name in _KINDS if f"{KG}{kind}" in classes), _OTHERS)


def _title(old: Release, new: Release) -> str:
    return (
        f"{old.title} {old.version} ({old.identifier[:12]}) to {new.version} "
        f"({new.identifier[:12]})"
    )


def _summary(difference: Difference) -> str:
    if not difference:
        return "Both say the same."
    added = sum(len(each.added) for each in difference.entities)
    removed = sum(len(each.removed) for each in difference.entities)
    return f"{added} statements added, {removed} removed, of {len(difference.entities)} things."


def _named(iri: str, difference: Difference) -> str:
    if not iri:
        return "(blank nodes)"
    labels = difference.labels.get(iri, {})
    shown = " · ".join(dict.fromkeys(labels[each] for each in sorted(labels)))
    return f"{compact(iri)}  {shown}".rstrip()


def _label(iri: str, labels: Mapping[str, Mapping[str, str]]) -> str:
    known = labels.get(iri, {})
    return next((known[each] for each in ("en", *sorted(known)) if each in known), compact(iri))


def _said(change: Change, difference: Difference) -> str:
    value = change.object
    if value.startswith("<"):
        iri = value[1:-1]
        label = difference.labels.get(iri, {}).get("en")
        value = compact(iri) + (f" ({label})" if label else "")
    elif value.endswith(">"):
        quoted, _, datatype = value[:-1].rpartition("<")
        value = quoted + compact(datatype)
    subject = f"{change.subject} " if change.subject.startswith("_:") else ""
    graphs = ", ".join(compact(graph) for graph in change.graphs)
    return f"{subject}{compact(change.predicate[1:-1])} {value}" + (f"  [{graphs}]" * bool(graphs))


def _change(change: Change) -> dict[str, Any]:
    return {
        "subject": _term(change.subject),
        "predicate": change.predicate[1:-1],
        "object": _term(change.object),
        "graphs": list(change.graphs),
    }


def _term(text: str) -> dict[str, str]:
    if text.startswith("<"):
        return {"type": "uri", "value": text[1:-1]}
    if text.startswith("_:"):
        return {"type": "bnode", "value": text[2:]}
    quoted, _, end = text.rpartition('"')
    term = {"type": "literal", "value": unescaped(f'{quoted}"')}
    if end.startswith("@"):
        term["xml:lang"] = end[1:]
    elif end:
        term["datatype"] = end[3:-1]
    return term


def _release(release: Release) -> dict[str, str]:
    return {"version": release.version, "release": release.identifier}


def as_update(difference: Difference) -> str:
    """Write the difference as an update request; an empty one when nothing differs."""
    blank = [each for each in difference.removed if each.blank_nodes()]
    named = [each for each in difference.removed if not each.blank_nodes()]
    operations = []
    if named:
        operations.append(f"DELETE DATA {{\n{_quads(named)}}}")
    operations += [_delete(piece) for piece in sorted(pieces(blank), key=sorted)]
    if difference.added:
        operations.append(f"INSERT DATA {{\n{_quads(difference.added)}}}")
    return " ;\n".join(operations) + "\n" * bool(operations)


def _quads(statements: Iterable[Statement], names: Mapping[str, str] | None = None) -> str:
    """Write quads by graph; `names` says what stands for a blank node."""
    known = names or {}
    by_graph: dict[str, list[str]] = {}
    for each in statements:
        subject, value = (known.get(term, term) for term in (each.subject, each.object))
        by_graph.setdefault(each.graph, []).append(f"{subject} {each.predicate} {value} .\n")
    text = "".join(by_graph.pop("", []))
    for graph in sorted(by_graph):
        text += f"GRAPH {graph} {{\n{''.join(by_graph[graph])}}}\n"
    return text


def _delete(piece: Piece) -> str:
    nodes = sorted({node for each in piece for node in each.blank_nodes()})
    names = {node: f"?b{number}" for number, node in enumerate(nodes)}
    ordered = sorted(piece)
    pattern = _quads(ordered, names)
    guards = "".join(_guard(names[node], node, ordered) for node in nodes)
    return f"DELETE {{\n{pattern}}}\nWHERE {{\n{pattern}{guards}}}"


def _guard(name: str, node: str, piece: Iterable[Statement]) -> str:
    """Write that a blank node has no other properties than those of the piece."""
    by_graph: dict[str, set[str]] = {}
    for each in piece:
        if each.subject == node:
            by_graph.setdefault(each.graph, set()).add(each.predicate)
    text = ""
    for graph in sorted(by_graph):
        inner = f"{name} ?p ?o FILTER (?p NOT IN ({', '.join(sorted(by_graph[graph]))}))"
        scope = f"GRAPH {graph} {{ {inner} }}" if graph else inner
        text += f"FILTER NOT EXISTS {{ {scope} }}\n"
    return text
