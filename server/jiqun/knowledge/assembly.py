"""Reads the content files and assembles the graphs of a release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeVar

import pyoxigraph as ox

from jiqun.knowledge.catalogue import describe_dataset, describe_partitions, describe_queries
from jiqun.knowledge.content import Content, Finding
from jiqun.knowledge.dataset import (
    CATALOGUE,
    INFERRED,
    ONTOLOGY,
    QUERIES,
    Graphs,
    homes,
    merge,
    named_graphs,
    store,
)
from jiqun.knowledge.inference import Rule, infer
from jiqun.knowledge.mappings import MappingSet, describe_links, link_graphs, read_mappings
from jiqun.knowledge.query_files import HygieneRule, read_annotated, read_query, read_rule
from jiqun.knowledge.tables import Table, read_table
from jiqun.knowledge.turtle_files import Document, Malformed, read
from jiqun.saved_queries import SavedQuery

TITLE: Final = "Jiqun"
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class ContentFiles:
    """The parsed content files; `findings` reports those that could not be read."""

    content: Content
    prefixes: Mapping[str, str]
    documents: Sequence[Document]
    queries: Sequence[SavedQuery]
    rules: Sequence[HygieneRule]
    tables: Sequence[Table]
    links: Sequence[MappingSet]
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class Knowledge:
    """The named graphs, the default graph that is their merge, and the saved queries."""

    version: str
    graphs: Graphs
    default: set[ox.Triple]
    queries: Sequence[SavedQuery]

    @cached_property
    def store(self) -> ox.Store:
        """All graphs in memory; created on first use."""
        return store(self.graphs, self.default)

    @cached_property
    def ontology(self) -> ox.Store:
        """The ontology alone, also as the default graph; created on first use."""
        triples = self.graphs.get(ONTOLOGY, set())
        return store({ONTOLOGY: triples}, triples)


def read_content(content: Content) -> ContentFiles:
    """Read all readable files; errors in the others are in `findings`."""
    findings: list[Finding] = []

    def every(reader: Callable[[Path, Content], _Read], paths: Iterable[Path]) -> list[_Read]:
        done = []
        for path in paths:
            try:
                done.append(reader(path, content))
            except Malformed as error:
                findings.append(error.finding)
        return done

    prefixes = every(read, [content.prefixes])
    documents = every(read, homes(content))
    queries = every(read_query, content.queries())
    rules = every(read_rule, content.rules())
    tables = every(read_table, content.tables())
    links = []
    for path in content.links():
        mapping_set, wrong = read_mappings(path, content)
        findings += wrong
        if mapping_set is not None:
            links.append(mapping_set)
    known = dict(prefixes[0].prefixes) if prefixes else {}
    return ContentFiles(content, known, documents, queries, rules, tables, links, findings)


def assemble(files: ContentFiles) -> Knowledge:
    """Add inferences, queries and the catalogue to the documents, and merge all.

    Raises `ContentError` for an inference rule that cannot be run.
    """
    graphs = named_graphs(files.documents, files.content)
    graphs.pop("", None)
    graphs |= link_graphs(files.links)
    annotated = [read_annotated(path, files.content) for path in files.content.inferences()]
    inferred = infer(graphs, [Rule(file.name, file.text) for file in annotated])
    if inferred:
        graphs[INFERRED] = inferred
    if files.queries:
        graphs[QUERIES] = describe_queries(files.queries, files.prefixes)
    release = version("jiqun")
    targets = {found.object_source for found in files.links}
    described = describe_dataset(release, merge(graphs), targets) | describe_links(files.links)
    graphs[CATALOGUE] = graphs.get(CATALOGUE, set()) | described
    default = merge(graphs)
    numbers = describe_partitions(default, files.prefixes)
    graphs[CATALOGUE] |= numbers
    return Knowledge(release, graphs, default | numbers, files.queries)
