"""Yasgui, Triply's and Zazuko's, in a headless Chromium, on a page of another origin."""

from __future__ import annotations

import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from interop import javascript
from interop.clients.client import Client, Endpoint, question
from interop.tool import CACHE, NotInstalled, fresh

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE: Final = """<!doctype html>
<meta charset="utf-8"><title>Yasgui</title>
<link rel="stylesheet" href="yasgui.min.css"><div id="yasgui"></div>
<script src="yasgui.min.js"></script>
"""
_ASK: Final = """async ([endpoint, query]) => {
  const Editor = window.Yasgui.default || window.Yasgui;
  const yasgui = new Editor(document.getElementById("yasgui"), { requestConfig: { endpoint } });
  const tab = yasgui.getTab() || yasgui.addTab(true);
  tab.setEndpoint(endpoint);
  tab.setQuery(query);
  await tab.yasqe.query();
  while (!tab.yasr.results) await new Promise((next) => setTimeout(next, 50));
  const results = tab.yasr.results;
  return String(results.getBoolean() ?? (results.getBindings() || []).length);
}"""


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 (the name of the library)
        pass


def _yasgui(package: str, endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 (an extra)
    except ImportError:
        raise NotInstalled("Playwright is not installed: pip install jiqun[browser]") from None
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise NotInstalled("no Chromium is installed on this machine")
    folder = fresh(CACHE / "scratch" / "yasgui")
    for name in ("yasgui.min.js", "yasgui.min.css"):
        shutil.copy(CACHE / "node" / "node_modules" / package / "build" / name, folder)
    (folder / "index.html").write_text(_PAGE, "utf-8")
    handler = partial(_Silent, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as pages, sync_playwright() as playwright:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            for step, name in (("SELECT", "select.rq"), ("ASK", "ask.rq")):
                page = browser.new_page()
                page.goto(f"http://127.0.0.1:{pages.server_port}/")
                came: Any = page.evaluate(_ASK, [f"{endpoint.url}/sparql", question(name)])
                yield step, str(came)
                page.close()
        finally:
            browser.close()
            pages.shutdown()


CLIENTS: Final = tuple(
    Client(name, "npm", package, partial(javascript.version, package), partial(_yasgui, package))
    for name, package in (
        ("Yasgui (Triply)", "@triply/yasgui"),
        ("Yasgui (Zazuko)", "@zazuko/yasgui"),
    )
)
