"""RDF/XML (https://www.w3.org/TR/rdf-syntax-grammar/), one `rdf:Description` for each subject.

Ours, since the writers at hand change what they write: they lower-case language tags, or depend on
the order in which a hash table gives things. See docs/decisions/0001-a-writer-of-our-own.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from xml.sax.saxutils import escape, quoteattr

import pyoxigraph as ox

from jiqun.errors import ContentError
from jiqun.rdf.namespaces import RDF, XSD
from jiqun.rdf.terms import TYPE, Term, language_tag, ntriples

_LOCAL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*$")
_UNFIT: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCES: Final = {"\r": "&#13;"}
_IN_ATTRIBUTES: Final = {"\n": "&#10;", "\t": "&#9;", **_REFERENCES}


def rdf_xml(triples: Iterable[ox.Triple], prefixes: Mapping[str, str]) -> str:
    """Write the triples as RDF/XML.

    Raises `ContentError` for what XML cannot hold: control characters, and predicates whose IRI
    has no end that can be the name of an element.
    """
    triples = list(triples)
    names = _Names(prefixes)
    for predicate in sorted({triple.predicate for triple in triples}, key=str):
        names.element(predicate)  # in this order, for the numbers of namespaces without a prefix
    described: dict[str, list[tuple[bool, str, str]]] = {}
    for triple in triples:
        name = names.element(triple.predicate)
        said = _property(name, triple.object)
        subject = described.setdefault(_about(triple.subject), [])
        subject.append((triple.predicate != TYPE, name, said))
    body = []
    for about in sorted(described):
        lines = "".join(f"    {said}\n" for _, _, said in sorted(described[about]))
        body.append(f"  <rdf:Description {about}>\n{lines}  </rdf:Description>\n")
    spaces = "".join(
        f"\n    xmlns:{prefix}={quoteattr(names.used[prefix])}" for prefix in sorted(names.used)
    )
    text = "".join(body)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF{spaces}>\n{text}</rdf:RDF>\n'


class _Names:
    """Names elements, and remembers which namespaces it used."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self._by_namespace = {value: key for key, value in reversed(list(prefixes.items()))}
        self._by_namespace[RDF] = "rdf"
        self._known: dict[ox.NamedNode, str] = {}
        self._unknown = 0
        self.used = {"rdf": RDF}

    def element(self, predicate: ox.NamedNode) -> str:
        name = self._known.get(predicate)
        if name is None:
            name = self._known[predicate] = self._named(predicate.value)
        return name

    def _named(self, iri: str) -> str:
        local = _LOCAL.search(iri)
        if local is None:
            raise ContentError(f"The property {iri} ends in nothing that can name an XML element.")
        namespace = iri[: local.start()]
        prefix = self._by_namespace.get(namespace)
        if prefix is None:
            self._unknown += 1
            prefix = self._by_namespace[namespace] = f"ns{self._unknown}"
        self.used[prefix] = namespace
        return f"{prefix}:{local[0]}"


def _about(subject: Term) -> str:
    if isinstance(subject, ox.BlankNode):
        return f'rdf:nodeID="{subject.value}"'
    return f"rdf:about={_attribute(str(subject)[1:-1])}"


def _property(name: str, value: Term) -> str:
    if isinstance(value, ox.BlankNode):
        return f'<{name} rdf:nodeID="{value.value}"/>'
    if not isinstance(value, ox.Literal):
        return f"<{name} rdf:resource={_attribute(str(value)[1:-1])}/>"
    kind = ""
    if value.language:
        kind = f' xml:lang="{language_tag(value.language)}"'
    elif value.datatype.value != f"{XSD}string":
        kind = f" rdf:datatype={_attribute(value.datatype.value)}"
    if _UNFIT.search(value.value):
        raise ContentError(f"XML cannot hold the control characters of {ntriples(value)}.")
    return f"<{name}{kind}>{escape(value.value, _REFERENCES)}</{name}>"


def _attribute(iri: str) -> str:
    return quoteattr(iri, _IN_ATTRIBUTES)
