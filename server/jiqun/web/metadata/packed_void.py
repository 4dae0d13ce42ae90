"""VoID of a packed release: its statistics and services."""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Triple

from jiqun.rdf.namespaces import DCTERMS, FOAF, OWL, RDF_TYPE, RDFS, VOID
from jiqun.rdf.terms import link, text, typed
from jiqun.release import Release

_COUNTS = {
    "triples": "triples",
    "subjects": "distinctSubjects",
    "classes": "classes",
    "properties": "properties",
}
"""Counts of a release, and their VoID properties."""


def packed_void(release: Release, root: str) -> Iterator[Triple]:
    """Describe the dataset, as `{root}/dataset`, with its partitions by class and property."""
    document, dataset = f"{root}/.well-known/void", f"{root}/dataset"
    yield link(document, RDF_TYPE, f"{VOID}DatasetDescription")
    yield link(document, f"{FOAF}primaryTopic", dataset)
    yield link(dataset, RDF_TYPE, f"{VOID}Dataset")
    yield text(dataset, f"{DCTERMS}title", release.title)
    yield text(dataset, f"{OWL}versionInfo", release.version)
    yield link(dataset, f"{VOID}sparqlEndpoint", f"{root}/sparql")
    yield link(dataset, f"{VOID}openSearchDescription", f"{root}/opensearch.xml")
    if release.namespace:
        yield text(dataset, f"{VOID}uriSpace", release.namespace)
    for dump in release.dumps.values():
        yield link(dataset, f"{VOID}dataDump", f"{root}/dumps/{dump.name}")
    for name, predicate in _COUNTS.items():
        if name in release.counts:
            yield typed(dataset, f"{VOID}{predicate}", release.counts[name], "integer")
    if not release.statistics["complete"]:
        note = "Only the most frequent classes and properties have partitions."
        yield text(dataset, f"{RDFS}comment", note, "en")
    for number, each in enumerate(release.statistics["properties"], 1):
        part = f"{document}#property-{number}"
        yield link(dataset, f"{VOID}propertyPartition", part)
        yield link(part, f"{VOID}property", each["iri"])
        yield typed(part, f"{VOID}triples", each["triples"], "integer")
    for number, each in enumerate(release.statistics["classes"], 1):
        part = f"{document}#class-{number}"
        yield link(dataset, f"{VOID}classPartition", part)
        yield link(part, f"{VOID}class", each["iri"])
        yield typed(part, f"{VOID}entities", each["entities"], "integer")
        for place, (name, entities) in enumerate(each["properties"].items(), 1):
            inner = f"{part}-{place}"
            yield link(part, f"{VOID}propertyPartition", inner)
            yield link(inner, f"{VOID}property", name)
            yield typed(inner, f"{VOID}distinctSubjects", entities, "integer")
