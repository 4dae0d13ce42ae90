"""Lists with facets: selection, counts, sorting, and output as a page or a table.

The lists of clusters, places, companies, plans and figures use it; each defines its entries,
columns and facets, and draws its picture.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Final

from jiqun.errors import BadParameter, shorten
from jiqun.language import Reader, pick
from jiqun.rdf.formats import CSV, HTML, SVG
from jiqun.rdf.namespaces import BASE
from jiqun.web.documents import Document, csv_document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Cell, Labels, slug_of
from jiqun.web.pages.rendering import html_document, pages_of, phrase, render, turns
from jiqun.web.pictures.drawing import FILE_WIDTH, PAGE, Paper, Picture, file_style

LIST_FORMS: Final = (HTML, CSV, SVG)
"""The forms of a list: the page, the table, the picture."""

PAGE_SIZE: Final = 100


@dataclass(frozen=True)
class Entry:
    """An entry of a list: cells by column, keys by facet, and special sort keys."""

    iri: str
    cells: Mapping[str, tuple[Cell, ...]]
    values: Mapping[str, tuple[str, ...]]
    ranks: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """A column; the phrase of its name is `column_` and its key."""

    key: str
    numeric: bool = False


@dataclass(frozen=True)
class Selection:
    """The selection: a value for each facet, the column to sort by, and the page.

    `sort` is the key of a column, with a minus sign in front for the largest first; "" is the order
    of the list itself.
    """

    facets: tuple[tuple[str, str], ...] = ()
    sort: str = ""
    page: int = 1
    excel: bool = False


@dataclass(frozen=True)
class Listing:
    """A list: entries in its own order, for the reader of their `labels`, so many on a page."""

    name: str
    columns: tuple[Column, ...]
    entries: Sequence[Entry]
    labels: Labels
    page_size: int = PAGE_SIZE

    @property
    def path(self) -> str:
        """The path of its page."""
        return f"/{self.name}"

    @cached_property
    def names(self) -> Mapping[str, Mapping[str, str]]:
        """The names of the values of facets, by their keys."""
        return {slug_of(iri): each.labels for iri, each in self.labels.captions.items()}

    def value_name(self, facet: str, key: str) -> str:
        """Return the name of a value of a facet: its label, a phrase, or the value itself."""
        reader = self.labels.reader
        if key in self.names and (text := pick(self.names[key], reader).value):
            return text
        try:
            return phrase(f"{facet}_{key}", reader.lang)
        except KeyError:
            return key


Totals = Callable[[Sequence[Entry]], list[tuple[str, int]]]
"""Counts the distinct things in the shown entries: phrases with numbers."""

Draw = Callable[[Sequence[Entry], Paper], Picture | None]
"""Draws the shown entries."""


@dataclass(frozen=True)
class Option:
    """A value of a facet, with the number of entries that it leaves."""

    key: str
    name: str
    count: int
    chosen: bool


def check(listing: Listing, selection: Selection) -> Selection:
    """Return the selection with names resolved to keys; raises `BadParameter`."""
    found = []
    for facet, value in selection.facets:
        known = {key for entry in listing.entries for key in entry.values.get(facet, ())}
        if value and value not in known:
            value = _resolve(facet, value, known, listing.names)  # noqa: PLW2901
        if value:
            found.append((facet, value))
    columns = {each.key for each in listing.columns}
    if selection.sort and selection.sort.removeprefix("-") not in columns:
        raise BadParameter(
            f"{listing.path} cannot be sorted by {shorten(selection.sort)}, only by "
            f"{', '.join(each.key for each in listing.columns)}."
        )
    return replace(selection, facets=tuple(found))


def _resolve(
    facet: str, value: str, known: Iterable[str], names: Mapping[str, Mapping[str, str]]
) -> str:
    """Return the key of a value given as a name, such as 江苏."""
    named = [
        (name.casefold(), key)
        for key in sorted(known)
        for name in (key, *names.get(key, {}).values())
    ]
    asked = value.strip().casefold()
    same = {key for name, key in named if name == asked}
    starts = {key for name, key in named if asked and name.startswith(asked)}
    for found in (same, starts):
        if len(found) == 1:
            return found.pop()
    keys = dict(named)
    near = [keys[each] for each in get_close_matches(asked, keys, n=3, cutoff=0.6)]
    hint = ", ".join(dict.fromkeys([*sorted(starts)[:3], *near]))
    raise BadParameter(
        f"Nothing here has {facet}={shorten(value)}."
        + (f" Did you mean {hint}?" if hint else " Choose one of the values on the page.")
    )


def chosen(listing: Listing, selection: Selection) -> list[Entry]:
    """Return the entries of a selection, in its order."""
    left = [entry for entry in listing.entries if _fits(entry, selection.facets)]
    if selection.sort:
        column = selection.sort.removeprefix("-")
        backwards = selection.sort.startswith("-")
        left.sort(key=lambda entry: _rank(entry, column), reverse=backwards)
        left.sort(key=lambda entry: column not in entry.ranks and not _text(entry, column))
    return left


def _fits(entry: Entry, facets: Iterable[tuple[str, str]]) -> bool:
    return all(value in entry.values.get(facet, ()) for facet, value in facets)


def _text(entry: Entry, column: str) -> str:
    return " · ".join(each.text.value for each in entry.cells.get(column, ()))


def _rank(entry: Entry, column: str) -> tuple[float, str]:
    return entry.ranks.get(column, 0.0), _text(entry, column).casefold()


def options(
    listing: Listing, selection: Selection, facets: Iterable[str]
) -> dict[str, list[Option]]:
    """Return the values of each facet with the number of entries under the other choices."""
    found = {}
    for facet in facets:
        others = [each for each in selection.facets if each[0] != facet]
        counts: Counter[str] = Counter()
        for entry in listing.entries:
            if _fits(entry, others):
                counts.update(set(entry.values.get(facet, ())))
        mine = dict(selection.facets).get(facet, "")
        if mine:
            counts.setdefault(mine, 0)
        named = [
            Option(key, listing.value_name(facet, key), count, key == mine)
            for key, count in counts.items()
        ]
        found[facet] = sorted(named, key=lambda option: (-option.count, option.name))
    return found


def list_document(
    listing: Listing,
    selection: Selection,
    choice: Choice,
    draw: Draw,
    origin: str,
    totals: Totals,
) -> Document:
    """Return a list as its page, its table or its picture; raises `BadParameter`.

    `origin` is the public URL of the site.
    """
    reader = listing.labels.reader
    facets = [facet for facet, _ in selection.facets]
    selection = check(listing, selection)
    entries = chosen(listing, selection)
    if choice.format == CSV:
        return _table(listing, entries, selection)
    if choice.format == SVG:
        return picture_file(draw(entries, Paper(FILE_WIDTH)), listing.name, reader, origin)
    pages = pages_of(len(entries), listing.page_size)
    page = min(selection.page, pages)
    shown = entries[(page - 1) * listing.page_size : page * listing.page_size]
    picture = draw(entries, PAGE)
    text = render(
        "listing.html",
        reader,
        listing=listing,
        selection=selection,
        entries=shown,
        total=len(entries),
        of=len(listing.entries),
        options=options(listing, selection, facets),
        picture=picture,
        totals=[pair for pair in totals(entries) if pair[1]],
        sorts={each.key: _sort_address(listing, selection, each) for each in listing.columns},
        without={
            facet: address_of(listing, selection, {facet: ""}) for facet, _ in selection.facets
        },
        names={facet: listing.value_name(facet, key) for facet, key in selection.facets},
        csv=address_of(listing, selection, {"format": "csv"}),
        excel=address_of(listing, selection, {"format": "csv", "excel": "1"}),
        svg=address_of(listing, selection, {"format": "svg"}),
        turns=turns(page, pages, lambda number: address_of(listing, selection, {"page": number})),
    )
    return html_document(text, reader)


def address_of(listing: Listing, selection: Selection, changes: Mapping[str, str]) -> str:
    """Return the address of a list for a selection, with some parameters changed."""
    parameters = dict(selection.facets)
    if selection.sort:
        parameters["sort"] = selection.sort
    parameters = {name: value for name, value in {**parameters, **changes}.items() if value}
    return listing.labels.reader.link(listing.path, **parameters)


def _sort_address(listing: Listing, selection: Selection, column: Column) -> str:
    """Return the URL that sorts by a column: numbers in descending order first."""
    first = f"-{column.key}" if column.numeric else column.key
    second = column.key if column.numeric else f"-{column.key}"
    wanted = second if selection.sort == first else first
    return address_of(listing, selection, {"sort": wanted})


def _table(listing: Listing, entries: Iterable[Entry], selection: Selection) -> Document:
    """Write the columns of the page, and the IRI of each entry before them."""
    keys = [each.key for each in listing.columns]
    head = ["iri", *(phrase(f"column_{key}", listing.labels.reader.lang) for key in keys)]
    rows = ([entry.iri, *(_text(entry, key) for key in keys)] for entry in entries)
    return csv_document(listing.name, [head, *rows], excel=selection.excel)


def picture_file(picture: Picture | None, name: str, reader: Reader, origin: str) -> Document:
    """Return a picture as a self-contained file; raises `BadParameter` if there is none."""
    if picture is None:
        raise BadParameter("There is nothing to draw for this choice. Choose fewer facets.")
    note = f"{phrase('picture_note', reader.lang)} {BASE}"
    digest = b64encode(hashlib.sha256(file_style().encode()).digest()).decode()
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.svg"',
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'",
    }
    return Document(picture.file(origin, note), SVG.content_type(), headers=headers)
