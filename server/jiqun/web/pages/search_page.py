"""The search page, and the page that matches a column of names, for people without OpenRefine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from jiqun.errors import BadParameter, ReleaseError
from jiqun.language import Reader, Text, pick
from jiqun.rdf.namespaces import ID, KG
from jiqun.reconciliation.matches import match
from jiqun.reconciliation.requests import DEFAULT_LIMIT, MAX_LENGTH, MatchRequest
from jiqun.search.full_text import Hit, SearchResult
from jiqun.search.index import IndexedClass
from jiqun.search.matching import Candidate
from jiqun.web.documents import Context, Document, csv_document
from jiqun.web.pages.rendering import html_document, render, turns

_MAX_FACETS: Final = 12
MOST_NAMES: Final = 200
"""Maximum number of names in one request."""

_FIRST: Final = ("Cluster", "Company", "Brand", "Region", "Organisation", "PolicyDocument")
_HEAD: Final = ("name", "id", "iri", "label", "type", "score", "certain", "others")


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
        turns=turns(page, pages, lambda number: _address(replace(query, page=int(number)), reader)),
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
    description = pick(hit.thing.description, reader)
    types = [pick(classes[each].labels, reader) for each in hit.thing.types]
    return HitView(
        reader.link(hit.thing.path),
        title,
        marked if is_title else (Piece(title.value, marked=False),),
        () if is_title else marked,
        hit.name.lang if hit.name else "",
        tuple(each for each in types if each.value.casefold() not in description.value.casefold()),
        description,
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


@dataclass(frozen=True)
class Matched:
    """A name with its candidates, best first; `best` is the certain match, if any."""

    name: str
    best: MatchedThing | None
    others: tuple[MatchedThing, ...]


@dataclass(frozen=True)
class MatchedThing:
    """A candidate: its slug, name, description and kind, its score from 0 to 100."""

    slug: str
    label: Text
    description: Text
    kind: Text
    score: float
    certain: bool


def read_names(text: str) -> tuple[str, ...]:
    """Read a pasted column: one name a line, of several cells the first; blank lines are skipped.

    Raises `BadParameter` for too many names and for one that is too long.
    """
    names = [line.split("\t", 1)[0].strip().strip('"') for line in text.splitlines()]
    names = [name for name in names if name]
    if len(names) > MOST_NAMES:
        raise BadParameter(
            f"There are {len(names)} names; the limit is {MOST_NAMES}. Paste them in parts, or use "
            "OpenRefine."
        )
    for number, name in enumerate(names, 1):
        if len(name) > MAX_LENGTH:
            raise BadParameter(f"Name {number} is longer than {MAX_LENGTH} characters.")
    return tuple(names)


def match_page(
    context: Context, reader: Reader, text: str, kind: str, root: str, *, as_csv: bool
) -> Document:
    """Return the page with the matches of the names in `text`, or the matches as CSV.

    `kind` is the local name of a class, or empty; `root` is the public URL of the site.
    """
    rows: list[Matched] = []
    problem = ""
    try:
        names = read_names(text)
        rows = _matches(context, reader, names, kind) if names else []
    except BadParameter as error:
        if as_csv:
            raise
        problem = error.detail
    if as_csv:
        return csv_document("matches", [_HEAD, *map(_line, rows)], excel=True)
    page = render(
        "match.html",
        reader,
        text=text,
        kind=kind,
        kinds=_kinds(context, reader),
        rows=rows,
        certain=sum(row.best is not None and row.best.certain for row in rows),
        missing=sum(row.best is None for row in rows),
        problem=problem,
        most=MOST_NAMES,
        service=f"{root}/reconcile",
    )
    return html_document(page, reader, status=400 if problem else 200)


def _matches(context: Context, reader: Reader, names: Sequence[str], kind: str) -> list[Matched]:
    classes = (KG + kind,) if kind else ()
    requests = [MatchRequest(name, classes, DEFAULT_LIMIT, ()) for name in names]
    found = match(context.index, context.select, requests)
    named = context.index.classes
    rows = []
    for name, candidates in zip(names, found, strict=True):
        shown = [_shown(each, named[each.thing.types[0]] if each.thing.types else None, reader)
                 for each in candidates]  # fmt: skip
        rows.append(Matched(name, shown[0] if shown else None, tuple(shown[1:])))
    return rows


def _shown(candidate: Candidate, kind: IndexedClass | None, reader: Reader) -> MatchedThing:
    thing = candidate.thing
    return MatchedThing(
        thing.slug,
        pick(thing.labels, reader),
        pick(thing.description, reader),
        pick(kind.labels, reader) if kind else Text(""),
        candidate.score,
        candidate.match,
    )


def _kinds(context: Context, reader: Reader) -> list[tuple[str, str]]:
    """Return the classes to choose from; none where there is no search index."""
    try:
        classes = context.index.classes.values()
    except ReleaseError:
        return []
    known = {each.iri.removeprefix(KG): pick(each.labels, reader).value for each in classes}
    first = [(name, known.pop(name)) for name in _FIRST if name in known]
    return first + sorted(known.items(), key=lambda pair: pair[1])


def _line(row: Matched) -> list[str]:
    """Return the cells of a name in the table of matches."""
    best = row.best
    found = (
        [best.slug, ID + best.slug, best.label.value, best.kind.value, f"{best.score:g}"]
        if best
        else [""] * 5
    )
    certain = "true" if best and best.certain else "false"
    others = " ".join(f"{each.slug} ({each.score:g})" for each in row.others)
    return [row.name, *found, certain, others]
