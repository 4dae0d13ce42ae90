"""Every kind of page in a real browser: WCAG 2.2 AA by axe, no overflow, no policy violations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from jiqun.rdf.namespaces import ID, SOURCE
from jiqun.rdf.namespaces import KG as KG_TERMS
from latin_words import latin_words, names_in_data
from live_server import running
from tiny_release import write_release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Response

    from live_server import LiveServer

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
KG = "PREFIX kg: <https://w3id.org/jiqun/ontology#> "
ROWS = (
    KG + "SELECT ?c ?lead ?passage "
    "{ GRAPH ?passage { ?a kg:applicationFor ?c ; kg:leadApplicant ?lead } }"
)
GRAPH = KG + "CONSTRUCT { ?a kg:leadApplicant ?b } WHERE { ?a kg:leadApplicant ?b }"


def sparql(text: str) -> str:
    return "/sparql?" + urlencode({"query": text, "format": "html"})


PAGES = {
    "home": "/",
    "queries": "/queries",
    "query": "/queries/clusters-of-region?place=hebei",
    "query with a problem": "/queries/figures-of-year?year=abc",
    "form": "/sparql",
    "rows": sparql(ROWS),
    "no rows": sparql("SELECT ?x { ?x a <urn:nothing> }"),
    "yes": sparql("ASK {}"),
    "graph": sparql(GRAPH),
    "malformed query": sparql("SELECT * {"),
    "sources of a year": "/source?year=2023",
    "source": "/source/hebei-daily-2024-12-23",
    "cluster": "/id/jjj-safety-emergency-equipment",
    "contradictions": "/doc/jjj-life-health",
    "company": "/doc/baic-motor",
    "brand": "/doc/baic-brand",
    "figure": "/doc/jjj-safety-enterprises-2023",
    "goal": "/doc/goal-safety-scale-2025",
    "premises": (
        "/premises?"
        + urlencode(
            {
                "subject": f"{ID}hebei",
                "property": f"{KG_TERMS}hasCluster",
                "value": f"<{ID}jjj-safety-emergency-equipment>",
            }
        )
    ),
    "result with many columns": "/queries/contradicting-figures?view=table",
    "second page of a result": "/queries/clusters-of-region?place=%E6%B1%9F%E8%8B%8F&page=2",
    "region": "/doc/hebei",
    "ontology": "/ontology",
    "version of the ontology": "/ontology/0.1.0",
    "map of a result": "/queries/national-clusters-by-list?filter=battery",
    "chart of a result": "/queries/applicant-ranking?view=chart",
    "graph of a result": "/queries/brand-candidates?view=graph",
    "timeline of a result": "/queries/plans-in-force?view=timeline",
    "saved queries that are filtered": "/queries?filter=province",
    "downloads": "/dumps",
    "catalogue": "/catalogue",
    "matching": "/match?names=Beijing%0Azzzz",
    "changes": "/changes",
    "search": "/search?q=beijing",
    "nothing found": "/search?q=zzzz",
    "quality": "/quality",
    "clusters": "/clusters",
    "places": "/places?level=ProvinceLevelDivision",
    "companies": "/companies?cluster=harbin-aviation",
    "plans": "/plans",
    "figures of a metric": "/figures?metric=revenue",
    "figures": "/figures?kind=company",
    "comparison": "/compare?metric=industry-scale",
    "timeline": "/timeline?at=2028",
    "network": "/network",
    "nothing chosen": "/clusters?year=2024&extent=several&figures=no&grade=reliability-c",
    "nothing there": "/nothing",
}
VIEWS = {"desk": (1280, "light", "en"), "phone at night": (390, "dark", "zh-Hant")}
ALIKE = (
    "article.passage, details.term, details.proof, .passage-of, tbody tr, dl > div, li, pre span"
)
PRUNE = """selector => {
  const seen = new Map();
  for (const each of document.querySelectorAll(selector)) {
    const shape = [...new Set([each, ...each.querySelectorAll("*")].map(inner =>
      [inner.localName, inner.getAttribute("class"), ...inner.getAttributeNames()].join(" ")
    ))].sort().join();
    const count = each.isConnected ? (seen.get(shape) ?? 0) + 1 : 0;
    seen.set(shape, count);
    if (count > 3) each.remove();
  }
}"""
"""Leaves three of the passages, rows, items and the like that consist of the same elements."""


@dataclass(frozen=True)
class View:
    """A page of the browser, the language it asks for, and requests and errors that may not be."""

    page: Page
    lang: str
    complaints: list[str]


@pytest.fixture(params=VIEWS, scope="module")
def view(browser: Browser, site: LiveServer, request: pytest.FixtureRequest) -> Iterator[View]:
    width, scheme, lang = VIEWS[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on(
        "request",
        lambda sent: None if sent.url.startswith(site.url) else complaints.append(sent.url),
    )
    yield View(page, lang, complaints)
    context.close()


NAMES = {
    "home": {"jiangsu"},
    "rows": {"lead"},
    "query with a problem": {"abc"},
    "catalogue": {"Croissant"},
    "region": {"he", "bei"},
    "matching": {
        "Beijing",
        "zzzz",
        "Reconcile",
        "Start",
        "reconciling",
        "Add",
        "Standard",
        "Service",
    },
    "search": {*("beijing", "bei", "jing", "qi", "che", "ji", "tuan", "gu", "fen"), "you", "xian"}
    | {"gong", "si"},
    "nothing found": {"zzzz"},
}
"""Words in Latin letters that Chinese pages have too: what was asked for, names, variables."""


@pytest.fixture(scope="module")
def names(site: LiveServer) -> frozenset[str]:
    """The names in Latin letters that the data has in Chinese too."""
    return names_in_data(site.client)


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_accessible(
    view: View, site: LiveServer, names: frozenset[str], name: str
) -> None:
    """They need only this server, without a word in the console, and fit on a narrow screen.

    Those in Chinese have no English left.
    """
    view.complaints.clear()
    page = view.page
    answer = go(view, site.url + PAGES[name])
    if not answer.ok:  # which the browser notes
        assert all(f"status of {answer.status}" in each for each in view.complaints)
        view.complaints.clear()
    if view.lang != "en":
        assert latin_words(page.content(), names | NAMES.get(name, set())) == []
    usual = page.viewport_size
    assert usual is not None
    page.set_viewport_size({"width": 320, "height": 800})
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.set_viewport_size(usual)
    assert view.complaints == []
    assert violations(page) == []


RETIRED = """
id:phantom <http://www.w3.org/2002/07/owl#deprecated> true ; rdfs:comment "Nothing says so."@en .
"""


def test_rare_pages_are_accessible(view: View, tmp_path: Path) -> None:
    """The tombstone of an identifier, and a source whose passages fill several pages."""
    passages = " ".join(
        f"<{SOURCE}long#p{n}> kg:passageOf <{SOURCE}long> ; kg:start {n} ." for n in range(90)
    )
    long = f"<{SOURCE}long> a kg:Source ; rdfs:label 'Long'@en . {passages}"
    with running(write_release(tmp_path / "release", RETIRED + long)) as live:
        for path in ("/doc/phantom", "/source/long?page=2"):
            go(view, live.url + path)
            assert violations(view.page) == [], path


def go(view: View, url: str) -> Response:
    answer = view.page.goto(f"{url}{'&' if '?' in url else '?'}lang={view.lang}")
    assert answer is not None
    return answer


def violations(page: Page) -> list[tuple[str, str, str]]:
    """Give what axe finds wrong with a page: the rule, the first element, why."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="axe is not installed: pip install jiqun[browser]",
    )
    page.evaluate(PRUNE, ALIKE)
    rules = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    page.evaluate(axe.Axe().axe_script)
    found = page.evaluate("rules => axe.run(rules).then(found => found.violations)", rules)
    return [
        (each["id"], each["nodes"][0]["html"], each["nodes"][0].get("failureSummary"))
        for each in found
    ]


