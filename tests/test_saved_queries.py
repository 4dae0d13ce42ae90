from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from jiqun.errors import BadParameter, NotFound
from jiqun.release import open_release
from jiqun.run_query import run_query, table_text
from jiqun.saved_queries import Parameter, read_value
from jiqun.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

ID = "https://w3id.org/jiqun/id/"
XSD = "http://www.w3.org/2001/XMLSchema#"


def parameter(type_: str, values: tuple[str, ...] | None = None) -> Parameter:
    return Parameter("value", f"_value_{type_}", type_, values=values)


def term(text: str) -> object:
    """Read a term in N-Triples syntax back; it must be exactly one."""
    (quad,) = parse(f"<a:s> <a:p> {text} .".encode(), RdfFormat.N_TRIPLES)
    return quad.object


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("iri", "beijing", NamedNode(f"{ID}beijing")),
        ("iri", "hebei-daily#p16", NamedNode("https://w3id.org/jiqun/source/hebei-daily#p16")),
        ("iri", "Beijing", NamedNode(f"{ID}beijing")),
        ("iri", "id:beijing", NamedNode(f"{ID}beijing")),
        ("iri", f"{ID}beijing", NamedNode(f"{ID}beijing")),
        ("iri", f"<{ID}beijing>", NamedNode(f"{ID}beijing")),
        ("iri", "http://example.org/集群?a=b#c", NamedNode("http://example.org/集群?a=b#c")),
        ("literal", "x", Literal("x")),
        ("literal", '" } INSERT', Literal('" } INSERT')),
        ("literal", "a\\u0022b\nc\t😀", Literal("a\\u0022b\nc\t😀")),
        ("integer", "-12", Literal("-12", datatype=NamedNode(f"{XSD}integer"))),
        ("decimal", "1.5", Literal("1.5", datatype=NamedNode(f"{XSD}decimal"))),
        ("date", "2024-12-23", Literal("2024-12-23", datatype=NamedNode(f"{XSD}date"))),
        ("boolean", "true", Literal("true", datatype=NamedNode(f"{XSD}boolean"))),
        ("lang", "zh-Hans", Literal("zh-Hans")),
    ],
)
def test_values_become_terms(type_: str, value: str, expected: object) -> None:
    assert term(read_value(parameter(type_), value)) == expected


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("iri", '" } INSERT'),
        ("iri", "http://example.org/a b"),
        ("iri", "http://example.org/> ?p ?o } #"),
        ("iri", "http://example.org/{x}"),
        ("iri", "http://example.org/\ud800"),
        ("iri", "javascript:alert(1)"),
        ("iri", "file:///etc/passwd"),
        ("iri", "urn:x:y"),
        ("iri", "id:a b"),
        ("iri", "../../etc"),
        ("iri", "_:b0"),
        ("iri", "<>"),
        ("literal", "a\0b"),
        ("literal", "\ud800"),
        ("literal", "x" * 1001),
        ("integer", "1.5"),
        ("integer", "1e3"),
        ("integer", "٣"),
        ("integer", "9" * 31),
        ("decimal", "."),
        ("decimal", "NaN"),
        ("date", "2024-13-01"),
        ("date", "yesterday"),
        ("boolean", "maybe"),
        ("lang", '"@en'),
        ("lang", "en_US"),
    ],
)
def test_values_that_are_not_of_their_type_are_refused(type_: str, value: str) -> None:
    with pytest.raises(BadParameter, match="value"):
        read_value(parameter(type_), value)


@given(st.text(max_size=50))
def test_any_text_becomes_one_literal_or_is_refused(text: str) -> None:
    try:
        written = read_value(parameter("literal"), text)
    except BadParameter:
        assert "\0" in text or any(0xD800 <= ord(each) <= 0xDFFF for each in text)
    else:
        assert term(written) == Literal(text)


@given(st.text(max_size=50))
def test_any_text_becomes_one_iri_or_is_refused(text: str) -> None:
    try:
        written = read_value(parameter("iri"), text)
    except BadParameter:
        return
    assert isinstance(term(written), NamedNode)


def test_only_the_listed_values_are_possible() -> None:
    with pytest.raises(BadParameter, match=r"one of: en, zh\."):
        read_value(parameter("lang", ("en", "zh")), "fr")


def rows(client: httpx.Client, address: str) -> list[dict[str, str]]:
    response = client.get(address, headers={"Accept": "text/csv"})
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def test_a_query_runs_with_and_without_its_parameter(client: httpx.Client) -> None:
    assert len(rows(client, "/queries/clusters-of-a-region")) == 4
    for value in (
        "beijing",
        "id:beijing",
        f"{ID}beijing",
        "%3Chttps://w3id.org/jiqun/id/beijing%3E",
    ):
        found = rows(client, f"/queries/clusters-of-a-region?place={value}")
        assert [row["area"] for row in found] == [f"{ID}beijing", f"{ID}tianjin"]
    unknown = client.get("/queries/clusters-of-a-region?place=baoding")
    assert (unknown.status_code, "called baoding" in unknown.text) == (404, True)


def test_an_empty_value_is_none(client: httpx.Client) -> None:
    assert len(rows(client, "/queries/clusters-of-a-region?place=")) == 4


