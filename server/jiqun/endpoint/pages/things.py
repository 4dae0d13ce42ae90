"""A thing as a page: its names, what is said of it and where, and where else it is spoken of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.pages.cells import Cell, property_name, show
from jiqun.endpoint.pages.environment import render
from jiqun.endpoint.pages.reader import Text
from jiqun.endpoint.pages.terms import Term
from jiqun.vocabulary import GRAPH, KG, SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jiqun.endpoint.pages.cells import Caption
    from jiqun.endpoint.pages.reader import Reader

_RDF_TYPE: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_RDFS_LABEL: Final = "http://www.w3.org/2000/01/rdf-schema#label"
_NAMES: Final = (_RDFS_LABEL, "http://www.w3.org/2004/02/skos/core#altLabel")
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
class Thing:
    """A thing: what is said `of_it`, and the first of the facts that speak of it `elsewhere`."""

    iri: str
    slug: str
    of_it: tuple[Fact, ...]
    elsewhere: tuple[Fact, ...]
    more: bool = False


@dataclass(frozen=True)
class FactView:
    """A value, or the subject of a fact, with the passages that state it."""

    cell: Cell
    passages: tuple[Cell, ...]
    inferred: bool


def render_thing(thing: Thing, captions: Mapping[str, Caption], reader: Reader) -> str:
    """Render a thing; `captions` name the things that stand in its facts."""
    caption = captions.get(thing.iri)
    types = caption.types if caption else ()
    return render(
        "thing.html",
        reader,
        thing=thing,
        title=show(Term("uri", thing.iri), captions, reader).text,
        types=[show(Term("uri", iri), captions, reader).text for iri in types],
        names=_names(thing),
        of_it=_grouped(
            ((fact, fact.value) for fact in thing.of_it if fact.predicate not in _LEFT_OUT),
            captions,
            reader,
        ),
        elsewhere=_grouped(
            ((fact, fact.subject) for fact in thing.elsewhere if fact.predicate not in _LEFT_OUT),
            captions,
            reader,
        ),
        data=[
            (label, reader.link("/sparql", query=f"DESCRIBE <{thing.iri}>", format=name))
            for label, name in (("Turtle", "ttl"), ("JSON-LD", "jsonld"))
        ],
    )


def _names(thing: Thing) -> list[Text]:
    found = (
        Text(fact.value.value, fact.value.lang)
        for predicate in _NAMES
        for fact in thing.of_it
        if fact.predicate == predicate
    )
    return list(dict.fromkeys(found))


def _grouped(
    facts: Iterable[tuple[Fact, Term]], captions: Mapping[str, Caption], reader: Reader
) -> list[tuple[Text, list[FactView]]]:
    """Group facts by property; the same fact of several graphs is shown once with all of them."""
    graphs: dict[tuple[str, Term], list[str]] = {}
    for fact, shown in facts:
        graphs.setdefault((fact.predicate, shown), []).append(fact.graph)
    groups: dict[str, list[FactView]] = {}
    for (predicate, shown), where in graphs.items():
        passages = sorted(graph for graph in set(where) if graph.startswith(SOURCE))
        view = FactView(
            show(shown, captions, reader),
            tuple(show(Term("uri", each), {}, reader) for each in passages),
            inferred=set(where) == {f"{GRAPH}inferred"},
        )
        groups.setdefault(predicate, []).append(view)
    named = [(property_name(iri, captions, reader), views) for iri, views in groups.items()]
    return [
        (name, sorted(views, key=lambda view: view.cell.text.value))
        for name, views in sorted(named, key=lambda pair: pair[0].value)
    ]
