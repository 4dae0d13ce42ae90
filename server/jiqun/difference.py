"""The difference between two releases, as text, JSON, a changelog or a SPARQL update.

The statements are read from the canonical N-Quads, so different lexical forms differ. Blank nodes
have no identity across releases: statements connected by blank nodes form one component, equal to
another if both have the same canonical form (RDFC-1.0, https://www.w3.org/TR/rdf-canon/).
"""

from __future__ import annotations

import gzip
import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyoxigraph as ox

from jiqun.errors import ReleaseError
from jiqun.rdf.namespaces import ID, KG, RDF_TYPE, RDFS_LABEL, SKOS, SOURCE, XSD, compact
from jiqun.rdf.terms import Term, language_tag, ntriples
from jiqun.release import Release

_FILE: Final = "jiqun.nq.gz"
_LABELS: Final = (RDFS_LABEL, f"{SKOS}prefLabel")
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
_MAX_NAMES: Final = 10


@dataclass(frozen=True)
class Change:
    """A triple that was added or removed, and the IRIs of the named graphs that have it.

    Without graphs, only the default graph has it. `subject` is the entity, or a blank node in its
    description.
    """

    subject: Term
    predicate: str
    object: Term
    graphs: tuple[str, ...]


@dataclass(frozen=True)
class Entity:
    """A thing with its changes; `iri` is "" for blank nodes outside any description.

    `before` and `after` are its classes in the two releases.
    """

    iri: str
    added: Sequence[Change]
    removed: Sequence[Change]
    before: Sequence[str]
    after: Sequence[str]


@dataclass(frozen=True)
class Difference:
    """The changes between two releases, by entity and as quads; labels by IRI and language."""

    old: Release
    new: Release
    entities: Sequence[Entity]
    added: Sequence[ox.Quad]
    removed: Sequence[ox.Quad]
    labels: Mapping[str, Mapping[str, str]]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


@dataclass(frozen=True)
class _Statements:
    """The lines of a release in order; those without blank nodes; the components of the rest.

    The components are keyed by their canonical form.
    """

    ordered: Sequence[bytes]
    ground: frozenset[bytes]
    components: Mapping[str, Sequence[frozenset[ox.Quad]]]


def compare(old: Release, new: Release) -> Difference:
    """Compare two releases; raises `ReleaseError` if one of them cannot be read.

    Lines are compared, and only those that differ are parsed, with types and labels of their
    things.
    """
    before, after = _read(old), _read(new)
    added, removed = _only(after, before, new), _only(before, after, old)
    came, went = _by_entity(added), _by_entity(removed)
    iris = sorted(came.keys() | went.keys())
    former, present = _classes(before, iris, old), _classes(after, iris, new)
    entities = [
        Entity(iri, came.get(iri, ()), went.get(iri, ()), former.get(iri, ()), present.get(iri, ()))
        for iri in iris
    ]
    named = {_iri(term) for quad in (*added, *removed) for term in (quad.subject, quad.object)}
    labels = {**_labels(before, named, old), **_labels(after, named, new)}
    return Difference(old, new, entities, added, removed, labels)


def _read(release: Release) -> _Statements:
    dump = release.dumps.get(_FILE)
    if dump is None:
        raise ReleaseError(f"The release in {release.folder} has no {_FILE} to compare.")
    try:
        ordered = gzip.decompress(dump.path.read_bytes()).split(b"\n")
    except (OSError, EOFError) as error:
        raise ReleaseError(f"{_FILE} of {release.folder} cannot be read: {error}") from None
    ordered.sort()  # already sorted in a canonical file
    perhaps = [line for line in ordered if b"_:" in line]
    with_blank = {line for line in perhaps if any(map(_blank_nodes, _parse([line], release)))}
    by_form: defaultdict[str, list[frozenset[ox.Quad]]] = defaultdict(list)
    for component in _components(_parse(with_blank, release)):
        dataset = ox.Dataset(component)
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
        by_form["\n".join(sorted(map(str, dataset)))].append(component)
    return _Statements(ordered, frozenset(ordered) - with_blank, by_form)


def _parse(lines: Iterable[bytes], release: Release) -> list[ox.Quad]:
    try:
        return list(ox.parse(b"\n".join(lines), ox.RdfFormat.N_QUADS))
    except SyntaxError as error:
        raise ReleaseError(f"{_FILE} of {release.folder} cannot be read: {error}") from None


def _about(
    these: _Statements, iris: Iterable[str], predicates: Sequence[str], release: Release
) -> list[ox.Quad]:
    """Return the quads with these subjects and predicates."""
    found = []
    for iri in iris:
        start = f"<{iri}> ".encode()
        beginnings = tuple(start + f"<{each}> ".encode() for each in predicates)
        for at in range(bisect_left(these.ordered, start), len(these.ordered)):
            if not these.ordered[at].startswith(start):
                break
            if these.ordered[at].startswith(beginnings):
                found.append(these.ordered[at])
    return _parse(found, release)


