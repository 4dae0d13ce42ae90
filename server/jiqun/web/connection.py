"""One HTTP connection: uvicorn's, with limits, HTTP/1.0, and answers that need no task.

A GET of `/sparql` that was planned before, and is bounded or has a cached answer, is answered as
soon as its headers are parsed. Everything else goes through the application, with the same result.
What RFC 9112 asks of a server beyond uvicorn is here and in `request_heads.py`: offers to upgrade
that change nothing, trailers, HTTP/1.0, which heads are refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from jiqun.settings import Settings
from jiqun.web.access_log import RequestRecord
from jiqun.web.app import Endpoint, Front
from jiqun.web.http import ClientGone, everywhere, header_lines, trust_proxy
from jiqun.web.request_heads import (
    LONGEST_TARGET,
    Refused,
    address_too_long,
    check_headers,
    encode_request_line,
    headers_too_long,
    other_version,
    read_target,
    refusal_of_text,
    refusal_response,
)
from jiqun.web.routes.sparql_routes import answer_headers, timing_headers

_LINGER_SECONDS: Final = 5.0
"""How long a client that is still sending has to notice that it was answered."""

_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
_STILL_SENDING: Final = frozenset({400, 414, 417, 431, 501, 505})
"""Refusals after which a client may go on to send."""


class ResponseCycle(RequestResponseCycle):
    """Writes head and first block of a response together, and HTTP/1.0 without chunks."""

    head = b""
    close_delimited = False
    send_seconds = 60.0
    linger: Callable[[], None]

    async def send(self, message: Any) -> None:  # noqa: C901 -- the cases of RFC 9112, section 6
        """Send a message of the application to the client."""
        if self.flow.write_paused and not self.disconnected:
            await self._drain()
        if self.disconnected or self.transport.is_closing():
            return
        if message["type"] == "http.response.start":
            self.response_started = True
            self.waiting_for_100_continue = False
            self.head = self._head(message["status"], message["headers"])
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self.scope["method"] == "HEAD":
            body = b""
        elif self.chunked_encoding:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        elif not self.close_delimited:
            self.expected_content_length -= len(body)
        head, self.head = self.head, b""
        self.transport.write(head + body if head else body)
        if more:
            return
        if self.expected_content_length and self.scope["method"] != "HEAD":
            raise RuntimeError("the body does not have the length declared in its header")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            (self.linger if self.more_body else self.transport.close)()
        self.on_response()

    async def _drain(self) -> None:
        """Wait until the client reads data; close the connection if it does not."""
        try:
            async with asyncio.timeout(self.send_seconds):
                await self.flow.drain()
        except TimeoutError:
            self.transport.abort()
            raise ClientGone from None

    def _head(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
        if self.more_body:
            self.keep_alive = False  # what follows of the body is not read
        fields = [*self.default_headers, *headers]
        length = None
        for name, value in headers:
            if name == b"content-length":
                length = int(value)
            elif name == b"connection" and value == b"close":
                self.keep_alive = False
        if length is not None:
            self.chunked_encoding, self.expected_content_length = False, length
        elif self.scope["method"] != "HEAD" and status not in {204, 304}:
            if self.scope["http_version"] == "1.0":
                self.close_delimited, self.keep_alive = True, False
            else:
                self.chunked_encoding = True
                fields.append((b"transfer-encoding", b"chunked"))
        if not self.keep_alive:
            fields.append((b"connection", b"close"))
        block = header_lines(fields)
        if not block.count(b"\n") == block.count(b"\r") == len(fields) or b"\0" in block:
            raise RuntimeError("a header of the response has a line break or a NUL")
        return STATUS_LINE[status] + block + b"\r\n"


class _Answered:
    """Replaces uvicorn's cycle for a request that is already answered."""

    response_complete = True
    response_started = True
    disconnected = False
    more_body = False
    message_event = asyncio.Event()


_ANSWERED: Final = _Answered()


