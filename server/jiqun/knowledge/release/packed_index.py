"""Reads the default graph of a store once, by subject, for search index and statistics.

The store's index groups triples by subject, so only one subject is in memory at a time. Names are
taken from the common vocabularies for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

from jiqun.knowledge.release.search_entries import Entry, Kind, Label
from jiqun.knowledge.release.search_index import write_streamed
from jiqun.names import ALTERNATIVE, LABEL
from jiqun.rdf.namespaces import DCTERMS, FOAF, ID, RDFS, SCHEMA, SKOS, is_absolute_iri
from jiqun.rdf.terms import TYPE, language_tag

LABELS: Final = (
    f"{RDFS}label",
    f"{SKOS}prefLabel",
    f"{SCHEMA}name",
    "http://schema.org/name",
    f"{FOAF}name",
    f"{DCTERMS}title",
    "http://purl.org/dc/elements/1.1/title",
)
"""The properties whose values are names of things, the most common first."""

_ALTERNATIVES: Final = (f"{SKOS}altLabel", f"{SCHEMA}alternateName", f"{DCTERMS}alternative")
_DESCRIPTIONS: Final = (
    f"{RDFS}comment",
    f"{SKOS}definition",
    f"{DCTERMS}description",
    f"{SCHEMA}description",
    "http://schema.org/description",
    f"{DCTERMS}abstract",
)
_KINDS: Final = dict.fromkeys(LABELS, LABEL) | dict.fromkeys(_ALTERNATIVES, ALTERNATIVE)
_RANK: Final = 0
_MOST_NAMES: Final = 50
_LONGEST_NAME: Final = 500
_LONGEST_DESCRIPTION: Final = 300
_MOST_CLASSES: Final = 32
"""Maximum number of classes of a thing in the index."""
_MOST_PAIRS: Final = 100_000
_LISTED: Final = 1_000
_SHOWN_EVERY: Final = 5_000


@dataclass
class Statistics:
    """Counts of classes and properties in the default graph, and other counts.

    `together` counts properties by class; beyond a maximum number of pairs, no further ones are
    counted, and `complete` is false.
    """

    counts: dict[str, int] = field(default_factory=dict)
    classes: Counter[str] = field(default_factory=Counter)
    properties: Counter[str] = field(default_factory=Counter)
    together: Counter[tuple[str, str]] = field(default_factory=Counter)
    complete: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the statistics for the release: the most frequent, and whether complete."""
        chosen = {iri for iri, _ in self.classes.most_common(_LISTED)}
        pairs: dict[str, dict[str, int]] = {}
        for (kind, name), count in self.together.most_common():
            if kind in chosen:
                pairs.setdefault(kind, {})[name] = count
        listed = _most(self.classes)
        return {
            "complete": self.complete and len(listed) == len(self.classes),
            "classes": [
                {"iri": iri, "entities": count, "properties": pairs.get(iri, {})}
                for iri, count in listed
            ],
            "properties": [{"iri": iri, "triples": count} for iri, count in _most(self.properties)],
        }


def _most(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda each: (-each[1], each[0]))[:_LISTED]


def write_packed_index(store: ox.Store, folder: Path, done: Callable[[int], None]) -> Statistics:
    """Write the search index of everything that has a name; return the statistics."""
    statistics = Statistics()
    write_streamed(
        _entries(store, statistics, done),
        lambda iris: (Kind(iri, _class_labels(store, iri)) for iri in iris),
        folder,
    )
    graphs = sum(1 for _ in store.named_graphs())
    triples = statistics.counts["triples"]
    statistics.counts |= {
        "quads": len(store) - triples,
        "graphs": graphs,
        "classes": len(statistics.classes),
        "properties": len(statistics.properties),
    }
    return statistics


def _entries(
    store: ox.Store, statistics: Statistics, done: Callable[[int], None]
) -> Iterator[Entry]:
    triples = subjects = named = 0
    default = store.quads_for_pattern(None, None, None, ox.DefaultGraph())
    for subject, quads in groupby(default, key=lambda quad: quad.subject):
        facts = [(quad.predicate.value, quad.object) for quad in quads]
        triples += len(facts)
        subjects += 1
        if subjects % _SHOWN_EVERY == 0:
            done(triples)
        classes = _count(facts, statistics)
        if isinstance(subject, ox.NamedNode) and (entry := _entry(subject.value, facts, classes)):
            named += 1
            yield entry
    statistics.counts |= {"triples": triples, "subjects": subjects, "named": named}


def _count(facts: Sequence[tuple[str, Any]], statistics: Statistics) -> list[str]:
    classes = sorted(
        {value.value for name, value in facts if name == TYPE.value and _is_iri(value)}
    )
    statistics.classes.update(classes)
    names = [name for name, _ in facts]
    statistics.properties.update(names)
    for kind in classes:
        for name in set(names):
            if (kind, name) in statistics.together or len(statistics.together) < _MOST_PAIRS:
                statistics.together[kind, name] += 1
            else:
                statistics.complete = False
    return classes


def _is_iri(value: Any) -> bool:
    return isinstance(value, ox.NamedNode) and is_absolute_iri(value.value)


def _entry(iri: str, facts: Iterable[tuple[str, Any]], classes: Sequence[str]) -> Entry | None:
    """Return the entry of a thing, None for one without a name."""
    names: dict[Label, None] = {}
    description: dict[str, str] = {}
    for name, value in facts:
        if not isinstance(value, ox.Literal):
            continue
        lang = language_tag(value.language) if value.language else ""
        kind = _KINDS.get(name)
        if kind is not None and len(names) < _MOST_NAMES and value.value.strip():
            names[Label(value.value[:_LONGEST_NAME], lang, kind)] = None
        elif name in _DESCRIPTIONS:
            description.setdefault(lang, value.value[:_LONGEST_DESCRIPTION])
    if not any(label.kind == LABEL for label in names):
        return None
    ordered = tuple(sorted(names, key=lambda label: (label.kind, label.lang, label.text)))
    own = tuple(classes[:_MOST_CLASSES])
    return Entry(iri.removeprefix(ID), ordered, own, own[:3], _RANK, description)


def _class_labels(store: ox.Store, iri: str) -> dict[str, str]:
    """Return the labels of a class by language, else the local name of its IRI."""
    found: dict[str, str] = {}
    node = ox.NamedNode(iri)
    for name in LABELS:
        for quad in store.quads_for_pattern(node, ox.NamedNode(name), None, ox.DefaultGraph()):
            if isinstance(quad.object, ox.Literal):
                lang = language_tag(quad.object.language) if quad.object.language else ""
                found.setdefault(lang, quad.object.value[:_LONGEST_NAME])
    return found or {"": iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri}
