"""Properties of things as reconciliation speaks of them, read from the graph.

A property of this ontology is named by its local name (`coreArea`), one of another vocabulary by
prefix and local name (`skos:altLabel`); an IRI is understood too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from jiqun.language import Reader, pick
from jiqun.query.solutions import AsyncSelect as Select
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import ID, KG
from jiqun.reconciliation.requests import (
    Ask,
    Condition,
    is_slug,
    property_id,
)
from jiqun.search.index import SearchIndex
from jiqun.search.matching import CERTAIN, Candidate, in_order

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


CONTRADICTED: Final = 20.0
"""Points that a candidate loses for each property whose value is another one."""

_CONFIRMED: Final = 0.4
"""The share of what a resembling name lacks that each confirmed property makes up for."""


def weigh(
    index: SearchIndex,
    ask: Ask,
    candidates: Sequence[Candidate],
    values: Mapping[tuple[str, str], tuple[Value, ...]],
) -> list[Candidate]:
    """Raise and lower the scores of candidates by what is asked of their properties."""
    weighed = []
    for candidate in candidates:
        score, kept = candidate.score, True
        for condition in ask.conditions:
            known = values.get((candidate.thing.slug, condition.property), ())
            fulfilled = fulfils(index, condition, known)
            if fulfilled is not True and condition.required:
                kept = False
            elif fulfilled is False:
                score -= CONTRADICTED
            elif fulfilled and score < CERTAIN:
                score += (CERTAIN - 1 - score) * _CONFIRMED
        if kept:
            weighed.append(replace(candidate, score=round(max(score, 0.0), 1)))
    return in_order(weighed)


def fulfils(index: SearchIndex, condition: Condition, values: Sequence[Value]) -> bool | None:
    """Tell whether a candidate with these values is as the condition has it; None: not known."""
    if not values:
        return None
    met = [any(_is(index, wanted, value) for value in values) for wanted in condition.values]
    if condition.quantifier == "all":
        return all(met)
    return not any(met) if condition.quantifier == "none" else any(met)


def _is(index: SearchIndex, wanted: str, value: Value) -> bool:
    plain = value.term.value
    if wanted in {plain, plain.removeprefix(ID)}:
        return True
    if value.term.is_number:
        return _number(wanted) == _number(plain)
    name = index.read(wanted)
    if not name.form:
        return False
    for text in (plain, *(label.value for label in value.labels)):
        other = index.read(text)
        if name.form == other.form or (name.core == other.core and not (name.kind and other.kind)):
            return True
    return False


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None
