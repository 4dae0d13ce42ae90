"""The gate: what it reads in a query, what it refuses, and how it says so."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields, replace

import pyoxigraph as ox
import pytest

from jiqun.errors import JiqunError, MalformedQuery, QueryTooLarge, ServiceRefused
from jiqun.query.gate import DEFAULT_LIMITS, Limits, parse_query
from query.sound_queries import SOUND

WIKIDATA = "https://query.wikidata.org/sparql"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * {}", "SELECT"),
        ("select*{}", "SELECT"),
        ("ASK{}", "ASK"),
        ("PREFIX : <http://a/> BASE <http://b/> PREFIX x:<y> ASK {}", "ASK"),
        ("# SELECT\nCONSTRUCT WHERE {?s ?p ?o}", "CONSTRUCT"),
        ("VERSION '1.2' DESCRIBE <http://a/SELECT>", "DESCRIBE"),
    ],
)
def test_form(text: str, form: str) -> None:
    assert parse_query(text).form == form


@pytest.mark.parametrize("text", SOUND)
def test_sound_queries_pass(text: str) -> None:
    parsed = parse_query(text)
    assert parsed.services == ()
    with suppress(RuntimeError):  # parsed, but then there is no function of that name
        ox.Store().query(parsed.text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("PREFIX a: <b>", "empty"),
        ("SELECT * { ?s ?p 'abc }", "line 1, column 18"),
        ("SELECT * {\n ?s ?p }}", "line 2, column 8"),
        ("SELECT * { (", "never closed"),
        ("SELECT * { ( }", "to close"),
        ("SELECT * { ?s ?p é }", "“é”"),
        ("SELECT * { ?s ?p \0 }", "U+0000"),
        ("INSERT DATA { <a:a> <a:b> 1 }", "begins an update"),
        ("PREFIX a: <b> DELETE WHERE { ?s ?p ?o }", "begins an update"),
        ("drop all", "begins an update"),
        ("LIMIT 5", "does not begin a query"),
        ("SELECT ?x\\uD800 {}", "not a Unicode character"),
        ("SELECT ?x\\U00110000 {}", "not a Unicode character"),
        ("\ufeffASK {}", "U+FEFF"),
    ],
)
def test_malformed(text: str, message: str) -> None:
    with pytest.raises(MalformedQuery, match=message.replace("+", "\\+")):
        parse_query(text)


# Each names the limit it exceeds and a query that has one more than what is allowed.
EXCESSES = {
    "query_length": "ASK {}" + " " * 100_000,
    "tokens": "ASK {" + " ." * 10_000 + "}",
    "nesting": "SELECT (" + "(" * 5_000 + "1" + ")" * 5_000 + " AS ?x) {}",
    "triple_patterns": "SELECT * {" + "?s ?p ?o ." * 201 + "}",
    "path_length": "SELECT * { ?s <a:a>" + "/<a:a>" * 32 + " ?o }",
    "values": "SELECT * { VALUES ?x {" + " 1" * 5_001 + "} }",
    "unions": "SELECT * { {} " + "UNION {} " * 101 + "}",
    "groups": "SELECT * { " + "OPTIONAL {} " * 500 + "}",
    "expressions": "SELECT * { " + "BIND(1 AS ?x) " * 201 + "}",
}


def test_every_limit_is_tried() -> None:
    assert EXCESSES.keys() == {field.name for field in fields(Limits)}


@pytest.mark.parametrize("name", EXCESSES)
def test_limit(name: str) -> None:
    with pytest.raises(QueryTooLarge, match=f"“{name}”: [0-9]+ found, [0-9]+ allowed"):
        parse_query(EXCESSES[name])


@pytest.mark.parametrize("name", EXCESSES)
def test_limit_can_be_raised(name: str) -> None:
    raised = replace(DEFAULT_LIMITS, **dict.fromkeys(EXCESSES, 1_000_000))
    parse_query(EXCESSES[name], raised)


@pytest.mark.parametrize("field", fields(Limits), ids=lambda field: field.name)
def test_limits_are_documented(field: object) -> None:
    assert field.metadata["help"].endswith(".")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT * { ?s ?p ?o . ?o ?p ?q }", 2),
        ("SELECT * { ?s ?p ?o , ?o2 ; ?q ?r }", 3),
        ("SELECT * { ?s ?p [ ?a ?b ; ?c ?d ] }", 3),
        ("SELECT * { (1 2) ?p ?o }", 5),
        ("SELECT * { ?s a/(<a:b>|^<a:c>)* ?o FILTER(?s<?o) GRAPH ?g { ?s ?p 'x'@en } }", 2),
        ("SELECT * { FILTER EXISTS { ?s ?p 1 } VALUES ?x { 1 2 3 } }", 1),
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o . ?o ?q 'a'^^<a:t> }", 3),
    ],
)
def test_triple_patterns_are_counted(text: str, found: int) -> None:
    assert parse_query(text).triple_patterns == found


# However it is written, this calls SERVICE.
CALLS = [
    "SELECT * { ?s ?p trueSERVICE <http://x/> {} }",
    "SELECT * { ?s ?p 1SERVICESILENT<http://x/> {} }",
    "SELECT * { SERVICE <http://x/> { ?s ?p ?o } }",
    "SELECT * { service<http://x/>{} }",
    "SELECT * { SeRvIcE SILENT <http://x/> {} }",
    "SELECT * { SERVICE#c\n<http://x/> {} }",
    "SELECT * { SERVICE ?x {} }",
    "PREFIX x: <http://x/> SELECT * { SERVICE x:y {} }",
    "SELECT * { \\u0053ERVICE <http://x/> {} }",
    "SELECT * { \\U00000053\\u0045RVICE <http://x/> {} }",
    "SELECT * { FILTER(1<2)SERVICE#>\n <http://x/> {} }",
    "SELECT * { { { OPTIONAL { SERVICE <http://x/> {} } } } }",
    "SELECT * { FILTER EXISTS { SERVICE <http://x/> {} } }",
    "SELECT * { BIND(EXISTS { SERVICE <http://x/> {} } AS ?x) }",
    "SELECT * { { SELECT * { SERVICE <http://x/> {} } } }",
    "CONSTRUCT { ?s ?p ?o } WHERE { SERVICE <http://x/> { ?s ?p ?o } }",
    "ASK { SERVICE <http://x/> {} }",
    "DESCRIBE ?s { SERVICE <http://x/> { ?s ?p ?o } }",
    "PREFIX SERVICEx: <http://x/> SELECT * { ?s ?p 1 SERVICEx:y {} }",
    "SELECT * { ?s ?p '''a''' SERVICE <http://x/> {} }",
    "SELECT * { ?s ?p 'a' #'\n SERVICE <http://x/> {} }",
    "SELECT * { ?s <http://a/'> 1 . SERVICE <http://x/> {} # '\n }",
]


@pytest.mark.parametrize("text", CALLS)
def test_service_is_refused(text: str) -> None:
    with pytest.raises(ServiceRefused, match="allow-list"):
        parse_query(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { ?s ?p 'SERVICE <http://x/> {}' }",
        'SELECT * { ?s ?p """a\n" SERVICE <http://x/> {}""" }',
        "SELECT * { ?s <http://x/SERVICE> <http://x/#SERVICE> }",
        "SELECT * { # SERVICE <http://x/> {}\n }",
        "SELECT ?SERVICE $service { _:SERVICE ?p ?SERVICE }",
        "PREFIX service: <http://x/> SELECT * { service:service ?p ?o }",
        "PREFIX service: <http://x/> SELECT * { GRAPH service:g { ?s ?p ?o } }",
        "SELECT ('a'@service AS ?x) {}",
    ],
)
def test_service_elsewhere_is_no_call(text: str) -> None:
    assert parse_query(text).services == ()


