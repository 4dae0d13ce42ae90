"""The search page: the field, the classes of the things found, and the things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from jiqun.language import Reader, Text, pick
from jiqun.rdf.namespaces import KG
from jiqun.search.full_text import Hit, SearchResult
from jiqun.search.index import IndexedClass
from jiqun.web.pages.rendering import render

_MAX_FACETS: Final = 12


@dataclass(frozen=True)
class SearchQuery:
    """The search: words, the local name of a class or "", and the page from 1."""

    text: str = ""
    type: str = ""
    page: int = 1


@dataclass(frozen=True)
class Piece:
    """A piece of a name; `marked` is true for a match."""

    text: str
    marked: bool


@dataclass(frozen=True)
class HitView:
    """A hit for display; `matched` is a name other than the title.

    `types` are those that its description does not name.
    """

    href: str
    title: Text
    pieces: tuple[Piece, ...]
    matched: tuple[Piece, ...]
    matched_lang: str
    types: tuple[Text, ...]
    description: Text


@dataclass(frozen=True)
class Facet:
    """A class of things found; `href` narrows the search to it."""

    name: Text
    count: int
    href: str
    chosen: bool


def render_search(
    query: SearchQuery,
    result: SearchResult | None,
    classes: Mapping[int, IndexedClass],
    reader: Reader,
    *,
    problem: str = "",
    beside_workspace: bool = False,
) -> str:
    """Render the page; without a result, only the field.

    `beside_workspace`: there is a workspace, which is not searched.
    """
    pages = result.pages if result else 1
    page = query.page
    return render(
        "search.html",
        reader,
        asked=query.text,
        type_name=query.type,
        problem=problem,
        beside_workspace=beside_workspace,
        result=result,
        hits=[_hit(each, classes, reader) for each in result.hits] if result else [],
        facets=_facets(query, result, reader) if result else [],
        page=page,
        pages=pages,
        previous=_address(replace(query, page=page - 1), reader) if page > 1 else None,
        following=_address(replace(query, page=page + 1), reader) if page < pages else None,
    )


def pieces_of(text: str, marks: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    """Split a text at its marks."""
    pieces: list[Piece] = []
    end = 0
    for start, stop in marks:
        pieces += (Piece(text[end:start], marked=False), Piece(text[start:stop], marked=True))
        end = stop
    pieces.append(Piece(text[end:], marked=False))
    return tuple(piece for piece in pieces if piece.text)


def _address(query: SearchQuery, reader: Reader) -> str:
    parameters = {"q": query.text}
    if query.type:
        parameters["type"] = query.type
    if query.page > 1:
        parameters["page"] = str(query.page)
    return reader.link("/search", **parameters)


def _hit(hit: Hit, classes: Mapping[int, IndexedClass], reader: Reader) -> HitView:
    title = pick(hit.thing.labels, reader)
    if not title.value:
        title = Text(hit.thing.slug)
    is_title = hit.name is not None and hit.name.text == title.value
    marked = pieces_of(hit.name.text, hit.marks) if hit.name else ()
    told = pick(hit.thing.description, reader)
    types = [pick(classes[each].labels, reader) for each in hit.thing.types]
    return HitView(
        reader.link(hit.thing.path),
        title,
        marked if is_title else (Piece(title.value, marked=False),),
        () if is_title else marked,
        hit.name.lang if hit.name else "",
        tuple(each for each in types if each.value.casefold() not in told.value.casefold()),
        told,
    )


def _facets(query: SearchQuery, result: SearchResult, reader: Reader) -> list[Facet]:
    facets: list[Facet] = []
    for each, count in result.facets:
        name = each.iri.removeprefix(KG)
        chosen = name == query.type
        if len(facets) < _MAX_FACETS or chosen:
            narrowed = SearchQuery(query.text, "" if chosen else name)
            label = pick(each.labels, reader)
            text = label if label.value else Text(name)
            facets.append(Facet(text, count, _address(narrowed, reader), chosen))
    return facets
