"""Connections to other servers, for SERVICE and LOAD, only where the operator allows them.

What another endpoint answers to the forwarder, read as HTTP/1.1 and held to what was asked.

Where workers send what SERVICE asks: to an address of ours, and from there to the endpoint.

In: the allow-list and its limits (`Rules`). For each query `Forwarder.permit` gives a `Permit`: an
unguessable address on the loopback interface for each endpoint the query calls, good until the
query ends. What is sent there is forwarded as a POST of the SPARQL protocol to exactly that
endpoint: the name is resolved and the connection goes to an address that was checked, never to
one that is private, loopback, link-local or otherwise not public unless the operator listed it;
a redirect is followed only to another endpoint of the list; requests, bytes and time are counted
for the query as a whole. When its worker is killed, the connection to the endpoint is closed too.

Documents that the server fetches for LOAD: only from where the operator allows it.

The origin (scheme, host, port) of the URL and of every redirect must be allow-listed. A name is
resolved once, and the connection goes to an address that was checked: none that is private,
loopback, link-local or otherwise not public, unless the operator listed that very address. The
document has a size limit and a deadline, and an answer that breaks off is no document.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import ipaddress
import secrets
import socket
import ssl
import time
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import httptools

from jiqun.errors import UpdateFailed, UpdateRefused, shorten
from jiqun.rdf.formats import graph_format, graph_format_of_file

_HEAD_BYTES: Final = 64 * 1024
_BLOCK: Final = 64 * 1024


class NotForwarded(Exception):
    """The endpoint was not asked, or did not answer; the message says why."""


class ForeignAnswer:
    """An answer as the parser reads it; `status` is 0 until its head is there."""

    def __init__(self) -> None:
        """Wait for the head."""
        self.parser = httptools.HttpResponseParser(self)
        self.headers: dict[bytes, bytes] = {}
        self.status = 0
        self.body = bytearray()
        self.complete = False

    def on_message_begin(self) -> None:
        """Begin anew: what came before was provisional."""
        self.headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, its name in lower case."""
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Know the status, unless it is provisional."""
        status = self.parser.get_status_code()
        self.status = status if status >= 200 else 0

    def on_body(self, data: bytes) -> None:
        """Keep a piece of the body."""
        self.body += data

    def on_message_complete(self) -> None:
        """Know that all is there."""
        self.complete = bool(self.status)

    @property
    def until_the_end(self) -> bool:
        """Whether the body ends with the connection."""
        coded = b"chunked" in self.headers.get(b"transfer-encoding", b"").lower()
        return not coded and b"content-length" not in self.headers

    def feed(self, data: bytes) -> None:
        """Read what arrived; raises `NotForwarded` for what is not HTTP or not whole."""
        if not data:
            if not (self.status and self.until_the_end):
                raise NotForwarded("its answer broke off")
            self.complete = True
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            if not self.complete:
                raise NotForwarded("it does not answer by HTTP/1.1") from None


async def read_head(reader: asyncio.StreamReader) -> ForeignAnswer:
    """Read until the status is known; raises `NotForwarded`."""
    answer, size = ForeignAnswer(), 0
    while not answer.status:
        data = await reader.read(_BLOCK)
        size += len(data)
        answer.feed(data)
        if size > _HEAD_BYTES and not answer.status:
            raise NotForwarded("the head of its answer is too long")
    return answer


async def read_body(reader: asyncio.StreamReader, answer: ForeignAnswer) -> AsyncIterator[bytes]:
    """Yield the body as it comes, its coding undone; raises `NotForwarded`."""
    while True:
        data = bytes(answer.body)
        answer.body.clear()
        if data:
            yield data
        if answer.complete:
            return
        answer.feed(await reader.read(_BLOCK))


def check(answer: ForeignAnswer) -> None:
    """Raise `NotForwarded` for what is no plain success."""
    if answer.status != 200:
        raise NotForwarded(f"it answered with status {answer.status}")
    if answer.headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise NotForwarded("it answered in a content coding that was not asked for")


def reason_of(error: OSError | TimeoutError) -> str:
    """Say what an error of the connection means."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, ssl.SSLError):
        return "its certificate is not valid" if "CERTIFICATE" in str(error) else "TLS failed"
    return "it cannot be reached"


LOOPBACK: Final = "127.0.0.1"
_MOST_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 307, 308})
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


