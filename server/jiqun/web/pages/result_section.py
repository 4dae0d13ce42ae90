"""The section of a page with a result: view, filter, order, and the forms for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode

from jiqun.language import Reader
from jiqun.query.solutions import Select
from jiqun.web.pages.cells import Labels
from jiqun.web.pages.rendering import phrase
from jiqun.web.pages.result_choices import NO_CHOICES, Choices, apply_choices
from jiqun.web.pages.result_pictures import Drawn, draw_view, offered_views, read_columns
from jiqun.web.pages.result_table import Outcome, ResultTable, arrange

EXCEL: Final = "excel"
"""The name of the format for spreadsheets: CSV with a byte order mark."""

_LONGEST_LINK: Final = 6000


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
    that the form of the filter sends along. Without an address short enough for links there are
    none of these.
    """

    outcome: Outcome
    table: ResultTable
    view: str
    views: tuple[tuple[str, str, str], ...] = ()
    drawn: Drawn | None = None
    sorted_by: tuple[tuple[str, str], ...] = ()
    choices: Choices = NO_CHOICES
    path: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)
    all_rows: int = 0


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
    table = arrange(shown, labels, formats, readable=readable)
    is_empty = not rows and outcome.graph is None
    drawn = None if view == "table" or is_empty else draw_view(view, shown, columns, labels, select)

    def link(**changed: str) -> str:
        return (
            f"{reader.link(address.path, **address.page, **choices.parameters(**changed))}#answer"
        )

    section = Section(shown, table, view, drawn=drawn, choices=choices, all_rows=len(outcome.rows))
    if len(link()) >= _LONGEST_LINK:
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
