"""Saved queries as Linked Data: the document of each, the list, and the forms of the answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from html_audit import Audit
from jiqun.rdf.namespaces import QUERY

if TYPE_CHECKING:
    import httpx

BROWSER: Final = {"Accept": "text/html"}
DOCUMENT: Final = "/query/clusters-of-region"
ANSWER: Final = "/queries/clusters-of-region?place=hebei"
FORMATS: Final = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdf": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
    "json": ox.RdfFormat.JSON_LD,
}


def links(response: httpx.Response) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for target, rel in re.findall(r'<([^>]*)>; rel="([^"]*)"', response.headers["link"]):
        found.setdefault(rel, []).append(target)
    return found


def test_the_iri_of_a_query_leads_to_its_page_or_its_description(built: httpx.Client) -> None:
    page = built.get(f"{DOCUMENT}?lang=zh-Hans", headers=BROWSER)
    assert page.status_code == 303
    assert page.headers["location"] == "/queries/clusters-of-region?lang=zh-Hans"
    data = built.get(DOCUMENT, headers={"Accept": "text/html;q=0.8, text/turtle"})
    assert data.status_code == 200
    assert data.headers["content-location"].endswith(f"{DOCUMENT}.ttl")
    linked = links(data)
    assert linked["cite-as"] == [f"{QUERY}clusters-of-region"]
    for target in (*linked["alternate"], *linked["describedby"], *linked["canonical"]):
        assert built.get(target, follow_redirects=True).status_code == 200, target


@pytest.mark.parametrize("path", [DOCUMENT, "/queries", "/source"])
def test_every_form_has_the_same_content(built: httpx.Client, path: str) -> None:
    graphs = [
        set(ox.parse(built.get(f"{path}.{suffix}").content, format_))
        for suffix, format_ in FORMATS.items()
        if (path, suffix) != ("/queries", "json")  # has another shape, for programs
    ]
    assert len(graphs[0]) > 5
    assert all(graph == graphs[0] for graph in graphs)


def test_the_text_runs_as_it_stands(built: httpx.Client) -> None:
    for path in (f"{DOCUMENT}.rq", "/queries/clusters-of-region.rq"):
        text = built.get(path)
        assert text.headers["content-type"] == "application/sparql-query; charset=utf-8"
    asked = built.get(DOCUMENT, headers={"Accept": "application/sparql-query"})
    assert asked.text == text.text
    answer = built.post("/sparql", data={"query": text.text}, headers={"Accept": "text/csv"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("suffix", "media_type"),
    [
        ("csv", "text/csv"),
        ("tsv", "text/tab-separated-values"),
        ("srj", "application/sparql-results+json"),
        ("json", "application/sparql-results+json"),
        ("srx", "application/sparql-results+xml"),
        ("html", "text/html"),
    ],
)
def test_a_suffix_chooses_the_form_of_an_answer(
    built: httpx.Client, suffix: str, media_type: str
) -> None:
    path, _, query = ANSWER.partition("?")
    response = built.get(f"{path}.{suffix}?{query}", headers={"Accept": "image/png"})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(media_type)
    assert links(response)["describedby"] == [str(built.base_url.join(f"{DOCUMENT}.ttl"))]


@pytest.mark.parametrize("accept", ["text/csv", "text/html"])
def test_an_answer_links_to_its_other_forms(built: httpx.Client, accept: str) -> None:
    response = built.get(f"{ANSWER}&lang=en", headers={"Accept": accept})
    linked = links(response)
    assert len(linked["alternate"]) == 4
    for target in (*linked["alternate"], *linked["canonical"]):
        assert "place=hebei" in target
        assert built.get(target).status_code == 200
    assert "place=hebei" in response.headers["content-location"]
    again = built.get(response.headers["content-location"])
    assert again.status_code == 200


def test_parameters_cannot_break_out_of_the_header(built: httpx.Client) -> None:
    odd = '/queries/things-by-name?text=%3E%22%0D%0AX-Evil%3A%201%3B%20rel%3D"next"'
    response = built.get(odd, headers={"Accept": "text/csv"})
    assert "x-evil" not in response.headers
    assert all(target.startswith("http") for each in links(response).values() for target in each)


def test_the_list_is_there_in_every_form(built: httpx.Client) -> None:
    assert Audit(built.get("/queries.html").text).problems == []
    assert len(built.get("/queries.json").json()["queries"]) > 100
    assert built.get("/queries").headers["content-type"] == "application/json"
    turtle = built.get("/queries", headers={"Accept": "text/turtle"})
    assert b"sh:SPARQLExecutable" in turtle.content
    assert built.get("/queries", headers={"Accept": "image/png"}).status_code == 406
    assert built.get("/source", headers={"Accept": "image/png"}).status_code == 406


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/query/nothing", "There is no saved query"),
        ("/query/Clusters-of-region", DOCUMENT),
        ("/query/clusters-of-region.xyz", ".rq"),
        ("/query/%2563lusters", "percent-encoded twice"),
        ("/query/..%2Fqueries", ""),
        ("/queries/clusters-of-region.ttl", "/query/clusters-of-region"),
        ("/queries/clusters-of-region.xyz", "has no form .xyz"),
        ("/queries/Clusters-Of-Region", "/queries/clusters-of-region"),
        ("/queries.xyz", ".jsonld"),
        ("/source.xyz", ".jsonld"),
    ],
)
def test_missing_resources_are_reported_with_a_hint(
    built: httpx.Client, path: str, hint: str
) -> None:
    response = built.get(path)
    assert response.status_code == 404
    assert hint in response.json()["detail"]
