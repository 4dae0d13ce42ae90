"""Figures and goals with their words, and the list of figures.

The list draws dots along one axis where one metric is chosen, else counts by metric.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from jiqun.language import Reader, Text
from jiqun.query.solutions import Row, Select
from jiqun.rdf.namespaces import ID, KG, SOURCE, prologue
from jiqun.web.documents import Context, Document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Caption, Cell, Labels, plain, read_captions, slug_of, text_of
from jiqun.web.pages.listing import Column, Entry, Listing, Selection, list_document
from jiqun.web.pages.rendering import address, pages_of, phrase
from jiqun.web.pictures.amount_charts import Dot, DotGroup, counted, draw_dots, draw_nested_bars
from jiqun.web.pictures.certainty import Amount, known_bound, read_number, write_amount
from jiqun.web.pictures.drawing import PAGE, Paper, Picture, Sheet

_PREFIXES: Final = prologue("kg", "id")
_FIGURES: Final = f"""{_PREFIXES}
SELECT ?figure ?about ?metric ?value ?bound ?unit ?period ?year ?population ?whole
  ?enterprise_class ?member_place ?words ?passage
WHERE {{
  ?figure a kg:Observation ; kg:about ?about ; kg:metric ?metric ; kg:value ?value ;
    kg:bound ?bound ; kg:unit ?unit .
  OPTIONAL {{ ?figure kg:period ?period }}
  OPTIONAL {{ ?figure kg:periodYear ?year }}
  OPTIONAL {{
    ?figure kg:population ?population .
    OPTIONAL {{ ?population kg:subsetOf ?whole }}
    OPTIONAL {{ ?population kg:enterpriseClass ?enterprise_class }}
    OPTIONAL {{ ?population kg:memberPlace ?member_place }}
  }}
  OPTIONAL {{ ?figure kg:wording ?words }}
  OPTIONAL {{ ?figure kg:statedIn ?passage }}
}}
ORDER BY ?figure ?passage ?whole ?enterprise_class ?member_place ?words
"""
_GOALS: Final = f"""{_PREFIXES}
SELECT ?figure ?about ?metric ?value ?bound ?unit ?period ?end ?words ?passage
WHERE {{
  ?figure a kg:Goal ; kg:about ?about ; kg:targetMetric ?metric ; kg:targetValue ?value ;
    kg:targetUnit ?unit .
  OPTIONAL {{ ?figure kg:targetBound ?bound }}
  OPTIONAL {{ ?figure kg:period ?period . OPTIONAL {{ ?period kg:periodEnd ?end }} }}
  OPTIONAL {{ ?figure kg:wording ?words }}
  OPTIONAL {{ ?figure kg:statedIn ?passage }}
}}
ORDER BY ?figure ?passage ?words
"""
_KINDS: Final = {
    "cluster": "Cluster NationalCluster CandidateCluster",
    "place": (
        "Region AdministrativeDivision EconomicRegion ProvinceLevelDivision "
        "PrefectureLevelDivision CountyLevelDivision"
    ),
    "company": "Company Brand",
    "group": "DesignationList SelectionRound",
}
"""What figures are about, by the classes of these things."""

_FIELDS: Final = (
    *("about", "metric", "value", "unit", "year", "population", "whole"),
    *("enterprise_class", "member_place", "end"),
)
"""The fields of figures that are as the variables of the queries."""

_NAMED: Final = (
    *("about", "metric", "unit", "period", "population", "whole", "enterprise_class", "source"),
)
"""The fields of figures that are shown by their labels."""

NO_PERIOD: Final = f"{ID}period-not-stated"
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
"""Figures on a page of chosen ones, and dots in its picture; the picture as a file has all."""

_UNCHOSEN: Final = 75
"""Figures on a page as long as nothing is chosen."""


@dataclass(frozen=True)
class FigureEntry:
    """A figure, or a goal with a figure; resources by IRI.

    `value` is the number as the graph has it, `bound` a slug. `whole` is the stated superset of the
    counted set; `enterprise_class` what its members are besides being of the subject;
    `member_place` the place of the subject that it is confined to; `end` the deadline of a goal
    (ISO date); all of them may be empty.
    """

    iri: str
    about: str
    metric: str
    value: str
    bound: str
    unit: str
    period: str
    year: str
    population: str
    whole: str
    enterprise_class: str
    member_place: str
    words: Text
    passage: str
    end: str = ""

    @property
    def number(self) -> Decimal | None:
        """The value as a number."""
        return read_number(self.value)

    @property
    def source(self) -> str:
        """The source of its passage."""
        return self.passage.partition("#")[0]

    def amount(self, labels: Labels) -> Amount:
        """Return the figure as text."""
        unit = labels.label(self.unit)
        return write_amount(self.value, self.unit, unit, self.bound, labels.reader)

    def deadline(self, reader: Reader) -> str:
        """Return until when a goal is set, as text; empty where that is not stated."""
        return phrase("until", reader.lang, self.end) if self.end else ""

    def words_at(self, labels: Labels) -> str | None:
        """Return the URL of its words: the passage, or else the figure."""
        return address(self.passage or self.iri, labels.reader)


def kinds_of(labels: Labels, iri: str) -> str:
    """Return what a figure is about: "cluster", "place", "company", "group" or "other"."""
    types = {each.removeprefix(KG) for each in labels.types(iri)}
    return next((kind for kind, names in _KINDS.items() if types & {*names.split()}), "other")


@dataclass(frozen=True)
class FigureList:
    """All figures, all goals with a figure, and captions of all but passages."""

    figures: tuple[FigureEntry, ...]
    goals: tuple[FigureEntry, ...]
    captions: Mapping[str, Caption]


def read_figure_list(select: Select) -> FigureList:
    """Read all figures and goals in the order of their IRIs, with names."""
    figures, goals = _entries(select(_FIGURES)), _entries(select(_GOALS))
    iris = {
        iri
        for each in (*figures, *goals)
        for iri in (*(getattr(each, name) for name in _NAMED), f"{ID}{each.bound}")
        if iri
    }
    return FigureList(figures, goals, read_captions(select, sorted(iris)))


def _entries(rows: Sequence[Row]) -> tuple[FigureEntry, ...]:
    found: dict[str, FigureEntry] = {}
    for row in rows:
        iri = row["figure"].value
        if iri in found:  # further words, passages or wholes of the same figure
            continue

        def value(name: str, row: Row = row) -> str:
            return row[name].value if name in row else ""

        passage, period = value("passage"), value("period")
        found[iri] = FigureEntry(
            iri,
            **{name: value(name) for name in _FIELDS},
            bound=known_bound(slug_of(value("bound"))),
            period="" if period == NO_PERIOD else period,
            words=text_of(row["words"]) if "words" in row else Text(""),
            passage=passage if passage.startswith(SOURCE) else "",
        )
    return tuple(found.values())


def figures_document(
    context: Context, reader: Reader, choice: Choice, selection: Selection, origin: str
) -> Document:
    """Return the list of figures; raises `BadParameter`."""
    known = context.once(read_figure_list)
    figures, labels = known.figures, Labels(known.captions, reader)
    by_iri = {each.iri: each for each in figures}
    entries = sorted((figure_entry(each, labels) for each in figures), key=_order)

    def draw(left: Sequence[Entry], paper: Paper) -> Picture | None:
        members = [by_iri[each.iri] for each in left]
        if len({(each.metric, each.unit) for each in members}) != 1:
            return _counts(members, labels, paper)
        if paper == PAGE:
            page = min(selection.page, pages_of(len(members), page_size))
            members = members[(page - 1) * page_size : page * page_size]
        return _dots(members, labels, paper)

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
    group = DotGroup("", "", tuple(dots))
    return draw_dots(Sheet("dots", metric, about, reader, paper), [group], members[0].unit)


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
        bars.append(counted(labels.resource(metric).text, count, text, href))
    return draw_nested_bars(Sheet.of("counts", "figures_by_metric", reader, paper), bars)


def _totals(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    return [
        ("total_subjects", len({key for each in entries for key in each.values["about"]})),
        ("total_undated", sum(each.values["period"] == ("undated",) for each in entries)),
        ("total_bounded", sum(each.values["bound"] != ("exact",) for each in entries)),
    ]


def figure_entry(each: FigureEntry, labels: Labels) -> Entry:
    """Return the entry of a figure in a list."""
    reader = labels.reader
    amount = each.amount(labels)
    words = each.words_at(labels)
    year = each.year or ("undated" if not each.period else "several-years")
    return Entry(
        each.iri,
        {
            "about": labels.resources(each.about),
            "metric": labels.resources(each.metric),
            "amount": (plain(amount.text, reader, address(each.iri, reader)),),
            "period": labels.resources(each.period)
            if each.period
            else (plain(phrase("not_stated", reader.lang), reader),),
            "population": (Cell("text", labels.label(each.population)),) if each.population else (),
            "words": (Cell("text", each.words, words),) if each.words.value else (),
            "source": labels.resources(each.source) if each.source else (),
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
