"""VoID and DCAT of the project's own release as they are served, held to graph and files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from rdflib.namespace import DCAT, DCTERMS, RDF, VOID

if TYPE_CHECKING:
    import httpx

SHAPES = Path(__file__).with_name("catalogue_shapes.ttl")
DATASET = rdflib.URIRef("https://w3id.org/jiqun/dataset")
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")
FORMS = {
    "ttl": ("turtle", ox.RdfFormat.TURTLE),
    "nt": ("nt", ox.RdfFormat.N_TRIPLES),
    "rdf": ("xml", ox.RdfFormat.RDF_XML),
    "jsonld": ("json-ld", ox.RdfFormat.JSON_LD),
}
COUNTS = """
PREFIX void: <http://rdfs.org/ns/void#>
SELECT * WHERE {
  { SELECT (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?distinctSubjects)
      (COUNT(DISTINCT ?p) AS ?properties)
    WHERE { ?s ?p ?o } }
  { SELECT (COUNT(DISTINCT ?class) AS ?classes) WHERE { ?x a ?class FILTER (ISIRI(?class)) } }
  { SELECT (COUNT(DISTINCT ?x) AS ?entities)
    WHERE { ?x ?p ?o FILTER (STRSTARTS(STR(?x), "https://w3id.org/jiqun/id/")) } }
}
"""
WRONG_PARTS = {
    "class": """
        <https://w3id.org/jiqun/dataset> void:classPartition ?part .
        ?part void:class ?class ; void:entities ?stated .
        { SELECT ?class (COUNT(?x) AS ?is) WHERE { ?x a ?class } GROUP BY ?class }""",
    "property": """
        <https://w3id.org/jiqun/dataset> void:propertyPartition ?part .
        ?part void:property ?property ; void:triples ?stated .
        { SELECT ?property (COUNT(*) AS ?is) WHERE { ?x ?property ?y } GROUP BY ?property }""",
    "property of a class": """
        ?whole void:class ?class ; void:propertyPartition ?part .
        ?part void:property ?property ; void:triples ?stated .
        { SELECT ?class ?property (COUNT(*) AS ?is)
          WHERE { ?x a ?class ; ?property ?y } GROUP BY ?class ?property }""",
}


def rows(client: httpx.Client, query: str) -> list[dict[str, str]]:
    accept = {"Accept": "application/sparql-results+json"}
    answer = client.get("/sparql", params={"query": query}, headers=accept)
    assert answer.status_code == 200, answer.text
    assert "jiqun-truncated" not in answer.headers
    return [
        {name: value["value"] for name, value in row.items()}
        for row in answer.json()["results"]["bindings"]
    ]


def number(graph: rdflib.Graph, node: rdflib.term.Node, predicate: rdflib.URIRef) -> int:
    return int(str(graph.value(node, predicate)))


@pytest.fixture(scope="session")
def void(built: httpx.Client) -> rdflib.Graph:
    return rdflib.Graph().parse(data=built.get("/.well-known/void").content, format="turtle")


@pytest.fixture(scope="session")
def catalogue(built: httpx.Client) -> rdflib.Graph:
    return rdflib.Graph().parse(data=built.get("/catalogue.ttl").content, format="turtle")


def local(built: httpx.Client, iri: object) -> str:
    """Give the address at the server under test for an IRI of ours."""
    return str(iri).replace("https://w3id.org/jiqun", str(built.base_url).rstrip("/"))


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", ["void", "catalogue"])
@pytest.mark.parametrize("suffix", FORMS)
def test_every_form_is_read_by_rdflib_and_pyoxigraph(
    name: str, suffix: str, built: httpx.Client, request: pytest.FixtureRequest
) -> None:
    address = (
        f"/catalogue.{suffix}" if name == "catalogue" else f"/.well-known/void?format={suffix}"
    )
    response = built.get(address)
    rdflib_name, ox_format = FORMS[suffix]
    by_rdflib = rdflib.Graph().parse(data=response.content, format=rdflib_name)
    assert set(by_rdflib) == set(request.getfixturevalue(name))
    by_ox = {quad.triple for quad in ox.parse(response.content, ox_format)}
    assert len(by_ox) == len(by_rdflib)


def test_void_and_catalogue_satisfy_the_shapes(void: rdflib.Graph, catalogue: rdflib.Graph) -> None:
    shapes = rdflib.Graph().parse(SHAPES)
    for graph in (void, catalogue):
        conforms, _, report = pyshacl.validate(graph, shacl_graph=shapes)
        assert conforms, report


def test_the_shapes_see_what_is_missing(catalogue: rdflib.Graph) -> None:
    shapes = rdflib.Graph().parse(SHAPES)
    for predicate in (DCTERMS.publisher, SPDX.checksum, DCAT.endpointURL, VOID.sparqlEndpoint):
        less = rdflib.Graph() + catalogue
        less.remove((None, predicate, None))
        assert not pyshacl.validate(less, shacl_graph=shapes)[0], predicate


def test_the_numbers_of_the_dataset_are_those_of_the_default_graph(
    built: httpx.Client, void: rdflib.Graph
) -> None:
    (counted,) = rows(built, COUNTS)
    stated = {name: str(void.value(DATASET, VOID[name])) for name in counted}
    assert stated == counted


def test_distinct_objects_are_those_of_the_dump(built: httpx.Client, void: rdflib.Graph) -> None:
    # The store takes 1.0 and 1.00 for one number, so that it may count fewer.
    dump = ox.parse(built.get("/dumps/jiqun.nt").content, ox.RdfFormat.N_TRIPLES)
    objects = {quad.object for quad in dump}
    assert len(objects) == number(void, DATASET, VOID.distinctObjects)


@pytest.mark.parametrize("kind", WRONG_PARTS)
def test_every_part_holds_as_many_as_it_says(kind: str, built: httpx.Client) -> None:
    prefix = "PREFIX void: <http://rdfs.org/ns/void#> "
    pattern = WRONG_PARTS[kind]
    wrong = rows(built, f"{prefix} SELECT * WHERE {{ {pattern} FILTER (?stated != ?is) }}")
    assert wrong == []
    (right,) = rows(
        built, f"{prefix} SELECT (COUNT(*) AS ?n) WHERE {{ {pattern} FILTER (?stated = ?is) }}"
    )
    assert int(right["n"]) > 100


def test_the_parts_add_up_to_the_whole(void: rdflib.Graph) -> None:
    parts = list(void.objects(DATASET, VOID.propertyPartition))
    whole = sum(number(void, part, VOID.triples) for part in parts)
    assert whole == number(void, DATASET, VOID.triples)


def test_linksets_count_the_links_of_each_predicate(
    built: httpx.Client, void: rdflib.Graph
) -> None:
    parts = {
        (str(whole), str(void.value(part, VOID.linkPredicate))): str(void.value(part, VOID.triples))
        for whole in void.objects(DATASET, VOID.subset)
        for part in void.objects(whole, VOID.subset)
    }
    counted = rows(
        built,
        "PREFIX skos: <http://www.w3.org/2004/02/skos/core#> "
        "SELECT ?graph ?link (COUNT(*) AS ?n) WHERE { GRAPH ?graph { ?s ?link ?o } "
        'FILTER (STRSTARTS(STR(?graph), "https://w3id.org/jiqun/graph/links-") '
        "&& STRSTARTS(STR(?link), STR(skos:))) } GROUP BY ?graph ?link",
    )
    assert parts == {(row["graph"], row["link"]): row["n"] for row in counted}


def test_what_is_named_as_an_example_resolves(built: httpx.Client, void: rdflib.Graph) -> None:
    examples = list(void.objects(DATASET, VOID.exampleResource))
    assert len(examples) >= 3
    for each in examples:
        response = built.get(local(built, each), follow_redirects=True)
        assert response.status_code == 200, each


def test_the_addresses_lead_to_what_they_say(built: httpx.Client, void: rdflib.Graph) -> None:
    for predicate in (VOID.sparqlEndpoint, VOID.openSearchDescription, DCAT.endpointDescription):
        for address in void.objects(None, predicate):
            assert built.get(str(address)).status_code == 200, address
    vocabulary = rdflib.URIRef("https://w3id.org/jiqun/ontology")
    assert (DATASET, VOID.vocabulary, vocabulary) in void
    assert (DATASET, RDF.type, VOID.Dataset) in void


def test_each_distribution_is_the_file_with_that_size_and_hash(
    built: httpx.Client, catalogue: rdflib.Graph
) -> None:
    listed = {each["name"] for each in built.get("/dumps").json()["dumps"]}
    found = set()
    for node in catalogue.objects(DATASET, DCAT.distribution):
        content = built.get(str(catalogue.value(node, DCAT.downloadURL))).content
        assert len(content) == number(catalogue, node, DCAT.byteSize)
        checksum = catalogue.value(node, SPDX.checksum)
        stated = str(catalogue.value(checksum, SPDX.checksumValue))
        assert hashlib.sha256(content).hexdigest() == stated
        found.add(str(catalogue.value(node, DCTERMS.identifier)))
    assert found == listed


def test_no_hash_of_a_file_is_in_the_graph_that_the_files_hold(built: httpx.Client) -> None:
    held = rows(built, "SELECT ?x WHERE { ?x <http://spdx.org/rdf/terms#checksumValue> ?y }")
    assert held == []


def test_browsers_get_the_page(built: httpx.Client) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for address in ("/.well-known/void", "/dataset"):
        sent_on = built.get(address, headers=browser)
        assert sent_on.status_code == 303
        assert sent_on.headers["location"].endswith("/catalogue")
    for language, words in (("en", "As of"), ("zh-Hans", "截至"), ("zh-Hant", "授權")):
        page = built.get("/catalogue", headers=browser | {"Accept-Language": language})
        assert words in page.text
        assert "SHA-256" in page.text


def test_what_there_is_not(built: httpx.Client) -> None:
    assert built.get("/catalogue.xlsx").status_code == 404
    assert "Available: .html" in built.get("/catalogue.xlsx").json()["detail"]
    for address in ("/catalogue", "/.well-known/void"):
        assert built.get(address, headers={"Accept": "image/png"}).status_code == 406
    assert built.get("/.well-known/nothing").status_code == 404
