"""The versions of the ontology over HTTP, and the diagram of its classes."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from typing import TYPE_CHECKING, Final

import pyhornedowl
import pyoxigraph as ox
import pytest

from html_audit import Audit
from jiqun.language import Reader
from jiqun.rdf.namespaces import KG
from jiqun.web.linked_data.ontology_terms import OntologyTerm, Restriction
from jiqun.web.pages.class_diagram import HEAD, ROW, WIDTH, draw
from live_server import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

BROWSER: Final = {"Accept": "text/html"}
FORMER: Final = b"""\
@prefix kg: <https://w3id.org/jiqun/ontology#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
# as it was
<https://w3id.org/jiqun/ontology> a owl:Ontology ;
  owl:versionIRI <https://w3id.org/jiqun/ontology/0.0.0> .
kg:Town a owl:Class ; rdfs:label "town"@en , "\xe9\x95\x87"@zh-Hans ;
  rdfs:subClassOf [ a owl:Restriction ; owl:onProperty kg:within ; owl:maxCardinality 1 ] .
kg:within a owl:ObjectProperty ; rdfs:domain kg:Town ; rdfs:range kg:Town .
"""


@pytest.fixture(scope="module")
def site(release_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server whose release has a former version too, without functional syntax."""
    folder = tmp_path_factory.mktemp("versions") / "release"
    shutil.copytree(release_folder, folder)
    (folder / "ontology-0.0.0.ttl").write_bytes(FORMER)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["files"]["ontology-0.0.0.ttl"] = {
        "sha256": hashlib.sha256(FORMER).hexdigest(),
        "bytes": len(FORMER),
        "mediaType": "text/turtle",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with running(folder) as live:
        yield live.client


def test_a_former_version_is_served_as_it_was(site: httpx.Client) -> None:
    response = site.get("/ontology/0.0.0.ttl")
    assert response.content == FORMER
    assert '</ontology>; rel="latest-version"' in response.headers["link"].replace(
        str(site.base_url).rstrip("/"), ""
    )
    page = site.get("/ontology/0.0.0", headers=BROWSER).text
    assert Audit(page).problems == []
    assert 'id="Town"' in page
    assert "This is an earlier version" in page
    assert "This is an earlier version" not in site.get("/ontology/0.0.1", headers=BROWSER).text
    assert {"/ontology/0.0.0", "/ontology/0.0.1"} <= set(
        Audit(site.get("/ontology", headers=BROWSER).text).links
    )


def test_every_form_of_a_former_version_has_the_same_content(site: httpx.Client) -> None:
    graphs = []
    for suffix, format_ in {
        "ttl": ox.RdfFormat.TURTLE,
        "rdf": ox.RdfFormat.RDF_XML,
        "jsonld": ox.RdfFormat.JSON_LD,
        "nt": ox.RdfFormat.N_TRIPLES,
    }.items():
        response = site.get(f"/ontology/0.0.0.{suffix}")
        assert site.get(f"/ontology/0.0.0.{suffix}").content == response.content
        graphs.append(ox.Dataset(ox.parse(response.content, format_)))
        graphs[-1].canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    assert all(graph == graphs[0] for graph in graphs)


def test_functional_syntax_is_negotiated_and_loads(built: httpx.Client) -> None:
    for path in ("/ontology", "/ontology/0.1.0"):
        response = built.get(path, headers={"Accept": "text/owl-functional"})
        assert response.headers["content-type"] == "text/owl-functional; charset=utf-8"
        assert response.headers["content-location"].endswith(f"{path}.ofn")
        assert built.get(f"{path}.ofn").content == response.content
    ontology = pyhornedowl.open_ontology_from_string(response.text, "ofn")
    assert len(ontology.get_axioms()) > 1000
    assert built.get("/dumps/ontology-0.1.0.ofn").status_code == 404


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/ontology/0.0.7", "Available: /ontology/0.0.0 /ontology/0.0.1"),
        ("/ontology/0.0.0.ofn", "has no form .ofn"),
        ("/ontology/0.0.0.xyz", "has no form .xyz"),
        ("/ontology/%2e%2e%2fmanifest", ""),
        ("/ontology/0.0.0%00", "There is no version"),
        ("/ontology.xyz", ".ofn"),
    ],
)
def test_missing_resources_are_reported_with_a_hint(
    site: httpx.Client, path: str, hint: str
) -> None:
    response = site.get(path)
    assert response.status_code == 404
    assert hint in response.json()["detail"]


def test_the_address_of_a_term_is_given(built: httpx.Client) -> None:
    response = built.get("/ontology/Cluster")
    assert response.status_code == 404
    assert "/ontology#Cluster" in response.json()["detail"]


def test_the_diagram_leads_to_the_words(built: httpx.Client) -> None:
    page = built.get("/ontology?lang=zh-Hans", headers=BROWSER).text
    diagram = page.partition("<svg")[2].partition("</svg>")[0]
    targets = set(re.findall(r'<a href="#([^"]+)"', diagram))
    assert {"Cluster", "locatedIn", "Observation", "metric"} <= targets
    assert all(f'id="{target}"' in page for target in targets)
    assert "产业集群" in diagram


def term(name: str, *, above: str = "", domain: str = "", to: str = "") -> OntologyTerm:
    natures = ("http://www.w3.org/2002/07/owl#ObjectProperty",) if domain else ()
    restrictions: tuple[Restriction, ...] = ()
    return OntologyTerm(
        KG + name, not domain, natures, {"en": name}, {}, {}, (), (KG + above,) if above else (),
        (), (KG + domain,) if domain else (), (KG + to,) if to else (), (), restrictions, (), (),
    )  # fmt: skip


def test_boxes_do_not_overlap_and_stand_inside() -> None:
    names = [f"C{number}" for number in range(30)]
    terms = [term(name) for name in names]
    for number, name in enumerate(names):
        for step in (0, 1, 3, 7):
            to = names[(number * 5 + step) % len(names)]
            terms.append(term(f"p{number}s{step}", domain=name, to=to))
    diagram = draw(terms, Reader())
    assert len(diagram.boxes) == len(names)
    assert len(diagram.lines) == 4 * len(names)
    for box in diagram.boxes:
        assert box.height == HEAD + ROW * len(box.rows)
        assert 0 < box.x <= diagram.width - WIDTH
        assert 0 < box.y <= diagram.height - box.height
        for other in diagram.boxes:
            if other is not box and other.x == box.x:
                assert other.y >= box.y + box.height or box.y >= other.y + other.height
    assert draw(terms, Reader()) == diagram


def test_an_ontology_without_relations_has_no_diagram() -> None:
    assert draw([term("Alone")], Reader()).boxes == ()
    assert draw([], Reader()).lines == ()
