"""Answers match requests: candidates by name, scored by their properties, which it reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from jiqun.errors import BadParameter, shorten
from jiqun.language import Reader, pick
from jiqun.names import Name
from jiqun.query.solutions import Select, Term
from jiqun.rdf.namespaces import ID, KG, iri_of
from jiqun.reconciliation.requests import (
    MAX_CANDIDATES,
    Condition,
    MatchRequest,
    is_slug,
    property_id,
)
from jiqun.search.index import IndexedThing, SearchIndex
from jiqun.search.matching import SAME_NAME, Candidate, find_candidates, mark_match, ranked

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
SUGGESTIONS: Final = 20
"""Maximum number of suggestions."""

_CONTRADICTED: Final = 20.0
"""Points deducted from a candidate for each property with another value."""

_CONFIRMED: Final = 0.4
"""The share of the missing score that each confirmed property adds to a similar name."""

_MIN_CANDIDATES: Final = MAX_CANDIDATES // 2
_MIN_SUGGESTED: Final = 50.0


@dataclass(frozen=True)
class Property:
    """A property with its labels by language; `range` is a class of this ontology or None."""

    iri: str
    labels: Mapping[str, str]
    range: str | None

    @property
    def id(self) -> str:
        """Its identifier in the API."""
        return property_id(self.iri)

    def name(self, reader: Reader) -> str:
        """Its label in the client's language, or its identifier."""
        return pick(self.labels, reader).value or self.id


@dataclass(frozen=True)
class Value:
    """A value of a property; `labels` are those of a thing."""

    term: Term
    labels: tuple[Term, ...]


Values = Mapping[tuple[str, str], Sequence[Value]]
"""The values of properties, by slug of the thing and IRI of the property."""


def read_properties(select: Select) -> dict[str, Property]:
    """Read the properties that the ontology declares, by IRI."""
    labels: defaultdict[str, dict[str, str]] = defaultdict(dict)
    ranges: dict[str, str] = {}
    for row in select(_DECLARED):
        iri = row["property"].value
        known = labels[iri]
        if "label" in row:
            known.setdefault(row["label"].lang, row["label"].value)
        if "range" in row:
            ranges.setdefault(iri, row["range"].value)
    return {iri: Property(iri, known, ranges.get(iri)) for iri, known in labels.items()}


def read_used(select: Select, class_iri: str | None) -> list[str]:
    """Return the properties of the things of a class, or of all things; the most used first."""
    of_class = f"?thing a <{class_iri}> . " if class_iri else ""
    rows = select(
        f"SELECT ?property (COUNT(DISTINCT ?thing) AS ?count) WHERE {{ {of_class}"
        f'?thing ?property ?value FILTER (STRSTARTS(STR(?thing), "{ID}")) }} '
        "GROUP BY ?property ORDER BY DESC(?count) ?property"
    )
    return [row["property"].value for row in rows if "property" in row]


def read_values(select: Select, slugs: Iterable[str], iris: Iterable[str]) -> Values:
    """Read the values of these properties of these things in one query; each list is sorted."""
    things = " ".join(f"<{iri_of(slug)}>" for slug in sorted(set(slugs)) if is_slug(slug))
    properties = ", ".join(f"<{iri}>" for iri in sorted(set(iris)))
    if not things or not properties:
        return {}
    found: defaultdict[tuple[str, str], dict[Term, list[Term]]] = defaultdict(dict)
    # FILTER, and sorting in Python, take a tenth of the time of VALUES and ORDER BY.
    for row in select(
        "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n"
        f"SELECT ?thing ?property ?value ?label WHERE {{ VALUES ?thing {{ {things} }} "
        f"?thing ?property ?value FILTER (?property IN ({properties})) "
        "OPTIONAL { ?value rdfs:label ?label } }"
    ):
        key = (row["thing"].value.removeprefix(ID), row["property"].value)
        labels = found[key].setdefault(row["value"], [])
        if "label" in row:
            labels.append(row["label"])
    return {
        key: [Value(term, tuple(values[term])) for term in sorted(values, key=_order)]
        for key, values in found.items()
    }


def _order(term: Term) -> tuple[bool, str, str]:
    return (not term.is_iri, term.value, term.lang)


def match(
    index: SearchIndex, select: Select, requests: Sequence[MatchRequest]
) -> list[list[Candidate]]:
    """Return the candidates of every request, best first, with the certain match marked.

    Raises `BadParameter` for unknown classes.
    """
    found = [_find(index, each) for each in requests]
    conditional = [
        (each, candidates)
        for each, candidates in zip(requests, found, strict=True)
        if each.conditions
    ]
    values = read_values(
        select,
        (each.thing.slug for _, candidates in conditional for each in candidates),
        (condition.property for each, _ in conditional for condition in each.conditions),
    )
    read = cache(index.read)

    @cache
    def known(slug: str, iri: str) -> _Known | None:
        stated = values.get((slug, iri))
        return _Known.of(stated, read) if stated else None

    return [
        mark_match(_score(each, candidates, known, read))[: each.limit]
        for each, candidates in zip(requests, found, strict=True)
    ]


