"""Links are checked against answers in the form of the real targets, from a server of our own."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from jiqun.cli import app
from jiqun.errors import BadParameter
from jiqun.knowledge.mappings import Mapping, MappingSet
from jiqun.knowledge.verification import FAILURES, TARGETS, Verifier

if TYPE_CHECKING:
    from collections.abc import Iterator

SKOS = "http://www.w3.org/2004/02/skos/core#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
GEONAMES = f"""<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="{RDF}" xmlns:gn="http://www.geonames.org/ontology#">
<gn:Feature rdf:about="https://sws.geonames.org/1793343/">
<gn:name>Tangshan Shi</gn:name><gn:alternateName xml:lang="zh">唐山市</gn:alternateName>
</gn:Feature></rdf:RDF>"""


def wikidata(identifier: str, label: str, alias: str = "") -> str:
    item = {
        "id": identifier,
        "labels": {"en": {"language": "en", "value": label}},
        "aliases": {"en": [{"language": "en", "value": alias}]} if alias else {},
    }
    return json.dumps({"entities": {identifier: item}})


@dataclass
class Stand:
    """A server with an answer for each path: status, body and headers, one after the other."""

    url: str
    answers: dict[str, list[tuple[int, str, dict[str, str]]]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def says(self, path: str, body: str = "", status: int = 200, **headers: str) -> None:
        self.answers.setdefault(path, []).append((status, body, headers))


@contextmanager
def serving() -> Iterator[Stand]:
    stand = Stand("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stand.asked.append((self.path, self.headers["User-Agent"]))
            answers = stand.answers.get(self.path) or [(404, "", {})]
            status, body, headers = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            content = body.encode("utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stand
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def stand() -> Iterator[Stand]:
    with serving() as running:
        yield running


def links(target: str, *pairs: tuple[str, str]) -> MappingSet:
    made = tuple(
        Mapping(
            number,
            "https://w3id.org/jiqun/id/tangshan",
            f"{SKOS}exactMatch",
            f"https://example.org/{identifier}",
            identifier,
            label,
            "https://w3id.org/semapv/vocab/LexicalMatching",
            Decimal(1),
            "",
            "2024",
            "",
        )
        for number, (identifier, label) in enumerate(pairs, 1)
    )
    return MappingSet(f"data/links/{target}.sssom.tsv", target, "", "", "", made)


def verdicts(stand: Stand, mapping_set: MappingSet) -> list[tuple[str, str]]:
    verifier = Verifier({mapping_set.target: stand.url}, pause=0, timeout=5)
    return [(verdict.status, verdict.detail) for verdict in verifier.verify([mapping_set])]


@pytest.mark.parametrize(
    ("target", "identifier", "label", "path", "body"),
    [
        (
            "wikidata",
            "Q58422",
            "Tangshan",
            "/wiki/Special:EntityData/Q58422.json",
            wikidata("Q58422", "Tangshan City", "Tángshān"),
        ),
        ("geonames", "1793343", "Tangshan Shi", "/1793343/about.rdf", GEONAMES),
        (
            "dbpedia",
            "Hebei",
            "Hebei",
            "/data/Hebei.json",
            json.dumps(
                {
                    "http://dbpedia.org/resource/Hebei": {
                        "http://www.w3.org/2000/01/rdf-schema#label": [
                            {"type": "literal", "value": "Hebei", "lang": "en"}
                        ]
                    }
                }
            ),
        ),
        (
            "whosonfirst",
            "85669797",
            "Hebei",
            "/856/697/97/85669797.geojson",
            json.dumps(
                {
                    "type": "Feature",
                    "properties": {
                        "wof:id": 85669797,
                        "wof:name": "Hebei Sheng",
                        "wof:superseded_by": [],
                        "edtf:deprecated": "uuuu",
                        "name:eng_x_preferred": ["Hebei"],
                    },
                }
            ),
        ),
        (
            "openstreetmap",
            "912999",
            "Tianjin",
            "/api/0.6/relation/912999.json",
            json.dumps(
                {
                    "elements": [
                        {
                            "type": "relation",
                            "id": 912999,
                            "tags": {"name": "天津市", "name:en": "Tianjin"},
                        }
                    ]
                }
            ),
        ),
        (
            "gleif",
            "5299003EYHISIDNLZQ19",
            "BAIC Motor Corp. Ltd.",
            "/api/v1/lei-records/5299003EYHISIDNLZQ19",
            json.dumps(
                {
                    "data": {
                        "id": "5299003EYHISIDNLZQ19",
                        "attributes": {
                            "entity": {
                                "legalName": {"name": "北京汽车股份有限公司"},
                                "otherNames": [{"name": "BAIC MOTOR CORP LTD"}],
                                "transliteratedOtherNames": [],
                                "status": "ACTIVE",
                                "successorEntity": {"lei": None, "name": None},
                            }
                        },
                    }
                }
            ),
        ),
        (
            "sec",
            "0001791706",
            "Li Auto Inc.",
            "/submissions/CIK0001791706.json",
            json.dumps({"cik": "1791706", "name": "Li Auto Inc.", "formerNames": []}),
        ),
    ],
)
def test_a_link_that_stands_is_sound(
    stand: Stand, target: str, identifier: str, label: str, path: str, body: str
) -> None:
    stand.says(path, body)
    assert verdicts(stand, links(target, (identifier, label))) == [("sound", "")]
    assert stand.asked[0][0] == path
    assert stand.asked[0][1].startswith("jiqun/")
    ((status, detail),) = verdicts(stand, links(target, (identifier, "Nowhere")))
    assert status == "mismatched"
    assert detail.startswith("its name is not Nowhere, but ")


def test_every_target_is_tested() -> None:
    marked = test_a_link_that_stands_is_sound.pytestmark  # type: ignore[attr-defined]
    assert {case[0] for case in marked[0].args[1]} == set(TARGETS)


def test_what_is_gone_is_dead(stand: Stand) -> None:
    stand.says("/wiki/Special:EntityData/Q2.json", status=410)
    assert verdicts(stand, links("wikidata", ("Q1", "A"), ("Q2", "B"))) == [
        ("dead", "the target returned 404"),
        ("dead", "the target returned 410"),
    ]
    stand.says("/data/Gone.json", "{}")
    assert verdicts(stand, links("dbpedia", ("Gone", "Gone"))) == [("dead", "no such resource")]
    withdrawn = {"wof:id": 123, "wof:name": "A", "edtf:deprecated": "2020-01-01"}
    stand.says("/123/123.geojson", json.dumps({"properties": withdrawn}))
    assert verdicts(stand, links("whosonfirst", ("123", "A"))) == [
        ("dead", "deprecated 2020-01-01")
    ]


def test_what_was_merged_is_redirected(stand: Stand) -> None:
    stand.says("/wiki/Special:EntityData/Q1.json", wikidata("Q2", "A"))
    assert verdicts(stand, links("wikidata", ("Q1", "A"))) == [("redirected", "it is now Q2")]
    stand.says("/1/about.rdf", status=301, Location="/1793343/about.rdf")
    stand.says("/1793343/about.rdf", GEONAMES)
    assert verdicts(stand, links("geonames", ("1", "Tangshan Shi"))) == [
        ("redirected", "it is now 1793343")
    ]
    moved = {
        "http://dbpedia.org/resource/Peking": {
            "http://dbpedia.org/ontology/wikiPageRedirects": [
                {"type": "uri", "value": "http://dbpedia.org/resource/Beijing"}
            ]
        }
    }
    stand.says("/data/Peking.json", json.dumps(moved))
    assert verdicts(stand, links("dbpedia", ("Peking", "Peking"))) == [
        ("redirected", "it is now Beijing")
    ]


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"entities": {}}', '{"entities": {"Q1": []}}', "\x00", '{"entities": 1}'],
)
def test_an_answer_that_makes_no_sense_is_no_verdict(stand: Stand, body: str) -> None:
    stand.says("/wiki/Special:EntityData/Q1.json", body)
    assert verdicts(stand, links("wikidata", ("Q1", "A"))) == [
        ("unreachable", "the response cannot be read")
    ]


def test_entities_in_xml_are_refused(stand: Stand) -> None:
    bomb = GEONAMES.replace("?>", '?><!DOCTYPE x [<!ENTITY a "Tangshan Shi">]>', 1)
    stand.says("/1793343/about.rdf", bomb)
    assert verdicts(stand, links("geonames", ("1793343", "Tangshan Shi"))) == [
        ("unreachable", "the response cannot be read")
    ]


def test_a_redirect_off_the_web_is_not_followed(stand: Stand) -> None:
    stand.says("/1/about.rdf", status=302, Location="file:///etc/hostname")
    ((status, _),) = verdicts(stand, links("geonames", ("1", "A")))
    assert status == "unreachable"


def test_a_busy_server_is_asked_once_more(stand: Stand) -> None:
    path = "/wiki/Special:EntityData/Q1.json"
    stand.says(path, status=429, Retry_After="0")
    stand.says(path, wikidata("Q1", "A"))
    assert verdicts(stand, links("wikidata", ("Q1", "A"))) == [("sound", "")]
    assert len(stand.asked) == 2
    stand.answers[path] = [(503, "", {})]
    assert verdicts(stand, links("wikidata", ("Q1", "A"))) == [
        ("unreachable", "the target returned 503")
    ]


def test_one_identifier_is_asked_about_once(stand: Stand) -> None:
    stand.says("/wiki/Special:EntityData/Q1.json", wikidata("Q1", "A"))
    found = verdicts(stand, links("wikidata", ("Q1", "A"), ("Q1", "B")))
    assert [status for status, _ in found] == ["sound", "mismatched"]
    assert len(stand.asked) == 1


def test_a_server_that_is_not_there_is_given_up() -> None:
    with serving() as gone:
        pass
    pairs = [(f"Q{number}", "A") for number in range(FAILURES + 2)]
    found = verdicts(gone, links("wikidata", *pairs))
    assert [status for status, _ in found] == ["unreachable"] * len(pairs)
    assert [detail.startswith("not checked") for _, detail in found] == [False] * FAILURES + [
        True,
        True,
    ]


def test_a_set_without_a_way_to_ask_is_left_out(stand: Stand) -> None:
    assert list(Verifier(pause=0).verify([links("iso3166-2", ("CN", "China"))])) == []
    with pytest.raises(BadParameter, match="iso3166-2 cannot be checked"):
        Verifier({"iso3166-2": stand.url})


def test_the_command_prints_what_is_wrong(stand: Stand) -> None:
    stand.says("/submissions/CIK0001791706.json", '{"cik": "1791706", "name": "Li Auto Inc."}')
    run = CliRunner().invoke(
        app,
        ["links", "verify", "--target", "sec", "--server", f"sec={stand.url}", "--pause", "0"],
    )
    assert run.exit_code == 1
    assert "toyota-brand -> 0001094517: the target returned 404 (dead)" in run.stdout
    assert "toyota-motor -> 0001094517: the target returned 404 (dead)" in run.stdout
    assert "2 dead, 2 sound" in run.stderr
    for wrong in (["--target", "nothing"], ["--server", "sec=ftp://x"], ["--server", "x"]):
        run = CliRunner().invoke(app, ["links", "verify", *wrong])
        assert isinstance(run.exception, BadParameter)
