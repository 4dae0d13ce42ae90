"""Test suites of SPARQL: what their manifests ask for, and whether two results are equal.

The suites are no part of the project: `JIQUN_W3C_TESTS` names a checkout of `rdf-tests`,
`JIQUN_OTHER_TESTS` a folder with those of Jena and Oxigraph.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

import pyoxigraph as ox
import rdflib
from rdflib import RDF, RDFS, Namespace
from rdflib.collection import Collection
from rdflib.term import Node

MF: Final = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
QT: Final = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-query#")
UT: Final = Namespace("http://www.w3.org/2009/sparql/tests/test-update#")
RS: Final = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"

# Federation is a matter of the operator's allow-list, and there is no entailment regime.
_LEFT_OUT: Final = frozenset({"entailment", "service", "syntax-fed"})
_EVALUATED: Final = frozenset(
    {"QueryEvaluationTest", "CSVResultFormatTest", "UpdateEvaluationTest"}
)

_KINDS: Final = {
    "TestQuery": "QueryEvaluationTest",
    "TestSyntax": "PositiveSyntaxTest",
    "TestBadSyntax": "NegativeSyntaxTest",
    "": "QueryEvaluationTest",
}
"""What Jena's manifests, and those of SPARQL 1.0, call the kinds of tests."""

Term: TypeAlias = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Row: TypeAlias = dict[str, Term]
Answer: TypeAlias = bool | list[Row] | list[ox.Triple]


@dataclass(frozen=True)
class SuiteTest:
    """One test of a manifest; `files` are paths by their role, data with the name of its graph."""

    identifier: str
    kind: str
    action: Path
    data: tuple[tuple[str | None, Path], ...] = ()
    result: Path | None = None
    expected: tuple[tuple[str | None, Path], ...] = ()
    base: str = ""

    @property
    def is_evaluated(self) -> bool:
        """Whether there is a result to compare."""
        return self.kind in _EVALUATED

    @property
    def is_update(self) -> bool:
        """Whether the action is an update."""
        return "Update" in self.kind

    @cached_property
    def text(self) -> str:
        """The query or update."""
        return self.action.read_bytes().decode()


def read_suite(folder: Path, version: str) -> Iterator[SuiteTest]:
    """Yield the tests of `sparql10`, `sparql11` or `sparql12` that ask for an answer."""
    for manifest in sorted((folder / "sparql" / version).glob("*/manifest.ttl")):
        if manifest.parent.name not in _LEFT_OUT:
            yield from _read_manifest(manifest, version)


def read_folder(folder: Path, suite: str) -> Iterator[SuiteTest]:
    """Yield the tests of all manifests in the folder of a suite and those below it."""
    for manifest in sorted((folder / suite).rglob("manifest.ttl")):
        yield from _read_manifest(manifest, str(manifest.parent.parent.relative_to(folder)))


def _read_manifest(path: Path, version: str) -> Iterator[SuiteTest]:
    graph = rdflib.Graph()
    graph.parse(path, publicID=path.as_uri())
    for entries in graph.objects(None, MF.entries):
        for number, test in enumerate(Collection(graph, entries), 1):
            kind = str(graph.value(test, RDF.type) or "").rpartition("#")[2]
            kind = _KINDS.get(kind, kind)
            action = graph.value(test, MF.action)
            own = str(test).rpartition("#")[2] if isinstance(test, rdflib.URIRef) else str(number)
            name = f"{version}/{path.parent.name}/{own}"
            if "Syntax" in kind and isinstance(action, rdflib.URIRef):
                yield SuiteTest(name, kind, _path(action), base=_base(action))
            elif kind in _EVALUATED and action is not None:
                yield _evaluated(graph, test, action, name, kind)


def _evaluated(graph: rdflib.Graph, test: Node, action: Node, name: str, kind: str) -> SuiteTest:
    terms = UT if kind.startswith("Update") else QT
    text = graph.value(action, terms["request" if terms is UT else "query"])
    result = graph.value(test, MF.result)
    update = terms is UT and result is not None
    return SuiteTest(
        name,
        kind,
        _path(text),
        tuple(_data(graph, action, terms)),
        None if update or result is None else _path(result),
        tuple(_data(graph, result, UT)) if update and result is not None else (),
        _base(text),
    )


