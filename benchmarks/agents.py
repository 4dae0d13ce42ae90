"""Processor time per call of a tool at `/mcp`, compared with the same request over HTTP.

    python -m benchmarks.agents RELEASE

Prints microseconds of processor time per request of the server process and of its workers, with the
cache off and on. Compare figures of one run only.
"""

from __future__ import annotations

import argparse
import http.client
import json
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from benchmarks.processor_time import Running, children, seconds, server

_HERE = Path(__file__).parents[1]
_ROWS = "SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 200"
_CLUSTER = "jjj-safety-emergency-equipment"
_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@dataclass(frozen=True)
class Question:
    """A question: as a call of a tool, and as a path with the same answer over HTTP, if any."""

    name: str
    tool: str
    arguments: dict[str, object]
    path: str = ""


QUESTIONS = (
    Question("nothing (ping)", "", {}, "/health/live"),
    Question("ASK {}", "sparql", {"query": "ASK {}"}, f"/sparql?query={quote('ASK {}')}"),
    Question("200 rows", "sparql", {"query": _ROWS}, f"/sparql?query={quote(_ROWS)}"),
    Question(
        "saved query",
        "run_query",
        {"name": "cluster-areas", "parameters": {"cluster": _CLUSTER}},
        f"/queries/cluster-areas?cluster={_CLUSTER}",
    ),
    Question("search", "search", {"text": "Foton"}, "/search?q=Foton"),
    Question("describe", "describe", {"thing": f"id:{_CLUSTER}"}, f"/doc/{_CLUSTER}.jsonld"),
    Question("cite", "cite", {"thing": f"id:{_CLUSTER}", "property": "kg:coreArea"}),
    Question("compare", "compare", {"metric": "id:output-value"}),
)


def ask(connection: http.client.HTTPConnection, question: Question, over_mcp: bool) -> int:
    """Send one request; return the length of the answer."""
    if over_mcp:
        params = {"name": question.tool, "arguments": question.arguments} if question.tool else {}
        method = "tools/call" if question.tool else "ping"
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        connection.request("POST", "/mcp", json.dumps(message), _HEADERS)
    else:
        connection.request("GET", question.path, headers={"Accept": "application/json, */*;q=0.1"})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200 or b'"isError":true' in body:
        raise SystemExit(f"{question.name}: {response.status} {body[:300]!r}")
    return len(body)


def measure(running: Running, question: Question, over_mcp: bool, count: int) -> list[float]:
    """Return microseconds of the server and of its workers, milliseconds, and bytes a request."""
    parts = urlsplit(running.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    for _ in range(5):
        length = ask(connection, question, over_mcp)
    pid = running.process.pid
    before, below = seconds(pid), {child: seconds(child) for child in children(pid)}
    began = time.perf_counter()
    for _ in range(count):
        ask(connection, question, over_mcp)
    took = time.perf_counter() - began
    own = seconds(pid) - before
    worked = sum(seconds(child) - below.get(child, 0.0) for child in children(pid))
    connection.close()
    return [own / count * 1e6, worked / count * 1e6, took / count * 1e3, float(length)]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    parser.add_argument("--count", type=int, default=300, help="Requests a cell.")
    arguments = parser.parse_args()
    print("| cache | question | over | server µs | workers µs | ms | bytes |")
    print("|---|---|---|--:|--:|--:|--:|")
    for cache in (False, True):
        with server("this", _HERE, arguments.release.resolve(), cache) as running:
            for question in QUESTIONS:
                for over_mcp in (False, True) if question.path else (True,):
                    own, worked, took, length = measure(
                        running, question, over_mcp, arguments.count
                    )
                    print(
                        f"| {'on' if cache else 'off'} | {question.name} "
                        f"| {'MCP' if over_mcp else 'HTTP'} | {own:,.0f} | {worked:,.0f} "
                        f"| {took:.1f} | {length:,.0f} |",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
