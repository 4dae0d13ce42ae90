"""The pictures in a real browser: state in the address, without scripts, on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from live_server import LiveServer


def test_a_choice_without_scripts_is_in_the_address(browser: Browser, site: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/clusters")
    page.get_by_label("Province").select_option("jiangsu")
    page.get_by_role("button", name="Show").click()
    assert "province=jiangsu" in page.url
    counted = int(page.locator("h2#shown").inner_text().split()[0])
    assert page.locator("table.listed tbody tr").count() == counted
    page.locator(".chosen a").click()
    assert "province" not in page.url
    context.close()


def test_a_mark_is_reached_from_the_keyboard_and_opens_its_words(
    browser: Browser, site: LiveServer
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.url}/compare?metric=output-value")
    mark = page.locator("svg.drawing a").first
    mark.focus()
    page.keyboard.press("Shift")  # a key, so that the focus is visible
    assert page.evaluate("document.activeElement.matches(':focus-visible')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/source/**")
    assert page.locator(":target").count() == 1
    context.close()


def test_names_are_suggested_in_pinyin(browser: Browser, site: LiveServer) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.url}/?lang=zh-Hans")
    page.locator("#seek").press_sequentially("jiangsu")
    page.locator('#names option[label^="jiangsu"]').first.wait_for(state="attached")
    names = page.evaluate("[...document.querySelectorAll('#names option')].map(o => o.value)")
    assert "江苏省" in names
    context.close()


def test_on_paper_are_words_and_pictures_in_black_on_white(
    browser: Browser, site: LiveServer
) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto(f"{site.url}/doc/jjj-safety-emergency-equipment")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for hidden in (".top nav", ".find", ".buttons", "details.fold"):
        assert not page.locator(hidden).first.is_visible(), hidden
    assert page.locator(".picture .drawing").first.is_visible()
    words = page.locator(".areas details.proof q")
    assert words.count() == page.locator(".areas details.proof[open] q").count() > 0
    assert words.first.is_visible()
    address = page.locator(".passage-of a[href*='/source/']").first
    assert "/source/" in address.evaluate("a => getComputedStyle(a, '::after').content")
    colours = page.evaluate(
        "[...document.querySelectorAll('body, h1, .chip, q, .legend')]"
        ".map(each => getComputedStyle(each)).map(style => [style.color, style.backgroundColor])"
    )
    assert {ink for ink, _ in colours} <= {"rgb(0, 0, 0)", "rgb(51, 51, 51)"}
    assert {paper for _, paper in colours} <= {"rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"}
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".areas details.proof[open]").count() == 0
    page.goto(f"{site.url}/compare?metric=output-value")
    assert not page.locator("form.narrowing").is_visible()
    assert page.locator(".compared:not([open]) h2").first.is_visible()  # also without scripts
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for each in (".picture", "table"):
        shown = page.locator(f".compared {each}").evaluate_all(
            "all => all.map(e => e.checkVisibility())"
        )
        assert len(shown) > 2
        assert all(shown), each
    page.goto(f"{site.url}/timeline")
    assert page.locator(".picture.tall").count() == page.locator(".picture").count() == 1
    context.close()
