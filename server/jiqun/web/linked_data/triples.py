"""Looks up triples, and writes them in every RDF format, in a fixed order."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

from pyoxigraph import Triple, serialize

from jiqun.query.solutions import Term, term_of
from jiqun.rdf.earlier_versions import EARLIEST, NEWEST, EarlierVersion
from jiqun.rdf.formats import JSON_LD, N_QUADS, N_TRIPLES, RDF_XML, Format
from jiqun.rdf.namespaces import EVIDENCE, PREFIXES
from jiqun.rdf.rdf_xml import rdf_xml
from jiqun.rdf.terms import language_tag, ntriples, triple_line

Description = Mapping[str, Sequence[Term]]
"""The values of each property of one resource, ordered by value and language."""

_IN_TURTLE: Final = re.compile(r'<[^<>]*>|"(?:[^"\\]|\\.)*"(?:@([A-Za-z0-9-]+))?', re.DOTALL)


def descriptions(triples: Iterable[Triple]) -> defaultdict[str, Description]:
    """Return the description of each subject, by IRI or label of a blank node.

    Subjects without triples have an empty one.
    """
    found: defaultdict[str, defaultdict[str, list[Term]]]
    found = defaultdict(lambda: defaultdict(list))
    for subject, predicate, value in triples:
        found[term_of(subject).value][predicate.value].append(term_of(value))
    ordered = {
        subject: {
            predicate: sorted(values, key=lambda term: (term.value, term.lang))
            for predicate, values in properties.items()
        }
        for subject, properties in found.items()
    }
    return defaultdict(dict, ordered)


def first(description: Description, predicate: str) -> str:
    """Return the first value of a property as text, or ""."""
    return next((term.value for term in description.get(predicate, ())), "")


def texts(description: Description, predicate: str) -> dict[str, str]:
    """Return the values of a property by language, the first of each."""
    found: dict[str, str] = {}
    for term in description.get(predicate, ()):
        found.setdefault(term.lang, term.value)
    return found


def write(
    triples: Iterable[Triple],
    format_: Format,
    prefixes: Mapping[str, str] = PREFIXES,
    version: str = EARLIEST,
) -> bytes:
    """Write triples in a format and version of RDF, each once, sorted by subject, evidence last.

    Language tags are written in canonical case (`zh-Hans`), which pyoxigraph does not preserve.
    Only used `prefixes` are declared.
    """
    if version != NEWEST or format_ == JSON_LD:
        triples = EarlierVersion(version).triples(triples)
    ordered = sorted(set(triples), key=_order)
    if format_ in {N_TRIPLES, N_QUADS}:
        return "".join(f"{triple_line(each)}\n" for each in ordered).encode()
    used = _used(ordered, prefixes)
    if format_ == RDF_XML:
        return rdf_xml(ordered, used).encode()
    plain = (serialize(ordered, format=format_.oxigraph, prefixes=used) or b"").decode()
    if format_ == JSON_LD:
        document = json.loads(plain, object_hook=_with_usual_tag)
        return json.dumps(document, ensure_ascii=False, indent=1).encode()
    lines = plain.split("\n")
    count = sum(1 for _ in takewhile(lambda line: line.startswith("@prefix "), lines))
    return _IN_TURTLE.sub(
        _usual_tag, "\n".join((*sorted(lines[:count]), "", *lines[count:]))
    ).encode()


def _order(triple: Triple) -> tuple[bool, str, str, str]:
    subject = ntriples(triple.subject)
    evidence = subject.startswith(f"<{EVIDENCE}")
    return evidence, subject, triple.predicate.value, ntriples(triple.object)


def _used(triples: Iterable[Triple], prefixes: Mapping[str, str]) -> dict[str, str]:
    terms = {term_of(node) for triple in triples for node in triple}
    iris = {term.value if term.is_iri else term.datatype for term in terms}
    return {
        name: namespace
        for name, namespace in prefixes.items()
        if any(iri.startswith(namespace) for iri in iris)
    }


def _usual_tag(found: re.Match[str]) -> str:
    if not found[1]:
        return found[0]
    return found[0].removesuffix(found[1]) + language_tag(found[1])


def _with_usual_tag(value: dict[str, Any]) -> dict[str, Any]:
    if "@language" in value:
        value["@language"] = language_tag(value["@language"])
    return value
