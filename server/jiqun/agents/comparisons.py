"""Figures of one metric, with warnings about what must not be compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from pyoxigraph import NamedNode

from jiqun.agents.tools import Compare, Comparison, Figure
from jiqun.errors import NotFound, shorten
from jiqun.language import Reader
from jiqun.query.solutions import Row
from jiqun.rdf.namespaces import ID, SOURCE, compact, prologue
from jiqun.web.documents import Context
from jiqun.web.linked_data.thing_names import expand, find_thing, nearest
from jiqun.web.pages.cells import Labels, read_captions

MOST_FIGURES: Final = 100
_HEAD: Final = prologue("kg", "skos", "rdfs")
_METRICS: Final = f"""{_HEAD}SELECT ?metric ?label WHERE {{
  ?metric a kg:Metric ; skos:prefLabel|skos:altLabel|rdfs:label ?label
}}"""
_FIGURES: Final = f"""{_HEAD}
SELECT ?figure ?thing ?value ?bound ?unit ?period ?population ?words ?passage WHERE {{
  GRAPH ?passage {{ ?figure kg:metric ?metric ; kg:value ?value }}
  ?figure kg:about ?thing ; kg:bound ?bound ; kg:unit ?unit ; kg:periodDimension ?period ;
    kg:populationDimension ?population .
  OPTIONAL {{ GRAPH ?passage {{ ?figure kg:wording ?words }} }}
}}"""
_GOALS: Final = f"""{_HEAD}SELECT ?goal ?thing ?words WHERE {{
  ?goal kg:targetMetric ?metric ; kg:about ?thing .
  OPTIONAL {{ ?goal kg:wording ?words }}
}}"""
_DISAGREE: Final = f"""{_HEAD}SELECT DISTINCT ?figure ?other WHERE {{
  ?figure kg:metric ?metric ; kg:disagreesWith ?other . FILTER (STR(?figure) < STR(?other))
}}"""
_PARTS: Final = ("thing", "bound", "unit", "period", "population")
_EXACT: Final = f"{ID}exact"
_NO_PERIOD: Final = f"{ID}period-not-stated"


def compare(context: Context, given: Compare) -> Comparison:
    """Return the figures of a metric, about these things or about all.

    Raises `NotFound` for unknown arguments, and when there is no figure.
    """
    metric = _find_metric(context, given.metric)
    bound = {"metric": str(NamedNode(metric))}
    wanted = {find_thing(context, each, given.lang).iri for each in given.things}
    rows = _about(context.select(_FIGURES, bound), wanted)
    goals = _about(context.select(_GOALS, bound), wanted)
    if not rows and not goals:
        raise NotFound(_nothing(context, metric, wanted))
    iris = {row[part].value for row in rows for part in _PARTS}
    iris |= {row[name].value for row in goals for name in ("goal", "thing")}
    labels = Labels(read_captions(context.select, sorted(iris)), Reader(given.lang))
    rows.sort(key=lambda row: [labels.name(row[part].value) for part in _PARTS])
    clashes = {(r["figure"].value, r["other"].value) for r in context.select(_DISAGREE, bound)}
    comparison = Comparison(
        figures=[_figure(row, labels) for row in rows[:MOST_FIGURES]],
        goals=sorted({_goal(row, labels) for row in goals}),
        do_not_compare=list(_warnings(rows, goals, labels, clashes)),
    )
    if len(rows) > MOST_FIGURES:
        comparison["do_not_compare"].append(
            f"{len(rows)} figures were found, {MOST_FIGURES} are shown; specify things."
        )
    return comparison


def _find_metric(context: Context, text: str) -> str:
    """Return the metric with this id or label; raises `NotFound` with the most similar."""
    labels: dict[str, str] = {}
    for row in context.select(_METRICS):
        labels[row["label"].value.casefold()] = row["metric"].value
    metrics = sorted(set(labels.values()))
    iri = expand(text)
    if iri in metrics:
        return iri
    if text.casefold() in labels:
        return labels[text.casefold()]
    names = {compact(each): each for each in metrics} | labels
    near = dict.fromkeys(compact(names[each]) for each in nearest(text.casefold(), names))
    listed = ", ".join(compact(each) for each in metrics)
    hint = f"did you mean {', '.join(near)}?" if near else f"available: {listed}."
    raise NotFound(f"{shorten(text)} is not a metric; {hint}")


def _about(rows: Sequence[Row], wanted: set[str]) -> list[Row]:
    return [row for row in rows if not wanted or row["thing"].value in wanted]


def _nothing(context: Context, metric: str, wanted: set[str]) -> str:
    things = ", ".join(sorted(map(compact, wanted)))
    known: Counter[str] = Counter()
    for each in wanted:
        rows = context.select(
            f"{_HEAD}SELECT ?metric WHERE {{ ?figure kg:about ?thing ; kg:metric ?metric }}",
            {"thing": str(NamedNode(each))},
        )
        known.update(compact(row["metric"].value) for row in rows)
    has = ", ".join(sorted(known)) or "none"
    told = f" of {things}; available metrics: {has}" if things else ""
    return f"No figure of {compact(metric)}{told}. What no source states is unknown."


def _figure(row: Row, labels: Labels) -> Figure:
    return Figure(
        id=compact(row["figure"].value),
        thing=f"{labels.name(row['thing'].value)} ({compact(row['thing'].value)})",
        value=row["value"].value,
        bound=labels.name(row["bound"].value),
        unit=labels.name(row["unit"].value),
        period=labels.name(row["period"].value),
        population=labels.name(row["population"].value),
        words=row["words"].value if "words" in row else "",
        passage=compact(row["passage"].value) if row["passage"].value.startswith(SOURCE) else "",
    )


def _goal(row: Row, labels: Labels) -> str:
    words = f", quoted as {row['words'].value}" if "words" in row else ""
    goal, thing = row["goal"].value, row["thing"].value
    return (
        f"goal, not a fact: {labels.name(goal)} ({compact(goal)}) for {labels.name(thing)}{words}"
    )


def _warnings(
    rows: Sequence[Row], goals: Sequence[Row], labels: Labels, clashes: set[tuple[str, str]]
) -> Iterator[str]:
    """Describe which figures cannot be compared, and why."""
    for part, why in (
        ("unit", "have different units"),
        ("population", "count different populations, one of which may include another"),
        ("period", "are for different periods"),
    ):
        groups: defaultdict[str, set[str]] = defaultdict(set)
        for row in rows:
            groups[row[part].value].add(row["figure"].value)
        if len(groups) > 1:
            told = "; ".join(
                f"{labels.name(iri)}: {len(figures)}"
                for iri, figures in sorted(groups.items(), key=lambda each: -len(each[1]))[:8]
            )
            more = f"; {len(groups) - 8} more" if len(groups) > 8 else ""
            yield f"Figures that {why} ({told}{more})."
    undated = {row["figure"].value for row in rows if row["period"].value == _NO_PERIOD}
    if undated:
        yield f"{len(undated)} figures have no period: the date of the source is not their date."
    inexact = Counter(
        labels.name(row["bound"].value) for row in rows if row["bound"].value != _EXACT
    )
    if inexact:
        told = ", ".join(f"{name}: {count}" for name, count in sorted(inexact.items()))
        yield f"Bounds are not values ({told}): do not rank, add or average them as exact."
    about = {row["thing"].value for row in rows}
    if len(about) > 1:
        yield "Things that contain one another count the same items: do not add their figures."
    shown = {row["figure"].value for row in rows}
    for figure, other in sorted(clashes):
        if {figure, other} & shown:
            yield f"{compact(figure)} and {compact(other)} disagree; neither takes precedence."
    if goals:
        yield "Goals are targets, not observed figures."
