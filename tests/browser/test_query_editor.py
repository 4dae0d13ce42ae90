"""The query editor in a real browser: completion, mistakes, tabs, and the plain form without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jiqun.web.static_files import modules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from live_server import LiveServer

pytestmark = pytest.mark.skipif(
    not modules(), reason="the modules of the editor are not installed: make install"
)


@pytest.fixture
def page(browser: Browser, site: LiveServer) -> Iterator[Page]:
    """An empty editor; the policy must refuse nothing, and no other host may be contacted."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda sent: None if sent.url.startswith(site.url) else complaints.append(sent.url),
    )
    open_editor(page, f"{site.url}/sparql")
    clear(page)
    yield page
    context.close()
    assert complaints == []


def open_editor(page: Page, url: str) -> None:
    page.goto(url)
    page.locator(".workbench[data-ready]").wait_for()


def clear(page: Page) -> None:
    page.get_by_role("textbox", name="Query", exact=True).click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")


def text(page: Page) -> str:
    return str(page.locator("#query").evaluate("area => area.value"))


def offered(page: Page) -> str:
    """Wait for completions and give all of them."""
    options = page.locator("#editor [role=listbox]")
    options.wait_for()
    return options.inner_text()


def take(page: Page, words: str) -> None:
    page.locator("#editor [role=option]", has_text=words).first.click()


def test_classes_properties_and_prefixes_are_completed(page: Page) -> None:
    page.keyboard.type("SELECT * { ?c a kg:NationalC")
    assert "国家先进制造业集群" in offered(page)
    take(page, "kg:NationalCluster ")
    assert text(page).startswith(
        "PREFIX kg: <https://w3id.org/jiqun/ontology#>\nSELECT * { ?c a kg:"
    )
    page.keyboard.type(" ; ")
    properties = offered(page)
    assert "kg:locatedIn" in properties  # used by national clusters
    assert "kg:leadApplicant" not in properties.split("\n")[0]
    page.keyboard.type("in province")
    page.keyboard.press("Escape")


def test_chinese_from_an_input_method_finds_terms(page: Page) -> None:
    page.keyboard.type("SELECT * { ?c ")
    session = page.context.new_cdp_session(page)
    session.send(
        "Input.imeSetComposition", {"text": "shen", "selectionStart": 4, "selectionEnd": 4}
    )
    session.send("Input.insertText", {"text": "申"})
    assert "申报" in offered(page)
    take(page, "申报")
    assert "?c kg:" in text(page)


def test_things_are_found_by_name_and_inserted_as_iris(page: Page) -> None:
    page.keyboard.type("SELECT * { ?c kg:locatedIn 江苏")
    take(page, "id:jiangsu ·")
    assert text(page).startswith("PREFIX id: <https://w3id.org/jiqun/id/>\n")
    assert "kg:locatedIn id:jiangsu" in text(page)


def test_functions_have_help(page: Page) -> None:
    page.keyboard.type("SELECT * { FILTER(REGEX(?x, ")
    help_text = page.locator("#editor .hint")
    help_text.wait_for()
    assert help_text.inner_text().startswith("REGEX(text, pattern, flags?)")
    assert help_text.locator("strong").inner_text() == "pattern"


def test_mistakes_and_odd_names_are_marked_and_mended(page: Page) -> None:
    page.keyboard.type("SELECT * { ?c a kg:NationalClster")
    page.keyboard.press("Escape")
    finding = page.locator("[data-part=findings] li")
    finding.filter(has_text="kg: is not declared").wait_for()
    assert page.locator("#editor .wrong").inner_text().startswith("kg:NationalClster")
    finding.get_by_role("button", name="Insert: PREFIX kg:").click()
    odd = finding.filter(has_text="Did you mean kg:NationalCluster?")
    odd.wait_for()
    assert page.locator("#editor .odd").inner_text() == "kg:NationalClster"
    odd.get_by_role("button", name="Insert: kg:NationalCluster").click()
    page.get_by_text("The query can be read.").wait_for()
    assert "a kg:NationalCluster" in text(page)


def test_tabs_are_kept_and_worked_by_keyboard(page: Page) -> None:
    page.keyboard.type("ASK {}")
    page.get_by_role("button", name="New tab").click()
    page.get_by_role("textbox", name="Query", exact=True).click()
    page.keyboard.type("SELECT (1 AS ?one) {}")
    page.get_by_role("tab", name="Query 2").focus()
    page.keyboard.press("ArrowLeft")
    assert text(page) == "ASK {}"
    page.reload()
    page.locator(".workbench[data-ready]").wait_for()
    assert page.get_by_role("tab").count() == 2
    page.get_by_role("tab", name="Query 2").focus()
    page.keyboard.press("Delete")
    assert page.get_by_role("tab").count() == 1


def test_a_query_is_laid_out_run_and_remembered(page: Page) -> None:
    page.keyboard.type("select ?x where { values ?x { 1 2 }")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Format query").click()
    assert text(page) == "SELECT ?x\nWHERE {\n  VALUES ?x { 1 2 }\n}\n"
    short = page.get_by_role("link", name="Short address of this query")
    short.wait_for()
    assert "/q/1" in str(short.get_attribute("href"))
    page.keyboard.press("Control+Enter")
    page.get_by_role("cell", name="2", exact=True).wait_for()
    page.locator(".workbench[data-ready]").wait_for()
    page.get_by_text("Queries you ran").click()
    page.get_by_role("button", name="SELECT ?x WHERE").wait_for()


def test_examples_are_found_in_any_language(page: Page) -> None:
    page.get_by_text("Examples", exact=True).click()
    page.get_by_label("Filter the examples").fill("province compar")
    example = page.locator("[data-part=examples] li button")
    example.first.wait_for()
    example.filter(has_text="province-comparison").click()
    page.get_by_role("tab", name="province-comparison").wait_for()
    assert "SELECT" in text(page)


def test_without_the_modules_the_form_stays(browser: Browser, site: LiveServer) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("**/codemirror*", lambda route: route.abort())
    page.goto(f"{site.url}/sparql")
    page.get_by_label("Query", exact=True).fill("SELECT (1 + 1 AS ?sum) {}")
    page.get_by_role("button", name="Run query").click()
    page.get_by_role("cell", name="2", exact=True).wait_for()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_editor_is_accessible(browser: Browser, site: LiveServer, scheme: str) -> None:
    """With a mistake, a remark and its mends, and with completions open."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    context = browser.new_context(
        viewport={"width": 1280, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    open_editor(page, f"{site.url}/sparql")
    page.get_by_text("Examples", exact=True).click()
    page.locator("[data-part=examples] li button").first.wait_for()
    clear(page)
    page.keyboard.type('PREFIX kg: <https://w3id.org/jiqun/ontology#> # a comment\nSELECT "x" {')
    page.keyboard.type("?c a kg:NationalClster, 1 . ?c a kg:Nat")
    page.locator("[data-part=findings] li").first.wait_for()
    page.locator("#editor [role=listbox]").wait_for()
    rules = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}}
    found = axe.Axe().run(page, options=rules).response["violations"]
    context.close()
    assert [
        (each["id"], each["nodes"][0]["html"], each["nodes"][0]["failureSummary"]) for each in found
    ] == []
