"""Hygiene rules (SPARQL) and SHACL shapes, as findings.

Hygiene rules: one SPARQL SELECT a file, whose every row is a violation.

The header has `summary`, `message` with `{variables}` of the query in it, and `dataset`: `ontology`
for `jiqun.ttl` alone, `all` for everything a release holds. `?subject` is what to point at, with
`?predicate`, `?object` and `?graph` when the rule knows them.

The SHACL shapes, checked by pySHACL (https://www.w3.org/TR/shacl/).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox
import pyshacl
import rdflib

from jiqun.knowledge.assembly import Knowledge
from jiqun.knowledge.content import Content, Finding
from jiqun.knowledge.dataset import CATALOGUE, ONTOLOGY, QUERIES, SHAPES, UNMERGED, merge, store
from jiqun.knowledge.query_files import Annotated, read_annotated
from jiqun.knowledge.turtle_files import Locator
from jiqun.rdf.namespaces import GRAPH
from jiqun.rdf.terms import Term, ntriples, triple_line

DATASETS: Final = ("ontology", "all")
_HOLE: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class HygieneRule:
    """One rule; `name` is that of its file, `message` still has its `{variables}`."""

    file: Annotated
    name: str
    message: str
    dataset: str


def read_rule(path: Path, content: Content) -> HygieneRule:
    """Read a rule; raise `Malformed` when its header lacks a message or a known dataset."""
    file = read_annotated(path, content)
    message, dataset = file.header.get("message"), file.header.get("dataset", "all")
    if not isinstance(message, str) or dataset not in DATASETS:
        what = f"the header needs a message, and dataset must be one of {', '.join(DATASETS)}"
        raise file.mistake(what, "rule")
    return HygieneRule(file, path.stem, message, dataset)


class Rules:
    """Runs rules over a release's content; fills the two stores on first use."""

    def __init__(
        self, knowledge: Knowledge, locator: Locator, shorten: Callable[[Term], str]
    ) -> None:
        """Take what to check, what finds lines, and what writes terms in messages."""
        self._knowledge = knowledge
        self._locator = locator
        self._shorten = shorten
        self._stores: dict[str, ox.Store] = {}

    def violations(self, rule: HygieneRule) -> Iterator[Finding]:
        """Yield a finding for every row; raise `Malformed` when the rule is no SELECT query."""
        try:
            rows = self._store(rule.dataset).query(rule.file.text)
        except SyntaxError as error:
            raise rule.file.mistake((error.msg or str(error)).partition("\n")[0], "rule") from None
        if not isinstance(rows, ox.QuerySolutions):
            raise rule.file.mistake("a rule must be a SELECT query", "rule")
        names = [variable.value for variable in rows.variables]
        for row in rows:
            values = {name: row[name] for name in names if row[name] is not None}
            yield self._finding(rule, values)

    def _finding(self, rule: HygieneRule, values: dict[str, Term]) -> Finding:
        what = _HOLE.sub(
            lambda hole: self._word(values[hole[1]]) if hole[1] in values else hole[0],
            rule.message,
        )
        keys = [_key(values.get(name)) for name in ("subject", "predicate", "object")]
        place = self._locator.best(*keys, graph=_key(values.get("graph")))
        if place is None:
            return Finding(rule.file.name, 0, 0, what, rule.name)
        return Finding(place.path, place.line, 0, what, rule.name)

    def _word(self, term: Term) -> str:
        return term.value if isinstance(term, ox.Literal) else self._shorten(term)

    def _store(self, dataset: str) -> ox.Store:
        if dataset not in self._stores:
            graphs = self._knowledge.graphs
            if dataset == "all":
                self._stores[dataset] = store(graphs, self._knowledge.default)
            else:
                ontology = graphs.get(ONTOLOGY, set())
                self._stores[dataset] = store({ONTOLOGY: ontology}, ontology)
        return self._stores[dataset]


def _key(term: Term | None) -> str:
    if isinstance(term, ox.NamedNode):
        return term.value
    return f'"{term.value}"' if isinstance(term, ox.Literal) else ""


SH: Final = rdflib.Namespace("http://www.w3.org/ns/shacl#")
_LEFT_OUT: Final = UNMERGED | {QUERIES, CATALOGUE}


def violations(
    knowledge: Knowledge, locator: Locator, shorten: Callable[[Term], str]
) -> Iterator[Finding]:
    """Yield a finding for every result of validating the merge, inferences included."""
    shapes = knowledge.graphs.get(SHAPES)
    if not shapes:
        return
    # links are checked row by row where they are read
    checked = {
        name: triples
        for name, triples in knowledge.graphs.items()
        if name not in _LEFT_OUT and not name.startswith(f"{GRAPH}links-")
    }
    data = merge(checked)
    _, report, _ = pyshacl.validate(
        as_rdflib(data), shacl_graph=as_rdflib(shapes), inference="none", inplace=True
    )
    assert isinstance(report, rdflib.Graph)
    for result in report.subjects(rdflib.RDF.type, SH.ValidationResult):
        yield _finding(report, result, locator, shorten)


def as_rdflib(triples: Iterable[ox.Triple]) -> rdflib.Graph:
    """Return the triples as a graph of rdflib."""
    text = "".join(f"{triple_line(triple)}\n" for triple in triples)
    return rdflib.Graph().parse(data=text, format="nt")


def _finding(
    report: rdflib.Graph, result: rdflib.term.Node, locator: Locator, shorten: Callable[[Term], str]
) -> Finding:
    focus, path = report.value(result, SH.focusNode), report.value(result, SH.resultPath)
    value = report.value(result, SH.value)
    messages = _messages(report, result)
    subject = shorten(_term(focus))
    about = f"{subject} {shorten(_term(path))}" if isinstance(path, rdflib.URIRef) else subject
    given = f" ({shorten(_term(value))})" if value is not None and value != focus else ""
    rule = _shape_name(report, result)
    place = locator.best(_node_key(focus), _node_key(path), _node_key(value))
    what = f"{about}{given}: {'; '.join(messages)}"
    if place is None:
        return Finding("ontology/shapes.ttl", 0, 0, what, rule)
    return Finding(place.path, place.line, 0, what, rule)


def _messages(report: rdflib.Graph, result: rdflib.term.Node) -> list[str]:
    texts = list(report.objects(result, SH.resultMessage))
    english = [text for text in texts if isinstance(text, rdflib.Literal) and text.language == "en"]
    return sorted(str(text) for text in english or texts)


def _shape_name(report: rdflib.Graph, result: rdflib.term.Node) -> str:
    component = str(report.value(result, SH.sourceConstraintComponent) or "")
    name = component.rpartition("#")[2].removesuffix("ConstraintComponent")
    return f"shape {name}"


def _term(node: rdflib.term.Node | None) -> Term:
    if isinstance(node, rdflib.URIRef):
        return ox.NamedNode(str(node))
    if isinstance(node, rdflib.Literal):
        if node.language:
            return ox.Literal(str(node), language=node.language)
        return ox.Literal(str(node), datatype=ox.NamedNode(str(node.datatype or rdflib.XSD.string)))
    return ox.BlankNode(str(node))


def _node_key(node: rdflib.term.Node | None) -> str:
    if isinstance(node, rdflib.URIRef):
        return str(node)
    return ntriples(ox.Literal(str(node))) if isinstance(node, rdflib.Literal) else ""
