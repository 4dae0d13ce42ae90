"""The profiles of clusters, places, enterprises and claims, on the project's own content."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from html_audit import Audit
from jiqun.rdf.namespaces import ID, KG

if TYPE_CHECKING:
    import httpx

BROWSER = {"Accept": "text/html"}
CLUSTER = "jjj-safety-emergency-equipment"
FIGURE = "jjj-safety-enterprises-2023"


def page(built: httpx.Client, path: str, lang: str = "en") -> str:
    joint = "&" if "?" in path else "?"
    response = built.get(f"{path}{joint}lang={lang}", headers=BROWSER)
    assert response.status_code == 200, response.text
    audit = Audit(response.text)
    assert audit.problems == []
    return response.text


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "on the 2024 list;"),
        ("en", "applied for by Hebei (lead) with Beijing and Tianjin;"),
        ("zh-Hans", "列入2024年名单；"),
        ("zh-Hans", "由河北省牵头、北京市和天津市联合申报；"),
        ("zh-Hant", "由河北省牽頭、北京市和天津市聯合申報；"),
    ],
)
def test_a_cluster_is_described_in_a_sentence(built: httpx.Client, lang: str, words: str) -> None:
    assert words in Audit(page(built, f"/doc/{CLUSTER}", lang)).text


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        (CLUSTER, "安全應急裝備企業3219家"),
        (CLUSTER, "Shijiazhuang"),
        (CLUSTER, "Goals – what is aimed at, not what is"),
        (CLUSTER, "Development plan of the Beijing-Tianjin-Hebei"),
        ("ningbo-green-petrochemicals", "a candidate for the 2022 list: no available source"),
        ("jjj-connected-new-energy-vehicles", "may mean"),
        ("hebei", "Said by Li Huafeng"),
        ("zhuzhou-rail-transit", "Compared within China"),
        ("hebei", "lead applicant"),
        ("hebei", "joint applicant"),
        ("hebei", "the 2024 list"),
        ("baic-brand", "it may mean"),
        ("baic-motor", "BAIC Group"),
        (FIGURE, "3,219 enterprises"),
        (FIGURE, "Figures of the same thing"),
    ],
)
def test_a_profile_starts_with_what_matters(built: httpx.Client, slug: str, words: str) -> None:
    profile = page(built, f"/doc/{slug}").partition('id="statements"')[0]
    assert words in Audit(profile).text


def test_pictures_have_tables_with_the_same_figures(built: httpx.Client) -> None:
    text = page(built, f"/doc/{CLUSTER}")
    for picture in ("map", "bars-1", "strip"):
        assert f'<figure class="picture" id="{picture}"' in text
    bars, _, tables = text.partition('id="bars-1"')[2].partition("</figure>")
    for figure in ("3,219", "1,331", "671", "101", "96", "16"):
        assert figure in bars
        assert f"{figure} enterprises</strong>" in tables
    links = re.findall(r'<a href="/id/([^"?]+)', bars)
    assert len(links) == 6
    for link in links:  # one click from a bar to its words
        assert "<q " in page(built, f"/doc/{link}")


@pytest.mark.parametrize(
    "path",
    [
        f"/doc/{CLUSTER}",
        "/doc/jjj-life-health",
        "/doc/harbin-aviation",
        "/doc/hebei",
        "/doc/jiangsu",
        "/queries/clusters-near-place",
        "/queries/applicant-ranking?view=chart",
        "/queries/brand-candidates?view=graph",
        "/queries/plans-in-force?view=timeline",
    ],
)
def test_links_of_a_picture_are_beside_it_too(built: httpx.Client, path: str) -> None:
    text = built.get(path, headers={"Accept": "text/html"}).text
    figures = re.findall(r'<figure class="picture.*?</figure>', text, re.DOTALL)
    assert figures
    beside = text
    for figure in figures:
        beside = beside.replace(figure, "")
    assert all('<ul class="legend"><li>' in figure for figure in figures)
    drawn = {link for figure in figures for link in re.findall(r'<a href="([^"]+)"', figure)}
    assert drawn
    assert drawn <= set(re.findall(r'<a [^>]*href="([^"]+)"', beside))


def test_every_figure_has_its_words_beside_it(built: httpx.Client) -> None:
    table = page(built, f"/doc/{CLUSTER}").partition('class="stack figures"')[2]
    rows = table.partition("</table>")[0].split("<tr>")[2:]
    assert len(rows) > 5
    for row in rows:
        assert "<q " in row
        assert "#p16" in row
        assert "Hebei Daily" in row


@pytest.mark.parametrize(
    ("subject", "prop", "value", "premise"),
    [
        (CLUSTER, "listedOn", "list-2024", "on list"),
        (CLUSTER, "jointlyAppliedForBy", "tianjin", "joint applicant"),
        ("hebei", "hasCluster", CLUSTER, "key area"),
    ],
)
def test_an_inference_opens_its_premises_and_their_words(
    built: httpx.Client, subject: str, prop: str, value: str, premise: str
) -> None:
    chips = [
        link
        for link in Audit(page(built, f"/doc/{subject}")).links
        if link.startswith("/premises?")
    ]
    wanted = {"subject": [ID + subject], "property": [KG + prop], "value": [f"<{ID}{value}>"]}
    found = [link for link in chips if wanted.items() <= parse_qs(urlsplit(link).query).items()]
    assert found, "the statement has a chip that leads to its premises"
    text = Audit(page(built, found[0])).text
    assert premise in text
    assert "Hebei Daily" in text


@pytest.mark.parametrize(
    ("subject", "prop", "value", "status"),
    [
        (ID + CLUSTER, f"{KG}listedOn", f"<{ID}list-2022>", 404),
        (ID + CLUSTER, f"{KG}listedOn", "nonsense", 400),
        (ID + CLUSTER, f"{KG}listedOn", "<a:b> . <a:b> <a:b> <a:b>", 400),
        ("hebei", f"{KG}listedOn", f"<{ID}list-2024>", 400),
        (ID + CLUSTER, "", f"<{ID}list-2024>", 400),
    ],
)
def test_no_premises_of_what_is_not_stated(
    built: httpx.Client, subject: str, prop: str, value: str, status: int
) -> None:
    asked = {"subject": subject, "property": prop, "value": value}
    assert built.get("/premises", params=asked, headers=BROWSER).status_code == status


def test_a_statement_of_a_source_is_its_own_premise(built: httpx.Client) -> None:
    asked = {
        "subject": ID + CLUSTER,
        "property": f"{KG}coreArea",
        "value": f"<{ID}tangshan>",
        "lang": "en",
    }
    text = Audit(built.get("/premises", params=asked, headers=BROWSER).text).text
    assert "Sources of this statement" in text
    assert "Hebei Daily" in text


def test_a_figure_is_cited_by_its_publisher_first(built: httpx.Client) -> None:
    audit = Audit(page(built, f"/doc/{FIGURE}"))
    for words in (
        "Hebei Daily (via People's Daily Online)",
        ", “四個先進制造業集群聯袂入選‘國家隊’”, 23 December 2024: ",
        "《四個先進制造業集群聯袂入選“國家隊”》",
        "23 December 2024: “安全應急裝備企業3219家”. In: Jiqun",
        "河北日报（人民网转载）",
        "河北日報（人民網轉載）",
        f"https://w3id.org/jiqun/id/{FIGURE}",
        "@misc{",
    ):
        assert words in audit.text, words
    start = audit.text.index('[ { "id"')
    items, _ = json.JSONDecoder().raw_decode(audit.text[start:])
    assert items[0]["container-title"] == "Hebei Daily"
    assert items[0]["issued"] == {"date-parts": [[2024, 12, 23]]}
    assert items[1]["type"] == "dataset"
    assert items[1]["URL"] == ID + FIGURE


@pytest.mark.parametrize("slug", [CLUSTER, "hebei", "baic-motor", FIGURE])
def test_the_content_of_a_page_can_be_downloaded(built: httpx.Client, slug: str) -> None:
    links = Audit(page(built, f"/doc/{slug}")).links
    sheet = next(link for link in links if "excel=1" in link)
    answer = built.get(sheet)
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.text.count("\n") > 2
    form = next(link for link in links if link.startswith("/sparql?query=") and link in sheet)
    assert built.get(form, headers=BROWSER).status_code == 200


def test_sources_is_the_list_of_sources(built: httpx.Client) -> None:
    response = built.get("/sources?lang=zh-Hans", headers=BROWSER)
    assert response.status_code == 301
    assert response.headers["location"] == "/source?lang=zh-Hans"


def test_sources_are_chosen_by_year(built: httpx.Client) -> None:
    whole = page(built, "/source")
    chip = r'href="[^"]*[?&;]year=(\w+)[^"]*"[^>]*>[^<]*<span class="count">(\d+)'
    counts = {year: int(count) for year, count in re.findall(chip, whole)}
    total = re.search(r'aria-current="true">[^<]*<span class="count">(\d+)', whole)
    assert total is not None
    assert sum(counts.values()) == int(total[1]) > 300
    for year in ("undated", min(counts)):
        shown = page(built, f"/source?year={year}")
        assert shown.count('<a class="title"') == min(counts[year], 60)
        assert (f'datetime="{year}' in shown) is (year != "undated")
    assert built.get("/source?year=1900", headers=BROWSER).status_code == 404


@pytest.mark.parametrize("folder", ["doc", "id"])
def test_an_unknown_slug_gets_suggestions(built: httpx.Client, folder: str) -> None:
    response = built.get(f"/{folder}/jjj-safety-emergency-equipmnt")
    assert response.status_code == 404
    assert f"/{folder}/{CLUSTER}" in response.json()["detail"]
