"""The list of figures: dots along one axis where one metric is chosen, else counts by metric."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from jiqun.language import Reader
from jiqun.web.documents import Context, Document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Labels, slug_of
from jiqun.web.pages.figure_facts import FigureEntry, kinds_of, read_figure_list
from jiqun.web.pages.listing import (
    Column,
    Entry,
    Listing,
    Selection,
    Shown,
    list_document,
    said,
    shown,
)
from jiqun.web.pages.rendering import address, phrase
from jiqun.web.pictures.amounts import Amount
from jiqun.web.pictures.dot_plot import Dot, DotGroup, draw_dots
from jiqun.web.pictures.drawing import Paper, Picture
from jiqun.web.pictures.nested_bars import Bar, draw_nested_bars

_COLUMNS: Final = (
    Column("about"),
    Column("metric"),
    Column("amount", numeric=True),
    Column("period"),
    Column("population"),
    Column("words"),
    Column("source"),
)
_BARS: Final = 12
_MOST: Final = 100
"""Maximum number of dots in a picture."""

_UNCHOSEN: Final = 75
"""Figures on a page as long as nothing is chosen."""


def figures_document(
    context: Context, reader: Reader, choice: Choice, selection: Selection, origin: str
) -> Document:
    """Return the list of figures; raises `BadParameter`."""
    known = context.once(read_figure_list)
    figures, labels = known.figures, Labels(known.captions, reader)
    by_iri = {each.iri: each for each in figures}
    entries = sorted((_entry(each, labels) for each in figures), key=_order)

    def draw(left: Sequence[Entry], paper: Paper) -> Picture | None:
        members = [by_iri[each.iri] for each in left]
        if len({(each.metric, each.unit) for each in members}) == 1:
            return _dots(members, labels, paper)
        return _counts(members, labels, paper)

    # A picture of the figures themselves has its table on the same page.
    page_size = _MOST if any(value for _, value in selection.facets) else _UNCHOSEN
    listing = Listing("figures", _COLUMNS, tuple(entries), labels, page_size)
    return list_document(listing, selection, choice, draw, origin, _totals)


def figure_note(each: FigureEntry, labels: Labels) -> str:
    """Return what a figure counts and when, for its label."""
    parts = [labels.label(iri).value for iri in (each.population, each.period) if iri]
    return " · ".join(part for part in parts if part)


def figure_dot(each: FigureEntry, labels: Labels) -> Dot | None:
    """Return the dot of a figure; None when its value is not a number."""
    number = each.number
    if number is None:
        return None
    label = labels.resource(each.about).text
    return Dot(
        label,
        figure_note(each, labels),
        number,
        each.bound,
        each.amount(labels),
        each.words_at(labels),
    )


def _dots(members: Sequence[FigureEntry], labels: Labels, paper: Paper) -> Picture | None:
    reader = labels.reader
    dots = [dot for each in members if (dot := figure_dot(each, labels)) is not None]
    dots.sort(key=lambda dot: (-dot.value, dot.label.value))
    metric = labels.label(members[0].metric).value
    about = phrase("dots_about", reader.lang)
    return draw_dots(
        "dots",
        metric,
        about,
        [DotGroup("", "", tuple(dots[:_MOST]))],
        members[0].unit,
        reader,
        paper=paper,
    )


def _counts(members: Sequence[FigureEntry], labels: Labels, paper: Paper) -> Picture | None:
    if not members:
        return None
    reader = labels.reader
    counts = Counter(each.metric for each in members)
    bars = []
    for metric, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_BARS]:
        key = "shown_figures_one" if count == 1 else "shown_figures"
        text = f"{count:,} {phrase(key, reader.lang)}"
        href = reader.link("/figures", metric=slug_of(metric))
        bars.append(
            Bar(
                labels.resource(metric).text,
                Decimal(count),
                "exact",
                Amount(text, text, text),
                href,
            )
        )
    title = phrase("figures_by_metric", reader.lang)
    about = phrase("figures_by_metric_about", reader.lang)
    return draw_nested_bars("counts", title, about, bars, reader, paper=paper)


def _totals(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    return [
        ("total_subjects", len({key for each in entries for key in each.values["about"]})),
        ("total_undated", sum(each.values["period"] == ("undated",) for each in entries)),
        ("total_bounded", sum(each.values["bound"] != ("exact",) for each in entries)),
    ]


def _entry(each: FigureEntry, labels: Labels) -> Entry:
    reader = labels.reader
    amount = each.amount(labels)
    words = each.words_at(labels)
    year = each.year or ("undated" if not each.period else "several-years")
    return Entry(
        each.iri,
        {
            "about": shown(labels, each.about),
            "metric": shown(labels, each.metric),
            "amount": (said(amount.text, reader, address(each.iri, reader)),),
            "period": shown(labels, each.period)
            if each.period
            else (said(phrase("not_stated", reader.lang), reader),),
            "population": (Shown(labels.label(each.population)),) if each.population else (),
            "words": (Shown(each.words, words),) if each.words.value else (),
            "source": shown(labels, each.source) if each.source else (),
        },
        {
            "metric": (slug_of(each.metric),),
            "kind": (kinds_of(labels, each.about),),
            "bound": (each.bound,),
            "period": (year,),
            "about": (slug_of(each.about),),
        },
        {"amount": float(each.number or 0)},
    )


def _order(entry: Entry) -> tuple[str, str, float]:
    about, metric = (entry.cells[key][0].text.value for key in ("about", "metric"))
    return about, metric, -entry.ranks["amount"]
