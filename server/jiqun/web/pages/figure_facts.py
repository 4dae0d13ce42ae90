"""Figures and goals for lists, comparisons and the home page, with their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from jiqun.language import Text
from jiqun.query.solutions import Row, Select
from jiqun.rdf.namespaces import ID, KG, SOURCE, prologue
from jiqun.web.pages.cells import Caption, Labels, read_captions, slug_of, text_of
from jiqun.web.pages.rendering import address
from jiqun.web.pictures.amounts import Amount, read_number, write_amount
from jiqun.web.pictures.certainty import known_bound

_PREFIXES: Final = prologue("kg", "id")
_FIGURES: Final = f"""{_PREFIXES}
SELECT ?figure ?about ?metric ?value ?bound ?unit ?period ?year ?population ?whole ?class
  ?words ?passage
WHERE {{
  ?figure a kg:Observation ; kg:about ?about ; kg:metric ?metric ; kg:value ?value ;
    kg:bound ?bound ; kg:unit ?unit .
  OPTIONAL {{ ?figure kg:period ?period }}
  OPTIONAL {{ ?figure kg:periodYear ?year }}
  OPTIONAL {{
    ?figure kg:population ?population .
    OPTIONAL {{ ?population kg:subsetOf ?whole }}
    OPTIONAL {{ ?population kg:enterpriseClass ?class }}
  }}
  OPTIONAL {{ ?figure kg:wording ?words }}
  OPTIONAL {{ ?figure kg:statedIn ?passage }}
}}
ORDER BY ?figure ?passage ?whole ?class ?words
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
    f"{KG}Cluster": "cluster",
    f"{KG}Region": "place",
    f"{KG}AdministrativeDivision": "place",
    f"{KG}EconomicRegion": "place",
    f"{KG}ProvinceLevelDivision": "place",
    f"{KG}PrefectureLevelDivision": "place",
    f"{KG}CountyLevelDivision": "place",
    f"{KG}NationalCluster": "cluster",
    f"{KG}CandidateCluster": "cluster",
    f"{KG}Company": "company",
    f"{KG}Brand": "company",
    f"{KG}DesignationList": "group",
    f"{KG}SelectionRound": "group",
}
NO_PERIOD: Final = f"{ID}period-not-stated"


@dataclass(frozen=True)
class FigureEntry:
    """A figure, or a goal with a figure; resources by IRI.

    `value` is the number as the graph has it, `bound` a slug. `whole` is the stated superset of the
    counted set; `enterprise_class` what its members are besides being of the subject; `end` the
    deadline of a goal (ISO date); all of them may be empty.
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

    def words_at(self, labels: Labels) -> str | None:
        """Return the URL of its words: the passage, or else the figure."""
        return address(self.passage or self.iri, labels.reader)


def kinds_of(labels: Labels, iri: str) -> str:
    """Return what a figure is about: "cluster", "place", "company", "group" or "other"."""
    caption = labels.captions.get(iri)
    found = {_KINDS[each] for each in (caption.types if caption else ()) if each in _KINDS}
    return next(
        (kind for kind in ("cluster", "place", "company", "group") if kind in found), "other"
    )


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
        for iri in (
            each.about,
            each.metric,
            each.unit,
            each.period,
            each.population,
            each.whole,
            each.enterprise_class,
            each.source,
            f"{ID}{each.bound}",
        )
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

        passage = value("passage")
        found[iri] = FigureEntry(
            iri,
            value("about"),
            value("metric"),
            value("value"),
            known_bound(slug_of(value("bound"))),
            value("unit"),
            "" if value("period") == NO_PERIOD else value("period"),
            value("year"),
            value("population"),
            value("whole"),
            value("class"),
            text_of(row["words"]) if "words" in row else Text(""),
            passage if passage.startswith(SOURCE) else "",
            value("end"),
        )
    return tuple(found.values())
