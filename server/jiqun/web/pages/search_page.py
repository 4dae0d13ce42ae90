"""What was searched for as a page: the field, the classes found, and the things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jiqun.language import Reader, Text, pick
from jiqun.rdf.namespaces import KG
from jiqun.search.index import IndexedClass
from jiqun.search.searcher import Hit, SearchResult
from jiqun.web.pages.rendering import render

_FACETS: Final = 12


@dataclass(frozen=True)
class Piece:
    """A piece of a name; `marked` when it is what was searched for."""

    text: str
    marked: bool


@dataclass(frozen=True)
class HitView:
    """A thing that was found, as it is shown: `matched` is a name other than the title."""

    href: str
    title: Text
    pieces: tuple[Piece, ...]
    matched: tuple[Piece, ...]
    matched_lang: str
    types: tuple[Text, ...]
    description: Text


@dataclass(frozen=True)
class Facet:
    """A class that things which were found belong to; `href` narrows the search to it."""

    name: Text
    count: int
    href: str
    chosen: bool


def render_search(  # noqa: PLR0913 -- a page has this many parts
    asked: str,
    result: SearchResult | None,
    classes: dict[int, IndexedClass],
    type_name: str,
    page: tuple[int, int],
    reader: Reader,
    *,
    problem: str = "",
    beside_workspace: bool = False,
) -> str:
    """Render the page; without a result, only the field. `page` is the number of it and of all.

    `beside_workspace` tells that there is a workspace, which is not searched.
    """
    number, pages = page
    return render(
        "search.html",
        reader,
        asked=asked,
        type_name=type_name,
        problem=problem,
        beside_workspace=beside_workspace,
        result=result,
        hits=[_hit(each, classes, reader) for each in result.hits] if result else [],
        facets=_facets(asked, result, type_name, reader) if result else [],
        page=number,
        pages=pages,
        previous=_address(asked, type_name, number - 1, reader) if number > 1 else None,
        following=_address(asked, type_name, number + 1, reader) if number < pages else None,
    )


def pieces_of(text: str, marks: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    """Cut a text at its marks."""
    pieces: list[Piece] = []
    end = 0
    for start, stop in marks:
        pieces += (Piece(text[end:start], marked=False), Piece(text[start:stop], marked=True))
        end = stop
    pieces.append(Piece(text[end:], marked=False))
    return tuple(piece for piece in pieces if piece.text)


def _address(asked: str, type_name: str, page: int, reader: Reader) -> str:
    parameters = {"q": asked}
    if type_name:
        parameters["type"] = type_name
    if page > 1:
        parameters["page"] = str(page)
    return reader.link("/search", **parameters)


def _hit(hit: Hit, classes: dict[int, IndexedClass], reader: Reader) -> HitView:
    title = pick(hit.thing.labels, reader)
    if not title.value:
        title = Text(hit.thing.slug)
    is_title = hit.name is not None and hit.name.text == title.value
    marked = pieces_of(hit.name.text, hit.marks) if hit.name else ()
    return HitView(
        reader.link(f"/doc/{hit.thing.slug}"),
        title,
        marked if is_title else (Piece(title.value, marked=False),),
        () if is_title else marked,
        hit.name.lang if hit.name else "",
        tuple(pick(classes[each].labels, reader) for each in hit.thing.types),
        pick(hit.thing.description, reader),
    )


def _facets(asked: str, result: SearchResult, type_name: str, reader: Reader) -> list[Facet]:
    facets: list[Facet] = []
    for each, count in result.facets:
        name = each.iri.removeprefix(KG)
        chosen = name == type_name
        if len(facets) < _FACETS or chosen:
            href = _address(asked, "" if chosen else name, 1, reader)
            label = pick(each.labels, reader)
            facets.append(Facet(label if label.value else Text(name), count, href, chosen))
    return facets
