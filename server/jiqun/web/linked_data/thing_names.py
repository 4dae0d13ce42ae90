"""The names of things: whether they exist, resolving ids, IRIs and exact names, suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pyoxigraph import NamedNode
from rapidfuzz import process
from rapidfuzz.distance import OSA

from jiqun.errors import NotFound, ReleaseError, shorten
from jiqun.language import Reader, pick
from jiqun.rdf.namespaces import ID, PASSAGE, PREFIXES, SLUG, SOURCE, compact, is_absolute_iri
from jiqun.search.matching import SAME_NAME, Candidate, find_candidates
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


def nearest(text: str, known: Iterable[str]) -> list[str]:
    """Return the names most similar to a text by edit distance, ignoring case."""
    found = process.extract(
        text,
        list(known),
        scorer=OSA.normalized_similarity,
        processor=str.lower,
        limit=_MOST_NEAR,
        score_cutoff=_LIKE,
    )
    return [name for name, score, _ in found if score > found[0][1] - _NEARLY_AS_LIKE]


@dataclass(frozen=True)
class Named:
    """A resolved thing; `note` states how a name was resolved, if it was not an id."""

    iri: str
    note: str = ""


def expand(text: str) -> str:
    """Return the IRI of an IRI, a CURIE, a passage or a slug; else an empty text."""
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    prefix, colon, local = text.partition(":")
    if colon and prefix in PREFIXES:
        text = PREFIXES[prefix] + local
    elif PASSAGE.fullmatch(text):
        text = SOURCE + text
    elif SLUG.fullmatch(text):
        text = ID + text
    is_web = text.startswith(("http://", "https://"))
    return text if is_web and is_absolute_iri(text) else ""


def find_thing(context: Context, text: str, lang: str) -> Named:
    """Return the thing with this id, IRI or exact name; raises `NotFound` with suggestions."""
    iri = expand(text)
    if iri and exists(context, iri):
        return Named(iri)
    if iri:
        raise _not_found(compact(iri), similar_ids(context, iri))
    candidates = candidates_for(context, text)
    same = [each for each in candidates if each.score >= SAME_NAME]
    if len(same) == 1:
        found = ID + same[0].thing.slug
        return Named(found, f"{shorten(text)} was resolved to {compact(found)}.")
    reader = Reader(lang)
    near = [
        f"id:{each.thing.slug} ({pick(each.thing.labels, reader).value})"
        for each in (same or candidates)[:5]
    ]
    if same:
        raise NotFound(
            f"{shorten(text)} is ambiguous: {', '.join(near)}. Use the id of one of them."
        )
    raise _not_found(shorten(text), near)


def _not_found(name: str, near: Sequence[str]) -> NotFound:
    hint = f"did you mean {', '.join(near)}?" if near else "find its id with search."
    return NotFound(f"{name} is not in the graph; {hint}")
