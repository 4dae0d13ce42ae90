"""Evaluates a query in a worker and serializes the result.

Everything that depends on pyoxigraph's behaviour is here and in `result_stream`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any, Protocol

import pyoxigraph as ox

from jiqun.errors import useful_part
from jiqun.query.functions import call_with_functions
from jiqun.query.result_stream import (
    CSV,
    JSON,
    JSON_LD,
    RDF_XML,
    TSV,
    XML,
    Cancelled,
    NotRepresentable,
    ResultStream,
    TooLarge,
    first_rows,
)
from jiqun.rdf.earlier_versions import NEWEST
from jiqun.rdf.namespaces import PREFIXES
from jiqun.rdf.turtle import ends_in_xml_name

RESULTS = {
    JSON: ox.QueryResultsFormat.JSON,
    XML: ox.QueryResultsFormat.XML,
    CSV: ox.QueryResultsFormat.CSV,
    TSV: ox.QueryResultsFormat.TSV,
}
GRAPHS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    RDF_XML: ox.RdfFormat.RDF_XML,
    JSON_LD: ox.RdfFormat.JSON_LD,
}
DATASETS = {
    "application/trig": ox.RdfFormat.TRIG,
    "application/n-quads": ox.RdfFormat.N_QUADS,
}
_SOLUTIONS = (ox.QuerySolutions, ox.QueryBoolean)
_PREFIXED = {"text/turtle", "application/trig", RDF_XML}


class Failure(Exception):
    """The query cannot be answered; `kind` classifies the failure."""

    def __init__(self, kind: str, detail: str) -> None:
        """Keep the kind, as `execution` lists them, or `internal`, and the text."""
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class QueryStore(Protocol):
    """A source of answers: a local store, or a backend (`remote_store`)."""

    @property
    def query(self) -> Callable[..., Any]:
        """Evaluate a query, as pyoxigraph's `Store.query` does."""


def evaluate(
    store: QueryStore, job: Mapping[str, Any], stream: ResultStream, *, short: bool = False
) -> tuple[int | None, bool, bytes | None]:
    """Evaluate `job` on `store` into `stream`; return (rows or None, truncated, data).

    `data` is the whole result when none of it was sent yet, else None. With `short`, solutions are
    serialized in one piece, which takes 10 % less. Raises `Failure`, and `Cancelled` from the
    stream.
    """
    try:
        return _evaluate(store, job, stream, short)
    except (Failure, Cancelled, MemoryError):
        raise
    except TooLarge as error:
        raise Failure("large", str(error)) from None
    except NotRepresentable as error:
        raise Failure("media", str(error)) from None
    except SyntaxError as error:
        # Imported here so that workers start quickly; few need it.
        from jiqun.query.diagnosis.mistakes import explain  # noqa: PLC0415

        raise Failure("syntax", explain(job["written"] or job["text"], error.msg)) from None
    except (RuntimeError, ValueError, TypeError, OverflowError) as error:
        raise Failure("evaluation", useful_part(str(error))) from None
    except OSError as error:
        kind = "service" if job["services"] else "internal"
        raise Failure(kind, useful_part(str(error))) from None


def _evaluate(
    store: QueryStore, job: Mapping[str, Any], stream: ResultStream, short: bool
) -> tuple[int | None, bool, bytes | None]:
    media_type, most = job["media_type"], job["max_rows"]
    default_graph: Any = _graphs(job["default_graphs"], job["named_graphs"])
    named_graphs = _graphs(job["named_graphs"], job["default_graphs"])
    if isinstance(store, ox.Store) and default_graph is not None and len(default_graph) > 1:
        store = _merged(store, default_graph, named_graphs or [])
        default_graph = ox.DefaultGraph()
    results = call_with_functions(
        partial(
            store.query,
            job["text"],
            base_iri=job["base_iri"],
            default_graph=default_graph,
            named_graphs=named_graphs,
        )
    )
    if not isinstance(results, _SOLUTIONS):
        return _write_graph(results, media_type, most, stream)
    if media_type not in RESULTS:
        raise Failure("media", f"The result of this query cannot be written as {media_type}.")
    file: Any = stream
    try:
        if short:
            whole: Any = results.serialize(format=RESULTS[media_type])
            stream.write(whole)
        else:
            results.serialize(file, RESULTS[media_type])
    except SyntaxError:
        raise Failure("gateway", "The engine's answer cannot be read.") from None
    data = stream.held()
    rows = None if isinstance(results, ox.QueryBoolean) else stream.rows.count
    if rows is not None and most is not None and rows > most and media_type == JSON:
        rows = len(json.loads(data or b"")["results"]["bindings"])
    if rows is None or most is None or rows <= most or data is None:
        return rows, False, data
    return most, True, first_rows(media_type, data, most)


def _write_graph(
    triples: Iterator[ox.Triple], media_type: str, most: int | None, stream: ResultStream
) -> tuple[int | None, bool, bytes | None]:
    count = 0
    file: Any = stream

    def counted() -> Iterator[ox.Triple]:
        nonlocal count
        for count, triple in enumerate(islice(triples, most), 1):  # noqa: B007
            yield triple

    source: Iterable[ox.Triple] = counted()
    if media_type == JSON_LD or stream.version != NEWEST:
        source = stream.triples.triples(source)
    prefixes = dict(PREFIXES) if media_type in _PREFIXED else None
    if media_type in DATASETS:
        quads = (ox.Quad(*triple) for triple in source)
        ox.serialize(quads, file, DATASETS[media_type], prefixes=prefixes)
    elif media_type in GRAPHS:
        if media_type == RDF_XML:
            source = map(_for_xml, source)
        ox.serialize(source, file, GRAPHS[media_type], prefixes=prefixes)
    else:
        raise Failure("media", f"A graph cannot be written as {media_type}.")
    cut = most is not None and count == most and next(triples, None) is not None
    if cut and stream.started:
        raise Failure("large", f"The result has more than {most} triples. Ask for fewer.")
    return count, cut, stream.held()


def _for_xml(triple: ox.Triple) -> ox.Triple:
    if not ends_in_xml_name(triple.predicate.value):
        raise Failure(
            "media",
            f"RDF/XML cannot express the predicate <{triple.predicate.value[:200]}>: it does not "
            "end in an XML name. Ask for Turtle, N-Triples or JSON-LD.",
        )
    return triple


def _graphs(iris: list[str] | None, others: list[str] | None) -> list[Any] | None:
    """Return graphs of a protocol dataset; empty when only graphs of the other kind are given."""
    if iris is None:
        return None if others is None else []
    return [ox.NamedNode(iri) for iri in iris]


def _merged(
    store: ox.Store, default: Iterable[ox.NamedNode], named: Iterable[ox.NamedNode]
) -> ox.Store:
    """Copy graphs into a new store, those in `default` merged as its default graph.

    Given several default graphs, pyoxigraph counts a triple once for each that contains it.
    """
    copy = ox.Store()
    for graph in default:
        found = store.quads_for_pattern(None, None, None, graph)
        copy.extend(ox.Quad(*quad.triple) for quad in found)
    for graph in named:
        if store.contains_named_graph(graph):
            copy.add_graph(graph)
            copy.extend(store.quads_for_pattern(None, None, None, graph))
    return copy
