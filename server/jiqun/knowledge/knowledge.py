"""The whole of what a release will hold, made from the content in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from jiqun.knowledge.catalogue import describe_dataset, describe_queries
from jiqun.knowledge.dataset import CATALOGUE, INFERRED, QUERIES, Graphs, assemble, merge
from jiqun.knowledge.inference import Rule, infer
from jiqun.knowledge.links.graphs import describe_links, link_graphs
from jiqun.knowledge.links.sssom import read_all
from jiqun.knowledge.queries.headers import read_annotated
from jiqun.knowledge.turtle.terms import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyoxigraph as ox

    from jiqun.knowledge.content import Content
    from jiqun.knowledge.queries.saved import SavedQuery
    from jiqun.knowledge.turtle.parse import Document

TITLE: Final = "Jiqun"


@dataclass(frozen=True)
class Knowledge:
    """All named graphs, the default graph that is their merge, and the saved queries."""

    version: str
    graphs: Graphs
    default: set[ox.Triple]
    queries: Sequence[SavedQuery]


def complete(
    documents: Iterable[Document], queries: Sequence[SavedQuery], content: Content
) -> Knowledge:
    """Add inferences, queries and the catalogue to what the documents state, and merge all.

    Raises `ContentError` for an inference rule that cannot be run or links that cannot be read.
    """
    graphs = assemble(documents, content)
    graphs.pop("", None)
    links = read_all(content)
    graphs |= link_graphs(links)
    inferred = infer(graphs, inference_rules(content))
    if inferred:
        graphs[INFERRED] = inferred
    if queries:
        graphs[QUERIES] = describe_queries(queries)
    if links:
        graphs[CATALOGUE] = describe_links(links)
    release = version("jiqun")
    default = merge(graphs)
    counts = {
        "triples": len(default) + len(describe_dataset(TITLE, release, _no_counts())),
        "classes": len({triple.object for triple in default if triple.predicate == RDF_TYPE}),
        "properties": len({triple.predicate for triple in default}),
    }
    described = describe_dataset(TITLE, release, counts)
    graphs[CATALOGUE] = graphs.get(CATALOGUE, set()) | described
    return Knowledge(release, graphs, default | described, queries)


def inference_rules(content: Content) -> list[Rule]:
    """Read the inference rules."""
    files = [read_annotated(path, content) for path in content.inferences()]
    return [Rule(file.name, file.text) for file in files]


def _no_counts() -> dict[str, int]:
    return dict.fromkeys(("triples", "classes", "properties"), 0)
