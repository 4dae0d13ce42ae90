"""The engine answers in every format, streams, and caps what is too much."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest

from engine_thread import (
    ENDLESS,
    EX,
    JSON,
    LABELS,
    TURTLE,
    EngineThread,
    job,
    still_answers,
)
from jiqun.errors import EvaluationFailed, MalformedQuery, NotAcceptable, ResultTooLarge

if TYPE_CHECKING:
    from jiqun.query.engine import Engine

XML = "application/sparql-results+xml"
RDF_XML = "application/rdf+xml"
ALL = "SELECT * { ?s ?p ?o }"


def test_select_in_every_format(room: EngineThread) -> None:
    query = f"SELECT ?text {{ <{EX}odd> <{EX}text> ?text }}"
    text = "a\x01b\rc\nd,\"e\"<f>'g'\ufffe"
    rows = json.loads(room.ask(query).body)["results"]["bindings"]
    assert rows == [{"text": {"type": "literal", "value": text}}]
    tree = ElementTree.fromstring(room.ask(LABELS + " ORDER BY ?s LIMIT 1", XML).body)
    assert tree.findtext(".//{*}literal") == "thing 0"
    with pytest.raises(NotAcceptable, match=r"U\+0001"):
        room.ask(query, XML)
    table = room.ask(query, "text/csv").body.decode()
    assert table.startswith("text\r\n")
    assert list(csv.reader(io.StringIO(table, newline="")))[1:] == [[text]]
    tabs = room.ask(query, "text/tab-separated-values").body.decode()
    assert tabs.split("\n")[0] == "?text"
    assert tabs.count("\n") == 2


@pytest.mark.parametrize(
    ("media_type", "body"),
    [(JSON, b'"boolean":true'), (XML, b"<boolean>true</boolean>"), ("text/csv", b"true")],
)
def test_ask(room: EngineThread, media_type: str, body: bytes) -> None:
    assert body in room.ask("ASK { ?s ?p ?o }", media_type).body


@pytest.mark.parametrize(
    ("media_type", "format_"),
    [
        (TURTLE, ox.RdfFormat.TURTLE),
        ("application/n-triples", ox.RdfFormat.N_TRIPLES),
        (RDF_XML, ox.RdfFormat.RDF_XML),
        ("application/ld+json", ox.RdfFormat.JSON_LD),
        ("application/trig", ox.RdfFormat.TRIG),
        ("application/n-quads", ox.RdfFormat.N_QUADS),
    ],
)
def test_graphs_in_every_format(room: EngineThread, media_type: str, format_: ox.RdfFormat) -> None:
    reply = room.ask(f"CONSTRUCT WHERE {{ <{EX}5> ?p ?o }}", media_type)
    assert len(list(ox.parse(reply.body, format=format_))) == 2
    assert reply.answer.rows == 2
    described = room.ask(f"DESCRIBE <{EX}5>", media_type)
    assert len(list(ox.parse(described.body, format=format_))) == 2


def test_turtle_has_prefixes(room: EngineThread) -> None:
    query = "CONSTRUCT { <https://w3id.org/jiqun/id/beijing> a <a:a> } {}"
    assert b"id:beijing" in room.ask(query, TURTLE).body


def test_rdf_xml_refuses_what_it_cannot_hold(room: EngineThread) -> None:
    with pytest.raises(NotAcceptable, match=r"U\+0001"):
        room.ask(f"CONSTRUCT WHERE {{ <{EX}odd> ?p ?o }}", RDF_XML)
    body = room.ask("CONSTRUCT { <a:a> <a:b> ?o } { BIND('a\\rb' AS ?o) }", RDF_XML).body
    assert "a\rb" in "".join(ElementTree.fromstring(body).itertext())


def test_rdf_xml_cannot_express_every_predicate(room: EngineThread) -> None:
    with pytest.raises(NotAcceptable, match=r"predicate <http://a/9>.*Turtle"):
        room.ask("CONSTRUCT { <a:a> <http://a/9> 1 } {}", RDF_XML)


@pytest.mark.parametrize("query", ["ASK {}", ALL])
def test_results_are_no_graphs(room: EngineThread, query: str) -> None:
    with pytest.raises(NotAcceptable):
        room.ask(query, TURTLE)


def test_graphs_are_no_results(room: EngineThread) -> None:
    with pytest.raises(NotAcceptable):
        room.ask("DESCRIBE <a:a>", "text/csv")


@pytest.mark.parametrize(
    ("default", "named", "found"),
    [
        (None, None, "2"),
        ((f"{EX}graph1",), None, "1"),
        ((f"{EX}graph1", f"{EX}graph2"), (), "2"),
        (None, (f"{EX}graph1",), "1"),
        ((), (f"{EX}graph2",), "1"),
        ((f"{EX}none",), (f"{EX}none",), "0"),
    ],
)
def test_protocol_dataset(
    room: EngineThread,
    default: tuple[str, ...] | None,
    named: tuple[str, ...] | None,
    found: str,
) -> None:
    query = (
        "SELECT (COUNT(*) AS ?n) { { ?s <http://example.org/in> ?o } UNION "
        "{ GRAPH ?g { ?s <http://example.org/in> ?o } } }"
    )
    reply = room.ask(query, "text/csv", default_graphs=default, named_graphs=named)
    assert reply.body.decode().split("\r\n")[1] == found


def test_protocol_dataset_replaces_that_of_the_query(room: EngineThread) -> None:
    query = f"ASK FROM <{EX}graph1> {{ ?s ?p 'two' }}"
    assert b"true" in room.ask(query, default_graphs=(f"{EX}graph2",)).body


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * { ?s ?p }", "line 1, column 18: an object is missing"),
        ("SELECT ?a (COUNT(*) AS ?b) { ?a ?c ?d }", "line 1"),
    ],
)
def test_malformed(room: EngineThread, query: str, message: str) -> None:
    with pytest.raises(MalformedQuery, match=message):
        room.ask(query)


def test_an_unknown_function_gives_no_value(room: EngineThread) -> None:
    answer = room.ask("SELECT (<http://a/f>(1) AS ?x) (COALESCE(<http://a/g>(), 2) AS ?y) {}")
    assert [set(row) for row in json.loads(answer.body)["results"]["bindings"]] == [{"y"}]


@pytest.mark.parametrize("iri", ["", "not an iri", "http://a/ b"])
def test_what_is_no_iri_is_no_graph(room: EngineThread, iri: str) -> None:
    with pytest.raises(EvaluationFailed):
        room.ask(ALL, default_graphs=(iri,))


def test_relative_iris_need_a_base(room: EngineThread) -> None:
    assert b"thing 7" in room.ask("SELECT * { <7> ?p ?o }", base_iri=EX).body
    with pytest.raises(MalformedQuery):
        room.ask("SELECT * { <7> ?p ?o }")


def test_a_short_answer_is_complete(room: EngineThread) -> None:
    answer = room.ask(LABELS).answer
    assert (answer.blocks, answer.rows, answer.truncated) == (None, 2_000, False)


def test_a_long_answer_streams(room: EngineThread) -> None:
    reply = room.ask(f"{ALL[:-1]} VALUES ?x {{ 1 2 3 4 }} }}")
    assert reply.answer.blocks is not None
    assert len(json.loads(reply.body)["results"]["bindings"]) == 4 * 4_002


@pytest.mark.parametrize("media_type", [JSON, XML, "text/csv", "text/tab-separated-values"])
def test_a_short_answer_over_the_cap_is_cut_and_says_so(
    room: EngineThread, media_type: str
) -> None:
    reply = room.ask(LABELS, media_type, max_rows=10)
    assert (reply.answer.blocks, reply.answer.rows, reply.answer.truncated) == (None, 10, True)
    assert reply.body.count(b"thing ") == 10


def test_a_graph_over_the_cap_is_cut_and_says_so(room: EngineThread) -> None:
    reply = room.ask("CONSTRUCT WHERE { ?s ?p ?o }", "application/n-triples", max_rows=10)
    assert (reply.body.count(b"\n"), reply.answer.rows, reply.answer.truncated) == (10, 10, True)


@pytest.mark.parametrize(
    ("query", "rows"), [(LABELS, 2_000), (f"{LABELS} LIMIT 10", 10), (f"{LABELS} LIMIT 9", 9)]
)
def test_an_answer_just_within_the_cap_is_whole(room: EngineThread, query: str, rows: int) -> None:
    answer = room.ask(query, max_rows=rows).answer
    assert (answer.rows, answer.truncated) == (rows, False)


@pytest.mark.parametrize("text", ['a,{}b"', "},{"])
def test_literals_do_not_count_as_rows(room: EngineThread, text: str) -> None:
    query = f"SELECT ({ox.Literal(text * 5)} AS ?x) {{}}"
    answer = room.ask(query, max_rows=1).answer
    assert (answer.rows, answer.truncated) == (1, False)


@pytest.mark.parametrize(
    ("query", "media_type"),
    [(ENDLESS["stream"], JSON), ("CONSTRUCT { ?a <a:b> ?d } { ?a ?b ?c . ?d ?e ?f }", TURTLE)],
)
def test_a_long_answer_over_the_cap_breaks_off(
    room: EngineThread, query: str, media_type: str
) -> None:
    async def reading(engine: Engine) -> bytes:
        answer = await engine.run(job(query, media_type, max_rows=10_000))
        assert answer.blocks is not None
        with pytest.raises(ResultTooLarge, match="10000"):
            _ = [block async for block in answer.blocks]
        return answer.body

    assert room.run(reading)
    still_answers(room)


def test_a_cap_of_bytes(room: EngineThread) -> None:
    with pytest.raises(ResultTooLarge, match="1000 bytes"):
        room.ask(LABELS, max_bytes=1_000)
    with pytest.raises(ResultTooLarge, match="1000000 bytes"):
        room.ask(ENDLESS["stream"], max_bytes=1_000_000)
    still_answers(room)
