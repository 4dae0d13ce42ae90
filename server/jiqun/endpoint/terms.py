"""RDF terms as a page shows them: what they are called and where they lead.

Terms come from the SPARQL 1.1 Query Results JSON Format. Only `http` and `https` IRIs ever become
links, and those of this graph lead to this site.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

from jiqun.endpoint.reader import canonical_tag
from jiqun.vocabulary import BASE, ID, KG, QUERY, SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.endpoint.reader import Reader

XSD: Final = "http://www.w3.org/2001/XMLSchema#"
PREFIXES: Final[Mapping[str, str]] = {
    KG: "kg",
    ID: "id",
    QUERY: "query",
    f"{BASE}graph/": "graph",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://www.w3.org/2000/01/rdf-schema#": "rdfs",
    "http://www.w3.org/2002/07/owl#": "owl",
    "http://www.w3.org/2004/02/skos/core#": "skos",
    "http://purl.org/dc/terms/": "dcterms",
    "http://www.w3.org/ns/prov#": "prov",
    "http://www.w3.org/ns/org#": "org",
    "http://purl.org/linked-data/cube#": "qb",
    "http://www.opengis.net/ont/geosparql#": "geo",
    "http://www.w3.org/ns/shacl#": "sh",
    "http://www.w3.org/ns/oa#": "oa",
    "https://schema.org/": "schema",
    "http://www.wikidata.org/entity/": "wd",
    XSD: "xsd",
}
_UNSAFE: Final = re.compile(r"[\x00-\x20<>\"{}|\\^`\x7f]")
_LOCAL: Final = re.compile(r"[\w.-]*")
_PLAIN_DATATYPES: Final = frozenset({"", f"{XSD}string"})
_NUMERIC: Final = frozenset(
    XSD + name for name in ("integer", "decimal", "double", "float", "int", "long", "gYear")
)


@dataclass(frozen=True)
class Term:
    """One RDF term; `kind` is `uri`, `literal` or `bnode`, as in the results format."""

    kind: str
    value: str
    lang: str = ""
    datatype: str = ""

    @property
    def is_iri(self) -> bool:
        """Tell whether the term is an IRI."""
        return self.kind == "uri"

    @property
    def is_passage(self) -> bool:
        """Tell whether the term is the IRI of a passage of a source."""
        return self.is_iri and self.value.startswith(SOURCE) and "#" in self.value

    @property
    def is_number(self) -> bool:
        """Tell whether the term is a number, which stands at the right of its column."""
        return self.datatype in _NUMERIC

    @property
    def datatype_note(self) -> str:
        """Give the datatype where it tells the reader something, else an empty text."""
        known = self.datatype in _PLAIN_DATATYPES or self.datatype.startswith(XSD)
        return "" if known else compact(self.datatype)


def term(json_term: Mapping[str, Any]) -> Term:
    """Read one term of the SPARQL results JSON format."""
    kind = str(json_term["type"]).replace("typed-literal", "literal")
    if kind == "triple":
        return Term("literal", _triple_text(json_term["value"]))
    return Term(
        kind,
        str(json_term["value"]),
        canonical_tag(str(json_term.get("xml:lang", ""))),
        str(json_term.get("datatype", "")),
    )


def compact(iri: str) -> str:
    """Give the short form of an IRI: a CURIE, `#p24` after its source's slug, or the IRI itself."""
    cut = max(iri.rfind("#"), iri.rfind("/")) + 1
    prefix = PREFIXES.get(iri[:cut])
    if prefix is not None and _LOCAL.fullmatch(iri[cut:]):
        return f"{prefix}:{iri[cut:]}"
    return iri.removeprefix(SOURCE) if iri.startswith(SOURCE) else iri


def link_target(iri: str) -> str | None:
    """Give the address a page may link to, or None when the IRI is no harmless web address.

    IRIs of this graph become paths on this site, so that the pages work wherever they are served:
    things, sources, queries and terms have pages, the others are described by a query.
    """
    if _UNSAFE.search(iri):
        return None
    if iri.startswith(BASE):
        path = iri.removeprefix(BASE)
        if iri.startswith(QUERY):
            return f"/queries/{path.removeprefix('query/')}"
        if iri.startswith((ID, SOURCE, f"{BASE}doc/")) or path.partition("#")[0] == "ontology":
            return f"/{path}"
        return f"/sparql?{urlencode({'query': f'DESCRIBE <{iri}>', 'format': 'html'})}"
    try:
        parts = urlsplit(iri)
        host = parts.hostname
    except ValueError:
        return None
    return iri if parts.scheme in {"http", "https"} and host else None


def address(iri: str, reader: Reader) -> str | None:
    """Give what `link_target` gives, for the place where the site stands for this reader."""
    target = link_target(iri)
    return reader.link(target) if target is not None and target.startswith("/") else target


def text_fragment(url: str, quoted: str) -> str | None:
    """Give a link that opens `url` at the words `quoted` (URL text fragment); None if unsafe."""
    target = link_target(url)
    if target is None or target.startswith("/"):
        return None
    words = quote(quoted, safe="").replace("-", "%2D")
    return f"{target}{':~:text=' if '#' in target else '#:~:text='}{words}"


def _triple_text(parts: Mapping[str, Any]) -> str:
    return "<<( {} )>>".format(
        " ".join(compact(str(parts[name]["value"])) for name in ("subject", "predicate", "object"))
    )
