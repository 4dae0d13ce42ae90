"""`/sparql/check`, and the remarks on the page of a result."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from jiqun.rdf.namespaces import prologue

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

KG = prologue("kg", "id", "rdfs", "skos")


def check(client: httpx.Client, query: str, lang: str = "en") -> Any:
    response = client.post(
        "/sparql/check",
        content=query.encode(),
        params={"lang": lang},
        headers={"Content-Type": "application/sparql-query"},
    )
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    return response.json()


@pytest.mark.parametrize(
    ("query", "line", "column", "words"),
    [
        ("SELECT * {\n ?c a kg:Cluster }", 2, 7, "Add PREFIX kg: <https://w3id.org/jiqun/ont"),
        ("SELECT * {", 1, 10, "never closed"),
        ("", 1, 1, "empty"),
        ("INSERT DATA {}", 1, 1, "update"),
        ("SELECT * { SERVICE <http://e.org/> {} }", None, None, "allow-listed"),
    ],
)
def test_a_mistake_has_its_place(
    client: httpx.Client, query: str, line: int | None, column: int | None, words: str
) -> None:
    found = check(client, query)
    assert (found["problem"].get("line"), found["problem"].get("column")) == (line, column)
    assert words in found["problem"]["detail"]
    assert found["remarks"] == []


@pytest.mark.parametrize(
    ("pattern", "text", "replacement"),
    [
        ("?c a kg:NationalClster", "Did you mean kg:NationalCluster?", "kg:NationalCluster"),
        ("?c skos:prefLable ?l", "There is no term skos:prefLable.", "skos:prefLabel"),
        ("?c kg:coreArea id:hebie", "id:hebie is not in the graph.", "id:hebei"),
        ('?c rdfs:label ?l FILTER (LANG(?l) = "zh")', "LANGMATCHES", ""),
        ('?c rdfs:label ?l FILTER (LANGMATCHES(LANG(?l), "zh-CN"))', "zh-Hans", ""),
        ('?c rdfs:label "Hebei"@de', "language tag “de”", ""),
        ('?c rdfs:label "Hebei"', "has a language", ""),
        ('?c rdfs:label ?l FILTER (?l = "Hebei")', "has a language", ""),
    ],
)
def test_what_cannot_match_is_remarked(
    built: httpx.Client, pattern: str, text: str, replacement: str
) -> None:
    query = f"{KG}SELECT * {{ {pattern} }}"
    found = check(built, query)
    assert found["problem"] is None
    (remark,) = found["remarks"]
    assert text in remark["text"]
    assert remark["replacement"] == replacement
    assert remark["line"] == 5
    marked = query.split("\n")[4][remark["column"] - 1 :][: remark["length"]]
    assert marked in pattern


@pytest.mark.parametrize(
    "pattern",
    [
        '?c rdfs:label ?l FILTER (LANGMATCHES(LANG(?l), "zh"))',
        '?c rdfs:label ?l FILTER (LANG(?l) = "zh-hans" && STR(?l) = "河北")',
        '?c a kg:NationalCluster ; rdfs:label "Hebei"@en ; <http://e.org/odd> ?x',
        "?c kg:coreArea id:hebei # id:hebie\n",
    ],
)
def test_what_can_match_is_not(built: httpx.Client, pattern: str) -> None:
    assert check(built, f"{KG}SELECT * {{ {pattern} }}") | {"short": ""} == {
        "problem": None,
        "remarks": [],
        "short": "",
    }


def test_no_saved_query_is_odd(built: httpx.Client, built_release: Path) -> None:
    queries = json.loads((built_release / "queries.json").read_bytes())
    checks = {each["name"]: check(built, each["text"]) for each in queries}
    odd = {name: each for name, each in checks.items() if each["problem"] or each["remarks"]}
    assert odd == {}


def test_an_empty_page_says_that_the_question_may_be_wrong(built: httpx.Client) -> None:
    query = f"{KG}SELECT * {{ ?c a kg:NationalClster }}"
    for lang, words in (("en", "Did you mean kg:NationalCluster?"), ("zh-Hant", "是否指")):
        page = built.get("/sparql", params={"query": query, "format": "html", "lang": lang}).text
        assert words in page
        assert "no source states it" not in page
        assert "即沒有來源這樣說" not in page