def _blank_nodes(quad: ox.Quad) -> list[ox.BlankNode]:
    return [term for term in (quad.subject, quad.object) if isinstance(term, ox.BlankNode)]


def _components(quads: Iterable[ox.Quad]) -> Iterator[frozenset[ox.Quad]]:
    """Yield the sets of quads that are connected by blank nodes."""
    of_node: defaultdict[ox.BlankNode, list[ox.Quad]] = defaultdict(list)
    for quad in quads:
        for node in _blank_nodes(quad):
            of_node[node].append(quad)
    while of_node:
        component: set[ox.Quad] = set()
        waiting = [next(iter(of_node))]
        while waiting:
            found = of_node.pop(waiting.pop(), [])
            component.update(found)
            waiting += [node for quad in found for node in _blank_nodes(quad)]
        yield frozenset(component)


def _only(these: _Statements, those: _Statements, release: Release) -> list[ox.Quad]:
    """Return the quads of a release that are in `these` but not in `those`, sorted."""
    found = _parse(these.ground - those.ground, release)
    for form, components in these.components.items():
        for component in components[len(those.components.get(form, ())) :]:
            found += component
    return sorted(found, key=str)


def _by_entity(quads: Sequence[ox.Quad]) -> dict[str, list[Change]]:
    """Group quads by the thing that they describe, each triple once."""
    owners = _owners(quads)
    graphs: defaultdict[ox.Triple, set[str]] = defaultdict(set)
    for quad in quads:
        graphs[quad.triple] |= {_graph(quad)[1:-1]} - {""}
    found: defaultdict[str, list[Change]] = defaultdict(list)
    for triple, iris in sorted(graphs.items(), key=lambda pair: str(pair[0])):
        subject = triple.subject
        iri = subject.value if isinstance(subject, ox.NamedNode) else owners.get(subject, "")
        found[iri].append(
            Change(subject, triple.predicate.value, triple.object, tuple(sorted(iris)))
        )
    return found


def _owners(quads: Iterable[ox.Quad]) -> dict[Term, str]:
    """Map each blank node to the IRI of the thing whose description contains it."""
    pointing: dict[Term, Term] = {}
    for quad in quads:
        if isinstance(quad.object, ox.BlankNode):
            known = pointing.get(quad.object)
            if known is None or isinstance(known, ox.BlankNode):
                pointing[quad.object] = quad.subject
    owners = {}
    for node in pointing:
        above, seen = node, set()
        while above in pointing and above not in seen:
            seen.add(above)
            above = pointing[above]
        if isinstance(above, ox.NamedNode):
            owners[node] = above.value
    return owners


def _labels(these: _Statements, iris: Iterable[str], release: Release) -> dict[str, dict[str, str]]:
    found = {
        (_iri(quad.subject), language_tag(label.language), label.value)
        for quad in _about(these, iris, _LABELS, release)
        if quad.predicate.value in _LABELS
        and isinstance(label := quad.object, ox.Literal)
        and label.language
    }
    labels: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for iri, tag, text in sorted(found, reverse=True):
        labels[iri][tag] = text
    return labels


def _classes(these: _Statements, iris: Iterable[str], release: Release) -> dict[str, list[str]]:
    classes: defaultdict[str, set[str]] = defaultdict(set)
    for quad in _about(these, iris, [RDF_TYPE], release):
        if quad.predicate.value == RDF_TYPE:
            classes[_iri(quad.subject)].add(_iri(quad.object))
    return {iri: sorted(found) for iri, found in classes.items()}


def _iri(term: Term) -> str:
    return term.value if isinstance(term, ox.NamedNode) else str(term)


def as_text(difference: Difference) -> str:
    """Write the difference as plain text: each thing with its label and its changes."""
    lines = [_title(difference.old, difference.new), _summary(difference)]
    for entity in difference.entities:
        lines += ["", _named(entity.iri, difference)]
        changes = [("-", each) for each in entity.removed] + [("+", each) for each in entity.added]
        for sign, each in sorted(changes, key=lambda pair: (pair[1].predicate, pair[0] == "+")):
            lines.append(f"  {sign} {_line(each, difference)}")
    return "\n".join(lines) + "\n"


def as_json(difference: Difference) -> str:
    """Write the difference as JSON, with terms as in the SPARQL 1.1 Query Results JSON Format."""
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
        lines += ["", f"{rest} terms, mappings, queries or shapes changed as well."]
    return "\n".join(lines) + "\n"


def _by_kind(entities: Iterable[Entity], difference: Difference) -> Iterator[str]:
    kinds: dict[str, list[str]] = {}
    for entity in entities:
        kinds.setdefault(_kind(entity.after or entity.before), []).append(entity.iri)
    for kind in (*(name for _, name in _KINDS), _OTHERS):
        iris = kinds.get(kind, [])
        names = [f"[{_label(iri, difference.labels)}]({iri})" for iri in iris[:_MAX_NAMES]]
        more = f" and {len(iris) - _MAX_NAMES} more" if len(iris) > _MAX_NAMES else ""
        if iris:
            yield f"- {kind.capitalize()} ({len(iris)}): {', '.join(names)}{more}"


