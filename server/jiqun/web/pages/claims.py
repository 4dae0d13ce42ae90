"""Figures, goals and other claims on pages: amounts, nested sets, quotes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from jiqun.language import Text
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import ID, KG, PROV, QB, RDF_TYPE, RDFS_LABEL
from jiqun.web.pages.cells import Cell, Labels
from jiqun.web.pages.evidence import Proof, prove
from jiqun.web.pages.records import Record
from jiqun.web.pages.thing_facts import Thing
from jiqun.web.pictures.certainty import BOUNDS, Amount, write_amount

GOALS: Final = (f"{KG}Goal", f"{KG}Intention")
JUDGEMENTS: Final = tuple(
    f"{KG}{name}"
    for name in ("MarketStanding", "Strength", "Assessment", "ExpectedEffect", "Slogan")
)

_DIFFERS: Final = f"{KG}disagreesWith"
_FIRST: Final = tuple(f"{KG}{name}" for name in ("metric", "population", "period"))
_IN_HEADLINE: Final = tuple(
    f"{KG}{name}" for name in ("value", "bound", "unit", "targetValue", "targetBound", "targetUnit")
)
_LEFT_OUT: Final = frozenset(
    {
        RDF_TYPE,
        RDFS_LABEL,
        f"{KG}about",
        _DIFFERS,
        f"{QB}dataSet",
        f"{PROV}wasDerivedFrom",
        *(f"{KG}{name}Dimension" for name in ("period", "population", "source")),
        *(f"{KG}{name}" for name in ("wording", "statedIn", "statedOn", "periodYear")),
    }
)


@dataclass(frozen=True)
class ClaimView:
    """A figure, a goal or another claim, for display.

    `bound` is the slug of its bound; `properties` are the remaining ones; `disputed` is true if
    another claim disagrees with it.
    """

    claim: Cell
    kind: Text
    about: tuple[Cell, ...]
    metric: Cell | None
    amount: Amount | None
    bound: str
    population: Cell | None
    period: Cell | None
    claimant: Cell | None
    scopes: tuple[Cell, ...]
    fields: tuple[Cell, ...]
    properties: tuple[tuple[Text, tuple[Cell, ...]], ...]
    proof: Proof
    disputed: bool

    @property
    def quotes(self) -> tuple[tuple[Text, str | None], ...]:
        """The distinct words of all passages, with their URLs."""
        found: dict[str, tuple[Text, str | None]] = {}
        for mark in self.proof.marks:
            for words, address in mark.words:
                found.setdefault(words.value, (words, address))
        return tuple(found.values())


@dataclass(frozen=True)
class FigureRow:
    """A figure in a table; `depth` counts the enclosing sets above."""

    view: ClaimView
    depth: int
    value: str


@dataclass(frozen=True)
class FigureGroup:
    """The figures of one metric, with subsets below their sets."""

    metric: Cell
    rows: tuple[FigureRow, ...]


def view_claim(claim: Record, thing: Thing, labels: Labels) -> ClaimView:
    """Return a claim, for display."""

    def cell(*names: str) -> Cell | None:
        found = [term for name in names for term in claim.values(f"{KG}{name}")]
        return labels.cell(found[0]) if found else None

    bound = _one(claim, "bound")
    slug = bound.value.removeprefix(ID) if bound is not None else "exact"
    amount = _amount(claim, slug, labels)
    predicates = dict.fromkeys(fact.predicate for fact in claim.facts)
    properties = [
        (labels.property_name(predicate), labels.cells(claim.values(predicate)))
        for predicate in sorted(predicates, key=lambda iri: (iri not in _FIRST, iri))
        if predicate not in _LEFT_OUT and not (amount and predicate in _IN_HEADLINE)
    ]
    types = [labels.resource(iri).text for iri in labels.types(claim.iri)]
    stated = [fact for fact in claim.facts if fact.predicate not in _LEFT_OUT] or claim.facts
    passages = {fact.graph for fact in stated}
    supporting = [fact for fact in claim.facts if fact.graph in passages]
    return ClaimView(
        claim=labels.resource(claim.iri),
        kind=types[0] if types else Text(""),
        about=labels.cells(claim.values(f"{KG}about")),
        metric=cell("metric", "targetMetric"),
        amount=amount,
        bound=slug,
        population=cell("population"),
        period=cell("period"),
        claimant=cell("claimant"),
        scopes=labels.cells(claim.values(f"{KG}scope")),
        fields=labels.cells(claim.values(f"{KG}field")),
        properties=tuple(properties),
        proof=prove(supporting, thing.sources, labels),
        disputed=bool(claim.values(_DIFFERS)),
    )


def _one(claim: Record, name: str) -> Term | None:
    found = claim.values(f"{KG}{name}") or claim.values(f"{KG}target{name.capitalize()}")
    return found[0] if found else None


def _amount(claim: Record, bound: str, labels: Labels) -> Amount | None:
    """Return the value of a figure, or the target of a goal, as text, or None."""
    value, unit = _one(claim, "value"), _one(claim, "unit")
    if value is None:
        return None
    iri = unit.value if unit is not None else ""
    label = labels.resource(iri).text if iri else Text("")
    known = bound if bound in BOUNDS else "exact"
    return write_amount(value.value, iri, label, known, labels.reader)


def figure_groups(claims: Iterable[Record], thing: Thing, labels: Labels) -> list[FigureGroup]:
    """Group figures by metric; subsets are below their sets."""
    by_metric: dict[str, list[Record]] = {}
    for claim in claims:
        metrics = claim.iris(f"{KG}metric")
        if metrics and claim.values(f"{KG}value"):
            by_metric.setdefault(metrics[0], []).append(claim)
    groups = [
        FigureGroup(labels.resource(metric), tuple(_rows(found, thing, labels)))
        for metric, found in by_metric.items()
    ]
    return sorted(groups, key=lambda group: (-len(group.rows), group.metric.text.value))


def _rows(claims: Iterable[Record], thing: Thing, labels: Labels) -> list[FigureRow]:
    """Return the figures of a metric: the largest first, each followed by those of its subsets."""
    ordered = sorted(claims, key=lambda each: (-number_of(each), each.iri))
    parts: dict[str, list[Record]] = {}
    for each in ordered:
        parts.setdefault(_whole(each, ordered, thing.beside), []).append(each)
    rows: list[FigureRow] = []
    # Sets that contain each other, which is a mistake, come last.
    waiting = [(each, 0) for each in reversed([*parts.get("", ()), *ordered])]
    seen: set[str] = set()
    while waiting:
        claim, depth = waiting.pop()
        if claim.iri in seen:
            continue
        seen.add(claim.iri)
        value = claim.values(f"{KG}value")[0].value
        rows.append(FigureRow(view_claim(claim, thing, labels), depth, value))
        waiting += [(each, depth + 1) for each in reversed(parts.get(claim.iri, ()))]
    return rows


def _whole(claim: Record, others: Iterable[Record], beside: Mapping[str, Record]) -> str:
    """Return the figure of the smallest enclosing set of this figure's set, or ""."""
    sets, seen = set(claim.iris(f"{KG}population")), set[str]()
    period = claim.iris(f"{KG}period")
    while sets - seen:
        seen |= sets
        sets = {
            iri for each in sets if each in beside for iri in beside[each].iris(f"{KG}subsetOf")
        }
        for other in others:
            if sets.intersection(other.iris(f"{KG}population")) - seen and (
                other.iris(f"{KG}period") == period
            ):
                return other.iri
    return ""


