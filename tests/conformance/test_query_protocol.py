"""The requests of the SPARQL 1.1 Protocol, and what goes wrong with them, against a live server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest

from jiqun.query.gate import parse_query

if TYPE_CHECKING:
    import httpx

GRAPHS = "https://w3id.org/jiqun/source/tiny#"
P1, P2 = f"{GRAPHS}p1", f"{GRAPHS}p2"
REGISTER = "https://w3id.org/jiqun/graph/register"
JSON = "application/sparql-results+json"
FORM = "application/x-www-form-urlencoded"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
COUNT_NAMED = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }"


@dataclass(frozen=True)
class Case:
    """One request and what must come of it."""

    name: str
    method: str
    url: str
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = ""
    contains: str = ""

    def __str__(self) -> str:
        return self.name


def get(name: str, parameters: object, status: int = 200, **more: object) -> Case:
    return Case(name, "GET", f"/sparql?{urlencode(parameters)}", status, **more)  # type: ignore[arg-type]


def form(name: str, parameters: object, status: int = 200, **more: object) -> Case:
    headers = {"Content-Type": FORM}
    body = urlencode(parameters).encode()  # type: ignore[arg-type]
    return Case(name, "POST", "/sparql", status, body, headers, **more)  # type: ignore[arg-type]


def direct(
    name: str, parameters: object, body: str, type_: str, status: int = 200, **more: object
) -> Case:
    headers = {"Content-Type": type_}
    url = f"/sparql?{urlencode(parameters)}"  # type: ignore[arg-type]
    return Case(name, "POST", url, status, body.encode(), headers, **more)  # type: ignore[arg-type]


QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"

# In the order of the W3C protocol test manifest; the requests are put in our own words.
MANIFEST = [
    get("query_get", {"query": "ASK {}"}, content_type=JSON, contains="true"),
    form("query_post_form", {"query": "ASK {}"}, content_type=JSON, contains="true"),
    direct("query_post_direct", {}, "ASK {}", QUERY, content_type=JSON, contains="true"),
    get("one default graph", {"query": COUNT, "default-graph-uri": P1}, contains='"3"'),
    get(
        "query_dataset_default_graphs_get",
        [("query", COUNT), ("default-graph-uri", P1), ("default-graph-uri", P2)],
        contains='"4"',
    ),
    direct(
        "query_dataset_default_graphs_post",
        [("default-graph-uri", P1), ("default-graph-uri", P2)],
        COUNT,
        QUERY,
        contains='"4"',
    ),
    get(
        "query_dataset_named_graphs_get",
        [("query", COUNT_NAMED), ("named-graph-uri", P1), ("named-graph-uri", P2)],
        contains='"5"',
    ),
    direct(
        "query_dataset_named_graphs_post",
        [("named-graph-uri", P1), ("named-graph-uri", P2)],
        COUNT_NAMED,
        QUERY,
        contains='"5"',
    ),
    get(
        "query_dataset_full",
        [
            ("query", "SELECT (COUNT(*) AS ?n) { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"),
            ("default-graph-uri", P1),
            ("named-graph-uri", P2),
        ],
        contains='"5"',
    ),
    get(
        "query_multiple_dataset",
        {"query": f"SELECT (COUNT(*) AS ?n) FROM <{P1}> {{ ?s ?p ?o }}", "default-graph-uri": P2},
        contains='"2"',
    ),
    Case(
        "query_content_type_select",
        "GET",
        "/sparql?query=" + quote("SELECT (1 AS ?x) {}"),
        200,
        content_type=JSON,
        contains='"1"',
    ),
    get("query_content_type_ask", {"query": "ASK {}"}, content_type=JSON, contains="true"),
    get(
        "query_content_type_describe",
        {"query": f"DESCRIBE <{P1}>"},
        content_type="text/turtle",
        contains="Passage",
    ),
    get(
        "query_content_type_construct",
        {"query": "CONSTRUCT { <http://a.example/s> <http://a.example/p> 1 } {}"},
        content_type="text/turtle",
        contains="a.example",
    ),
    Case("bad_query_method", "PUT", "/sparql?query=" + quote("ASK {}"), 405),
    get("bad_multiple_queries", [("query", "ASK {}"), ("query", "SELECT * {}")], 400),
    direct("bad_query_wrong_media_type", {}, "ASK {}", "text/plain", 415),
    Case("bad_query_missing_form_type", "POST", "/sparql", 415, b"query=ASK%20%7B%7D"),
    Case("bad_query_missing_direct_type", "POST", "/sparql", 415, b"ASK {}"),
    Case(
        "bad_query_non_utf8",
        "POST",
        "/sparql",
        415,
        "ASK {}".encode("utf-16"),
        {"Content-Type": f"{QUERY}; charset=UTF-16"},
    ),
    get("bad_query_syntax", {"query": "ASK {"}, 400),
    get("bad_update_get", {"update": "CLEAR ALL"}, 400),
    form("bad_multiple_updates", [("update", "CLEAR NAMED"), ("update", "CLEAR DEFAULT")], 400),
    direct("bad_update_wrong_media_type", {}, "CLEAR NAMED", "text/plain", 415),
    Case("bad_update_missing_form_type", "POST", "/sparql", 415, b"update=CLEAR%20NAMED"),
    Case(
        "bad_update_non_utf8",
        "POST",
        "/sparql",
        415,
        "CLEAR NAMED".encode("utf-16"),
        {"Content-Type": f"{UPDATE}; charset=UTF-16"},
    ),
]

FURTHER = [
    get("update in a form", {}, contains="sd:Service", content_type="text/turtle"),
    form("an update is refused", {"update": "INSERT DATA {}"}, 403, contains="/update"),
    direct("a direct update is refused", {}, "INSERT DATA {}", UPDATE, 403, contains="/update"),
    form("query and update", {"query": "ASK {}", "update": "CLEAR ALL"}, 400, contains="both"),
    form("neither query nor update", {"quer": "ASK {}"}, 400, contains="neither"),
    get("an empty query", {"query": ""}, 400, contains="empty"),
    get("a dataset without a query", {"default-graph-uri": P1}, 400, contains="query is missing"),
    direct("query in URL and body", {"query": "ASK {}"}, "ASK {}", QUERY, 400, contains="body"),
    get(
        "a relative graph IRI",
        {"query": COUNT, "default-graph-uri": "p1"},
        400,
        contains="absolute",
    ),
    get("an empty graph IRI", {"query": COUNT, "named-graph-uri": ""}, 400, contains="absolute"),
    get("an illegal graph IRI", {"query": COUNT, "default-graph-uri": "http://x/>a"}, 400),
    get(
        "using in a query",
        {"query": COUNT, "using-graph-uri": P1},
        400,
        contains="with updates",
    ),
    get(
        "an unknown graph is empty",
        {"query": COUNT, "default-graph-uri": "urn:x:none"},
        contains='"0"',
    ),
    get(
        "only named graphs: the default is empty",
        {"query": COUNT, "named-graph-uri": P1},
        contains='"0"',
    ),
    get(
        "only default graphs: none is named",
        {"query": COUNT_NAMED, "default-graph-uri": P1},
        contains='"0"',
    ),
    get("two formats", [("query", "ASK {}"), ("format", "xml"), ("format", "json")], 200),
    get("an unknown format", {"query": "ASK {}", "format": "pdf"}, 400, contains="Available: json"),
    get("a format that does not fit", {"query": "ASK {}", "format": "turtle"}, 400),
    get(
        "format before Accept",
        {"query": "ASK {}", "format": "xml"},
        content_type="application/sparql-results+xml",
    ),
    get("a timeout", {"query": "ASK {}", "timeout": "2.5"}, contains="true"),
    get("a timeout in milliseconds", {"query": "ASK {}", "timeout": "2500ms"}, contains="true"),
    get("no timeout at all", {"query": "ASK {}", "timeout": "0"}, 400, contains="timeout"),
    get("a negative timeout", {"query": "ASK {}", "timeout": "-1"}, 400, contains="timeout"),
    get("an endless timeout", {"query": "ASK {}", "timeout": "inf"}, 400, contains="timeout"),
    get("an update as a query", {"query": "INSERT DATA { <a:b> <a:b> 1 }"}, 400),
    get("unknown parameters are ignored", {"query": "ASK {}", "debug": "on"}, contains="true"),
    Case("broken escapes", "GET", "/sparql?query=ASK%2", 400, contains="hexadecimal"),
    Case("bytes that are not UTF-8", "GET", "/sparql?query=ASK%20%7B%7D%FF", 400, contains="UTF-8"),
    Case("overlong UTF-8", "GET", "/sparql?query=ASK%20%7B%7D%C0%80", 400, contains="UTF-8"),
    Case("surrogates", "GET", "/sparql?query=ASK%20%7B%7D%ED%A0%80", 400, contains="UTF-8"),
    Case("QUERY", "QUERY", "/sparql", 200, b"ASK {}", {"Content-Type": QUERY}, JSON, "true"),
    Case("QUERY with a form", "QUERY", "/sparql", 415, b"query=ASK+%7B%7D", {"Content-Type": FORM}),
    Case("QUERY with an update", "QUERY", "/sparql", 415, b"CLEAR ALL", {"Content-Type": UPDATE}),
    Case("DELETE", "DELETE", "/sparql?query=" + quote("ASK {}"), 405),
    Case("PATCH", "PATCH", "/sparql", 405, b"x"),
    Case("TRACE", "TRACE", "/sparql", 405),
    Case(
        "a quoted charset",
        "POST",
        "/sparql",
        200,
        b"ASK {}",
        {"Content-Type": f'{QUERY};charset="UTF-8"'},
    ),
    Case(
        "ASCII", "POST", "/sparql", 200, b"ASK {}", {"Content-Type": f"{QUERY}; charset=us-ascii"}
    ),
    Case(
        "case of media types",
        "POST",
        "/sparql",
        200,
        b"ASK {}",
        {"Content-Type": "Application/SPARQL-Query"},
    ),
    Case(
        "Latin-1", "POST", "/sparql", 415, b"ASK {}", {"Content-Type": f"{QUERY}; charset=latin-1"}
    ),
    Case(
        "a body that is not UTF-8",
        "POST",
        "/sparql",
        400,
        b"ASK {} #\xff",
        {"Content-Type": QUERY},
        contains="offset 8",
    ),
    Case(
        "a form that is not UTF-8",
        "POST",
        "/sparql",
        400,
        b"query=ASK+%7B%7D%FF",
        {"Content-Type": FORM},
    ),
    Case(
        "multipart",
        "POST",
        "/sparql",
        415,
        b"--x--",
        {"Content-Type": "multipart/form-data; boundary=x"},
    ),
    Case(
        "a byte order mark", "POST", "/sparql", 200, b"\xef\xbb\xbfASK {}", {"Content-Type": QUERY}
    ),
    Case(
        "a gzip body",
        "POST",
        "/sparql",
        415,
        b"\x1f\x8b",
        {"Content-Type": QUERY, "Content-Encoding": "gzip"},
    ),
    Case(
        "Unicode",
        "GET",
        "/sparql?query=" + quote("SELECT ('集群😀' AS ?x) {}"),
        200,
        contains="集群😀",
    ),
    Case("plus is a blank", "GET", "/sparql?query=ASK+%7B%7D", 200, contains="true"),
    Case(
        "not acceptable",
        "GET",
        "/sparql?query=ASK+%7B%7D",
        406,
        headers={"Accept": "image/png"},
        contains="text/csv",
    ),
]


@pytest.mark.parametrize("case", [*MANIFEST, *FURTHER], ids=str)
def test_requests(case: Case, client: httpx.Client) -> None:
    headers = {"Accept": "*/*", **case.headers}
    request = client.build_request(case.method, case.url, content=case.body, headers=headers)
    if case.body and "Content-Type" not in case.headers:
        request.headers.pop("Content-Type", None)
    response = client.send(request)
    assert response.status_code == case.status, response.text
    assert response.headers["access-control-allow-origin"] == "*"
    if case.status >= 400:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == case.status
    if case.content_type:
        assert response.headers["content-type"].startswith(case.content_type)
    assert case.contains in response.text


@pytest.mark.parametrize(
    ("query", "format_", "content_type", "body"),
    [
        (
            "ASK {}",
            "xml",
            "application/sparql-results+xml; charset=utf-8",
            "<boolean>true</boolean>",
        ),
        ("ASK { FILTER(false) }", "json", f"{JSON}; charset=utf-8", '{"head":{},"boolean":false}'),
        ("SELECT (1 AS ?x) {}", "csv", "text/csv; charset=utf-8", "x\r\n1\r\n"),
        ("SELECT (1 AS ?x) {}", "tsv", "text/tab-separated-values; charset=utf-8", "?x\n1\n"),
        ('SELECT ("a,\\"b\\n" AS ?x) {}', "csv", "text/csv; charset=utf-8", 'x\r\n"a,""b\n"\r\n'),
        (
            "CONSTRUCT { <a:s> <a:p> <a:o> } {}",
            "nt",
            "application/n-triples; charset=utf-8",
            "<a:s> <a:p> <a:o> .\n",
        ),
        (
            "CONSTRUCT { <a:s> <a:p> <a:o> } {}",
            "nq",
            "application/n-quads; charset=utf-8",
            "<a:s> <a:p> <a:o> .\n",
        ),
        ("CONSTRUCT { <a:s> <a:p> <a:o> } {}", "jsonld", "application/ld+json", "@id"),
        (
            "CONSTRUCT { <a:s> <a:p> <a:o> } {}",
            "rdfxml",
            "application/rdf+xml; charset=utf-8",
            "rdf:RDF",
        ),
        ("CONSTRUCT { <a:s> <a:p> <a:o> } {}", "trig", "application/trig; charset=utf-8", "<a:s>"),
    ],
)
def test_result_formats(
    query: str, format_: str, content_type: str, body: str, client: httpx.Client
) -> None:
    response = client.get("/sparql", params={"query": query, "format": format_})
    assert response.status_code == 200
    assert response.headers["content-type"] == content_type
    assert body in response.text


def test_the_manifest_has_every_query_test_of_the_protocol() -> None:
    names = {case.name for case in MANIFEST}
    assert len(names) == len(MANIFEST)
    assert (
        sum(name.startswith(("query_", "bad_query", "bad_multiple_queries")) for name in names)
        == 20
    )


@pytest.mark.parametrize("by", ["protocol", "query", "prefixed names"])
def test_several_default_graphs_are_merged(by: str, client: httpx.Client) -> None:
    select = "SELECT (COUNT(*) AS ?n)"
    if by == "query":
        query = f"BASE <{GRAPHS}> {select} FROM <#p1> FROM <{P2}> FROM <{P2}> {{ ?s ?p ?o }}"
        response = client.get("/sparql", params={"query": query})
    elif by == "prefixed names":
        query = f"PREFIX g: <{GRAPHS}> {select} FROM g:p1 FROM g:p\\u0032 {{ ?s ?p ?o }}"
        response = client.get("/sparql", params={"query": query})
    else:
        parameters = {"query": f"{select} {{ ?s ?p ?o }}", "default-graph-uri": [P1, P2]}
        response = client.get("/sparql", params=parameters)
    assert response.json()["results"]["bindings"][0]["n"]["value"] == "4"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * { ?s ?p 'FROM <a:a>' }", None),
        ("SELECT * FROM <a:a> { ?s ?p ?o }", (("a:a",), ())),
        ("SELECT * FROM NAMED <a:a> WHERE { ?s ?p ?o }", ((), ("a:a",))),
        ("PREFIX : <a:> ASK FROM :x FROM NAMED :y\\-z FROM :x { }", (("a:x",), ("a:y-z",))),
        ("BASE <http://a/b/> ASK FROM <../c> { }", (("http://a/c",), ())),
        ("PREFIX from: <a:> ASK { from:a from:b from:c }", None),
        ("CONSTRUCT { ?s <a:from> ?o } FROM <a:a> FROM <a:b> { ?s ?p ?o }", (("a:a", "a:b"), ())),
        ("CONSTRUCT FROM <a:a> WHERE { ?s ?p ?o }", (("a:a",), ())),
        ("DESCRIBE <a:x> FROM <a:a>", (("a:a",), ())),
        ("ASK FROM <a:\\u0061> { }", (("a:a",), ())),
        ("ASK FROM <relative> { }", (("relative",), ())),
        ("ASK FROM unknown:x { }", None),
        ("ASK # FROM <a:a>\n{ }", None),
    ],
)
def test_the_dataset_of_a_query(
    text: str, expected: tuple[tuple[str, ...], tuple[str, ...]] | None
) -> None:
    assert parse_query(text).dataset == expected
