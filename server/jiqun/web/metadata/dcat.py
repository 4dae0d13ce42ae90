"""The dataset, its files and services in DCAT 3.

The vocabularies of catalogues, and statements in them.

Looking up what statements say of a thing.

The files of a release as distributions (DCAT 3, section 6.8), with size and SHA-256 (SPDX).

They are told from the manifest, when they are served: the graphs that the files hold cannot state
the hashes of those files.

What is said of the dataset: `graph:catalogue`, and what depends on where it is served.

The graph holds what is the same everywhere; addresses of services, and the files with their
hashes, are added here. A release without the graph is described by its manifest alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import quote

from jiqun.query.solutions import Select, Term
from jiqun.rdf.namespaces import (
    BASE,
    CATALOGUE,
    DATASET,
    DCAT,
    DCTERMS,
    FOAF,
    FORMATS,
    GRAPH,
    ID,
    LICENCE,
    PARTITION,
    RDF,
    SKOS,
    SPDX,
    VOID,
    XSD,
)
from jiqun.release import Dump, Release
from jiqun.web.linked_data.serialization import Statement

MEDIA_TYPE: Final = "https://www.iana.org/assignments/media-types/"
FILE_TYPE: Final = "http://publications.europa.eu/resource/authority/file-type/"
TYPE: Final = f"{RDF}type"


def link(subject: str, predicate: str, value: str) -> Statement:
    """State that a thing has another as a value."""
    return Statement(Term("uri", subject), predicate, Term("uri", value))


def text(subject: str, predicate: str, value: str, lang: str = "") -> Statement:
    """State a text, in a language where one is given."""
    return Statement(Term("uri", subject), predicate, Term("literal", value, lang))


def typed(subject: str, predicate: str, value: object, datatype: str) -> Statement:
    """State a value of an XSD datatype, such as `integer`."""
    literal = Term("literal", str(value), "", f"{XSD}{datatype}")
    return Statement(Term("uri", subject), predicate, literal)


class Said:
    """Statements by subject and predicate."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        """Sort the statements."""
        self._values: dict[tuple[str, str], list[Term]] = defaultdict(list)
        for subject, predicate, value in statements:
            self._values[subject.value, predicate].append(value)

    def all(self, subject: str, predicate: str) -> Sequence[Term]:
        """Give all values, in their order."""
        found = self._values.get((subject, predicate), ())
        return sorted(found, key=lambda term: (term.value, term.lang))

    def one(self, subject: str, predicate: str) -> str:
        """Give the first value as text, or an empty text."""
        return next((term.value for term in self.all(subject, predicate)), "")

    def words(self, subject: str, predicate: str) -> dict[str, str]:
        """Give the first text of each language."""
        found: dict[str, str] = {}
        for term in self.all(subject, predicate):
            found.setdefault(term.lang, term.value)
        return found


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
FEATURES: Final = {
    "text/turtle": f"{FORMATS}Turtle",
    "application/n-triples": f"{FORMATS}N-Triples",
    "application/n-quads": f"{FORMATS}N-Quads",
    "application/trig": f"{FORMATS}TriG",
    "application/rdf+xml": f"{FORMATS}RDF_XML",
    "application/ld+json": f"{FORMATS}JSON-LD",
}
"""What `void:feature` calls the RDF formats."""


def file_address(root: str, dump: Dump) -> str:
    """Give the URL of a file of the release on the site at `root`."""
    return f"{root}/dumps/{quote(dump.name)}"


def bare_type(dump: Dump) -> str:
    """Give the media type of what is in a file, without parameters."""
    return dump.media_type.partition(";")[0].strip()


def describe_files(dumps: Iterable[Dump], root: str) -> Iterator[Statement]:
    """Describe every file as a distribution of the dataset."""
    for dump in dumps:
        yield from _describe(dump, root)


def _describe(dump: Dump, root: str) -> Iterator[Statement]:
    node, media_type = f"{BASE}dumps/{quote(dump.name)}", bare_type(dump)
    yield link(DATASET, f"{DCAT}distribution", node)
    yield link(node, TYPE, f"{DCAT}Distribution")
    for lang, title in dump.title.items():
        yield text(node, f"{DCTERMS}title", title, lang)
    if not dump.title:
        yield text(node, f"{DCTERMS}title", dump.name)
    yield text(node, f"{DCTERMS}identifier", dump.name)
    yield link(node, f"{DCTERMS}license", LICENCE)
    for name in ("accessURL", "downloadURL"):
        yield link(node, f"{DCAT}{name}", file_address(root, dump))
    yield link(node, f"{DCAT}mediaType", MEDIA_TYPE + media_type)
    if media_type in _FILE_TYPES:
        yield link(node, f"{DCTERMS}format", FILE_TYPE + _FILE_TYPES[media_type])
    if dump.path.suffix in PACKINGS:
        yield link(node, f"{DCAT}compressFormat", MEDIA_TYPE + PACKINGS[dump.path.suffix])
    if dump.conforms_to:
        yield link(node, f"{DCTERMS}conformsTo", dump.conforms_to)
    yield typed(node, f"{DCAT}byteSize", dump.size, "nonNegativeInteger")
    if dump.triples is not None:
        yield typed(node, f"{VOID}triples", dump.triples, "integer")
    checksum = f"{node}#sha256"
    yield link(node, f"{SPDX}checksum", checksum)
    yield link(checksum, TYPE, f"{SPDX}Checksum")
    yield link(checksum, f"{SPDX}algorithm", _CHECKSUM)
    yield typed(checksum, f"{SPDX}checksumValue", dump.sha256, "hexBinary")


_GRAPH: Final = f"<{GRAPH}catalogue>"
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
            yield text(each.value.value, f"{SKOS}prefLabel", _THEMES[each.value.value], "en")
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
