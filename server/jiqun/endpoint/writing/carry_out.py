"""What changes do to a store: operations of an update, documents that were loaded, quads."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.endpoint.rdf_reading import read_graph
from jiqun.errors import EvaluationFailed, JiqunError, MalformedQuery, UpdateFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from jiqun.endpoint.rdf_reading import Graph
    from jiqun.endpoint.sparql.parts import Load, Merge, Text

# Up to so many quads are added in one transaction, more are bulk-loaded.
FEW: Final = 5_000


def apply(
    store: ox.Store, part: Text, base: str | None, services: Sequence[str], most: int
) -> None:
    """Carry out operations that call `services`; quads are added at most `most` at a time.

    Raises `MalformedQuery`, `EvaluationFailed`, `UpdateFailed` and what the engine raises; the
    store must be given up then.
    """
    source = part.source
    if source is not None and not exists(store, ox.NamedNode(source.graph)):
        if source.silent:
            return
        raise UpdateFailed(
            f"There is no graph <{source.graph[:200]}> to take anything from. With SILENT, the "
            "operation does nothing then."
        )
    if part.merge is not None:
        add(store, _merged(store, part.merge), most)
    try:
        store.update(part.text, base_iri=base)
    except SyntaxError as error:
        raise MalformedQuery(f"The update is not valid SPARQL: {shorten(error.msg)}") from None
    except OSError as error:
        if services:
            text = f"A SERVICE call failed: {shorten(str(error))}"
            raise EvaluationFailed(text) from None
        raise
    if part.merge is not None:
        store.remove_graph(ox.NamedNode(part.merge.name))


def _merged(store: ox.Store, merge: Merge) -> Iterator[ox.Quad]:
    name = ox.NamedNode(merge.name)
    for graph in merge.graphs:
        for quad in store.quads_for_pattern(None, None, None, ox.NamedNode(graph)):
            yield ox.Quad(quad.subject, quad.predicate, quad.object, name)


def load(store: ox.Store, part: Load, document: tuple[bytes, str, str], most: int) -> None:
    """Add a document (body, content type, base) that LOAD asked for; raises `UpdateFailed`."""
    body, content_type, base = document
    graph = ox.DefaultGraph() if part.graph is None else ox.NamedNode(part.graph)
    try:
        quads: Iterable[ox.Quad] = read_graph(body, content_type, base, graph)
        if part.silent:
            quads = list(quads)  # all of it or none
        add(store, quads, most)
    except JiqunError as error:
        if not part.silent:
            text = f"LOAD <{part.source[:200]}> failed: {error.detail}"
            raise UpdateFailed(text) from None
    if part.graph is not None:
        store.add_graph(graph)


def add(store: ox.Store, quads: Iterable[ox.Quad], most: int) -> None:
    """Add quads, in steps of at most `most` when they are many."""
    rest = iter(quads)
    first = list(islice(rest, FEW))
    if len(first) < FEW:
        store.extend(first)
        return
    rest = chain(first, rest)
    while step := list(islice(rest, most)):
        store.bulk_extend(step)


def exists(store: ox.Store, graph: Graph) -> bool:
    """Tell whether a graph exists; the default graph counts from its first triple on."""
    if isinstance(graph, ox.DefaultGraph):
        return next(store.quads_for_pattern(None, None, None, graph), None) is not None
    return store.contains_named_graph(graph)


def shorten(text: str) -> str:
    """Cut what an engine says to what helps."""
    return text if len(text) <= 300 else text[:300].rsplit(",", 1)[0] + " …"
