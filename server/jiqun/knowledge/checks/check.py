"""One thing, one identifier, one place that says what it is.

A slug that two register files describe, or one with two types there, is most often two things
under one name. Two types are well when one is a subclass of the other. The finding stands at the
later of two files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pyoxigraph as ox

from jiqun.errors import ContentError
from jiqun.knowledge.assembly import complete
from jiqun.knowledge.checks import rules as shapes
from jiqun.knowledge.checks.passages import check_source, check_wordings
from jiqun.knowledge.checks.rules import HygieneRule, Rules, read_rule
from jiqun.knowledge.content import Content, Finding
from jiqun.knowledge.dataset import ALIGNMENTS, CONCEPTS, ONTOLOGY, REGISTER, homes, with_passages
from jiqun.knowledge.inference import wider_classes
from jiqun.knowledge.links.link_graphs import check_links
from jiqun.knowledge.ontology_versions import check_versions
from jiqun.knowledge.query_files import SavedQuery, read_query
from jiqun.knowledge.tables import read_table
from jiqun.knowledge.turtle_files import Document, Locator, Malformed, read
from jiqun.rdf.namespaces import ID, SOURCE
from jiqun.rdf.terms import TYPE, Compactor


def check_identifiers(documents: Collection[Document], content: Content) -> Iterator[Finding]:
    """Yield a finding for each thing described twice, and for facts outside a passage's graph."""
    graph_of = homes(content)
    described: dict[str, Document] = {}
    wider = _wider_classes(documents, graph_of)
    for document in documents:
        graph = graph_of[document.path]
        locator = Locator((document,))
        if graph in {REGISTER, CONCEPTS}:
            yield from _described_twice(document, described, wider, locator)
        if not graph:
            yield from _misplaced(document, locator)


def _described_twice(
    document: Document,
    described: dict[str, Document],
    wider: Mapping[str, frozenset[str]],
    locator: Locator,
) -> Iterator[Finding]:
    types: dict[str, set[str]] = {}
    for quad in document.quads:
        if quad.predicate == TYPE and isinstance(quad.subject, ox.NamedNode):
            types.setdefault(quad.subject.value, set()).add(str(quad.object)[1:-1])
    for subject, kinds in types.items():
        name = subject.removeprefix(ID)
        place = locator.best(subject)
        line = place.line if place else 0
        other = described.setdefault(subject, document)
        if other is not document:
            what = f"{name} is described in {other.name} already"
            yield Finding(document.name, line, 0, what, "duplicate-identifier")
        if not any(kinds <= wider.get(kind, frozenset()) | {kind} for kind in kinds):
            listed = ", ".join(sorted(kind.rpartition("#")[2] for kind in kinds))
            what = f"{name} has {len(kinds)} types ({listed}): give it the one that fits best"
            yield Finding(document.name, line, 0, what, "duplicate-identifier")


def _wider_classes(
    documents: Collection[Document], graph_of: Mapping[Path, str]
) -> dict[str, frozenset[str]]:
    axioms = [
        quad.triple
        for document in documents
        if graph_of[document.path] in {ONTOLOGY, ALIGNMENTS}
        for quad in document.quads
    ]
    return wider_classes(axioms)


def _misplaced(document: Document, locator: Locator) -> Iterator[Finding]:
    own = f"{SOURCE}{document.path.parent.name}#"
    seen = set()
    for quad in document.quads:
        graph = quad.graph_name
        name = graph.value if isinstance(graph, ox.NamedNode) else ""
        subject = str(quad.subject)[1:-1]
        if not name.startswith(own) and (subject, name) not in seen:
            seen.add((subject, name))
            place = locator.best(subject, graph=name)
            what = f"{subject.removeprefix(ID)} stands outside the graphs of this source's passages"
            yield Finding(document.name, place.line if place else 0, 0, what, "evidence-graph")


Read = TypeVar("Read")


def check(content: Content, texts: Path | None = None) -> list[Finding]:
    """Check everything and return the findings, sorted; none means that a release can be built.

    `texts` is the folder that holds `<slug>/article.txt` for the sources, when it is at hand.
    """
    findings: list[Finding] = []
    prefixes = _all(read, [content.prefixes], content, findings)
    documents = _all(read, homes(content), content, findings)
    queries = _all(read_query, content.queries(), content, findings)
    rules = _all(read_rule, content.rules(), content, findings)
    _all(read_table, content.tables(), content, findings)
    for document in documents:
        if document.path.name == "source.ttl":
            findings += check_source(document, texts)
    findings += _wordings(documents, texts)
    findings += check_identifiers(documents, content)
    findings += check_links(documents, content)
    findings += check_versions(content)
    if not any(finding.rule in {"syntax", "file"} for finding in findings):
        graphs = [str(quad.graph_name)[1:-1] for each in documents for quad in each.quads]
        shorten = Compactor(with_passages(prefixes[0].prefixes, graphs)).write
        findings += _check_whole(documents, queries, rules, content, shorten)
    return sorted(set(findings))


def _all(
    reader: Callable[[Path, Content], Read],
    paths: Iterable[Path],
    content: Content,
    findings: list[Finding],
) -> list[Read]:
    """Read all files that can be read, and add what is wrong with the others to `findings`."""
    done = []
    for path in paths:
        try:
            done.append(reader(path, content))
        except Malformed as error:
            findings.append(error.finding)
    return done


def _wordings(documents: list[Document], texts: Path | None) -> list[Finding]:
    sources = {document.path: document for document in documents}
    found: list[Finding] = []
    for facts in documents:
        source = sources.get(facts.path.with_name("source.ttl"))
        if facts.path.name == "facts.trig" and source is not None:
            found += check_wordings(facts, source, texts)
    return found


def _check_whole(
    documents: list[Document],
    queries: list[SavedQuery],
    rules: list[HygieneRule],
    content: Content,
    shorten: Callable[..., str],
) -> Iterator[Finding]:
    try:
        knowledge = complete(documents, queries, content)
    except Malformed as error:
        yield error.finding
        return
    except ContentError as error:
        yield Finding("ontology/inferences", 0, 0, error.detail, "inference")
        return
    locator = Locator(documents)
    runner = Rules(knowledge, locator, shorten)
    for rule in rules:
        try:
            yield from runner.violations(rule)
        except Malformed as error:
            yield error.finding
    yield from shapes.violations(knowledge, locator, shorten)