def test_service_on_the_allow_list() -> None:
    text = f"SELECT * {{ SERVICE <{WIKIDATA}> {{ ?s ?p ?o }} }}"
    assert parse_query(text, allowed_services=frozenset({WIKIDATA})).services == (WIKIDATA,)


@pytest.mark.parametrize("call", [f"<{WIKIDATA}/>", f"<{WIKIDATA}?x>", "?x", "w:y", "<HTTPS://x>"])
def test_service_near_the_allow_list(call: str) -> None:
    with pytest.raises(ServiceRefused):
        parse_query(f"ASK {{ SERVICE {call} {{}} }}", allowed_services=frozenset({WIKIDATA}))


@pytest.mark.parametrize("name", ["NOW", "rand", "UUID", "StrUUID", "BNODE"])
def test_varying(name: str) -> None:
    assert not parse_query(f"SELECT ({name}() AS ?x) {{}}").deterministic
    assert parse_query(f"SELECT ('{name}()' AS ?x) {{ ?now <rand> ?uuid }}").deterministic


LIGHT = [
    "ASK {}",
    "ASK { ?s ?p ?o }",
    "ASK { <a:a> <a:b> ?c . ?c <a:d> 'e' }",
    "SELECT * { <a:a> ?p ?o }",
    "SELECT * { ?s <a:code> '110000' . ?s ?p ?o }",
    "SELECT * { <a:a> <a:b> ?b . ?b <a:label> ?l FILTER(LANG(?l) = 'en') }",
    "SELECT * { GRAPH ?g { <a:a> ?p ?o } } LIMIT 10",
    "SELECT * { ?s ?p ?o } LIMIT 10",
    "SELECT * { VALUES ?s { <a:a> <a:b> } ?s ?p ?o }",
    "DESCRIBE <a:a>",
]
HEAVY = [
    "SELECT * { ?s ?p ?o }",
    "SELECT * { ?s ?p ?o } LIMIT 100000",
    "SELECT * { ?s ?p ?o } OFFSET 1000000 LIMIT 1",
    "SELECT DISTINCT ?p { ?s ?p ?o } LIMIT 10",
    "SELECT (COUNT(*) AS ?n) { <a:a> ?p ?o }",
    "SELECT * { <a:a> <a:b>* ?o }",
    "SELECT * { <a:a> ?p ?o } ORDER BY ?o",
    "SELECT * { ?s a <a:Cluster> }",
    "SELECT * { ?s ?p ?o . ?s ?q ?r } LIMIT 1",
    "SELECT * { ?s ?p ?s } LIMIT 1",
    "SELECT * { <a:a> ?p ?o . ?x ?y ?z }",
    "SELECT * { <a:a> ?p ?o . <a:b> ?q ?r . <a:c> ?t ?u }",
    "SELECT * { VALUES ?a { 1 2 3 } VALUES ?b { 1 2 3 } }",
    "SELECT * { { SELECT * { ?s ?p ?o } } } LIMIT 1",
    "SELECT * { ?s ?p ?o FILTER(REGEX(?o, 'x')) } LIMIT 1",
    "ASK { ?s ?p ?o FILTER(?o > 5) }",
    "DESCRIBE ?s { ?s ?p ?o }",
    "CONSTRUCT WHERE { ?s ?p ?o }",
    "ASK { <a:a> ?p ?o FILTER NOT EXISTS { ?x ?y ?z } }",
]