def _find(index: SearchIndex, request: MatchRequest) -> list[Candidate]:
    classes = index.class_numbers(request.classes) if request.classes else None
    if classes == ():
        names = ", ".join(shorten(each.removeprefix(KG)) for each in request.classes)
        raise BadParameter(f"There is no type {names}; /reconcile/suggest/type lists the types.")
    limit = max(request.limit, _MIN_CANDIDATES) if request.conditions else request.limit
    return find_candidates(index, request.name, classes, limit)


@dataclass(frozen=True)
class _Known:
    """The values of a property of a thing, prepared for comparison.

    `names` and `cores` are folded; `bare` are the cores of names without an official ending.
    """

    texts: frozenset[str]
    numbers: frozenset[float | None]
    names: frozenset[str]
    cores: frozenset[str]
    bare: frozenset[str]

    @classmethod
    def of(cls, values: Iterable[Value], read: Callable[[str], Name]) -> _Known:
        texts: set[str] = set()
        numbers: set[float | None] = set()
        names: set[Name] = set()
        for value in values:
            plain = value.term.value
            texts |= {plain, plain.removeprefix(ID)}
            if value.term.is_number:
                numbers.add(_number(plain))
            else:
                names |= {read(text) for text in (plain, *(each.value for each in value.labels))}
        return cls(
            frozenset(texts),
            frozenset(numbers - {None}),
            frozenset(each.form for each in names),
            frozenset(each.core for each in names),
            frozenset(each.core for each in names if not each.kind),
        )

    def has(self, text: str, name: Name) -> bool:
        """Return whether a text, whose folded name is `name`, is one of the values."""
        if text in self.texts or (self.numbers and _number(text) in self.numbers):
            return True
        cores = self.bare if name.kind else self.cores
        return bool(name.form) and (name.form in self.names or name.core in cores)


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _score(
    request: MatchRequest,
    candidates: Sequence[Candidate],
    known: Callable[[str, str], _Known | None],
    read: Callable[[str], Name],
) -> list[Candidate]:
    """Adjust the scores of candidates by the conditions of the request."""
    scored = []
    for candidate in candidates:
        score, accepted = candidate.score, True
        for condition in request.conditions:
            fulfilled = _fulfils(condition, known(candidate.thing.slug, condition.property), read)
            if condition.required and not fulfilled:
                accepted = False
            elif fulfilled is False:
                score -= _CONTRADICTED
            elif fulfilled and score < SAME_NAME:
                score += (SAME_NAME - 1 - score) * _CONFIRMED
        if accepted:
            scored.append(replace(candidate, score=round(max(score, 0.0), 1)))
    return ranked(scored)


def _fulfils(
    condition: Condition, known: _Known | None, read: Callable[[str], Name]
) -> bool | None:
    """Return whether the values fulfil a condition; None if there are no values."""
    if known is None:
        return None
    met = (known.has(each, read(each)) for each in condition.values)
    if condition.quantifier == "all":
        return all(met)
    return any(met) != (condition.quantifier == "none")


def suggest_things(
    index: SearchIndex, prefix: str, classes: Sequence[int] | None, cursor: int
) -> list[IndexedThing]:
    """Return things with a name that begins with the prefix, then those with a similar name."""
    name = index.read(prefix)
    if not name.form:
        return []
    end = cursor + SUGGESTIONS
    names = index.beginning_with(name.form, classes, 4 * end)
    ids = dict.fromkeys(each.thing for each in names)
    if len(ids) < end:
        found = find_candidates(index, prefix, classes, end)
        ids |= dict.fromkeys(each.thing.id for each in found if each.score >= _MIN_SUGGESTED)
    chosen = list(ids)[cursor:end]
    things = index.things(chosen)
    return [things[each] for each in chosen]


def suggest_names(
    index: SearchIndex, prefix: str, labels: Mapping[str, Mapping[str, str]], cursor: int
) -> list[str]:
    """Return identifiers that match, or whose labels match: by prefix first, then by substring."""
    wanted = index.read(prefix).form
    beginning, containing = [], []
    for identifier, texts in labels.items():
        forms = [index.read(text).form for text in (identifier, *texts.values())]
        if any(form.startswith(wanted) for form in forms):
            beginning.append(identifier)
        elif any(wanted in form for form in forms):
            containing.append(identifier)
    return [*beginning, *containing][cursor : cursor + SUGGESTIONS]
