"""Requests for queries and updates, only to what the operator allows: LOAD and SERVICE.

Documents for LOAD are fetched from allowed origins. SERVICE endpoints are called by workers through
a loopback server: for each query `Forwarder.permit` returns a `Permit`, an unguessable loopback URL
for each endpoint that the query calls, valid until the query ends. A POST to it is forwarded to
exactly that endpoint; requests, bytes and time are limited for the query as a whole. When the
worker is killed, the connection to the endpoint is closed too.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from jiqun.errors import UpdateFailed, UpdateRefused, shorten
from jiqun.outbound.http_client import (
    LOOPBACK,
    AddressRefused,
    LoopbackServer,
    OutboundError,
    OutboundRequest,
    WorkerCall,
    chunk,
    open_response,
    origin_of,
    refusal,
    response_head,
)
from jiqun.rdf.formats import graph_format, graph_format_of_file

_SILENT_SECONDS: Final = 10.0
_ACCEPTED_GRAPHS: Final = (
    "text/turtle, application/n-triples, application/rdf+xml;q=0.9, application/ld+json;q=0.9, "
    "application/trig;q=0.8, application/n-quads;q=0.8"
)
# Media types that servers without RDF support send for RDF files.
_VAGUE: Final = frozenset(
    {"", "text/plain", "application/octet-stream", "application/xml", "text/xml"}
)
_ACCEPT: Final = "application/sparql-results+json, application/sparql-results+xml;q=0.9"


@dataclass(frozen=True, slots=True)
class Document:
    """A fetched document; `base` is its URL after redirects."""

    body: bytes
    content_type: str
    base: str


async def fetch(url: str, allowed: Collection[str], max_bytes: int, seconds: float) -> Document:
    """Fetch a document of at most `max_bytes` within `seconds`.

    The origins of the URL and of every redirect must be among `allowed`. Raises `UpdateRefused` if
    it is not allowed, and `UpdateFailed` if it fails.
    """
    origins = {origin_of(each) for each in allowed}

    def check_url(target: str) -> None:
        origin = origin_of(target)
        if origin is None or origin not in origins:
            shown = str(origin) if origin else shorten(target.partition(":")[0], 20)
            raise UpdateRefused(
                f"LOAD from {shorten(shown, 200)} is not allowed: the operator has not "
                "allow-listed it (load_allow). Send the data itself, to /graphs or with INSERT "
                "DATA."
            )

    request = OutboundRequest(
        "GET", url.partition("#")[0], _ACCEPTED_GRAPHS, read_seconds=_SILENT_SECONDS
    )
    body = bytearray()
    try:
        async with asyncio.timeout(seconds), open_response(request, check_url) as response:
            async for block in response.blocks:
                body += block
                if len(body) > max_bytes:
                    raise OutboundError(f"it exceeds the remaining limit of {max_bytes} bytes")
    except AddressRefused:
        host = urlsplit(url).hostname or ""
        raise UpdateRefused(
            f"{shorten(host, 100)} has no public IP address, and host names may only resolve to "
            "public ones. The operator can allow-list the IP address itself."
        ) from None
    except (OutboundError, TimeoutError) as error:
        reason = "it took too long" if isinstance(error, TimeoutError) else str(error)
        raise UpdateFailed(f"LOAD <{shorten(url, 200)}> failed: {reason}.") from None
    return Document(bytes(body), _content_type(response.content_type, response.url), response.url)


def _content_type(header: str, url: str) -> str:
    """Return the Content-Type if it is an RDF type, else that of the extension in the URL."""
    media_type = header.partition(";")[0].strip().lower()
    extension = PurePosixPath(urlsplit(url).path).suffix.lower()
    by_name = graph_format_of_file(extension)
    if media_type in _VAGUE and by_name:
        return by_name.media_type
    return header if graph_format(media_type) else media_type


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