@pytest.mark.parametrize("text", LIGHT)
def test_light(text: str) -> None:
    assert parse_query(text).light


@pytest.mark.parametrize("text", HEAVY)
def test_heavy(text: str) -> None:
    assert not parse_query(text).light


@pytest.mark.parametrize(
    ("text", "limited"),
    [
        ("SELECT * {}", "SELECT * {} LIMIT 5 "),
        ("SELECT * {} LIMIT 3 # x", "SELECT * {} LIMIT 3 # x"),
        ("SELECT * {} limit 7 OFFSET 1", "SELECT * {}  LIMIT 5  OFFSET 1"),
        ("SELECT * {} OFFSET 1#c\n", "SELECT * {} OFFSET 1 LIMIT 5 #c\n"),
        ("SELECT * {} VALUES ?x { 1 }", "SELECT * {}  LIMIT 5 VALUES ?x { 1 }"),
        ("SELECT * {{SELECT * {} LIMIT 9}}", "SELECT * {{SELECT * {} LIMIT 9}} LIMIT 5 "),
        ("SELECT * {VALUES ?x {1}} ORDER BY ?x", "SELECT * {VALUES ?x {1}} ORDER BY ?x LIMIT 5 "),
    ],
)
def test_row_limit(text: str, limited: str) -> None:
    assert parse_query(text).evaluated(5) == limited


def test_escapes_are_decoded_outside_texts_and_iris_only() -> None:
    text = "SELECT ?\\u0078 ('\\u0041' AS ?y) { ?x <a:\\u0042> 1 } # \\u0043"
    expected = "SELECT ?x ('\\u0041' AS ?y) { ?x <a:\\u0042> 1 } # \\u0043"
    assert parse_query(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        *("a." * 50_000, "(" * 100_000, "<" * 100_000, "1." * 50_000, "'" * 99_999),
        *('"' * 99_999, " " * 100_000, "#\n" * 50_000, "_:a." * 25_000, ":a.." * 25_000),
        *("<a" * 50_000, "\\" * 100_000, "'a\\u0041' " * 10_000, "\\u0041" * 16_000, "é" * 99_999),
        *("ASK {" + "[" * 60 + "(" * 9_000, "ASK {" + "?s ^" * 9_000, "ASK { ?s !(" + "^" * 9_000),
        *("VALUES " * 9_000, "ASK { VALUES ?x {" * 500, "SERVICE " * 9_000, "AS (" * 60),
    ],
    ids=lambda text: text[:8],
)
def test_nonsense_ends_in_a_refusal(text: str) -> None:
    with pytest.raises(JiqunError):
        parse_query(text)
