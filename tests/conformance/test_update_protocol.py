"""The update operation of the SPARQL 1.1 Protocol, as W3C's tests go through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from conformance.test_query_protocol import MANIFEST

if TYPE_CHECKING:
    import httpx

D1, D2, D3 = (f"http://data.example/{n}.rdf" for n in (1, 2, 3))
PREFIXES = "PREFIX dc: <http://purl.org/dc/terms/> PREFIX foaf: <http://xmlns.com/foaf/0.1/>\n"
DATA = (
    PREFIXES
    + "DROP ALL ; INSERT DATA {"
    + "".join(f"GRAPH <{iri}> {{ <{iri}> a foaf:Document }}" for iri in (D1, D2, D3))
    + "} ;\n"
)
FORM = "application/x-www-form-urlencoded"
DIRECT = "application/sparql-update"


def found(client: httpx.Client, pattern: str) -> bool:
    response = client.post("/sparql", data={"query": f"{PREFIXES} ASK {{ {pattern} }}"})
    assert response.status_code == 200, response.text
    return bool(response.json()["boolean"])


@dataclass(frozen=True)
class Case:
    """An update with a dataset of its own, and what must, and must not, be found after it."""

    where: str
    parameters: dict[str, Any]
    yes: tuple[str, ...]
    no: tuple[str, ...]


INSERT = "INSERT {{ GRAPH <urn:out> {{ ?s <urn:in> ?in }} }} WHERE {{ {} }}"
CASES = {
    "update_dataset_default_graph": Case(
        "?s a foaf:Document BIND(1 AS ?in)", {"using-graph-uri": D1}, (f"<{D1}>",), (f"<{D2}>",)
    ),
    "update_dataset_default_graphs": Case(
        "?s a foaf:Document BIND(1 AS ?in)",
        {"using-graph-uri": [D1, D2]},
        (f"<{D1}>", f"<{D2}>"),
        (f"<{D3}>",),
    ),
    "update_dataset_named_graphs": Case(
        "GRAPH ?in { ?s a foaf:Document }",
        {"using-named-graph-uri": [D1, D2]},
        (f"<{D1}>", f"<{D2}>"),
        (f"<{D3}>",),
    ),
    "update_dataset_full": Case(
        "{ GRAPH ?in { ?s a foaf:Document } } UNION { ?s a foaf:Document BIND('default' AS ?in) }",
        {"using-graph-uri": D1, "using-named-graph-uri": D2},
        (f"<{D1}> <urn:in> 'default' . <{D2}>",),
        (f"<{D2}> <urn:in> 'default' . <{D2}>", f"<{D3}>"),
    ),
}


@pytest.mark.parametrize("direct", [False, True], ids=["form", "direct"])
@pytest.mark.parametrize("name", CASES)
def test_a_dataset_from_the_protocol(name: str, direct: bool, store: httpx.Client) -> None:
    case = CASES[name]
    update = DATA + INSERT.format(case.where)
    if direct:
        response = store.post(
            "/update", params=case.parameters, content=update, headers={"Content-Type": DIRECT}
        )
    else:
        response = store.post("/update", data={"update": update, **case.parameters})
    assert response.status_code == 204, response.text
    for start in case.yes:
        assert found(store, f"GRAPH <urn:out> {{ {start} <urn:in> ?in }}"), start
    for start in case.no:
        assert not found(store, f"GRAPH <urn:out> {{ {start} <urn:in> ?in }}"), start


CARRIED_OUT = {
    "update_post_form": ("update=CLEAR%20ALL", FORM),
    "a form that tells its charset": ("update=CLEAR+ALL", f"{FORM}; charset=utf-8"),
    "update_post_direct": ("CLEAR ALL", DIRECT),
    "an update that tells its charset": ("CLEAR ALL", f"{DIRECT}; charset=UTF-8"),
    "a byte order mark": ("\ufeffCLEAR ALL", DIRECT),
    "an empty form": ("update=", FORM),
    "an empty update": ("", DIRECT),
}


@pytest.mark.parametrize("name", CARRIED_OUT)
def test_updates_that_are_carried_out(name: str, store: httpx.Client) -> None:
    body, content_type = CARRIED_OUT[name]
    response = store.post("/update", content=body.encode(), headers={"Content-Type": content_type})
    assert response.status_code == 204, response.text
    assert response.content == b""
    assert (
        store.post(
            "/update/", content=body.encode(), headers={"Content-Type": content_type}
        ).status_code
        == 204
    )


def test_relative_iris_are_relative_to_the_service(store: httpx.Client) -> None:
    """Also W3C's update_base_uri."""
    store.post("/update", data={"update": "INSERT DATA { <urn:s> <urn:p> <test> }"})
    assert found(store, f"<urn:s> <urn:p> <{store.base_url}/test>")


@pytest.mark.parametrize("source", ["file:///etc/passwd", "http://127.0.0.1:1/", "urn:nothing"])
def test_a_silent_load_that_is_refused_does_nothing(source: str, store: httpx.Client) -> None:
    update = f"LOAD SILENT <{source}> INTO GRAPH <urn:a> ; INSERT DATA {{ <urn:s> <urn:p> 1 }}"
    assert store.post("/update", data={"update": update}).status_code == 204
    assert found(store, "<urn:s> <urn:p> 1")
    assert not found(store, "GRAPH <urn:a> { ?s ?p ?o }")


