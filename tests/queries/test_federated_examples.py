"""The federated examples, run by clients against this endpoint and a stand-in for the other one.

pyoxigraph and Comunica ask both. rdflib 7 sends the text of a query's first SERVICE to every later
one, so it reads what it needs from this endpoint and asks only the other.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox
import pytest
from rdflib import Graph

from interop import javascript
from interop.tool import NotInstalled, Question

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
        """Answer a query in the URL; there is no service description."""
        found = parse_qs(urlsplit(self.path).query)
        if "query" in found:
            self._answer(found["query"][0])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        """Answer a query that is the body, or stands in a form."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        direct = self.headers["Content-Type"].startswith("application/sparql-query")
        self._answer(body if direct else parse_qs(body)["query"][0])

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _answer(self, text: str) -> None:
        found = self.store.query(text)
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


def _text(name: str, stand_in: str) -> str:
    text = (EXAMPLES / f"{name}.rq").read_text("utf-8")
    assert HERE in text
    for address in ELSEWHERE:
        text = text.replace(address, stand_in)
    return text


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_client_joins_both(client: httpx.Client, stand_in: str, name: str) -> None:
    here = str(client.base_url).rstrip("/") + "/sparql"
    found = ox.Store().query(_text(name, stand_in).replace(HERE, here))
    assert isinstance(found, ox.QuerySolutions)
    assert {tuple(term.value for term in row) for row in found} == ANSWERS[name]


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_comunica_joins_both(client: httpx.Client, stand_in: str, name: str) -> None:
    try:
        javascript.version("@comunica/query-sparql")
    except NotInstalled as reason:
        pytest.skip(str(reason))
    here = str(client.base_url).rstrip("/") + "/sparql"
    question = Question(name, "SELECT", _text(name, stand_in).replace(HERE, here))
    found = javascript.comunica("-", "none", [question])[name]
    assert isinstance(found, bytes), found
    document = json.loads(found)
    names = document["head"]["vars"]
    rows = document["results"]["bindings"]
    assert {tuple(row[each]["value"] for each in names) for row in rows} == ANSWERS[name]


@pytest.fixture(scope="module")
def graph(client: httpx.Client) -> Graph:
    return Graph().parse(f"{client.base_url}/dumps/jiqun.nt", format="nt")


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_rdflib_joins_what_it_loaded_with_the_other(graph: Graph, stand_in: str, name: str) -> None:
    text = _text(name, stand_in).replace(f"SERVICE <{HERE}>", "")
    rows = {tuple(map(str, row)) for row in graph.query(text)}  # type: ignore[arg-type]
    assert rows == ANSWERS[name]
