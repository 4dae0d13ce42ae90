"""The copies of a release in memory, and which of them a query is evaluated on.

For a pattern, the engine's store in memory follows the list of all triples of one of its constants
or bound variables, the shortest of those of subject, predicate and object. So the label of a thing
with thousands of statements is found by reading all of them, again for each row of a join, where
RocksDB finds it at once (pyoxigraph 0.5.13, `storage/memory.rs`).

Such things, hubs, have most of their statements by a few predicates: a country contains thousands
of places. The *slim* copy leaves these statements out, so that its lists are short. It is used for
every query that cannot match what is left out. Other queries are evaluated on the *whole* copy, or
on disk when they would read the statements of hubs again and again.

Those copies are of the default graph. The *dataset* has the named graphs as well, for the queries
that read them; its lists are longer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Any, Final, NamedTuple

import pyoxigraph as ox

from jiqun.rdf.earlier_versions import NEWEST

ANY: Final = ""
"""Stands for a predicate that is a variable."""

Omitted = Mapping[str, frozenset[str]]
"""Predicates, and the hubs whose statements of each are left out."""

_MANY: Final = 128
"""A predicate has hubs if most of its statements are about subjects with more of them."""

_MOST_LEFT: Final = 32
"""Its hubs are the subjects with more statements of it."""

_LONG_LIST: Final = 64
"""Triples that are read in memory in the time of one search on disk."""

_OF_MANY: Final = f"""
    SELECT ?predicate (SUM(?count) AS ?total) {{
      {{ SELECT ?subject ?predicate (COUNT(*) AS ?count) {{ ?subject ?predicate ?object }}
         GROUP BY ?subject ?predicate HAVING (COUNT(*) > {_MANY}) }}
    }} GROUP BY ?predicate
"""
_HUBS: Final = f"""
    SELECT ?predicate ?hub {{ ?hub ?predicate ?object }}
    GROUP BY ?predicate ?hub HAVING (ISIRI(?hub) && COUNT(*) > {_MOST_LEFT})
"""
_PREDICATES: Final = """
    SELECT ?predicate (COUNT(*) AS ?total) { ?subject ?predicate ?object } GROUP BY ?predicate
"""
_LISTS: Final = f"""
    SELECT ?predicate (SUM(?count) AS ?total) {{
      {{ SELECT ?hub (COUNT(*) AS ?count) {{ ?hub ?any ?object }}
         GROUP BY ?hub HAVING (COUNT(*) > {_LONG_LIST}) }}
      %s
    }} GROUP BY ?predicate
"""
_NEWER: Final = """
    ASK { { ?subject ?predicate ?object } UNION { GRAPH ?graph { ?subject ?predicate ?object } }
      FILTER(ISTRIPLE(?object) || HASLANGDIR(?object)) }
"""
_BLANK: Final = """
    SELECT ?subject ?predicate ?object { ?subject ?predicate ?object
      FILTER(ISBLANK(?subject) || ISBLANK(?object) || ISTRIPLE(?object)) }