def _data(graph: rdflib.Graph, node: Node, terms: Namespace) -> Iterator[tuple[str | None, Path]]:
    for file in graph.objects(node, terms.data):
        yield None, _path(file)
    for file in graph.objects(node, terms.graphData):
        label = graph.value(file, RDFS.label)
        named = graph.value(file, UT.graph)
        yield str(label) if label else _base(file), _path(named or file)


def _path(node: Node | None) -> Path:
    return Path.from_uri(str(node)) if hasattr(Path, "from_uri") else Path(str(node)[7:])


def _base(node: Node | None) -> str:
    return "http://example.org/" + str(node).rpartition("/sparql/")[2]


def quads(files: Iterable[tuple[str | None, Path]], base: str) -> list[ox.Quad]:
    """Return the quads of data files, each in the graph that it is for."""
    found = []
    for name, path in files:
        own = base.rpartition("/")[0] + "/" + path.name
        for quad in ox.parse(path=path, base_iri=own, rename_blank_nodes=True):
            graph = ox.NamedNode(name) if name else quad.graph_name
            found.append(ox.Quad(quad.subject, quad.predicate, quad.object, graph))
    return found


def read_answer(path: Path, base: str) -> Answer:
    """Return the expected result in a file."""
    if path.suffix == ".csv":
        return read_csv(path.read_bytes())
    format_ = {
        ".srx": ox.QueryResultsFormat.XML,
        ".srj": ox.QueryResultsFormat.JSON,
        ".tsv": ox.QueryResultsFormat.TSV,
    }.get(path.suffix)
    if format_ is not None:
        return read_results(path.read_bytes(), format_)
    triples = [quad.triple for quad in quads([(None, path)], base)]
    booleans = [t.object for t in triples if t.predicate.value == f"{RS}boolean"]
    if booleans and isinstance(booleans[0], ox.Literal):
        return booleans[0].value == "true"
    if any(triple.object == ox.NamedNode(f"{RS}ResultSet") for triple in triples):
        return _read_result_set(triples)
    return triples


def read_results(body: bytes, format_: ox.QueryResultsFormat) -> Answer:
    """Return the boolean or the rows in a document of results."""
    results = ox.parse_query_results(body, format_)
    if isinstance(results, ox.QueryBoolean):
        return bool(results)
    names = [variable.value for variable in results.variables]
    return [
        {name: value for name in names if (value := solution[name]) is not None}
        for solution in results
    ]


def read_csv(body: bytes) -> list[Row]:
    """Return the rows of CSV; all values are plain texts."""
    return [
        {
            name: ox.BlankNode(value[2:]) if value.startswith("_:") else ox.Literal(value)
            for name, value in row.items()
            if value
        }
        for row in csv.DictReader(io.StringIO(body.decode()))
    ]


def _read_result_set(triples: list[ox.Triple]) -> list[Row]:
    def objects(subject: Term, name: str) -> list[Term]:
        return [
            t.object for t in triples if t.subject == subject and t.predicate.value == RS + name
        ]

    solutions = [t.object for t in triples if t.predicate.value == f"{RS}solution"]
    rows = []
    for solution in solutions:
        row: Row = {}
        for binding in objects(solution, "binding"):
            (name,) = objects(binding, "variable")
            assert isinstance(name, ox.Literal)
            row[name.value] = objects(binding, "value")[0]
        rows.append(row)
    return rows


def same(one: Answer, other: Answer) -> bool:
    """Return whether two answers are equal, whatever blank nodes are called and rows' order is."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one == other
    return same_quads(_as_quads(one), _as_quads(other))


def same_quads(one: Iterable[ox.Quad], other: Iterable[ox.Quad]) -> bool:
    """Return whether two datasets are isomorphic, literals compared as the store has them."""
    return _canonical(one) == _canonical(other)


def _canonical(quads: Iterable[ox.Quad]) -> ox.Dataset:
    store = ox.Store()
    store.extend(quads)
    dataset = ox.Dataset(store)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return dataset


def _as_quads(answer: list[Row] | list[ox.Triple]) -> Iterator[ox.Quad]:
    for each in answer:
        if isinstance(each, ox.Triple):
            yield ox.Quad(each.subject, each.predicate, each.object)
            continue
        node = ox.BlankNode()
        yield ox.Quad(node, ox.NamedNode("row:is"), ox.Literal("a row"))
        for name, value in each.items():
            yield ox.Quad(node, ox.NamedNode(f"row:{name}"), value)
