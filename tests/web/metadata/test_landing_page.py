"""The start page as search engines of datasets, and programs that follow links, read it."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from live_server import running

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
BROWSER = {"Accept": "text/html"}


class DataBlocks(HTMLParser):
    """Collects the JSON-LD blocks of a page as a browser delimits them."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag == "script" and ("type", "application/ld+json") in attrs
        if self._open:
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._open:
            self.blocks[-1] += data


def dataset(client: httpx.Client) -> dict[str, Any]:
    parser = DataBlocks()
    parser.feed(client.get("/", headers=BROWSER).text)
    (block,) = parser.blocks
    document: dict[str, Any] = json.loads(block)
    return document


def test_the_dataset_has_what_search_engines_demand(built: httpx.Client) -> None:
    document = dataset(built)
    assert document["@context"] == "https://schema.org"
    assert document["@type"] == "Dataset"
    assert {each["@language"] for each in document["name"]} == {"en", "zh-Hans", "zh-Hant"}
    for each in document["description"]:
        assert 50 <= len(each["@value"]) <= 5000
    assert document["license"].startswith("https://creativecommons.org/")
    assert document["creator"]["name"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", document["dateModified"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d", document["temporalCoverage"])
    assert document["isAccessibleForFree"] is True
    assert len(document["keywords"]) > 5
    catalogue = document["includedInDataCatalog"]
    assert built.get(catalogue["url"]).status_code == 200


def test_every_download_is_there_with_its_hash(built: httpx.Client) -> None:
    downloads = dataset(built)["distribution"]
    assert len(downloads) == len(built.get("/dumps").json()["dumps"])
    for each in downloads:
        content = built.get(each["contentUrl"]).content
        assert hashlib.sha256(content).hexdigest() == each["sha256"]
        assert each["contentSize"] == f"{len(content)} B"


def test_the_links_lead_to_what_describes_the_site(built: httpx.Client) -> None:
    response = built.get("/", headers=BROWSER)
    links = re.findall(r'<([^>]+)>; rel="([^"]+)"', response.headers["link"])
    described = [target for target, relation in links if relation == "describedby"]
    assert [target.rpartition("/")[2] for target in described] == ["void", "catalogue.ttl"]
    for target, relation in links:
        if relation in {"describedby", "service-desc"}:
            assert built.get(target, headers={"Accept": "*/*"}).status_code == 200


def test_behind_a_prefix_all_addresses_have_it(release_folder: Path) -> None:
    settings = {"root_path": "/kg", "public_url": "https://example.org/kg", "workers": 1}
    with running(release_folder, **settings) as live:
        assert dataset(live.client)["url"] == "https://example.org/kg/"
        robots = live.client.get("/robots.txt").text
        assert "Disallow: /kg/sparql\n" in robots
        assert "Sitemap: https://example.org/kg/sitemap.xml\n" in robots
        turtle = live.client.get("/catalogue.ttl").text
        assert "<https://example.org/kg/dumps/jiqun.nt.gz>" in turtle
        assert "127.0.0.1" not in turtle


def test_a_hostile_host_breaks_nothing(client: httpx.Client) -> None:
    for address in ("/", "/catalogue.ttl", "/.well-known/void", "/sitemap.xml", "/robots.txt"):
        response = client.get(address, headers={"Host": 'a.example"><script>'})
        assert response.status_code == 400
        assert "<script>" not in response.text


def addresses(client: httpx.Client, place: str) -> list[str]:
    root = ET.fromstring(client.get(place).content)
    return [str(each.text) for each in root.iter(f"{SITEMAP}loc")]


def test_the_sitemap_lists_every_page_once(built: httpx.Client) -> None:
    listed = [url for place in addresses(built, "/sitemap.xml") for url in addresses(built, place)]
    assert len(set(listed)) == len(listed)
    root = str(built.base_url).rstrip("/")
    for path in ("/", "/catalogue", "/ontology", "/source/cgtn-2023-05-24-plan", "/doc/beijing"):
        assert root + path in listed
    things = sum("/doc/" in url for url in listed)
    query = (
        "SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE { ?x a ?c "
        'FILTER (STRSTARTS(STR(?x), "https://w3id.org/jiqun/id/")) }'
    )
    counted = built.get("/sparql", params={"query": query, "format": "json"}).json()
    assert things == int(counted["results"]["bindings"][0]["n"]["value"])
    for url in listed[:: len(listed) // 25]:
        assert built.get(url, headers=BROWSER).status_code == 200


def test_the_sitemap_is_the_same_each_time(built: httpx.Client) -> None:
    for place in ("/sitemap.xml", "/sitemap/1.xml", "/sitemap/2.xml"):
        first, second = built.get(place), built.get(place)
        assert first.content == second.content
        assert built.get(place, headers={"If-None-Match": first.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("name", ["0.xml", "01.xml", "99.xml", "9" * 400 + ".xml", "1", "x.xml"])
def test_there_is_no_other_sitemap(name: str, client: httpx.Client) -> None:
    assert client.get(f"/sitemap/{name}").status_code == 404
