"""Writes RDF/XML with pyoxigraph (https://www.w3.org/TR/rdf-syntax-grammar/).

Language tags get their canonical case (`zh-Hans`), and carriage returns are escaped: an XML parser
would read them as line feeds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import pyoxigraph as ox

from jiqun.rdf.terms import language_tag

_TAG: Final = re.compile(r'(<[^<>]*\sxml:lang=")([A-Za-z0-9-]+)(?=")')
_NAME_START: Final = re.compile(r"[A-Z_a-z\u00c0-\ud7ff\uf900-\ufffd]")
_NAME_END: Final = re.compile(r"[\w.\-\u00b7]*")
_UNFIT: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def rdf_xml(triples: Iterable[ox.Triple], prefixes: Mapping[str, str]) -> str:
    """Write the triples as RDF/XML, in order; prefixes are sorted by namespace."""
    text = ox.serialize(triples, format=ox.RdfFormat.RDF_XML, prefixes=dict(prefixes)) or b""
    tagged = _TAG.sub(lambda found: found[1] + language_tag(found[2]), text.decode("utf-8"))
    return tagged.replace("\r", "&#13;")


def ends_in_xml_name(iri: str) -> bool:
    """Return whether the end of an IRI can be the local part of the name of an XML element."""
    backwards = _NAME_END.match(iri[::-1])
    return backwards is not None and _NAME_START.search(backwards[0]) is not None


def unfit_for_xml(triple: ox.Triple) -> str:
    """Return why RDF/XML cannot represent a triple, as a sentence; empty if it can."""
    predicate, value = triple.predicate.value, triple.object
    if not ends_in_xml_name(predicate):
        return f"The IRI of the property {predicate} does not end in the name of an XML element."
    if isinstance(value, ox.Literal) and _UNFIT.search(value.value):
        return f"XML cannot represent the control characters of {value.value!a}."
    return ""
