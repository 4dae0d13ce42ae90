"""Namespaces, prefixes and IRIs: the only such table in the program."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pyoxigraph import NamedNode

from jiqun.errors import BadParameter

BASE: Final = "https://w3id.org/jiqun/"
KG: Final = f"{BASE}ontology#"
ID: Final = f"{BASE}id/"
SOURCE: Final = f"{BASE}source/"
QUERY: Final = f"{BASE}query/"
GRAPH: Final = f"{BASE}graph/"
DATASET: Final = f"{BASE}dataset"
CATALOGUE: Final = f"{BASE}catalogue"
PARTITION: Final = f"{BASE}.well-known/void#"
EVIDENCE: Final = f"{BASE}evidence/"

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS: Final = "http://www.w3.org/2000/01/rdf-schema#"
OWL: Final = "http://www.w3.org/2002/07/owl#"
XSD: Final = "http://www.w3.org/2001/XMLSchema#"
SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
DCTERMS: Final = "http://purl.org/dc/terms/"
PROV: Final = "http://www.w3.org/ns/prov#"
ORG: Final = "http://www.w3.org/ns/org#"
QB: Final = "http://purl.org/linked-data/cube#"
GEO: Final = "http://www.opengis.net/ont/geosparql#"
SH: Final = "http://www.w3.org/ns/shacl#"
OA: Final = "http://www.w3.org/ns/oa#"
SCHEMA: Final = "https://schema.org/"
DCAT: Final = "http://www.w3.org/ns/dcat#"
FOAF: Final = "http://xmlns.com/foaf/0.1/"
SPDX: Final = "http://spdx.org/rdf/terms#"
VOID: Final = "http://rdfs.org/ns/void#"
VOID_EXT: Final = "http://ldf.fi/void-ext#"
VANN: Final = "http://purl.org/vocab/vann/"
VCARD: Final = "http://www.w3.org/2006/vcard/ns#"
SSSOM: Final = "https://w3id.org/sssom/"
SEMAPV: Final = "https://w3id.org/semapv/vocab/"
SD: Final = "http://www.w3.org/ns/sparql-service-description#"
WD: Final = "http://www.wikidata.org/entity/"
GEONAMES: Final = "http://www.geonames.org/ontology#"
DBPEDIA: Final = "http://dbpedia.org/resource/"
DBPEDIA_ONTOLOGY: Final = "http://dbpedia.org/ontology/"
SPARQL_EXAMPLES: Final = "https://purl.expasy.org/sparql-examples/ontology#"
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
FORMATS: Final = "http://www.w3.org/ns/formats/"
MEDIA_TYPES: Final = "https://www.iana.org/assignments/media-types/"
FILE_TYPES: Final = "http://publications.europa.eu/resource/authority/file-type/"
THEMES: Final = "http://publications.europa.eu/resource/authority/data-theme/"

RDF_TYPE: Final = f"{RDF}type"
RDFS_LABEL: Final = f"{RDFS}label"

LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"

PREFIXES: Final[Mapping[str, str]] = {
    "kg": KG,
    "id": ID,
    "src": SOURCE,
    "query": QUERY,
    "graph": GRAPH,
    "part": PARTITION,
    "rdf": RDF,
    "rdfs": RDFS,
    "owl": OWL,
    "xsd": XSD,
    "skos": SKOS,
    "dcterms": DCTERMS,
    "prov": PROV,
    "org": ORG,
    "geo": GEO,
    "qb": QB,
    "schema": SCHEMA,
    "sh": SH,
    "oa": OA,
    "dcat": DCAT,
    "foaf": FOAF,
    "spdx": SPDX,
    "void": VOID,
    "vann": VANN,
    "vcard": VCARD,
    "sssom": SSSOM,
    "semapv": SEMAPV,
    "wd": WD,
}
"""Prefix to namespace. `ontology/prefixes.ttl` declares the same for content files."""

SLUG: Final = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
"""The local name of a thing, a source or a saved query."""
PASSAGE: Final = re.compile(rf"{SLUG.pattern}#[a-z][0-9]+")
"""A passage as people write it: `hebei-daily-2024-12-23#p16`."""

_PREFIX_OF: Final = {namespace: prefix for prefix, namespace in PREFIXES.items()}
_LOCAL: Final = re.compile(r"[\w.-]*")
_SHAPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20\x7f<>\"{}|\\^`\ud800-\udfff]*")


def iri_of(slug: str) -> str:
    """Return the IRI of the thing with a slug, which for foreign IRIs is the IRI itself."""
    return slug if ":" in slug else ID + slug


def is_absolute_iri(text: str) -> bool:
    """Return whether `text` is an absolute IRI (RFC 3987) that is valid between < and >."""
    if not _SHAPE.fullmatch(text):
        return False
    try:
        NamedNode(text)
    except ValueError:
        return False
    return True


def absolute_iri(text: str, parameter: str) -> str:
    """Return `text` if it is an absolute IRI; else raise `BadParameter` naming the parameter."""
    if not is_absolute_iri(text):
        raise BadParameter(f"The value of {parameter} is not an absolute IRI.")
    return text


def compact(iri: str) -> str:
    """Return the short form of an IRI: a CURIE, `slug#p24` for a passage, or the IRI itself."""
    cut = max(iri.rfind("#"), iri.rfind("/")) + 1
    prefix = _PREFIX_OF.get(iri[:cut])
    if prefix is not None and _LOCAL.fullmatch(iri[cut:]):
        return f"{prefix}:{iri[cut:]}"
    return iri.removeprefix(SOURCE) if iri.startswith(SOURCE) else iri


def prologue(*prefixes: str) -> str:
    """Return the PREFIX declarations of a SPARQL query, one a line."""
    return "".join(f"PREFIX {prefix}: <{PREFIXES[prefix]}>\n" for prefix in prefixes)
