"""The evidence of a statement on a page: its sources and quotes, or its premises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from jiqun.language import Text
from jiqun.query.solutions import node_of
from jiqun.rdf.namespaces import DCTERMS, GRAPH, KG, SOURCE
from jiqun.rdf.terms import ntriples
from jiqun.web.linked_data.premises import INFERRED
from jiqun.web.linked_data.triples import Description, first
from jiqun.web.pages.cells import Cell, Labels, text_of
from jiqun.web.pages.records import Fact
from jiqun.web.pages.rendering import link_target, text_fragment
from jiqun.web.pages.thing_facts import ADDRESSES

MAX_MARKS: Final = 6
"""Maximum number of displayed passages per fact."""

_CURATED: Final = ("register", "curated", "links")


@dataclass(frozen=True)
class Mark:
    """A passage that states a fact; `words` with their URLs, if known.

    `name` is a short name of the original publisher, else the publisher. `web_page` is the URL of
    the source; `issued` a date, a month or a year in ISO 8601, or empty.
    """

    passage: Cell
    words: tuple[tuple[Text, str | None], ...]
    source: Cell
    title: Text
    name: Text
    publishers: tuple[Cell, ...]
    originals: tuple[Cell, ...]
    issued: str
    web_page: str | None


@dataclass(frozen=True)
class Proof:
    """The origin of a statement: `kind` is said, curated, inferred or written (to a workspace).

    Said statements have marks, and in `more` the number of omitted ones; inferred ones have the URL
    of their premises; `note` is the key of a phrase on what curators did.
    """

    kind: str
    marks: tuple[Mark, ...] = ()
    more: int = 0
    premises: str | None = None
    note: str = ""


def prove(
    facts: Sequence[Fact], sources: Mapping[str, Description], labels: Labels, note: str = ""
) -> Proof:
    """Return the proof of a statement: `facts` are its triple in several graphs, or a record.

    `note` says what curators did, for what they added.
    """
    graphs = {fact.graph for fact in facts}
    if passages := {graph for graph in graphs if graph.startswith(SOURCE)}:
        return Proof("said", marks_of(facts, sources, labels), max(0, len(passages) - MAX_MARKS))
    if graphs <= {INFERRED}:
        return Proof("inferred", premises=premises_address(facts[0], labels) if facts else None)
    curated = sorted(graph.removeprefix(GRAPH) for graph in graphs if graph.startswith(GRAPH))
    if not curated:
        return Proof("written")
    kinds = [each for each in _CURATED if any(name.startswith(each) for name in curated)]
    return Proof("curated", note=note or f"curated_{kinds[0] if kinds else 'ontology'}")


def premises_address(fact: Fact, labels: Labels) -> str:
    """Return the URL of the page with the premises of a statement."""
    value = ntriples(node_of(fact.value))
    parameters = {"subject": fact.subject.value, "property": fact.predicate, "value": value}
    return labels.reader.link("/premises", **parameters)


def marks_of(
    facts: Iterable[Fact],
    sources: Mapping[str, Description],
    labels: Labels,
) -> tuple[Mark, ...]:
    """Return the marks of the passages that state the facts, the first few of them."""
    stated = list(facts)
    passages = sorted({fact.graph for fact in stated if fact.graph.startswith(SOURCE)}, key=_order)
    return tuple(_mark(each, stated, sources, labels) for each in passages[:MAX_MARKS])


def find_web_page(source: Description) -> str | None:
    """Return the URL of a source, or None."""
    for iri in ADDRESSES:
        for value in source.get(iri, ()):
            target = link_target(value.value)
            if target is not None and not target.startswith("/"):
                return target
    return None


def quoted_at(web_page: str | None, words: Iterable[Text]) -> tuple[tuple[Text, str | None], ...]:
    """Return quotes, each with the URL that opens the source at the quote."""
    return tuple(
        (each, text_fragment(web_page, each.value) if web_page else None) for each in words
    )


def _mark(
    passage: str,
    facts: Iterable[Fact],
    sources: Mapping[str, Description],
    labels: Labels,
) -> Mark:
    iri = passage.partition("#")[0]
    source = sources.get(iri, {})
    mentions = frozenset(
        term.value for fact in facts if fact.graph == passage for term in (fact.subject, fact.value)
    )
    caption = labels.captions.get(passage)
    words = caption.words_for(mentions) if caption else ()
    titles = source.get(f"{DCTERMS}title")
    publishers = labels.cells(source.get(f"{DCTERMS}publisher", ()))
    originals = labels.cells(source.get(f"{KG}syndicatedFrom", ()))
    named = (*originals, *publishers)
    web_page = find_web_page(source)
    return Mark(
        passage=replace(labels.resource(passage), quotes=()),
        words=quoted_at(web_page, words),
        source=labels.resource(iri),
        title=text_of(titles[0]) if titles else Text(""),
        name=named[0].text if named else labels.resource(iri).text,
        publishers=publishers,
        originals=originals,
        issued=first(source, f"{DCTERMS}issued")[:10],
        web_page=web_page,
    )


def _order(passage: str) -> tuple[str, int, str]:
    source, _, anchor = passage.partition("#")
    number = anchor.lstrip("pq")
    return source, int(number) if number.isdecimal() and len(number) < 10 else 0, anchor
