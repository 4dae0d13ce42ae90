"""Results as CSV and TSV, JSON and XML write them, on data of our own, byte for byte.

The cases are those of W3C's csv-tsv-res (six tests) and json-res (four tests), and what the
formats say beyond them: quoting, control characters, numbers and language tags.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

if TYPE_CHECKING:
    import httpx

DATA = """PREFIX : <http://a.example/> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
DROP ALL ; INSERT DATA {
  :s1 :p1 :s2 ; :int 1 . :s2 :p2 "plain", "tag"@en-GB ; :int -7 .
  :s3 :p3 "a \\"quoted\\", \\r\\n line\\t." ; :dec 1.50 ; :dbl 1.0e6 .
  :s4 :p4 "typed"^^:type, "2026-01-01"^^xsd:date, true ; :odd "a\\u0001b" .
  _:b :p5 _:b . :s5 :p6 "" , "é 集群 😀" .
}"""
ALL = "SELECT ?s ?o { ?s <http://a.example/%s> ?o } ORDER BY ?s ?o"
OPTIONAL = """PREFIX : <http://a.example/>
SELECT ?s ?o ?n { ?s :int ?n OPTIONAL { ?s :p1 ?o } } ORDER BY ?s"""


@pytest.fixture(scope="module")
def formats(store_server: Any) -> httpx.Client:
    client: httpx.Client = store_server.client
    assert client.post("/update", data={"update": DATA}).status_code == 204
    return client


def text(client: httpx.Client, query: str, format_: str) -> str:
    response = client.get("/sparql", params={"query": query, "format": format_})
    assert response.status_code == 200, response.text
    return response.content.decode("utf-8")


S = "http://a.example/s"


@pytest.mark.parametrize(
    ("name", "format_", "query", "expected"),
    [
        ("csv01", "csv", ALL % "p1", f"s,o\r\n{S}1,{S}2\r\n"),
        ("tsv01", "tsv", ALL % "p1", f"?s\t?o\n<{S}1>\t<{S}2>\n"),
        ("csv02", "csv", OPTIONAL, f"s,o,n\r\n{S}1,{S}2,1\r\n{S}2,,-7\r\n"),
        ("tsv02", "tsv", OPTIONAL, f"?s\t?o\t?n\n<{S}1>\t<{S}2>\t1\n<{S}2>\t\t-7\n"),
        ("csv03", "csv", ALL % "p2", f"s,o\r\n{S}2,plain\r\n{S}2,tag\r\n"),
        ("tsv03", "tsv", ALL % "p2", f'?s\t?o\n<{S}2>\t"plain"\n<{S}2>\t"tag"@en-GB\n'),
        ("quoting", "csv", ALL % "p3", f's,o\r\n{S}3,"a ""quoted"", \r\n line\t."\r\n'),
        (
            "escapes",
            "tsv",
            ALL % "p3",
            f'?s\t?o\n<{S}3>\t"a \\"quoted\\", \\r\\n line\\t."\n',
        ),
        ("an empty literal", "csv", ALL % "p6", f"s,o\r\n{S}5,\r\n{S}5,é 集群 😀\r\n"),
        ("an empty literal", "tsv", ALL % "p6", f'?s\t?o\n<{S}5>\t""\n<{S}5>\t"é 集群 😀"\n'),
        ("a decimal", "tsv", ALL % "dec", f"?s\t?o\n<{S}3>\t1.5\n"),
        ("no rows", "csv", ALL % "none", "s,o\r\n"),
        ("no rows", "tsv", ALL % "none", "?s\t?o\n"),
        ("no variables", "csv", "SELECT * {}", "\r\n\r\n"),
    ],
)
def test_separated_values(
    name: str, format_: str, query: str, expected: str, formats: httpx.Client
) -> None:
    found = text(formats, query, format_)
    assert found == expected, name
    if format_ == "csv":
        rows = list(csv.reader(io.StringIO(found, newline="")))
        assert len({len(row) for row in rows}) == 1


def bindings(client: httpx.Client, query: str) -> Any:
    return json.loads(text(client, query, "json"))["results"]["bindings"]


def test_json_of_all_kinds_of_terms(formats: httpx.Client) -> None:
    """jsonres01: every term as its kind, with datatype and language tag where there is one."""
    xsd = "http://www.w3.org/2001/XMLSchema#"
    for predicate, terms in {
        "p1": [{"type": "uri", "value": f"{S}2"}],
        "p2": [
            {"type": "literal", "value": "plain"},
            {"type": "literal", "value": "tag", "xml:lang": "en-GB"},
        ],
        "int": [
            {"type": "literal", "value": "1", "datatype": f"{xsd}integer"},
            {"type": "literal", "value": "-7", "datatype": f"{xsd}integer"},
        ],
        "odd": [{"type": "literal", "value": "a\x01b"}],
    }.items():
        rows = bindings(
            formats, f"SELECT ?o {{ ?s <http://a.example/{predicate}> ?o }} ORDER BY ?s ?o"
        )
        assert [row["o"] for row in rows] == terms
    (row,) = bindings(formats, ALL % "p5")
    assert row["s"] == row["o"]
    assert row["s"]["type"] == "bnode"


def test_json_of_what_is_not_bound(formats: httpx.Client) -> None:
    """jsonres02: an unbound variable is in the head and in no binding."""
    found = json.loads(text(formats, OPTIONAL, "json"))
    assert found["head"]["vars"] == ["s", "o", "n"]
    assert [set(row) for row in found["results"]["bindings"]] == [{"s", "o", "n"}, {"s", "n"}]


@pytest.mark.parametrize("answer", [True, False])
def test_json_and_xml_of_ask(answer: bool, formats: httpx.Client) -> None:
    """jsonres03 and jsonres04."""
    query = f"ASK {{ FILTER({str(answer).lower()}) }}"
    assert json.loads(text(formats, query, "json")) == {"head": {}, "boolean": answer}
    document = ElementTree.fromstring(text(formats, query, "xml"))
    space = "{http://www.w3.org/2005/sparql-results#}"
    assert document.findtext(f"{space}boolean") == str(answer).lower()


def test_xml_is_well_formed_or_refused(formats: httpx.Client) -> None:
    everything = "SELECT ?o { ?s ?p ?o }"
    refused = formats.get("/sparql", params={"query": everything, "format": "xml"})
    assert refused.status_code == 406
    assert "U+0001" in refused.json()["detail"]
    query = "SELECT ?o { ?s ?p ?o FILTER (?p != <http://a.example/odd>) }"
    document = ElementTree.fromstring(text(formats, query, "xml"))
    values = {each.text or "" for each in document.iter() if each.tag.endswith("}literal")}
    assert {"é 集群 😀", "tag", 'a "quoted", \r\n line\t.'} <= values
    tags = {value for each in document.iter() for name, value in each.items() if "lang" in name}
    assert tags == {"en-GB"}
