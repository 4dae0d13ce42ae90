"""What a test of a suite asks of the endpoint over HTTP, on a workspace that is served alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import httpx
import pyoxigraph as ox
import pytest

from conformance.suite_manifests import (
    Answer,
    SuiteTest,
    quads,
    read_answer,
    read_csv,
    read_results,
    same,
    same_quads,
)

QUERY = {"Content-Type": "application/sparql-query"}
UPDATE = {"Content-Type": "application/sparql-update"}
NT = {"Content-Type": "application/n-triples;version=1.2"}

_GRAPH: Final = re.compile(r"^\s*(CONSTRUCT|DESCRIBE)\b", re.IGNORECASE | re.MULTILINE)


def each_of(tests: Iterable[SuiteTest], known: Mapping[str, str]) -> pytest.MarkDecorator:
    """Ask for each test as `test`; of those that are known to fail, fail for one that passes."""
    return pytest.mark.parametrize(
        "test",
        [
            pytest.param(
                test,
                id=test.identifier,
                marks=[pytest.mark.xfail(reason=known[test.identifier], strict=True)]
                if test.identifier in known
                else [],
            )
            for test in tests
        ],
    )


def check(test: SuiteTest, client: httpx.Client) -> None:
    """Hold the endpoint to a test: evaluate and compare, accept, or refuse."""
    if not test.is_evaluated:
        _check_syntax(test, client)
    elif test.is_update:
        _check_update(test, client)
    else:
        _check_query(test, client)


def _send(client: httpx.Client, test: SuiteTest, text: str, accept: str = "*/*") -> httpx.Response:
    path, headers = ("/update", UPDATE) if test.is_update else ("/sparql", QUERY)
    return client.post(path, content=text.encode(), headers={**headers, "Accept": accept})


def _check_syntax(test: SuiteTest, client: httpx.Client) -> None:
    answer = _send(client, test, test.text)
    if "Positive" in test.kind:
        # A graph that an update should read from or change need not be there.
        there = answer.json().get("title") == "Update failed" if answer.status_code == 400 else True
        refused = answer.status_code == 403 and "LOAD" in test.text
        assert refused or (answer.status_code < 500 and there), answer.text
        assert answer.status_code in {200, 204, 400, 403}, answer.text
    else:
        assert answer.status_code == 400, answer.text
        assert answer.json()["title"] == "Malformed query", answer.text


def _put(client: httpx.Client, test: SuiteTest) -> None:
    assert client.post("/update", content="DROP ALL", headers=UPDATE).status_code == 204
    names = dict.fromkeys(name for name, _ in test.data if name)
    data = quads(test.data, test.base)
    # One request: graphs may share blank nodes.
    blocks = "".join(f"GRAPH {q.graph_name} {{ {q.triple} }}\n" for q in data if _is_named(q))
    plain = "".join(f"{quad.triple} .\n" for quad in data if not _is_named(quad))
    graphs = "".join(f"CREATE SILENT GRAPH <{name}> ;\n" for name in names)
    text = f"{graphs} INSERT DATA {{ {plain} {blocks} }}"
    answer = client.post("/update", content=text.encode(), headers=UPDATE)
    assert answer.status_code == 204, answer.text


def _is_named(quad: ox.Quad) -> bool:
    return not isinstance(quad.graph_name, ox.DefaultGraph)


def _with_base(test: SuiteTest) -> str:
    return f"BASE <{test.base}>\n{test.text}"


def _check_query(test: SuiteTest, client: httpx.Client) -> None:
    _put(client, test)
    assert test.result is not None
    expected = read_answer(test.result, test.base)
    graph = _GRAPH.search(test.text) is not None
    accept = NT["Content-Type"] if graph else "application/sparql-results+json;version=1.2"
    accept = "text/csv" if test.result.suffix == ".csv" else accept
    answer = _send(client, test, _with_base(test), accept)
    assert answer.status_code == 200, answer.text
    assert same(_read(answer, accept), expected), f"{answer.text}\n\n{expected}"


def _read(answer: httpx.Response, accept: str) -> Answer:
    if accept == NT["Content-Type"]:
        return [quad.triple for quad in ox.parse(answer.content, ox.RdfFormat.N_TRIPLES)]
    if accept == "text/csv":
        return read_csv(answer.content)
    return read_results(answer.content, ox.QueryResultsFormat.JSON)


def _check_update(test: SuiteTest, client: httpx.Client) -> None:
    _put(client, test)
    answer = _send(client, test, _with_base(test))
    assert answer.status_code == 204, answer.text
    found = client.post(
        "/sparql", content="SELECT ?g { GRAPH ?g {} }", headers={**QUERY, "Accept": "text/csv"}
    )
    names = [None, *found.text.split()[1:]]
    stored: list[ox.Quad] = []
    for name in names:
        parameters = {"graph": name} if name else {"default": ""}
        body = client.get("/graphs", params=parameters, headers={"Accept": NT["Content-Type"]})
        graph = ox.NamedNode(name) if name else ox.DefaultGraph()
        parsed = ox.parse(body.content, ox.RdfFormat.N_TRIPLES)
        stored += [ox.Quad(each.subject, each.predicate, each.object, graph) for each in parsed]
    assert same_quads(stored, quads(test.expected, test.base)), f"{stored}"
