"""A server with datasets that are made, filled and removed over HTTP, as Fuseki's are."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pyoxigraph as ox

from stub_engine import JSON

if TYPE_CHECKING:
    from collections.abc import Iterator

ADMIN = "/$/datasets"


class StubFuseki(ThreadingHTTPServer):
    """`datasets` by name; `refused` are the requests that fail, by their beginning and status."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.datasets: dict[str, ox.Store] = {}
        self.refused: dict[str, int] = {}
        self.asked: list[str] = []
        self.credentials: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: StubFuseki
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        self.answer(self.body())

    def do_DELETE(self) -> None:
        self.answer(b"")

    def body(self) -> bytes:
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        blocks = []
        while size := int(self.rfile.readline(), 16):
            blocks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(blocks)

    def answer(self, body: bytes) -> None:
        request = f"{self.command} {self.path}"
        self.server.asked.append(request)
        self.server.credentials.add(self.headers.get("Authorization", ""))
        refused = [self.server.refused[each] for each in self.server.refused if each in request]
        name, _, service = self.path.strip("/").partition("/")
        if refused:
            self.reply(refused[0], b"<html>at java.lang.Thread</html>")
        elif request == f"POST {ADMIN}":
            self.server.datasets[parse_qs(body.decode())["dbName"][0]] = ox.Store()
            self.reply(200)
        elif self.path.startswith(f"{ADMIN}/"):
            del self.server.datasets[self.path.rpartition("/")[2]]
            self.reply(200)
        elif name not in self.server.datasets:
            self.reply(405)
        elif service == "data":
            self.server.datasets[name].load(body, ox.RdfFormat.N_QUADS)
            self.reply(200)
        else:
            self.query(self.server.datasets[name], parse_qs(body.decode())["query"][0])

    def query(self, store: ox.Store, query: str) -> None:
        found: Any = store.query(query)
        if isinstance(found, ox.QueryTriples):
            body = ox.serialize(found, format=ox.RdfFormat.N_TRIPLES) or b""
            self.reply(200, body, "application/n-triples")
        else:
            self.reply(200, found.serialize(format=ox.QueryResultsFormat.JSON))

    def reply(self, status: int, body: bytes = b"", media_type: str = JSON) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        if status in {301, 307}:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def stub_fuseki() -> Iterator[StubFuseki]:
    server = StubFuseki()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