def _kind(classes: Sequence[str]) -> str:
    return next((name for kind, name in _KINDS if f"{KG}{kind}" in classes), _OTHERS)


def kind_of(entity: Entity) -> str:
    """Return the local name of the class that a thing is listed under; empty for other things."""
    classes = entity.after or entity.before
    return next((kind for kind, _ in _KINDS if f"{KG}{kind}" in classes), "")


def _title(old: Release, new: Release) -> str:
    return (
        f"{old.title} {old.version} ({old.identifier[:12]}) to {new.version} "
        f"({new.identifier[:12]})"
    )


def _summary(difference: Difference) -> str:
    if not difference:
        return "There is no difference."
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


def _line(change: Change, difference: Difference) -> str:
    value = change.object
    text = ntriples(value)
    if isinstance(value, ox.NamedNode):
        label = difference.labels.get(value.value, {}).get("en")
        text = compact(value.value) + (f" ({label})" if label else "")
    elif isinstance(value, ox.Literal):
        datatype = value.datatype
        text = text.replace(f"^^{datatype}", f"^^{compact(datatype.value)}")
    subject = f"{change.subject} " if isinstance(change.subject, ox.BlankNode) else ""
    graphs = ", ".join(compact(graph) for graph in change.graphs)
    return f"{subject}{compact(change.predicate)} {text}" + (f"  [{graphs}]" if graphs else "")


def _change(change: Change) -> dict[str, Any]:
    return {
        "subject": _term(change.subject),
        "predicate": change.predicate,
        "object": _term(change.object),
        "graphs": list(change.graphs),
    }


def _term(term: Term) -> dict[str, str]:
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if not isinstance(term, ox.Literal):
        return {"type": "bnode", "value": str(term).removeprefix("_:")}
    written = {"type": "literal", "value": term.value}
    if term.language:
        written["xml:lang"] = language_tag(term.language)
    elif term.datatype.value != f"{XSD}string":
        written["datatype"] = term.datatype.value
    return written


def _release(release: Release) -> dict[str, str]:
    return {"version": release.version, "release": release.identifier}


def as_update(difference: Difference) -> str:
    """Write the difference as a SPARQL update; it is empty when there is none."""
    blank = [quad for quad in difference.removed if _blank_nodes(quad)]
    ground = [quad for quad in difference.removed if not _blank_nodes(quad)]
    operations = [f"DELETE DATA {{\n{_quads(ground)}}}"] if ground else []
    components = [sorted(component, key=str) for component in _components(blank)]
    operations += map(_delete, sorted(components, key=lambda quads: list(map(str, quads))))
    if difference.added:
        operations.append(f"INSERT DATA {{\n{_quads(difference.added)}}}")
    return " ;\n".join(operations) + "\n" * bool(operations)


def _quads(quads: Iterable[ox.Quad], names: Mapping[Term, str] | None = None) -> str:
    """Write quads by graph; `names` are variables for blank nodes."""
    known = names or {}
    by_graph: defaultdict[str, list[str]] = defaultdict(list)
    for quad in quads:
        subject, value = (known.get(each, ntriples(each)) for each in (quad.subject, quad.object))
        by_graph[_graph(quad)].append(f"{subject} {quad.predicate} {value} .\n")
    text = "".join(by_graph.pop("", []))
    for graph, lines in sorted(by_graph.items()):
        text += f"GRAPH {graph} {{\n{''.join(lines)}}}\n"
    return text


def _graph(quad: ox.Quad) -> str:
    return "" if isinstance(quad.graph_name, ox.DefaultGraph) else str(quad.graph_name)


def _delete(component: Sequence[ox.Quad]) -> str:
    nodes = sorted({node for quad in component for node in _blank_nodes(quad)}, key=str)
    names: dict[Term, str] = {node: f"?b{number}" for number, node in enumerate(nodes)}
    pattern = _quads(component, names)
    guards = "".join(_guard(names[node], node, component) for node in nodes)
    return f"DELETE {{\n{pattern}}}\nWHERE {{\n{pattern}{guards}}}"


def _guard(name: str, node: ox.BlankNode, component: Iterable[ox.Quad]) -> str:
    """Write a filter: a blank node has only the properties in its component."""
    by_graph: defaultdict[str, set[str]] = defaultdict(set)
    for quad in component:
        if quad.subject == node:
            by_graph[_graph(quad)].add(str(quad.predicate))
    text = ""
    for graph, predicates in sorted(by_graph.items()):
        inner = f"{name} ?p ?o FILTER (?p NOT IN ({', '.join(sorted(predicates))}))"
        scope = f"GRAPH {graph} {{ {inner} }}" if graph else inner
        text += f"FILTER NOT EXISTS {{ {scope} }}\n"
    return text
