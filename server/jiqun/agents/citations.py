"""Citations: the passages that support a statement, or the premises it is derived from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import pyoxigraph as ox
from pyoxigraph import NamedNode

from jiqun.agents.schema_terms import find_term
from jiqun.agents.statements import kind_of, no_fact_of
from jiqun.agents.tools import Citation, Citations, Cite, Cited, CitedStatement, fitting
from jiqun.errors import NotFound, shorten
from jiqun.language import Reader
from jiqun.query.solutions import Term, node_of
from jiqun.rdf.namespaces import DCTERMS, ID, KG, SOURCE, compact, prologue
from jiqun.web.documents import Context
from jiqun.web.linked_data.descriptions import Description, first
from jiqun.web.linked_data.premises import (
    INFERRED,
    Premise,
    derive,
    graphs_of,
    mentions_of,
    statement_text,
)
from jiqun.web.linked_data.thing_names import expand, find_thing
from jiqun.web.pages.cells import Labels, read_captions
from jiqun.web.pages.evidence import find_web_page
from jiqun.web.pages.thing_facts import agents_of, read_sources_of

_MOST: Final = 30
_HEAD: Final = prologue("kg", "dcterms")
_VALUES: Final = f"SELECT DISTINCT ?value WHERE {{ ?thing ?property ?value %s }} LIMIT {_MOST + 1}"
_SUBJECTS: Final = (
    f"SELECT DISTINCT ?value WHERE {{ ?value ?property ?thing %s }} LIMIT {_MOST + 1}"
)
_FIGURES: Final = f"""{_HEAD}SELECT DISTINCT ?claim ?property ?value WHERE {{
  ?claim kg:about ?thing .
  {{ ?claim kg:metric ?metric ; kg:value ?value BIND (kg:value AS ?property) }} UNION
  {{ ?claim kg:targetMetric ?metric ; kg:targetValue ?value BIND (kg:targetValue AS ?property) }}
}} ORDER BY ?claim LIMIT {_MOST + 1}"""
_PROPERTIES: Final = "SELECT DISTINCT ?property WHERE { ?thing ?property ?value }"
_TYPES: Final = "SELECT ?type WHERE { ?thing a ?type }"


def cite(context: Context, given: Cite) -> Citations:
    """Return the evidence of the statements with this thing and property.

    Raises `NotFound` for an unknown thing or property, and when there is no statement.
    """
    named = find_thing(context, given.thing, given.lang)
    triples = _triples(context, named.iri, given)
    writer = _Evidence(context, Reader(given.lang))
    premises = {triple: derive(context, triple) for triple in triples[:_MOST]}
    writer.read(premise for found in premises.values() for premise in found)
    written = [writer.statement(triple, found) for triple, found in premises.items()]
    result = Citations(statements=fitting(written))
    notes = [named.note] if named.note else []
    if len(triples) > len(result["statements"]):
        count = len(result["statements"])
        notes.append(f"There are more than these {count}. Select one with value.")
    if notes:
        result["note"] = " ".join(notes)
    return result


def _triples(context: Context, iri: str, given: Cite) -> list[ox.Triple]:
    thing = NamedNode(iri)
    wanted = expand(given.property)
    if wanted.startswith(ID):
        metric = find_thing(context, given.property, given.lang).iri
        rows = context.select(_FIGURES, {"thing": str(thing), "metric": str(NamedNode(metric))})
        triples = [
            ox.Triple(
                NamedNode(row["claim"].value),
                NamedNode(row["property"].value),
                node_of(row["value"]),
            )
            for row in rows
        ]
        if not triples:
            raise NotFound(f"No figure and no goal of {compact(metric)} about {compact(iri)}.")
        return triples
    if not wanted or wanted.startswith(KG):
        wanted = find_term(context, given.property, "property").iri
    found = _with(context, thing, NamedNode(wanted), given)
    if not found:
        raise NotFound(_nothing(context, iri, wanted))
    return found


def _with(context: Context, thing: NamedNode, wanted: NamedNode, given: Cite) -> list[ox.Triple]:
    """Return the triples with a thing as subject (else as object) and a property.

    With a given value, only those whose other end has that id, IRI, name or text.
    """
    bound = {"thing": str(thing), "property": str(wanted)}
    for query in (_VALUES, _SUBJECTS):
        others = [row["value"] for row in context.select(query % "", bound)]
        if not others:
            continue
        if given.value is not None:
            texts = [given.value, expand(given.value)]
            others = _among(context, query, bound, texts)
            if not others and not texts[1]:
                iri = find_thing(context, given.value, given.lang).iri
                others = _among(context, query, bound, [iri])
            if not others:
                raise NotFound(f"{shorten(given.value)} is not a value of it; omit value.")
        if query is _VALUES:
            return [ox.Triple(thing, wanted, node_of(each)) for each in others]
        return [ox.Triple(NamedNode(each.value), wanted, thing) for each in others]
    return []


def _among(context: Context, query: str, bound: dict[str, str], texts: Sequence[str]) -> list[Term]:
    names = {f"text{number}": str(ox.Literal(text)) for number, text in enumerate(texts) if text}
    wanted = ", ".join(f"?{name}" for name in names)
    rows = context.select(query % f"FILTER (STR(?value) IN ({wanted}))", {**bound, **names})
    return [row["value"] for row in rows]


def _nothing(context: Context, iri: str, wanted: str) -> str:
    rows = context.select(_PROPERTIES, {"thing": str(NamedNode(iri))})
    known = sorted(row["property"].value for row in rows)
    own = ", ".join(compact(each) for each in known if each.startswith(KG)) or "none"
    return f"{compact(iri)} has no {compact(wanted)}. Its properties: {own}."


class _Evidence:
    """Writes statements with the passages that state them."""

    def __init__(self, context: Context, reader: Reader) -> None:
        self._context = context
        self._reader = reader
        self._labels = Labels({}, reader)
        self._sources: dict[str, Description] = {}

    def read(self, premises: Iterable[Premise]) -> None:
        """Read passages, sources and publishers of premises in one go."""
        graphs = {graph for each in premises for graph in each.graphs}
        passages = sorted(each for each in graphs if each.startswith(SOURCE))
        self._sources = read_sources_of(self._context.select, passages)
        mentioned = {*passages, *self._sources, *agents_of(self._sources.values())}
        captions = read_captions(self._context.select, sorted(mentioned))
        self._labels = Labels(captions, self._reader)

    def statement(self, triple: ox.Triple, premises: Sequence[Premise]) -> CitedStatement:
        """Return a statement with its evidence, or with that of its premises."""
        own = [each for each in premises if each.triple == triple]
        graphs = own[0].graphs if own else graphs_of(self._context, triple)
        others = [] if own else premises
        return CitedStatement(
            statement=statement_text(triple),
            kind=self._kind(triple, graphs),
            citations=self._citations(own[0]) if own else [],
            premises=[
                Cited(
                    statement=statement_text(each.triple),
                    kind=self._kind(each.triple, each.graphs),
                    citations=self._citations(each),
                )
                for each in others
            ],
        )

    def _kind(self, triple: ox.Triple, graphs: Sequence[str]) -> str:
        rows = self._context.select(_TYPES, {"thing": str(triple.subject)})
        return kind_of(graphs or (INFERRED,), no_fact_of(row["type"].value for row in rows))

    def _citations(self, premise: Premise) -> list[Citation]:
        return [
            self._citation(graph, premise.triple)
            for graph in premise.graphs
            if graph.startswith(SOURCE)
        ]

    def _citation(self, passage: str, triple: ox.Triple) -> Citation:
        source = passage.partition("#")[0]
        described = self._sources.get(source, {})
        caption = self._labels.captions.get(passage)
        words = caption.words_for(mentions_of(triple)) if caption else ()
        return Citation(
            passage=passage,
            quotes=[text.value for text in words],
            source=self._labels.name(source),
            publisher=", ".join(self._labels.name(each.value) for each in _publishers(described)),
            date=first(described, f"{DCTERMS}issued")[:10] or "not known",
            url=find_web_page(described) or "not known",
        )


def _publishers(source: Description) -> list[Term]:
    return [each for each in source.get(f"{DCTERMS}publisher", ()) if each.is_iri]
