"""Linked Data over HTTP: the documents of things, sources and the ontology in all their forms."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pyoxigraph as ox
import pytest

from html_audit import Audit
from jiqun.rdf.namespaces import ID, KG, SOURCE
from jiqun.rdf.terms import statement_iri
from jiqun.web.pages.thing_page import SECTIONS, section_of
from live_server import running
from tiny_release import write_release

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

BROWSER: Final = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
MANY: Final = 250
FURTHER: Final = f"""
id:beijing kg:within id:country . id:hub rdfs:label "Hub"@en .
id:hub kg:coreArea {" , ".join(f"id:place-{n}" for n in range(60))} .
{" ".join(f"id:member-{n} kg:participatesIn id:hub ." for n in range(MANY))}
}}
graph:sources {{
  <{SOURCE}tiny> <http://purl.org/dc/terms/publisher> id:paper ; <http://purl.org/dc/terms/issued>
    "2024-12-23"^^xsd:date ; <https://schema.org/url> <http://example.org/article> .
}}
passage:p1 {{
  id:figure-one a kg:Observation ; kg:about id:life-health ; kg:metric id:companies ;
    kg:value 1331 ; kg:bound id:exact ; kg:wording "企業1331家"@zh-Hant .
}}
passage:p2 {{
  id:figure-two a kg:Observation ; kg:about id:life-health ; kg:metric id:companies ;
    kg:value 900 ; kg:bound id:more-than ; kg:wording "企業900多家</script><b>"@zh-Hant .
}}
graph:inferred {{ id:figure-one kg:disagreesWith id:figure-two }}
graph:ontology {{
  <https://w3id.org/jiqun/ontology> a <http://www.w3.org/2002/07/owl#Ontology> .
  kg:Region a <http://www.w3.org/2002/07/owl#Class> ; rdfs:label "region"@en , "地区"@zh-Hans ;
    <http://www.w3.org/2004/02/skos/core#definition> "A territory."@en ;
    rdfs:subClassOf kg:Place , [ <http://www.w3.org/2002/07/owl#onProperty> kg:within ;
      <http://www.w3.org/2002/07/owl#maxCardinality> 1 ] .
  kg:Place a <http://www.w3.org/2002/07/owl#Class> ; rdfs:label "place"@en .
  kg:within a <http://www.w3.org/2002/07/owl#ObjectProperty> ; rdfs:domain kg:Place .
  kg:coreArea a <http://www.w3.org/2002/07/owl#ObjectProperty> ; rdfs:label "core area"@en .
}}
graph:alignments {{ kg:Region rdfs:subClassOf <https://schema.org/Place> }}
graph:register {{
"""
READERS: Final = {
    "ttl": ("text/turtle; charset=utf-8", ox.RdfFormat.TURTLE),
    "nt": ("application/n-triples; charset=utf-8", ox.RdfFormat.N_TRIPLES),
    "rdf": ("application/rdf+xml; charset=utf-8", ox.RdfFormat.RDF_XML),
    "jsonld": ("application/ld+json", ox.RdfFormat.JSON_LD),
    "json": ("application/json", ox.RdfFormat.JSON_LD),
}
DOCUMENTS: Final = ("/doc/life-health", "/source/tiny", "/ontology", "/ontology/0.0.1")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server whose release has much to say, and an ontology."""
    folder = write_release(tmp_path_factory.mktemp("things") / "release", FURTHER)
    with running(folder) as live:
        yield live.client


def triples(text: bytes, format_: ox.RdfFormat) -> set[ox.Triple]:
    return {quad.triple for quad in ox.parse(text, format_)}


def links(response: httpx.Response, rel: str) -> list[str]:
    found = re.findall(r'<([^>]*)>; rel="([^"]*)"', response.headers["link"])
    return [target for target, name in found if name == rel]


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_form_has_the_same_content(site: httpx.Client, path: str) -> None:
    graphs = []
    for suffix, (content_type, format_) in READERS.items():
        response = site.get(f"{path}.{suffix}", headers={"Accept": "image/png"})
        assert response.status_code == 200, suffix
        assert response.headers["content-type"] == content_type
        graphs.append(ox.Dataset(ox.Quad(*each) for each in triples(response.content, format_)))
        graphs[-1].canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    assert len(graphs[0]) > 3
    assert all(graph == graphs[0] for graph in graphs)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_headers_name_the_form_sent_and_the_others(site: httpx.Client, path: str) -> None:
    response = site.get(path, headers={"Accept": "text/turtle"})
    url = f"{site.base_url}".rstrip("/") + path
    assert response.headers["content-location"] == f"{url}.ttl"
    assert {"Accept", "Accept-Language"} <= set(response.headers["vary"].split(", "))
    assert links(response, "canonical") == [url]
    others = {"html", "rdf", "nt", "jsonld", *(["ofn"] if "ontology" in path else [])}
    assert set(links(response, "alternate")) == {f"{url}.{suffix}" for suffix in others}
    assert links(response, "license") == ["https://creativecommons.org/licenses/by/4.0/"]
    for rel in ("describedby", "service-desc"):
        (target,) = links(response, rel)
        assert site.get(target).status_code == 200
    assert links(response, "type")
    for target in links(response, "alternate"):
        assert site.get(target).status_code == 200


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("suffix", ["", ".html", ".ttl", ".rdf", ".nt", ".jsonld"])
def test_tags_are_strong_and_spare_the_answer(site: httpx.Client, path: str, suffix: str) -> None:
    first = site.get(path + suffix)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    assert site.get(path + suffix).content == first.content
    again = site.get(path + suffix, headers={"If-None-Match": f'"x", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    other = site.get(path + suffix, headers={"Accept-Encoding": "identity"})
    assert (other.headers["etag"] != tag) == ("content-encoding" in first.headers)
    head = site.head(path + suffix)
    assert (head.headers["etag"], head.content) == (tag, b"")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "text/html"),
        ("*/*", "text/html"),
        (BROWSER["Accept"], "text/html"),
        ("text/turtle", "text/turtle"),
        ("text/html;q=0.8, text/turtle;q=0.801", "text/turtle"),
        ("text/html;q=0.801, text/turtle;q=0.8", "text/html"),
        ("text/*;q=0.5, application/ld+json", "application/ld+json"),
        ("*/*, text/html;q=0", "text/turtle"),
        ("application/json", "application/json"),
        ("application/n-triples, text/html;q=0.999", "application/n-triples"),
    ],
)
def test_quality_is_taken_exactly(site: httpx.Client, accept: str | None, expected: str) -> None:
    request = site.build_request("GET", "/doc/beijing")
    if accept is None:
        del request.headers["accept"]
    else:
        request.headers["accept"] = accept
    response = site.send(request)
    assert response.headers["content-type"].partition(";")[0] == expected
    request.url = site.base_url.join("/id/beijing")
    location = site.send(request).headers["location"]
    form = "" if expected == "text/html" else r"\.(ttl|jsonld|nt)"
    assert re.fullmatch(rf"/doc/beijing{form}", location)


def test_what_nobody_can_satisfy_is_not_acceptable(site: httpx.Client) -> None:
    for path in ("/id/beijing", *DOCUMENTS):
        response = site.get(path, headers={"Accept": "image/png"})
        assert response.status_code == 406, path
        assert "text/turtle" in response.text


def test_a_thing_leads_to_its_document(site: httpx.Client) -> None:
    response = site.get("/id/beijing.ttl?lang=en")
    assert response.status_code == 303
    assert response.headers["location"] == "/doc/beijing.ttl?lang=en"
    assert "Accept" in response.headers["vary"]
    assert site.get("/id/nothing").status_code == 404


def test_data_have_statements_labels_and_evidence(site: httpx.Client) -> None:
    response = site.get("/doc/life-health.ttl")
    found = triples(response.content, ox.RdfFormat.TURTLE)
    area = ox.Triple(
        ox.NamedNode(f"{ID}life-health"),
        ox.NamedNode(f"{KG}coreArea"),
        ox.NamedNode(f"{ID}beijing"),
    )
    assert area in found
    label = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    beijing = ox.Literal("北京", language="zh-Hans")
    assert ox.Triple(ox.NamedNode(f"{ID}beijing"), label, beijing) in found
    made = ox.NamedNode(statement_iri(area, f"{SOURCE}tiny#p1"))
    passage = ox.NamedNode(f"{SOURCE}tiny#p1")
    assert ox.Triple(made, ox.NamedNode(f"{KG}statedIn"), passage) in found
    words = ox.Literal("生命健康", language="zh-Hans")
    assert ox.Triple(passage, ox.NamedNode(f"{KG}quote"), words) in found
    assert any(each.subject == ox.NamedNode(f"{ID}figure-one") for each in found)
    assert '"企業1331家"@zh-Hant' in response.text


def test_tags_of_languages_keep_their_case_in_every_form(site: httpx.Client) -> None:
    for suffix in READERS:
        text = site.get(f"/doc/life-health.{suffix}").text
        assert "zh-Hant" in text
        assert "zh-hant" not in text


NAMES: Final = (
    ("beijing.xyz", "has no form .xyz"),
    ("Beijing", "/beijing"),
    ("BEIJING.TTL", "/beijing.ttl"),
    ("ｂeijing", "/beijing"),
    ("%2562eijing", "percent-encoded twice"),
    ("%25E4%25BA%25AC", "percent-encoded twice"),
    (quote("béijing"), "/beijing"),
    (quote("be\u0301ijing"), "/beijing"),
    (quote("bei\u200bjing"), "/beijing"),
    ("%E4%BA%AC", "/search?q=%E4%BA%AC"),
    ("beijing%23part", "unencoded, not as %23"),
    ("beijing%20", "/beijing"),
    ("..%2Fbeijing", ""),
    ("%2e%2e%2fetc%2fpasswd", ""),
    ("beijing%00", "There is no thing"),
    ("beijing..ttl", "There is no thing"),
    (".ttl", "There is no thing"),
    ("nothing.ttl", "There is no thing"),
)


@pytest.mark.parametrize(("name", "hint"), NAMES)
def test_missing_resources_are_reported_with_a_hint(
    site: httpx.Client, name: str, hint: str
) -> None:
    for folder in ("doc", "id"):
        response = site.get(f"/{folder}/{name}", headers={"Accept": "*/*"})
        assert response.status_code == 404
        assert hint in response.json()["detail"]
    assert site.get(f"/source/{name}").status_code == 404


def test_graphs_and_reified_statements_lead_to_their_documents(built: httpx.Client) -> None:
    graph = built.get("/graph/register", follow_redirects=True)
    assert graph.history[0].status_code == 303
    assert b"hebei" in graph.content
    data = built.get("/doc/jjj-life-health.nt").text
    (statement, *_) = re.findall(r"<https://w3id.org/jiqun(/evidence/[0-9a-f]+)>", data)
    response = built.get(statement)
    assert response.status_code == 303
    text = gzip.decompress(built.get(response.headers["location"]).content)
    assert statement.rpartition("/")[2].encode() in text
    for path in ("/graph/nothing", "/graph/Register", "/evidence/xyz", f"{statement}0"):
        assert built.get(path).status_code == 404


def test_an_encoded_letter_is_the_letter(site: httpx.Client) -> None:
    response = site.get("/doc/%62eijing")
    assert response.status_code == 200
    assert response.headers["content-location"].endswith("/doc/beijing.html")


def test_what_is_only_mentioned_has_a_document(site: httpx.Client) -> None:
    assert "No source mentions" in site.get("/doc/country", headers=BROWSER).text
    assert site.get("/doc/country.ttl").status_code == 200


def test_versions_and_forms_of_the_ontology_that_there_are_not(site: httpx.Client) -> None:
    for path, hint in (("/ontology/9.9.9", "/ontology/0.0.1"), ("/ontology.owl", ".ttl")):
        response = site.get(path)
        assert response.status_code == 404
        assert hint in response.json()["detail"]


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize(
    "path", ["/doc/life-health", "/doc/hub", "/doc/hub?page=3", "/source/tiny", "/ontology"]
)
def test_pages_are_sound_in_every_language(site: httpx.Client, path: str, lang: str) -> None:
    response = site.get(path, headers={**BROWSER, "Accept-Language": lang})
    audit = Audit(response.text)
    assert audit.problems == []
    assert audit.lang == lang
    asked = site.get(path, params={"lang": lang}, headers=BROWSER)
    assert Audit(asked.text).lang == lang


def test_links_of_the_pages_lead_somewhere(site: httpx.Client) -> None:
    for path in ("/doc/life-health", "/ontology"):
        page = Audit(site.get(path, headers=BROWSER).text)
        inside = {link for link in page.links if link.startswith("/") and "query=" not in link}
        dead = [
            link
            for link in sorted(inside)
            if site.get(link, headers=BROWSER, follow_redirects=True).status_code != 200
        ]
        # What the tiny release names but never speaks of has no page.
        assert [link for link in dead if not link.startswith("/.well-known")] == []


def test_a_statement_opens_its_words_publisher_date_and_link(site: httpx.Client) -> None:
    page = site.get("/doc/life-health", headers=BROWSER).text
    assert "http://example.org/article#:~:text=" in page
    assert '<time datetime="2024-12-23">' in page
    assert 'href="/source/tiny#p1"' in page
    text = Audit(page).text
    assert "企業1331家" in text
    for heading in ("Location</h3>", "Figures</h2>"):
        assert heading in page


def test_contradictions_stand_side_by_side(site: httpx.Client) -> None:
    for path in ("/doc/life-health", "/doc/figure-two"):
        page = site.get(path, headers=BROWSER).text
        block = page.partition('class="versus"')[2].partition("</section>")[0]
        assert "1,331" in block
        assert "900" in block
    assert 'class="versus"' not in site.get("/doc/beijing", headers=BROWSER).text


def test_statements_that_speak_of_a_thing_are_paged(site: httpx.Client) -> None:
    members: set[str] = set()
    path = "/doc/hub"
    for page in range(1, 4):
        response = site.get(path, headers=BROWSER)
        audit = Audit(response.text)
        found = {link for link in audit.links if link.startswith("/id/member-")}
        assert not found & members
        members |= found
        following = [
            link for link in audit.links if f"page={page + 1}" in link and "lang" not in link
        ]
        path = following[0].partition("#")[0] if following else ""
    assert (len(members), path) == (MANY, "")
    assert site.get("/doc/hub?page=4").status_code == 404
    for wrong in ("0", "-1", "x", "1" * 5000, "１"):
        assert site.get("/doc/hub", params={"page": wrong}).status_code == 400


def test_a_property_with_many_values_shows_the_first_and_leads_to_all(site: httpx.Client) -> None:
    page = Audit(site.get("/doc/hub", headers=BROWSER).text)
    assert len([link for link in page.links if link.startswith("/id/place-")]) == 40
    (every,) = [link for link in page.links if "SELECT+%3Fvalue" in link]
    assert "60 rows" in Audit(site.get(every, headers=BROWSER).text).text


def test_the_data_block_is_for_search_engines(site: httpx.Client) -> None:
    (block,) = Audit(site.get("/doc/beijing", headers=BROWSER).text).blocks
    assert block["@type"] == ["Place"]
    assert {"@language": "zh-Hans", "@value": "北京"} in block["name"]
    assert block["@id"] == f"{ID}beijing"


def test_the_ontology_documents_its_terms(site: httpx.Client) -> None:
    page = site.get("/ontology", headers=BROWSER).text
    text = Audit(page).text
    assert 'id="Region"' in page
    for expected in ("A territory.", "地区", "kg:within ≤ 1", "schema:Place", "areas-as-graph"):
        assert expected in text
    term = site.get(f"/sparql?query=DESCRIBE%20%3C{quote(KG, safe='')}Region%3E&format=html")
    assert term.status_code == 200


def test_properties_have_the_meanings_that_order_the_page() -> None:
    assert section_of(f"{KG}coreArea") == "location"
    assert section_of("http://example.org/") == "other"
    assert {section_of(f"{KG}{name}") for name in ("designates", "value", "setsGoal")} <= set(
        SECTIONS
    )
