"""The loopback server through which workers call SERVICE endpoints.

For each query `Forwarder.permit` returns a `Permit`: an unguessable loopback URL for each endpoint
that the query calls, valid until the query ends. A POST to it is forwarded to exactly that
endpoint; requests, bytes and time are limited for the query as a whole. When the worker is killed,
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
from jiqun.outbound.loopback import (
    LOOPBACK,
    LoopbackServer,
    WorkerCall,
    chunk,
    refusal,
    response_head,
)

_ACCEPT: Final = "application/sparql-results+json, application/sparql-results+xml;q=0.9"


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits of SERVICE.

    `endpoints` are exact URLs; IP addresses in them are allowed. `networks` (CIDR) are non-public
    networks to which host names may resolve. `calls` and `size` (bytes of responses) are per query.
    """

    endpoints: frozenset[str]
    networks: tuple[str, ...] = ()
    calls: int = 100
    size: int = 64 * 1024 * 1024


@dataclass(eq=False, slots=True)
class Permit:
    """The endpoints that one query may call; `addresses` maps each to its loopback URL.

    `calls` and `size` are the remaining limits; `trouble` is the last failure, as a sentence.
    """

    addresses: dict[str, str]
    deadline: float
    calls: int
    size: int
    trouble: str = ""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Forwarder(LoopbackServer):
    """Forwards the calls of queries that have a permit."""

    def __init__(self, rules: Rules) -> None:
        super().__init__()
        self.rules = rules
        self._networks = [ip_network(each) for each in rules.networks]
        self._permits: dict[str, tuple[Permit, str]] = {}

    def permit(self, endpoints: Iterable[str], deadline: float) -> Permit:
        """Permit a query to call the listed ones of these endpoints until `deadline` (loop time).

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

    def accepts(self, path: str) -> bool:
        """Whether a path belongs to a valid permit."""
        return path in self._permits

    def begin(self, call: WorkerCall, task: asyncio.Task[None]) -> None:
        """Register a call for `revoke`."""
        self._permits[call.path][0].tasks.add(task)

    def end(self, call: WorkerCall, task: asyncio.Task[None]) -> None:
        """Unregister a finished call."""
        if call.path in self._permits:
            self._permits[call.path][0].tasks.discard(task)

    async def forward(self, call: WorkerCall, writer: asyncio.StreamWriter) -> None:
        """Stream the endpoint's response to the worker; abort if it ends early."""
        (permit, endpoint), begun, body = self._permits[call.path], False, call.body
        # A nested SERVICE in the forwarded query gets its real endpoint again.
        for iri, address in permit.addresses.items():
            body = body.replace(f"<{address}>".encode(), f"<{iri}>".encode())
        request = OutboundRequest("POST", endpoint, _ACCEPT, call.content_type, body)
        try:
            async with asyncio.timeout_at(permit.deadline):
                permit.calls -= 1
                if permit.calls < 0:
                    raise OutboundError(f"the query makes more than {self.rules.calls} calls")
                async with open_response(request, self._check_url, self._networks) as response:
                    writer.write(response_head(response.content_type))
                    begun = True
                    async for block in response.blocks:
                        permit.size -= len(block)
                        if permit.size < 0:
                            raise OutboundError("its responses exceed the size limit of one query")
                        writer.write(chunk(block))
                        await writer.drain()
                    writer.write(chunk(b""))
                    await writer.drain()
        except (OutboundError, OSError) as error:
            reason = (
                str(error) if isinstance(error, OutboundError) else "it did not respond in time"
            )
            permit.trouble = f"<{shorten(endpoint, 200)}>: {reason}."
            if begun:
                writer.transport.abort()
            else:
                writer.write(refusal(502, permit.trouble))
                await writer.drain()

    def _check_url(self, url: str) -> None:
        if url not in self.rules.endpoints:
            raise OutboundError("it redirects to a URL that is not allow-listed")
