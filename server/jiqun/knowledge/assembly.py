"""The whole of what a release will hold, made from the content in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import pyoxigraph as ox

from jiqun.knowledge.catalogue import describe_dataset, describe_partitions, describe_queries
from jiqun.knowledge.content import Content
from jiqun.knowledge.dataset import CATALOGUE, INFERRED, QUERIES, Graphs, assemble, merge
from jiqun.knowledge.inference import Rule, infer
from jiqun.knowledge.links.link_graphs import describe_links, link_graphs
from jiqun.knowledge.links.mappings import read_all
from jiqun.knowledge.query_files import read_annotated
from jiqun.knowledge.turtle_files import Document, read_prefixes
from jiqun.saved_queries import SavedQuery

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
    prefixes = read_prefixes(content)
    if queries:
        graphs[QUERIES] = describe_queries(queries, prefixes)
    release = version("jiqun")
    targets = {found.object_source for found in links}
    described = describe_dataset(release, merge(graphs), targets) | describe_links(links)
    graphs[CATALOGUE] = graphs.get(CATALOGUE, set()) | described
    default = merge(graphs)
    numbers = describe_partitions(default, prefixes)
    graphs[CATALOGUE] |= numbers
    return Knowledge(release, graphs, default | numbers, queries)


def inference_rules(content: Content) -> list[Rule]:
    """Read the inference rules."""
    files = [read_annotated(path, content) for path in content.inferences()]
    return [Rule(file.name, file.text) for file in files]
