"""The loopback server through which workers call SERVICE endpoints.

For each query `Forwarder.permit` returns a `Permit`: an unguessable loopback URL for each endpoint
that the query calls, valid until the query ends. A POST to it is forwarded to exactly that
endpoint; requests, bytes and time are counted for the query as a whole. When the worker is killed,
the connection to the endpoint is closed too.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit

from jiqun.errors import shorten
from jiqun.outbound.http_client import OutboundError, OutboundRequest, open_response

LOOPBACK: Final = "127.0.0.1"
_HEAD_BYTES: Final = 64 * 1024
_BODY_BYTES: Final = 4 * 1024 * 1024
_REQUEST_SECONDS: Final = 5.0
_ACCEPT: Final = "application/sparql-results+json, application/sparql-results+xml;q=0.9"


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
    """What one query may call; `addresses` maps each endpoint to its loopback URL.

    `calls` and `size` are what is left; `trouble` is the last failure, as a sentence.
    """

    addresses: dict[str, str]
    deadline: float
    calls: int
    size: int
    trouble: str = ""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Call:
    permit: Permit
    endpoint: str
    content_type: str
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

    async def start(self) -> None:
        """Listen on a port that the system chooses; a second call does nothing."""
        if self._server is not None:
            return
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, limit=_HEAD_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end what is under way."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def permit(self, endpoints: Iterable[str], deadline: float) -> Permit:
        """Let a query call these endpoints, as far as listed, until `deadline` (time of the loop).

        The caller calls `revoke` when the query has ended.
        """
        permit = Permit({}, deadline, self.rules.calls, self.rules.size)
        for endpoint in self.rules.endpoints.intersection(endpoints):
            path = f"/{secrets.token_urlsafe(24)}"
            self._permits[path] = (permit, endpoint)
            permit.addresses[endpoint] = f"http://{LOOPBACK}:{self.port}{path}"
        return permit

    def revoke(self, permit: Permit) -> None:
        """Invalidate a permit and cancel its calls."""
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
            # The query has ended, or the server stops: nothing awaits this task.
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = await self._read_call(reader)
        if call is None:
            writer.write(_refusal(404, "There is nothing at this address."))
            return
        forwarding = asyncio.ensure_future(self._forward(call, writer))
        disconnect = asyncio.ensure_future(reader.read(1))
        call.permit.tasks.add(forwarding)
        try:
            await asyncio.wait({forwarding, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            call.permit.tasks.discard(forwarding)
            for task in (forwarding, disconnect):
                task.cancel()
            await asyncio.gather(forwarding, disconnect, return_exceptions=True)

    async def _read_call(self, reader: asyncio.StreamReader) -> _Call | None:
        """Read the request of a worker; None when its address is not valid (any more)."""
        async with asyncio.timeout(_REQUEST_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").splitlines()
            method, path, _ = first.split(" ")
            headers = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            length = int(headers.get("content-length", "0"))
            found = self._permits.get(path)
            if found is None or method != "POST" or not 0 <= length <= _BODY_BYTES:
                return None
            body = await reader.readexactly(length)
        permit, endpoint = found
        # A nested SERVICE in what the endpoint is asked gets the real endpoint back.
        for iri, address in permit.addresses.items():
            body = body.replace(f"<{address}>".encode(), f"<{iri}>".encode())
        content_type = headers.get("content-type", "application/sparql-query")
        return _Call(permit, endpoint, content_type, body)

    async def _forward(self, call: _Call, writer: asyncio.StreamWriter) -> None:
        """Stream the endpoint's response to the worker; abort where that breaks off."""
        permit, begun = call.permit, False
        request = OutboundRequest("POST", call.endpoint, _ACCEPT, call.content_type, call.body)
        try:
            async with asyncio.timeout_at(permit.deadline):
                permit.calls -= 1
                if permit.calls < 0:
                    raise OutboundError(f"the query asks more than {self.rules.calls} times")
                async with open_response(request, self._check_url, self._networks) as response:
                    writer.write(_head(response.content_type))
                    begun = True
                    async for block in response.blocks:
                        permit.size -= len(block)
                        if permit.size < 0:
                            raise OutboundError("its answers are too long for one query")
                        writer.write(b"%x\r\n%b\r\n" % (len(block), block))
                        await writer.drain()
                    writer.write(b"0\r\n\r\n")
                    await writer.drain()
        except (OutboundError, OSError) as error:
            reason = str(error) if isinstance(error, OutboundError) else "it did not answer in time"
            permit.trouble = f"<{shorten(call.endpoint, 200)}>: {reason}."
            if begun:
                writer.transport.abort()
            else:
                writer.write(_refusal(502, permit.trouble))
                await writer.drain()

    def _check_url(self, url: str) -> None:
        if url not in self.rules.endpoints:
            raise OutboundError("it redirects to what is not allow-listed")


def _head(content_type: str) -> bytes:
    return (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
        f"Content-Type: {content_type or 'application/octet-stream'}\r\n\r\n"
    ).encode("latin-1")


def _refusal(status: int, reason: str) -> bytes:
    body = reason.encode()
    head = (
        f"HTTP/1.1 {status} Not forwarded\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