class HttpConnection(HttpToolsProtocol):
    """Refuses headers that are too long, too slow or malformed, with problem details."""

    settings: Settings
    endpoint: Endpoint
    front: Front
    addresses: dict[str, int]

    @classmethod
    def configured(cls, endpoint: Endpoint) -> type[HttpConnection]:
        """Return a connection class for this application, as uvicorn expects it.

        Requests that are refused here are also counted and logged by the front of the application.
        """
        settings = endpoint.state.settings
        members = {
            "settings": settings,
            "endpoint": endpoint,
            "front": endpoint.front,
            "addresses": {},
        }
        return type("ConfiguredHttpConnection", (cls,), members)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.parser = _parser(self)
        self.url = b""
        self._header_size = 0
        self._between_blocks = 0
        self._in_headers = True
        self._in_line = False
        self._begun = False
        self._surplus = False
        self._counted: str | None = None
        self._upgrade_offered = False
        self._priming = False
        self._lingering = False
        self._timer: asyncio.TimerHandle | None = None
        root = self.settings.root_path
        self._sparql_paths = {b"/sparql", f"{root}/sparql".encode()}
        self._trusted = frozenset(self.settings.trusted_proxies)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer for the first headers."""
        super().connection_made(transport)
        address = self._counted = self.client[0] if self.client else ""
        count = self.addresses[address] = self.addresses.get(address, 0) + 1
        self._surplus = len(self.connections) > self.settings.connections or (
            count > self.settings.client_connections and address not in self._trusted
        )
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting for headers."""
        self._stop_timer()
        if self._counted is not None:
            self.addresses[self._counted] -= 1
            if not self.addresses[self._counted]:
                del self.addresses[self._counted]
            self._counted = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count header bytes, then parse the data."""
        if self._lingering:
            return
        if self._in_headers:
            if self._in_line or not self._begun:
                data, self._in_line = encode_request_line(data)
            # The target, such as a long query sent by GET, has its own limit.
            most = self.settings.header_bytes + LONGEST_TARGET
            self._header_size += len(data)
            # A piece may contain headers and body; only an overdue end of headers is refused.
            if self._header_size - len(data) > most or (
                self._header_size > most and b"\r\n\r\n" not in data[:most]
            ):
                # The parser has not seen this piece yet: is it still in the request line?
                in_target = self._header_size == len(data) and b"\r\n" not in data[:most]
                self._refuse(address_too_long() if in_target else headers_too_long(most))
                return
        else:
            self._between_blocks += len(data)
            if self._between_blocks - len(data) > self.settings.header_bytes:
                self._refuse(headers_too_long(self.settings.header_bytes))
                return
        self._unset_keepalive_if_required()
        self._parse(data)
        # Headers usually arrive in one piece and need no timer.
        if self._begun and self._timer is None and self.transport is not None:
            self._start_timer()

    def _parse(self, data: bytes) -> None:
        while data and self.parser is not None:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as pause:
                data = data[pause.args[0] :]
                self._ignore_upgrade()
            except httptools.HttpParserCallbackError as error:
                if not isinstance(error.__context__, httptools.HttpParserInvalidURLError):
                    raise  # a bug of ours
                self._refuse(Refused(400, "The address of the request is not one."))
                return
            except httptools.HttpParserError as error:
                unknown = isinstance(error, httptools.HttpParserInvalidMethodError)
                self._refuse(refusal_of_text(data, unknown_method=unknown))
                return
            else:
                return

    def _ignore_upgrade(self) -> None:
        """Continue after a request with an upgrade offer.

        httptools stops after its headers; a declined offer changes nothing (RFC 9110, section 7.8),
        so another parser gets the framing of the body and reads it.
        """
        framing = header_lines(each for each in self.headers if each[0] in _FRAMING)
        self._upgrade_offered = False
        self._priming = True
        self.parser = _parser(self)
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % framing)
        self._priming = False

    def on_message_begin(self) -> None:
        """Start counting the headers of a request."""
        if self._priming:
            return
        super().on_message_begin()
        self._in_headers = self._begun = True

    def on_url(self, url: bytes) -> None:
        """Store the request target."""
        if not self._priming:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; what comes after the body is a trailer, and nothing here reads those."""
        if self._in_headers and not self._priming:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Check the headers and start the request."""
        if self._priming or self._is_over():
            return
        self._in_headers = self._begun = False
        self._header_size = self._between_blocks = 0
        self._stop_timer()
        self._upgrade_offered = self.parser.should_upgrade()
        version = self.parser.get_http_version()
        try:
            self._check_head(version)
        except Refused as refusal:
            self._refuse(refusal, body=self.parser.get_method() != b"HEAD")
            return
        if version == "1.0":
            self.expect_100_continue = False  # RFC 9110, section 10.1.1
        if not self._answer_at_once(version):
            super().on_headers_complete()
            self.cycle.__class__ = ResponseCycle
            self.cycle.send_seconds = self.settings.send_seconds  # type: ignore[attr-defined]
            self.cycle.linger = self._linger  # type: ignore[attr-defined]

    def _check_head(self, version: str) -> None:
        """Check the headers, and make the target what the application reads; raises `Refused`."""
        if self._surplus:
            raise Refused(503, "Too many connections are open. Try again in a moment.")
        if not version.startswith("1."):
            raise other_version()
        check_headers(self.headers, version, self.settings.header_bytes)
        self.url = read_target(self.parser.get_method(), self.url, self.headers)

    def _answer_at_once(self, version: str) -> bool:
        """Answer at once if the answer is cached or bounded and the request has no extras."""
        path, _, query_string = self.url.partition(b"?")
        parser = self.parser
        if (
            path not in self._sparql_paths
            or parser.get_method() != b"GET"
            or (self.cycle is not None and not self.cycle.response_complete)
            or self.pipeline
            or self.flow.write_paused
            or version != "1.1"
            or not parser.should_keep_alive()
            or self._upgrade_offered
            or self.expect_100_continue
        ):
            return False
        started = perf_counter()
        accept = coding = b""
        for name, value in self.headers:
            if name == b"accept":
                accept = value if not accept else accept + b", " + value
            elif name == b"accept-encoding":
                coding = value if not coding else coding + b", " + value
            elif name in {b"if-match", b"if-none-match", b"range"}:
                return False
        service = self.endpoint.state.service
        plan = service.plans.peek((query_string, accept, coding))
        answer = service.ready(plan) if plan is not None else None
        if answer is None:
            return False
        record = RequestRecord("GET", "/sparql", self._client_address(), started)
        record.status, record.size = 200, len(answer.body)
        record.note_plan(plan)
        record.note_answer(answer)
        self.front.finish(record, self.loop)
        key = (plan.key or b"") + (answer.coding or "").encode()
        head = service.heads.peek(key)
        if head is None:
            common = everywhere(service.release.identifier)
            head = header_lines((*answer_headers(service, plan, answer), *common))
            service.heads.put(key, head, len(head))
        timing = header_lines(timing_headers(answer))
        own = header_lines(self.server_state.default_headers)
        self.transport.write(b"".join((STATUS_LINE[200], own, head, timing, b"\r\n", answer.body)))
        self.cycle = _ANSWERED  # type: ignore[assignment]
        self.on_response_complete()
        return True

    def _client_address(self) -> str:
        client = self.client
        if self._trusted:
            scope = {"client": client, "headers": self.headers}
            trust_proxy(scope, self._trusted)
            client = scope["client"]  # type: ignore[assignment]
        return client[0] if client else ""

    def on_body(self, body: bytes) -> None:
        """Pass on a piece of the body."""
        self._between_blocks = 0
        if self.cycle is not None and not self._is_over():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Expect the next headers; the keep-alive timer closes idle connections."""
        if self._upgrade_offered:
            return  # the parser stops here; the body follows, see `_ignore_upgrade`
        if self.cycle is not None and not self._is_over():
            super().on_message_complete()
        self._in_headers = True
        self._header_size = 0

    def on_response_complete(self) -> None:
        """Go on with the next request, unless the connection ends with this one."""
        if not self._lingering:
            super().on_response_complete()

    def _is_over(self) -> bool:
        """Whether nothing more that arrives is a request (RFC 9112, section 9.6)."""
        return self._lingering or self.transport.is_closing()

    def _linger(self) -> None:
        """Close in stages: a client that is still sending could lose the answer otherwise."""
        self._lingering = True
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        self.transport.write_eof()
        self._timer = self.loop.call_later(_LINGER_SECONDS, self.transport.abort)

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.settings.header_seconds, self._time_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        self._timer = None
        if self._begun:
            seconds = self.settings.header_seconds
            self._refuse(Refused(408, f"The headers did not arrive within {seconds:g} seconds."))
        elif self.transport is not None:
            self.transport.close()

    def _refuse(self, refusal: Refused, *, body: bool = True) -> None:
        if self.transport is None or self._is_over():
            return
        self._stop_timer()
        if self._may_answer():
            release = self.endpoint.state.release.identifier
            common = self.server_state.default_headers
            self.transport.write(refusal_response(refusal, release, common, body=body))
            record = RequestRecord("", "", self.client[0] if self.client else "")
            record.status, record.outcome = refusal.status, refusal.outcome
            self.front.finish(record, self.loop)
            if self.cycle is not None:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            if refusal.status in _STILL_SENDING:
                self._linger()
                return
        self.transport.close()

    def _may_answer(self) -> bool:
        """Whether the client would read a response as that to the refused request."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        return cycle.more_body and not cycle.response_started and not self.pipeline


def _parser(connection: HttpConnection) -> httptools.HttpRequestParser:
    """Return a parser that reads what follows a last request, and every version of HTTP."""
    parser = httptools.HttpRequestParser(connection)
    parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_version=True)
    return parser
