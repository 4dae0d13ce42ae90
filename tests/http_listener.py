"""A server on the loopback interface that answers everybody the same, for tests of federation."""

from __future__ import annotations

import json
import re
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


class Listener:
    """Answers every connection with the same bytes and counts them, until it is closed."""

    def __init__(self, answer: bytes = b"", tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.tls = tls
        self.requests: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def url(self, path: str = "/sparql", host: str = "127.0.0.1", scheme: str = "") -> str:
        scheme = scheme or ("https" if self.tls else "http")
        return f"{scheme}://{host}:{self.port}{path}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.settimeout(10)
            try:
                connection = self._secured(connection)
            except OSError:
                connection.close()
                continue
            with connection:
                try:
                    self.requests.append(read_request(connection))
                    if not self.answer:
                        connection.recv(65536)  # until the other side gives up
                    connection.sendall(self.answer)
                except OSError:
                    continue

    def _secured(self, connection: socket.socket) -> socket.socket:
        if self.tls is None:
            return connection
        return self.tls.wrap_socket(connection, server_side=True)

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(timeout=15)


def read_request(connection: socket.socket) -> bytes:
    """Read a request with its body, which may arrive in pieces, or what there is of it."""
    received = connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    found = re.search(rb"(?i)content-length: *(\d+)", head)
    missing = int(found[1]) - len(body) if found else 0
    while missing > 0 and (data := connection.recv(65536)):
        received += data
        missing -= len(data)
    return received


@contextmanager
def listening(answer: bytes = b"", tls: ssl.SSLContext | None = None) -> Iterator[Listener]:
    listener = Listener(answer, tls)
    try:
        yield listener
    finally:
        listener.close()


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, "", ""]).encode() + body


ONE_ROW = json.dumps(
    {"head": {"vars": ["x"]}, "results": {"bindings": [{"x": {"type": "literal", "value": "1"}}]}}
).encode()
JSON_TYPE = "Content-Type: application/sparql-results+json"
