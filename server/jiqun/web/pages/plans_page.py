"""The list of plans: documents, programmes, mechanisms and initiatives, on lanes of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jiqun.language import Reader
from jiqun.query.solutions import Select
from jiqun.rdf.namespaces import KG
from jiqun.web.documents import Context, Document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Caption, Labels, pairs, plain, read_captions, slug_of
from jiqun.web.pages.listing import Column, Entry, Listing, Selection, list_document
from jiqun.web.pages.rendering import address
from jiqun.web.pages.timeline_page import Happening, read_happenings, span_of, time_text
from jiqun.web.pictures.drawing import Paper, Picture, Sheet
from jiqun.web.pictures.time_lanes import Lane, draw_lanes

_CLASSES: Final = (
    "DevelopmentPlan",
    "PolicyDocument",
    "Strategy",
    "Programme",
    "CoordinationMechanism",
    "SelectionRound",
    "Initiative",
)
_COLUMNS: Final = (
    Column("plan"),
    Column("kind"),
    Column("by"),
    Column("time"),
    Column("subject"),
    Column("goals", numeric=True),
)
_ANY: Final = f"VALUES ?class {{ {' '.join(f'kg:{each}' for each in _CLASSES)} }} ?x a ?class . "
_PATTERNS: Final = {
    "kind": f"{_ANY}BIND (?class AS ?y)",
    "by": f"{_ANY}{{ ?x kg:issuer ?y }} UNION {{ ?x kg:conductedBy ?y }}",
    "subject": f"{_ANY}?x dcterms:subject ?y",
    "goals": f"{_ANY}?x kg:setsGoal ?y",
}


@dataclass(frozen=True)
class PlanList:
    """For each plan its class, and its relations by pattern name, with captions."""

    kinds: Mapping[str, str]
    of: Mapping[str, Mapping[str, tuple[str, ...]]]
    captions: Mapping[str, Caption]


def read_plan_list(select: Select) -> PlanList:
    """Read all plans with the captions of what their entries name."""
    of = {name: pairs(select, pattern) for name, pattern in _PATTERNS.items()}
    kinds = {
        iri: min(found, key=lambda each: _CLASSES.index(each.removeprefix(KG)))
        for iri, found in of["kind"].items()
    }
    iris = {iri for values in of.values() for key, found in values.items() for iri in (key, *found)}
    return PlanList(kinds, of, read_captions(select, sorted(iris)))


def plans_document(
    context: Context, reader: Reader, choice: Choice, selection: Selection, origin: str
) -> Document:
    """Return the list of plans; raises `BadParameter`."""
    known = context.once(read_plan_list)
    kinds, of, labels = known.kinds, known.of, Labels(known.captions, reader)
    times: dict[str, list[Happening]] = {}
    for each in context.once(read_happenings):
        times.setdefault(each.iri, []).append(each)

    def entry(iri: str) -> Entry:
        happenings = times.get(iri, [])
        dated = [each for each in happenings if each.relation]
        goals = of["goals"].get(iri, ())
        return Entry(
            iri,
            {
                "plan": labels.resources(iri),
                "kind": labels.resources(kinds[iri]),
                "by": labels.resources(*of["by"].get(iri, ())),
                "time": tuple(
                    plain(time_text(each, labels), reader, address(each.passage or iri, reader))
                    for each in happenings
                ),
                "subject": labels.resources(*of["subject"].get(iri, ())),
                "goals": (plain(str(len(goals)), reader),) if goals else (),
            },
            {
                "kind": (slug_of(kinds[iri]),),
                "by": tuple(map(slug_of, of["by"].get(iri, ()))),
                "subject": tuple(map(slug_of, of["subject"].get(iri, ()))),
                "dated": ("yes" if dated else "no",),
            },
            {"goals": float(len(goals)), "time": _first(dated)},
        )

    def draw(left: Sequence[Entry], paper: Paper) -> Picture | None:
        lanes = []
        for kind in dict.fromkeys(each.values["kind"][0] for each in left):
            members = [each.iri for each in left if each.values["kind"][0] == kind]
            spans = tuple(span_of(each, labels) for iri in members for each in times.get(iri, []))
            if spans:
                lanes.append(Lane(labels.resource(f"{KG}{kind}").text, spans))
        if not lanes:
            return None
        return draw_lanes(Sheet.of("lanes", "plans_lanes", reader, paper), lanes)

    entries = sorted(map(entry, kinds), key=_order)
    listing = Listing("plans", _COLUMNS, tuple(entries), labels)
    return list_document(listing, selection, choice, draw, origin, _totals)


def _totals(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    return [("total_without_date", sum(each.values["dated"] == ("no",) for each in entries))]


def _first(happenings: Sequence[Happening]) -> float:
    days = [day for each in happenings for day in (each.start or each.end,) if day]
    return float(min(days).toordinal()) if days else 0.0


def _order(entry: Entry) -> tuple[int, bool, float, str]:
    kind = _CLASSES.index(entry.values["kind"][0])
    undated = entry.values["dated"] == ("no",)
    return kind, undated, entry.ranks["time"], entry.cells["plan"][0].text.value
