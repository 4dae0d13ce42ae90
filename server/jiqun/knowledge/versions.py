"""The versions of the ontology as files of a release: the current one and the frozen ones.

Of each version a release holds `ontology-<version>.ttl`, byte for byte as it was written, and
`ontology-<version>.ofn` in the functional syntax of OWL 2
(https://www.w3.org/TR/owl2-syntax/), which horned-owl writes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pyhornedowl
import pyoxigraph as ox

from jiqun.errors import ContentError
from jiqun.knowledge.dataset import canonical_blank_nodes
from jiqun.knowledge.turtle.parse import language_tag, read
from jiqun.knowledge.turtle.terms import OWL, RDFS, SKOS, XSD, triple_line
from jiqun.vocabulary import KG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jiqun.knowledge.content import Content
    from jiqun.knowledge.turtle.parse import Document

_ONTOLOGY: Final = KG.removesuffix("#")
_VERSION: Final = re.compile(r"[0-9][0-9A-Za-z.-]*")
_TAGGED: Final = re.compile(r'("(?:[^"\\]|\\.)*"@)([A-Za-z0-9-]+)')
_PREFIXES: Final = {
    "dcterms": "http://purl.org/dc/terms/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "kg": KG,
    "owl": OWL,
    "rdfs": RDFS,
    "skos": SKOS,
    "vann": "http://purl.org/vocab/vann/",
    "xsd": XSD,
}


def version_of(document: Document) -> str:
    """Return the version that an ontology gives itself by `owl:versionIRI`; empty without one."""
    for quad in document.quads:
        if quad.subject == ox.NamedNode(_ONTOLOGY) and quad.predicate.value == f"{OWL}versionIRI":
            iri = quad.object.value if isinstance(quad.object, ox.NamedNode) else ""
            version = iri.removeprefix(f"{_ONTOLOGY}/")
            return version if version != iri and _VERSION.fullmatch(version) else ""
    return ""


def ontology_files(content: Content) -> Iterator[tuple[str, str, str]]:
    """Yield name, text and media type of the files of every version that has a name.

    Raises `ContentError` for an ontology that cannot be read or is no OWL.
    """
    paths = [*content.ontology_versions(), content.ontology]
    documents = {version_of(each): each for each in (read(path, content) for path in paths)}
    for version, document in sorted(documents.items()):
        if version:
            yield f"ontology-{version}.ttl", document.text, "text/turtle"
            yield f"ontology-{version}.ofn", functional_syntax(document), "text/owl-functional"


def functional_syntax(document: Document) -> str:
    """Write an ontology in OWL functional syntax; raises `ContentError` for what is no OWL."""
    quads = canonical_blank_nodes(document.quads)
    triples = sorted({quad.triple for quad in quads}, key=triple_line)
    rdf = ox.serialize(triples, format=ox.RdfFormat.RDF_XML) or b""
    try:
        ontology = pyhornedowl.open_ontology_from_string(rdf.decode(), "rdf")
    except ValueError as error:
        raise ContentError(f"{document.name} is no OWL ontology: {error}") from None
    for prefix, namespace in _PREFIXES.items():
        ontology.prefix_mapping.add_prefix(prefix, namespace)
    text = ontology.save_to_string("ofn").rstrip("\n") + "\n"
    # Language tags come in small letters from the parser.
    return _TAGGED.sub(lambda found: found[1] + language_tag(found[2]), text)
