"""The shortest way to an answer: from the connection to the cache and back, without a task.

A GET of `/sparql` that was planned before and whose answer is cached is written out as soon as its
headers are read. Everything else takes the way through the application, with the same result.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jiqun.settings import Settings
from jiqun.web.access_log import Account
from jiqun.web.app import Endpoint, Front
from jiqun.web.http import trust_proxy


class Shortcut:
    """Looks for an answer that is ready; counts and logs like the application."""

    def __init__(self, app: Endpoint) -> None:
        """Look in the caches of `app`."""
        self._app = app
        settings = app.state.settings
        self._paths = {b"/sparql", f"{settings.root_path}/sparql".encode()}
        self._trusted = frozenset(settings.trusted_proxies)

    def find(
        self,
        target: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        client: tuple[str, int] | None,
        loop: asyncio.AbstractEventLoop,
    ) -> tuple[bytes, bytes] | None:
        """Give the headers, as they go over the wire, and the body; None to take the long way."""
        path, _, query_string = target.partition(b"?")
        if path not in self._paths:
            return None
        started = perf_counter()
        accept = coding = b""
        for name, value in headers:
            if name == b"accept":
                accept = value if not accept else accept + b", " + value
            elif name == b"accept-encoding":
                coding = value if not coding else coding + b", " + value
            elif name == b"if-none-match":
                return None
        service = self._app.state.service
        plan = service.plans.get((query_string, accept, coding))
        if plan is None:
            return None
        entry = service.ready(plan)
        if entry is None:
            return None
        account = Account("GET", "/sparql", self._client(client, headers), started)
        account.status, account.size = 200, len(entry.body)
        account.outcome, account.rows = "cached", entry.rows
        account.note_job(plan.job)
        self._app.front.close_account(account, loop)
        return entry.head, entry.body

    def _client(
        self, client: tuple[str, int] | None, headers: Sequence[tuple[bytes, bytes]]
    ) -> str:
        if self._trusted:
            scope = {"client": client, "headers": headers}
            trust_proxy(scope, self._trusted)
            client = scope["client"]  # type: ignore[assignment]
        return client[0] if client else ""


_TITLES = {
    400: "Bad Request",
    408: "Request Timeout",
    414: "URI Too Long",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}
_OUTCOMES = {
    400: "NotHttp",
    408: "HeadersTooSlow",
    414: "AddressTooLong",
    431: "HeadersTooLong",
    503: "TooManyConnections",
}

_LONGEST_TARGET: Final = 65_535
"""Bytes of a request target that the parser of URLs can count."""


class _Answered:
    """Stands where uvicorn keeps the state of a request, for one that is answered already."""

    response_complete = True
    response_started = True
    disconnected = False
    more_body = False
    message_event = asyncio.Event()


_ANSWERED: Final = _Answered()


class _Gathered:
    """A transport that joins what is written at once.

    Head and body of an answer leave in one system call, and wake the client once.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def _flush(self) -> None:
        if self._parts:
            data, self._parts = b"".join(self._parts), []
            self._transport.write(data)


