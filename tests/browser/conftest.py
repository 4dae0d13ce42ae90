"""A headless Chromium, and a server on a release of the real content."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from live_server import LiveServer

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of the machine; without one, or without Playwright, the tests are skipped."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: pip install jiqun[browser]"
    )
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium is installed on this machine")
    with playwright.sync_playwright() as running_playwright:
        chromium = running_playwright.chromium.launch(executable_path=path, args=_OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def site(browser: Browser, request: pytest.FixtureRequest) -> LiveServer:
    """A server on the real content; it needs the browser so that nothing is built in vain."""
    assert browser.is_connected()
    live: LiveServer = request.getfixturevalue("built_server")
    return live
