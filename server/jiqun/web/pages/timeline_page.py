"""Dated things with the passages that date them, and the timeline: what applies at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from jiqun.errors import BadParameter, shorten
from jiqun.language import Reader, Text
from jiqun.query.solutions import Row, Select
from jiqun.rdf.formats import HTML, SVG
from jiqun.rdf.namespaces import KG, SOURCE, prologue
from jiqun.web.documents import Context, Document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Caption, Cell, Labels, plain, read_captions
from jiqun.web.pages.listing import picture_file
from jiqun.web.pages.rendering import address, html_document, phrase, render
from jiqun.web.pictures.drawing import FILE_WIDTH, PAGE, Paper, Picture, Sheet
from jiqun.web.pictures.time_lanes import Lane, Span, draw_lanes, read_period

LANES: Final = {
    "lists": ("DesignationList",),
    "rounds": ("SelectionRound",),
    "plans": ("PolicyDocument", "Programme", "Strategy", "CoordinationMechanism", "Initiative"),
    "goals": ("Goal", "Intention"),
}
"""The classes of each lane; a thing is in the first lane with one of its classes."""

_CLASSES: Final = " ".join(f"kg:{each}" for classes in LANES.values() for each in classes)
_RELATIONS: Final = {
    f"{KG}issuedDuring": "issued",
    f"{KG}planPeriod": "plan_period",
    f"{KG}since": "since",
    f"{KG}period": "during",
}
_THINGS: Final = f"""{prologue("kg")}
SELECT DISTINCT ?thing ?class WHERE {{
  VALUES ?class {{ {_CLASSES} }}
  ?thing a ?class .
}} ORDER BY ?thing ?class"""
_TIMES: Final = f"""{prologue("kg")}
SELECT DISTINCT ?thing ?relation ?start ?end ?passage WHERE {{
  VALUES ?relation {{ kg:issuedDuring kg:planPeriod kg:since kg:period }}
  GRAPH ?passage {{ ?thing ?relation ?period }}
  FILTER (STRSTARTS(STR(?passage), "{SOURCE}"))
  ?period a kg:Period .
  OPTIONAL {{ ?period kg:periodStart ?start }}
  OPTIONAL {{ ?period kg:periodEnd ?end }}
}} ORDER BY ?thing ?relation ?start ?end ?passage"""
_PASSAGES: Final = f"""{prologue("kg")}
SELECT ?thing (MIN(STR(?passages)) AS ?passage) WHERE {{
  VALUES ?class {{ {_CLASSES} }}
  GRAPH ?passages {{ ?thing a ?class }}
  FILTER (STRSTARTS(STR(?passages), "{SOURCE}"))
}} GROUP BY ?thing ORDER BY ?thing"""
_YEARS: Final = f"""{prologue("kg", "dcterms")}
SELECT ?year (COUNT(DISTINCT ?source) AS ?count) WHERE {{
  ?source a kg:Source ; dcterms:issued ?issued .
  BIND (SUBSTR(STR(?issued), 1, 4) AS ?year)
}} GROUP BY ?year ORDER BY ?year"""
_FIRST_YEAR: Final = 1900
PICTURE_FORMS: Final = (HTML, SVG)
_SHOWN_YEARS: Final = 12


@dataclass(frozen=True)
class Happening:
    """A thing of a lane with one of its times; without a time, `relation` is empty."""

    iri: str
    lane: str
    relation: str
    start: date | None
    end: date | None
    passage: str

    @property
    def is_goal(self) -> bool:
        """Whether it is a goal."""
        return self.lane == "goals"

    def covers(self, first: date, last: date) -> bool:
        """Whether it holds or happens between two days, as far as is known.

        Without a start, it counts only at its end, since the start is unknown.
        """
        if self.start is None:
            return self.end is not None and first <= self.end <= last
        return self.start <= last and (self.end is None or first <= self.end)


def read_happenings(select: Select) -> tuple[Happening, ...]:
    """Read all things with lanes, once for each of their times."""
    lane_of = {f"{KG}{name}": lane for lane, names in LANES.items() for name in names}
    order = list(LANES)
    lanes: dict[str, str] = {}
    for row in select(_THINGS):
        lane, iri = lane_of[row["class"].value], row["thing"].value
        lanes[iri] = min(lanes.get(iri, lane), lane, key=order.index)
    times: dict[str, list[Row]] = {}
    for row in select(_TIMES):
        times.setdefault(row["thing"].value, []).append(row)
    proofs = {
        row["thing"].value: row["passage"].value for row in select(_PASSAGES) if "thing" in row
    }
    found = []
    for iri, lane in lanes.items():
        rows = times.get(iri, [])
        if not rows:
            found.append(Happening(iri, lane, "", None, None, proofs.get(iri, "")))
        seen = set()
        for row in rows:
            relation = _RELATIONS[row["relation"].value]
            start, end = day(row["start"].value if "start" in row else ""), None
            if relation != "since" or start is None:
                end = day(row["end"].value if "end" in row else "")
            if (relation, start, end) not in seen:
                seen.add((relation, start, end))
                found.append(Happening(iri, lane, relation, start, end, row["passage"].value))
    return tuple(found)


def read_source_years(select: Select) -> list[tuple[int, int]]:
    """Read how many sources are of each year."""
    return [
        (int(row["year"].value), int(row["count"].value))
        for row in select(_YEARS)
        if "year" in row and row["year"].value.isdecimal() and int(row["year"].value) > _FIRST_YEAR
    ]


def span_of(each: Happening, labels: Labels) -> Span:
    """Return the span of a happening; its mark links to the words that date it."""
    reader = labels.reader
    name = labels.resource(each.iri).text
    tooltip = " · ".join((name.value, time_text(each, labels)))
    return Span(
        Text(name.value, name.lang),
        tooltip,
        each.start,
        each.end,
        address(each.passage or each.iri, reader),
        planned=each.relation == "plan_period",
        goal=each.is_goal,
    )


def time_text(each: Happening, labels: Labels) -> str:
    """Return the time of a happening as text."""
    lang = labels.reader.lang
    if not each.relation:
        return phrase("lane_undated", lang)
    first, last = (day.isoformat() if day else "" for day in (each.start, each.end))
    relation = phrase("deadline" if each.is_goal else f"time_{each.relation}", lang)
    if each.is_goal or not first:
        return f"{relation} {phrase('until', lang, last)}" if last else relation
    if first == last:
        return f"{relation} {first}"
    return f"{relation} {first} – {last or '…'}"


def day(text: str) -> date | None:
    """Read a day in ISO 8601; None for anything else."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def read_happening_names(select: Select) -> dict[str, Caption]:
    """Read the captions of all happenings."""
    return read_captions(select, sorted({each.iri for each in read_happenings(select)}))


@dataclass(frozen=True)
class TimelineRow:
    """A row of the table below the picture."""

    lane: str
    name: tuple[Cell, ...]
    time: Cell
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
            labels.resources(each.iri),
            plain(time_text(each, labels), reader, address(each.passage or each.iri, reader)),
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
    return draw_lanes(Sheet("timeline", title, about, reader, paper), lanes, period)


def _near(happenings: tuple[Happening, ...]) -> list[int]:
    """Return the years with entries, for links."""
    return sorted({day.year for each in happenings for day in (each.start, each.end) if day})


def _order(each: Happening) -> tuple[bool, date, str]:
    moment = each.start or each.end
    return moment is None, moment or date.min, each.iri
