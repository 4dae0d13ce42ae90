"""The result of a query on a page: its choices, its section, and the query form.

The choices (the view, the order of rows, words to filter by, the page) are in the URL, so that
it can be shared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import urlencode

from jiqun.language import Reader
from jiqun.query.solutions import Select, Term
from jiqun.rdf.formats import CSV, JSON, JSON_LD, N_TRIPLES, RDF_XML, TSV, TURTLE, XML
from jiqun.saved_queries import VIEWS
from jiqun.web.documents import Context, Document
from jiqun.web.linked_data.query_remarks import QueryRemark, read_remarks
from jiqun.web.pages.cells import Labels, in_words, read_captions
from jiqun.web.pages.rendering import html_document, pages_of, phrase, render, turns
from jiqun.web.pages.result_pictures import draw_view, offered_views, read_columns
from jiqun.web.pages.result_table import Outcome, ResultTable, arrange, read_outcome
from jiqun.web.pictures.drawing import Picture

CHOICES: Final = ("view", "sort", "filter", "page")
"""The URL parameters of the choices."""

ALL_PAGES: Final = "all"
"""The value of `page` for all rows on one page."""

PAGE_SIZE: Final = 50
"""Number of rows per page of a result."""

_LONGEST: Final = 200
_PAGE: Final = re.compile(f"[1-9][0-9]{{0,3}}|{ALL_PAGES}")
EXCEL: Final = "excel"
"""The name of the format for spreadsheets: CSV with a byte order mark."""

_LONGEST_LINK: Final = 6000
DEFAULT_QUERY: Final = """\
PREFIX id: <https://w3id.org/jiqun/id/>
PREFIX kg: <https://w3id.org/jiqun/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?cluster ?lead ?passage
WHERE {
  GRAPH ?passage { ?application kg:applicationFor ?cluster ; kg:leadApplicant ?lead . }
}
ORDER BY ?cluster ?lead
LIMIT 50
"""
TABLE_FORMATS: Final = (
    (EXCEL, "Excel"),
    *((each.names[0], each.label) for each in (CSV, JSON, TSV, XML)),
)
GRAPH_FORMATS: Final = tuple(
    (each.extension, each.label) for each in (TURTLE, N_TRIPLES, JSON_LD, RDF_XML)
)


@dataclass(frozen=True)
class Remark:
    """A likely mistake in a valid query: a name that does not exist, a string that cannot match.

    `line`, `column` (both from 1) and `length` are its position in characters; `replacement` is a
    suggested text, or "".
    """

    text: str
    line: int
    column: int
    length: int
    replacement: str


def advise(context: Context, query: str, reader: Reader) -> list[Remark]:
    """Return the remarks on a query, in the order of its text."""
    return [_remark(each, query, reader) for each in read_remarks(context, query)]


def _remark(remark: QueryRemark, query: str, reader: Reader) -> Remark:
    sentences = [phrase(f"remark_{remark.kind}", reader.lang, remark.name)]
    near = remark.near
    if remark.kind == "unknown_tag":
        sentences.append(_known_tags(remark, reader))
    elif near:
        listed = phrase("list_comma", reader.lang).join(near)
        sentences.append(phrase("remark_near", reader.lang, listed))
    start = remark.start
    line = query.count("\n", 0, start) + 1
    column = start - query.rfind("\n", 0, start)
    written = query[start : remark.end]
    is_short = remark.kind.startswith("unknown_t") and near and not written.startswith("<")
    replacement = near[0] if is_short and remark.kind != "unknown_tag" else ""
    gap = " " if reader.lang == "en" else ""
    return Remark(gap.join(sentences), line, column, remark.end - start, replacement)


def _known_tags(remark: QueryRemark, reader: Reader) -> str:
    listed = phrase("list_comma", reader.lang).join(remark.near)
    known = phrase("remark_tags", reader.lang, listed)
    if any(each.lower().startswith(f"{remark.name.lower()}-") for each in remark.near):
        gap = " " if reader.lang == "en" else ""
        known += gap + phrase("remark_range", reader.lang, remark.name)
    return known


@dataclass(frozen=True)
class Choices:
    """`view` is one of `VIEWS` or empty for the best one; `sort` a variable, with - to descend.

    `page` is a number from 1 on, `ALL_PAGES`, or empty for the first page.
    """

    view: str = ""
    sort: str = ""
    filter: str = ""
    page: str = ""

    def parameters(self, **changed: str) -> dict[str, str]:
        """Return the parameters of an address for these choices, some of them changed.

        Another order or filter begins at the first page.
        """
        page = "" if {"sort", "filter"} & changed.keys() else self.page
        chosen = {"view": self.view, "sort": self.sort, "filter": self.filter, "page": page}
        chosen |= changed
        return {name: value for name, value in chosen.items() if value}


NO_CHOICES: Final = Choices()


def read_choices(given: Mapping[str, Sequence[str]]) -> Choices:
    """Read the choices from URL parameters; unknown ones are ignored."""
    first = {name: next(iter(given.get(name, ())), "")[:_LONGEST] for name in CHOICES}
    view = first["view"] if first["view"] in VIEWS else ""
    page = first["page"] if _PAGE.fullmatch(first["page"]) else ""
    return Choices(view, first["sort"], first["filter"].strip(), page)


def apply_choices(
    rows: Sequence[Mapping[str, Term]], choices: Choices, words: Mapping[str, str]
) -> tuple[Mapping[str, Term], ...]:
    """Return the rows that have all words of the filter, in the chosen order.

    `words` are the labels of resources by IRI.
    """
    wanted = choices.filter.casefold().split()
    kept = [row for row in rows if not wanted or _has_all(row, wanted, words)]
    variable = choices.sort.removeprefix("-")
    if variable:
        bound = [row for row in kept if variable in row]
        unbound = [row for row in kept if variable not in row]
        bound.sort(key=lambda row: _key(row[variable], words), reverse=choices.sort[0] == "-")
        kept = bound + unbound
    return tuple(kept)


def _has_all(row: Mapping[str, Term], wanted: Sequence[str], words: Mapping[str, str]) -> bool:
    text = " ".join(f"{each.value} {words.get(each.value, '')}" for each in row.values()).casefold()
    return all(word in text for word in wanted)


def _key(term: Term, words: Mapping[str, str]) -> tuple[int, Decimal, str]:
    if term.is_number:
        try:
            number = Decimal(term.value)
        except InvalidOperation:
            number = Decimal("NaN")
        if number.is_finite():
            return (0, number, "")
    return (1, Decimal(0), words.get(term.value, term.value).casefold())


@dataclass(frozen=True)
class Address:
    """Where a result is: the path, the parameters of its data and of its page, its formats.

    Formats are pairs of a name and a label.
    """

    path: str
    data: Mapping[str, str]
    page: Mapping[str, str]
    formats: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Section:
    """A result, ready to be shown.

    `views` are name, label and address; `sorted_by` is, for each column, the address of the page
    sorted by it and the direction now: ascending, descending or none. `kept` are the parameters
    that the form of the filter sends along. `turns` are the addresses of the previous and the next
    page, and of all rows on one. Without an address short enough for links there are none of these,
    and all rows are on one page; they also are under a picture, `folded` if they are many.
    """

    outcome: Outcome
    table: ResultTable
    view: str
    views: tuple[tuple[str, str, str], ...] = ()
    drawn: Picture | None = None
    sorted_by: tuple[tuple[str, str], ...] = ()
    choices: Choices = NO_CHOICES
    path: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)
    all_rows: int = 0
    first_row: int = 1
    turns: Mapping[str, str] = field(default_factory=dict)

    @property
    def folded(self) -> bool:
        """Whether the table is folded, because it is long and the picture shows the same."""
        return self.drawn is not None and len(self.table.rows) > PAGE_SIZE


def result_section(
    outcome: Outcome,
    labels: Labels,
    select: Select,
    choices: Choices,
    address: Address,
    *,
    best: str = "table",
    readable: bool = False,
) -> Section:
    """Build the section of a result by the choices; `best` is the default view."""
    reader = labels.reader
    if readable:
        outcome = replace(outcome, rows=_in_words(outcome, reader))
    formats = [
        (label, href)
        for name, label in address.formats
        if len(href := _data_link(name, address, reader)) < _LONGEST_LINK
    ]
    columns = read_columns(outcome, select)
    offered = offered_views(outcome, columns)
    wanted = choices.view or best
    view = wanted if wanted in offered else "table"
    words = {iri: labels.label(iri).value for iri in outcome.iris()}
    rows = apply_choices(outcome.rows, choices, words)
    shown = replace(outcome, rows=rows)
    is_empty = not rows and outcome.graph is None
    drawn = None if view == "table" or is_empty else draw_view(view, shown, columns, labels, select)

    def link(**changed: str) -> str:
        return (
            f"{reader.link(address.path, **address.page, **choices.parameters(**changed))}#answer"
        )

    is_linked = len(link()) < _LONGEST_LINK
    page, pages = _page_of(choices, len(rows)) if is_linked and drawn is None else (1, 1)
    first = (page - 1) * PAGE_SIZE
    part = slice(first, first + PAGE_SIZE) if pages > 1 else slice(None)
    table = arrange(shown, labels, formats, part, readable=readable)
    section = Section(
        shown,
        table,
        view,
        drawn=drawn,
        choices=choices,
        all_rows=len(outcome.rows),
        first_row=first + 1,
    )
    if not is_linked:
        return section
    return replace(
        section,
        views=tuple(
            (name, phrase(f"view_{name}", reader.lang), link(view=name)) for name in offered
        )
        if len(offered) > 1
        else (),
        sorted_by=tuple(
            (link(sort=_next_order(each.variable, choices)), _order(each.variable, choices))
            for each in table.columns
        ),
        path=reader.root + address.path,
        kept={**address.page, **choices.parameters(filter="")},
        turns=turns(page, pages, lambda number: link(page=number))
        | ({"all": link(page=ALL_PAGES)} if pages > 1 else {}),
    )


def _page_of(choices: Choices, rows: int) -> tuple[int, int]:
    """Return the number of the page and that of all pages; one beyond the last is the last."""
    pages = 1 if choices.page == ALL_PAGES else pages_of(rows, PAGE_SIZE)
    number = int(choices.page) if choices.page.isdigit() else 1
    return min(number, pages), pages


def _in_words(outcome: Outcome, reader: Reader) -> tuple[Mapping[str, Term], ...]:
    return tuple(
        {name: in_words(value, reader) for name, value in row.items()} for row in outcome.rows
    )


def _data_link(name: str, address: Address, reader: Reader) -> str:
    chosen = {"format": "csv", "excel": "1"} if name == EXCEL else {"format": name}
    return f"{reader.root}{address.path}?{urlencode({**address.data, **chosen})}"


def _order(variable: str, choices: Choices) -> str:
    if choices.sort.removeprefix("-") != variable:
        return ""
    return "descending" if choices.sort.startswith("-") else "ascending"


def _next_order(variable: str, choices: Choices) -> str:
    """Return the order after this one: ascending, descending, and then as the query has it."""
    return {"": variable, "ascending": f"-{variable}", "descending": ""}[_order(variable, choices)]


def results_page(
    context: Context,
    result: tuple[str, bytes, int],
    reader: Reader,
    query: str,
    warnings: tuple[str, ...] = (),
    choices: Choices = NO_CHOICES,
) -> Document:
    """Return the page with the result of a query: form, result and milliseconds.

    See `read_outcome`.
    """
    remarks = tuple(dict.fromkeys(each.text for each in advise(context, query, reader)))
    outcome = replace(read_outcome(*result), warnings=warnings, remarks=remarks)
    captions = read_captions(context.select, outcome.iris())
    text = render_results(query, outcome, Labels(captions, reader), context.select, choices)
    return html_document(text, reader)


def render_results(
    text: str, outcome: Outcome, labels: Labels, select: Select, choices: Choices = NO_CHOICES
) -> str:
    """Render the result of the query `text` under its form."""
    formats = GRAPH_FORMATS if outcome.graph is not None else TABLE_FORMATS
    address = Address("/sparql", {"query": text}, {"query": text, "format": "html"}, formats)
    section = result_section(outcome, labels, select, choices, address)
    return render_query_form(labels.reader, text, section)


def render_query_form(
    reader: Reader, text: str = DEFAULT_QUERY, section: Section | None = None
) -> str:
    """Render the page with the query form, alone or with the result of the query `text`."""
    return render("results.html", reader, text=text, section=section)
