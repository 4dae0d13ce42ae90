"""The profiles of clusters, places, and figures or goals, at the top of their pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from jiqun.language import Text
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import DCTERMS, ID, KG
from jiqun.web.linked_data.premises import INFERRED
from jiqun.web.pages.cells import Cell, Labels
from jiqun.web.pages.claims import (
    ClaimView,
    FigureGroup,
    FigureRow,
    figure_groups,
    view_claim,
)
from jiqun.web.pages.evidence import (
    Clause,
    Proof,
    clause,
    facts_with,
    fill,
    list_name,
    prove,
    values_of,
)
from jiqun.web.pages.records import Fact, Record
from jiqun.web.pages.rendering import phrase
from jiqun.web.pages.thing_facts import Thing

_COUNT: Final = f"{ID}cluster-count"
_ROLES: Final = ("leadAppliedForBy", "jointlyAppliedForBy", "appliedForBy", "coreArea", "keyArea")
_PLACED: Final = ("coreArea", "keyArea", "locatedIn")


@dataclass(frozen=True)
class Member:
    """An enterprise in a cluster; `meanings` are the companies that a trade name may refer to."""

    enterprise: Cell
    kind: Text
    is_brand: bool
    meanings: tuple[Cell, ...]
    roles: tuple[Cell, ...]
    proof: Proof


@dataclass(frozen=True)
class Plan:
    """A policy document; `start` and `end` are the first and last day of its period, if known."""

    plan: Cell
    issuers: tuple[Cell, ...]
    issued: tuple[Cell, ...]
    periods: tuple[Cell, ...]
    start: str
    end: str
    proof: Proof


@dataclass(frozen=True)
class Area:
    """Places with one role in a cluster; `key` is the phrase for the role."""

    key: str
    places: tuple[Cell, ...]
    proof: Proof


@dataclass(frozen=True)
class ClusterProfile:
    """The profile of a cluster."""

    clauses: tuple[Clause, ...]
    areas: tuple[Area, ...]
    members: tuple[Member, ...]
    plans: tuple[Plan, ...]


def cluster_profile(thing: Thing, labels: Labels) -> ClusterProfile:
    """Build the profile of a cluster."""
    return ClusterProfile(
        clauses=tuple(each for each in _clauses(thing, labels) if each is not None),
        areas=tuple(_areas(thing, labels)),
        members=tuple(_members(thing, labels)),
        plans=tuple(_plans(thing, labels)),
    )


def about(thing: Thing) -> list[Record]:
    """Return the figures about a thing."""
    return [each for each in thing.claims if thing.term in each.values(f"{KG}about")]


def _tied(thing: Thing, link: str) -> list[Record]:
    """Return the records that have the thing as the value of a property, in order."""
    found = (each for each in thing.beside.values() if thing.term in each.values(f"{KG}{link}"))
    return sorted(found, key=lambda each: each.iri)


def _clauses(thing: Thing, labels: Labels) -> Iterator[Clause | None]:
    listed = _listed(thing, labels)
    yield listed
    candidate = facts_with(thing.itself, "candidateFor")
    if listed is None and candidate:
        lists = dict.fromkeys(fact.value.value for fact in candidate)
        cells = [list_name(iri, thing, labels) for iri in lists]
        proof = prove(candidate, thing.sources, labels, "curated_candidate")
        yield Clause(fill("clause_candidate", {"lists": cells}, labels), proof)
    yield from _applications(thing, labels)
    for name in ("inIndustry", "mappedIndustry"):
        stated = [each for each in facts_with(thing.itself, name) if each.graph != INFERRED]
        found = clause("clause_field", {"fields": stated}, thing, labels, "curated_mapped")
        if found is not None:
            yield found
            break


def _listed(thing: Thing, labels: Labels) -> Clause | None:
    designations = _tied(thing, "designates")
    lists = sorted({iri for each in designations for iri in each.iris(f"{KG}onList")})
    if not lists:
        return None
    cells = tuple(list_name(iri, thing, labels) for iri in lists)
    facts = [fact for each in designations for fact in facts_with(each, "onList", "designates")]
    text = fill("clause_listed", {"lists": cells}, labels)
    return Clause(text, prove(facts, thing.sources, labels, "curated_listed"))


def _applications(thing: Thing, labels: Labels) -> Iterator[Clause]:
    records = _tied(thing, "applicationFor")
    for record in records:
        gaps = {
            gap: values_of(found, labels)
            for gap, name in (("lead", "leadApplicant"), ("joint", "jointApplicant"))
            if (found := facts_with(record, name))
        }
        if not gaps:
            gaps = {"applicants": values_of(facts_with(record, "applicant"), labels)}
        key = "clause_applied_" + "_".join(gaps)
        # The words of an application name it, not its applicants.
        proof = prove(record.facts, thing.sources, labels)
        yield Clause(fill(key, gaps, labels), proof)
    if not records and (unknown := facts_with(thing.itself, "applicantNotFound")):
        proof = prove(unknown, thing.sources, labels, "curated_searched")
        yield Clause(fill("clause_no_applicant", {}, labels), proof)


def _areas(thing: Thing, labels: Labels) -> Iterator[Area]:
    roles = ("coreArea", "keyArea", "locatedIn", "readLocation")
    shown: set[Term] = set()
    for role in roles:
        facts = [
            each
            for each in facts_with(thing.itself, role)
            if each.graph != INFERRED and each.value not in shown
        ]
        if facts:
            shown |= {fact.value for fact in facts}
            yield Area(
                f"area_{role}",
                values_of(facts, labels),
                prove(facts, thing.sources, labels, "curated_read"),
            )


def _members(thing: Thing, labels: Labels) -> Iterator[Member]:
    by_enterprise: dict[str, list[Record]] = {}
    for record in _tied(thing, "participationIn"):
        for iri in record.iris(f"{KG}participant"):
            by_enterprise.setdefault(iri, []).append(record)
    members = [_member(iri, found, thing, labels) for iri, found in by_enterprise.items()]
    yield from sorted(members, key=lambda each: (each.is_brand, each.enterprise.text.value))


def _member(iri: str, records: list[Record], thing: Thing, labels: Labels) -> Member:
    facts = [fact for record in records for fact in record.facts]
    record = Record(iri, tuple(facts))
    types = labels.types(iri)
    beside = thing.beside.get(iri)
    meanings = facts_with(beside, "candidateEntity") if beside else []
    return Member(
        enterprise=labels.resource(iri),
        kind=labels.resource(types[0]).text if types else Text(""),
        is_brand=f"{KG}Brand" in types,
        meanings=values_of(meanings, labels),
        roles=values_of(facts_with(record, "chainRole"), labels),
        proof=prove(facts, thing.sources, labels),
    )


def _plans(thing: Thing, labels: Labels) -> Iterator[Plan]:
    goals = {each.iri for each in _tied(thing, "about")}
    plans = [
        each
        for each in thing.beside.values()
        if thing.term in each.values(f"{DCTERMS}subject") or goals & set(each.iris(f"{KG}setsGoal"))
    ]
    found = [view_plan(each, thing, labels) for each in plans if _is_document(each)]
    yield from sorted(found, key=lambda each: (each.start or each.end, each.plan.text.value))


def _is_document(record: Record) -> bool:
    return not {f"{KG}PolicyDocument", f"{KG}DevelopmentPlan"}.isdisjoint(record.types)


def view_plan(record: Record, thing: Thing, labels: Labels) -> Plan:
    """Return a policy document, for display."""
    periods = record.iris(f"{KG}planPeriod")
    dates = thing.beside.get(periods[0]) if periods else None

    def day(name: str) -> str:
        found = dates.values(f"{KG}{name}") if dates else []
        return found[0].value[:10] if found else ""

    return Plan(
        plan=labels.resource(record.iri),
        issuers=values_of(facts_with(record, "issuer"), labels),
        issued=values_of(facts_with(record, "issuedDuring"), labels),
        periods=values_of(facts_with(record, "planPeriod"), labels),
        start=day("periodStart"),
        end=day("periodEnd"),
        proof=prove(record.facts, thing.sources, labels),
    )


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
    listed: tuple[tuple[Cell, int], ...]
    fields: tuple[tuple[Cell, int], ...]
    proven: int
    candidates: int
    counted: FigureGroup | None
    figures: tuple[FigureGroup, ...]


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
        listed=_counted(cell for each in proven for cell in each.lists),
        fields=_counted(cell for each in proven for cell in each.fields),
        proven=len(proven),
        candidates=len(clusters) - len(proven),
        counted=next((each for each in figures if each.metric == count), None),
        figures=tuple(each for each in figures if each.metric != count),
    )


def _counted(cells: Iterable[Cell]) -> tuple[tuple[Cell, int], ...]:
    counts = Counter(cells)
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].text.value)))


def _cluster(record: Record, thing: Thing, labels: Labels) -> PlacedCluster:
    roles = [name for name in _ROLES if thing.term in record.values(f"{KG}{name}")]
    if {"leadAppliedForBy", "jointlyAppliedForBy"} & set(roles):
        roles = [name for name in roles if name != "appliedForBy"]
    lists = sorted(record.iris(f"{KG}listedOn"))
    return PlacedCluster(
        cluster=labels.resource(record.iri),
        lists=tuple(list_name(iri, thing, labels) for iri in lists),
        fields=_fields(record, labels),
        roles=tuple(f"role_{name}" for name in roles) or ("role_within",),
        candidate=not lists and bool(record.values(f"{KG}candidateFor")),
        proof=prove(list(_placing(record, thing.term)), thing.sources, labels, "curated_read"),
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
    plans = [each for each in thing.beside.values() if thing.term in each.values(f"{KG}setsGoal")]
    return ClaimProfile(
        view=view_claim(thing.itself, thing, labels),
        is_goal=is_goal,
        rows=tuple(row for group in groups for row in group.rows),
        goals=tuple(view_claim(each, thing, labels) for each in goals),
        wholes=_sets(thing, labels),
        parts=_subsets(thing, labels, figures),
        plans=tuple(view_plan(each, thing, labels) for each in plans),
    )


def _sets(thing: Thing, labels: Labels) -> tuple[Cell, ...]:
    records = [thing.beside.get(iri) for iri in thing.itself.iris(f"{KG}population")]
    return values_of(
        (fact for each in records if each for fact in facts_with(each, "subsetOf")), labels
    )


def _subsets(thing: Thing, labels: Labels, figures: Iterable[Record]) -> tuple[Cell, ...]:
    own = set(thing.itself.iris(f"{KG}population"))
    found = {
        iri
        for figure in figures
        for iri in figure.iris(f"{KG}population")
        if iri in thing.beside and own & set(thing.beside[iri].iris(f"{KG}subsetOf"))
    }
    return tuple(labels.resource(iri) for iri in sorted(found))