BAD = {
    "bad_update_get": ("GET", "/update?update=CLEAR%20ALL", FORM, b"", 405, "POST"),
    "PUT": ("PUT", "/update", DIRECT, b"CLEAR ALL", 405, "POST"),
    "bad_multiple_updates": (
        "POST",
        "/update",
        FORM,
        b"update=CLEAR+ALL&update=DROP+ALL",
        400,
        "2 times",
    ),
    "query and update": ("POST", "/update", FORM, b"update=CLEAR+ALL&query=ASK+{}", 400, "both"),
    "no update": ("POST", "/update", FORM, b"using-graph-uri=urn:a", 400, "neither"),
    "update in the URL": ("POST", "/update?update=CLEAR+ALL", FORM, b"", 400, "in the body"),
    "bad_update_wrong_media_type": (
        "POST",
        "/update",
        "text/plain",
        b"CLEAR ALL",
        415,
        "Content-Type",
    ),
    "bad_update_missing_form_type": ("POST", "/update", "", b"CLEAR ALL", 415, "Content-Type"),
    "not UTF-8, form": ("POST", "/update", FORM, b"update=CLEAR%20ALL%20%23%FF", 400, "UTF-8"),
    "not UTF-8, direct": ("POST", "/update", DIRECT, b"CLEAR ALL # \xff", 400, "UTF-8"),
    "bad_update_non_utf8": (
        "POST",
        "/update",
        f"{DIRECT}; charset=utf-16",
        b"CLEAR ALL",
        415,
        "charset",
    ),
    "bad_update_syntax": ("POST", "/update", DIRECT, b"CLEAR\nXALL", 400, "line 2"),
    "grammar": ("POST", "/update", DIRECT, b"CLEAR\nGRAPH ALL", 400, "line 2,"),
    "a query": ("POST", "/update", DIRECT, b"SELECT * {}", 400, "begins a query"),
    "a query operation": ("POST", "/update", FORM, b"query=ASK+{}", 400, "/sparql"),
    "bad_update_dataset_conflict": (
        *("POST", "/update?using-graph-uri=urn:a", DIRECT),
        *(b"INSERT { ?s ?p ?o } USING <urn:a> WHERE { ?s ?p ?o }", 400, "USING or WITH"),
    ),
    "WITH and parameter": (
        *("POST", "/update?using-named-graph-uri=urn:a", DIRECT),
        *(b"WITH <urn:a> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", 400, "USING or WITH"),
    ),
    "a dataset of queries": (
        *(
            "POST",
            "/update?default-graph-uri=urn:a",
            DIRECT,
            b"CLEAR ALL",
            400,
            "with queries",
        ),
    ),
    "a relative dataset": (
        *("POST", "/update?using-graph-uri=a", DIRECT, b"CLEAR ALL", 400, "absolute IRI"),
    ),
    "LOAD": ("POST", "/update", DIRECT, b"LOAD <http://127.0.0.1:1/>", 403, "not allowed"),
    "SERVICE": (
        *("POST", "/update", DIRECT),
        *(b"INSERT {?s ?p ?o} WHERE {SERVICE <http://127.0.0.1:1/> {?s ?p ?o}}", 403, "SERVICE"),
    ),
    "a graph that exists": (
        *("POST", "/update", DIRECT, b"CLEAR ALL; CREATE GRAPH <urn:keep>", 400, "already exists"),
    ),
    "a graph that is none": (
        *("POST", "/update", DIRECT, b"CLEAR ALL; DROP GRAPH <urn:none>", 400, "does not exist"),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_updates_that_are_refused_change_nothing(name: str, store: httpx.Client) -> None:
    method, address, content_type, body, status, says = BAD[name]
    kept = "GRAPH <urn:keep> { <urn:a> <urn:b> 1 }"
    store.post("/update", data={"update": f"INSERT DATA {{ {kept} }}"})
    headers = {"Content-Type": content_type} if content_type else {}
    response = store.request(method, address, content=body, headers=headers)
    assert response.status_code == status, response.text
    assert says in response.json()["detail"]
    assert found(store, kept)
    if status == 405:
        assert response.headers["allow"] == "POST, OPTIONS"


def test_updates_do_not_go_to_the_query_address(store: httpx.Client) -> None:
    response = store.post("/sparql", data={"update": "CLEAR ALL"})
    assert response.status_code == 403
    assert "/update" in response.json()["detail"]


def test_every_test_of_the_protocol_is_here_or_among_the_queries() -> None:
    """W3C's manifest has 34 tests: 20 of queries, 14 of updates."""
    named = {each.name for each in MANIFEST} | {*CASES, *BAD, *CARRIED_OUT, "update_base_uri"}
    standard = [name for name in named if name.startswith(("query_", "update_", "bad_"))]
    assert len(standard) == 34
