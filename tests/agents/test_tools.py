"""The tools: short schemas, typed results, errors that name the mend, goals that stay goals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from agents.tool_client import at, run, text_of
from jiqun.agents.tools import MOST_BYTES, TOOLS

if TYPE_CHECKING:
    from mcp.client import Client
    from mcp_types import CallToolResult

    from live_server import LiveServer

TOKENS = 2000
BYTES_PER_TOKEN = 4.0
"""Of these schemas, by two tokenizers in wide use: 7,660 bytes were 1,915 and 1,757 tokens."""

ERRORS: list[tuple[str, dict[str, Any], str]] = [
    (
        "sparql",
        {"query": "SELECT ?c { ?c a kg:Clster }"},
        "kg:Clster is not a term; did you mean kg:Cluster?",
    ),
    (
        "sparql",
        {"query": "PREFIX k: <https://w3id.org/jiqun/ontology#> ASK { ?c k:appliedForBi ?a }"},
        "kg:appliedForBi is not a term; did you mean kg:appliedForBy?",
    ),
    ("sparql", {"query": "SELECT ?c { id:heibei kg:hasCluster ?c }"}, "id:hebei?"),
    ("sparql", {"query": "SELECT ?c { ?c a kg:Cluster"}, "is never closed"),
    ("sparql", {"query": "INSERT DATA { <x:a> <x:b> <x:c> }"}, "update"),
    ("sparql", {"query": "SELECT ?s { ?s ?p ?o }", "limit": 5000}, "less than or equal to 1000"),
    ("sparql", {}, "sparql needs the argument query."),
    ("sparql", {"query": "ASK {}", "rows": 3}, "sparql has no argument rows; it has query, limit."),
    ("search", {"text": "Foton", "type": "Compny"}, "did you mean kg:Company?"),
    ("search", {"text": "qqqqzzzz"}, "Try fewer words"),
    (
        "describe",
        {"thing": "id:jjj-safety-emergency"},
        "did you mean id:jjj-safety-emergency-equipment?",
    ),
    ("describe", {"thing": "no such thing at all"}, "is not in the graph"),
    ("run_query", {"name": "cluster-area"}, "Did you mean cluster-areas"),
    (
        "run_query",
        {"name": "cluster-areas", "parameters": {"place": "x"}},
        "has no parameter place",
    ),
    ("cite", {"thing": "id:hebei", "property": "kg:coreAreas"}, "did you mean kg:coreArea?"),
    ("cite", {"thing": "id:liu-bo", "property": "kg:coreArea"}, "id:liu-bo has no kg:coreArea."),
    ("compare", {"metric": "id:enterprise-cont"}, "did you mean id:enterprise-count?"),
    ("schema", {"about": "Clster"}, "did you mean Cluster?"),
    ("list_queries", {"about": "zeppelin"}, "Tags:"),
    ("nope", {}, "There are: search, describe"),
]


@pytest.fixture(scope="module")
def results(built_server: LiveServer) -> list[CallToolResult]:
    """The results of all wrong calls, over one connection."""

    async def call_all(client: Client) -> list[CallToolResult]:
        return [await client.call_tool(tool, arguments) for tool, arguments, _ in ERRORS]

    found: list[CallToolResult] = run(at(built_server.url), call_all)
    return found


@pytest.mark.parametrize("number", range(len(ERRORS)), ids=[f"{e[0]}-{e[2][:24]}" for e in ERRORS])
def test_errors_name_the_mend(number: int, results: list[CallToolResult]) -> None:
    assert results[number].is_error
    assert ERRORS[number][2] in text_of(results[number])


def call_some(server: LiveServer, *calls: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Call tools over one connection; return their structured results."""

    async def use(client: Client) -> list[dict[str, Any]]:
        found = []
        for tool, arguments in calls:
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, text_of(result)
            assert json.loads(text_of(result)) == result.structured_content
            jsonschema.validate(result.structured_content, TOOLS[tool].output_schema())
            found.append(result.structured_content)
        return found

    answers: list[dict[str, Any]] = run(at(server.url), use)
    return answers


def test_schemas_are_short(built_server: LiveServer) -> None:
    listed = run(at(built_server.url), lambda client: client.list_tools())
    assert [tool.name for tool in listed.tools] == list(TOOLS)
    body = json.dumps(
        [t.model_dump(by_alias=True, exclude_none=True) for t in listed.tools],
        separators=(",", ":"),
    )
    assert len(body) <= TOKENS * BYTES_PER_TOKEN
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed.tools)


def test_results_are_typed(built_server: LiveServer) -> None:
    call_some(
        built_server,
        ("search", {"text": "集群"}),
        ("describe", {"thing": "id:beijing"}),
        ("list_queries", {}),
        ("run_query", {"name": "figures", "limit": 5}),
        ("sparql", {"query": "SELECT ?s ?v { ?s kg:value ?v } LIMIT 5"}),
        ("schema", {}),
        ("cite", {"thing": "id:hebei", "property": "kg:within"}),
        ("compare", {"metric": "id:output-value"}),
    )


