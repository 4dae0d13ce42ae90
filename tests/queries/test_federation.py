"""The federated examples, run by rdflib against this endpoint and a stand-in for the other one."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox
import pytest
from rdflib import Graph

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

EXAMPLES = Path(__file__).parents[2] / "docs" / "federation"
HERE = "http://127.0.0.1:8000/sparql"
ELSEWHERE = ("https://query.wikidata.org/sparql", "https://dbpedia.org/sparql")
KNOWN_ELSEWHERE = """
PREFIX dbo: <http://dbpedia.org/ontology/>
PREFIX dbr: <http://dbpedia.org/resource/>
PREFIX wd: <http://www.wikidata.org/entity/>
PREFIX wdt: <http://www.wikidata.org/prop/direct/>
wd:Q11746 wdt:P1082 12326500 .
wd:Q182852 wdt:P1566 "1804649" .
dbr:Hainan dbo:abstract "An island province."@en , "Une île."@fr .
"""
ANSWERS = {
    "wikidata-population": {
        ("Wuhan optoelectronic information cluster", "Wuhan", "12326500"),
        ("Wuhan-Xiangyang-Shiyan-Suizhou automobile cluster", "Wuhan", "12326500"),
    },
    "dbpedia-abstracts": {("Hainan", "An island province.")},
    "geonames-through-wikidata": {
        ("Kunming", "1804649", "http://www.wikidata.org/entity/Q182852"),
    },
}


class StandIn(BaseHTTPRequestHandler):
    """Answers SELECT queries over a few triples, in SPARQL JSON."""

    store = ox.Store()

    def do_GET(self) -> None:
        """Answer a query in the URL."""
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        """Answer a query in a form."""
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _answer(self, form: str) -> None:
        found = self.store.query(parse_qs(form)["query"][0])
        assert isinstance(found, ox.QuerySolutions)
        body = found.serialize(format=ox.QueryResultsFormat.JSON) or b""
        self.send_response(200)
        self.send_header("Content-Type", "application/sparql-results+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def stand_in() -> Iterator[str]:
    StandIn.store.load(KNOWN_ELSEWHERE.encode(), format=ox.RdfFormat.TURTLE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/sparql"
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_example_is_tried() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.rq")} == set(ANSWERS)


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_client_joins_both(client: httpx.Client, stand_in: str, name: str) -> None:
    text = (EXAMPLES / f"{name}.rq").read_text("utf-8")
    assert HERE in text
    text = text.replace(HERE, str(client.base_url).rstrip("/") + "/sparql")
    for address in ELSEWHERE:
        text = text.replace(address, stand_in)
    rows = {tuple(map(str, row)) for row in Graph().query(text)}  # type: ignore[arg-type]
    assert rows == ANSWERS[name]
