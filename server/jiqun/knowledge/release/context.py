"""The JSON-LD context that is published at https://w3id.org/jiqun/context: short names for terms.

It is made from the ontology: a class is its name, a property between things takes IRIs, one with
words takes a map of languages, one with dates takes text. So a document says
`"coreArea": "id:tangshan", "label": {"en": "Tangshan"}`. What other vocabularies call their terms
stays recognisable (`skos:exactMatch`), but for the labels that every reader needs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from jiqun.knowledge.turtle.terms import OWL, RDF_TYPE, RDFS, SKOS, XSD
from jiqun.vocabulary import BASE, KG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONTEXT: Final = f"{BASE}context"
_DCTERMS: Final = "http://purl.org/dc/terms/"
_WORDS: Final = {
    "label": f"{RDFS}label",
    "comment": f"{RDFS}comment",
    "prefLabel": f"{SKOS}prefLabel",
    "altLabel": f"{SKOS}altLabel",
    "definition": f"{SKOS}definition",
    "example": f"{SKOS}example",
    "scopeNote": f"{SKOS}scopeNote",
    "title": f"{_DCTERMS}title",
    "description": f"{_DCTERMS}description",
    "rights": f"{_DCTERMS}rights",
}
_PLAIN: Final = {f"{XSD}string", f"{XSD}integer", f"{XSD}boolean", f"{XSD}decimal"}
"""Ranges that JSON has of itself, or whose values are of several types."""

Context = dict[str, Any]


def context(ontology: Iterable[ox.Triple], prefixes: Mapping[str, str]) -> Context:
    """Return the context; `ontology` holds the triples of the ontology, `prefixes` ours."""
    terms: Context = {}
    ranges: dict[str, str] = {}
    kinds: dict[str, set[str]] = {}
    for triple in ontology:
        if isinstance(triple.subject, ox.NamedNode) and isinstance(triple.object, ox.NamedNode):
            if triple.predicate == RDF_TYPE:
                kinds.setdefault(triple.subject.value, set()).add(triple.object.value)
            elif triple.predicate.value == f"{RDFS}range":
                ranges[triple.subject.value] = triple.object.value
    for iri in sorted(kinds):
        if iri.startswith(KG):
            terms[iri.removeprefix(KG)] = _term(iri, kinds[iri], ranges.get(iri, ""))
        elif f"{OWL}ObjectProperty" in kinds[iri]:
            short = _shortened(iri, prefixes)
            if short:
                terms[short] = {"@id": iri, "@type": "@id"}
    terms |= {name: {"@id": iri, "@container": "@language"} for name, iri in _WORDS.items()}
    spaces = {key: prefixes[key] for key in sorted(prefixes)}
    return {"@version": 1.1, **spaces, **{key: terms[key] for key in sorted(terms)}}


def context_document(terms: Context) -> str:
    """Return the file `context.jsonld`."""
    return json.dumps({"@context": terms}, ensure_ascii=False, indent=1) + "\n"


def _term(iri: str, kinds: set[str], value_range: str) -> str | dict[str, str]:
    if f"{OWL}ObjectProperty" in kinds:
        return {"@id": iri, "@type": "@id"}
    if f"{OWL}DatatypeProperty" not in kinds or value_range in _PLAIN:
        return iri
    if not value_range:
        return {"@id": iri, "@container": "@language"}
    return {"@id": iri, "@type": value_range}


def _shortened(iri: str, prefixes: Mapping[str, str]) -> str:
    for prefix in sorted(prefixes):
        if iri.startswith(prefixes[prefix]):
            return f"{prefix}:{iri.removeprefix(prefixes[prefix])}"
    return ""
