"""Checks the whole content: files, identifiers, quotes, links, hygiene rules and shapes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyoxigraph as ox

from jiqun.errors import ContentError
from jiqun.knowledge.assembly import ContentFiles, Knowledge, assemble, read_content
from jiqun.knowledge.checks.passages import check_source, check_wordings
from jiqun.knowledge.checks.rules import Shorten, rule_finding, shape_findings, violations
from jiqun.knowledge.content import Content, Finding
from jiqun.knowledge.dataset import ALIGNMENTS, CONCEPTS, ONTOLOGY, REGISTER, homes, with_passages
from jiqun.knowledge.inference import superclasses
from jiqun.knowledge.links.mappings import check_set
from jiqun.knowledge.ontology_versions import check_versions
from jiqun.knowledge.query_files import HygieneRule
from jiqun.knowledge.tables import Table, fill_table, row_mistakes
from jiqun.knowledge.turtle_files import Document, Locator, Malformed
from jiqun.rdf.namespaces import ID, SOURCE
from jiqun.rdf.rdf_xml import unfit_for_xml
from jiqun.rdf.terms import TYPE, Compactor


class Step(Protocol):
    """Reports a step of a long command while the context is open; by default `nullcontext`."""

    def __call__(self, name: str, /) -> AbstractContextManager[object]:
        """Return the context of the step of that name."""


@dataclass(frozen=True)
class Checked:
    """The content as read and assembled, and the findings, sorted; none means it is sound.

    `knowledge` is None if a file cannot be read or the content cannot be assembled. `violations`
    counts the rows of each rule.
    """

    files: ContentFiles
    knowledge: Knowledge | None
    violations: Mapping[str, int]
    findings: Sequence[Finding]


def check(content: Content, texts: Path | None = None, step: Step = nullcontext) -> Checked:
    """Read, assemble and check everything.

    `texts` is the folder that holds `<slug>/article.txt` for the sources, if it is at hand.
    """
    with step("read the content"):
        files = read_content(content)
    with step("check files"):
        findings = [*files.findings, *_file_findings(files, texts)]
    if any(finding.rule in {"syntax", "file"} for finding in files.findings):
        return Checked(files, None, {}, sorted(set(findings)))
    knowledge, counts = None, dict[str, int]()
    try:
        with step("infer and merge"):
            knowledge = assemble(files)
    except Malformed as error:
        findings.append(error.finding)
    except ContentError as error:
        findings.append(Finding("ontology/inferences", 0, 0, error.detail, "inference"))
    if knowledge is not None:
        locator = Locator(files.documents)
        shorten = Compactor(with_passages(files.prefixes, knowledge.graphs)).write
        with step("check rules"):
            for rule in files.rules:
                try:
                    rows = violations(rule, rule_store(rule, knowledge))
                except Malformed as error:
                    findings.append(error.finding)
                else:
                    counts[rule.name] = len(rows)
                    findings += [rule_finding(rule, row, locator, shorten) for row in rows]
        with step("check shapes"):
            findings += shape_findings(knowledge.graphs, locator, shorten)
        with step("check tables and dumps"):
            findings += _table_findings(files.tables, knowledge.store, locator, shorten)
            findings += _xml_findings(knowledge.default, locator)
    return Checked(files, knowledge, counts, sorted(set(findings)))


def rule_store(rule: HygieneRule, knowledge: Knowledge) -> ox.Store:
    """Return the store that a rule queries."""
    return knowledge.ontology if rule.dataset == "ontology" else knowledge.store


def _table_findings(
    tables: Iterable[Table], store: ox.Store, locator: Locator, shorten: Shorten
) -> Iterator[Finding]:
    """Yield a finding for each row that a release refuses, at the thing that the row is of.

    The table of evidence is made by the build, statement by statement, and has no such rows.
    """
    filled = []
    for table in tables:
        if table.dataset == "all":
            try:
                filled.append(fill_table(table, store))
            except Malformed as error:
                yield error.finding
    for mistake in row_mistakes(filled):
        place = next(filter(None, map(locator.best, mistake.key)), None)
        path, line = (place.path, place.line) if place else ("ontology/tables", 0)
        names = " ".join(shorten(ox.NamedNode(key)) if ":" in key else key for key in mistake.key)
        yield Finding(path, line, 0, f"{names} {mistake.what}", "table")


def _xml_findings(triples: Iterable[ox.Triple], locator: Locator) -> Iterator[Finding]:
    """Yield a finding for each triple that RDF/XML cannot hold."""
    for triple in triples:
        if reason := unfit_for_xml(triple):
            place = locator.best(str(triple.subject)[1:-1], triple.predicate.value)
            path, line = (place.path, place.line) if place else ("data", 0)
            yield Finding(path, line, 0, reason.removesuffix("."), "rdf-xml")


def _file_findings(files: ContentFiles, texts: Path | None) -> Iterator[Finding]:
    by_path = {document.path: document for document in files.documents}
    for document in files.documents:
        if document.path.name == "source.ttl":
            yield from check_source(document, texts)
        source = by_path.get(document.path.with_name("source.ttl"))
        if document.path.name == "facts.trig" and source is not None:
            yield from check_wordings(document, source, texts)
    graph_of = homes(files.content)
    yield from _check_identifiers(files.documents, graph_of)
    registered = _registered(files.documents, graph_of)
    for mapping_set in files.links:
        yield from check_set(mapping_set, registered)
    yield from check_versions(files.content)


def _registered(documents: Iterable[Document], graph_of: Mapping[Path, str]) -> set[str]:
    """Return the IRIs of all things that the register and the concept lists give a type."""
    return {
        quad.subject.value
        for document in documents
        if graph_of[document.path] in {REGISTER, CONCEPTS}
        for quad in document.quads
        if quad.predicate == TYPE and isinstance(quad.subject, ox.NamedNode)
    }


def _check_identifiers(
    documents: Collection[Document], graph_of: Mapping[Path, str]
) -> Iterator[Finding]:
    """Yield a finding for each thing described twice, and for facts outside a passage's graph.

    A slug that two register files describe, or one with two types there, is most often two things
    under one name. Two types are allowed if one is a subclass of the other. The finding is
    reported for the later of two files.
    """
    described: dict[str, Document] = {}
    above = superclasses(
        quad.triple
        for document in documents
        if graph_of[document.path] in {ONTOLOGY, ALIGNMENTS}
        for quad in document.quads
    )
    for document in documents:
        graph = graph_of[document.path]
        locator = Locator((document,))
        if graph in {REGISTER, CONCEPTS}:
            yield from _described_twice(document, described, above, locator)
        if not graph:
            yield from _misplaced(document, locator)


def _described_twice(
    document: Document,
    described: dict[str, Document],
    above: Mapping[ox.NamedNode, set[ox.NamedNode]],
    locator: Locator,
) -> Iterator[Finding]:
    types: dict[str, set[ox.NamedNode]] = {}
    for subject, predicate, value in (quad.triple for quad in document.quads):
        if (
            predicate == TYPE
            and isinstance(subject, ox.NamedNode)
            and isinstance(value, ox.NamedNode)
        ):
            types.setdefault(subject.value, set()).add(value)
    for iri, kinds in types.items():
        name = iri.removeprefix(ID)
        found = []
        other = described.setdefault(iri, document)
        if other is not document:
            found.append(f"{name} is described in {other.name} already")
        if not any(kinds <= above.get(kind, set()) | {kind} for kind in kinds):
            listed = ", ".join(sorted(kind.value.rpartition("#")[2] for kind in kinds))
            found.append(f"{name} has {len(kinds)} types ({listed}): choose the one that fits best")
        for what in found:
            place = locator.best(iri)
            yield Finding(
                document.name, place.line if place else 0, 0, what, "duplicate-identifier"
            )


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
            what = f"{subject.removeprefix(ID)} is outside the graphs of this source's passages"
            yield Finding(document.name, place.line if place else 0, 0, what, "evidence-graph")
