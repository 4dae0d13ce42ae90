"""The part of the vocabulary for a word: classes, properties, concepts, an example."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from jiqun.agents.tools import Schema, Term, Vocabulary
from jiqun.errors import NotFound, shorten
from jiqun.language import Reader, pick
from jiqun.query.solutions import Row
from jiqun.rdf.namespaces import GRAPH, KG, compact, prologue
from jiqun.saved_queries import SavedQuery
from jiqun.web.documents import Context
from jiqun.web.linked_data.thing_names import expand, nearest

_MOST: Final = 12
_CLASSES: Final = 24
_TERMS: Final = f"""{prologue("kg", "owl", "rdfs", "skos")}
SELECT ?term ?kind ?label ?definition ?domain ?range WHERE {{
  VALUES (?type ?kind) {{
    (owl:Class "class") (owl:ObjectProperty "property") (owl:DatatypeProperty "property")
  }}
  ?term a ?type .
  FILTER (STRSTARTS(STR(?term), "{KG}"))
  {{ ?term rdfs:label ?label }} UNION {{ ?term skos:definition ?definition }}
  UNION {{ ?term rdfs:domain ?domain }} UNION {{ ?term rdfs:range ?range }}
}}"""
_CONCEPTS: Final = f"""{prologue("skos", "rdfs")}
SELECT ?term ?kind ?label ?definition WHERE {{
  GRAPH <{GRAPH}concepts> {{
    ?term a ?class .
    {{ ?term skos:prefLabel ?label }} UNION {{ ?term skos:altLabel ?label }}
    UNION {{ ?term skos:definition ?definition }}
  }}
  BIND ("concept" AS ?kind)
}}"""
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


@dataclass(frozen=True)
class KnownTerm:
    """A term: its labels and definitions by language; domain and range as CURIEs."""

    iri: str
    kind: str
    labels: tuple[tuple[str, str], ...]
    definitions: dict[str, str]
    domain: str = ""
    range: str = ""

    @property
    def name(self) -> str:
        """The local name."""
        return compact(self.iri).partition(":")[2]

    def label(self, lang: str) -> str:
        """Return the first label in a language."""
        return next((text for tag, text in self.labels if tag == lang), "")

    def entry(self) -> Term:
        """Return the term in the form of a tool result."""
        term = Term(
            term=compact(self.iri),
            kind=self.kind,
            en=self.label("en"),
            zh=self.label("zh-Hans"),
            definition=pick(self.definitions, Reader("en")).value,
        )
        if self.domain:
            term["domain"] = self.domain
        if self.range:
            term["range"] = self.range
        return term


@lru_cache(maxsize=2)
def read_terms(context: Context, *, concepts: bool = False) -> list[KnownTerm]:
    """Read the classes and properties of the ontology, and optionally the concepts."""
    rows = context.select(_TERMS)
    if concepts:
        rows += context.select(_CONCEPTS)
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["term"].value, []).append(row)
    return [_term(iri, found[iri]) for iri in sorted(found)]


def _term(iri: str, rows: list[Row]) -> KnownTerm:
    labels = {(row["label"].lang, row["label"].value) for row in rows if "label" in row}
    definitions = {
        row["definition"].lang: row["definition"].value for row in rows if "definition" in row
    }
    sides = {
        name: compact(min(row[name].value for row in rows if name in row))
        for name in ("domain", "range")
        if any(name in row and row[name].is_iri for row in rows)
    }
    return KnownTerm(iri, rows[0]["kind"].value, tuple(sorted(labels)), definitions, **sides)


def find_term(context: Context, text: str, kind: str) -> KnownTerm:
    """Return the class or property with this CURIE, local name or label.

    Raises `NotFound` with the most similar.
    """
    terms = [each for each in read_terms(context) if each.kind == kind]
    iri = expand(text)
    folded = text.casefold()
    for each in terms:
        if each.iri == iri or folded in {each.name.casefold(), *_labels(each)}:
            return each
    local = text.rpartition(":")[2].rpartition("#")[2]
    near = ", ".join(f"kg:{name}" for name in nearest(local, (each.name for each in terms)))
    hint = f"did you mean {near}?" if near else "find one with schema."
    raise NotFound(f"{shorten(text)} is not a {kind}; {hint}")


def _labels(term: KnownTerm) -> set[str]:
    return {text.casefold() for _, text in term.labels}


def schema(context: Context, given: Schema) -> Vocabulary:
    """Return the terms for a word, and a saved query that uses the best one."""
    if given.about is None:
        return _overview(context)
    word = given.about.casefold().removeprefix("kg:")
    ranked = sorted(
        (rank, each.kind == "concept", each.iri, each)
        for each in read_terms(context, concepts=True)
        if (rank := _rank(each, word)) is not None
    )
    terms = [each for _, _, _, each in ranked[:_MOST]]
    if not terms:
        known = [label for each in read_terms(context) for label in (each.name, *_labels(each))]
        near = nearest(word, known)
        hint = f"did you mean {', '.join(near)}?" if near else "call schema without a word."
        raise NotFound(f"No class, property or concept is called {shorten(given.about)}; {hint}")
    result = Vocabulary(
        terms=[each.entry() for each in terms], example=_example(context, terms, word)
    )
    if len(ranked) > _MOST:
        result["note"] = f"{len(ranked)} terms match; these are the best {_MOST}."
    return result


def _rank(term: KnownTerm, word: str) -> int | None:
    """Return how well a term matches a word, 0 best; None when it does not."""
    labels = _labels(term)
    if word in {term.name.casefold(), *labels}:
        return 0
    parts = {part.casefold() for part in _WORD.findall(term.name)}
    if word in parts or any(word in label.split() for label in labels):
        return 1
    if any(word in label for label in (*labels, term.name.casefold())):
        return 2
    if all(any(each in label for label in labels) for each in word.split()):
        return 3
    if term.kind != "concept" and any(
        word in text.casefold() for text in term.definitions.values()
    ):
        return 4
    return None


def _example(context: Context, terms: list[KnownTerm], word: str) -> dict[str, str]:
    """Return the shortest saved query that uses the first of the terms used by any."""
    for term in terms:
        name = re.compile(rf"\b{re.escape(compact(term.iri))}(?![\w-])")
        using = [
            each
            for each in context.release.queries.values()
            if each.form == "SELECT" and name.search(each.text)
        ]
        if using:
            return _shown(min(using, key=lambda each: _fit(each, word)))
    return {}


def _fit(query: SavedQuery, word: str) -> tuple[bool, int]:
    described = " ".join((*query.summary.values(), *query.tags)).casefold()
    return (word not in described, len(query.text))


def _shown(query: SavedQuery) -> dict[str, str]:
    return {
        "name": query.name,
        "question": query.summary.get("en", ""),
        "query": query.text.strip(),
    }


def _overview(context: Context) -> Vocabulary:
    """Return the classes with the most things."""
    counts = {each.iri: each.things for each in context.index.classes.values()}
    classes = [each for each in read_terms(context) if each.kind == "class"]
    classes.sort(key=lambda each: (-counts.get(each.iri, 0), each.iri))
    first = context.release.queries.get("clusters-of-region")
    return Vocabulary(
        terms=[each.entry() for each in classes[:_CLASSES]],
        example=_shown(first) if first else {},
        note=(
            f"The {_CLASSES} classes with the most things. Pass a word to find properties and "
            "concepts."
        ),
    )
