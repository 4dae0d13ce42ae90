"""JSON-LD 1.1 (https://www.w3.org/TR/json-ld11/), and the context published with it.

The context at https://w3id.org/jiqun/context is derived from the ontology: a class is its name, an
object property takes IRIs, a property with words takes a language map, one with dates takes text,
as in `"coreArea": "id:tangshan", "label": {"en": "Tangshan"}`. Terms of other vocabularies remain
CURIEs (`skos:exactMatch`), except labels. The dump has one node object per subject and line, and
contains the context, so that no tool needs the network to read it. A value that a term of the
context would change is written under the full IRI of the property, where no term applies, as an
object with its type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyoxigraph as ox

from jiqun.rdf.namespaces import BASE, DCTERMS, KG, OWL, RDFS, SKOS, XSD
from jiqun.rdf.terms import TYPE, Term, language_tag

CONTEXT: Final = f"{BASE}context"
_WORDS: Final = {
    "label": f"{RDFS}label",
    "comment": f"{RDFS}comment",
    "prefLabel": f"{SKOS}prefLabel",
    "altLabel": f"{SKOS}altLabel",
    "definition": f"{SKOS}definition",
    "example": f"{SKOS}example",
    "scopeNote": f"{SKOS}scopeNote",
    "title": f"{DCTERMS}title",
    "description": f"{DCTERMS}description",
    "rights": f"{DCTERMS}rights",
}
_PLAIN: Final = {f"{XSD}string", f"{XSD}integer", f"{XSD}boolean", f"{XSD}decimal"}
"""Ranges that JSON has natively, or whose values are of several types."""

Context = dict[str, Any]
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,14}")  # exact in every JSON parser
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def context(ontology: Iterable[ox.Triple], prefixes: Mapping[str, str]) -> Context:
    """Return the context; `ontology` has the triples of the ontology, `prefixes` ours."""
    terms: Context = {}
    ranges: dict[str, str] = {}
    kinds: dict[str, set[str]] = {}
    for triple in ontology:
        if isinstance(triple.subject, ox.NamedNode) and isinstance(triple.object, ox.NamedNode):
            if triple.predicate == TYPE:
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


def json_ld(triples: Iterable[ox.Triple], context: Context) -> str:
    """Write the triples as flattened JSON-LD under the given context."""
    names = _Names(context)
    nodes: dict[str, dict[str, Any]] = {}
    for triple in sorted(triples, key=str):
        node = nodes.setdefault(names.node(triple.subject), {"@type": []})
        if triple.predicate == TYPE and isinstance(triple.object, ox.NamedNode):
            node["@type"].append(names.kind(triple.object.value))
        else:
            names.add(node, triple.predicate.value, triple.object)
    lines = []
    for name in sorted(nodes):
        node = {key: _single(value) for key, value in sorted(nodes[name].items()) if value}
        lines.append(_compact({"@id": name, **node}))
    head = json.dumps(context, ensure_ascii=False, indent=1)
    body = ",\n".join(lines)
    return f'{{"@context": {head},\n"@graph": [\n{body}\n]}}\n'


class _Names:
    """Writes IRIs and values for a context."""

    def __init__(self, context: Context) -> None:
        self._spaces: dict[str, str] = {}
        self._classes: dict[str, str] = {}
        self._terms: dict[str, tuple[str, dict[str, str]]] = {}
        for name, meaning in context.items():
            if isinstance(meaning, dict):
                self._terms[meaning["@id"]] = (name, meaning)
            elif isinstance(meaning, str) and meaning[-1] in "/#":
                self._spaces[meaning] = name
            elif isinstance(meaning, str):
                self._classes[meaning] = name
                self._terms[meaning] = (name, {})

    def node(self, term: Term) -> str:
        return self.iri(term.value) if isinstance(term, ox.NamedNode) else str(term)

    def kind(self, iri: str) -> str:
        return self._classes.get(iri) or self.iri(iri)

    def iri(self, iri: str) -> str:
        cut = max(iri.rfind("#"), iri.rfind("/")) + 1
        for end in (cut, iri.rfind("/") + 1):
            prefix = self._spaces.get(iri[:end])
            if prefix is not None and not iri[end:].startswith("//"):
                return f"{prefix}:{iri[end:]}"
        scheme = _SCHEME.match(iri)
        if scheme is not None and scheme[1] in self._spaces.values():
            raise ValueError(f"{iri} would be interpreted as a term")
        return iri

    def add(self, node: dict[str, Any], predicate: str, value: Term) -> None:
        """Add a value to a node under a term that preserves it, else under the property's IRI."""
        name, meaning = self._terms.get(predicate, ("", {}))
        if isinstance(value, ox.Literal) and value.language:
            tag = language_tag(value.language)
            if name and meaning.get("@container") == "@language":
                node.setdefault(name, {}).setdefault(tag, []).append(value.value)
                return
            self._plainly(node, predicate, {"@value": value.value, "@language": tag})
        elif not isinstance(value, ox.Literal):
            if name and meaning.get("@type") == "@id":
                node.setdefault(name, []).append(self.node(value))
                return
            self._plainly(node, predicate, {"@id": self.node(value)})
        elif name and meaning.get("@type") == value.datatype.value:
            node.setdefault(name, []).append(value.value)
        elif name and not meaning:
            node.setdefault(name, []).append(self._value(value))
        else:
            self._plainly(node, predicate, self._value(value))

    def _plainly(self, node: dict[str, Any], predicate: str, value: object) -> None:
        name, meaning = self._terms.get(predicate, ("", {}))
        key = name if name and not meaning else self._unread(predicate)
        node.setdefault(key, []).append(value)

    def _unread(self, predicate: str) -> str:
        """Return a name of the property that is not a term of the context."""
        short = self.iri(predicate)
        term, _ = self._terms.get(predicate, ("", {}))
        return predicate if short == term else short

    def _value(self, literal: ox.Literal) -> object:
        datatype = literal.datatype.value
        if datatype == f"{XSD}string":
            return literal.value
        if datatype == f"{XSD}integer" and _INTEGER.fullmatch(literal.value):
            return int(literal.value)
        if datatype == f"{XSD}boolean" and literal.value in {"true", "false"}:
            return literal.value == "true"
        return {"@value": literal.value, "@type": self.iri(datatype)}


def _single(value: Any) -> Any:
    """Unwrap lists of one."""
    if isinstance(value, dict):
        return {key: _single(each) for key, each in sorted(value.items())}
    return value[0] if len(value) == 1 else value


def _compact(node: dict[str, Any]) -> str:
    return json.dumps(node, ensure_ascii=False, separators=(", ", ": "))
