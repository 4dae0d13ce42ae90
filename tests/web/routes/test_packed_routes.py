"""A release that was packed from other RDF is served whole: pages, search, descriptions."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from jiqun.knowledge.release.packing import Packing, pack
from live_server import LiveServer, running
from packed_release import BASE, pack_files, silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

ANT = f"{BASE}id/ant"
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("packed")
    pack_files(folder / "data", folder / "release", namespace=f"{BASE}id/")
    with running(folder / "release", public_url=BASE.rstrip("/"), log_requests=False) as live:
        yield live.client


def test_the_home_page_says_what_there_is(packed: httpx.Client) -> None:
    page = packed.get("/", headers=HTML).raise_for_status().text
    assert "<h1>" in page
    assert "Firms" in page
    assert "terms#Firm" in page
    assert "/dumps/firms.ttl.gz" in page
    assert "CC BY" not in page, "the licence of the project is not that of other people's data"


def test_any_iri_has_a_page(packed: httpx.Client) -> None:
    page = packed.get("/page", params={"iri": ANT}, headers=HTML).raise_for_status().text
    assert "Ant Works" in page
    assert "Makes &lt;small&gt; things" in page
    assert "North Town" in page, "things are shown by their names"
    assert f"{BASE}graph/a" in page
    town = packed.get("/page", params={"iri": f"{BASE}id/north-town"}, headers=HTML).text
    assert "Bee Works" in town, "what mentions it is shown"
    chinese = packed.get("/page", params={"iri": ANT, "lang": "zh-Hans"}, headers=HTML).text
    assert "蚂蚁工厂" in chinese


@pytest.mark.parametrize(
    ("name", "form"), [("ttl", ox.RdfFormat.TURTLE), ("nt", ox.RdfFormat.N_TRIPLES)]
)
def test_it_has_data_too(packed: httpx.Client, name: str, form: ox.RdfFormat) -> None:
    answer = packed.get("/page", params={"iri": ANT, "format": name}).raise_for_status()
    found = list(ox.parse(answer.content, form))
    assert len(found) == 7
    assert {quad.subject for quad in found} == {ox.NamedNode(ANT)}


@pytest.mark.parametrize(
    ("iri", "status"), [(f"{BASE}id/none", 404), ("ant", 400), ("urn:a> <urn:b", 400)]
)
def test_what_has_no_page(packed: httpx.Client, iri: str, status: int) -> None:
    assert packed.get("/page", params={"iri": iri}).status_code == status


def test_iris_of_the_namespace_lead_to_their_pages(packed: httpx.Client) -> None:
    answer = packed.get("/id/ant", follow_redirects=False)
    assert answer.status_code == 303
    assert packed.get(answer.headers["Location"], headers=HTML).status_code == 200
    assert packed.get("/nothing/here").status_code == 404


def test_search_and_reconciliation_find_it(packed: httpx.Client) -> None:
    found = packed.get("/search", params={"q": "ant works", "format": "json"}).json()["results"]
    assert [(each["iri"], each["name"]) for each in found] == [(ANT, "Ant Works")]
    assert packed.get(found[0]["url"].removeprefix(BASE.rstrip("/")), headers=HTML).is_success
    narrowed = {"q": "works", "type": f"{BASE}terms#Firm", "format": "json"}
    assert packed.get("/search", params=narrowed).json()["total"] == 2
    answer = packed.post("/reconcile", data={"queries": '{"q0": {"query": "Bee Works"}}'}).json()
    best = answer["q0"]["result"][0]
    assert (best["id"], best["match"]) == (f"{BASE}id/bee", True)


def test_saved_queries_of_the_operator(packed: httpx.Client) -> None:
    answer = packed.get("/queries/firms-of-a-town", params={"format": "csv"})
    assert answer.text.splitlines() == ["firm", ANT, f"{BASE}id/bee"]


def test_descriptions(packed: httpx.Client) -> None:
    void = packed.get("/.well-known/void", params={"format": "nt"}).raise_for_status().text
    assert f'<{BASE}dataset> <http://rdfs.org/ns/void#triples> "14"' in void
    assert f"<http://rdfs.org/ns/void#class> <{BASE}terms#Firm>" in void
    assert packed.get("/catalogue.nt").text == void
    assert "<loc>" in packed.get("/sitemap.xml").text
    sitemap = packed.get("/sitemap/2.xml").raise_for_status().text
    assert sitemap.count("<loc>") == 4
    assert "/page?iri=http%3A%2F%2Fdata.example.org%2Fid%2Fant" in sitemap
    described = packed.get("/sparql", params={"format": "nt"}).raise_for_status().text
    assert f"<{BASE}graph/a>" in described
    assert packed.get("/llms.txt").status_code == 404


def test_a_thing_of_the_project_keeps_its_page(server: LiveServer) -> None:
    iri = "https://w3id.org/jiqun/id/beijing"
    answer = server.client.get("/page", params={"iri": iri}, follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/id/beijing")


NEWER = f"""VERSION "1.2"
PREFIX : <{BASE}id/> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
:ant rdfs:label "Ant"@en , "نمل"@ar--rtl ; :seat :town ~ :claim {{| :source :article |}} .
<< :ant :staff 12 >> :source :article . :article :says <<( :ant :staff 13 )>> ."""
QUADS = f"<{BASE}id/a> <{BASE}id/says> <<( <urn:a> <urn:b> 'x'@ar--rtl )>> <{BASE}g> .\n"


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A release that was packed from files in RDF 1.2."""
    folder = tmp_path_factory.mktemp("newer")
    files = [folder / "ants.ttl", folder / "graphs.nq"]
    files[0].write_text(NEWER, "utf-8")
    files[1].write_text(QUADS.replace("'", '"'), "utf-8")
    pack(files, folder / "release", Packing("Ants", "1"), silent)
    with running(folder / "release", log_requests=False) as live:
        yield live.client


@pytest.mark.parametrize(
    "pattern",
    [
        ":ant :seat :town {| :source :article |}",
        ":ant :seat :town ~ :claim",
        "<< :ant :staff 12 >> :source ?x",
        ":article :says <<( :ant :staff ?n )>> FILTER(?n = 13)",
        ":ant rdfs:label ?l FILTER(LANGDIR(?l) = 'rtl' && LANG(?l) = 'ar')",
        "GRAPH ?g { :a :says ?t FILTER(LANGDIR(OBJECT(?t)) = 'rtl') }",
    ],
)
def test_rdf_1_2_is_found_after_packing(newer: httpx.Client, pattern: str) -> None:
    rdfs = "http://www.w3.org/2000/01/rdf-schema#"
    query = f"PREFIX : <{BASE}id/> PREFIX rdfs: <{rdfs}> ASK {{ {pattern} }}"
    assert newer.get("/sparql", params={"query": query}).json()["boolean"] is True


def test_rdf_1_2_is_shown_as_it_was_packed(newer: httpx.Client) -> None:
    address = {"iri": f"{BASE}id/article"}
    page = newer.get("/page", params=address, headers=HTML).raise_for_status().text
    assert f"{BASE}id/staff" in page
    data = newer.get("/page", params={**address, "format": "nt;version=1.2"})
    assert f"<<( <{BASE}id/ant> <{BASE}id/staff> " in data.text
    older = newer.get("/page", params={**address, "format": "nt"})
    assert "<<(" not in older.text
    assert "PropositionForm" in older.text
    dump = gzip.decompress(newer.get("/dumps/ants.ttl.gz").raise_for_status().content)
    assert dump.decode() == NEWER