_PORTS: Final = {"http": 80, "https": 443}
_FETCH_REDIRECTS: Final = 5
_FETCH_BLOCK: Final = 1 << 16
_STEP_SECONDS: Final = 10.0
_ACCEPT: Final = (
    "text/turtle, application/n-triples, application/rdf+xml;q=0.9, application/ld+json;q=0.9, "
    "application/trig;q=0.8, application/n-quads;q=0.8"
)
# 64:ff9b::/96 (RFC 6052) reaches IPv4 addresses, private ones too.
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Document:
    """What was fetched; `base` is the URL it came from in the end."""

    body: bytes
    content_type: str
    base: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a URL."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Write it as in the setting, without the port of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def origin_of(url: str) -> Origin | None:
    """Give the origin of an absolute http or https URL, None for anything else."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna" if parts.hostname else "ascii").decode()
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in _PORTS or not host or parts.username is not None:
        return None
    return Origin(parts.scheme, host.lower().rstrip("."), port)


async def fetch(url: str, allowed: Collection[str], most_bytes: int, seconds: float) -> Document:
    """Fetch a document for LOAD.

    Raises `UpdateRefused` for what is not allowed and `UpdateFailed` for what does not work.
    """
    deadline = time.monotonic() + seconds
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.to_thread(_fetch, url, allowed, most_bytes, deadline)
    except (TimeoutError, OSError, http.client.HTTPException, ValueError) as error:
        reason = "it took too long" if isinstance(error, TimeoutError) else type(error).__name__
        raise UpdateFailed(f"LOAD <{shorten(url, 200)}> failed: {reason}.") from None


def _fetch(url: str, allowed: Collection[str], most_bytes: int, deadline: float) -> Document:
    target = url
    for _ in range(_FETCH_REDIRECTS + 1):
        origin = _check_origin(target, allowed)
        target = target.partition("#")[0]
        found = _get(target, origin, most_bytes, deadline)
        if isinstance(found, Document):
            return found
        target = urljoin(target, found)
    raise UpdateFailed(f"LOAD <{shorten(url, 200)}> failed: too many redirects.")


def _check_origin(url: str, allowed: Collection[str]) -> Origin:
    origin = origin_of(url)
    if origin is not None and origin in {origin_of(each) for each in allowed}:
        return origin
    shown = str(origin) if origin else shorten(url.partition(":")[0], 20)
    raise UpdateRefused(
        f"LOAD from {shorten(shown, 200)} is not allowed: the operator has not allow-listed it "
        "(load_allow). Send the data itself, to /graphs or by INSERT DATA."
    )


def _get(url: str, origin: Origin, most_bytes: int, deadline: float) -> Document | str:
    """Ask for a URL; return the document, or where it was redirected to."""
    connection = _connect(origin, deadline)
    try:
        headers = {"Accept": _ACCEPT, "Accept-Encoding": "identity", "User-Agent": "jiqun"}
        connection.request("GET", _target(urlsplit(url)), headers=headers)
        response = connection.getresponse()
        location = response.getheader("Location")
        if response.status in {301, 302, 303, 307, 308} and location:
            return location
        if response.status != 200:
            raise UpdateFailed(f"LOAD <{shorten(url, 200)}> was answered {response.status}.")
        if response.getheader("Content-Encoding", "identity").lower() != "identity":
            raise UpdateFailed(f"LOAD <{shorten(url, 200)}> was answered with a coded body.")
        body = _read(response, url, most_bytes, deadline)
        return Document(body, _content_type(response, url), url)
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, url: str, most_bytes: int, deadline: float) -> bytes:
    announced = response.length
    body = bytearray()
    while block := response.read1(_FETCH_BLOCK):
        body += block
        if len(body) > most_bytes:
            text = (
                f"LOAD <{shorten(url, 200)}> gives more than the {most_bytes} bytes that are left."
            )
            raise UpdateFailed(text)
        if time.monotonic() > deadline:
            raise TimeoutError
    if announced is not None and len(body) != announced:
        raise UpdateFailed(f"LOAD <{shorten(url, 200)}> failed: the answer broke off.")
    return bytes(body)


def _content_type(response: http.client.HTTPResponse, url: str) -> str:
    """Believe the header if it names RDF, else the extension, for servers that do not know RDF."""
    given = response.getheader("Content-Type", "")
    media_type = given.partition(";")[0].strip().lower()
    extension = PurePosixPath(urlsplit(url).path).suffix.lower()
    vague = {"", "text/plain", "application/octet-stream", "application/xml", "text/xml"}
    by_name = graph_format_of_file(extension)
    if media_type in vague and by_name:
        return by_name.media_type
    return given if graph_format(media_type) else media_type


def _target(parts: SplitResult) -> str:
    """Give the request target; characters that an IRI may have and HTTP may not are escaped."""
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return f"{path}?{query}" if query else path


def _connect(origin: Origin, deadline: float) -> http.client.HTTPConnection:
    """Open a connection to an address of the origin that may be reached."""
    seconds = max(0.1, min(_STEP_SECONDS, deadline - time.monotonic()))
    address = _address(origin)
    raw = socket.create_connection((address, origin.port), seconds)
    if origin.scheme == "https":
        context = ssl.create_default_context()
        raw = context.wrap_socket(raw, server_hostname=origin.host)
    connection = http.client.HTTPConnection(origin.host, origin.port, timeout=seconds)
    connection.sock = raw
    return connection


def _address(origin: Origin) -> str:
    try:
        ipaddress.ip_address(origin.host)
    except ValueError:
        pass
    else:
        return origin.host  # the operator listed this very address
    found = socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    for each in found:
        address = str(each[4][0])
        if is_public(address):
            return address
    raise UpdateRefused(
        f"{shorten(origin.host, 100)} has no public address, and names are only followed to "
        "public ones. The operator can allow-list the address itself."
    )


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public internet, also behind a translation."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast and not found.is_reserved
