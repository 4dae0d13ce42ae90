"""The files of a release as distributions (DCAT 3, section 6.8), with size and SHA-256 (SPDX).

They are told from the manifest, when they are served: the graphs that the files hold cannot state
the hashes of those files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from jiqun.endpoint.catalogue.words import (
    DCAT,
    DCTERMS,
    FILE_TYPE,
    MEDIA_TYPE,
    SPDX,
    TYPE,
    VOID,
    link,
    text,
    typed,
)
from jiqun.endpoint.linked.documents import LICENCE
from jiqun.vocabulary import BASE, DATASET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jiqun.endpoint.linked.graph import Statement
    from jiqun.endpoint.release import Dump

PACKINGS: Final = {".gz": "application/gzip", ".zst": "application/zstd"}
"""Media types of packed files, by suffix."""
_FEATURE: Final = "http://www.w3.org/ns/formats/"
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
    "text/turtle": f"{_FEATURE}Turtle",
    "application/n-triples": f"{_FEATURE}N-Triples",
    "application/n-quads": f"{_FEATURE}N-Quads",
    "application/trig": f"{_FEATURE}TriG",
    "application/rdf+xml": f"{_FEATURE}RDF_XML",
    "application/ld+json": f"{_FEATURE}JSON-LD",
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
