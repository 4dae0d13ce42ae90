"""`/match`, the page of `/dumps`, and the filter of `/queries`."""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING

import pytest

from html_audit import Audit

if TYPE_CHECKING:
    import httpx

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
NAMES = "宁德时代\n\nBeijing\tthe capital\nzzzzqq"


def rows(body: bytes) -> list[dict[str, str]]:
    assert body.startswith(codecs.BOM_UTF8)
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_a_column_of_names_comes_back_as_csv(built: httpx.Client) -> None:
    response = built.post("/match", data={"names": NAMES, "type": "", "format": "csv"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="matches.csv"' in response.headers["content-disposition"]
    battery, beijing, nothing = rows(response.content)
    assert battery["name"] == "宁德时代"
    assert battery["id"].startswith("catl")
    assert (beijing["name"], beijing["id"], beijing["certain"]) == ("Beijing", "beijing", "true")
    assert beijing["iri"] == "https://w3id.org/jiqun/id/beijing"
    assert (nothing["id"], nothing["certain"]) == ("", "false")


def test_the_type_restricts_the_matches(built: httpx.Client) -> None:
    given = {"names": "Beijing", "type": "Company", "format": "csv"}
    (found,) = rows(built.post("/match", data=given).content)
    assert found["id"] != "beijing"
    wrong = built.post("/match", data={**given, "type": "Nothing"})
    assert wrong.status_code == 400
    assert "no type Nothing" in wrong.text


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
def test_the_page_shows_what_is_certain(built: httpx.Client, lang: str) -> None:
    page = built.post("/match", params={"lang": lang}, data={"names": NAMES}, headers=BROWSER)
    assert page.status_code == 200
    assert Audit(page.text).problems == []
    assert page.text.count("id:beijing<") == 1
    assert 'value="Company"' in page.text
    assert "/reconcile</code>" in page.text


def test_what_is_pasted_is_escaped_and_limited(built: httpx.Client) -> None:
    hostile = "</textarea><script>alert(1)</script>"
    page = built.post("/match", data={"names": hostile}, headers=BROWSER)
    assert Audit(page.text).problems == []
    many = built.post("/match", data={"names": "a\n" * 201}, headers=BROWSER)
    assert many.status_code == 400
    assert "the limit is 200" in many.text
    long = built.post("/match", data={"names": "a" * 501}, headers=BROWSER)
    assert long.status_code == 400
    json = built.post("/match", json={"names": "a"}, headers=BROWSER)
    assert json.status_code == 415
    formulas = built.post("/match", data={"names": "=1+1", "format": "csv"})
    assert rows(formulas.content)[0]["name"] == "'=1+1"


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
def test_browsers_get_downloads_by_purpose(built: httpx.Client, lang: str) -> None:
    page = built.get("/dumps", params={"lang": lang}, headers=BROWSER)
    audit = Audit(page.text)
    assert audit.problems == []
    for purpose in ("for-excel", "for-pandas", "for-gephi", "for-store", "for-map", "all"):
        assert f'id="{purpose}"' in page.text
    files = [each for each in audit.links if each.startswith("/dumps/")]
    assert len(files) > 60
    for each in files[:12]:
        assert built.head(each).status_code == 200, each
    assert built.get("/dumps").json()["dumps"]


def test_a_table_has_a_form_for_spreadsheets(built: httpx.Client) -> None:
    plain = built.get("/dumps/clusters.csv").content
    assert not plain.startswith(codecs.BOM_UTF8)
    sheet = built.get("/dumps/clusters.csv", params={"excel": "1"})
    assert len(rows(sheet.content)) == len(plain.splitlines()) - 1
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert built.get("/dumps/jiqun.gexf", params={"excel": "1"}).status_code == 404


@pytest.mark.parametrize("words", ["province compare", "省", "APPLICANT"])
def test_saved_queries_are_filtered_in_any_language(built: httpx.Client, words: str) -> None:
    page = built.get("/queries", params={"filter": words}, headers=BROWSER).text
    assert Audit(page).problems == []
    assert 0 < page.count('<li class="card">') < 60
    everything = built.get("/queries", headers=BROWSER).text
    assert everything.count('<li class="card">') > 130


def test_a_filter_that_nothing_has_says_so(built: httpx.Client) -> None:
    page = built.get("/queries", params={"filter": "zzzz <b>"}, headers=BROWSER).text
    assert "No saved query has all these words." in page
    assert "<b>" not in page
