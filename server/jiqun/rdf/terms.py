"""Creates RDF terms and triples, and writes them as N-Triples or Turtle.

Language tags are written in canonical case (`zh-Hans`), lexical forms unchanged. Syntax: RDF 1.1
N-Triples and Turtle; escapes as in canonical N-Triples (RDF 1.2, section 4).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import pyoxigraph as ox

from jiqun.rdf.namespaces import EVIDENCE, RDF_TYPE, XSD

TYPE: Final = ox.NamedNode(RDF_TYPE)
LANGUAGES: Final[tuple[str, ...]] = ("en", "zh-Hans", "zh-Hant")
"""The languages of labels."""

_ESCAPES: Final = {
    **{code: f"\\u{code:04X}" for code in (*range(0x20), 0x7F)},
    **{ord(char): f"\\{name}" for char, name in zip('\b\t\n\f\r"\\', 'btnfr"\\', strict=True)},
}
_BARE: Final = {
    f"{XSD}integer": re.compile(r"[+-]?[0-9]+"),
    f"{XSD}decimal": re.compile(r"[+-]?[0-9]*\.[0-9]+"),
    f"{XSD}double": re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.?[0-9]+)[eE][+-]?[0-9]+"),
    f"{XSD}boolean": re.compile(r"true|false"),
}
_LOCAL: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


@lru_cache(maxsize=1024)
@lru_cache(maxsize=1024)
def language_tag(tag: str) -> str:
    """Write a language tag as RFC 5646, 2.1.1 recommends: `zh-hans-cn` becomes `zh-Hans-CN`."""
    first, *rest = tag.lower().split("-")
    parts = [first]
    for part in rest:
        if any(len(former) == 1 for former in parts):
            parts.append(part)
        elif len(part) == 4 and part.isalpha():
            parts.append(part.title())
        else:
            parts.append(part.upper() if len(part) == 2 else part)
    return "-".join(parts)


def literal_text(text: str, language: str = "", datatype: str = "") -> str:
    """Write a literal in canonical N-Triples; an empty datatype means `xsd:string`."""
    quoted = f'"{text.translate(_ESCAPES)}"'
    if language:
        return f"{quoted}@{language_tag(language)}"
    return quoted if datatype in {"", f"{XSD}string"} else f"{quoted}^^<{datatype}>"


@lru_cache(maxsize=65536)
def ntriples(term: Term) -> str:
    """Write a term in canonical N-Triples."""
    if isinstance(term, ox.Triple):
        return f"<<( {triple_line(term).removesuffix(' .')} )>>"
    if not isinstance(term, ox.Literal):
        return str(term)
    text = literal_text(term.value, term.language or "", term.datatype.value)
    return f"{text}--{term.direction}" if term.direction else text


def link(subject: str, predicate: str, value: str) -> ox.Triple:
    """Return a triple of three IRIs."""
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), ox.NamedNode(value))


def text(subject: str, predicate: str, value: str, lang: str = "") -> ox.Triple:
    """Return a triple whose value is a string, with a language tag if one is given."""
    literal = ox.Literal(value, language=lang) if lang else ox.Literal(value)
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)


def typed(subject: str, predicate: str, value: object, datatype: str) -> ox.Triple:
    """Return a triple whose value has an XML Schema datatype, such as `integer`."""
    literal = ox.Literal(str(value), datatype=ox.NamedNode(XSD + datatype))
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), literal)


def triple_line(triple: ox.Triple) -> str:
    """Write a triple as a line of N-Triples, without the line feed."""
    return f"{ntriples(triple.subject)} {ntriples(triple.predicate)} {ntriples(triple.object)} ."


def quad_line(triple: ox.Triple, graph: str) -> str:
    """Write a triple in the named graph of that IRI as a line of N-Quads."""
    return f"{triple_line(triple)[:-1]}<{graph}> ."


def statement_iri(triple: ox.Triple, passage: str) -> str:
    """Return the IRI of the statement of this triple by the passage."""
    digest = hashlib.sha256(quad_line(triple, passage).encode()).hexdigest()
    return f"{EVIDENCE}{digest[:24]}"


@lru_cache(maxsize=1 << 17)
def natural(text: str) -> tuple[tuple[str | int, ...], str]:
    """Return a key that sorts `p2` before `p10`."""
    parts = re.split(r"([0-9]+)", text)
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts)), text


class Compactor:
    """Writes terms for Turtle and TriG with a set of prefixes, and records the used ones."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        # Of two prefixes for one namespace, the first is used.
        self._by_namespace = {value: key for key, value in reversed(list(prefixes.items()))}
        self._written: dict[Term, str] = {}
        self.used: set[str] = set()

    def write(self, term: Term) -> str:
        """Write a term in its shortest lossless Turtle form."""
        text = self._written.get(term)
        if text is None:
            text = self._literal(term) if isinstance(term, ox.Literal) else self._node(term)
            self._written[term] = text
        return text

    def _node(self, term: Term) -> str:
        if isinstance(term, ox.Triple):
            return f"<<( {' '.join(map(self.write, term))} )>>"
        if not isinstance(term, ox.NamedNode):
            return str(term)
        iri = term.value
        cut = max(iri.rfind("#"), iri.rfind("/")) + 1
        prefix = self._by_namespace.get(iri[:cut])
        if prefix is None or not _LOCAL.fullmatch(iri[cut:]):
            return str(term)
        self.used.add(prefix)
        return f"{prefix}:{iri[cut:]}"

    def _literal(self, literal: ox.Literal) -> str:
        datatype = literal.datatype.value
        if datatype in _BARE and _BARE[datatype].fullmatch(literal.value):
            return literal.value
        text = ntriples(literal)
        if literal.language or datatype == f"{XSD}string":
            return text
        return f"{text.removesuffix(str(literal.datatype))}{self._node(literal.datatype)}"
