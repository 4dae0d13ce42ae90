"""Relative IRIs without BASE are relative to the address of the request (SPARQL 1.1, 4.1.1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx


def _ask(store: httpx.Client, text: str, **parameters: str) -> httpx.Response:
    return store.get("/sparql", params={"query": text, "format": "nt", **parameters})


@pytest.mark.parametrize(
    ("reference", "path"),
    [("s", "/s"), ("", "/sparql"), ("#x", "/sparql#x"), ("/a/b", "/a/b"), ("?q", "/sparql?q")],
)
def test_a_reference_is_resolved(reference: str, path: str, store: httpx.Client) -> None:
    answer = _ask(store, f"CONSTRUCT {{ <{reference}> <urn:p> 1 }} {{}}")
    assert answer.text.startswith(f"<{store.base_url}{path}> <urn:p> "), answer.text


@pytest.mark.parametrize(
    "text", ["ASK { FILTER(1 IN (1, <x>)) }", "PREFIX : <x#> ASK { FILTER(:y = :y) }"]
)
def test_an_expression_may_have_one(text: str, store: httpx.Client) -> None:
    assert store.get("/sparql", params={"query": text}).json()["boolean"] is True


def test_a_base_of_the_query_counts_before_that(store: httpx.Client) -> None:
    answer = _ask(store, "BASE <http://a.example/b/> CONSTRUCT { <s> <urn:p> 1 } {}")
    assert answer.text.startswith("<http://a.example/b/s>")
    answer = _ask(store, "BASE <b/> CONSTRUCT { <s> <urn:p> 1 } {}")
    assert answer.text.startswith(f"<{store.base_url}/b/s>")


def test_the_graphs_of_from_may_be_relative(store: httpx.Client) -> None:
    for name in ("one", "two"):
        update = f"INSERT DATA {{ GRAPH <{name}> {{ <urn:s> <urn:p> 1 }} }}"
        assert store.post("/update", data={"update": update}).status_code == 204
    query = "SELECT (COUNT(*) AS ?n) FROM <one> FROM </two> { ?s ?p ?o }"
    answer = store.get("/sparql", params={"query": query, "format": "csv"})
    assert answer.text == "n\r\n1\r\n"
    named = "SELECT ?g FROM NAMED <one> { GRAPH ?g { ?s ?p ?o } }"
    answer = store.get("/sparql", params={"query": named, "format": "csv"})
    assert answer.text == f"g\r\n{store.base_url}/one\r\n"


def test_each_host_gets_its_own_answer(store: httpx.Client) -> None:
    text = "CONSTRUCT { <s> <urn:p> 1 } {}"
    for host in ("a.example", "b.example", "a.example"):
        answer = store.get(
            "/sparql", params={"query": text, "format": "nt"}, headers={"Host": host}
        )
        assert answer.text.startswith(f"<http://{host}/s>")


def test_a_query_is_warned_in_a_header(store: httpx.Client) -> None:
    query = "SELECT (<urn:f>(1) AS ?x) (LANG('x'@zh-HANS) AS ?tag) {}"
    answer = store.get("/sparql", params={"query": query})
    assert "Unknown function <urn:f>" in answer.headers["Jiqun-Warning"]
    dated = store.get("/sparql", params={"query": "ASK { FILTER(?d > 2024-01-01) }"})
    assert "2024-01-01 (line 1, column 19) is a subtraction" in dated.headers["Jiqun-Warning"]
    assert "Jiqun-Warning" in answer.headers["Access-Control-Expose-Headers"]
    (row,) = answer.json()["results"]["bindings"]
    assert {name: term["value"] for name, term in row.items()} == {"tag": "zh-Hans"}
    page = store.get("/sparql", params={"query": query, "format": "html"})
    assert "Unknown function &lt;urn:f&gt;" in page.text