def test_text_stays_text(client: httpx.Client) -> None:
    assert len(rows(client, "/queries/things-by-label?name=Bei")) == 1
    hostile = '") } INSERT DATA { <a:b> <a:b> 1 } #'
    response = client.get("/queries/things-by-label", params={"name": hostile, "format": "csv"})
    assert (response.status_code, response.text) == (200, "thing,label\r\n")


def test_defaults_and_booleans(client: httpx.Client) -> None:
    assert client.get("/queries/size-over?format=json").json()["boolean"] is True
    assert client.get("/queries/size-over?least=2000&format=json").json()["boolean"] is False


@pytest.mark.parametrize(
    ("address", "status", "expected"),
    [
        ("/queries/nothing-like-it", 404, "no saved query nothing-like-it"),
        ("/queries/things-by-label", 400, "name of the query things-by-label is missing"),
        ("/queries/things-by-label?name=", 400, "is missing"),
        ("/queries/things-by-label?name=a&name=b", 400, "given 2 times"),
        (
            "/queries/things-by-label?name=a&nane=b",
            400,
            "has no parameter nane. It has: language, name",
        ),
        ("/queries/things-by-label?name=a&language=fr", 400, "must be one of: en, zh-hans"),
        ("/queries/size-over?least=many", 400, "must be an integer, for example 2024; it is many"),
        (
            "/queries/clusters-of-a-region?place=%22%20%7D%20INSERT",
            404,
            'Nothing in the graph is called " } INSERT (place)',
        ),
        ("/queries/clusters-of-a-region?place=%FF", 400, "UTF-8"),
        ("/queries/areas-as-graph?format=csv", 400, "Available: turtle"),
        ("/queries/size-over?format=pdf", 400, "format=pdf is not available"),
        ("/queries/size-over?timeout=soon", 400, "timeout"),
    ],
)
def test_wrong_parameters_are_reported(
    address: str, status: int, expected: str, client: httpx.Client
) -> None:
    response = client.get(address)
    assert response.status_code == status, response.text
    assert expected in response.json()["detail"]


def test_graphs_come_as_graphs(client: httpx.Client) -> None:
    response = client.get("/queries/areas-as-graph", headers={"Accept": "application/n-triples"})
    assert response.headers["content-type"] == "application/n-triples; charset=utf-8"
    assert len(response.text.splitlines()) == 2


def test_people_get_a_page(client: httpx.Client) -> None:
    response = client.get("/queries/clusters-of-a-region", headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in response.headers["content-security-policy"]
    assert "life-health" in response.text
    wrong = client.get("/queries/size-over?least=x", headers={"Accept": "text/html"})
    assert (wrong.status_code, "must be an integer" in wrong.text) == (400, True)


def test_the_list_of_queries(client: httpx.Client) -> None:
    listed = client.get("/queries").json()["queries"]
    assert next(each["name"] for each in listed) == "clusters-of-a-region"
    assert listed[0]["url"].endswith("/queries/clusters-of-a-region")
    assert client.get("/queries", headers={"Accept": "text/html"}).text.startswith(
        "<!doctype html>"
    )


def test_openapi_describes_every_query(client: httpx.Client, release_folder: Path) -> None:
    document = client.get("/openapi.json").json()
    for query in open_release(release_folder).queries.values():
        described = document["paths"][f"/queries/{query.name}"]["get"]
        names = {each["name"] for each in described["parameters"]}
        assert names == {each.name for each in query.parameters} | {"format", "timeout"}
    least = document["paths"]["/queries/size-over"]["get"]["parameters"][0]
    assert least["schema"] == {"type": "integer", "default": 1000}
    assert {"get", "post"} == set(document["paths"]["/sparql"])


def test_the_command_line_gives_the_same_answers(release_folder: Path) -> None:
    settings = Settings(workers=1)
    given = {"place": ["beijing"]}
    name = "clusters-of-a-region"
    as_csv = run_query(release_folder, name, given, "csv", settings)
    assert as_csv.decode().splitlines()[1:] == [
        f"{ID}life-health,{ID}beijing",
        f"{ID}life-health,{ID}tianjin",
    ]
    as_table = run_query(release_folder, name, given, "table", settings).decode()
    assert "id:life-health" in as_table
    assert "2 rows" in as_table
    with pytest.raises(NotFound, match="Did you mean clusters-of-a-region"):
        run_query(release_folder, "clusters-of-region", {}, "csv", settings)
    with pytest.raises(BadParameter, match="Available: table, json, xml, csv, tsv"):
        run_query(release_folder, name, {}, "turtle", settings)


def test_tables_are_aligned_and_say_labels_once() -> None:
    def literal(value: str) -> dict[str, str]:
        return {"type": "literal", "value": value}

    thing = {"type": "uri", "value": f"{ID}beijing"}
    document = {
        "head": {"vars": ["place", "placeLabel", "noteLabel", "n"]},
        "results": {
            "bindings": [
                {"place": thing, "placeLabel": literal("北京"), "n": literal("1")},
                {"place": thing, "noteLabel": literal("a\nb" + "字" * 50), "n": literal("22")},
            ]
        },
    }
    assert table_text(document).splitlines() == [
        "place" + " " * 7 + "noteLabel" + " " * 37 + "n",
        "─" * 61,
        "北京" + " " * 54 + "1",
        "id:beijing  a b" + "字" * 20 + "…  22",
        "",
        "2 rows",
    ]
    assert table_text({"boolean": False}) == "no\n"
