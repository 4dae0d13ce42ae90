"""What the release says of itself, and its saved queries, in RDF.

`graph:catalogue` describes the data set in VoID (https://www.w3.org/TR/void/) and DCTERMS;
`graph:queries` holds the saved queries as `sh:SPARQLExecutable` (SHACL, section 5), each text with
its prefixes in it, so that it runs as it stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.knowledge.dataset import QUERIES
from jiqun.knowledge.turtle.terms import RDF_TYPE, RDFS, XSD
from jiqun.vocabulary import BASE, ID, KG, QUERY, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jiqun.knowledge.queries.saved import SavedQuery

DATASET: Final = f"{BASE}dataset"
LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
_SH: Final = "http://www.w3.org/ns/shacl#"
_VOID: Final = "http://rdfs.org/ns/void#"
_DCTERMS: Final = "http://purl.org/dc/terms/"
_SCHEMA: Final = "https://schema.org/"
_DESCRIBE: Final = "https://purl.expasy.org/sparql-examples/ontology#describe"
_PREFIX: Final = re.compile(r"PREFIX\s+([A-Za-z][\w-]*):\s*<([^>]*)>", re.IGNORECASE)


def describe_dataset(title: str, version: str, counts: Mapping[str, int]) -> set[ox.Triple]:
    """Return the triples of `graph:catalogue`; `counts` has triples, classes and so on."""
    described = ox.NamedNode(DATASET)

    def said(predicate: str, value: ox.NamedNode | ox.Literal) -> ox.Triple:
        return ox.Triple(described, ox.NamedNode(predicate), value)

    numbers = {
        f"{_VOID}triples": counts["triples"],
        f"{_VOID}classes": counts["classes"],
        f"{_VOID}properties": counts["properties"],
    }
    return {
        said(RDF_TYPE.value, ox.NamedNode(f"{_VOID}Dataset")),
        said(f"{_DCTERMS}title", ox.Literal(title, language="en")),
        said(f"{_DCTERMS}license", ox.NamedNode(LICENCE)),
        said(f"{_DCTERMS}hasVersion", ox.Literal(version)),
        said(f"{_VOID}uriSpace", ox.Literal(ID)),
        said(f"{_VOID}vocabulary", ox.NamedNode(KG.removesuffix("#"))),
        said(f"{_VOID}exampleResource", ox.NamedNode(SOURCE.removesuffix("/"))),
        *(
            said(predicate, ox.Literal(str(number), datatype=ox.NamedNode(f"{XSD}integer")))
            for predicate, number in numbers.items()
        ),
    }


def describe_queries(queries: Sequence[SavedQuery]) -> set[ox.Triple]:
    """Return the triples of `graph:queries`."""
    prefixes: dict[str, str] = {}
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
        yield said(_DESCRIBE, ox.Literal(query.text))
    else:
        kind = f"{_SH}SPARQL{query.form.title()}Executable"
        yield said(RDF_TYPE.value, ox.NamedNode(kind))
        yield said(f"{_SH}{query.form.lower()}", ox.Literal(query.text))
    yield said(f"{RDFS}comment", ox.Literal(query.summary["en"], language="en"))
    yield said(f"{_SH}prefixes", ox.NamedNode(QUERIES))
    for language, text in query.summary.items():
        yield said(f"{RDFS}label", ox.Literal(text, language=language))
    for language, text in query.description.items():
        yield said(f"{_DCTERMS}description", ox.Literal(text, language=language))
    for tag in query.tags:
        yield said(f"{_SCHEMA}keywords", ox.Literal(tag))
