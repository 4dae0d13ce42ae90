"""What the graph says of a thing, as its page needs it: facts, claims, and the thing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import RDF_TYPE


@dataclass(frozen=True)
class Fact:
    """A triple and the graph that states it: a passage, the register, the inferences."""

    graph: str
    subject: Term
    predicate: str
    value: Term


@dataclass(frozen=True)
class Claim:
    """A figure or another claim about the thing, with all its statements."""

    iri: str
    facts: tuple[Fact, ...]

    def values(self, predicate: str) -> list[Term]:
        """Give the values of a property, each once."""
        found = (fact.value for fact in self.facts if fact.predicate == predicate)
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Thing:
    """A thing: what is said `of_it`, and a page of the facts that speak of it `elsewhere`.

    `pages` and `total` count those facts, `counts` the values of each property of its own,
    `figures` the figures about it: of very many, the page holds the first only. `sources` are the
    cards of the sources whose passages stand on the page; `schema_types` are the classes of
    schema.org that its classes come under.
    """

    iri: str
    slug: str
    of_it: tuple[Fact, ...]
    elsewhere: tuple[Fact, ...]
    page: int = 1
    pages: int = 1
    total: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    figures: int = 0
    schema_types: tuple[str, ...] = ()
    sources: Mapping[str, Mapping[str, list[Term]]] = field(default_factory=dict)

    def with_sources(self, sources: Mapping[str, Mapping[str, list[Term]]]) -> Thing:
        """Give the same thing with the cards of its sources."""
        return replace(self, sources=sources)

    @property
    def types(self) -> list[Fact]:
        """Give the facts that tell its classes, each class once."""
        found = {fact.value: fact for fact in self.of_it if fact.predicate == RDF_TYPE}
        return [found[each] for each in sorted(found, key=lambda each: each.value)]