def number_of(claim: Record) -> float:
    """Return the value of a figure as a sort key; 0 if it is not a number."""
    values = claim.values(f"{KG}value") or claim.values(f"{KG}targetValue")
    try:
        return float(values[0].value) if values else 0.0
    except ValueError:
        return 0.0


def contradictions(thing: Thing, labels: Labels) -> list[list[ClaimView]]:
    """Return the sets of claims that disagree with each other."""
    by_iri = {claim.iri: claim for claim in thing.claims}
    near: dict[str, set[str]] = {}
    for claim in thing.claims:
        for other in claim.values(_DIFFERS):
            near.setdefault(claim.iri, set()).add(other.value)
            near.setdefault(other.value, set()).add(claim.iri)
    found: list[list[ClaimView]] = []
    seen: set[str] = set()
    for start in sorted(near):
        if start not in seen:
            together = _reach(start, near)
            seen |= together
            claims = [by_iri[each] for each in sorted(together) if each in by_iri]
            found.append([view_claim(each, thing, labels) for each in claims])
    return found


def _reach(start: str, near: Mapping[str, set[str]]) -> set[str]:
    reached, waiting = {start}, [start]
    while waiting:
        further = near.get(waiting.pop(), set()) - reached
        reached |= further
        waiting += further
    return reached


def claims_of(thing: Thing, classes: Iterable[str], labels: Labels) -> list[ClaimView]:
    """Return the claims of these classes about the thing."""
    order = list(classes)
    found = [
        (min(order.index(iri) for iri in record.types if iri in order), record)
        for record in thing.beside.values()
        if thing.term in record.values(f"{KG}about") and any(iri in order for iri in record.types)
    ]
    ranked = sorted(found, key=lambda pair: (pair[0], pair[1].iri))
    return [view_claim(record, thing, labels) for _, record in ranked]
