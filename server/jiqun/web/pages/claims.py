"""Figures about a thing as a table, and claims that contradict each other side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jiqun.language import Reader, Text
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import ID, KG
from jiqun.web.pages.cells import Caption, Cell, property_name, show
from jiqun.web.pages.facts import Claim, Thing
from jiqun.web.pages.marks import Mark, marks_of

_DIFFERS: Final = f"{KG}disagreesWith"
_EXACT: Final = f"{ID}exact"
_FIGURE: Final = tuple(f"{KG}{name}" for name in ("metric", "population", "period"))
_IN_HEADLINE: Final = tuple(f"{KG}{name}" for name in ("value", "bound", "unit"))
_LEFT_OUT: Final = frozenset(
    {
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
        "http://www.w3.org/2000/01/rdf-schema#label",
        f"{KG}wording",
        f"{KG}statedIn",
        f"{KG}about",
        _DIFFERS,
        "http://purl.org/linked-data/cube#dataSet",
        "http://www.w3.org/ns/prov#wasDerivedFrom",
        *(f"{KG}{name}Dimension" for name in ("period", "population", "source")),
    }
)


@dataclass(frozen=True)
class FigureView:
    """A line of the table of figures; `disputed` tells that another claim disagrees with it."""

    metric: Cell
    population: Cell | None
    bound: Cell | None
    value: Cell
    unit: Cell | None
    period: Cell | None
    claim: Cell
    marks: tuple[Mark, ...]
    disputed: bool


@dataclass(frozen=True)
class ClaimView:
    """A claim beside one that it contradicts; `bound`, `value` and `unit` are those of a figure."""

    claim: Cell
    value: Cell | None
    bound: Cell | None
    unit: Cell | None
    properties: tuple[tuple[Text, tuple[Cell, ...]], ...]
    marks: tuple[Mark, ...]


def figures(thing: Thing, captions: Mapping[str, Caption], reader: Reader) -> list[FigureView]:
    """Give the figures about a thing, ordered by what they measure."""

    def cell(claim: Claim, name: str) -> Cell | None:
        return _cell(claim, name, captions, reader)

    views = []
    about = Term("uri", thing.iri)
    for claim in thing.claims:
        metric, value = cell(claim, "metric"), cell(claim, "value")
        if metric is None or value is None or about not in claim.values(f"{KG}about"):
            continue
        views.append(
            FigureView(
                metric=metric,
                population=cell(claim, "population"),
                bound=_bound(claim, captions, reader),
                value=value,
                unit=cell(claim, "unit"),
                period=cell(claim, "period"),
                claim=show(Term("uri", claim.iri), captions, reader),
                marks=_marks(claim, thing, captions, reader),
                disputed=bool(claim.values(_DIFFERS)),
            )
        )
    return sorted(views, key=lambda view: (view.metric.text.value, _text(view.period)))


def contradictions(
    thing: Thing, captions: Mapping[str, Caption], reader: Reader
) -> list[list[ClaimView]]:
    """Give the claims that disagree with each other, each set of them once."""
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
            found.append([_view(each, thing, captions, reader) for each in claims])
    return found


def _reach(start: str, near: Mapping[str, set[str]]) -> set[str]:
    reached, waiting = {start}, [start]
    while waiting:
        further = near.get(waiting.pop(), set()) - reached
        reached |= further
        waiting += further
    return reached


def _view(claim: Claim, thing: Thing, captions: Mapping[str, Caption], reader: Reader) -> ClaimView:
    predicates = dict.fromkeys(fact.predicate for fact in claim.facts)
    value = _cell(claim, "value", captions, reader)
    rows = [
        (
            property_name(predicate, captions, reader),
            tuple(show(each, captions, reader) for each in claim.values(predicate)),
        )
        for predicate in sorted(predicates, key=lambda iri: (iri not in _FIGURE, iri))
        if predicate not in _LEFT_OUT and not (value and predicate in _IN_HEADLINE)
    ]
    return ClaimView(
        show(Term("uri", claim.iri), captions, reader),
        value,
        _bound(claim, captions, reader),
        _cell(claim, "unit", captions, reader),
        tuple(rows),
        _marks(claim, thing, captions, reader),
    )


def _cell(claim: Claim, name: str, captions: Mapping[str, Caption], reader: Reader) -> Cell | None:
    found = claim.values(f"{KG}{name}")
    return show(found[0], captions, reader) if found else None


def _bound(claim: Claim, captions: Mapping[str, Caption], reader: Reader) -> Cell | None:
    """Give the bound of a figure; None for an exact one."""
    exact = Term("uri", _EXACT) in claim.values(f"{KG}bound")
    return None if exact else _cell(claim, "bound", captions, reader)


def _marks(
    claim: Claim, thing: Thing, captions: Mapping[str, Caption], reader: Reader
) -> tuple[Mark, ...]:
    return marks_of(claim.facts, thing.sources, captions, reader)


def _text(cell: Cell | None) -> str:
    return cell.text.value if cell else ""
