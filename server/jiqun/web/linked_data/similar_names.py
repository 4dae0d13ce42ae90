"""Existence of things in the graph, and suggestions for names that do not exist."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pyoxigraph import NamedNode
from rapidfuzz import process
from rapidfuzz.distance import OSA

from jiqun.errors import ReleaseError
from jiqun.rdf.namespaces import ID
from jiqun.search.matching import Candidate, find_candidates
from jiqun.web.documents import Context

_EXISTS: Final = """ASK {
  { ?thing ?property ?value } UNION { ?subject ?property ?thing }
  UNION { GRAPH ?graph { { ?thing ?property ?value } UNION { ?subject ?property ?thing } } }
}"""
_LIKE: Final = 0.6
_NEARLY_AS_LIKE: Final = 0.05
_MOST_NEAR: Final = 3
_MOST_BEGINNING: Final = 200


def exists(context: Context, iri: str) -> bool:
    """Return whether the graph mentions a thing."""
    return context.ask(_EXISTS, {"thing": str(NamedNode(iri))})


def similar_ids(context: Context, iri: str) -> list[str]:
    """Return the ids of things with similar slugs or labels."""
    if not iri.startswith(ID):
        return []
    slug = iri.removeprefix(ID)
    found: set[str] = set()
    try:
        for part in (slug, slug[: len(slug) * 2 // 3], slug[: len(slug) // 2]):
            if part and not found:
                found |= set(context.index.slugs_beginning(part, _MOST_BEGINNING))
    except ReleaseError:  # a workspace alone has no index
        return []
    found |= {each.thing.slug for each in candidates_for(context, slug.replace("-", " "))}
    near = (
        nearest(slug, sorted(found))
        or sorted(each for each in found if each.startswith(slug))[:_MOST_NEAR]
    )
    return [f"id:{each}" for each in near]


def candidates_for(context: Context, words: str, type_: str = "") -> list[Candidate]:
    """Return the five things, of a class if one is given, whose names are most similar."""
    try:
        classes = context.index.class_numbers([type_]) if type_ else ()
        return find_candidates(context.index, words[:200], classes or None, 5)
    except ReleaseError:  # a workspace alone has no index
        return []


def nearest(text: str, known: Iterable[str], most: int = _MOST_NEAR) -> list[str]:
    """Return the names most similar to a text by edit distance, ignoring case."""
    found = process.extract(
        text,
        list(known),
        scorer=OSA.normalized_similarity,
        processor=str.lower,
        limit=most,
        score_cutoff=_LIKE,
    )
    return [name for name, score, _ in found if score > found[0][1] - _NEARLY_AS_LIKE]
