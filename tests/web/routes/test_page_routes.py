"""The pages over HTTP, from the tiny release."""

from __future__ import annotations

import html
import json
import shutil
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from html_audit import Audit
from live_server import metric, running

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from live_server import LiveServer

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PATHS = (
    "/",
    "/queries",
    "/queries/clusters-of-a-region?place=beijing",
    "/queries/size-over",
    "/queries/areas-as-graph",
    "/queries/things-by-label",
    "/sparql",
    "/sparql?query=ASK%20%7B%7D&format=html",
    "/sparql?query=SELECT%20*%20%7B&format=html",
    "/source",
    "/source/tiny",
    "/doc/life-health",
    "/quality",
    "/clusters",
    "/clusters?province=nowhere",
    "/places",
    "/companies",
    "/plans",
    "/figures",
    "/compare",
    "/timeline?at=2028",
    "/timeline?at=soon",
    "/network",
    "/network?of=life-health",
    "/nowhere",
)
ERRORS = ("/clusters?province=nowhere", "/timeline?at=soon", "/nowhere")


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_sound_and_guarded(client: httpx.Client, path: str) -> None:
    response = client.get(path, headers=BROWSER)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert Audit(response.text).problems == []


def test_every_link_within_the_site_leads_somewhere(client: httpx.Client) -> None:
    seen: set[str] = set()
    for path in PATHS:
        if path in ERRORS:
            continue
        links = Audit(client.get(path, headers=BROWSER).text).links
        seen.update(link.partition("#")[0] for link in links if link.startswith("/"))
    dead = {
        link: status
        for link in sorted(seen)
        if (status := client.get(link, headers=BROWSER, follow_redirects=True).status_code) != 200
        and "SELECT%20*%20%7B&" not in link
        and not link.startswith(("/queries/things-by-label", "/.well-known"))
    }
    assert dead == {}


def test_the_start_page_shows_what_there_is(client: httpx.Client) -> None:
    text = client.get("/", headers=BROWSER).text
    for expected in ("Life and health cluster", "Compare clusters"):
        assert expected in text


def test_a_source_shows_who_says_what(client: httpx.Client) -> None:
    page = client.get("/source/tiny", headers=BROWSER).text
    text = Audit(page).text
    assert 'id="p1"' in page
    assert "生命健康" in text
    assert "Beijing" in text
    assert "1,331" in text
    assert "characters 0–4" in text


@pytest.mark.parametrize(
    "slug",
    [
        "nope",
        "TINY",
        "tiny'",
        'tiny>{}"',
        "tiny%00",
        "..%2Ftiny",
        "tiny\n",
        "%E4%BA%AC",
        "t" * 5000,
    ],
)
@pytest.mark.parametrize("kind", ["source", "doc"])
def test_unknown_and_odd_names_are_not_found(client: httpx.Client, kind: str, slug: str) -> None:
    path = f"/{kind}/{slug if '%' in slug else quote(slug)}"
    response = client.get(path, headers=BROWSER)
    assert response.status_code == 404
    assert Audit(response.text).problems == []


def test_a_thing_refers_to_its_page(client: httpx.Client) -> None:
    response = client.get("/id/life-health?lang=zh-Hans", headers=BROWSER)
    assert response.status_code == 303
    assert response.headers["location"].endswith("/doc/life-health?lang=zh-Hans")
    page = client.get(response.headers["location"], headers=BROWSER).text
    assert "生命健康集群" in Audit(page).text
    assert '<html lang="zh-Hans">' in page


def test_a_reference_never_leads_to_another_site(client: httpx.Client) -> None:
    for slug in ("%2F%2Fexample.org", "%5Cexample.org", "a%0D%0AX-Evil%3A1"):
        response = client.get(f"/id/{slug}", headers=BROWSER)
        assert response.status_code == 404 or "/doc/" in response.headers["location"]
        assert "x-evil" not in response.headers


def test_the_language_follows_the_reader(client: httpx.Client) -> None:
    response = client.get("/", headers={**BROWSER, "Accept-Language": "zh-TW"})
    assert '<html lang="zh-Hant">' in response.text
    assert "Accept-Language" in response.headers["vary"]
    chosen = client.get("/?lang=zh-Hans", headers={**BROWSER, "Accept-Language": "en"}).text
    assert '<html lang="zh-Hans">' in chosen
    assert "/queries?lang=zh-Hans" in chosen


