"""The profile of a place: its clusters by list and field, and the counts of sources and ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from jiqun.language import Text
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import ID, KG
from jiqun.web.linked_data.premises import INFERRED
from jiqun.web.pages.cells import Cell, Labels
from jiqun.web.pages.claims import (
    GOALS,
    JUDGEMENTS,
    ClaimView,
    FigureGroup,
    claims_of,
    figure_groups,
)
from jiqun.web.pages.cluster_profile import about
from jiqun.web.pages.evidence import Proof, prove
from jiqun.web.pages.records import Fact, Record
from jiqun.web.pages.rendering import phrase
from jiqun.web.pages.sentences import list_name
from jiqun.web.pages.thing_facts import Thing

_COUNT: Final = f"{ID}cluster-count"
_ROLES: Final = ("leadAppliedForBy", "jointlyAppliedForBy", "appliedForBy", "coreArea", "keyArea")
_PLACED: Final = ("coreArea", "keyArea", "locatedIn")


@dataclass(frozen=True)
class PlacedCluster:
    """A cluster of a place; `roles` are keys of phrases, `candidate` if unconfirmed."""

    cluster: Cell
    lists: tuple[Cell, ...]
    fields: tuple[Cell, ...]
    roles: tuple[str, ...]
    candidate: bool
    proof: Proof


@dataclass(frozen=True)
class PlaceProfile:
    """The profile of a place.

    `listed` counts clusters by list, `fields` by field, without candidates; `counted` are the
    counts of sources, `figures` the other figures.
    """

    clusters: tuple[PlacedCluster, ...]
    slugs: tuple[str, ...]
    listed: tuple[tuple[Cell, int], ...]
    fields: tuple[tuple[Cell, int], ...]
    proven: int
    candidates: int
    counted: FigureGroup | None
    figures: tuple[FigureGroup, ...]
    goals: tuple[ClaimView, ...]
    judgements: tuple[ClaimView, ...]


def place_profile(thing: Thing, labels: Labels) -> PlaceProfile:
    """Build the profile of a place."""
    records = [each for each in thing.beside.values() if f"{KG}Cluster" in each.types]
    clusters = sorted(
        (_cluster(each, thing, labels) for each in records),
        key=lambda each: (each.candidate, each.cluster.text.value),
    )
    proven = [each for each in clusters if not each.candidate]
    figures = figure_groups(about(thing), thing, labels)
    count = labels.resource(_COUNT)
    return PlaceProfile(
        clusters=tuple(clusters),
        slugs=tuple(sorted(each.iri.removeprefix(ID) for each in records)),
        listed=_counted(cell for each in proven for cell in each.lists),
        fields=_counted(cell for each in proven for cell in each.fields),
        proven=len(proven),
        candidates=len(clusters) - len(proven),
        counted=next((each for each in figures if each.metric == count), None),
        figures=tuple(each for each in figures if each.metric != count),
        goals=tuple(claims_of(thing, GOALS, labels)),
        judgements=tuple(claims_of(thing, JUDGEMENTS, labels)),
    )


def _counted(cells: Iterable[Cell]) -> tuple[tuple[Cell, int], ...]:
    counts = Counter(cells)
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].text.value)))


def _cluster(record: Record, thing: Thing, labels: Labels) -> PlacedCluster:
    itself = Term("uri", thing.iri)
    roles = [name for name in _ROLES if itself in record.values(f"{KG}{name}")]
    if {"leadAppliedForBy", "jointlyAppliedForBy"} & set(roles):
        roles = [name for name in roles if name != "appliedForBy"]
    lists = sorted(record.iris(f"{KG}listedOn"))
    return PlacedCluster(
        cluster=labels.resource(record.iri),
        lists=tuple(list_name(iri, thing, labels) for iri in lists),
        fields=_fields(record, labels),
        roles=tuple(f"role_{name}" for name in roles) or ("role_within",),
        candidate=not lists and bool(record.values(f"{KG}candidateFor")),
        proof=prove(list(_placing(record, itself)), thing.sources, labels, "curated_read"),
    )


def _fields(record: Record, labels: Labels) -> tuple[Cell, ...]:
    cells = labels.cells(record.values(f"{KG}inIndustry"))
    found = sorted(cells, key=lambda cell: cell.text.value)
    return tuple(found) or (Cell("text", Text(phrase("no_field", labels.reader.lang))),)


def _placing(record: Record, place: Term) -> Iterator[Fact]:
    """Return the facts that locate a cluster in a place: those of sources, else inferred ones."""
    facts = [fact for fact in record.facts if fact.value == place]
    placed = [fact for fact in facts if fact.predicate.removeprefix(KG) in _PLACED]
    stated = [fact for fact in placed if fact.graph != INFERRED]
    yield from (
        stated or [fact for fact in placed if fact.predicate == f"{KG}locatedIn"] or facts[:1]
    )
