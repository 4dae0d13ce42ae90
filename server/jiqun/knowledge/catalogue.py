"""What the release says of itself, and its saved queries, in RDF.

`graph:catalogue` describes the dataset in DCAT 3 (https://www.w3.org/TR/vocab-dcat-3/) and VoID:
what curators say of it (`data/catalogue.ttl`), what follows from the data, and what `partitions`
counts. Files and their hashes are not in it: it is in the files.
`graph:queries` holds the saved queries as `sh:SPARQLExecutable` (SHACL, section 5), each text with
its prefixes in it, so that it runs as it stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.knowledge.dataset import QUERIES
from jiqun.knowledge.partitions import VOID
from jiqun.knowledge.turtle.terms import RDF_TYPE, RDFS, XSD
from jiqun.vocabulary import BASE, DATASET, ID, KG, QUERY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jiqun.knowledge.queries.saved import SavedQuery

_SCHEMA: Final = "https://schema.org/"
_SH: Final = "http://www.w3.org/ns/shacl#"
LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
_DCAT: Final = "http://www.w3.org/ns/dcat#"
_DCTERMS: Final = "http://purl.org/dc/terms/"
_DATE: Final = ox.NamedNode(f"{XSD}date")
_ISSUED: Final = ox.NamedNode(f"{_DCTERMS}issued")
_VOCABULARIES: Final = (
    KG.removesuffix("#"),
    _DCTERMS,
    "http://www.w3.org/2004/02/skos/core#",
    "http://www.w3.org/ns/org#",
    "http://www.w3.org/ns/prov#",
    "http://www.opengis.net/ont/geosparql#",
    "http://purl.org/linked-data/cube#",
    _SCHEMA,
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
        said(RDF_TYPE.value, ox.NamedNode(f"{VOID}Dataset")),
        said(f"{_DCTERMS}license", ox.NamedNode(LICENCE)),
        said(f"{_DCAT}version", ox.Literal(release)),
        said(f"{VOID}uriSpace", ox.Literal(ID)),
        *(said(f"{VOID}vocabulary", ox.NamedNode(each)) for each in _VOCABULARIES),
        *(said(f"{_DCTERMS}relation", ox.NamedNode(each)) for each in targets),
    }
    days = _days(default)
    if days:
        period = ox.NamedNode(f"{DATASET}#period")
        newest = ox.Literal(max(days), datatype=_DATE)
        triples |= {
            said(f"{_DCTERMS}modified", newest),
            said(f"{_DCTERMS}temporal", period),
            ox.Triple(period, RDF_TYPE, ox.NamedNode(f"{_DCTERMS}PeriodOfTime")),
            ox.Triple(
                period, ox.NamedNode(f"{_DCAT}startDate"), ox.Literal(min(days), datatype=_DATE)
            ),
            ox.Triple(period, ox.NamedNode(f"{_DCAT}endDate"), newest),
        }
    reference = ox.NamedNode(f"{KG}ReferenceDataset")
    triples |= {
        said("http://www.w3.org/ns/prov#wasDerivedFrom", subject)
        for subject, predicate, value in default
        if predicate == RDF_TYPE and value == reference and isinstance(subject, ox.NamedNode)
    }
    return triples


def _days(default: Iterable[ox.Triple]) -> list[str]:
    """Return the full dates at which sources were issued."""
    source = ox.NamedNode(f"{KG}Source")
    triples = list(default)
    sources = {
        each.subject for each in triples if each.predicate == RDF_TYPE and each.object == source
    }
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
            ox.Triple(owner, ox.NamedNode(f"{_SH}declare"), declaration),
            ox.Triple(declaration, ox.NamedNode(f"{_SH}prefix"), ox.Literal(prefix)),
            ox.Triple(declaration, ox.NamedNode(f"{_SH}namespace"), iri),
        }
    return triples


def _query(query: SavedQuery) -> Iterator[ox.Triple]:
    subject = ox.NamedNode(f"{QUERY}{query.name}")

    def said(predicate: str, value: ox.NamedNode | ox.Literal) -> ox.Triple:
        return ox.Triple(subject, ox.NamedNode(predicate), value)

    yield said(RDF_TYPE.value, ox.NamedNode(f"{_SH}SPARQLExecutable"))
    if query.form == "DESCRIBE":
        # SHACL has no such property; examples are published with the one, editors ask the other.
        yield said(_DESCRIBE, ox.Literal(query.text))
        yield said(f"{_SH}describe", ox.Literal(query.text))
    else:
        kind = f"{_SH}SPARQL{query.form.title()}Executable"
        yield said(RDF_TYPE.value, ox.NamedNode(kind))
        yield said(f"{_SH}{query.form.lower()}", ox.Literal(query.text))
    yield said(f"{RDFS}comment", ox.Literal(query.summary["en"], language="en"))
    yield said(f"{_SH}prefixes", ox.NamedNode(QUERIES))
    yield said(f"{_SCHEMA}target", ox.NamedNode(f"{BASE}sparql"))
    for language, text in query.summary.items():
        yield said(f"{RDFS}label", ox.Literal(text, language=language))
    for language, text in query.description.items():
        yield said(f"{_DCTERMS}description", ox.Literal(text, language=language))
    for tag in query.tags:
        yield said(f"{_SCHEMA}keywords", ox.Literal(tag))
