"""The named graphs of a release, and the default graph that merges them.

Every graph is a set of triples, keyed by its IRI; `merge` creates the default graph from them.
Blank nodes (only the ontology, its alignments and the shapes may have them) get RDFC-1.0 labels
(https://www.w3.org/TR/rdf-canon/), so that they do not depend on the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from jiqun.knowledge.content import Content
from jiqun.knowledge.turtle_files import Document
from jiqun.rdf.namespaces import GRAPH, SOURCE

ONTOLOGY: Final = f"{GRAPH}ontology"
ALIGNMENTS: Final = f"{GRAPH}alignments"
CONCEPTS: Final = f"{GRAPH}concepts"
SHAPES: Final = f"{GRAPH}shapes"
REGISTER: Final = f"{GRAPH}register"
GEO: Final = f"{GRAPH}geo"
SOURCES: Final = f"{GRAPH}sources"
CURATED: Final = f"{GRAPH}curated"
INFERRED: Final = f"{GRAPH}inferred"
QUERIES: Final = f"{GRAPH}queries"
CATALOGUE: Final = f"{GRAPH}catalogue"
UNMERGED: Final = frozenset({SHAPES})

Graphs = dict[str, set[ox.Triple]]


def homes(content: Content) -> dict[Path, str]:
    """Return every Turtle and TriG file with the graph of its triples.

    The graph is "" for the facts of sources, whose files name their graphs.
    """
    single = {
        content.ontology: ONTOLOGY,
        content.alignments: ALIGNMENTS,
        content.shapes: SHAPES,
        content.catalogue: CATALOGUE,
    }
    found = {path: graph for path, graph in single.items() if path.exists()}
    found |= dict.fromkeys(content.concepts(), CONCEPTS)
    found |= dict.fromkeys(content.registers(), REGISTER)
    found |= dict.fromkeys(content.geometries(), GEO)
    found |= dict.fromkeys(content.curated(), CURATED)
    found |= dict.fromkeys(content.source_descriptions(), SOURCES)
    return found | dict.fromkeys(content.facts(), "")


def named_graphs(documents: Iterable[Document], content: Content) -> Graphs:
    """Return the statements of the documents by named graph, blank nodes labelled."""
    graph_of = homes(content)
    quads = ox.Dataset()
    for document in documents:
        home = graph_of[document.path]
        for quad in document.quads:
            named = ox.NamedNode(home) if home else quad.graph_name
            quads.add(ox.Quad(quad.subject, quad.predicate, quad.object, named))
    return split(canonical_blank_nodes(quads))


def canonical_blank_nodes(quads: Iterable[ox.Quad]) -> list[ox.Quad]:
    """Return the quads with the blank node labels of RDFC-1.0."""
    named, blank = [], ox.Dataset()
    for quad in quads:
        if isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode):
            blank.add(quad)
        else:
            named.append(quad)
    blank.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return [*named, *blank]


def split(quads: Iterable[ox.Quad]) -> Graphs:
    """Group quads by graph IRI; the default graph is ""."""
    graphs: Graphs = {}
    for quad in quads:
        name = quad.graph_name
        graph = name.value if isinstance(name, ox.NamedNode) else ""
        graphs.setdefault(graph, set()).add(quad.triple)
    return graphs


def merge(graphs: Mapping[str, set[ox.Triple]]) -> set[ox.Triple]:
    """Return the default graph: the union of all named graphs except the shapes."""
    return set().union(*(graphs[name] for name in graphs if name not in UNMERGED))


def is_passage(graph: str) -> bool:
    """Whether a graph is that of a passage of a source."""
    return graph.startswith(SOURCE) and "#" in graph


def store(graphs: Mapping[str, set[ox.Triple]], default: Iterable[ox.Triple]) -> ox.Store:
    """Return a store in memory with the named graphs and that default graph."""
    filled = ox.Store()
    fill(filled, graphs, default)
    return filled


def fill(
    target: ox.Store, graphs: Mapping[str, set[ox.Triple]], default: Iterable[ox.Triple]
) -> None:
    """Load the named graphs and the default graph into a store, in a single load.

    Each load writes its own files in a store on disk: 900 graphs one by one took 28 s on a busy
    machine, and left 1,276 files.
    """
    target.bulk_extend(_quads(graphs, default))


def _quads(graphs: Mapping[str, set[ox.Triple]], default: Iterable[ox.Triple]) -> Iterator[ox.Quad]:
    # The default graph comes last: in memory, rules on it then take a tenth of the time (pyoxigraph
    # 0.5.13).
    for name, triples in graphs.items():
        graph = ox.NamedNode(name)
        yield from (in_graph(triple, graph) for triple in triples)
    yield from (in_graph(triple, ox.DefaultGraph()) for triple in default)


def in_graph(triple: ox.Triple, graph: ox.NamedNode | ox.DefaultGraph) -> ox.Quad:
    """Return a triple as a quad of a graph."""
    return ox.Quad(triple.subject, triple.predicate, triple.object, graph)


def with_passages(prefixes: Mapping[str, str], graphs: Iterable[str]) -> dict[str, str]:
    """Return the prefixes, plus one per source for its passages: `src-` and its name."""
    slugs = sorted({name[len(SOURCE) :].partition("#")[0] for name in graphs if is_passage(name)})
    # A prefix starts with a letter (Turtle, PN_PREFIX), and RDF4J 5.2 reads a subject that begins
    # with "graph" as a keyword of TriG.
    return {**{f"src-{slug}": f"{SOURCE}{slug}#" for slug in slugs}, **prefixes}