def test_every_statement_has_a_kind(built_server: LiveServer) -> None:
    (described,) = call_some(
        built_server, ("describe", {"thing": "id:jjj-safety-emergency-equipment", "limit": 200})
    )
    kinds = {row["kind"] for row in described["statements"]}
    assert {"said", "curated", "inferred", "goal", "judgement"} <= kinds
    assert described["total"] == len(described["statements"])
    for row in described["statements"]:
        if row["kind"] == "said":
            assert row["passages"]
            assert row["quotes"], row
        if row["property"] == "kg:Goal":
            assert row["value"].startswith("goal: ")


def test_words_about_the_subject_come_first(built_server: LiveServer) -> None:
    (described,) = call_some(
        built_server, ("describe", {"thing": "id:jjj-safety-emergency-equipment", "limit": 200})
    )
    first = {
        row["id"]: row["quotes"][0]
        for row in described["statements"]
        if row["property"] in {"kg:keyArea", "kg:coreArea"}
    }
    assert first["id:fengtai"] == "北京豐台、房山"
    assert first["id:tangshan"] == "以河北石家庄、唐山為核心區"
    assert first["id:xingtai"] == "河北張家口、邢台、秦皇島為重點區"


def test_a_goal_is_a_goal_wherever_it_comes_from(built_server: LiveServer) -> None:
    goal = "id:goal-xinchuang-scale-2027"
    described, cited, queried, listed = call_some(
        built_server,
        ("describe", {"thing": goal}),
        ("cite", {"thing": goal, "property": "kg:targetValue"}),
        ("sparql", {"query": f"SELECT ?g ?v {{ VALUES ?g {{ {goal} }} ?g kg:targetValue ?v }}"}),
        ("run_query", {"name": "goals"}),
    )
    assert {row["kind"] for row in described["statements"]} <= {"goal", "inferred", "curated"}
    assert {each["kind"] for each in cited["statements"]} == {"goal"}
    assert any("goal" in note for note in queried["notes"])
    assert any("goal" in note for note in listed["notes"])


def test_nothing_is_silently_empty(built_server: LiveServer) -> None:
    tags, plain, none = call_some(
        built_server,
        ("sparql", {"query": 'SELECT ?s { ?s rdfs:label ?l FILTER (LANG(?l) = "zh-HANS") }'}),
        ("sparql", {"query": 'SELECT ?s { ?s rdfs:label "Hebei" }'}),
        ("sparql", {"query": "SELECT ?s { ?s kg:supplies id:hebei }"}),
    )
    assert tags["rows"]
    assert any('"Hebei"@en' in note for note in plain["notes"])
    assert "unknown, not false" in none["notes"][0]


def test_warnings_of_the_gate_are_notes(built_server: LiveServer) -> None:
    query = "SELECT ?s { ?s kg:value ?v FILTER (<https://example.org/f>(?v)) }"
    (table,) = call_some(built_server, ("sparql", {"query": query}))
    assert any("Unknown function <https://example.org/f>" in note for note in table["notes"])


def test_truncation_is_reported(built_server: LiveServer) -> None:
    default, few, wide = call_some(
        built_server,
        ("sparql", {"query": "SELECT ?s ?p { ?s ?p ?o }"}),
        ("sparql", {"query": "SELECT ?s { ?s ?p ?o }", "limit": 2}),
        ("sparql", {"query": "SELECT * { ?q kg:quote ?a . ?s skos:definition ?b }", "limit": 1000}),
    )
    assert len(default["rows"]) == 200
    assert len(few["rows"]) == 2
    assert 0 < len(wide["rows"]) < 1000
    assert len(json.dumps(wide["rows"], ensure_ascii=False).encode()) < MOST_BYTES * 1.2
    for each in (default, few, wide):
        assert each["truncated"]
        assert "there are more" in each["notes"][0]


def test_pages_of_statements_follow_each_other(built_server: LiveServer) -> None:
    whole, first, second = call_some(
        built_server,
        ("describe", {"thing": "id:beijing", "limit": 20}),
        ("describe", {"thing": "id:beijing", "limit": 10}),
        ("describe", {"thing": "id:beijing", "limit": 10, "offset": 10}),
    )
    assert whole["statements"] == first["statements"] + second["statements"]
    assert "offset=10" in first["note"]


def test_every_row_of_a_comparison_has_what_decides(built_server: LiveServer) -> None:
    (compared,) = call_some(built_server, ("compare", {"metric": "id:output-value"}))
    for figure in compared["figures"]:
        assert all(figure[name] for name in ("value", "bound", "unit", "period", "population"))
    reasons = " ".join(compared["do_not_compare"])
    assert "different periods" in reasons
    assert "Bounds are not values" in reasons
