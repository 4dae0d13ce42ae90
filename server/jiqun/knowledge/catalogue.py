"""The release described in RDF: the dataset in DCAT and VoID, and the saved queries.

`graph:catalogue` describes the dataset in DCAT 3 (https://www.w3.org/TR/vocab-dcat-3/) and VoID
(https://www.w3.org/TR/void/): the curators' description (`data/catalogue.ttl`), what follows from
the data, and statistics. Files and their hashes are not included, because the files contain this
graph.

The statistics have for every class its entities and their properties, for every property its
triples, and for a property of a class the classes (`void:classPartition`) and datatypes
(`void-ext:`, http://ldf.fi/void-ext) of its values: editors complete queries with them. They are
part of the graph that they describe, and include themselves.

`graph:queries` holds the saved queries as `sh:SPARQLExecutable` (SHACL, section 5), each with its
prefixes, so that it runs unchanged.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from jiqun.knowledge.dataset import QUERIES
from jiqun.knowledge.inference import superclasses
from jiqun.rdf.namespaces import (
    BASE,
    DATASET,
    DCAT,
    DCTERMS,
    GEO,
    ID,
    KG,
    LICENCE,
    ORG,
    PARTITION,
    PROV,
    QB,
    RDF_TYPE,
    RDFS,
    SCHEMA,
    SH,
    SKOS,
    SPARQL_EXAMPLES,
    SSSOM,
    VOID,
    VOID_EXT,
    XSD,
)
from jiqun.rdf.terms import TYPE, link, text, typed
from jiqun.saved_queries import SavedQuery

_DATASET: Final = ox.NamedNode(DATASET)

Node = ox.NamedNode | ox.BlankNode | ox.Triple
Types = dict[Node, set[ox.NamedNode]]
_DATE: Final = ox.NamedNode(f"{XSD}date")
_ISSUED: Final = ox.NamedNode(f"{DCTERMS}issued")
_VOCABULARIES: Final = (
    KG.removesuffix("#"),
    DCTERMS,
    SKOS,
    ORG,
    PROV,
    GEO,
    QB,
    SCHEMA,
    SSSOM,
)
_PREFIX: Final = re.compile(r"PREFIX\s+([A-Za-z][\w-]*):\s*<([^>]*)>", re.IGNORECASE)


@dataclass
class Tally:
    """Counts of class members, of triples by property, and of both combined."""

    triples: int = 0
    subjects: set[Node] = field(default_factory=set)
    classes: Counter[ox.NamedNode] = field(default_factory=Counter)
    properties: Counter[ox.NamedNode] = field(default_factory=Counter)
    together: Counter[tuple[ox.NamedNode, ox.NamedNode]] = field(default_factory=Counter)
    values: set[tuple[ox.NamedNode, ox.NamedNode, str, ox.NamedNode]] = field(default_factory=set)
    """Class, property, and "class" or "datatype" with that of a value."""

    def copy(self) -> Tally:
        """Return an independent copy."""
        values = {name: copy(value) for name, value in vars(self).items()}
        return Tally(**values)


def describe_partitions(default: set[ox.Triple], prefixes: Mapping[str, str]) -> set[ox.Triple]:
    """Return the statistics of `default`, including themselves; `prefixes` name the parts.

    Entities count for all their classes. Classes of values are given only for the most specific
    classes on both sides: those for superclasses follow, at several times the size.
    """
    types = _types(default)
    narrow = _most_specific(types, superclasses(default))
    counted = Tally()
    _count(default, types, narrow, counted)
    described: set[ox.Triple] = set()
    while True:
        # A round depends only on the terms and the number of triples, which converge after some
        # rounds, never on the numbers in the statistics.
        found = counted.copy()
        _count(described, types, narrow, found)
        again = set(_statistics(found, prefixes)) - default
        if again == described:
            return described
        described = again


def _most_specific(types: Types, above: Mapping[ox.NamedNode, set[ox.NamedNode]]) -> Types:
    """Omit superclasses of other types; of two equivalent classes, omit the foreign one."""

    def covers(name: ox.NamedNode, other: ox.NamedNode) -> bool:
        if name not in above.get(other, ()):
            return False
        ours = other.value.startswith(KG) and not name.value.startswith(KG)
        return ours or other not in above.get(name, ())

    narrowest = {
        each: {name for name in each if not any(covers(name, other) for other in each)}
        for each in {frozenset(found) for found in types.values()}
    }
    return {node: narrowest[frozenset(found)] for node, found in types.items()}


def _types(triples: Iterable[ox.Triple]) -> Types:
    types: Types = defaultdict(set)
    for subject, predicate, value in triples:
        if predicate == TYPE and isinstance(value, ox.NamedNode):
            types[subject].add(value)
    return dict(types)


def _count(triples: Iterable[ox.Triple], types: Types, narrow: Types, found: Tally) -> None:
    for subject, predicate, value in triples:
        found.triples += 1
        found.subjects.add(subject)
        found.properties[predicate] += 1
        if predicate == TYPE and isinstance(value, ox.NamedNode):
            found.classes[value] += 1
        for each in types.get(subject, ()):
            found.together[each, predicate] += 1
            if isinstance(value, ox.Literal):
                found.values.add((each, predicate, "datatype", value.datatype))
        for each in narrow.get(subject, ()):
            for name in narrow.get(value, ()):
                found.values.add((each, predicate, "class", name))


def _statistics(found: Tally, prefixes: Mapping[str, str]) -> Iterator[ox.Triple]:
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
        vocabulary = VOID if kind == "class" else VOID_EXT
        yield ox.Triple(whole, ox.NamedNode(f"{vocabulary}{kind}Partition"), part)
        yield ox.Triple(part, ox.NamedNode(f"{vocabulary}{kind}"), value)


class _Names:
    """The IRIs of the parts, `part:kg.Cluster-kg.locatedIn-kg.Region`, cached."""

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
    return typed(subject.value, f"{VOID}{predicate}", count, "integer")


def describe_dataset(
    release: str, default: Iterable[ox.Triple], targets: Iterable[str]
) -> set[ox.Triple]:
    """Return the description of the dataset that follows from the data, without numbers.

    `release` is the version; `targets` are the linked datasets. The temporal coverage is that of
    the sources in `default`, the modification date that of the newest.
    """
    triples = {
        link(DATASET, RDF_TYPE, f"{VOID}Dataset"),
        link(DATASET, f"{DCTERMS}license", LICENCE),
        text(DATASET, f"{DCAT}version", release),
        text(DATASET, f"{VOID}uriSpace", ID),
        *(link(DATASET, f"{VOID}vocabulary", each) for each in _VOCABULARIES),
        *(link(DATASET, f"{DCTERMS}relation", each) for each in targets),
    }
    days = _days(default)
    if days:
        period = f"{DATASET}#period"
        triples |= {
            typed(DATASET, f"{DCTERMS}modified", max(days), "date"),
            link(DATASET, f"{DCTERMS}temporal", period),
            link(period, RDF_TYPE, f"{DCTERMS}PeriodOfTime"),
            typed(period, f"{DCAT}startDate", min(days), "date"),
            typed(period, f"{DCAT}endDate", max(days), "date"),
        }
    reference = ox.NamedNode(f"{KG}ReferenceDataset")
    triples |= {
        link(DATASET, f"{PROV}wasDerivedFrom", subject.value)
        for subject, predicate, value in default
        if predicate == TYPE and value == reference and isinstance(subject, ox.NamedNode)
    }
    return triples


def _days(default: Iterable[ox.Triple]) -> list[str]:
    """Return the full dates at which sources were issued."""
    source = ox.NamedNode(f"{KG}Source")
    triples = list(default)
    sources = {each.subject for each in triples if each.predicate == TYPE and each.object == source}
    return [
        each.object.value
        for each in triples
        if each.predicate == _ISSUED
        and each.subject in sources
        and isinstance(each.object, ox.Literal)
        and each.object.datatype == _DATE
    ]


def describe_queries(
    queries: Sequence[SavedQuery], known: Mapping[str, str] | None = None
) -> set[ox.Triple]:
    """Return the triples of `graph:queries`: the queries, their prefixes and those `known`."""
    prefixes = dict(known or {})
    triples: set[ox.Triple] = set()
    for query in queries:
        for prefix, namespace in _PREFIX.findall(query.text):
            prefixes.setdefault(prefix, namespace)
        triples.update(_query(query))
    for prefix, namespace in prefixes.items():
        declaration = f"{QUERIES}#{prefix}"
        triples |= {
            link(QUERIES, f"{SH}declare", declaration),
            text(declaration, f"{SH}prefix", prefix),
            typed(declaration, f"{SH}namespace", namespace, "anyURI"),
        }
    return triples


def _query(query: SavedQuery) -> Iterator[ox.Triple]:
    yield link(query.iri, RDF_TYPE, f"{SH}SPARQLExecutable")
    if query.form == "DESCRIBE":
        # SHACL has no such property; examples are published with one, editors query the other.
        yield text(query.iri, f"{SPARQL_EXAMPLES}describe", query.text)
        yield text(query.iri, f"{SH}describe", query.text)
    else:
        yield link(query.iri, RDF_TYPE, f"{SH}SPARQL{query.form.title()}Executable")
        yield text(query.iri, f"{SH}{query.form.lower()}", query.text)
    yield text(query.iri, f"{RDFS}comment", query.summary["en"], "en")
    yield link(query.iri, f"{SH}prefixes", QUERIES)
    yield link(query.iri, f"{SCHEMA}target", f"{BASE}sparql")
    for language, words in query.summary.items():
        yield text(query.iri, f"{RDFS}label", words, language)
    for language, words in query.description.items():
        yield text(query.iri, f"{DCTERMS}description", words, language)
    for tag in query.tags:
        yield text(query.iri, f"{SCHEMA}keywords", tag)
