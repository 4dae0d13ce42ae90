"""The dataset, its files and services in DCAT 3 and VoID; the endpoint as a SPARQL service.

`graph:catalogue` holds what does not depend on the server. URLs of the server, and the files with
their sizes and SHA-256 (DCAT 3, section 6.8; SPDX), are added here: the graphs in the files cannot
contain the hashes of those files. A release without that graph is described only by its manifest,
a packed release by its statistics. The SPARQL 1.1 Service Description lists the features of this
server, its formats, the named graphs of the release, and the limits in the settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from pyoxigraph import Triple

from jiqun.query.functions import EXTENSION_FUNCTIONS
from jiqun.query.solutions import Select, term_of, triple_of
from jiqun.rdf.formats import GRAPHS, SOLUTIONS, graph_format
from jiqun.rdf.namespaces import (
    BASE,
    CATALOGUE,
    DATASET,
    DCAT,
    DCTERMS,
    FILE_TYPES,
    FOAF,
    GRAPH,
    ID,
    LICENCE,
    MEDIA_TYPES,
    OWL,
    PARTITION,
    PREFIXES,
    RDF_TYPE,
    RDFS,
    SD,
    SKOS,
    SPDX,
    THEMES,
    VOID,
)
from jiqun.rdf.terms import link, text, typed
from jiqun.release import Dump, Release
from jiqun.settings import Settings
from jiqun.web.documents import Context, Document
from jiqun.web.linked_data.descriptions import rdf_document
from jiqun.web.negotiation import Choice

_COUNTS = {
    "triples": "triples",
    "subjects": "distinctSubjects",
    "classes": "classes",
    "properties": "properties",
}
"""Counts of a release, and their VoID properties."""
PACKINGS: Final = {".gz": "application/gzip", ".zst": "application/zstd"}
"""Media types of packed files, by suffix."""

_CHECKSUM: Final = f"{SPDX}checksumAlgorithm_sha256"
_FILE_TYPES: Final = {
    "text/turtle": "RDF_TURTLE",
    "application/n-triples": "RDF_N_TRIPLES",
    "application/n-quads": "RDF_N_QUADS",
    "application/trig": "RDF_TRIG",
    "application/rdf+xml": "RDF_XML",
    "application/ld+json": "JSON_LD",
    "application/json": "JSON",
    "application/geo+json": "GEOJSON",
    "text/csv": "CSV",
}
_RANGES: Final = {
    f"{DCTERMS}accessRights": f"{DCTERMS}RightsStatement",
    f"{DCTERMS}accrualPeriodicity": f"{DCTERMS}Frequency",
    f"{DCTERMS}conformsTo": f"{DCTERMS}Standard",
    f"{DCTERMS}format": f"{DCTERMS}MediaTypeOrExtent",
    f"{DCTERMS}language": f"{DCTERMS}LinguisticSystem",
    f"{DCTERMS}license": f"{DCTERMS}LicenseDocument",
    f"{DCTERMS}spatial": f"{DCTERMS}Location",
    f"{DCAT}compressFormat": f"{DCTERMS}MediaType",
    f"{DCAT}landingPage": f"{FOAF}Document",
    f"{DCAT}mediaType": f"{DCTERMS}MediaType",
    f"{DCAT}theme": f"{SKOS}Concept",
    f"{DCAT}themeTaxonomy": f"{SKOS}ConceptScheme",
    f"{FOAF}homepage": f"{FOAF}Document",
    f"{SPDX}algorithm": f"{SPDX}ChecksumAlgorithm",
}
_THEMES: Final = {
    f"{THEMES}ECON": "Economy and finance",
    f"{THEMES}REGI": "Regions and cities",
    f"{THEMES}TECH": "Science and technology",
}
_SERVICES: Final = {
    "sparql": "/sparql",
    "graphs": "/openapi.json",
    "reconcile": "/reconcile",
    "search": "/opensearch.xml",
}
"""The services, and the URLs of their descriptions."""

MOST_GRAPHS: Final = 2_000
"""Maximum number of listed named graphs."""


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


def file_address(root: str, dump: Dump) -> str:
    """Return the URL of a file of the release on the site at `root`."""
    return f"{root}/dumps/{quote(dump.name)}"


def bare_type(dump: Dump) -> str:
    """Return the media type of the content of a file, without parameters."""
    return dump.media_type.partition(";")[0].strip()


def describe_files(dumps: Iterable[Dump], root: str) -> Iterator[Triple]:
    """Describe every file as a distribution of the dataset."""
    for dump in dumps:
        yield from _describe(dump, root)


def _describe(dump: Dump, root: str) -> Iterator[Triple]:
    node, media_type = f"{BASE}dumps/{quote(dump.name)}", bare_type(dump)
    yield link(DATASET, f"{DCAT}distribution", node)
    yield link(node, RDF_TYPE, f"{DCAT}Distribution")
    for lang, title in dump.title.items():
        yield text(node, f"{DCTERMS}title", title, lang)
    if not dump.title:
        yield text(node, f"{DCTERMS}title", dump.name)
    yield text(node, f"{DCTERMS}identifier", dump.name)
    yield link(node, f"{DCTERMS}license", LICENCE)
    for name in ("accessURL", "downloadURL"):
        yield link(node, f"{DCAT}{name}", file_address(root, dump))
    yield link(node, f"{DCAT}mediaType", MEDIA_TYPES + media_type)
    if media_type in _FILE_TYPES:
        yield link(node, f"{DCTERMS}format", FILE_TYPES + _FILE_TYPES[media_type])
    if dump.path.suffix in PACKINGS:
        yield link(node, f"{DCAT}compressFormat", MEDIA_TYPES + PACKINGS[dump.path.suffix])
    if dump.conforms_to:
        yield link(node, f"{DCTERMS}conformsTo", dump.conforms_to)
    yield typed(node, f"{DCAT}byteSize", dump.size, "nonNegativeInteger")
    if dump.triples is not None:
        yield typed(node, f"{VOID}triples", dump.triples, "integer")
    checksum = f"{node}#sha256"
    yield link(node, f"{SPDX}checksum", checksum)
    yield link(checksum, RDF_TYPE, f"{SPDX}Checksum")
    yield link(checksum, f"{SPDX}algorithm", _CHECKSUM)
    yield typed(checksum, f"{SPDX}checksumValue", dump.sha256, "hexBinary")


def void_document(context: Context, root: str, choice: Choice) -> Document:
    """Return the description of the dataset with its VoID partitions.

    See "Describing Linked Datasets with the VoID Vocabulary", section 7.2 (W3C Note).
    """
    release = context.release
    if release.statistics:
        triples = list(packed_void(release, root))
    else:
        triples = read_catalogue(context, root, parts=True)
    return rdf_document(triples, choice)


def read_catalogue(context: Context, root: str, *, parts: bool = False) -> list[Triple]:
    """Return the description of the release served at the URL `root`.

    With `parts`, the VoID partitions by class and property are included.
    """
    release, graph = context.release, read_catalogue_graph(context.select, parts=parts)
    described = [*graph, *_release(release, root), *describe_files(release.dumps.values(), root)]
    if not any(term_of(each.object).value == f"{DCAT}Catalog" for each in graph):
        described += _without_graph(release)
    return [*described, *_kinds(described)]


def read_catalogue_graph(select: Select, *, parts: bool = False) -> list[Triple]:
    """Read `graph:catalogue`; with `parts`, the VoID partitions are included."""
    without = f'FILTER (!STRSTARTS(STR(?subject), "{PARTITION}")) '
    without += f'FILTER (!STRSTARTS(STR(?value), "{PARTITION}")) '
    rows = select(
        f"SELECT ?subject ?property ?value WHERE {{ GRAPH <{GRAPH}catalogue> "
        f"{{ ?subject ?property ?value }} {'' if parts else without}}}"
    )
    return [triple_of(row) for row in rows]


def _kinds(described: Iterable[Triple]) -> Iterator[Triple]:
    """Add types of external resources, so that validators of DCAT profiles need not fetch them."""
    for each in described:
        predicate, value = each.predicate.value, term_of(each.object)
        if predicate in _RANGES and value.is_iri:
            yield link(value.value, RDF_TYPE, _RANGES[predicate])
        if value.value in _THEMES:
            yield text(value.value, f"{SKOS}prefLabel", _THEMES[value.value], "en")
        if predicate == f"{DCAT}themeTaxonomy":
            yield text(value.value, f"{DCTERMS}title", "Data themes of the EU", "en")


def _release(release: Release, root: str) -> Iterator[Triple]:
    document = f"{root}/.well-known/void"
    yield link(document, RDF_TYPE, f"{VOID}DatasetDescription")
    yield link(document, f"{FOAF}primaryTopic", DATASET)
    yield text(document, f"{DCTERMS}title", f"VoID description of {release.title}", "en")
    yield text(DATASET, f"{OWL}versionInfo", release.version)
    yield link(DATASET, f"{VOID}sparqlEndpoint", f"{root}/sparql")
    yield link(DATASET, f"{VOID}openSearchDescription", f"{root}/opensearch.xml")
    yield link(DATASET, f"{DCAT}landingPage", f"{root}/")
    if "distinctObjects" in release.counts:
        number = release.counts["distinctObjects"]
        yield typed(DATASET, f"{VOID}distinctObjects", number, "integer")
    for dump in release.dumps.values():
        rdf = graph_format(bare_type(dump))
        if rdf is not None and rdf.media_type == bare_type(dump):  # not an alias: plain JSON
            yield link(DATASET, f"{VOID}dataDump", file_address(root, dump))
            yield link(DATASET, f"{VOID}feature", rdf.iri)
    for name, description in _SERVICES.items():
        yield link(BASE + name, RDF_TYPE, f"{DCAT}DataService")
        yield link(BASE + name, f"{DCAT}endpointURL", f"{root}/{name}")
        yield link(BASE + name, f"{DCAT}endpointDescription", root + description)
        yield link(BASE + name, f"{DCAT}servesDataset", DATASET)
        yield link(CATALOGUE, f"{DCAT}service", BASE + name)


def _without_graph(release: Release) -> Iterator[Triple]:
    yield link(CATALOGUE, RDF_TYPE, f"{DCAT}Catalog")
    yield link(CATALOGUE, f"{DCAT}dataset", DATASET)
    for kind in (f"{DCAT}Dataset", f"{VOID}Dataset"):
        yield link(DATASET, RDF_TYPE, kind)
    yield text(DATASET, f"{DCTERMS}title", release.title)
    yield text(CATALOGUE, f"{DCTERMS}title", release.title)
    yield link(DATASET, f"{DCTERMS}license", LICENCE)
    yield text(DATASET, f"{VOID}uriSpace", ID)
    if "triples" in release.counts:
        yield typed(DATASET, f"{VOID}triples", release.counts["triples"], "integer")
    if "iri" in release.ontology:
        yield link(DATASET, f"{VOID}vocabulary", release.ontology["iri"])


def service_description(context: Context, root: str, choice: Choice) -> Document:
    """Return the description of the endpoint of the site at the URL `root`."""
    triples = _triples(context, f"{root}/sparql")
    return rdf_document(triples, choice, prefixes={**PREFIXES, "sd": SD})


def _triples(context: Context, endpoint: str) -> Iterator[Triple]:
    settings = context.settings
    yield link(endpoint, RDF_TYPE, f"{SD}Service")
    yield link(endpoint, f"{SD}endpoint", endpoint)
    yield link(endpoint, f"{SD}supportedLanguage", f"{SD}SPARQL10Query")
    yield link(endpoint, f"{SD}supportedLanguage", f"{SD}SPARQL11Query")
    if settings.service_allow:
        yield link(endpoint, f"{SD}feature", f"{SD}BasicFederatedQuery")
    for each in (*SOLUTIONS, *GRAPHS):
        yield link(endpoint, f"{SD}resultFormat", each.iri)
    for name in EXTENSION_FUNCTIONS:
        yield link(endpoint, f"{SD}extensionFunction", name)
        yield link(name, RDF_TYPE, f"{SD}Function")
    yield text(endpoint, f"{RDFS}comment", _limits(settings), "en")
    yield from _dataset(context, endpoint)
    if settings.workspace is not None:
        updates = f"{endpoint.removesuffix('/sparql')}/update"
        yield link(updates, RDF_TYPE, f"{SD}Service")
        yield link(updates, f"{SD}endpoint", updates)
        yield link(updates, f"{SD}supportedLanguage", f"{SD}SPARQL11Update")
        yield link(updates, f"{SD}feature", f"{SD}EmptyGraphs")
        for each in GRAPHS:
            yield link(updates, f"{SD}inputFormat", each.iri)


def _limits(settings: Settings) -> str:
    return (
        f"A query may run for {settings.deadline_seconds:g} seconds (less with timeout=) and "
        f"return {settings.max_rows} rows or triples and {settings.max_bytes} bytes. A truncated "
        "result has the header Jiqun-Truncated, or ends with an aborted connection."
    )


def _dataset(context: Context, endpoint: str) -> Iterator[Triple]:
    release = context.release
    dataset, default = f"{endpoint}#dataset", f"{endpoint}#default-graph"
    yield link(endpoint, f"{SD}defaultDataset", dataset)
    yield link(dataset, RDF_TYPE, f"{SD}Dataset")
    yield text(dataset, f"{DCTERMS}title", release.title)
    yield text(dataset, f"{OWL}versionInfo", release.version)
    yield link(dataset, f"{SD}defaultGraph", default)
    yield link(default, RDF_TYPE, f"{SD}Graph")
    # With a workspace, the count of the release would be too low.
    if "triples" in release.counts and context.settings.workspace is None:
        yield typed(default, f"{VOID}triples", release.counts["triples"], "integer")
    rows = context.select(f"SELECT ?graph {{ GRAPH ?graph {{}} }} LIMIT {MOST_GRAPHS + 1}")
    if len(rows) > MOST_GRAPHS:  # sorting tens of thousands takes seconds
        known = release.counts.get("graphs")
        note = f"Only {MOST_GRAPHS} of {known or 'the'} named graphs are listed."
        yield text(dataset, f"{RDFS}comment", note, "en")
    names = sorted(row["graph"].value for row in rows[:MOST_GRAPHS])
    for number, name in enumerate(names, start=1):
        graph = f"{endpoint}#graph-{number}"
        yield link(dataset, f"{SD}namedGraph", graph)
        yield link(graph, RDF_TYPE, f"{SD}NamedGraph")
        yield link(graph, f"{SD}name", name)
