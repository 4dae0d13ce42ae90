"""Identifiers that were given up: 410 and a tombstone, or 301 to what took their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from html_audit import Audit
from live_server import running
from tiny_release import write_release

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

BASE: Final = "https://w3id.org/jiqun/"
BROWSER: Final = {"Accept": "text/html"}
GIVEN_UP: Final = f"""
<{BASE}id/phantom> <http://www.w3.org/2002/07/owl#deprecated> true ;
  rdfs:comment "No source <b>speaks</b> of it."@en , "没有来源提及。"@zh-Hans .
<{BASE}id/peking> <http://www.w3.org/2002/07/owl#deprecated> true ;
  <http://purl.org/dc/terms/isReplacedBy> id:beijing .
<{BASE}id/astray> <http://www.w3.org/2002/07/owl#deprecated> true ;
  <http://purl.org/dc/terms/isReplacedBy> <https://evil.example/> , id:astray .
<{BASE}source/taken-down> <http://www.w3.org/2002/07/owl#deprecated> true ;
  rdfs:comment "The publisher asked for it."@en .
<{BASE}source/small> <http://www.w3.org/2002/07/owl#deprecated> true ;
  <http://purl.org/dc/terms/isReplacedBy> <{BASE}source/tiny> .
<{BASE}query/old-question> <http://www.w3.org/2002/07/owl#deprecated> true ;
  <http://purl.org/dc/terms/isReplacedBy> <{BASE}query/size-over> .
<{BASE}query/silly-question> <http://www.w3.org/2002/07/owl#deprecated> true ;
  rdfs:comment "Nobody asked it."@en .
"""
GONE: Final = ("/id/phantom", "/doc/phantom", "/source/taken-down", "/query/silly-question")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server whose release has identifiers that were given up."""
    folder = write_release(tmp_path_factory.mktemp("retired") / "release", GIVEN_UP)
    with running(folder) as live:
        yield live.client


@pytest.mark.parametrize("path", GONE)
def test_what_was_withdrawn_is_gone_in_every_form(site: httpx.Client, path: str) -> None:
    for suffix, format_ in {
        "ttl": ox.RdfFormat.TURTLE,
        "nt": ox.RdfFormat.N_TRIPLES,
        "rdf": ox.RdfFormat.RDF_XML,
        "jsonld": ox.RdfFormat.JSON_LD,
        "json": ox.RdfFormat.JSON_LD,
    }.items():
        response = site.get(f"{path}.{suffix}")
        assert response.status_code == 410, suffix
        stated = {
            quad.predicate.value.rpartition("#")[2] for quad in ox.parse(response.content, format_)
        }
        assert stated == {"deprecated", "comment"}
        assert "no-store" in response.headers["cache-control"]
    page = site.get(path, headers=BROWSER)
    assert page.status_code == 410
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert Audit(page.text).problems == []
    assert site.head(path, headers=BROWSER).status_code == 410


def test_the_tombstone_says_why_in_the_language_of_the_reader(site: httpx.Client) -> None:
    page = site.get("/doc/phantom", headers=BROWSER)
    assert "No source <b>speaks</b> of it." in Audit(page.text).text
    assert "/search?q=phantom" in Audit(page.text).links
    chinese = site.get("/doc/phantom?lang=zh-Hans", headers=BROWSER)
    assert "没有来源提及。" in Audit(chinese.text).text
    assert chinese.headers["content-language"] == "zh-Hans"
    for link in Audit(page.text).links:
        if link.startswith("/doc/"):
            assert site.get(link).status_code == 410


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/id/peking", "/id/beijing"),
        ("/id/peking.ttl?lang=en", "/id/beijing.ttl?lang=en"),
        ("/doc/peking", "/doc/beijing"),
        ("/doc/peking.jsonld", "/doc/beijing.jsonld"),
        ("/source/small.nt", "/source/tiny.nt"),
        ("/query/old-question.rq", "/query/size-over.rq"),
        ("/queries/old-question?least=5", "/queries/size-over?least=5"),
    ],
)
def test_what_was_merged_leads_to_the_survivor_for_good(
    site: httpx.Client, path: str, target: str
) -> None:
    response = site.get(path)
    assert (response.status_code, response.headers["location"]) == (301, target)
    assert 'rel="successor-version"' in response.headers["link"]
    assert site.get(path, follow_redirects=True).status_code == 200


def test_nothing_leads_out_of_the_graph_or_in_circles(site: httpx.Client) -> None:
    assert site.get("/doc/astray").status_code == 410


def test_an_accept_that_nobody_can_satisfy_is_still_refused(site: httpx.Client) -> None:
    for path in (*GONE, "/id/peking"):
        assert site.get(path, headers={"Accept": "image/png"}).status_code == 406
    assert site.get("/queries/silly-question", headers={"Accept": "text/csv"}).status_code == 410
