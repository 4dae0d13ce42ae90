"""The profile of a figure or a goal: its statement, its words, and related claims."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import KG
from jiqun.web.pages.cells import Cell, Labels
from jiqun.web.pages.claims import ClaimView, FigureRow, figure_groups, view_claim
from jiqun.web.pages.cluster_profile import Plan, view_plan
from jiqun.web.pages.records import Record
from jiqun.web.pages.sentences import facts_with, values_of
from jiqun.web.pages.thing_facts import Thing


@dataclass(frozen=True)
class ClaimProfile:
    """The profile of a figure or a goal.

    `rows` are the figures of the same thing and metric, with this one among them if it is one;
    `wholes` and `parts` are sets that its set is a part of, or that are parts of it.
    """

    view: ClaimView
    is_goal: bool
    rows: tuple[FigureRow, ...]
    goals: tuple[ClaimView, ...]
    wholes: tuple[Cell, ...]
    parts: tuple[Cell, ...]
    plans: tuple[Plan, ...]


def claim_profile(thing: Thing, labels: Labels) -> ClaimProfile:
    """Build the profile of a figure or a goal."""
    figures = [each for each in thing.beside.values() if each.values(f"{KG}value")]
    contradicting = [each for each in thing.claims if each.iri not in thing.beside]
    figures += [each for each in contradicting if each.values(f"{KG}value")]
    is_goal = f"{KG}Goal" in thing.types
    own = [] if is_goal else [thing.itself]
    unique = {each.iri: each for each in (*own, *figures)}
    groups = figure_groups(unique.values(), thing, labels)
    goals = [each for each in thing.beside.values() if f"{KG}Goal" in each.types]
    itself = Term("uri", thing.iri)
    plans = [each for each in thing.beside.values() if itself in each.values(f"{KG}setsGoal")]
    return ClaimProfile(
        view=view_claim(thing.itself, thing, labels),
        is_goal=is_goal,
        rows=tuple(row for group in groups for row in group.rows),
        goals=tuple(view_claim(each, thing, labels) for each in goals),
        wholes=_sets(thing, labels),
        parts=_parts(thing, labels, figures),
        plans=tuple(view_plan(each, thing, labels) for each in plans),
    )


def _sets(thing: Thing, labels: Labels) -> tuple[Cell, ...]:
    records = [thing.beside.get(iri) for iri in thing.itself.iris(f"{KG}population")]
    return values_of(
        (fact for each in records if each for fact in facts_with(each, "subsetOf")), labels
    )


def _parts(thing: Thing, labels: Labels, figures: Iterable[Record]) -> tuple[Cell, ...]:
    own = set(thing.itself.iris(f"{KG}population"))
    found = {
        iri
        for figure in figures
        for iri in figure.iris(f"{KG}population")
        if iri in thing.beside and own & set(thing.beside[iri].iris(f"{KG}subsetOf"))
    }
    return tuple(labels.resource(iri) for iri in sorted(found))
