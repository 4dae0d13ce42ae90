"""The vocabularies of catalogues, and statements in them."""

from __future__ import annotations

from typing import Final

from jiqun.endpoint.linked.graph import Statement
from jiqun.endpoint.terms import XSD, Term

RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DCAT: Final = "http://www.w3.org/ns/dcat#"
DCTERMS: Final = "http://purl.org/dc/terms/"
FOAF: Final = "http://xmlns.com/foaf/0.1/"
SPDX: Final = "http://spdx.org/rdf/terms#"
VOID: Final = "http://rdfs.org/ns/void#"
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
