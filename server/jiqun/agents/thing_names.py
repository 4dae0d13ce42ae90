"""Which thing an agent means: by id, IRI or exact name; and what it may mean instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pyoxigraph import NamedNode
from rapidfuzz import process
from rapidfuzz.distance import OSA

from jiqun.errors import NotFound, ReleaseError, shorten
from jiqun.language import Reader, pick
from jiqun.rdf.namespaces import ID, PREFIXES, SOURCE, compact, is_absolute_iri
from jiqun.search.matching import SAME_NAME, Candidate, find_candidates
from jiqun.web.documents import Context

_SLUG: Final = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
_PASSAGE: Final = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*#[a-z][0-9]+")
_EXISTS: Final = """ASK {
  { ?thing ?property ?value } UNION { ?subject ?property ?thing }
  UNION { GRAPH ?graph { { ?thing ?property ?value } UNION { ?subject ?property ?thing } } }
}"""
_LIKE: Final = 0.6
_NEARLY_AS_LIKE: Final = 0.05
_MOST_NEAR: Final = 3
_MOST_BEGINNING: Final = 200


@dataclass(frozen=True)
class Named:
    """A thing that was named; `note` says how a name was read, if it was no id."""

    iri: str
    note: str = ""


def expand(text: str) -> str:
    """Return the IRI that a text writes: an IRI, a CURIE, a passage or a slug; else nothing."""
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    prefix, colon, local = text.partition(":")
    if colon and prefix in PREFIXES:
        text = PREFIXES[prefix] + local
    elif _PASSAGE.fullmatch(text):
        text = SOURCE + text
    elif _SLUG.fullmatch(text):
        text = ID + text
    is_web = text.startswith(("http://", "https://"))
    return text if is_web and is_absolute_iri(text) else ""


def exists(context: Context, iri: str) -> bool:
    """Return whether the graph says anything of a thing."""
    return context.ask(_EXISTS, {"thing": str(NamedNode(iri))})


def find_thing(context: Context, text: str, lang: str) -> Named:
    """Return the thing with this id, IRI or exact name; raises `NotFound` with the nearest."""
    iri = expand(text)
    if iri and exists(context, iri):
        return Named(iri)
    if iri:
        near = similar_ids(context, iri)
        hint = f"did you mean {', '.join(near)}?" if near else "find its id with search."
        raise NotFound(f"{compact(iri)} is not in the graph; {hint}")
    candidates = _candidates(context, text)
    same = [each for each in candidates if each.score >= SAME_NAME]
    if len(same) == 1:
        found = ID + same[0].thing.slug
        return Named(found, f"{shorten(text)} was read as {compact(found)}.")
    reader = Reader(lang)
    near = [
        f"id:{each.thing.slug} ({pick(each.thing.labels, reader).value})"
        for each in (same or candidates)[:5]
    ]
    if same:
        raise NotFound(f"{shorten(text)} may mean {', '.join(near)}. Name one of them by its id.")
    hint = f"did you mean {', '.join(near)}?" if near else "find its id with search."
    raise NotFound(f"{shorten(text)} is not in the graph; {hint}")


def similar_ids(context: Context, iri: str) -> list[str]:
    """Return the ids of things that are written or called much like this one."""
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
    found |= {each.thing.slug for each in _candidates(context, slug.replace("-", " "))}
    near = (
        nearest(slug, sorted(found))
        or sorted(each for each in found if each.startswith(slug))[:_MOST_NEAR]
    )
    return [f"id:{each}" for each in near]


def _candidates(context: Context, words: str) -> list[Candidate]:
    try:
        return find_candidates(context.index, words[:200], None, 5)
    except ReleaseError:  # a workspace alone has no index
        return []


def nearest(text: str, known: Iterable[str], most: int = _MOST_NEAR) -> list[str]:
    """Return the names most like a text, by the edits between them, whatever their case."""
    found = process.extract(
        text,
        list(known),
        scorer=OSA.normalized_similarity,
        processor=str.lower,
        limit=most,
        score_cutoff=_LIKE,
    )
    return [name for name, score, _ in found if score > found[0][1] - _NEARLY_AS_LIKE]
