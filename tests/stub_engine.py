"""A SPARQL engine on the loopback interface that answers well, or badly as it is set to."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pyoxigraph as ox

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

JSON = "application/sparql-results+json"
_HEAD = b'{"head":{"vars":["x"]},"results":{"bindings":['
_ROW = b'{"x":{"type":"literal","value":"1"}}'


class StubEngine(ThreadingHTTPServer):
    """`behaviour` says how queries are answered; those of the start check always are well."""

    daemon_threads = True

    def __init__(self, store: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.store = ox.Store.read_only(str(store))
        self.behaviour = "good"
        self.asked: list[str] = []
        self.credentials: set[str] = set()
        self.closed = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/query"


class Handler(BaseHTTPRequestHandler):
    server: StubEngine
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"]))
        query = parse_qs(form.decode())["query"][0]
        self.server.asked.append(query)
        self.server.credentials.add(self.headers.get("Authorization", ""))
        getattr(self, f"be_{self.server.behaviour}")(query)

    def be_good(self, query: str) -> None:
        try:
            found: Any = self.server.store.query(query)
        except SyntaxError:
            self.reply(400, b"no")
            return
        if isinstance(found, ox.QueryTriples):
            body = ox.serialize(found, format=ox.RdfFormat.N_TRIPLES) or b""
            self.reply(200, body, "application/n-triples")
        else:
            self.reply(200, found.serialize(format=ox.QueryResultsFormat.JSON))

    def be_slow_to_end(self, query: str) -> None:
        """Send the end of the body, after white space, when all else may have been read."""
        found: Any = self.server.store.query(query)
        document = found.serialize(format=ox.QueryResultsFormat.JSON)
        self.send_response(200)
        self.send_header("Content-Type", JSON)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for block in (document, b" \n", b""):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block))
            time.sleep(0.2)

    def be_hanging(self, _query: str) -> None:
        self.connection.settimeout(30)
        with suppress(OSError):
            self.rfile.read(1)  # until the other side gives up
        self.server.closed.set()
        self.close_connection = True

    def be_stopping(self, _query: str) -> None:
        """Promise more than comes, after the server has begun to send."""
        self.break_off(_HEAD + b",".join([_ROW] * 200_000))

    def be_stopping_early(self, _query: str) -> None:
        self.break_off(_HEAD + _ROW)

    def break_off(self, body: bytes) -> None:
        self.reply(200, body, length=100_000_000)
        self.close_connection = True

    def be_broken(self, _query: str) -> None:
        self.reply(200, _HEAD + b'{"x":')

    def be_strange(self, _query: str) -> None:
        self.reply(200, b"<html>", "text/html")

    def be_overloaded(self, _query: str) -> None:
        self.reply(503, b"later")

    def be_redirecting(self, _query: str) -> None:
        self.reply(307, b"", headers={"Location": f"{self.server.url}/elsewhere"})

    def be_closing(self, _query: str) -> None:
        self.close_connection = True

    def be_closing_once(self, query: str) -> None:
        self.server.behaviour = "good"
        self.be_closing(query)

    def be_truncating(self, _query: str) -> None:
        self.reply(200, _HEAD + _ROW + b"]}}", headers={"Jiqun-Truncated": "rows=1"})

    def be_refusing(self, _query: str) -> None:
        self.reply(400, b"java.lang.NullPointerException at /srv/secret")

    def reply(
        self,
        status: int,
        body: bytes,
        media_type: str = JSON,
        length: int | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def stub_engine(store: Path) -> Iterator[StubEngine]:
    engine = StubEngine(store)
    thread = threading.Thread(target=engine.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield engine
    finally:
        engine.shutdown()
        thread.join()
        engine.server_close()
