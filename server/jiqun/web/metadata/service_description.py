"""The SPARQL 1.1 Service Description: what this endpoint is and can do, as RDF.

Only what is true is stated: the features of this server, the formats it writes, the named graphs
of the release it serves, and the limits it sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Final

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

from jiqun.rdf.formats import GRAPHS, SOLUTIONS
from jiqun.rdf.namespaces import DCTERMS, RDF, RDFS, SD, VOID
from jiqun.release import Release
from jiqun.settings import Settings

_XSD_INTEGER: Final = NamedNode("http://www.w3.org/2001/XMLSchema#integer")
_TYPE: Final = NamedNode(f"{RDF}type")

WRITERS: Final = {
    "text/turtle": RdfFormat.TURTLE,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/ld+json": RdfFormat.JSON_LD,
    "application/trig": RdfFormat.TRIG,
    "application/n-quads": RdfFormat.N_QUADS,
}
_GEOSPARQL: Final = "http://www.opengis.net/def/function/geosparql/"
_FUNCTIONS: Final = """
    area asGeoJSON centroid convexHull coordinateDimension difference dimension distance
    ehContains ehCoveredBy ehCovers ehDisjoint ehEquals ehInside ehMeet ehOverlap envelope
    getSRID intersection isEmpty isSimple length perimeter rcc8dc rcc8ec rcc8eq rcc8ntpp
    rcc8ntppi rcc8po rcc8tpp rcc8tppi relate sfContains sfCrosses sfDisjoint sfEquals
    sfIntersects sfOverlaps sfTouches sfWithin spatialDimension symDifference union
"""
EXTENSION_FUNCTIONS: Final = tuple(_GEOSPARQL + name for name in _FUNCTIONS.split())
"""The functions of GeoSPARQL that queries may call."""

PREFIXES: Final = {"sd": SD, "void": VOID, "dcterms": DCTERMS, "rdfs": RDFS}


def describe(
    endpoint: str,
    release: Release,
    settings: Settings,
    named_graphs: Sequence[str],
    media_type: str,
) -> bytes:
    """Write the description in the format `media_type`; `endpoint` is its absolute URL."""
    triples = list(_triples(endpoint, release, settings, named_graphs))
    output = BytesIO()
    serialize(triples, output, WRITERS[media_type], prefixes=PREFIXES)
    return output.getvalue()


def _sd(name: str) -> NamedNode:
    return NamedNode(SD + name)


def _triples(
    endpoint: str, release: Release, settings: Settings, named_graphs: Sequence[str]
) -> Iterator[Triple]:
    service = NamedNode(endpoint)
    yield Triple(service, _TYPE, _sd("Service"))
    yield Triple(service, _sd("endpoint"), service)
    yield Triple(service, _sd("supportedLanguage"), _sd("SPARQL10Query"))
    yield Triple(service, _sd("supportedLanguage"), _sd("SPARQL11Query"))
    if settings.service_allow:
        yield Triple(service, _sd("feature"), _sd("BasicFederatedQuery"))
    for each in (*SOLUTIONS, *GRAPHS):
        yield Triple(service, _sd("resultFormat"), NamedNode(each.iri))
    for name in EXTENSION_FUNCTIONS:
        yield Triple(service, _sd("extensionFunction"), NamedNode(name))
        yield Triple(NamedNode(name), _TYPE, _sd("Function"))
    yield Triple(service, NamedNode(f"{RDFS}comment"), Literal(_limits(settings), language="en"))
    yield from _dataset(endpoint, release, settings, named_graphs)
    if settings.workspace is not None:
        updates = NamedNode(f"{endpoint.removesuffix('/sparql')}/update")
        yield Triple(updates, _TYPE, _sd("Service"))
        yield Triple(updates, _sd("endpoint"), updates)
        yield Triple(updates, _sd("supportedLanguage"), _sd("SPARQL11Update"))
        yield Triple(updates, _sd("feature"), _sd("EmptyGraphs"))
        for each in GRAPHS:
            yield Triple(updates, _sd("inputFormat"), NamedNode(each.iri))


def _limits(settings: Settings) -> str:
    return (
        f"A query may run for {settings.deadline_seconds:g} seconds (less with timeout=) and give "
        f"{settings.max_rows} rows or triples and {settings.max_bytes} bytes; whatever is cut is "
        "announced in the header Jiqun-Truncated, or breaks the answer off visibly."
    )


def _dataset(
    endpoint: str, release: Release, settings: Settings, named_graphs: Sequence[str]
) -> Iterator[Triple]:
    service = NamedNode(endpoint)
    dataset = NamedNode(f"{endpoint}#dataset")
    default = NamedNode(f"{endpoint}#default-graph")
    yield Triple(service, _sd("defaultDataset"), dataset)
    yield Triple(dataset, _TYPE, _sd("Dataset"))
    yield Triple(dataset, NamedNode(f"{DCTERMS}title"), Literal(release.title))
    yield Triple(
        dataset, NamedNode("http://www.w3.org/2002/07/owl#versionInfo"), Literal(release.version)
    )
    yield Triple(dataset, _sd("defaultGraph"), default)
    yield Triple(default, _TYPE, _sd("Graph"))
    # With a workspace, the release's count would be less than there is.
    if "triples" in release.counts and settings.workspace is None:
        count = Literal(str(release.counts["triples"]), datatype=_XSD_INTEGER)
        yield Triple(default, NamedNode(f"{VOID}triples"), count)
    for number, name in enumerate(named_graphs, start=1):
        graph = NamedNode(f"{endpoint}#graph-{number}")
        yield Triple(dataset, _sd("namedGraph"), graph)
        yield Triple(graph, _TYPE, _sd("NamedGraph"))
        yield Triple(graph, _sd("name"), NamedNode(name))
