"""Where workers send what SERVICE asks: to an address of ours, and from there to the endpoint.

In: the allow-list and its limits (`Rules`). For each query `Forwarder.permit` gives a `Permit`: an
unguessable address on the loopback interface for each endpoint the query calls, good until the
query ends. What is sent there is forwarded as a POST of the SPARQL protocol to exactly that
endpoint: the name is resolved and the connection goes to an address that was checked, never to
one that is private, loopback, link-local or otherwise not public unless the operator listed it;
a redirect is followed only to another endpoint of the list; requests, bytes and time are counted
for the query as a whole. When its worker is killed, the connection to the endpoint is closed too.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from jiqun.endpoint.federation.fetching import is_public, origin_of
from jiqun.endpoint.federation.foreign_answer import (
    ForeignAnswer,
    NotForwarded,
    check,
    read_body,
    read_head,
    reason_of,
)
from jiqun.endpoint.wording import shorten

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from jiqun.endpoint.federation.fetching import Origin

LOOPBACK: Final = "127.0.0.1"
_MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 307, 308})
_HEAD_BYTES: Final = 64 * 1024
_BODY_BYTES: Final = 4 * 1024 * 1024
_CONNECT_SECONDS: Final = 5.0
_FORMATS: Final = "application/sparql-results+json, application/sparql-results+xml;q=0.9"


@dataclass(frozen=True, slots=True)
class Rules:
    """What SERVICE may do.

    `endpoints` are exact URLs; an address written there is thereby listed. `networks` (CIDR) are
    not public and may be reached by name all the same. `calls` and `size` (bytes of answers)
    count for one query.
    """

    endpoints: frozenset[str]
    networks: tuple[str, ...] = ()
    calls: int = 100
    size: int = 64 * 1024 * 1024


@dataclass(eq=False, slots=True)
class Permit:
    """What one query may ask; `addresses` maps each endpoint to where its worker asks it.

    `trouble` tells what went wrong last, in words for whoever asked.
    """

    addresses: dict[str, str]
    deadline: float
    calls: int
    size: int
    trouble: str = ""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Request:
    permit: Permit
    endpoint: str
    content_type: bytes
    body: bytes


class Forwarder:
    """Listens on the loopback interface from `start` to `stop`."""

    def __init__(self, rules: Rules) -> None:
        """Forward by these rules."""
        self.rules = rules
        self.port = 0
        self._networks = [ip_network(each) for each in rules.networks]
        self._permits: dict[str, tuple[Permit, str]] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._tls: ssl.SSLContext | None = None

    async def start(self) -> None:
        """Listen on a port that the system chooses; once started, nothing more is done."""
        if self._server is not None:
            return
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, limit=_HEAD_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no longer and end what is under way."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def permit(self, endpoints: Iterable[str], deadline: float) -> Permit:
        """Let a query ask these endpoints of the list until `deadline` (time of the loop).

        The caller calls `revoke` when the query has ended.
        """
        permit = Permit({}, deadline, self.rules.calls, self.rules.size)
        for endpoint in self.rules.endpoints.intersection(endpoints):
            path = f"/{secrets.token_urlsafe(24)}"
            self._permits[path] = (permit, endpoint)
            permit.addresses[endpoint] = f"http://{LOOPBACK}:{self.port}{path}"
        return permit

    def revoke(self, permit: Permit) -> None:
        """End what a query may ask, and what it is asking."""
        for address in permit.addresses.values():
            self._permits.pop(urlsplit(address).path, None)
        permit.addresses.clear()
        for task in permit.tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._answer(reader, writer)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()
        except asyncio.CancelledError:
            # The query has ended, or the server ends: nobody waits for this task.
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await self._read_request(reader)
        if request is None:
            writer.write(_refusal(404, "There is nothing at this address."))
            return
        forwarding = asyncio.ensure_future(self._forward(request, writer))
        gone = asyncio.ensure_future(reader.read(1))
        request.permit.tasks.add(forwarding)
        try:
            await asyncio.wait({forwarding, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            request.permit.tasks.discard(forwarding)
            for each in (forwarding, gone):
                each.cancel()
            await asyncio.gather(forwarding, gone, return_exceptions=True)

    async def _read_request(self, reader: asyncio.StreamReader) -> _Request | None:
        async with asyncio.timeout(_CONNECT_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").splitlines()
            method, path, _ = first.split(" ")
            fields = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            length = int(fields.get("content-length", "0"))
            found = self._permits.get(path)
            if found is None or method != "POST" or not 0 <= length <= _BODY_BYTES:
                return None
            body = await reader.readexactly(length)
        permit, endpoint = found
        # What is asked of the endpoint may itself call another one: give that its own name back.
        for iri, address in permit.addresses.items():
            body = body.replace(f"<{address}>".encode(), f"<{iri}>".encode())
        content_type = fields.get("content-type", "application/sparql-query").encode("latin-1")
        return _Request(permit, endpoint, content_type, body)

    async def _forward(self, request: _Request, writer: asyncio.StreamWriter) -> None:
        """Answer the worker with what the endpoint answers; broken off where that breaks off."""
        begun = False
        permit = request.permit
        try:
            async with asyncio.timeout_at(permit.deadline):
                permit.calls -= 1
                if permit.calls < 0:
                    raise NotForwarded(f"the query asks more than {self.rules.calls} times")
                async for piece in self._ask(request):
                    begun = True
                    writer.write(piece)
                    await writer.drain()
        except (NotForwarded, OSError, TimeoutError) as error:
            reason = str(error) if isinstance(error, NotForwarded) else reason_of(error)
            permit.trouble = f"<{shorten(request.endpoint, 200)}>: {reason}."
            if begun:
                writer.transport.abort()
            else:
                writer.write(_refusal(502, permit.trouble))
                await writer.drain()

    async def _ask(self, request: _Request) -> AsyncIterator[bytes]:
        """Ask the endpoint, and yield the answer for the worker: head, chunks, end."""
        url = request.endpoint
        for _ in range(_MOST_REDIRECTS + 1):
            origin = origin_of(url)
            if origin is None or url not in self.rules.endpoints:
                raise NotForwarded("it redirects to what is not allow-listed")
            async with self._connect(origin) as (reader, writer):
                writer.write(_question(url, origin, request))
                await writer.drain()
                answer = await read_head(reader)
                if answer.status in _REDIRECTS:
                    location = answer.headers.get(b"location", b"").decode("latin-1")
                    url = urljoin(url, location)
                    continue
                check(answer)
                yield _head(answer)
                async for data in read_body(reader, answer):
                    request.permit.size -= len(data)
                    if request.permit.size < 0:
                        raise NotForwarded("its answers are too long for one query")
                    yield b"%x\r\n%b\r\n" % (len(data), data)
                yield b"0\r\n\r\n"
                return
        raise NotForwarded("it redirects too often")

    @contextlib.asynccontextmanager
    async def _connect(
        self, origin: Origin
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Connect to an address of the origin that was checked."""
        tls = None
        if origin.scheme == "https":
            tls = self._tls = self._tls or ssl.create_default_context()
        async with asyncio.timeout(_CONNECT_SECONDS):
            address = await self._resolve(origin)
            reader, writer = await asyncio.open_connection(
                address, origin.port, ssl=tls, server_hostname=origin.host if tls else None
            )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def _resolve(self, origin: Origin) -> str:
        """Give an address of the origin that may be reached; raises `NotForwarded`."""
        with contextlib.suppress(ValueError):
            return str(ip_address(origin.host))  # the operator listed this very address
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        for each in found:
            address = str(each[4][0])
            if is_public(address) or self._is_listed(address):
                return address
        raise NotForwarded("its name leads to no public address, and to none that is listed")

    def _is_listed(self, address: str) -> bool:
        found = ip_address(address.partition("%")[0])
        return any(found in network for network in self._networks)


def _question(url: str, origin: Origin, request: _Request) -> bytes:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {str(origin).partition('://')[2]}\r\n"
        f"Accept: {_FORMATS}\r\nAccept-Encoding: identity\r\nUser-Agent: jiqun\r\n"
        f"Content-Length: {len(request.body)}\r\nConnection: close\r\nContent-Type: "
    )
    return head.encode() + request.content_type + b"\r\n\r\n" + request.body


def _head(answer: ForeignAnswer) -> bytes:
    content_type = answer.headers.get(b"content-type", b"application/octet-stream")
    return (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nContent-Type: "
        + content_type
        + b"\r\n\r\n"
    )


def _refusal(status: int, reason: str) -> bytes:
    body = reason.encode()
    head = (
        f"HTTP/1.1 {status} Not forwarded\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
