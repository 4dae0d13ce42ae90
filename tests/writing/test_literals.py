"""Literals that the engine stores in another form are counted, and the writer is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_line import jiqun
from jiqun.rdf.namespaces import XSD
from jiqun.writing.archive import load
from jiqun.writing.workspace import LiteralChanges, own_quads, stored_form
from writable_server import writable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

HEADER = "jiqun-changed-literals"
CHANGED = [
    *[("1", name, "1", "integer") for name in ("int", "long", "short", "byte")],
    *[("1", f"unsigned{name}", "1", "integer") for name in ("Int", "Long", "Short", "Byte")],
    *[("1", f"{name}Integer", "1", "integer") for name in ("positive", "nonNegative")],
    *[("-1", f"{name}Integer", "-1", "integer") for name in ("negative", "nonPositive")],
    ("01", "integer", "1", "integer"),
    ("+1", "integer", "1", "integer"),
    ("1.50", "decimal", "1.5", "decimal"),
    ("1.0", "decimal", "1", "decimal"),
    ("1e0", "double", "1", "double"),
    ("1.0", "float", "1", "float"),
    ("1", "boolean", "true", "boolean"),
    ("2020-01-01T00:00:00+00:00", "dateTime", "2020-01-01T00:00:00Z", "dateTime"),
    ("2020-01-01T00:00:00Z", "dateTimeStamp", "2020-01-01T00:00:00Z", "dateTime"),
    ("2020-01-01+00:00", "date", "2020-01-01Z", "date"),
    ("P1Y0M", "duration", "P1Y", "duration"),
]
KEPT = [
    ("1", "integer"),
    ("123456789012345678901234567890", "integer"),
    ("1.5", "decimal"),
    ("true", "boolean"),
    ("one", "int"),
    ("2020-01-01T00:00:00Z", "dateTime"),
    ("2020", "gYear"),
    *[("x", name) for name in ("string", "token", "anyURI", "hexBinary")],
]


def literal(value: str, name: str) -> ox.Literal:
    return ox.Literal(value, datatype=ox.NamedNode(f"{XSD}{name}"))


@pytest.mark.parametrize(("value", "name", "stored", "stored_name"), CHANGED)
def test_what_the_engine_changes(value: str, name: str, stored: str, stored_name: str) -> None:
    assert stored_form(literal(value, name)) == literal(stored, stored_name)
    changes = LiteralChanges()
    changes.count(literal(value, name))
    form = f"xsd:{stored_name}" if stored_name != name else "canonical form"
    assert changes.kinds == {f"xsd:{name} as {form}": 1}


@pytest.mark.parametrize(("value", "name"), KEPT)
def test_what_it_keeps(value: str, name: str) -> None:
    assert stored_form(literal(value, name)) == literal(value, name)
    changes = LiteralChanges()
    changes.count(literal(value, name))
    assert changes.total == 0


NAMES = sorted({name for _, name, _, _ in CHANGED} | {name for _, name in KEPT})
VALUES = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(-(10**16), 10**16, places=3).map(str),
    st.dates().map(str),
    st.datetimes().map(lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}"),
    st.from_regex(r"[+-]?[0-9]{1,3}(\.[0-9]{0,3})?", fullmatch=True),
    st.from_regex(
        r"[0-9]{4}-[0-3][0-9]-[0-3][0-9](T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z)?", fullmatch=True
    ),
)


@given(VALUES, st.sampled_from(NAMES))
def test_the_quick_answer_is_that_of_the_engine(value: str, name: str) -> None:
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("a:s"), ox.NamedNode("a:p"), literal(value, name)))
    assert stored_form(literal(value, name)) == next(iter(store)).object


@pytest.mark.parametrize(
    "query",
    [
        "ASK { ?s ?p ?o FILTER(?o > 4) }",
        "ASK { ?s ?p ?o FILTER(?o = 5) }",
        "ASK { ?s ?p 5 }",
        "ASK { SELECT (SUM(?o) AS ?sum) { ?s ?p ?o } HAVING(SUM(?o) = 17) }",
        "ASK { SELECT (MAX(?o) AS ?m) { ?s ?p ?o } HAVING(STR(MAX(?o)) = '12') }",
    ],
)
def test_a_private_datatype_would_break_queries(query: str) -> None:
    """Decision 61: what `xsd:int` could be stored as is not a number to the engine."""
    for datatype, expected in ((f"{XSD}int", True), ("urn:jiqun:datatype:int", False)):
        store = ox.Store()
        for value in ("5", "12"):
            object_ = ox.Literal(value, datatype=ox.NamedNode(datatype))
            store.add(ox.Quad(ox.NamedNode("a:s"), ox.NamedNode("a:p"), object_))
        assert bool(store.query(query)) is expected


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with writable(tmp_path_factory.mktemp("literals") / "workspace", workers=1) as live:
        yield live.client


TURTLE = f"""
@prefix xsd: <{XSD}> .
<a:a> <a:b> "1"^^xsd:int , "2"^^xsd:int , 01 , 1.50 , 1 , "1" , "x"@en-GB , true .
"""


def test_graphs(client: httpx.Client) -> None:
    headers = {"Content-Type": "text/turtle"}
    for method, status in (("PUT", 201), ("PUT", 204), ("POST", 200)):
        response = client.request(method, "/graphs?graph=a:g", content=TURTLE, headers=headers)
        assert (response.status_code, response.headers[HEADER]) == (status, "4")
    many = f"@prefix xsd: <{XSD}> ." + "".join(f"<a:a> <a:b> '{n}'^^xsd:int ." for n in range(9000))
    response = client.put("/graphs?graph=a:h", content=many, headers=headers)
    assert response.headers[HEADER] == "9000"
    assert client.delete("/graphs?graph=a:h").headers[HEADER] == "0"


@pytest.mark.parametrize(
    ("update", "changed"),
    [
        ("INSERT DATA { <a:a> <a:b> 1 , 'x' , '1'^^xsd:string }", 0),
        ("INSERT DATA { <a:a> <a:b> 01 , -01 , +1 , 1.0 , 1.0e0 , '5'^^xsd:int }", 6),
        (f"INSERT DATA {{ <a:a> <a:b> '''5'''^^<{XSD}long> , \"\\u0030\"^^xsd:byte }}", 2),
        ("DELETE DATA { <a:a> <a:b> 01 }", 0),
        ("DELETE { ?s ?p 01 } INSERT { ?s <a:c> 01 , 2 } WHERE { ?s ?p ?o FILTER(?o = 03) }", 1),
        (
            "INSERT DATA { <a:a> <a:b> 01 }; PREFIX y: <a:> INSERT DATA { y:a y:b '1'^^xsd:int }",
            2,
        ),
        ("INSERT DATA { <a:a> <a:b> '01' , '''1\n^^xsd:int''' , <a:01> }", 0),
        ("CLEAR GRAPH <a:none> ; CREATE SILENT GRAPH <a:01>", 0),
    ],
)
def test_updates(update: str, changed: int, client: httpx.Client) -> None:
    client.post("/update", data={"update": "CREATE SILENT GRAPH <a:none>"})
    response = client.post("/update", data={"update": f"PREFIX xsd: <{XSD}> {update}"})
    assert response.status_code == 204, response.text
    assert response.headers[HEADER] == str(changed)


def test_the_command_prints_what_was_changed(tmp_path: Path) -> None:
    workspace, file = tmp_path / "workspace", tmp_path / "data.ttl"
    file.write_text(TURTLE)
    code, _, err = jiqun("load", file, "--workspace", workspace)
    assert code == 0
    assert err == (
        "6 statements\n"
        "4 literals are stored in another form with the same value:\n"
        "  1 xsd:decimal as canonical form\n"
        "  2 xsd:int as xsd:integer\n"
        "  1 xsd:integer as canonical form\n"
    )
    again = tmp_path / "again.nq"
    ox.serialize(own_quads(workspace), str(again), ox.RdfFormat.N_QUADS)
    assert load(tmp_path / "other", [str(again)]).changed_literals == {}
