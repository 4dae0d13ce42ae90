"""A few statements as RDF text, in the order of their subjects and with the tags as people write.

Language tags come out in their usual case (`zh-Hans`), which pyoxigraph alone would not keep.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any, Final, NamedTuple

from pyoxigraph import BlankNode, Literal, NamedNode, Triple, serialize

from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import BASE, PREFIXES, XSD
from jiqun.rdf.terms import language_tag
from jiqun.web.metadata.service_description import WRITERS

_ESCAPES: Final = {
    **{code: f"\\u{code:04X}" for code in (*range(0x20), 0x7F)},
    **{ord(char): f"\\{name}" for char, name in zip('\b\t\n\f\r"\\', 'btnfr"\\', strict=True)},
}
_IN_TURTLE: Final = re.compile(r'<[^>]*>|"(?:[^"\\]|\\.)*"(?:@([A-Za-z0-9-]+))?', re.DOTALL)
_XML_NAMES: Final = re.compile(r"(?<=<rdf:RDF )xmlns:[^>]*(?=>)")
_IN_XML: Final = re.compile(r'(<[^<>]*\sxml:lang=")([A-Za-z0-9-]+)(?=")')


class Statement(NamedTuple):
    """One triple."""

    subject: Term
    predicate: str
    value: Term


def ntriples(term: Term) -> str:
    """Write a term in canonical N-Triples (RDF 1.2 N-Triples, section 4)."""
    if term.kind == "uri":
        return f"<{term.value}>"
    if term.kind == "bnode":
        return f"_:{term.value}"
    quoted = f'"{term.value.translate(_ESCAPES)}"'
    if term.lang:
        return f"{quoted}@{term.lang}"
    return quoted if term.datatype in {"", f"{XSD}string"} else f"{quoted}^^<{term.datatype}>"


def write(statements: Iterable[Statement], media_type: str) -> bytes:
    """Write statements in one of the graph formats, each once, always in the same order."""
    ordered = sorted(set(statements), key=_line)
    triples = [_triple(each) for each in ordered]
    text = serialize(triples, format=WRITERS[media_type], prefixes=_used(ordered))
    plain = _in_order((text or b"").decode(), media_type)
    return _with_usual_tags(plain, media_type).encode()


def _line(statement: Statement) -> tuple[bool, str, str, str]:
    # What people look for first, the evidence after it.
    subject = ntriples(statement.subject)
    evidence = subject.startswith(f"<{BASE}evidence/")
    return evidence, subject, statement.predicate, ntriples(statement.value)


def _used(statements: Sequence[Statement]) -> dict[str, str]:
    """Give the prefixes of the namespaces that stand in the statements."""
    iris = {
        iri
        for each in statements
        for iri in (each.subject.value, each.predicate, each.value.value, each.value.datatype)
    }
    return {
        name: namespace
        for name, namespace in PREFIXES.items()
        if any(iri.startswith(namespace) for iri in iris)
    }


def _in_order(text: str, media_type: str) -> str:
    """Put the prefixes into their order, which the serializer leaves to chance."""
    if media_type in {"text/turtle", "application/trig"}:
        lines = text.split("\n")
        count = sum(1 for _ in takewhile(lambda line: line.startswith("@prefix "), lines))
        return "\n".join((*sorted(lines[:count]), "", *lines[count:]))
    if media_type == "application/rdf+xml":
        return _XML_NAMES.sub(lambda found: " ".join(sorted(found[0].split())), text, count=1)
    return text


def _triple(statement: Statement) -> Triple:
    subject, value = statement.subject, statement.value
    return Triple(
        BlankNode(subject.value) if subject.kind == "bnode" else NamedNode(subject.value),
        NamedNode(statement.predicate),
        _node(value),
    )


def _node(term: Term) -> NamedNode | BlankNode | Literal:
    if term.kind == "uri":
        return NamedNode(term.value)
    if term.kind == "bnode":
        return BlankNode(term.value)
    if term.lang:
        return Literal(term.value, language=term.lang)
    return Literal(term.value, datatype=NamedNode(term.datatype or f"{XSD}string"))


def _with_usual_tags(text: str, media_type: str) -> str:
    if media_type == "application/ld+json":
        document = json.loads(text)
        _mend(document)
        return json.dumps(document, ensure_ascii=False, indent=1)
    if media_type == "application/rdf+xml":
        return _IN_XML.sub(lambda found: found[1] + language_tag(found[2]), text)

    def spelt(found: re.Match[str]) -> str:
        if not found[1]:
            return found[0]
        return found[0].removesuffix(found[1]) + language_tag(found[1])

    return _IN_TURTLE.sub(spelt, text)


def _mend(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            _mend(each)
    elif isinstance(value, dict):
        if "@language" in value:
            value["@language"] = language_tag(value["@language"])
        for each in value.values():
            _mend(each)
