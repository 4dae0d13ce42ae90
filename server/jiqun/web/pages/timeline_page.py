"""The timeline: lists, rounds, plans, goals and sources in lanes, and what applies at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from jiqun.errors import BadParameter, shorten
from jiqun.language import Reader, Text
from jiqun.rdf.formats import HTML, SVG
from jiqun.web.documents import Context, Document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Labels
from jiqun.web.pages.listing import Shown, picture_file, said, shown
from jiqun.web.pages.rendering import address, html_document, phrase, render
from jiqun.web.pages.time_facts import (
    LANES,
    Happening,
    read_happening_names,
    read_happenings,
    read_source_years,
    span_of,
    time_text,
)
from jiqun.web.pictures.drawing import FILE_WIDTH, PAGE, Paper, Picture
from jiqun.web.pictures.time_lanes import Lane, Span, draw_lanes, read_period

PICTURE_FORMS: Final = (HTML, SVG)
_SHOWN_YEARS: Final = 12


@dataclass(frozen=True)
class TimelineRow:
    """A row of the table below the picture."""

    lane: str
    name: tuple[Shown, ...]
    time: Shown
    holds: bool


def timeline_document(
    context: Context, reader: Reader, choice: Choice, at: str, origin: str
) -> Document:
    """Return the timeline; `at` is a year, month or day to mark. Raises `BadParameter`."""
    period = read_time(at) if at else None
    happenings = context.once(read_happenings)
    labels = Labels(context.once(read_happening_names), reader)
    years = context.once(read_source_years)[-_SHOWN_YEARS:]
    if choice.format == SVG:
        paper = Paper(FILE_WIDTH)
        picture = _draw(happenings, years, labels, period, paper)
        return picture_file(picture, "timeline", reader, origin)
    rows = [
        TimelineRow(
            each.lane,
            shown(labels, each.iri),
            said(time_text(each, labels), reader, address(each.passage or each.iri, reader)),
            period is not None and each.covers(*period),
        )
        for each in sorted(happenings, key=_order)
    ]
    changes = {"at": at} if at else {}
    text = render(
        "timeline.html",
        reader,
        at=at,
        period=period,
        picture=_draw(happenings, years, labels, period, PAGE),
        holding=[row for row in rows if row.holds],
        lanes=[(lane, [row for row in rows if row.lane == lane]) for lane in LANES],
        years=[(year, count, reader.link("/queries/sources-by-year")) for year, count in years],
        svg=reader.link("/timeline", **changes, format="svg"),
        near=[str(year) for year in _near(happenings)],
    )
    return html_document(text, reader)


def read_time(text: str) -> tuple[date, date]:
    """Return the first and last day of a year, month or day; raises `BadParameter`."""
    period = read_period(text.strip())
    if period is None:
        raise BadParameter(
            f"at={shorten(text)} is not a time. Write a year, a month or a day, such as 2028, "
            "2028-05 or 2028-05-31."
        )
    return period


def _draw(
    happenings: tuple[Happening, ...],
    years: list[tuple[int, int]],
    labels: Labels,
    period: tuple[date, date] | None,
    paper: Paper,
) -> Picture:
    reader = labels.reader
    lanes = []
    for lane in LANES:
        spans = tuple(span_of(each, labels) for each in happenings if each.lane == lane)
        if spans:
            lanes.append(Lane(Text(phrase(f"lane_of_{lane}", reader.lang), reader.lang), spans))
    if years:
        href = reader.link("/queries/sources-by-year")
        counted = tuple(
            Span(
                Text(str(count)),
                f"{year}: {Decimal(count):,} {phrase('count_sources', reader.lang)}",
                date(year, 1, 1),
                date(year, 12, 31),
                href,
            )
            for year, count in years
        )
        lanes.append(Lane(Text(phrase("lane_of_sources", reader.lang), reader.lang), counted))
    title = phrase("nav_timeline", reader.lang)
    about = phrase("timeline_about", reader.lang)
    return draw_lanes("timeline", title, about, lanes, reader, at=period, paper=paper)


def _near(happenings: tuple[Happening, ...]) -> list[int]:
    """Return the years with entries, for links."""
    return sorted({day.year for each in happenings for day in (each.start, each.end) if day})


def _order(each: Happening) -> tuple[bool, date, str]:
    moment = each.start or each.end
    return moment is None, moment or date.min, each.iri
