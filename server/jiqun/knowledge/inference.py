"""Inference: the closure under the ontology, and the CONSTRUCT rules.

The closure covers subclasses, subproperties, equivalents, inverses, symmetry and transitivity
(rules cax-sco, prp-spo1, prp-eqp, prp-inv, prp-symp and prp-trp of OWL 2 RL, section 4.3). Domains
and ranges are omitted on purpose: they would turn a mistake in the data into a false type.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyoxigraph as ox

from jiqun.errors import ContentError
from jiqun.knowledge.dataset import ALIGNMENTS, INFERRED, ONTOLOGY, QUERIES, merge, store
from jiqun.rdf.namespaces import OWL, RDFS
from jiqun.rdf.terms import TYPE

MOST_ROUNDS: Final = 20
_NOT_DATA: Final = frozenset({QUERIES, INFERRED})

Edges = dict[ox.NamedNode, set[ox.NamedNode]]


@dataclass(frozen=True)
class Rule:
    """A CONSTRUCT query and the file it comes from."""

    name: str
    text: str


def infer(graphs: Mapping[str, set[ox.Triple]], rules: Sequence[Rule]) -> set[ox.Triple]:
    """Return all entailed triples that are not in the merge of `graphs`.

    Raises `ContentError` for a rule that is not a CONSTRUCT query, creates blank nodes or does not
    terminate.
    """
    data = {name: triples for name, triples in graphs.items() if name not in _NOT_DATA}
    stated = merge(data)
    closure = _Closure.of(graphs.get(ONTOLOGY, set()) | graphs.get(ALIGNMENTS, set()))
    known = set(stated)
    fresh = closure.extend(known, stated)
    if not rules:
        return known - stated
    filled = store(data, known)
    for _ in range(MOST_ROUNDS):
        found = {triple for rule in rules for triple in _construct(rule, filled)}
        fresh = found - known
        if not fresh:
            return known - stated
        known |= fresh
        fresh |= closure.extend(known, fresh)
        filled.bulk_extend(ox.Quad(*triple) for triple in fresh)
    names = ", ".join(rule.name for rule in rules)
    raise ContentError(f"These rules still find new triples after {MOST_ROUNDS} rounds: {names}.")


def superclasses(axioms: Iterable[ox.Triple]) -> Edges:
    """Return each class with all its superclasses, including equivalent classes."""
    return _Closure.of(axioms).classes


def _construct(rule: Rule, filled: ox.Store) -> Iterator[ox.Triple]:
    try:
        result = filled.query(rule.text)
    except SyntaxError as error:
        raise ContentError(f"{rule.name}: {error.msg or error}") from None
    if not isinstance(result, ox.QueryTriples):
        raise ContentError(f"{rule.name}: an inference rule must be a CONSTRUCT query")
    for triple in result:
        if isinstance(triple.subject, ox.BlankNode) or isinstance(triple.object, ox.BlankNode):
            raise ContentError(f"{rule.name}: it creates a blank node; assign the thing an IRI")
        yield triple


@dataclass
class _Closure:
    """The axioms of an ontology: each class and property mapped to all that it implies."""

    classes: Edges
    properties: Edges
    inverses: Edges
    transitive: set[ox.NamedNode]
    forward: dict[tuple[object, object], set[ox.NamedNode]] = field(
        default_factory=lambda: defaultdict(set)
    )
    backward: dict[tuple[object, object], set[ox.NamedNode]] = field(
        default_factory=lambda: defaultdict(set)
    )

    @classmethod
    def of(cls, axioms: Iterable[ox.Triple]) -> _Closure:
        classes, properties, inverses = defaultdict(set), defaultdict(set), defaultdict(set)
        transitive = set()
        for subject, predicate, value in axioms:
            if not (isinstance(subject, ox.NamedNode) and isinstance(value, ox.NamedNode)):
                continue
            kind = predicate.value
            if kind in {f"{RDFS}subClassOf", f"{OWL}equivalentClass"}:
                classes[subject].add(value)
            if kind == f"{OWL}equivalentClass":
                classes[value].add(subject)
            if kind in {f"{RDFS}subPropertyOf", f"{OWL}equivalentProperty"}:
                properties[subject].add(value)
            if kind == f"{OWL}equivalentProperty":
                properties[value].add(subject)
            if kind == f"{OWL}inverseOf":
                inverses[subject].add(value)
                inverses[value].add(subject)
            if predicate == TYPE and value.value == f"{OWL}SymmetricProperty":
                inverses[subject].add(subject)
            if predicate == TYPE and value.value == f"{OWL}TransitiveProperty":
                transitive.add(subject)
        return cls(_reached(classes), _reached(properties), dict(inverses), transitive)

    def extend(self, known: set[ox.Triple], new: Iterable[ox.Triple]) -> set[ox.Triple]:
        """Add the triples entailed by the `new` ones to `known`, and return them."""
        added: set[ox.Triple] = set()
        todo = list(new)
        while todo:
            for triple in self._consequences(todo.pop()):
                if triple not in known:
                    known.add(triple)
                    added.add(triple)
                    todo.append(triple)
        return added

    def _consequences(self, triple: ox.Triple) -> Iterator[ox.Triple]:
        subject, predicate, value = triple
        if predicate == TYPE:
            if isinstance(value, ox.NamedNode):
                for wider in self.classes.get(value, ()):
                    yield ox.Triple(subject, TYPE, wider)
            return
        for wider in self.properties.get(predicate, ()):
            yield ox.Triple(subject, wider, value)
        if not isinstance(value, ox.NamedNode):
            return
        for inverse in self.inverses.get(predicate, ()):
            yield ox.Triple(value, inverse, subject)
        if predicate in self.transitive and isinstance(subject, ox.NamedNode):
            self.forward[predicate, subject].add(value)
            self.backward[predicate, value].add(subject)
            for further in tuple(self.forward[predicate, value]):
                yield ox.Triple(subject, predicate, further)
            for nearer in tuple(self.backward[predicate, subject]):
                yield ox.Triple(nearer, predicate, value)


def _reached(edges: Edges) -> Edges:
    reached: Edges = {}
    for start in edges:
        found: set[ox.NamedNode] = set()
        todo = list(edges[start])
        while todo:
            node = todo.pop()
            if node not in found:
                found.add(node)
                todo += edges.get(node, ())
        reached[start] = found - {start}
    return reached
