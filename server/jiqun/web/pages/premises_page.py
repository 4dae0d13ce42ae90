"""The page of a statement: its sources, or the premises that it follows from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import pyoxigraph as ox

from jiqun.errors import BadParameter, NotFound
from jiqun.language import Reader
from jiqun.query.solutions import term_of
from jiqun.rdf.namespaces import SOURCE, is_absolute_iri
from jiqun.web.documents import Context, Document
from jiqun.web.linked_data.premises import INFERRED, Premise, derive, graphs_of
from jiqun.web.pages.cells import Cell, Labels, read_captions
from jiqun.web.pages.evidence import Proof, prove
from jiqun.web.pages.records import Fact
from jiqun.web.pages.rendering import html_document, render
from jiqun.web.pages.thing_facts import agents_of, read_sources_of

_LONGEST: Final = 2000


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
    told = [Premise(triple, graphs_of(context, triple)), *premises]
    facts = [_facts(each) for each in told]
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
