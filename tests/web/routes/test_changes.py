"""`/changes`: what came and went since a release that the operator keeps."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from html_audit import Audit
from live_server import running
from tiny_release import write_release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

BROWSER = {"Accept": "text/html"}
ATOM = "{http://www.w3.org/2005/Atom}"
GONE = 'id:gone a kg:Company ; rdfs:label "Gone Ltd"@en . id:beijing rdfs:comment "old <b>"@en .'
NEW = 'id:fresh a kg:Company ; rdfs:label "Fresh Ltd"@en . id:beijing rdfs:comment "new"@en .'


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server on a release with two earlier ones, and with what is none beside them."""
    folder = tmp_path_factory.mktemp("releases")
    kept = folder / "kept"
    write_release(kept / "2026-10", GONE)
    write_release(kept / "2026-09")
    (kept / "notes").mkdir()
    (kept / "broken").mkdir()
    (kept / "broken" / "manifest.json").write_text("{")
    with running(write_release(folder / "now", NEW), earlier_releases=str(kept)) as live:
        yield live.client


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
def test_things_and_statements_that_came_and_went(changed: httpx.Client, lang: str) -> None:
    page = changed.get("/changes", params={"lang": lang}, headers=BROWSER).text
    audit = Audit(page)
    assert audit.problems == []
    assert f"/id/fresh?lang={lang}" in audit.links
    assert not any("/id/gone" in each for each in audit.links)
    assert "Gone Ltd" in page
    assert "old &lt;b&gt;" in page
    assert page.count("<ins>") == page.count("<del>") == 1
    assert "selected>2026-10" in page


def test_a_thing_says_since_which_release_it_is_so(changed: httpx.Client) -> None:
    def page_of(slug: str) -> str:
        return changed.get(f"/doc/{slug}", headers=BROWSER).text

    for _ in range(1200):  # it is found out in the background
        if "since release" in page_of("beijing"):
            break
        time.sleep(0.1)
    assert "Changed since release 2026-10." in page_of("beijing")
    assert "New since release 2026-10." in page_of("fresh")
    assert "Unchanged since release 2026-09" in page_of("life-health")
    assert Audit(page_of("fresh")).problems == []
    assert "/changes?since=2026-10" in page_of("fresh")


def test_the_changes_are_made_before_anybody_asks(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    write_release(kept / "2026-10", GONE)
    with running(write_release(tmp_path / "now", NEW), earlier_releases=str(kept)) as live:
        for _ in range(1200):
            if "since release" in live.client.get("/doc/beijing", headers=BROWSER).text:
                break
            time.sleep(0.1)
        shutil.rmtree(kept / "2026-10")
        for lang in ("en", "zh-CN", "zh-TW"):
            page = live.client.get("/changes", headers={**BROWSER, "Accept-Language": lang})
            assert "Gone Ltd" in page.text


def test_another_release_can_be_compared(changed: httpx.Client) -> None:
    page = changed.get("/changes", params={"since": "2026-09"}, headers=BROWSER).text
    assert "Fresh Ltd" in page
    assert "Gone Ltd" not in page
    for since in ("2026-08", "broken", "notes", "../now", "..%2fnow"):
        response = changed.get("/changes", params={"since": since})
        assert response.status_code == 404
        assert "2026-10, 2026-09" in response.json()["detail"]


def test_the_changes_as_json(changed: httpx.Client) -> None:
    found = changed.get("/changes", params={"format": "json"}).json()
    iris = [each["iri"] for each in found["entities"]]
    assert iris == sorted(iris)
    assert "https://w3id.org/jiqun/id/fresh" in iris
    assert "https://w3id.org/jiqun/id/gone" in iris


def test_the_feed_lists_the_releases(changed: httpx.Client) -> None:
    response = changed.get("/changes.atom")
    assert response.headers["content-type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(response.content)
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 3
    assert len({each.findtext(f"{ATOM}id") for each in entries}) == 3
    link = entries[0].find(f"{ATOM}link")
    assert link is not None
    assert link.get("href", "").endswith("/changes?since=2026-10")
    assert all(each.findtext(f"{ATOM}updated", "").endswith("Z") for each in (feed, *entries))


def test_without_earlier_releases_the_page_says_so(client: httpx.Client) -> None:
    page = client.get("/changes", headers=BROWSER)
    assert page.status_code == 200
    assert "JIQUN_EARLIER_RELEASES" in page.text
    assert Audit(page.text).problems == []
    assert client.get("/changes", params={"format": "json"}).status_code == 404
    assert len(ElementTree.fromstring(client.get("/changes.atom").content)) > 4


def test_a_release_alone_is_no_change(tmp_path: Path) -> None:
    release = write_release(tmp_path / "kept" / "now")
    with running(release, earlier_releases=str(tmp_path / "kept")) as live:
        page = live.client.get("/changes", headers=BROWSER).text
    assert "JIQUN_EARLIER_RELEASES" in page