def test_a_page_that_is_known_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/source/tiny", headers=BROWSER)
    again = client.get("/source/tiny", headers={**BROWSER, "If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize(
    "path",
    [
        "/queries/clusters-of-a-region?place=beijing",
        "/sparql?query=SELECT%20*%20%7B%3Fs%20a%20%3Fc%7D",
    ],
)
def test_the_page_of_a_result_is_cached(server: LiveServer, path: str) -> None:
    first = server.client.get(path, headers=BROWSER)
    before = metric(server, "jiqun_cache_misses_total")
    again = server.client.get(path, headers=BROWSER)
    assert metric(server, "jiqun_cache_misses_total") == before
    assert (again.headers["etag"], again.content) == (first.headers["etag"], first.content)
    known = server.client.get(path, headers={**BROWSER, "If-None-Match": first.headers["etag"]})
    assert known.status_code == 304


def test_static_files_are_kept_and_others_are_not_found(client: httpx.Client) -> None:
    links = Audit(client.get("/", headers=BROWSER).text).links
    style = next(link for link in links if "style.css" in link)
    response = client.get(style)
    assert response.headers["content-type"].startswith("text/css")
    assert "immutable" in response.headers["cache-control"]
    assert client.get("/static/nothing.css").status_code == 404
    assert client.get("/static/..%2Fpages%2Fhome.py").status_code == 404


def test_the_report_on_quality_is_a_page_and_json(client: httpx.Client) -> None:
    page = client.get("/quality", headers=BROWSER)
    text = Audit(page.text).text
    for expected in ("100.0 %", "Life and health cluster", "data-label", "somebody <else>"):
        assert expected in text
    assert "with an organisation that promotes it" in text, "each measure of depth has a name"
    assert "/quality" in Audit(client.get("/", headers=BROWSER).text).links
    for report in (client.get("/quality"), client.get("/quality?format=json", headers=BROWSER)):
        assert report.headers["content-type"] == "application/json"
        assert report.json()["rules"]["findings"] == 3
    assert client.get("/quality", headers={"Accept": "text/turtle"}).status_code == 406


def test_a_release_without_a_report_has_no_such_page(release_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    shutil.copytree(release_folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    del manifest["files"]["quality.json"]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (folder / "quality.json").unlink()
    with running(folder) as live:
        assert live.client.get("/quality", headers=BROWSER).status_code == 404


CHINESE = {"Accept": "text/html", "Accept-Language": "zh-CN"}


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nothing", 404, "此网址没有内容。"),
        ("/doc/bejing", 404, "没有名为 bejing 的事物。"),
        ("/source/nope", 404, "没有名为 nope 的来源。"),
        ("/queries/nope", 404, "没有名为 nope 的预存查询。"),
        ("/clusters?province=x&province=y", 400, "参数 province 给出了 2 次，只能给出一次。"),
        ("/places?lang=en&lang=zh-Hans", 400, "The parameter lang is given 2 times."),
        ("/clusters?provinz=x", 400, "此页没有参数 provinz。可用的有：province, "),
        ("/clusters?province=x", 400, "没有符合 province=x 的条目。请从页面提供的值中选择。"),
        ("/clusters?sort=x", 400, "/clusters 不能按 x 排序，只能按 cluster, "),
        ("/clusters?page=x", 400, "page 应为 1 至 99999 的整数。"),
        ("/timeline?at=soon", 400, "at=soon 不是时间。"),
        ("/clusters?format=docx", 400, "没有 format=docx 这种格式。"),
        ("/sparql?format=html&query=SELECT", 400, "第 1 行第 7 列："),
        ("/sparql?format=html&query=" + "%7B" * 80, 400, "查询超出限制"),
        ("/ontology/9.9", 404, "此发布版没有本体的 9.9 版本。"),
        ("/static/nope.txt", 404, "没有静态文件 nope.txt。"),
    ],
)
def test_errors_are_in_the_language_of_the_reader(
    client: httpx.Client, path: str, status: int, words: str
) -> None:
    page = client.get(path, headers=CHINESE)
    assert page.status_code == status
    assert words in html.unescape(page.text)
    machine = client.get(path, headers={"Accept-Language": "zh-CN"})
    assert machine.status_code == status
    assert "format=html" in path or machine.json()["detail"].isascii()


@pytest.mark.parametrize("added", ["utm_source=mail", "fbclid=abc"])
def test_what_other_sites_add_to_addresses_is_let_through(client: httpx.Client, added: str) -> None:
    assert client.get(f"/timeline?{added}").status_code == 200
