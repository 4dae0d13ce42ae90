"""Clients that ask a SPARQL endpoint as fast as it answers, and what they observed."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

import httptools

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PATIENCE_SECONDS: Final = 60.0


@dataclass(slots=True)
class Observed:
    """Latencies of good answers in seconds, and what went wrong, by status or kind."""

    latencies: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def fail(self, kind: str) -> None:
        """Count a bad answer."""
        self.errors[kind] = self.errors.get(kind, 0) + 1

    def percentile(self, share: float) -> float:
        """Give the latency that this share of the good answers did not exceed, by nearest rank."""
        ordered = sorted(self.latencies)
        if not ordered:
            return float("nan")
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0


class _Exchange(asyncio.Protocol):
    """One persistent connection, with one request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.done: asyncio.Future[int] | None = None
        self.body = bytearray()
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, request: bytes) -> asyncio.Future[int]:
        assert self.transport is not None
        self.done = asyncio.get_running_loop().create_future()
        self.body.clear()
        self._parser = httptools.HttpResponseParser(self)
        self.transport.write(request)
        return self.done

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._end(0)

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self._end(self._parser.get_status_code())

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        self._end(0)

    def _end(self, status: int) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(status)


def request_for(url: str, query: str, headers: Sequence[str] = ()) -> bytes:
    """Write the GET request that asks `query` of the endpoint at `url`, for JSON results."""
    parts = urlsplit(url)
    lines = (
        f"GET {parts.path}?query={quote(query, safe='')} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Accept: application/sparql-results+json",
        *headers,
        "\r\n",
    )
    return "\r\n".join(lines).encode()


class Client:
    """One client of an endpoint with one persistent connection; an async context."""

    def __init__(self, url: str) -> None:
        """Ask the endpoint at `url`."""
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._exchange = _Exchange()

    async def __aenter__(self) -> Client:
        """Connect at the first question."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Close the connection."""
        if self._exchange.transport is not None:
            self._exchange.transport.close()

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; give status (0: the connection broke) and body."""
        if self._exchange.transport is None:
            loop = asyncio.get_running_loop()
            _, self._exchange = await loop.create_connection(_Exchange, self._host, self._port)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            status = await self._exchange.ask(request)
        return status, bytes(self._exchange.body)


async def observe(url: str, requests: Iterator[bytes], clients: int, seconds: float) -> Observed:
    """Let so many clients take requests from the one iterator for so many seconds."""
    observed = Observed()
    began = time.perf_counter()

    async def run() -> None:
        async with Client(url) as client:
            while time.perf_counter() - began < seconds:
                at = time.perf_counter()
                try:
                    status, _ = await client.ask(next(requests))
                except (OSError, TimeoutError) as error:
                    observed.fail(type(error).__name__)
                    return
                if status == 200:
                    observed.latencies.append(time.perf_counter() - at)
                else:
                    observed.fail(str(status))

    await asyncio.gather(*(run() for _ in range(clients)))
    observed.seconds = time.perf_counter() - began
    return observed