class HttpConnection(HttpToolsProtocol):
    """Refuses headers that are too long, too slow or broken, with problem details."""

    header_bytes = 1 << 18
    header_seconds = 10.0
    most_connections = 2_000
    shortcut: Shortcut | None = None
    front: Front | None = None

    @classmethod
    def configured(
        cls, settings: Settings, shortcut: Shortcut, front: Front
    ) -> type[HttpConnection]:
        """Make a class of connections with these limits and this shortcut, as uvicorn wants one.

        What never becomes a request is counted and logged by `front` all the same.
        """
        members = {
            "header_bytes": settings.header_bytes,
            "header_seconds": settings.header_seconds,
            "most_connections": settings.connections,
            "shortcut": shortcut,
            "front": front,
        }
        return type("ConfiguredHttpConnection", (cls,), members)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Wait for the first byte."""
        super().__init__(*arguments, **options)
        self._header_size = 0
        self._in_headers = True
        self._begun = False
        self._surplus = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the client its time for the first headers."""
        super().connection_made(transport)
        self._gathered = _Gathered(transport, self.loop)
        self._surplus = len(self.connections) > self.most_connections
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to headers, then parse it."""
        if self._in_headers:
            self._header_size += len(data)
            # A piece may hold headers and body; only an end of headers that is overdue is refused.
            if self._header_size - len(data) > self.header_bytes or (
                self._header_size > self.header_bytes
                and b"\r\n\r\n" not in data[: self.header_bytes]
            ):
                self._refuse(431, f"The headers are longer than {self.header_bytes} bytes.")
                return
        try:
            super().data_received(data)
        except (httptools.HttpParserError, UnicodeError, ValueError):
            self.send_400_response("The request is not HTTP/1.1.")
        # Whole headers in one piece are the rule and need no timer at all.
        if self._begun and self._timer is None and self.transport is not None:
            self._start_timer()

    def on_message_begin(self) -> None:
        """Start counting the headers of a request."""
        super().on_message_begin()
        self._in_headers = self._begun = True

    def on_headers_complete(self) -> None:
        """Stop counting."""
        self._in_headers = self._begun = False
        self._header_size = 0
        self._stop_timer()
        if self._surplus:
            self._refuse(503, "Too many connections are open. Try again in a moment.")
        elif len(self.url) > _LONGEST_TARGET:
            self._refuse(414, f"The address is longer than {_LONGEST_TARGET} bytes.")
        elif not self._answer_at_once():
            super().on_headers_complete()
            self.cycle.transport = self._gathered  # type: ignore[assignment]
            if self.parser.should_upgrade():
                # The parser reads nothing after a request to upgrade, which is never granted.
                self.cycle.keep_alive = False

    def _answer_at_once(self) -> bool:
        """Take the shortcut when nothing is before this request and nothing special about it."""
        parser = self.parser
        if (
            self.shortcut is None
            or parser.get_method() != b"GET"
            or (self.cycle is not None and not self.cycle.response_complete)
            or self.pipeline
            or self.flow.write_paused
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or parser.should_upgrade()
            or self.expect_100_continue
        ):
            return False
        found = self.shortcut.find(self.url, self.headers, self.client, self.loop)
        if found is None:
            return False
        head, body = found
        own = b"".join(b"%b: %b\r\n" % pair for pair in self.server_state.default_headers)
        self.transport.write(b"".join((b"HTTP/1.1 200 OK\r\n", own, head, b"\r\n", body)))
        self.cycle = _ANSWERED  # type: ignore[assignment]
        self.on_response_complete()
        return True

    def on_message_complete(self) -> None:
        """Expect the next headers; an idle connection is the keep-alive timer's business."""
        super().on_message_complete()
        self._in_headers = True
        self._header_size = 0

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP."""
        self._refuse(400, msg if msg.endswith(".") else f"{msg}.")

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.header_seconds, self._out_of_time)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _out_of_time(self) -> None:
        self._timer = None
        if self._begun:
            detail = f"The headers did not arrive within {self.header_seconds:g} seconds."
            self._refuse(408, detail)
        elif self.transport is not None:
            self.transport.close()

    def _refuse(self, status: int, detail: str) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        self._stop_timer()
        if self._may_answer():
            self.transport.write(_refusal(status, detail))
            self._write_down(status)
            if self.cycle is not None:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
        self.transport.close()

    def _write_down(self, status: int) -> None:
        """Count and log a refusal that the application never hears of; it has no path."""
        account = Account("", "", self.client[0] if self.client else "")
        account.status, account.outcome = status, _OUTCOMES[status]
        if self.front is not None:
            self.front.close_account(account, self.loop)

    def _may_answer(self) -> bool:
        """Tell whether a refusal would be read as the answer to the request that is refused."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        return cycle.more_body and not cycle.response_started and not self.pipeline


def _refusal(status: int, detail: str) -> bytes:
    title = _TITLES[status]
    members = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body = json.dumps(members).encode()
    head = (
        f"HTTP/1.1 {status} {title}\r\n"
        "content-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\n"
        "access-control-allow-origin: *\r\n"
        "x-content-type-options: nosniff\r\n"
        "connection: close\r\n"
    )
    head += "retry-after: 1\r\n\r\n" if status == 503 else "\r\n"
    return head.encode() + body
