"""The evidence on the page of a thing: the passages of a fact, figures, and contradictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from jiqun.language import Text
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import DCTERMS, ID, KG, PROV, QB, RDF_TYPE, RDFS_LABEL, SOURCE
from jiqun.web.linked_data.triples import Description, first
from jiqun.web.pages.cells import Cell, Labels, text_of
from jiqun.web.pages.rendering import link_target, text_fragment
from jiqun.web.pages.thing_facts import ADDRESSES, Claim, Fact, Thing

_MAX_MARKS: Final = 6
_DIFFERS: Final = f"{KG}disagreesWith"
_FIGURE: Final = tuple(f"{KG}{name}" for name in ("metric", "population", "period"))
_IN_HEADLINE: Final = tuple(f"{KG}{name}" for name in ("value", "bound", "unit"))
_LEFT_OUT: Final = frozenset(
    {
        RDF_TYPE,
        RDFS_LABEL,
        f"{KG}wording",
        f"{KG}statedIn",
        f"{KG}about",
        _DIFFERS,
        f"{QB}dataSet",
        f"{PROV}wasDerivedFrom",
        *(f"{KG}{name}Dimension" for name in ("period", "population", "source")),
    }
)


@dataclass(frozen=True)
class Mark:
    """A passage that states a fact; `words` each with their address on the web, if known."""

    passage: Cell
    words: tuple[tuple[Text, str | None], ...]
    title: Text
    publisher: Cell | None
    issued: str


@dataclass(frozen=True)
class ClaimView:
    """A figure or another claim, ready to be shown; `bound` is None for an exact figure.

    `properties` are all but those above; `disputed` if another claim disagrees with it.
    """

    claim: Cell
    metric: Cell | None
    population: Cell | None
    bound: Cell | None
    value: Cell | None
    unit: Cell | None
    period: Cell | None
    properties: tuple[tuple[Text, tuple[Cell, ...]], ...]
    marks: tuple[Mark, ...]
    disputed: bool


def marks_of(
    facts: Iterable[Fact],
    sources: Mapping[str, Description],
    labels: Labels,
) -> tuple[Mark, ...]:
    """Return the marks of the passages that state the facts, the first few of them."""
    stated = list(facts)
    passages = sorted({fact.graph for fact in stated if fact.graph.startswith(SOURCE)}, key=_order)
    return tuple(_mark(each, stated, sources, labels) for each in passages[:_MAX_MARKS])


def find_web_page(source: Description) -> str | None:
    """Return the web address of a source; None when it has none."""
    for iri in ADDRESSES:
        for value in source.get(iri, ()):
            target = link_target(value.value)
            if target is not None and not target.startswith("/"):
                return target
    return None


def quoted_at(web_page: str | None, words: Iterable[Text]) -> tuple[tuple[Text, str | None], ...]:
    """Return quotes, each with the address that opens the web page of the source at it."""
    return tuple(
        (each, text_fragment(web_page, each.value) if web_page else None) for each in words
    )


def _mark(
    passage: str,
    facts: Iterable[Fact],
    sources: Mapping[str, Description],
    labels: Labels,
) -> Mark:
    source = sources.get(passage.partition("#")[0], {})
    mentions = frozenset(
        term.value for fact in facts if fact.graph == passage for term in (fact.subject, fact.value)
    )
    caption = labels.captions.get(passage)
    words = caption.words_for(mentions) if caption else ()
    titles, publishers = source.get(f"{DCTERMS}title"), source.get(f"{DCTERMS}publisher")
    return Mark(
        replace(labels.resource(passage), quotes=()),
        quoted_at(find_web_page(source), words),
        text_of(titles[0]) if titles else Text(""),
        labels.cell(publishers[0]) if publishers else None,
        first(source, f"{DCTERMS}issued")[:10],
    )


def _order(passage: str) -> tuple[str, int, str]:
    source, _, anchor = passage.partition("#")
    number = anchor.removeprefix("p")
    return source, int(number) if number.isdecimal() and len(number) < 10 else 0, anchor


def figures(thing: Thing, labels: Labels) -> list[ClaimView]:
    """Return the figures about a thing, ordered by metric and period."""
    about = Term("uri", thing.iri)
    claims = (claim for claim in thing.claims if about in claim.values(f"{KG}about"))
    views = (_view(claim, thing, labels) for claim in claims)
    return sorted(
        (view for view in views if view.metric and view.value),
        key=lambda view: [each.text.value if each else "" for each in (view.metric, view.period)],
    )


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
            found.append([_view(each, thing, labels) for each in claims])
    return found


def _reach(start: str, near: Mapping[str, set[str]]) -> set[str]:
    reached, waiting = {start}, [start]
    while waiting:
        further = near.get(waiting.pop(), set()) - reached
        reached |= further
        waiting += further
    return reached


def _view(claim: Claim, thing: Thing, labels: Labels) -> ClaimView:
    def cell(name: str) -> Cell | None:
        found = claim.values(f"{KG}{name}")
        return labels.cell(found[0]) if found else None

    value = cell("value")
    predicates = dict.fromkeys(fact.predicate for fact in claim.facts)
    properties = [
        (labels.property_name(predicate), labels.cells(claim.values(predicate)))
        for predicate in sorted(predicates, key=lambda iri: (iri not in _FIGURE, iri))
        if predicate not in _LEFT_OUT and not (value and predicate in _IN_HEADLINE)
    ]
    exact = Term("uri", f"{ID}exact") in claim.values(f"{KG}bound")
    return ClaimView(
        claim=labels.resource(claim.iri),
        metric=cell("metric"),
        population=cell("population"),
        bound=None if exact else cell("bound"),
        value=value,
        unit=cell("unit"),
        period=cell("period"),
        properties=tuple(properties),
        marks=marks_of(claim.facts, thing.sources, labels),
        disputed=bool(claim.values(_DIFFERS)),
    )
