"""The profile of a company or a brand: possible meanings of a name, the group, the clusters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jiqun.language import Text
from jiqun.rdf.namespaces import KG, SKOS
from jiqun.web.pages.cells import Cell, Labels
from jiqun.web.pages.evidence import Clause, Proof, clause, facts_with, fill, prove, values_of
from jiqun.web.pages.records import Record
from jiqun.web.pages.thing_facts import Thing

_DEEPEST: Final = 8


@dataclass(frozen=True)
class Membership:
    """A cluster that an enterprise is in; `named` is the brand that the source names instead."""

    cluster: Cell
    named: Cell | None
    roles: tuple[Cell, ...]
    proof: Proof


@dataclass(frozen=True)
class Branch:
    """A company in the tree of its group; `current` is true for the one of the page."""

    company: Cell
    kinds: tuple[Cell, ...]
    current: bool
    proof: Proof | None
    branches: tuple[Branch, ...]


@dataclass(frozen=True)
class EnterpriseProfile:
    """The profile of an enterprise; `spoken` are the names that sources use."""

    is_brand: bool
    spoken: tuple[Text, ...]
    meanings: Clause | None
    clauses: tuple[Clause, ...]
    memberships: tuple[Membership, ...]
    group: tuple[Branch, ...]


def enterprise_profile(thing: Thing, labels: Labels) -> EnterpriseProfile:
    """Build the profile of a company or a brand."""
    return EnterpriseProfile(
        is_brand=f"{KG}Brand" in thing.types,
        spoken=tuple(_spoken(thing, labels)),
        meanings=clause(
            "clause_means",
            {"companies": facts_with(thing.itself, "candidateEntity")},
            thing,
            labels,
            "curated_candidates",
            "list_or",
        ),
        clauses=tuple(each for each in _clauses(thing, labels) if each is not None),
        memberships=tuple(_memberships(thing, labels)),
        group=_group(thing, labels),
    )


def _spoken(thing: Thing, labels: Labels) -> Iterator[Text]:
    """Return the names as sources print them, else the label."""
    printed = [fact.value for fact in thing.of_it if fact.predicate == f"{SKOS}altLabel"]
    found = {term.value: Text(term.value, term.lang) for term in printed}
    yield from found.values() or (labels.resource(thing.iri).text,)


def _clauses(thing: Thing, labels: Labels) -> Iterator[Clause | None]:
    own = thing.itself
    kinds, parents = facts_with(own, "companyKind"), facts_with(own, "subsidiaryOf")
    if kinds and parents:
        yield clause("clause_kind_of", {"kinds": kinds, "parents": parents}, thing, labels)
    else:
        yield clause("clause_kind", {"kinds": kinds}, thing, labels)
        yield clause("clause_subsidiary", {"parents": parents}, thing, labels)
    yield clause("clause_legal_name", {"names": facts_with(own, "legalName")}, thing, labels)
    yield clause("clause_seat", {"places": facts_with(own, "seat")}, thing, labels)
    brands = [
        fact
        for each in thing.beside.values()
        for fact in facts_with(each, "candidateEntity")
        if fact.value == thing.term
    ]
    if brands:
        cells = tuple(labels.resource(iri) for iri in sorted({f.subject.value for f in brands}))
        proof = prove(brands, thing.sources, labels, "curated_candidates")
        yield Clause(fill("clause_meant", {"brands": cells}, labels), proof)


def _memberships(thing: Thing, labels: Labels) -> Iterator[Membership]:
    found: dict[tuple[str, str], list[Record]] = {}
    for record in thing.beside.values():
        for cluster in record.iris(f"{KG}participationIn"):
            for enterprise in record.iris(f"{KG}participant"):
                found.setdefault((cluster, enterprise), []).append(record)
    views = []
    for (cluster, enterprise), records in found.items():
        facts = tuple(fact for record in records for fact in record.facts)
        stated = Record(enterprise, facts)
        views.append(
            Membership(
                labels.resource(cluster),
                None if enterprise == thing.iri else labels.resource(enterprise),
                values_of(facts_with(stated, "chainRole"), labels),
                prove(facts, thing.sources, labels),
            )
        )
    yield from sorted(views, key=lambda each: (each.named is not None, each.cluster.text.value))


def _group(thing: Thing, labels: Labels) -> tuple[Branch, ...]:
    """Return the trees of the groups that the enterprise belongs to, from the top."""
    records = {thing.iri: thing.itself, **thing.beside}
    below: dict[str, list[str]] = {}
    above: dict[str, list[str]] = {}
    for record in records.values():
        for parent in record.iris(f"{KG}subsidiaryOf"):
            below.setdefault(parent, []).append(record.iri)
            above.setdefault(record.iri, []).append(parent)
    if thing.iri not in below and thing.iri not in above:
        return ()

    def branch(iri: str, parent: str, depth: int) -> Branch:
        record = records.get(iri)
        facts = [
            fact
            for fact in (facts_with(record, "subsidiaryOf") if record else ())
            if fact.value.value == parent
        ]
        members = sorted(below.get(iri, ())) if depth < _DEEPEST else []
        return Branch(
            labels.resource(iri),
            values_of(facts_with(record, "companyKind"), labels) if record else (),
            iri == thing.iri,
            prove(facts, thing.sources, labels) if facts else None,
            tuple(branch(each, iri, depth + 1) for each in members),
        )

    roots, waiting, seen = [], [thing.iri], set[str]()
    while waiting:
        iri = waiting.pop()
        if iri not in seen:
            seen.add(iri)
            waiting += above.get(iri, ())
            roots += [] if iri in above else [iri]
    return tuple(branch(iri, "", 0) for iri in sorted(roots))
