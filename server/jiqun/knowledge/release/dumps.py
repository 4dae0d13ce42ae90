"""The dumps in RDF 1.1 that keep graphs or lines: N-Triples, N-Quads, TriG and plain Turtle.

N-Triples and N-Quads are canonical: blank nodes have the labels of RDFC-1.0 for what is in that
file, lines are in the order of their code points (https://www.w3.org/TR/rdf-canon/, section 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox

from jiqun.knowledge.dataset import canonical_blank_nodes
from jiqun.knowledge.turtle.format import dataset, prefix_lines, subjects
from jiqun.knowledge.turtle.terms import Compactor, quad_line, triple_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def ntriples_text(triples: Iterable[ox.Triple]) -> str:
    """Write canonical N-Triples."""
    return nquads_text({}, triples)


def nquads_text(graphs: Mapping[str, set[ox.Triple]], default: Iterable[ox.Triple]) -> str:
    """Write canonical N-Quads."""
    quads = [_in(triple, ox.DefaultGraph()) for triple in default]
    for name, triples in graphs.items():
        graph = ox.NamedNode(name)
        quads += [_in(triple, graph) for triple in triples]
    return "".join(f"{line}\n" for line in sorted(map(_line, canonical_blank_nodes(quads))))


def turtle_text(triples: Iterable[ox.Triple], prefixes: Mapping[str, str]) -> str:
    """Write Turtle with one block for each subject, in the order of the subjects."""
    compactor = Compactor(prefixes)
    return _document(list(subjects(triples, compactor)), compactor, prefixes)


def trig_text(
    graphs: Mapping[str, set[ox.Triple]],
    default: Iterable[ox.Triple],
    prefixes: Mapping[str, str],
) -> str:
    """Write TriG for people: the default graph, then each named graph."""
    compactor = Compactor(prefixes)
    body = list(dataset({"": default, **graphs}, compactor, {}))
    return _document(body, compactor, prefixes)


def _in(triple: ox.Triple, graph: ox.NamedNode | ox.DefaultGraph) -> ox.Quad:
    return ox.Quad(triple.subject, triple.predicate, triple.object, graph)


def _line(quad: ox.Quad) -> str:
    graph = quad.graph_name
    if isinstance(graph, ox.NamedNode):
        return quad_line(quad.triple, graph.value)
    return triple_line(quad.triple)


def _document(body: list[str], compactor: Compactor, prefixes: Mapping[str, str]) -> str:
    used = {key: prefixes[key] for key in compactor.used}
    return "\n".join([prefix_lines(used), *body])
