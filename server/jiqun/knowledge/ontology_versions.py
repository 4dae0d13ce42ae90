"""Versions of the ontology: the current one and the frozen ones, which must not change.

For each version a release has `ontology-<version>.ttl`, byte for byte the source file, and
`ontology-<version>.ofn` in the functional syntax of OWL 2 (https://www.w3.org/TR/owl2-syntax/),
which horned-owl writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pyhornedowl
import pyoxigraph as ox

from jiqun.errors import ContentError
from jiqun.knowledge.content import Content, Finding
from jiqun.knowledge.dataset import canonical_blank_nodes
from jiqun.knowledge.turtle_files import Document, Malformed, read
from jiqun.rdf.namespaces import KG, OWL, PREFIXES
from jiqun.rdf.terms import language_tag, triple_line

_ONTOLOGY: Final = KG.removesuffix("#")
_VERSION: Final = re.compile(r"[0-9][0-9A-Za-z.-]*")
_TAGGED: Final = re.compile(r'("(?:[^"\\]|\\.)*"@)([A-Za-z0-9-]+)')
_PREFIXES: Final = ("dcterms", "geo", "kg", "owl", "rdfs", "skos", "vann", "xsd")
_RULE: Final = "ontology-frozen"


def version_of(document: Document) -> str:
    """Return the version in the `owl:versionIRI` of an ontology; empty without one."""
    for quad in document.quads:
        if quad.subject == ox.NamedNode(_ONTOLOGY) and quad.predicate.value == f"{OWL}versionIRI":
            iri = quad.object.value if isinstance(quad.object, ox.NamedNode) else ""
            version = iri.removeprefix(f"{_ONTOLOGY}/")
            return version if version != iri and _VERSION.fullmatch(version) else ""
    return ""


def ontology_files(content: Content) -> Iterator[tuple[str, str, str]]:
    """Yield name, text and media type of the files of every version.

    Raises `ContentError` for an ontology that cannot be read or is not OWL.
    """
    paths = [*content.ontology_versions(), content.ontology]
    documents = {version_of(each): each for each in (read(path, content) for path in paths)}
    for version, document in sorted(documents.items()):
        if version:
            yield f"ontology-{version}.ttl", document.text, "text/turtle"
            yield f"ontology-{version}.ofn", functional_syntax(document), "text/owl-functional"


def functional_syntax(document: Document) -> str:
    """Write an ontology in OWL functional syntax; raises `ContentError` if it is not OWL."""
    quads = canonical_blank_nodes(document.quads)
    triples = sorted({quad.triple for quad in quads}, key=triple_line)
    rdf = ox.serialize(triples, format=ox.RdfFormat.RDF_XML) or b""
    try:
        ontology = pyhornedowl.open_ontology_from_string(rdf.decode(), "rdf")
    except ValueError as error:
        raise ContentError(f"{document.name} is not an OWL ontology: {error}") from None
    for prefix in _PREFIXES:
        ontology.prefix_mapping.add_prefix(prefix, PREFIXES[prefix])
    text = ontology.save_to_string("ofn").rstrip("\n") + "\n"
    # The parser lower-cases language tags.
    return _TAGGED.sub(lambda found: found[1] + language_tag(found[2]), text)


def check_versions(content: Content) -> Iterator[Finding]:
    """Yield the mistakes in `ontology/versions/`, and changes to a version that is frozen."""
    frozen = {}
    for path in content.ontology_versions():
        try:
            document = read(path, content)
        except Malformed as error:
            yield error.finding
            continue
        if version_of(document) == path.stem:
            frozen[path.stem] = document
        else:
            what = f"its owl:versionIRI does not end in /{path.stem}, the name of the file"
            yield Finding(document.name, 0, 0, what, _RULE)
    if not content.ontology.exists():
        return
    try:
        current = read(content.ontology, content)
    except Malformed:
        return  # reported already
    version = version_of(current)
    if version in frozen and _graph(current) != _graph(frozen[version]):
        what = (
            f"differs from {frozen[version].name}, which is frozen: change owl:versionInfo and "
            "owl:versionIRI"
        )
        yield Finding(current.name, 0, 0, what, _RULE)


def _graph(document: Document) -> ox.Dataset:
    graph = ox.Dataset(document.quads)
    graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return graph
