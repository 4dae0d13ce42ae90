"""Ten tasks that analysts bring, as they do them: in two languages, at a desk and on a phone.

Each is done with scripts and without, but for what only scripts offer. Whatever page a task leads
through, nothing may come from elsewhere and no policy may be broken.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from jiqun.web.pages.rendering import PHRASES
from jiqun.web.static_files import modules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

    from live_server import LiveServer

DEVICES: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
LOCALES = {"en": "en-GB", "zh-Hans": "zh-CN"}
WITH_MAP = """PREFIX kg: <https://w3id.org/jiqun/ontology#>
SELECT ?cluster { ?cluster a kg:NationalCluster ; kg:inProvince <https://w3id.org/jiqun/id/hubei> }
"""


@dataclass(frozen=True)
class Analyst:
    """Who does a task: a browser that prefers a language, and the words of that language."""

    page: Page
    lang: str
    site: str
    scripts: bool

    def say(self, key: str) -> str:
        """Give a phrase of the pages."""
        return PHRASES[key][self.lang]

    def either(self, english: str, chinese: str) -> str:
        return english if self.lang == "en" else chinese

    def go(self, path: str) -> None:
        self.page.goto(self.site + path)
        assert self.page.locator("html").get_attribute("lang") == self.lang

    def press(self, key: str) -> None:
        self.page.get_by_role("button", name=self.say(key), exact=True).first.click()

    def follow(self, name: str) -> None:
        self.page.get_by_role("link", name=name).first.click()

    def section(self, key: str) -> Locator:
        """Give the part of a page under a heading."""
        return self.page.get_by_role("region", name=self.say(key))


@pytest.fixture(
    params=[
        (lang, device, scripts)
        for lang in LOCALES
        for device, scripts in (("desk", True), ("desk", False), ("phone", True), ("phone", False))
    ],
    ids=lambda each: f"{each[0]}-{each[1]}{'' if each[2] else '-without-scripts'}",
    scope="module",
)
def analyst(
    browser: Browser, site: LiveServer, request: pytest.FixtureRequest
) -> Iterator[Analyst]:
    lang, device, scripts = request.param
    context = browser.new_context(
        locale=LOCALES[lang], java_script_enabled=scripts, **DEVICES[device]
    )
    context.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda sent: None if sent.url.startswith(site.url) else complaints.append(sent.url),
    )
    yield Analyst(page, lang, site.url, scripts)
    context.close()
    assert complaints == []


def rows(table: Locator) -> int:
    return table.locator("tbody tr").count()


def test_map_the_clusters_around_wuhan(analyst: Analyst) -> None:
    page = analyst.page
    analyst.go("/queries/clusters-near-place")
    page.locator('[name="place"]').fill(analyst.either("Wuhan", "武汉"))
    page.locator('[name="kilometres"]').fill("300")
    analyst.press("show_answer")
    assert page.locator("svg.drawing a").count() > 3
    names = page.locator("table").first.inner_text()
    assert analyst.either("Wuhan", "武汉") in names
    assert rows(page.locator("table").first) >= page.locator("svg.drawing a").count()


def test_compare_the_enterprise_counts_of_all_clusters(analyst: Analyst) -> None:
    page = analyst.page
    analyst.go("/")
    analyst.follow(analyst.say("way_compare"))
    page.get_by_label(analyst.say("facet_metric")).select_option("enterprise-count")
    analyst.press("show")
    comparable = analyst.section("group_comparable")
    counted = int(re.findall(r"\((\d+)\)", comparable.locator("h2").inner_text())[0])
    assert rows(comparable.locator("table")) == counted > 1
    drawn = page.locator("svg.drawing a").evaluate_all("all => all.map(a => a.href.baseVal)")
    shown = page.locator("table a.mark").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert set(drawn) <= set(shown)
    assert analyst.section("group_subset").is_visible()  # what does not compare, and why


def test_cite_one_figure(analyst: Analyst) -> None:
    page = analyst.page
    analyst.go("/doc/jjj-safety-enterprises-2023")
    page.get_by_role("link", name=analyst.say("cite"), exact=True).click()
    ready = page.locator(f"dl.citation dd[lang={analyst.lang}]").inner_text()
    assert analyst.either("Hebei Daily", "河北日报") in ready
    assert "https://w3id.org/jiqun/id/jjj-safety-enterprises-2023" in ready
    page.get_by_text(analyst.say("citation_formats")).click()
    formats = page.locator("details[open] pre").all_inner_texts()
    assert any(each.startswith("@") for each in formats)
    assert any('"URL"' in each for each in formats)


def test_write_a_query_and_see_it_on_a_map(analyst: Analyst) -> None:
    page = analyst.page
    analyst.go("/")
    analyst.follow(analyst.say("way_sparql"))
    text = page.get_by_role("textbox", name=analyst.say("query_text"), exact=True)
    if analyst.scripts and modules():
        page.locator(".workbench[data-ready]").wait_for()
        text.click()
        page.keyboard.press("Control+A")
        page.keyboard.type("SELECT ?c { ?c a kg:NationalC")
        page.locator("#editor [role=option]", has_text="kg:NationalCluster ").first.click()
        page.keyboard.type(" ; kg:inProvince ")
        page.keyboard.insert_text(analyst.either("Hubei", "湖北"))
        page.locator("#editor [role=option]", has_text="id:hubei ·").first.click()
        page.keyboard.press("Control+Enter")
    else:
        text.fill(WITH_MAP)
        analyst.press("run")
    page.locator("table tbody tr").first.wait_for()
    counted = rows(page.locator("table"))
    page.get_by_role("link", name=analyst.say("view_map"), exact=True).click()
    assert "view=map" in page.url
    assert page.locator("svg.drawing a").count() == counted == rows(page.locator("table"))


def test_find_the_clusters_of_jiangsu(analyst: Analyst) -> None:
    page = analyst.page
    analyst.go("/")
    page.locator("#seek").fill(analyst.either("jiangsu", "江苏"))
    page.locator(".home-seek button").click()
    page.locator("main ol a, main .results a, main li a").filter(
        has_text=re.compile(analyst.either("^Jiangsu", "^江苏省"))
    ).first.click()
    listed = page.get_by_role("group", name=analyst.say("place_list"))
    assert rows(listed.locator("table")) >= 10
    assert analyst.either("Nanjing", "南京") in listed.inner_text()
    # The list of clusters finds the same by its facet, with the same number.
    number = rows(listed.locator("table"))
    analyst.go("/clusters?province=" + analyst.either("Jiangsu", "江苏"))
    assert page.locator("h2#shown").inner_text().startswith(str(number))


def test_what_is_planned_for_2028(analyst: Analyst) -> None:
    page = analyst.page
    analyst.go("/timeline")
    page.get_by_label(analyst.say("at_time")).fill("2028")
    analyst.press("show")
    holding = page.get_by_role("region", name=analyst.say("holding_at").replace("{}", "2028"))
    assert holding.locator("li").count() > 0
    holding.locator("li a").last.click()
    assert page.locator("h1").is_visible()
    assert "/timeline" not in page.url


def test_who_belongs_to_a_cluster(analyst: Analyst) -> None:
    page = analyst.page
    analyst.go("/companies")
    page.get_by_label(analyst.say("facet_cluster"), exact=True).select_option("harbin-aviation")
    analyst.press("show")
    counted = int(page.locator("h2#shown").inner_text().split()[0])
    assert rows(page.locator("table.listed")) == counted > 1
    analyst.go("/doc/harbin-aviation")
    members = analyst.section("members")
    assert members.locator("ul.members > li").count() == counted
    members.locator("details.proof > summary").first.click()
    expect(members.locator("details[open] q").first).to_be_visible()


def test_take_an_excel_table_of_exactly_what_is_shown(analyst: Analyst, tmp_path: Path) -> None:
    page = analyst.page
    analyst.go("/clusters?province=jiangsu&extent=one")
    shown = page.locator("table.listed tbody tr th a").all_inner_texts()
    with page.expect_download() as taken:
        page.get_by_role("link", name=analyst.say("for_excel"), exact=True).click()
    file = tmp_path / "clusters.csv"
    taken.value.save_as(file)
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    with file.open(encoding="utf-8-sig", newline="") as opened:
        table = list(csv.reader(opened))
    assert [row[1] for row in table[1:]] == shown
    assert table[0][1] == analyst.say("column_cluster")


def test_go_from_a_figure_to_its_words_in_one_click(analyst: Analyst) -> None:
    page = analyst.page
    analyst.go("/doc/jjj-safety-emergency-equipment")
    row = analyst.section("section_figures").locator("tbody tr").first
    words = row.locator("q").first.inner_text()  # beside the figure already
    row.locator("details.proof > summary").first.click()
    opened = row.locator("details[open] .passage-of").first
    expect(opened.locator("q").first).to_be_visible()
    assert analyst.either("Hebei", "河北") in opened.inner_text()
    opened.locator("a:has(.pilcrow)").click()
    passage = page.locator("article.passage:target")
    expect(passage).to_be_visible()
    assert words in passage.inner_text()


def test_what_a_brand_may_mean(analyst: Analyst) -> None:
    page = analyst.page
    analyst.go("/search?q=北汽")
    page.get_by_role("link", name=analyst.either("BAIC", "北汽"), exact=True).first.click()
    shown = page.locator(".sentence").first.inner_text()
    assert "北汽" in shown
    assert analyst.either("it may mean", "可能指") in shown
    assert page.get_by_text(analyst.say("brand_note")).is_visible()
    companies = page.locator(".sentence").first.locator("a")
    assert companies.count() >= 1
