"""Properties of things as reconciliation speaks of them, read from the graph.

A property of this ontology is named by its local name (`coreArea`), one of another vocabulary by
prefix and local name (`skos:altLabel`); an IRI is understood too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.reader import pick
from jiqun.endpoint.terms import PREFIXES, Term, compact
from jiqun.endpoint.wording import shorten
from jiqun.errors import BadParameter
from jiqun.vocabulary import ID, KG

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jiqun.endpoint.pages.reading import Select
    from jiqun.endpoint.reader import Reader

_LOCAL: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")
_CURIE: Final = re.compile(r"([a-z]{1,12}):([A-Za-z][A-Za-z0-9_.-]{0,99})")
_IRI: Final = re.compile(r"https?://[^\x00-\x20<>\"{}|\\^`\x7f-\x9f]{1,400}")
_SLUG: Final = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
_NAMESPACES: Final = {prefix: iri for iri, prefix in PREFIXES.items()}
_AT_ONCE: Final = 400
_DECLARED: Final = f"""\
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?property ?label ?range WHERE {{
  VALUES ?kind {{ owl:ObjectProperty owl:DatatypeProperty owl:AnnotationProperty }}
  ?property a ?kind .
  OPTIONAL {{ ?property rdfs:label ?label }}
  OPTIONAL {{ ?property rdfs:range ?range FILTER (STRSTARTS(STR(?range), "{KG}")) }}
}} ORDER BY ?property ?label ?range
"""


@dataclass(frozen=True)
class Property:
    """A property: its labels by language, and the class of its values when it is one of ours."""

    iri: str
    labels: Mapping[str, str]
    range: str | None

    @property
    def id(self) -> str:
        """The name by which clients know it."""
        return property_id(self.iri)

    def name(self, reader: Reader) -> str:
        """What it is called."""
        return pick(self.labels, reader).value or self.id


@dataclass(frozen=True)
class Value:
    """A value of a property with the labels that it has, if it is a thing."""

    term: Term
    labels: tuple[Term, ...]


def property_id(iri: str) -> str:
    """Give the name by which clients know a property."""
    return compact(iri).removeprefix("kg:")


def property_iri(name: str) -> str:
    """Give the IRI of a property; raises `BadParameter` for what cannot be the name of one."""
    if _LOCAL.fullmatch(name):
        return KG + name
    match = _CURIE.fullmatch(name)
    if match and match[1] in _NAMESPACES:
        return _NAMESPACES[match[1]] + match[2]
    if _IRI.fullmatch(name):
        return name
    raise BadParameter(
        f"{shorten(name)} is no property; it must be a name such as coreArea, a name with a "
        "prefix such as skos:altLabel, or an IRI."
    )


def slug_of(identifier: str) -> str:
    """Give the slug of a thing from its identifier or its IRI."""
    return identifier.removeprefix(ID).removeprefix("id:")


def is_slug(text: str) -> bool:
    """Tell whether a text can be the identifier of a thing."""
    return len(text) <= 200 and _SLUG.fullmatch(text) is not None


async def read_properties(select: Select) -> dict[str, Property]:
    """Read the properties that the ontology declares, by IRI."""
    labels: defaultdict[str, dict[str, str]] = defaultdict(dict)
    ranges: dict[str, str] = {}
    for row in await select(_DECLARED):
        iri = row["property"].value
        known = labels[iri]
        if "label" in row:
            known.setdefault(row["label"].lang, row["label"].value)
        if "range" in row:
            ranges.setdefault(iri, row["range"].value)
    return {iri: Property(iri, known, ranges.get(iri)) for iri, known in labels.items()}


async def read_used(select: Select, class_iri: str | None) -> list[str]:
    """Give the properties that things, or the things of a class, have; the most used first."""
    of_class = f"?thing a <{class_iri}> . " if class_iri else ""
    rows = await select(
        f"SELECT ?property (COUNT(DISTINCT ?thing) AS ?count) WHERE {{ {of_class}"
        f'?thing ?property ?value FILTER (STRSTARTS(STR(?thing), "{ID}")) }} '
        "GROUP BY ?property ORDER BY DESC(?count) ?property"
    )
    return [row["property"].value for row in rows if "property" in row]


async def read_values(
    select: Select, slugs: Iterable[str], properties: Sequence[str]
) -> dict[tuple[str, str], tuple[Value, ...]]:
    """Give the values of these properties of these things, by slug and IRI of the property."""
    wanted = sorted({slug for slug in slugs if is_slug(slug)})
    asked = " ".join(f"<{iri}>" for iri in sorted(set(properties)))
    found: defaultdict[tuple[str, str], dict[Term, list[Term]]] = defaultdict(dict)
    for start in range(0, len(wanted), _AT_ONCE):
        things = " ".join(f"<{ID}{slug}>" for slug in wanted[start : start + _AT_ONCE])
        rows = await select(
            "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n"
            "SELECT ?thing ?property ?value ?label WHERE { "
            f"VALUES ?thing {{ {things} }} VALUES ?property {{ {asked} }} "
            "?thing ?property ?value OPTIONAL { ?value rdfs:label ?label } } "
            "ORDER BY ?thing ?property ?value ?label"
        )
        for row in rows:
            key = (row["thing"].value.removeprefix(ID), row["property"].value)
            labels = found[key].setdefault(row["value"], [])
            if "label" in row:
                labels.append(row["label"])
    return {
        key: tuple(Value(term, tuple(labels)) for term, labels in values.items())
        for key, values in found.items()
    }
