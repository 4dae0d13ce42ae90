"""The list of terms in a release: what is in it, and that it is small."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pyoxigraph as ox

from jiqun.knowledge.release.term_index import term_index

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

TURTLE = """
PREFIX kg: <https://w3id.org/jiqun/ontology#>
PREFIX id: <https://w3id.org/jiqun/id/>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
kg:Cluster a owl:Class ; rdfs:label "cluster"@en , "集群"@zh-Hans , "Cluster"@de .
kg:coreArea a owl:ObjectProperty ; rdfs:label "core area"@en .
kg:unused a owl:DatatypeProperty .
id:a a kg:Cluster ; kg:coreArea id:b , id:c ; <urn:odd> 1 .
id:b a kg:Region .
"""


def test_terms_are_counted_by_class() -> None:
    triples = [quad.triple for quad in ox.parse(TURTLE, ox.RdfFormat.TURTLE)]
    found = json.loads(term_index(triples, "1.0"))
    assert found["version"] == "1.0"
    assert found["prefixes"]["kg"] == "https://w3id.org/jiqun/ontology#"
    terms = found["terms"]
    assert terms["kg:Cluster"] == {"kind": "class", "en": "cluster", "zh-Hans": "集群", "count": 1}
    assert terms["kg:coreArea"] == {"kind": "property", "en": "core area", "count": 2}
    assert terms["kg:unused"]["count"] == 0
    assert terms["kg:Region"] == {"kind": "class", "count": 1}
    assert not any("odd" in name for name in terms)
    assert next(iter(found["use"]["kg:Cluster"])) == "kg:coreArea"
    assert found["use"]["kg:Cluster"]["rdf:type"] == 1
    assert found["languages"] == {"de": 1, "en": 2, "zh-Hans": 1}
    assert terms["rdfs:label"]["tagged"]
    assert "tagged" not in terms["kg:coreArea"]


def test_a_release_has_a_list_that_is_small(built_release: Path, built: httpx.Client) -> None:
    content = (built_release / "vocab.json").read_bytes()
    assert len(gzip.compress(content)) <= 20_000
    response = built.get("/vocab.json")
    assert response.headers["content-type"] == "application/json"
    assert response.json() == json.loads(content)
    terms = response.json()["terms"]
    for name, term in terms.items():
        if name.startswith("kg:"):
            assert {"en", "zh-Hans", "zh-Hant"} <= term.keys(), name
    assert terms["kg:NationalCluster"]["count"] > 70


def test_a_release_without_a_list_says_so(client: httpx.Client) -> None:
    assert client.get("/vocab.json").status_code == 404
