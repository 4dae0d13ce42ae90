"""The comparison of clusters by a metric: comparable figures on one axis, the others separate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from jiqun.language import Reader
from jiqun.rdf.formats import SVG
from jiqun.rdf.namespaces import ID
from jiqun.web.documents import Context, Document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Cell, Labels, plain, slug_of
from jiqun.web.pages.figures_page import (
    FigureEntry,
    figure_dot,
    figure_entry,
    kinds_of,
    read_figure_list,
)
from jiqun.web.pages.listing import (
    Listing,
    Selection,
    address_of,
    check,
    chosen,
    options,
    picture_file,
)
from jiqun.web.pages.rendering import address, html_document, phrase, render
from jiqun.web.pictures.amount_charts import Axis, DotGroup, GoalFlag, draw_dots
from jiqun.web.pictures.drawing import FILE_WIDTH, PAGE, Paper, Picture, Sheet

GROUPS: Final = ("comparable", "undated", "subset", "place", "other")
"""The groups of figures, in order; phrases explain why all but the first are separate."""

_USUAL: Final = "output-value"
_MOST: Final = 60
"""Maximum number of figures in a group; the largest are shown."""


@dataclass(frozen=True)
class ComparedRow:
    """A row of the table below a picture; the same figure as one of its marks."""

    subject: tuple[Cell, ...]
    amount: Cell
    whole: str
    period: tuple[Cell, ...]
    population: str
    words: Cell


@dataclass(frozen=True)
class ComparedGroup:
    """A group on the page: the number of its figures, and those that are shown."""

    name: str
    heading: str
    reason: str
    count: int
    picture: Picture
    rows: tuple[ComparedRow, ...]


def group_of(each: FigureEntry, labels: Labels) -> str:
    """Return the group of a figure, by what it counts and whether its period is stated."""
    kind = kinds_of(labels, each.about)
    if kind != "cluster":
        return "place" if kind == "place" else "other"
    if each.whole or each.enterprise_class or each.member_place:
        return "subset"
    return "comparable" if each.period else "undated"


def compare_document(
    context: Context, reader: Reader, choice: Choice, selection: Selection, origin: str
) -> Document:
    """Return the comparison as a page or a picture; raises `BadParameter`.

    The facets of the selection are a metric, by default one that many clusters have, a period and a
    bound.
    """
    known = context.once(read_figure_list)
    labels = Labels(known.captions, reader)
    figures = {each.iri: each for each in known.figures if each.number is not None}
    entries = tuple(figure_entry(each, labels) for each in figures.values())
    every = Listing("compare", (), entries, labels)
    selection = check(every, _with_metric(selection, figures.values()))
    only_metric = replace(selection, facets=selection.facets[:1])
    of_metric = chosen(every, only_metric)
    unit = _most(Counter(figures[each.iri].unit for each in of_metric))
    measured = [each for each in of_metric if figures[each.iri].unit == unit]
    left = [figures[each.iri] for each in chosen(replace(every, entries=measured), selection)]
    metric = f"{ID}{dict(selection.facets).get('metric', '')}" if figures else ""
    groups = {
        name: members
        for name in GROUPS
        if (members := _sorted([each for each in left if group_of(each, labels) == name], labels))
    }
    aims = [each for each in known.goals if each.metric == metric and each.unit == unit]
    dots = {name: _dots(name, members, labels) for name, members in groups.items()}
    flags = [_flag(each, labels) for each in aims]
    axis = Axis.of([each.value for group in dots.values() for each in group.dots], unit)

    def draw(
        name: str, drawn: Sequence[DotGroup], goals: Sequence[GoalFlag], paper: Paper = PAGE
    ) -> Picture:
        metric_name = labels.resource(metric).text.value
        title = phrase("compare_title", reader.lang, metric_name[:1].upper() + metric_name[1:])
        sheet = Sheet(name, title, phrase("dots_about", reader.lang), reader, paper)
        return draw_dots(sheet, drawn, unit, goals, axis)

    if choice.format == SVG:
        picture = draw("comparison", list(dots.values()), flags, Paper(FILE_WIDTH))
        return picture_file(picture if dots or flags else None, "comparison", reader, origin)
    narrowing = options(replace(every, entries=measured), selection, ("period", "bound"))
    text = render(
        "compare.html",
        reader,
        metric=labels.resource(metric) if metric else None,
        options={
            **options(every, only_metric, ("metric",)),
            "period": sorted(narrowing["period"], key=lambda each: each.key),
            "bound": narrowing["bound"],
        },
        groups=[
            ComparedGroup(
                name,
                group.heading,
                group.reason,
                len(groups[name]),
                draw(f"dots-{name}", [replace(group, heading="", reason="")], ()),
                tuple(_row(each, labels) for each in groups[name][:_MOST]),
            )
            for name, group in dots.items()
        ],
        goals=[(_row(each, labels), each.deadline(reader)) for each in aims],
        flags=draw("flags", (), flags) if flags else None,
        other_units=len(of_metric) - len(measured),
        svg=address_of(every, selection, {"format": "svg"}),
        all_figures=reader.link("/figures", metric=slug_of(metric)) if metric else "",
    )
    return html_document(text, reader)


def _with_metric(selection: Selection, figures: Iterable[FigureEntry]) -> Selection:
    """Return a selection with its metric first: the requested one, else the usual one."""
    asked = dict(selection.facets)
    metric = asked.pop("metric", "").removeprefix("id:").removeprefix(ID)
    counts = Counter(slug_of(each.metric) for each in figures)
    usual = _USUAL if _USUAL in counts else _most(counts)
    return replace(selection, facets=(("metric", metric or usual), *asked.items()))


def _most(counts: Counter[str]) -> str:
    return max(counts, key=lambda each: (counts[each], each), default="")


def _sorted(figures: Sequence[FigureEntry], labels: Labels) -> list[FigureEntry]:
    return sorted(
        figures, key=lambda each: (-(each.number or 0), labels.label(each.about).value, each.iri)
    )


def _dots(name: str, members: Sequence[FigureEntry], labels: Labels) -> DotGroup:
    lang = labels.reader.lang
    reason = phrase(f"group_{name}_why", lang)
    if len(members) > _MOST:
        reason += phrase("group_cut", lang, str(_MOST))
    dots = (figure_dot(each, labels) for each in members[:_MOST])
    return DotGroup(
        phrase(f"group_{name}", lang),
        reason,
        tuple(dot for dot in dots if dot is not None),
        hatched=name == "undated",
    )


def _flag(goal: FigureEntry, labels: Labels) -> GoalFlag:
    amount = f"{goal.amount(labels).text} {goal.deadline(labels.reader)}".rstrip()
    return GoalFlag(labels.resource(goal.about).text, amount, goal.words_at(labels))


def _row(each: FigureEntry, labels: Labels) -> ComparedRow:
    reader = labels.reader
    amount = each.amount(labels)
    undated = (plain(phrase("not_stated", reader.lang), reader),)
    quoted = each.words if each.words.value else plain(phrase("words", reader.lang), reader).text
    return ComparedRow(
        labels.resources(each.about),
        plain(amount.text, reader, address(each.iri, reader)),
        amount.whole,
        labels.resources(each.period) if each.period else undated,
        labels.label(each.population).value if each.population else "",
        Cell("text", quoted, each.words_at(labels)),
    )
