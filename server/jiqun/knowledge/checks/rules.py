"""Hygiene rules in SPARQL and shapes in SHACL (https://www.w3.org/TR/shacl/, by pySHACL).

Every row of a hygiene rule is a violation: `?subject` is its location, with `?predicate`, `?object`
and `?graph` if the rule selects them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import pyoxigraph as ox
import pyshacl
import rdflib
from rdflib import SH

from jiqun.knowledge.content import Finding
from jiqun.knowledge.dataset import CATALOGUE, QUERIES, SHAPES, UNMERGED, merge
from jiqun.knowledge.query_files import HygieneRule
from jiqun.knowledge.turtle_files import Locator
from jiqun.rdf.namespaces import GRAPH
from jiqun.rdf.terms import Term, language_tag, ntriples

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
