"""Checks the whole content: files, identifiers, quotes, links, hygiene rules and shapes.

Hygiene rules are in SPARQL, shapes in SHACL (https://www.w3.org/TR/shacl/, by pySHACL). Every row
of a hygiene rule is a violation: `?subject` is its location, with `?predicate`, `?object` and
`?graph` if the rule selects them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import pyoxigraph as ox
import pyshacl
import rdflib
from rdflib import SH

from jiqun.errors import ContentError
from jiqun.knowledge.assembly import ContentFiles, Knowledge, assemble, read_content
from jiqun.knowledge.content import Content, Finding
from jiqun.knowledge.dataset import (
    ALIGNMENTS,
    CATALOGUE,
    CONCEPTS,
    ONTOLOGY,
    QUERIES,
    REGISTER,
    SHAPES,
    UNMERGED,
    homes,
    merge,
    with_passages,
)
from jiqun.knowledge.inference import superclasses
from jiqun.knowledge.mappings import check_set
from jiqun.knowledge.ontology_versions import check_versions
from jiqun.knowledge.passages import check_source, check_wordings
from jiqun.knowledge.query_files import HygieneRule
from jiqun.knowledge.tables import Filled, Table, fill_table, row_mistakes
from jiqun.knowledge.turtle_files import Document, Locator, Malformed
from jiqun.rdf.namespaces import GRAPH, ID, SOURCE
from jiqun.rdf.terms import TYPE, Compactor, Term, language_tag, ntriples
from jiqun.rdf.turtle import unfit_for_xml

_HOLE: Final = re.compile(r"\{(\w+)\}")
_LEFT_OUT: Final = UNMERGED | {QUERIES, CATALOGUE}

Row = Mapping[str, Term]
Shorten = Callable[[Term], str]


def violations(rule: HygieneRule, store: ox.Store) -> list[Row]:
    """Return the rows that the rule selects; raise `Malformed` if it is not a SELECT query."""
    try:
        rows = store.query(rule.file.text)
    except SyntaxError as error:
        raise rule.file.mistake((error.msg or str(error)).partition("\n")[0], "rule") from None
    if not isinstance(rows, ox.QuerySolutions):
        raise rule.file.mistake("a rule must be a SELECT query", "rule")
    names = [variable.value for variable in rows.variables]
    return [{name: row[name] for name in names if row[name] is not None} for row in rows]


def rule_finding(rule: HygieneRule, row: Row, locator: Locator, shorten: Shorten) -> Finding:
    """Return a violation as a finding, located at the statement in the row."""

    def word(hole: re.Match[str]) -> str:
        term = row.get(hole[1])
        if term is None:
            return hole[0]
        return term.value if isinstance(term, ox.Literal) else shorten(term)

    what = _HOLE.sub(word, rule.message)
    keys = [_key(row.get(name)) for name in ("subject", "predicate", "object")]
    place = locator.best(*keys, graph=_key(row.get("graph")))
    path, line = (place.path, place.line) if place else (rule.file.name, 0)
    return Finding(path, line, 0, what, rule.name)


def _key(term: Term | None) -> str:
    if isinstance(term, ox.NamedNode):
        return term.value
    return f'"{term.value}"' if isinstance(term, ox.Literal) else ""


def shape_findings(
    graphs: Mapping[str, set[ox.Triple]], locator: Locator, shorten: Shorten
) -> Iterator[Finding]:
    """Yield a finding for every validation result on the merge, including inferences."""
    shapes = graphs.get(SHAPES)
    if not shapes:
        return
    # Links are checked row by row when they are read.
    checked = {
        name: triples
        for name, triples in graphs.items()
        if name not in _LEFT_OUT and not name.startswith(f"{GRAPH}links-")
    }
    _, report, _ = pyshacl.validate(
        as_rdflib(merge(checked)), shacl_graph=as_rdflib(shapes), inference="none", inplace=True
    )
    assert isinstance(report, rdflib.Graph)
    for result in report.subjects(rdflib.RDF.type, SH.ValidationResult):
        yield _shape_finding(report, result, locator, shorten)


def as_rdflib(triples: Iterable[ox.Triple]) -> rdflib.Graph:
    """Return the triples as a graph of rdflib."""
    known: dict[Term, rdflib.term.Node] = {}
    graph = rdflib.Graph()
    for triple in triples:
        terms = []
        for term in triple:
            if term not in known:
                known[term] = _to_rdflib(term)
            terms.append(known[term])
        subject, predicate, value = terms
        graph.add((subject, predicate, value))
    return graph


def _to_rdflib(term: Term) -> rdflib.term.Node:
    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, ox.Literal):
        if term.language:
            return rdflib.Literal(term.value, lang=language_tag(term.language))
        kind = rdflib.URIRef(term.datatype.value)
        return rdflib.Literal(term.value, datatype=None if kind == rdflib.XSD.string else kind)
    return rdflib.BNode(str(term)[2:])


def _from_rdflib(node: rdflib.term.Node | None) -> Term:
    if isinstance(node, rdflib.URIRef):
        return ox.NamedNode(str(node))
    if isinstance(node, rdflib.Literal):
        if node.language:
            return ox.Literal(str(node), language=node.language)
        return ox.Literal(str(node), datatype=ox.NamedNode(str(node.datatype or rdflib.XSD.string)))
    return ox.BlankNode(str(node))


def _shape_finding(
    report: rdflib.Graph, result: rdflib.term.Node, locator: Locator, shorten: Shorten
) -> Finding:
    focus, path = report.value(result, SH.focusNode), report.value(result, SH.resultPath)
    value = report.value(result, SH.value)
    messages = [
        text
        for text in report.objects(result, SH.resultMessage)
        if isinstance(text, rdflib.Literal)
    ]
    english = [text for text in messages if text.language == "en"]
    about = shorten(_from_rdflib(focus))
    if isinstance(path, rdflib.URIRef):
        about += f" {shorten(_from_rdflib(path))}"
    if value is not None and value != focus:
        about += f" ({shorten(_from_rdflib(value))})"
    what = f"{about}: {'; '.join(sorted(map(str, english or messages)))}"
    component = str(report.value(result, SH.sourceConstraintComponent) or "")
    rule = f"shape {component.rpartition('#')[2].removesuffix('ConstraintComponent')}"
    place = locator.best(*(_node_key(node) for node in (focus, path, value)))
    where, line = (place.path, place.line) if place else ("ontology/shapes.ttl", 0)
    return Finding(where, line, 0, what, rule)


def _node_key(node: rdflib.term.Node | None) -> str:
    if isinstance(node, rdflib.URIRef):
        return str(node)
    return ntriples(ox.Literal(str(node))) if isinstance(node, rdflib.Literal) else ""


class Step(Protocol):
    """Reports a step of a long command while the context is open; by default `nullcontext`."""

    def __call__(self, name: str, /) -> AbstractContextManager[object]:
        """Return the context of the step with this name."""


@dataclass(frozen=True)
class Checked:
    """The assembled content, and the sorted findings; none means that it is valid.

    `knowledge` is None if a file cannot be read or the content cannot be assembled. `violations`
    counts the rows of each rule. `tables` are those of the whole dataset.
    """

    files: ContentFiles
    knowledge: Knowledge | None
    violations: Mapping[str, int]
    tables: Sequence[Filled]
    findings: Sequence[Finding]


def check(content: Content, texts: Path | None = None, step: Step = nullcontext) -> Checked:
    """Read, assemble and check everything.

    `texts` is the folder with `<slug>/article.txt` for the sources, if available.
    """
    with step("read the content"):
        files = read_content(content)
    with step("check files"):
        findings = [*files.findings, *_file_findings(files, texts)]
    if any(finding.rule in {"syntax", "file"} for finding in files.findings):
        return Checked(files, None, {}, (), sorted(set(findings)))
    knowledge, counts, tables = None, dict[str, int](), list[Filled]()
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
            tables, wrong = fill_tables(files.tables, knowledge.store)
            findings += [*wrong, *_table_findings(tables, locator, shorten)]
            findings += _xml_findings(knowledge.default, locator)
    return Checked(files, knowledge, counts, tables, sorted(set(findings)))


def rule_store(rule: HygieneRule, knowledge: Knowledge) -> ox.Store:
    """Return the store that a rule queries."""
    return knowledge.ontology if rule.dataset == "ontology" else knowledge.store


def fill_tables(tables: Iterable[Table], store: ox.Store) -> tuple[list[Filled], list[Finding]]:
    """Fill the tables of the whole dataset; return them, and a finding for each that cannot be."""
    filled, findings = [], []
    for table in tables:
        if table.dataset == "all":
            try:
                filled.append(fill_table(table, store))
            except Malformed as error:
                findings.append(error.finding)
    return filled, findings


def _table_findings(
    filled: Sequence[Filled], locator: Locator, shorten: Shorten
) -> Iterator[Finding]:
    """Yield a finding for each invalid table row, at the thing of the row.

    The evidence table is generated by the build, statement by statement, and has no such rows.
    """
    for mistake in row_mistakes(filled):
        place = next(filter(None, map(locator.best, mistake.key)), None)
        path, line = (place.path, place.line) if place else ("ontology/tables", 0)
        names = " ".join(shorten(ox.NamedNode(key)) if ":" in key else key for key in mistake.key)
        yield Finding(path, line, 0, f"{names} {mistake.what}", "table")


def _xml_findings(triples: Iterable[ox.Triple], locator: Locator) -> Iterator[Finding]:
    """Yield a finding for each triple that RDF/XML cannot represent."""
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
    """Return the IRIs of all things with a type in the register or the concept lists."""
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
            found.append(f"{name} is already described in {other.name}")
        if not any(kinds <= above.get(kind, set()) | {kind} for kind in kinds):
            listed = ", ".join(sorted(kind.value.rpartition("#")[2] for kind in kinds))
            found.append(f"{name} has {len(kinds)} types ({listed}): choose the most suitable one")
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
