"""What is said of the dataset: `graph:catalogue`, and what depends on where it is served.

The graph holds what is the same everywhere; addresses of services, and the files with their
hashes, are added here. A release without the graph is described by its manifest alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jiqun.endpoint.catalogue.files import FEATURES, bare_type, describe_files, file_address
from jiqun.endpoint.catalogue.words import DCAT, DCTERMS, FOAF, TYPE, VOID, link, text, typed
from jiqun.endpoint.linked.documents import LICENCE
from jiqun.endpoint.linked.graph import Statement
from jiqun.vocabulary import BASE, CATALOGUE, DATASET, GRAPH, ID, PARTITION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jiqun.endpoint.linked.descriptions import Select
    from jiqun.endpoint.release import Release

_GRAPH: Final = f"<{GRAPH}catalogue>"
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
    if not any(each.predicate == f"{DCTERMS}title" for each in said):
        described += _without_graph(release)
    return described


def _release(release: Release, root: str) -> Iterator[Statement]:
    document = f"{root}/.well-known/void"
    yield link(document, TYPE, f"{VOID}DatasetDescription")
    yield link(document, f"{FOAF}primaryTopic", DATASET)
    yield text(document, f"{DCTERMS}title", f"VoID description of {release.title}", "en")
    yield text(DATASET, "http://www.w3.org/2002/07/owl#versionInfo", release.version)
    yield link(DATASET, f"{VOID}sparqlEndpoint", f"{root}/sparql")
    yield link(DATASET, f"{VOID}openSearchDescription", f"{root}/opensearch.xml")
    yield link(DATASET, f"{DCAT}landingPage", f"{root}/")
    yield link(f"{root}/", TYPE, f"{FOAF}Document")
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
