"""The Reconciliation Service API over HTTP, asked as OpenRefine asks it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import validate

from reconciliation import schemas
from reconciliation.evaluation import Answer, measure, read_cases

if TYPE_CHECKING:
    import httpx


KG = "https://w3id.org/jiqun/ontology#"


def batch(client: httpx.Client, queries: dict[str, Any]) -> dict[str, Any]:
    """Ask as OpenRefine does: a form, a batch of ten."""
    reply = client.post("/reconcile", data={"queries": json.dumps(queries)})
    assert reply.status_code == 200, reply.text
    assert reply.headers["access-control-allow-origin"] == "*"
    validate(reply.json(), schemas.RESULTS)
    return dict(reply.json())


def first(client: httpx.Client, query: str, **others: Any) -> dict[str, Any]:
    result = batch(client, {"q0": {"query": query, **others}})["q0"]["result"]
    return dict(result[0]) if result else {}


def test_manifest(built: httpx.Client) -> None:
    manifest = built.get("/reconcile").json()
    validate(manifest, schemas.MANIFEST)
    assert manifest["view"]["url"].endswith("/doc/{{id}}")
    suggest = manifest["suggest"]["entity"]
    url = suggest["service_url"] + suggest["service_path"]
    assert built.get(url, params={"prefix": "北"}).json()["result"]


def test_draft_manifest(built: httpx.Client) -> None:
    manifest = built.get("/reconcile", params={"version": "1.0-draft"}).json()
    validate(manifest, schemas.DRAFT_MANIFEST)
    assert manifest["suggest"] == {"entity": True, "type": True, "property": True}
    assert manifest["standardizedScore"] is True


def test_measured_quality(built: httpx.Client) -> None:
    cases = read_cases()
    assert len(cases) >= 400
    answers: list[list[Answer]] = []
    for start in range(0, len(cases), 10):
        part = cases[start : start + 10]
        queries = {
            f"q{number}": {
                "query": case.name,
                "limit": 5,
                **({"type": case.type} if case.type else {}),
            }
            for number, case in enumerate(part)
        }
        found = batch(built, queries)
        answers += [
            [Answer(each["id"], each["score"], each["match"]) for each in found[key]["result"]]
            for key in queries
        ]
    result = measure(cases, answers)
    assert result.recall_at_5 >= 0.98, result.missed
    assert result.match_precision >= 0.99, result.mismatched
    assert result.match_recall >= 0.62


def test_by_get(built: httpx.Client) -> None:
    reply = built.get("/reconcile", params={"queries": '{"q0": {"query": "京津冀"}}'})
    assert reply.json()["q0"]["result"][0]["id"] == "jing-jin-ji"


def test_single_query(built: httpx.Client) -> None:
    for text in ("京津冀", '{"query": "京津冀", "limit": 1}'):
        reply = built.get("/reconcile", params={"query": text}).json()
        validate(reply, schemas.RESULT)
        assert reply["result"][0]["id"] == "jing-jin-ji"


def test_scores_follow_the_kind_of_name(built: httpx.Client) -> None:
    assert first(built, "石家庄市")["score"] == 100
    assert first(built, "石家庄")["score"] == 99
    assert first(built, "Shijiazhuang City")["score"] == 95
    assert 50 < first(built, "石家装市")["score"] < 90


@pytest.mark.parametrize(
    ("code", "thing", "match"),
    [
        ("2549003R73Q70J5H4I65", "li-auto-inc", True),
        ("XSHG:601633", "great-wall-motor", True),
        ("601633", "great-wall-motor", True),
        ("1958.HK", "baic-motor", True),
        ("1958", "baic-motor", False),
        ("LBE", "beijing-hyundai", False),
    ],
)
def test_codes_are_names_and_short_ones_prove_nothing(
    built: httpx.Client, code: str, thing: str, match: bool
) -> None:
    found = first(built, code)
    assert (found["id"], found["score"], found["match"]) == (thing, 98, match)


def test_a_brand_is_not_the_company(built: httpx.Client) -> None:
    found = first(built, "福田股份有限公司")
    assert found["id"] == "foton-brand"
    assert not found["match"]


def test_a_name_of_two_things_is_never_matched(built: httpx.Client) -> None:
    found = batch(built, {"q0": {"query": "吉林"}})["q0"]["result"]
    assert {each["id"] for each in found[:2]} == {"jilin", "jilin-city"}
    assert not any(each["match"] for each in found)


def test_type_constraint(built: httpx.Client) -> None:
    found = first(built, "吉林", type="ProvinceLevelDivision")
    assert (found["id"], found["match"]) == ("jilin", True)
    assert first(built, "吉林", type=["PrefectureLevelDivision", "Cluster"])["id"] == "jilin-city"


def test_property_constraint(built: httpx.Client) -> None:
    known: list[dict[str, Any]] = [{"pid": "within", "v": "Jiangsu"}]
    found = first(built, "suzhou", properties=known)
    assert (found["id"], found["match"]) == ("suzhou", True)
    known = [{"pid": "within", "v": {"id": "anhui", "name": "Anhui"}}]
    assert first(built, "suzhou", properties=known)["id"] == "suzhou-anhui"
    known = [{"pid": "administrativeCode", "v": ["341300"]}]
    assert first(built, "suzhou", properties=known)["id"] == "suzhou-anhui"


def test_names_in_the_language_of_the_reader(built: httpx.Client) -> None:
    reply = built.get(
        "/reconcile", params={"query": "Beijing"}, headers={"Accept-Language": "zh-TW"}
    )
    assert reply.json()["result"][0]["name"] == "北京市"


def test_limit(built: httpx.Client) -> None:
    assert len(batch(built, {"q": {"query": "京津冀", "limit": 2}})["q"]["result"]) == 2
    assert len(batch(built, {"q": {"query": "京津冀", "limit": 9999}})["q"]["result"]) <= 50


@pytest.mark.parametrize("name", ["", " ", "+-*/", "\0", "𠀀", "<script>", "a" * 500])
def test_names_of_nothing(built: httpx.Client, name: str) -> None:
    assert not any(each["match"] for each in batch(built, {"q": {"query": name}})["q"]["result"])


@pytest.mark.parametrize(
    ("queries", "words"),
    [
        ("{", "not valid JSON"),
        ("[]", "must be an object"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 50_000, "nested too deeply"),
        ('{"q0": "x"}', "q0 must be an object"),
        ('{"q0": {}}', "q0.query must be a string"),
        ('{"q0": {"query": "x", "limit": 0}}', "limit must be"),
        ('{"q0": {"query": "x", "limit": NaN}}', "NaN is not a number"),
        ('{"q0": {"query": "x", "limit": 1e400}}', "limit must be"),
        ('{"q0": {"query": "x", "type": "Nope"}}', "no type Nope"),
        ('{"q0": {"query": "x", "type": {"a": 1}}}', "id of a type"),
        ('{"q0": {"query": "x", "properties": {}}}', "must be an array"),
        ('{"q0": {"query": "x", "properties": [{"pid": "a> ?b", "v": "c"}]}}', "not a property"),
        ('{"q0": {"query": "x", "properties": [{"pid": "http://[", "v": 1}]}}', "not a property"),
        ('{"q0": {"query": "x", "properties": [{"pid": "http://a/\\ud800", "v": 1}]}}', "property"),
        ('{"q0": {"query": "x", "properties": [{"pid": "within"}]}}', "v must be"),
        (
            '{"q0": {"query": "x", "properties": [{"pid": "a", "v": 1, "matchQuantifier": []}]}}',
            "matchQuantifier must be",
        ),
        (json.dumps({"q0": {"query": "x" * 501}}), "the limit is 500"),
        (json.dumps({f"q{number}": {"query": "x"} for number in range(51)}), "the limit is 50"),
    ],
)
def test_bad_batches(built: httpx.Client, queries: str, words: str) -> None:
    reply = built.post("/reconcile", data={"queries": queries})
    assert reply.status_code == 400
    assert words in reply.json()["detail"]
    assert reply.headers["access-control-allow-origin"] == "*"


def with_conditions(conditions: int, values: int) -> dict[str, Any]:
    """A batch of 50 queries with as many conditions of as many values."""
    pids = ["within", "rdfs:label", "contains", *(f"p{number}" for number in range(7))]
    properties = [
        {"pid": pid, "v": [f"{pid} {number}" for number in range(values)]}
        for pid in pids[:conditions]
    ]
    return {f"q{number}": {"query": "京津冀", "properties": properties} for number in range(50)}


def test_the_work_of_a_batch_is_limited(built: httpx.Client) -> None:
    assert len(batch(built, with_conditions(10, 2))) == 50
    reply = built.post("/reconcile", data={"queries": json.dumps(with_conditions(10, 20))})
    assert reply.status_code == 400
    assert "10000 values of 10 properties; the limits are 1000 and 50" in reply.json()["detail"]
    many = {
        f"q{query}": {
            "query": "x",
            "properties": [{"pid": f"p{query}-{number}", "v": "x"} for number in range(10)],
        }
        for query in range(6)
    }
    reply = built.post("/reconcile", data={"queries": json.dumps(many)})
    assert "60 values of 60 properties" in reply.json()["detail"]


def test_a_lone_surrogate_comes_back_as_it_was_sent(built: httpx.Client) -> None:
    reply = built.post("/reconcile", data={"queries": '{"\\ud800": {"query": "\\ud800京"}}'})
    assert reply.status_code == 200
    assert reply.content.startswith(b'{"\\ud800": {"result"')


def test_bodies_that_are_not_read(built: httpx.Client) -> None:
    assert built.post("/reconcile", json={"queries": {}}).status_code == 415
    assert built.post("/reconcile", data={"other": "x"}).status_code == 400
    assert built.post("/reconcile/match", data={"a": "b"}).status_code == 415
    big = built.post("/reconcile", data={"queries": "x" * (2 << 20)})
    assert big.status_code == 413


def test_preflight(built: httpx.Client) -> None:
    reply = built.options("/reconcile", headers={"Origin": "https://example.org"})
    assert reply.status_code == 204
    assert "POST" in reply.headers["access-control-allow-methods"]


def test_suggest(built: httpx.Client) -> None:
    for kind, prefix, expected in (
        ("entity", "石家", "shijiazhuang"),
        ("entity", "shijia", "shijiazhuang"),
        ("type", "clus", "Cluster"),
        ("property", "core a", "coreArea"),
    ):
        reply = built.get(f"/reconcile/suggest/{kind}", params={"prefix": prefix})
        validate(reply.json(), schemas.SUGGESTIONS)
        assert expected in [each["id"] for each in reply.json()["result"]], kind


def test_suggest_pages_and_errors(built: httpx.Client) -> None:
    url = "/reconcile/suggest/entity"
    one = built.get(url, params={"prefix": "a"}).json()["result"]
    two = built.get(url, params={"prefix": "a", "cursor": 20}).json()["result"]
    assert one
    assert not {each["id"] for each in one} & {each["id"] for each in two}
    for bad in ({"prefix": "a", "cursor": "x"}, {"prefix": "a" * 201}):
        assert built.get(url, params=bad).status_code == 400


def test_extend(built: httpx.Client) -> None:
    asked = {
        "ids": ["shijiazhuang", "no-such-thing"],
        "properties": [
            {"id": "administrativeCode"},
            {"id": "within"},
            {"id": "rdfs:label", "settings": {"lang": "en", "limit": "1"}},
        ],
    }
    reply = built.post("/reconcile", data={"extend": json.dumps(asked)}).json()
    validate(reply, schemas.EXTENSION)
    row = reply["rows"]["shijiazhuang"]
    assert row["administrativeCode"] == [{"str": "130100"}]
    assert {"id": "hebei", "name": "Hebei"} in row["within"]
    assert row["rdfs:label"] == [{"str": "Shijiazhuang"}]
    assert reply["rows"]["no-such-thing"]["within"] == []


def test_extend_understands_iris(built: httpx.Client) -> None:
    hebei = "https://w3id.org/jiqun/id/hebei"
    asked = {"ids": [hebei], "properties": [{"id": f"{KG}isoCode"}]}
    reply = built.post("/reconcile", data={"extend": json.dumps(asked)}).json()
    assert reply["rows"][hebei][f"{KG}isoCode"] == [{"str": "CN-HE"}]


@pytest.mark.parametrize(
    "extend",
    [
        "{}",
        '{"ids": ["a"]}',
        '{"ids": [1], "properties": []}',
        '{"ids": [], "properties": [1]}',
        json.dumps({"ids": ["a"] * 201, "properties": []}),
        json.dumps({"ids": [], "properties": [{"id": "within", "settings": {"limit": -1}}]}),
    ],
)
def test_bad_extensions(built: httpx.Client, extend: str) -> None:
    assert built.post("/reconcile", data={"extend": extend}).status_code == 400


def test_propose(built: httpx.Client) -> None:
    reply = built.get("/reconcile/extend/propose", params={"type": "Cluster", "limit": 50}).json()
    validate(reply, schemas.PROPOSAL)
    assert "coreArea" in [each["id"] for each in reply["properties"]]
    assert built.get("/reconcile/extend/propose", params={"type": "x> }"}).status_code == 400


def test_preview(built: httpx.Client) -> None:
    reply = built.get("/reconcile/preview", params={"id": "jjj-life-health"})
    assert "京津冀生命健康集群" in reply.text
    assert "<q" in reply.text
    assert "frame-ancestors *" in reply.headers["content-security-policy"]
    assert "x-frame-options" not in reply.headers
    assert built.get("/reconcile/preview", params={"id": "../x"}).status_code == 404
    assert built.get("/reconcile/preview").status_code == 400


def test_draft_match(built: httpx.Client) -> None:
    name = {"matchType": "name", "propertyValue": "suzhou"}
    inside = {"matchType": "property", "propertyId": "within", "propertyValue": "江苏"}
    queries = [
        {"type": "Region", "limit": 3, "conditions": [name, {**inside, "required": True}]},
        {
            "conditions": [
                {"matchType": "name", "v": "Suzhou"},
                {**inside, "matchQuantifier": "none"},
            ]
        },
    ]
    reply = built.post("/reconcile/match", json={"queries": queries}).json()
    validate(reply, schemas.DRAFT_RESULTS)
    assert [each["candidates"][0]["id"] for each in reply["results"]] == ["suzhou", "suzhou-anhui"]


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"queries": {}},
        {"queries": [{}]},
        {"queries": [{"conditions": []}]},
        {"queries": [{"conditions": [{"v": "x"}]}]},
        {"queries": [{"conditions": [{"matchType": "property", "pid": "within", "v": "x"}]}]},
    ],
)
def test_bad_draft_batches(built: httpx.Client, body: object) -> None:
    assert built.post("/reconcile/match", json=body).status_code == 400


def test_draft_extend(built: httpx.Client) -> None:
    asked = {"ids": ["hebei"], "properties": [{"id": "isoCode"}, {"id": "rdfs:label"}]}
    reply = built.post("/reconcile/extend", json=asked).json()
    validate(reply, schemas.DRAFT_EXTENSION)
    assert reply["rows"][0]["properties"][0]["values"] == [{"str": "CN-HE"}]
    assert {"str": "河北省", "lang": "zh-Hans"} in reply["rows"][0]["properties"][1]["values"]


def test_answers_are_as_openapi_describes_them(built: httpx.Client) -> None:
    document = built.get("/openapi.json").json()

    def check(reply: httpx.Response, path: str) -> None:
        operation = document["paths"][path][reply.request.method.lower()]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        validate(reply.json(), {**schema, "components": document["components"]})
        assert ("requestBody" in operation) == (reply.request.method == "POST")

    check(built.get("/reconcile"), "/reconcile")
    check(built.get("/reconcile", params={"version": "1.0-draft"}), "/reconcile")
    check(built.get("/reconcile", params={"query": "京津冀"}), "/reconcile")
    check(built.post("/reconcile", data={"queries": '{"q": {"query": "海"}}'}), "/reconcile")
    asked = {"ids": ["hebei"], "properties": [{"id": "isoCode"}, {"id": "within"}]}
    check(built.post("/reconcile", data={"extend": json.dumps(asked)}), "/reconcile")
    check(built.post("/reconcile/extend", json=asked), "/reconcile/extend")
    query = {"conditions": [{"matchType": "name", "v": "Suzhou"}]}
    check(built.post("/reconcile/match", json={"queries": [query]}), "/reconcile/match")
    for path in ("suggest/entity", "suggest/type", "suggest/property", "extend/propose"):
        check(built.get(f"/reconcile/{path}", params={"prefix": "a"}), f"/reconcile/{path}")


def test_a_release_without_an_index(client: httpx.Client) -> None:
    reply = client.get("/reconcile", params={"query": "x"})
    assert reply.status_code == 503
    assert "no search index" in reply.json()["detail"]