"""


class Copies(Enum):
    """Which copies are held: each kind includes those before it."""

    WHOLE = "whole"
    SLIM = "slim"
    DATASET = "dataset"


class Reach(NamedTuple):
    """What a query can match.

    `predicates` has all IRIs in it, hence every constant predicate. `open` has the IRIs of subject
    and object, None for anything else, of each pattern whose predicate can have any value.
    `subjects` and `objects` are predicates, or `ANY`, of patterns whose subject or object is the
    subject of another pattern.
    """

    predicates: tuple[str, ...]
    open: tuple[tuple[str | None, str | None], ...]
    subjects: tuple[str, ...]
    objects: tuple[str, ...]


def as_reach(parts: Sequence[Sequence[Any]]) -> Reach:
    """Return a reach that was sent as JSON."""
    predicates, open_, subjects, objects = parts
    pairs = tuple((subject, value) for subject, value in open_)
    return Reach(tuple(predicates), pairs, tuple(subjects), tuple(objects))


@dataclass(frozen=True, slots=True)
class HeldGraph:
    """Copies of one release.

    `whole` and `slim` are copies of the default graph. `newer` says whether there are terms of RDF
    1.2. `slim` is None where nothing, or too much, would be left out, and without room for it;
    `dataset` without room. `slow_subjects` and `slow_objects` are the predicates, or `ANY`, whose
    subjects or objects have long lists of triples on average.
    """

    whole: ox.Store
    slim: ox.Store | None
    dataset: ox.Store | None
    newer: bool
    omitted: Omitted
    slow_subjects: frozenset[str]
    slow_objects: frozenset[str]

    @property
    def shortest(self) -> ox.Store:
        """The copy with the shortest lists of triples."""
        return self.whole if self.slim is None else self.slim

    def has(self, default_graph: bool, services: bool) -> bool:
        """Return whether all that a query can read is held."""
        return not services and (default_graph or self.dataset is not None)

    def store_for(self, reach: Reach | None, default_graph: bool) -> ox.Store | None:
        """Return the copy for a query; None for one that is faster on disk.

        `default_graph` says whether that is all it can read.
        """
        if not default_graph:
            # Slow objects are no reason: most of these queries gain (decision 128).
            slow = reach is not None and not self.slow_subjects.isdisjoint(reach.subjects)
            return None if slow else self.dataset
        if reach is None:
            return self.whole
        if self.slim is not None and is_complete(self.omitted, reach, self.whole):
            return self.slim
        slow = not self.slow_subjects.isdisjoint(reach.subjects)
        return None if slow or not self.slow_objects.isdisjoint(reach.objects) else self.whole


def is_complete(omitted: Omitted, reach: Reach, whole: ox.Store) -> bool:
    """Return whether no statement that is left out can match a pattern of a query.

    `whole` is a store with the whole default graph.
    """
    return omitted.keys().isdisjoint(reach.predicates) and not any(
        _is_left_out(whole, subject, predicate, value, hubs)
        for subject, value in reach.open
        for predicate, hubs in omitted.items()
    )


def _is_left_out(
    whole: ox.Store, subject: str | None, predicate: str, value: str | None, hubs: frozenset[str]
) -> bool:
    """Return whether a statement of a hub matches, or may do so."""
    if subject is None and value is None:
        return True
    if subject is not None and (value is None or subject not in hubs):
        return subject in hubs
    found: list[Any] = list(islice(matches(whole, subject, predicate, value), _LONG_LIST + 1))
    return len(found) > _LONG_LIST or any(quad.subject.value in hubs for quad in found)


def matches(
    store: ox.Store, subject: str | None, predicate: str | None, value: str | None
) -> Iterator[ox.Quad]:
    """Return the triples of the default graph with these IRIs; None is any term."""
    return store.quads_for_pattern(
        ox.NamedNode(subject) if subject else None,
        ox.NamedNode(predicate) if predicate else None,
        ox.NamedNode(value) if value else None,
        ox.DefaultGraph(),
    )


def hold(whole: ox.Store, with_slim: bool, dataset: ox.Store | None = None) -> HeldGraph:
    """Find the hubs in a copy of a default graph, and make the slim copy of it.

    `dataset` is a copy of all graphs.
    """
    counts = _totals(whole, _PREDICATES)
    of_many = _totals(whole, _OF_MANY)
    omitted = find_hubs(
        whole, sorted(each for each, count in of_many.items() if 2 * count > counts[each])
    )
    slim = _without(whole, omitted) if with_slim and omitted else None
    return HeldGraph(
        whole,
        slim,
        dataset,
        has_newer_terms(whole if dataset is None else dataset),
        omitted if slim is not None else {},
        _slow(_totals(whole, _LISTS % "?hub ?predicate ?object"), counts),
        _slow(_totals(whole, _LISTS % "?subject ?predicate ?hub"), counts),
    )


def find_hubs(store: ox.Store, predicates: Iterable[str]) -> Omitted:
    """Return the hubs of these predicates in a default graph."""

    def hubs(predicate: str) -> frozenset[str]:
        given: Any = {ox.Variable("predicate"): ox.NamedNode(predicate)}
        rows: Any = store.query(_HUBS, substitutions=given)
        return frozenset(row["hub"].value for row in rows)

    return {each: hubs(each) for each in predicates}


def has_newer_terms(store: ox.Store) -> bool:
    """Return whether a store has terms of RDF 1.2."""
    return bool(store.query(_NEWER))


def result_version(newer: bool, job: Mapping[str, Any]) -> str:
    """Return the version of RDF for a result: the newest if no term must be written differently.

    `newer` says whether the graph has terms of RDF 1.2, `job` whether the query can make some.
    """
    version: str = job["version"]
    return version if newer or job["newer"] else NEWEST


def without_blank_nodes(store: ox.Store) -> Iterator[ox.Triple]:
    """Return the triples that need no blank node, which have other names after bulk loading."""
    for quad in store:
        if isinstance(quad.subject, ox.NamedNode) and not isinstance(
            quad.object, ox.BlankNode | ox.Triple
        ):
            yield quad.triple


def with_blank_nodes(store: ox.Store, omitted: Omitted) -> Iterator[ox.Quad]:
    """Return the others of the default graph, except those that are left out."""
    rows: Any = store.query(_BLANK)
    for subject, predicate, value in rows:
        if subject.value not in omitted.get(predicate.value, ()):
            yield ox.Quad(subject, predicate, value)


def _totals(store: ox.Store, query: str) -> dict[str, int]:
    rows: Any = store.query(query)
    return {row["predicate"].value: int(row["total"].value) for row in rows if row["predicate"]}


def _slow(lists: dict[str, int], counts: dict[str, int]) -> frozenset[str]:
    """Return the predicates whose average list is long; `ANY` stands for all of them."""
    found = {each for each, total in lists.items() if total > _LONG_LIST * counts[each]}
    if sum(lists.values()) > _LONG_LIST * sum(counts.values()):
        found.add(ANY)
    return frozenset(found)


def _without(whole: ox.Store, omitted: Omitted) -> ox.Store | None:
    """Copy a graph without the statements of hubs.

    None if that loses a term altogether: then zero-length paths would have other matches.
    """
    slim = ox.Store()
    slim.bulk_extend(
        quad for quad in whole if quad.subject.value not in omitted.get(quad.predicate.value, ())
    )
    return slim if all(_is_node(slim, term) for term in _terms(whole, omitted)) else None


def _terms(store: ox.Store, omitted: Omitted) -> Iterator[Any]:
    seen = set()
    for predicate, hubs in omitted.items():
        for hub in hubs:
            for quad in matches(store, hub, predicate, None):
                for term in (quad.subject, quad.object):
                    if term not in seen:
                        seen.add(term)
                        yield term


def _is_node(store: ox.Store, term: Any) -> bool:
    if next(store.quads_for_pattern(None, None, term), None) is not None:
        return True
    can_be_subject = not isinstance(term, ox.Literal | ox.Triple)
    return can_be_subject and next(store.quads_for_pattern(term, None, None), None) is not None
