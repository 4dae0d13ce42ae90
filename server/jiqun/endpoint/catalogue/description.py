"""What is said of the dataset: `graph:catalogue`, and what depends on where it is served.

The graph holds what is the same everywhere; addresses of services, and the files with their
hashes, are added here. A release without the graph is described by its manifest alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jiqun.endpoint.catalogue.files import FEATURES, bare_type, describe_files, file_address
from jiqun.endpoint.catalogue.words import DCAT, DCTERMS, FOAF, SPDX, TYPE, VOID, link, text, typed
from jiqun.endpoint.linked.documents import LICENCE
from jiqun.endpoint.linked.graph import Statement
from jiqun.vocabulary import BASE, CATALOGUE, DATASET, GRAPH, ID, PARTITION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jiqun.endpoint.linked.descriptions import Select
    from jiqun.endpoint.release import Release

_GRAPH: Final = f"<{GRAPH}catalogue>"
_SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
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
    f"{DCAT}theme": f"{_SKOS}Concept",
    f"{DCAT}themeTaxonomy": f"{_SKOS}ConceptScheme",
    f"{FOAF}homepage": f"{FOAF}Document",
    f"{SPDX}algorithm": f"{SPDX}ChecksumAlgorithm",
}
_THEME: Final = "http://publications.europa.eu/resource/authority/data-theme/"
_THEMES: Final = {
    f"{_THEME}ECON": "Economy and finance",
    f"{_THEME}REGI": "Regions and cities",
    f"{_THEME}TECH": "Science and technology",
}
_SERVICES: Final = {
    "sparql": "/sparql",
    "graphs": "/openapi.json",
    "reconcile": "/reconcile",
    "search": "/opensearch.xml",
}
"""The services, and where each is described."""


async def read_catalogue(select: Select, *, parts: bool = False) -> list[Statement]:
    """Read `graph:catalogue`; the VoID partitions too if `parts` are wanted."""
    keep = "" if parts else f'FILTER (!STRSTARTS(STR(?s), "{PARTITION}")) '
    keep += "" if parts else f'FILTER (!STRSTARTS(STR(?o), "{PARTITION}")) '
    rows = await select(f"SELECT ?s ?p ?o WHERE {{ GRAPH {_GRAPH} {{ ?s ?p ?o }} {keep}}}")
    return [Statement(row["s"], row["p"].value, row["o"]) for row in rows]


def complete(said: Sequence[Statement], release: Release, root: str) -> list[Statement]:
    """Add to what the graph says what the release and the site at the URL `root` are."""
    described = [*said, *_release(release, root), *describe_files(release.dumps.values(), root)]
    if not any(each.value.value == f"{DCAT}Catalog" for each in said):
        described += _without_graph(release)
    return [*described, *_kinds(described)]


def _kinds(described: Iterable[Statement]) -> Iterator[Statement]:
    """Say of what kind things outside are: profiles of DCAT check it without knowing them."""
    for each in described:
        kind = _RANGES.get(each.predicate)
        if kind and each.value.is_iri:
            yield link(each.value.value, TYPE, kind)
        if each.value.value in _THEMES:
            yield text(each.value.value, f"{_SKOS}prefLabel", _THEMES[each.value.value], "en")
        if each.predicate == f"{DCAT}themeTaxonomy":
            yield text(each.value.value, f"{DCTERMS}title", "Data themes of the EU", "en")


def _release(release: Release, root: str) -> Iterator[Statement]:
    document = f"{root}/.well-known/void"
    yield link(document, TYPE, f"{VOID}DatasetDescription")
    yield link(document, f"{FOAF}primaryTopic", DATASET)
    yield text(document, f"{DCTERMS}title", f"VoID description of {release.title}", "en")
    yield text(DATASET, "http://www.w3.org/2002/07/owl#versionInfo", release.version)
    yield link(DATASET, f"{VOID}sparqlEndpoint", f"{root}/sparql")
    yield link(DATASET, f"{VOID}openSearchDescription", f"{root}/opensearch.xml")
    yield link(DATASET, f"{DCAT}landingPage", f"{root}/")
    if "distinctObjects" in release.counts:
        number = release.counts["distinctObjects"]
        yield typed(DATASET, f"{VOID}distinctObjects", number, "integer")
    for dump in release.dumps.values():
        feature = FEATURES.get(bare_type(dump))
        if feature:
            yield link(DATASET, f"{VOID}dataDump", file_address(root, dump))
            yield link(DATASET, f"{VOID}feature", feature)
    for name, description in _SERVICES.items():
        yield link(BASE + name, TYPE, f"{DCAT}DataService")
        yield link(BASE + name, f"{DCAT}endpointURL", f"{root}/{name}")
        yield link(BASE + name, f"{DCAT}endpointDescription", root + description)
        yield link(BASE + name, f"{DCAT}servesDataset", DATASET)
        yield link(CATALOGUE, f"{DCAT}service", BASE + name)


def _without_graph(release: Release) -> Iterator[Statement]:
    yield link(CATALOGUE, TYPE, f"{DCAT}Catalog")
    yield link(CATALOGUE, f"{DCAT}dataset", DATASET)
    for kind in (f"{DCAT}Dataset", f"{VOID}Dataset"):
        yield link(DATASET, TYPE, kind)
    yield text(DATASET, f"{DCTERMS}title", release.title)
    yield text(CATALOGUE, f"{DCTERMS}title", release.title)
    yield link(DATASET, f"{DCTERMS}license", LICENCE)
    yield text(DATASET, f"{VOID}uriSpace", ID)
    if "triples" in release.counts:
        yield typed(DATASET, f"{VOID}triples", release.counts["triples"], "integer")
    if "iri" in release.ontology:
        yield link(DATASET, f"{VOID}vocabulary", release.ontology["iri"])
