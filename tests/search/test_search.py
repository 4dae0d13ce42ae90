"""Search over HTTP: as a page, as JSON, with facets, marks and pages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from jsonschema import validate

from writable_server import writable

if TYPE_CHECKING:
    import httpx

    from live_server import LiveServer


def found(client: httpx.Client, q: str, **others: str) -> dict[str, Any]:
    reply = client.get("/search", params={"q": q, "format": "json", **others})
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


@pytest.mark.parametrize(
    ("q", "first"),
    [
        ("北京", "beijing"),
        ("石家莊", "shijiazhuang"),
        ("shi jia zhuang", "shijiazhuang"),
        ("shijiazh", "shijiazhuang"),
        ("京津冀", "jing-jin-ji"),
        ("生命健康", "jjj-life-health"),
        ("北汽", "baic-brand"),
        ("BAIC", "baic-brand"),
        ("海淀", "haidian"),
        ("无锡物联网", "wuxi-internet-of-things"),
        ("5299003EYHISIDNLZQ19", "baic-motor"),
        ("600166.SH", "foton-motor"),
        ("0001791706", "li-auto-inc"),
        ("BBG007PQF8G8", "baic-motor"),
        ("LE4", "beijing-benz"),
        ("130100", "shijiazhuang"),
        ("北汽集团", "baic-group"),
        ("信創", "it-application-innovation"),
        ("信创集群", "jjj-it-application-innovation"),
        ("jiangsu biomedicine", "suzhou-biomedicine"),
        ("江苏 生物医药", "taizhou-lianyungang-wuxi-biomedicine"),
        ("hunan rail", "zhuzhou-rail-transit"),
        ("北京AI", "beijing-haidian-ai"),
    ],
)
def test_the_thing_of_that_name_comes_first(built: httpx.Client, q: str, first: str) -> None:
    names = [each["id"] for each in found(built, q)["results"]]
    assert first in names[:3], names


def test_matched_script_is_marked(built: httpx.Client) -> None:
    result = found(built, "石家莊", lang="en")["results"][0]
    assert result["name"] == "Shijiazhuang"
    matched = result["matched"]
    assert [matched["text"][start:end] for start, end in matched["marks"]] in (
        ["石家庄"],
        ["石家莊"],
    )
    page = built.get("/search", params={"q": "石家莊", "lang": "zh-Hans"}).text
    assert "<mark>石家庄</mark>市" in page


def test_facets_narrow(built: httpx.Client) -> None:
    everything = found(built, "京津冀")
    count = next(each["count"] for each in everything["facets"] if each["id"] == "Cluster")
    narrowed = found(built, "京津冀", type="Cluster")
    assert narrowed["total"] == count < everything["total"]
    page = built.get("/search", params={"q": "京津冀", "type": "Cluster"}).text
    assert 'aria-current="true"' in page


def test_pages(built: httpx.Client) -> None:
    one, two = found(built, "京"), found(built, "京", page="2")
    assert one["pages"] > 1
    assert not {each["id"] for each in one["results"]} & {each["id"] for each in two["results"]}
    ids = [
        each["id"]
        for page in range(1, one["pages"] + 1)
        for each in found(built, "京", page=str(page))["results"]
    ]
    assert len(ids) == len(set(ids)) == one["total"]
    assert 'rel="next"' in built.get("/search", params={"q": "京"}).text


def test_what_resembles(built: httpx.Client) -> None:
    answer = found(built, "石家装市")
    assert answer["resembling"]
    assert answer["results"][0]["id"] == "shijiazhuang"


def test_nothing(built: httpx.Client) -> None:
    assert found(built, "zzzzqqqq")["total"] == 0
    assert built.get("/search", params={"q": "zzzzqqqq"}).status_code == 200


@pytest.mark.parametrize(
    "q", ["北京 OR *", '"北京" AND (', "piece:北京", "北京^2", "NEAR(北京)", "-北京"]
)
def test_no_query_syntax_is_understood(built: httpx.Client, q: str) -> None:
    assert built.get("/search", params={"q": q, "format": "json"}).status_code == 200


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"q": "a" * 10_000}, "10000 characters"),
        ({"q": "保" * 5_000}, "5000 characters"),
        ({"q": "+-*\"'()[]{}~^:&|!"}, "no letter"),
        ({"q": " "}, "empty"),
        ({}, "empty"),
        ({"q": "x", "page": "0"}, "page must be"),
        ({"q": "x", "page": "501"}, "page must be"),
        ({"q": "x", "page": "٣"}, "page must be"),
        ({"q": "x", "page": "1_0"}, "page must be"),
        ({"q": "x", "page": "2.0"}, "page must be"),
        ({"q": ["x", "y"]}, "q is given 2 times"),
        ({"q": "x", "type": "Nope"}, "no type Nope"),
    ],
)
def test_bad_searches(built: httpx.Client, parameters: dict[str, Any], words: str) -> None:
    reply = built.get("/search", params={**parameters, "format": "json"})
    assert reply.status_code == 400
    assert words in reply.json()["detail"]


def test_an_address_that_is_too_long_is_refused(server: LiveServer) -> None:
    target = b"/search?q=" + b"%E4%BF%9D" * 10_000
    reply = server.exchange(b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 414 ")
    assert b"longer than 65535 bytes" in reply


def test_the_page_explains_a_bad_search(built: httpx.Client) -> None:
    reply = built.get("/search", params={"q": "<script>" * 40})
    assert reply.status_code == 400
    assert "320 characters" in reply.text
    assert "<script>" not in reply.text.replace("<script src=", "")


def test_the_empty_page_and_the_field_in_the_header(built: httpx.Client) -> None:
    assert built.get("/search").status_code == 200
    assert 'role="search"' in built.get("/").text


def test_the_page_says_that_a_workspace_is_not_searched(
    built: httpx.Client, release_folder: Path, tmp_path: Path
) -> None:
    words = "The search covers the release only."
    with writable(tmp_path, release_folder) as server:
        assert words in server.client.get("/search").text
    assert words not in built.get("/search").text


_UNPRIVILEGED = """
import os, sys
from pathlib import Path
from jiqun.search.full_text import search
from jiqun.search.index import SearchIndex

