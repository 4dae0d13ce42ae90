"""What the default graph holds, counted and said in VoID (https://www.w3.org/TR/void/).

For every class its entities and the properties they have, for every property its triples, and for
a property of a class the classes (`void:classPartition`) and datatypes (`void-ext:`,
http://ldf.fi/void-ext) of its values: what editors that complete queries ask for. The description
is a part of the graph that it describes, and counts itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pyoxigraph as ox

from jiqun.knowledge.turtle.terms import OWL, RDF_TYPE, RDFS, XSD
from jiqun.vocabulary import DATASET, ID, KG, PARTITION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

VOID: Final = "http://rdfs.org/ns/void#"
_VOID_EXT: Final = "http://ldf.fi/void-ext#"
_INTEGER: Final = ox.NamedNode(f"{XSD}integer")
_EQUIVALENT: Final = ox.NamedNode(f"{OWL}equivalentClass")
_BELOW: Final = frozenset((ox.NamedNode(f"{RDFS}subClassOf"), _EQUIVALENT))
_DATASET: Final = ox.NamedNode(DATASET)

Node = ox.NamedNode | ox.BlankNode | ox.Triple
Types = dict[Node, set[ox.NamedNode]]


@dataclass
class Tally:
    """How often things occur: members of classes, triples of properties, and both together."""

    triples: int = 0
    subjects: set[Node] = field(default_factory=set)
    classes: Counter[ox.NamedNode] = field(default_factory=Counter)
    properties: Counter[ox.NamedNode] = field(default_factory=Counter)
    together: Counter[tuple[ox.NamedNode, ox.NamedNode]] = field(default_factory=Counter)
    values: set[tuple[ox.NamedNode, ox.NamedNode, str, ox.NamedNode]] = field(default_factory=set)
    """Class, property, and "class" or "datatype" with that of a value."""


def describe_partitions(default: set[ox.Triple], prefixes: Mapping[str, str]) -> set[ox.Triple]:
    """Return the statistics of `default` together with themselves; `prefixes` name the parts.

    Entities count for all their classes. What classes values are of is said of the most specific
    classes on both sides: for those above them it follows, and would be several times as much.
    """
    types = _types(default)
    narrow = _most_specific(types, _above(default))
    described: set[ox.Triple] = set()
    while True:
        # What is described next depends on the terms and the number of triples, which settle
        # after some rounds, never on the numbers that are said.
        found = Tally()
        _count(default, types, narrow, found)
        _count(described, types, narrow, found)
        again = set(_said(found, prefixes)) - default
        if again == described:
            return described
        described = again


def _above(default: Iterable[ox.Triple]) -> dict[ox.NamedNode, set[ox.NamedNode]]:
    """Return the superclasses of every class, also those several steps away."""
    above: dict[ox.NamedNode, set[ox.NamedNode]] = defaultdict(set)
    for subject, predicate, value in default:
        if isinstance(subject, ox.NamedNode) and isinstance(value, ox.NamedNode):
            if predicate in _BELOW:
                above[subject].add(value)
            if predicate == _EQUIVALENT:
                above[value].add(subject)
    growing = True
    while growing:
        growing = False
        for name, found in above.items():
            more = set().union(*(above.get(each, ()) for each in found)) - found - {name}
            found.update(more)
            growing = growing or bool(more)
    return above


def _most_specific(types: Types, above: Mapping[ox.NamedNode, set[ox.NamedNode]]) -> Types:
    """Leave out what is above another class; of two that are equivalent, what is not ours."""

    def covers(name: ox.NamedNode, other: ox.NamedNode) -> bool:
        if name not in above.get(other, ()):
            return False
        ours = other.value.startswith(KG) and not name.value.startswith(KG)
        return ours or other not in above.get(name, ())

    kept = {
        each: {name for name in each if not any(covers(name, other) for other in each)}
        for each in {frozenset(found) for found in types.values()}
    }
    return {node: kept[frozenset(found)] for node, found in types.items()}


def _types(triples: Iterable[ox.Triple]) -> Types:
    types: Types = defaultdict(set)
    for subject, predicate, value in triples:
        if predicate == RDF_TYPE and isinstance(value, ox.NamedNode):
            types[subject].add(value)
    return dict(types)


def _count(triples: Iterable[ox.Triple], types: Types, narrow: Types, found: Tally) -> None:
    for subject, predicate, value in triples:
        found.triples += 1
        found.subjects.add(subject)
        found.properties[predicate] += 1
        if predicate == RDF_TYPE and isinstance(value, ox.NamedNode):
            found.classes[value] += 1
        for each in types.get(subject, ()):
            found.together[each, predicate] += 1
            if isinstance(value, ox.Literal):
                found.values.add((each, predicate, "datatype", value.datatype))
        for each in narrow.get(subject, ()):
            for name in narrow.get(value, ()):
                found.values.add((each, predicate, "class", name))


def _said(found: Tally, prefixes: Mapping[str, str]) -> Iterator[ox.Triple]:
    name = _Names(prefixes)
    entities = sum(
        isinstance(each, ox.NamedNode) and each.value.startswith(ID) for each in found.subjects
    )
    yield _number(_DATASET, "triples", found.triples)
    yield _number(_DATASET, "entities", entities)
    yield _number(_DATASET, "distinctSubjects", len(found.subjects))
    yield _number(_DATASET, "classes", len(found.classes))
    yield _number(_DATASET, "properties", len(found.properties))
    for term, count in found.classes.items():
        part = name.of(term)
        yield _void(_DATASET, "classPartition", part)
        yield _void(part, "class", term)
        yield _number(part, "entities", count)
    for term, count in found.properties.items():
        part = name.of(term)
        yield _void(_DATASET, "propertyPartition", part)
        yield _void(part, "property", term)
        yield _number(part, "triples", count)
    for (term, predicate), count in found.together.items():
        part = name.of(term, predicate)
        yield _void(name.of(term), "propertyPartition", part)
        yield _void(part, "property", predicate)
        yield _number(part, "triples", count)
    for term, predicate, kind, value in found.values:
        whole, part = name.of(term, predicate), name.of(term, predicate, value)
        vocabulary = VOID if kind == "class" else _VOID_EXT
        yield ox.Triple(whole, ox.NamedNode(f"{vocabulary}{kind}Partition"), part)
        yield ox.Triple(part, ox.NamedNode(f"{vocabulary}{kind}"), value)


class _Names:
    """The IRIs of the parts, `part:kg.Cluster-kg.locatedIn-kg.Region`, each made once."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        longest = sorted(prefixes.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        self._prefixes = longest
        self._short: dict[ox.NamedNode, str] = {}

    def of(self, *terms: ox.NamedNode) -> ox.NamedNode:
        return ox.NamedNode(PARTITION + "-".join(map(self._of_term, terms)))

    def _of_term(self, term: ox.NamedNode) -> str:
        if term not in self._short:
            self._short[term] = self._shortened(term.value)
        return self._short[term]

    def _shortened(self, iri: str) -> str:
        for prefix, namespace in self._prefixes:
            if iri.startswith(namespace):
                return f"{prefix}.{quote(iri.removeprefix(namespace), safe='')}"
        return quote(iri, safe="")


def _void(subject: ox.NamedNode, predicate: str, value: ox.NamedNode) -> ox.Triple:
    return ox.Triple(subject, ox.NamedNode(f"{VOID}{predicate}"), value)


def _number(subject: ox.NamedNode, predicate: str, count: int) -> ox.Triple:
    number = ox.Literal(str(count), datatype=_INTEGER)
    return ox.Triple(subject, ox.NamedNode(f"{VOID}{predicate}"), number)
