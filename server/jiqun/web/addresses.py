"""RDF terms as a page shows them: what they are called and where they lead.

Terms come from the SPARQL 1.1 Query Results JSON Format. Only `http` and `https` IRIs ever become
links, and those of this graph lead to this site.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from jiqun.language import Reader
from jiqun.rdf.namespaces import BASE, ID, QUERY, SOURCE

_UNSAFE: Final = re.compile(r"[\x00-\x20<>\"{}|\\^`\x7f]")


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
