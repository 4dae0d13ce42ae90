"""Parameters of saved queries take names in any script; forms suggest and show names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from html_audit import Audit
from jiqun.release import open_release
from jiqun.web.pages.result_table import column_title, partner_of

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

BROWSER = {"Accept": "text/html"}
PATH = "/queries/clusters-of-region"


@pytest.mark.parametrize("place", ["江苏", "江苏省", "江蘇", "Jiangsu", "jiangsu", "id:jiangsu"])
def test_a_place_is_named_in_any_script(built: httpx.Client, place: str) -> None:
    answer = built.get(f"{PATH}.csv", params={"place": place})
    assert answer.status_code == 200
    assert "xuzhou-construction-machinery" in answer.text


@pytest.mark.parametrize(
    ("place", "lang", "words"),
    [
        ("jiangsuu", "en", "Did you mean jiangsu?"),
        ("jiangsuu", "zh-Hans", "是否指 jiangsu？"),
        ("江苏苏", "en", "Did you mean"),
        ("xyzzy", "en", "Use /search"),
        ("id:nowhere-at-all", "en", "Nothing in the graph is called"),
    ],
)
def test_an_unknown_place_is_no_empty_answer(
    built: httpx.Client, place: str, lang: str, words: str
) -> None:
    asked = {"place": place, "lang": lang}
    data = built.get(f"{PATH}.json", params={"place": place})
    assert data.status_code == 404
    response = built.get(PATH, params=asked, headers=BROWSER)
    assert response.status_code == 404
    audit = Audit(response.text)
    assert audit.problems == []
    assert words in audit.text


def test_what_is_not_ours_may_have_no_answer(built: httpx.Client) -> None:
    asked = {"object": "http://www.wikidata.org/entity/Q1", "format": "json"}
    assert built.get("/queries/thing-by-link", params=asked).status_code in {200, 400}
    elsewhere = {"place": "http://example.org/nowhere"}
    assert built.get(f"{PATH}.json", params=elsewhere).status_code == 200


def test_a_source_is_named_by_its_slug(built: httpx.Client) -> None:
    path = "/queries/passages-of-source.csv"
    answer = built.get(path, params={"source": "hebei-daily-2024-12-23"})
    assert "hebei-daily-2024-12-23#p16" in answer.text
    missing = built.get(path, params={"source": "hebei-daily-2024-12-24"})
    assert missing.status_code == 404
    assert "hebei-daily-2024-12-23" in missing.json()["detail"]


def test_a_form_shows_and_suggests_names(built: httpx.Client) -> None:
    page = built.get(PATH, params={"place": "jiangsu", "lang": "zh-Hans"}, headers=BROWSER).text
    assert 'value="江苏省"' in page
    assert '<option value="河北省"></option>' in page
    assert ">地区</label>" in page
    assert "京津冀" in page


def test_titles_of_columns_are_chinese_on_chinese_pages(
    built: httpx.Client, built_release: Path
) -> None:
    page = built.get(PATH, params={"place": "hebei", "lang": "zh-Hant"}, headers=BROWSER).text
    assert "集群" in page.partition("<thead>")[2].partition("</thead>")[0]
    untranslated: set[str] = set()
    for query in open_release(built_release).queries.values():
        solutions = ox.Store().query(query.text)
        if not isinstance(solutions, ox.QuerySolutions):
            continue
        names = [variable.value for variable in solutions.variables]
        words = {partner_of(name, names) for name in names}
        shown = [name for name in names if name not in words]
        untranslated |= {
            name
            for name in shown
            if column_title(name, "zh-Hans").isascii()
            and column_title(name, "zh-Hans") not in {"GeoNames", "WKT"}
        }
    assert untranslated == set()
