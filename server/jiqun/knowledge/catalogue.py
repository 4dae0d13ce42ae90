"""The release described in RDF: DCAT, saved queries, and VoID partitions.

What the default graph holds, counted and said in VoID (https://www.w3.org/TR/void/).

For every class its entities and the properties they have, for every property its triples, and for
a property of a class the classes (`void:classPartition`) and datatypes (`void-ext:`,
http://ldf.fi/void-ext) of its values: what editors that complete queries ask for. The description
is a part of the graph that it describes, and counts itself.

What the release says of itself, and its saved queries, in RDF.

`graph:catalogue` describes the dataset in DCAT 3 (https://www.w3.org/TR/vocab-dcat-3/) and VoID:
what curators say of it (`data/catalogue.ttl`), what follows from the data, and what `partitions`
counts. Files and their hashes are not in it: it is in the files.
`graph:queries` holds the saved queries as `sh:SPARQLExecutable` (SHACL, section 5), each text with
its prefixes in it, so that it runs as it stands.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox

from jiqun.knowledge.dataset import QUERIES
from jiqun.knowledge.query_files import SavedQuery
from jiqun.rdf.namespaces import (
    BASE,
    DATASET,
    DCAT,
    DCTERMS,
    ID,
    KG,
    LICENCE,
    OWL,
    PARTITION,
    QUERY,
    RDFS,
    SCHEMA,
    SH,
    VOID,
    XSD,
)
from jiqun.rdf.terms import TYPE

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


_DATE: Final = ox.NamedNode(f"{XSD}date")
_ISSUED: Final = ox.NamedNode(f"{DCTERMS}issued")
_VOCABULARIES: Final = (
    KG.removesuffix("#"),
    DCTERMS,
    "http://www.w3.org/2004/02/skos/core#",
    "http://www.w3.org/ns/org#",
    "http://www.w3.org/ns/prov#",
    "http://www.opengis.net/ont/geosparql#",
    "http://purl.org/linked-data/cube#",
    SCHEMA,
    "https://w3id.org/sssom/",
)
_DESCRIBE: Final = "https://purl.expasy.org/sparql-examples/ontology#describe"
_PREFIX: Final = re.compile(r"PREFIX\s+([A-Za-z][\w-]*):\s*<([^>]*)>", re.IGNORECASE)


def describe_dataset(
    release: str, default: Iterable[ox.Triple], targets: Iterable[str]
) -> set[ox.Triple]:
    """Return what the data themselves tell of the dataset, without numbers.

    `release` is the version; the times are those of the sources in `default`, whose newest also
    says of when the data are; `targets` are the datasets that are linked to.
    """
    described = ox.NamedNode(DATASET)

    def said(predicate: str, value: ox.NamedNode | ox.Literal) -> ox.Triple:
        return ox.Triple(described, ox.NamedNode(predicate), value)

    triples = {
        said(TYPE.value, ox.NamedNode(f"{VOID}Dataset")),
        said(f"{DCTERMS}license", ox.NamedNode(LICENCE)),
        said(f"{DCAT}version", ox.Literal(release)),
        said(f"{VOID}uriSpace", ox.Literal(ID)),
        *(said(f"{VOID}vocabulary", ox.NamedNode(each)) for each in _VOCABULARIES),
        *(said(f"{DCTERMS}relation", ox.NamedNode(each)) for each in targets),
    }
    days = _days(default)
    if days:
        period = ox.NamedNode(f"{DATASET}#period")
        newest = ox.Literal(max(days), datatype=_DATE)
        triples |= {
            said(f"{DCTERMS}modified", newest),
            said(f"{DCTERMS}temporal", period),
            ox.Triple(period, TYPE, ox.NamedNode(f"{DCTERMS}PeriodOfTime")),
            ox.Triple(
                period, ox.NamedNode(f"{DCAT}startDate"), ox.Literal(min(days), datatype=_DATE)
            ),
            ox.Triple(period, ox.NamedNode(f"{DCAT}endDate"), newest),
        }
    reference = ox.NamedNode(f"{KG}ReferenceDataset")
    triples |= {
        said("http://www.w3.org/ns/prov#wasDerivedFrom", subject)
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
    owner = ox.NamedNode(QUERIES)
    for prefix, namespace in prefixes.items():
        declaration = ox.NamedNode(f"{QUERIES}#{prefix}")
        iri = ox.Literal(namespace, datatype=ox.NamedNode(f"{XSD}anyURI"))
        triples |= {
            ox.Triple(owner, ox.NamedNode(f"{SH}declare"), declaration),
            ox.Triple(declaration, ox.NamedNode(f"{SH}prefix"), ox.Literal(prefix)),
            ox.Triple(declaration, ox.NamedNode(f"{SH}namespace"), iri),
        }
    return triples


def _query(query: SavedQuery) -> Iterator[ox.Triple]:
    subject = ox.NamedNode(f"{QUERY}{query.name}")

    def said(predicate: str, value: ox.NamedNode | ox.Literal) -> ox.Triple:
        return ox.Triple(subject, ox.NamedNode(predicate), value)

    yield said(TYPE.value, ox.NamedNode(f"{SH}SPARQLExecutable"))
    if query.form == "DESCRIBE":
        # SHACL has no such property; examples are published with the one, editors ask the other.
        yield said(_DESCRIBE, ox.Literal(query.text))
        yield said(f"{SH}describe", ox.Literal(query.text))
    else:
        kind = f"{SH}SPARQL{query.form.title()}Executable"
        yield said(TYPE.value, ox.NamedNode(kind))
        yield said(f"{SH}{query.form.lower()}", ox.Literal(query.text))
    yield said(f"{RDFS}comment", ox.Literal(query.summary["en"], language="en"))
    yield said(f"{SH}prefixes", ox.NamedNode(QUERIES))
    yield said(f"{SCHEMA}target", ox.NamedNode(f"{BASE}sparql"))
    for language, text in query.summary.items():
        yield said(f"{RDFS}label", ox.Literal(text, language=language))
    for language, text in query.description.items():
        yield said(f"{DCTERMS}description", ox.Literal(text, language=language))
    for tag in query.tags:
        yield said(f"{SCHEMA}keywords", ox.Literal(tag))