if os.getuid() == 0:
    os.setgid(65534), os.setuid(65534)
index = SearchIndex(Path(sys.argv[1]))
print(search(index, "shijiazhuang", None, 1, "en").hits[0].thing.slug, *os.listdir(sys.argv[2]))
"""


def test_the_index_is_read_from_a_folder_that_cannot_be_written(built_release: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        index, temporary = Path(place, "search"), Path(place, "temporary")
        shutil.copytree(built_release / "search", index)
        temporary.mkdir()
        temporary.chmod(0o777)
        for folder in (index / "names", index / "things"):
            lock = folder / ".tantivy-meta.lock"
            lock.touch()
            lock.chmod(0o444)
            folder.chmod(0o555)
        Path(place).chmod(0o755)
        done = subprocess.run(
            [sys.executable, "-c", _UNPRIVILEGED, str(index), str(temporary)],
            env={**os.environ, "TMPDIR": str(temporary)},
            capture_output=True,
            text=True,
            check=False,
        )
        for folder in (index / "names", index / "things"):
            folder.chmod(0o755)
    assert done.stdout.split() == ["shijiazhuang"], done.stderr


def test_opensearch(built: httpx.Client) -> None:
    reply = built.get("/opensearch.xml")
    assert reply.headers["content-type"].startswith("application/opensearchdescription+xml")
    spaced = "{http://a9.com/-/spec/opensearch/1.1/}"
    templates = [
        each.attrib["template"] for each in ElementTree.fromstring(reply.text).iter(f"{spaced}Url")
    ]
    assert any("/search?q={searchTerms}" in each for each in templates)


def test_the_answer_is_as_openapi_describes_it(built: httpx.Client) -> None:
    document = built.get("/openapi.json").json()
    assert {"/search", "/reconcile", "/reconcile/match", "/reconcile/suggest/entity"} <= set(
        document["paths"]
    )
    operation = document["paths"]["/search"]["get"]
    (page,) = [each["schema"] for each in operation["parameters"] if each["name"] == "page"]
    assert (page["type"], page["minimum"], page["maximum"]) == ("integer", 1, 500)
    content = operation["responses"]["200"]["content"]
    assert set(content) == {"application/json", "text/html"}
    schema = {**content["application/json"]["schema"], "components": document["components"]}
    for q in ("石家莊", "石家装市", "zzzzqqqq"):
        validate(found(built, q), schema)


def test_pages_and_answers_are_revalidated(built: httpx.Client) -> None:
    for format_name in ("html", "json"):
        parameters = {"q": "京", "format": format_name}
        reply = built.get("/search", params=parameters)
        headers = {"If-None-Match": reply.headers["etag"]}
        assert built.get("/search", params=parameters, headers=headers).status_code == 304
        assert "accept-language" in reply.headers["vary"].lower()
