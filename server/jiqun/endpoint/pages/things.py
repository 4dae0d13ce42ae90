"""A thing as a page: its names, what is said of it and where, and where else it is spoken of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.pages.cells import Cell, property_name, show
from jiqun.endpoint.pages.claims import contradictions, figures
from jiqun.endpoint.pages.environment import render
from jiqun.endpoint.pages.marks import Mark, marks_of
from jiqun.endpoint.pages.meanings import MEANINGS, meaning_of
from jiqun.endpoint.pages.schema_org import schema_org
from jiqun.endpoint.pages.sources import DATA_FORMS, turns
from jiqun.endpoint.reader import Text
from jiqun.endpoint.terms import Term
from jiqun.vocabulary import GRAPH, KG

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from jiqun.endpoint.pages.cells import Caption
    from jiqun.endpoint.reader import Reader

_RDF_TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_RDFS_LABEL: Final = "http://www.w3.org/2000/01/rdf-schema#label"
_SKOS: Final = "http://www.w3.org/2004/02/skos/core#"
_NAMES: Final = (_RDFS_LABEL, f"{_SKOS}altLabel", f"{_SKOS}prefLabel")
_LEFT_OUT: Final = frozenset(
    {_RDF_TYPE, *_NAMES, f"{KG}statedIn", f"{KG}convertedLabel", f"{KG}translatedLabel"}
)


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
        found = {fact.value: fact for fact in self.of_it if fact.predicate == _RDF_TYPE}
        return [found[each] for each in sorted(found, key=lambda each: each.value)]


@dataclass(frozen=True)
class FactView:
    """A value, or the subject of a fact, with the marks of the passages that state it."""

    cell: Cell
    marks: tuple[Mark, ...]
    inferred: bool


@dataclass(frozen=True)
class Group:
    """The values of one property; `more` leads to all of them where only some are shown."""

    name: Text
    href: str | None
    views: tuple[FactView, ...]
    count: int
    more: str | None


def render_thing(thing: Thing, captions: Mapping[str, Caption], reader: Reader) -> str:
    """Render a thing; `captions` name the things that stand in its facts."""
    caption = captions.get(thing.iri)
    types = caption.types if caption else ()
    title = show(Term("uri", thing.iri), captions, reader).text
    said = _groups(thing, thing.of_it, captions, reader, inverse=False)
    return render(
        "thing.html",
        reader,
        thing=thing,
        title=title,
        types=[show(Term("uri", iri), captions, reader) for iri in types],
        names=[each for each in _names(thing) if each.value != title.value],
        meanings=[
            (meaning, [group for of, group in said if of == meaning]) for meaning in MEANINGS
        ],
        figures=figures(thing, captions, reader),
        all_figures=_all_figures(thing, reader),
        contradictions=contradictions(thing, captions, reader),
        elsewhere=[group for _, group in _groups(thing, thing.elsewhere, captions, reader)],
        turns=turns(f"/doc/{thing.slug}", thing.page, thing.pages, "elsewhere", reader),
        schema_org=schema_org(thing, caption),
        data=[
            (label, f"{reader.root}/doc/{thing.slug}.{suffix}", kind)
            for label, suffix, kind in DATA_FORMS
        ],
    )


def _all_figures(thing: Thing, reader: Reader) -> str:
    """Give the address of a query for all figures about the thing."""
    query = (
        f"PREFIX kg: <{KG}>\n\nSELECT ?figure ?metric ?population ?bound ?value ?unit ?period\n"
        f"WHERE {{\n  ?figure kg:about <{thing.iri}> ; kg:metric ?metric ; kg:value ?value .\n"
        + "".join(
            f"  OPTIONAL {{ ?figure kg:{name} ?{name} }}\n"
            for name in ("population", "bound", "unit", "period")
        )
        + "}\nORDER BY ?metric ?figure"
    )
    return reader.link("/sparql", query=query, format="html")


def _names(thing: Thing) -> list[Text]:
    found = (
        Text(fact.value.value, fact.value.lang)
        for predicate in _NAMES
        for fact in thing.of_it
        if fact.predicate == predicate
    )
    by_words: dict[str, Text] = {}
    for each in found:  # one script is often written like the other
        by_words.setdefault(each.value, each)
    return list(by_words.values())


def _groups(
    thing: Thing,
    facts: Iterable[Fact],
    captions: Mapping[str, Caption],
    reader: Reader,
    *,
    inverse: bool = True,
) -> list[tuple[str, Group]]:
    """Group facts by property; the same fact of several graphs is shown once with all of them."""
    found: dict[str, dict[Term, list[Fact]]] = {}
    facts = list(facts)
    own = {(each.subject, each.value) for each in facts if each.predicate.startswith(KG)}
    for fact in facts:
        if fact.predicate not in _LEFT_OUT and not _repeats(fact, own):
            shown = fact.subject if inverse else fact.value
            found.setdefault(fact.predicate, {}).setdefault(shown, []).append(fact)
    groups = []
    for predicate, by_term in found.items():
        views = [_view(thing, term, stated, captions, reader) for term, stated in by_term.items()]
        views.sort(key=lambda view: (view.inferred, view.cell.text.value))
        cell = show(Term("uri", predicate), captions, reader)
        more = None
        count = len(views) if inverse else thing.counts.get(predicate, 0)
        if len(views) < count:
            query = f"SELECT ?value WHERE {{ <{thing.iri}> <{predicate}> ?value }} ORDER BY ?value"
            more = reader.link("/sparql", query=query, format="html")
        name = property_name(predicate, captions, reader)
        group = Group(name, cell.href, tuple(views), count, more)
        groups.append((meaning_of(predicate), group))
    return sorted(groups, key=lambda pair: pair[1].name.value)


def _repeats(fact: Fact, own: Container[tuple[Term, Term]]) -> bool:
    """Tell whether a fact only says in another vocabulary what ours says already."""
    inferred = fact.graph == f"{GRAPH}inferred" and not fact.predicate.startswith(KG)
    return inferred and (fact.subject, fact.value) in own


def _view(
    thing: Thing,
    shown: Term,
    facts: list[Fact],
    captions: Mapping[str, Caption],
    reader: Reader,
) -> FactView:
    return FactView(
        show(shown, captions, reader),
        marks_of(facts, thing.sources, captions, reader),
        inferred={fact.graph for fact in facts} == {f"{GRAPH}inferred"},
    )