WIDE = (
    *("clusters-of-region", "cluster-comparison", "designation-list", "disagreements", "figures"),
    *("goals-with-figures", "inexact-figures", "links-of-thing", "sources-not-held"),
    "undated-figures",
)
"""Saved queries with the widest answers."""


def test_no_column_is_cut_and_no_word_is_split_on_a_desk(
    browser: Browser, site: LiveServer
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    cut, split = [], {}
    for name in WIDE:
        page.goto(f"{site.url}/queries/{name}?view=table&lang=en")
        if page.evaluate(CUT):
            cut.append(name)
        split[name] = page.evaluate(SPLIT)
    context.close()
    assert cut == []
    assert {name: words for name, words in split.items() if words} == {}


CUT = """
  [...document.querySelectorAll(".scroll")].some(each => each.scrollWidth > each.clientWidth + 1)
"""
SPLIT = """() => {
  const found = [], range = document.createRange();
  for (const cell of document.querySelectorAll(".answer td:not(.again, .unbroken)")) {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      for (const word of texts.currentNode.data.matchAll(/[A-Za-z]{4,18}/g)) {
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        const lines = [...range.getClientRects()].map(each => Math.round(each.top));
        if (new Set(lines).size > 1) found.push(word[0]);
      }
    }
  }
  return found;
}"""
"""The words that are broken between two lines."""


def test_a_query_runs_without_scripts_and_from_the_keyboard(
    browser: Browser, site: LiveServer
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/sparql")
    page.get_by_label("Query", exact=True).fill("SELECT (1 + 1 AS ?sum) {}")
    page.get_by_role("button", name="Run query").focus()
    page.keyboard.press("Enter")
    page.get_by_role("cell", name="2").wait_for()
    assert "/sparql?" in page.url
    context.close()


def test_the_first_focus_skips_to_the_content(browser: Browser, site: LiveServer) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.url}/source")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_address_of_a_term_unfolds_it(
    browser: Browser, site: LiveServer, scripts: bool
) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{site.url}/ontology#NationalCluster")
    assert page.locator("details.term[open] #NationalCluster").is_visible()
    assert page.locator("details.term[open]").count() == 1
    page.locator(".tree a[href='#locatedIn']").click()
    assert page.locator("#locatedIn dl").is_visible()
    page.goto(f"{site.url}/queries#tag-2")
    assert page.locator("#tag-2 a").first.is_visible()
    assert page.locator("details.fold[open]").count() == 1
    context.close()


def test_a_source_mark_opens_its_passage(browser: Browser, site: LiveServer) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.url)
    page.locator("a.mark").first.click()
    page.wait_for_url("**/source/**")
    assert page.locator("article.passage:target").count() == 1
    context.close()
