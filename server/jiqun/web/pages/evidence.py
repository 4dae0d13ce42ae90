"""The evidence of a statement on pages: its sources and quotes, or its premises.

Sentences about a thing are clauses, each with its evidence. The page of a statement shows its
sources, or the premises that it follows from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import pyoxigraph as ox
from markupsafe import Markup, escape

from jiqun.errors import BadParameter, NotFound
from jiqun.language import Reader, Text
from jiqun.query.solutions import node_of, term_of
from jiqun.rdf.namespaces import DCTERMS, GRAPH, KG, SOURCE, is_absolute_iri
from jiqun.rdf.terms import ntriples
from jiqun.web.documents import Context, Document
from jiqun.web.linked_data.descriptions import Description, first
from jiqun.web.linked_data.premises import INFERRED, Premise, derive, graphs_of, origin_of
from jiqun.web.pages.cells import Cell, Labels, read_captions, text_of
from jiqun.web.pages.records import Fact, Record
from jiqun.web.pages.rendering import (
    html_document,
    link_target,
    mark_invisible,
    phrase,
    render,
    text_fragment,
)
from jiqun.web.pages.thing_facts import ADDRESSES, Thing, agents_of, read_sources_of

MAX_MARKS: Final = 6
"""Maximum number of displayed passages per fact."""

_CURATED: Final = ("register", "curated", "links")
_LONGEST: Final = 2000


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
    kind = origin_of(graphs)
    if kind == "said":
        passages = [graph for graph in graphs if graph.startswith(SOURCE)]
        return Proof(kind, marks_of(facts, sources, labels), max(0, len(passages) - MAX_MARKS))
    if kind == "inferred":
        return Proof(kind, premises=premises_address(facts[0], labels) if facts else None)
    if kind == "curated":
        kinds = (each for each in _CURATED if any(g.startswith(GRAPH + each) for g in graphs))
        return Proof(kind, note=note or f"curated_{next(kinds, 'ontology')}")
    return Proof(kind)


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


@dataclass(frozen=True)
class Clause:
    """A clause in HTML with links, and its evidence."""

    text: Markup
    proof: Proof | None = None


def facts_with(record: Record, *names: str) -> list[Fact]:
    """Return the facts of a record with these properties of the ontology, by local name."""
    wanted = {f"{KG}{name}" for name in names}
    return [fact for fact in record.facts if fact.predicate in wanted]


def clause(
    key: str,
    gaps: Mapping[str, Sequence[Fact]],
    thing: Thing,
    labels: Labels,
    note: str = "",
    last: str = "list_and",
) -> Clause | None:
    """Return a clause filled with the values of facts; None if a placeholder stays empty.

    `key` is that of a phrase with the names of the placeholders in braces, `last` that of the word
    before the last thing of a list.
    """
    if not all(gaps.values()):
        return None
    facts = [fact for found in gaps.values() for fact in found]
    filled = {name: values_of(found, labels) for name, found in gaps.items()}
    return Clause(fill(key, filled, labels, last), prove(facts, thing.sources, labels, note))


def fill(
    key: str, gaps: Mapping[str, Sequence[Cell]], labels: Labels, last: str = "list_and"
) -> Markup:
    """Return a phrase filled with lists of things."""
    lists = {name: _list(cells, labels, last) for name, cells in gaps.items()}
    return escape(phrase(key, labels.reader.lang)).format(**lists)


def _list(cells: Sequence[Cell], labels: Labels, last: str) -> Markup:
    """Write things one after the other: A, B and C."""
    lang = labels.reader.lang
    shown = [_linked(each, labels) for each in cells]
    if len(shown) < 2:
        return Markup("").join(shown)
    comma = phrase("list_comma", lang)
    return escape(phrase(last, lang)).join((escape(comma).join(shown[:-1]), shown[-1]))


def _linked(cell: Cell, labels: Labels) -> Markup:
    foreign = cell.text.lang and cell.text.lang != labels.reader.lang
    lang = Markup(' lang="{}"').format(cell.text.lang) if foreign else ""
    text = Markup("<bdi{}>{}</bdi>").format(lang, mark_invisible(cell.text.value))
    return Markup('<a href="{}">{}</a>').format(cell.href, text) if cell.href else text


def values_of(facts: Iterable[Fact], labels: Labels) -> tuple[Cell, ...]:
    """Return the values of facts, each once, by name."""
    terms = dict.fromkeys(fact.value for fact in facts)
    return tuple(sorted(labels.cells(terms), key=lambda cell: cell.text.value))


def list_name(iri: str, thing: Thing, labels: Labels) -> Cell:
    """Return a designation list, called by its year where that is known."""
    cell = labels.resource(iri)
    record = thing.beside.get(iri) or (thing.itself if iri == thing.iri else None)
    years = record.values(f"{KG}listYear") if record else []
    if len(years) != 1:
        return cell
    lang = labels.reader.lang
    return replace(cell, text=Text(phrase("list_of_year", lang, years[0].value), lang))


@dataclass(frozen=True)
class StatementView:
    """A statement as text, with its evidence."""

    subject: Cell
    property: Cell
    value: Cell
    proof: Proof


def premises_document(
    context: Context, reader: Reader, subject: str, predicate: str, value: str
) -> Document:
    """Return the page of a statement.

    `value` is in N-Triples syntax. Raises `BadParameter` for an invalid statement, and `NotFound`
    for one that is not in the graph.
    """
    triple = read_statement(subject, predicate, value)
    if not graphs_of(context, triple):
        raise NotFound("This statement is not in the graph. Its subject may have others.")
    premises = derive(context, triple)
    stated = [Premise(triple, graphs_of(context, triple)), *premises]
    facts = [_facts(each) for each in stated]
    return html_document(_render(context, facts, reader), reader)


def read_statement(subject: str, predicate: str, value: str) -> ox.Triple:
    """Read a statement from two IRIs and a term in N-Triples syntax; raises `BadParameter`."""
    for name, iri in (("subject", subject), ("property", predicate)):
        if not is_absolute_iri(iri) or len(iri) > _LONGEST:
            raise BadParameter(f"{name} must be an absolute IRI.")
    try:
        quads = list(ox.parse(f"<x:s> <x:p> {value[:_LONGEST]} .", ox.RdfFormat.N_TRIPLES))
        node = quads[0].object
        if len(quads) != 1 or not isinstance(node, ox.NamedNode | ox.Literal):
            raise SyntaxError
        return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), node)
    except (SyntaxError, ValueError, IndexError):
        raise BadParameter(
            'value must be a term in N-Triples, such as <http://example.org/x> or "2023".'
        ) from None


def _facts(premise: Premise) -> tuple[Fact, ...]:
    subject, predicate, value = (term_of(each) for each in premise.triple)
    return tuple(Fact(graph, subject, predicate.value, value) for graph in premise.graphs)


def _render(context: Context, facts: Sequence[Sequence[Fact]], reader: Reader) -> str:
    every = list(chain.from_iterable(facts))
    passages = sorted({fact.graph for fact in every if fact.graph.startswith(SOURCE)})
    sources = read_sources_of(context.select, passages)
    named = {
        *passages,
        *sources,
        *agents_of(sources.values()),
        *(fact.predicate for fact in every),
        *(term.value for fact in every for term in (fact.subject, fact.value) if term.is_iri),
    }
    captions = read_captions(context.select, sorted(named))
    labels = Labels(captions, reader)
    statement, *premises = (_view(each, labels, prove(each, sources, labels)) for each in facts)
    return render(
        "premises.html",
        reader,
        statement=statement,
        inferred={fact.graph for fact in facts[0]} == {INFERRED},
        premises=_ordered(premises),
    )


def _view(facts: Sequence[Fact], labels: Labels, proof: Proof) -> StatementView:
    fact = facts[0]
    name = labels.property_name(fact.predicate)
    return StatementView(
        labels.cell(fact.subject),
        Cell("thing", name, labels.resource(fact.predicate).href),
        labels.cell(fact.value),
        proof,
    )


def _ordered(views: Iterable[StatementView]) -> list[StatementView]:
    """Return statements of sources before those of curators."""
    return sorted(views, key=lambda each: (each.proof.kind != "said", each.subject.text.value))
