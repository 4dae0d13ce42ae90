"""Resolves the id, IRI or exact name of a thing, with suggestions for unknown names."""

from __future__ import annotations

from dataclasses import dataclass

from jiqun.errors import NotFound, shorten
from jiqun.language import Reader, pick
from jiqun.rdf.namespaces import ID, PASSAGE, PREFIXES, SLUG, SOURCE, compact, is_absolute_iri
from jiqun.search.matching import SAME_NAME
from jiqun.web.documents import Context
from jiqun.web.linked_data.similar_names import candidates_for, exists, similar_ids


@dataclass(frozen=True)
class Named:
    """A resolved thing; `note` states how a name was resolved, if it was not an id."""

    iri: str
    note: str = ""


def expand(text: str) -> str:
    """Return the IRI of an IRI, a CURIE, a passage or a slug; else None."""
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
        near = similar_ids(context, iri)
        hint = f"did you mean {', '.join(near)}?" if near else "find its id with search."
        raise NotFound(f"{compact(iri)} is not in the graph; {hint}")
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
    hint = f"did you mean {', '.join(near)}?" if near else "find its id with search."
    raise NotFound(f"{shorten(text)} is not in the graph; {hint}")
