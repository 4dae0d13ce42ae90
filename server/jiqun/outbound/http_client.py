"""HTTP of the server's outbound requests: the client, and a loopback server for its workers.

The client is built on httpcore2, which follows no redirects, reads no proxy or credentials from the
environment, stores no cookies and decodes no content coding. A host name is resolved once, every
address is checked, and the connection goes to a checked address, while Host, SNI and certificate
check use the name. Redirects are checked like the first URL. Callers limit size and total time.

Workers may connect only to the port of the loopback server (`query/sandbox.py`). A call is a POST
to an unguessable path; when the worker is killed, its connection closes and the call is cancelled.
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

import httpcore2

Networks = Sequence[IPv4Network | IPv6Network]

_PORTS: Final = {"http": 80, "https": 443}
_CONNECT_SECONDS: Final = 5.0
_MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 307, 308})
# 64:ff9b::/96 (RFC 6052) reaches IPv4 addresses, private ones too.
_TRANSLATED: Final = ip_network("64:ff9b::/96")
LOOPBACK: Final = "127.0.0.1"
_HEAD_BYTES: Final = 64 * 1024
_BODY_BYTES: Final = 4 * 1024 * 1024
_REQUEST_SECONDS: Final = 5.0


class OutboundError(Exception):
    """There is no usable response; the message is a clause about the server with the reason."""


class AddressRefused(OutboundError):
    """The host has no allowed IP address."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host (ASCII, lower case) and port of a URL."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """Return the origin as in the settings, without the default port of the scheme."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def origin_of(url: str) -> Origin | None:
    """Return the origin of an absolute http or https URL without user name, None for others."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna" if parts.hostname else "ascii").decode()
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in _PORTS or not host or parts.username is not None:
        return None
    return Origin(parts.scheme, host.lower().rstrip("."), port)


def is_public(address: str) -> bool:
    """Return whether an IP address is public, also when embedded in an IPv6 address."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _TRANSLATED:
            inner = IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast and not found.is_reserved


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """A request to another server; `read_seconds` is the read timeout."""

    method: str
    url: str
    accept: str
    content_type: str = ""
    body: bytes = b""
    read_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    """A response with status 200; `url` is its URL after redirects.

    Reading `blocks` raises `OutboundError` when the body is not complete.
    """

    url: str
    content_type: str
    blocks: AsyncIterator[bytes]


@asynccontextmanager
async def open_response(
    request: OutboundRequest, check_url: Callable[[str], None], networks: Networks = ()
) -> AsyncIterator[OutboundResponse]:
    """Send a request and follow its redirects; the connection is closed when the block ends.

    `check_url` raises for a URL that may not be requested. Host names may resolve to public
    addresses and `networks`; `check_url` decides on IP addresses in the URL. Raises
    `OutboundError`.
    """
    url = request.url
    redirects = _REDIRECTS | {303} if request.method == "GET" else _REDIRECTS
    for _ in range(_MAX_REDIRECTS + 1):
        check_url(url)
        async with _exchange(request, url, networks) as response:
            headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
            location = headers.get(b"location")
            if response.status in redirects and location:
                url = _redirected(url, location)
                continue
            if response.status != 200:
                raise OutboundError(f"it returned status {response.status}")
            if headers.get(b"content-encoding", "identity").lower() != "identity":
                raise OutboundError("its response has a content coding that was not requested")
            yield OutboundResponse(url, headers.get(b"content-type", ""), _blocks(response))
            return
    raise OutboundError("it redirects too many times")


@asynccontextmanager
async def _exchange(
    request: OutboundRequest, url: str, networks: Networks
) -> AsyncIterator[httpcore2.Response]:
    """Send the request to `url` over a new connection; yield the response, head read."""
    origin = origin_of(url)
    if origin is None:
        raise OutboundError("its URL is not http or https")
    headers = [
        ("Host", origin.authority),
        ("Accept", request.accept),
        ("Accept-Encoding", "identity"),
        ("User-Agent", "jiqun"),
        ("Connection", "close"),
    ]
    if request.content_type:
        headers += [
            ("Content-Type", request.content_type),
            ("Content-Length", str(len(request.body))),
        ]
    target = httpcore2.URL(
        scheme=origin.scheme, host=origin.host, port=origin.port, target=_target(url)
    )
    tls = await asyncio.to_thread(_tls_context) if origin.scheme == "https" else None
    async with httpcore2.AsyncConnectionPool(tls, network_backend=_Network(networks)) as pool:
        with _explained("its response is not HTTP/1.1"):
            response = await pool.handle_async_request(
                httpcore2.Request(
                    request.method,
                    target,
                    headers=headers,
                    content=request.body or None,
                    extensions={"timeout": {"read": request.read_seconds}},
                )
            )
        try:
            yield response
        finally:
            await response.aclose()


async def _blocks(response: httpcore2.Response) -> AsyncIterator[bytes]:
    blocks = response.aiter_stream()
    while True:
        with _explained("its response ended early"):
            block = await anext(blocks, None)
        if block is None:
            return
        yield block


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location).partition("#")[0]
    except ValueError:
        raise OutboundError("it redirects to a URL that is not http or https") from None


@contextmanager
def _explained(otherwise: str) -> Iterator[None]:
    """Translate connection errors to `OutboundError`; `otherwise` describes protocol errors."""
    try:
        yield
    except (httpcore2.ProtocolError, httpcore2.NetworkError, httpcore2.TimeoutException) as error:
        raise OutboundError(_reason(error, otherwise)) from None


def _reason(error: BaseException, otherwise: str) -> str:
    if isinstance(error, httpcore2.TimeoutException):
        return "it did not respond in time"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "its certificate is not valid"
        if isinstance(cause, ssl.SSLError):
            return "TLS failed"
        cause = cause.__cause__ or cause.__context__
    return "it cannot be reached" if isinstance(error, httpcore2.ConnectError) else otherwise


def _target(url: str) -> str:
    """Return the request target; IRI characters that HTTP does not allow are escaped."""
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return f"{path}?{query}" if query else path


@functools.cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Network(httpcore2.AsyncNetworkBackend):
    """Resolves host names and connects only to checked addresses."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await self._connect(await self._addresses(host, port), port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None

    async def _connect(self, addresses: Sequence[str], port: int) -> httpcore2.AsyncNetworkStream:
        for address in addresses[:-1]:
            try:
                return await self._backend.connect_tcp(address, port)
            except httpcore2.ConnectError:
                continue
        return await self._backend.connect_tcp(addresses[-1], port)

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the allowed addresses of a host, at least one."""
        try:
            return [str(ip_address(host))]  # the operator listed this address
        except ValueError:
            pass
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror:
            raise OutboundError("its host name cannot be resolved") from None
        addresses = [str(entry[4][0]) for entry in found]
        allowed = [each for each in addresses if is_public(each) or self._is_listed(each)]
        if not allowed:
            raise AddressRefused("its host name resolves to no public and no listed address")
        return allowed

    def _is_listed(self, address: str) -> bool:
        found = ip_address(address.partition("%")[0])
        return any(found in network for network in self._networks)


@dataclass(frozen=True, slots=True)
class WorkerCall:
    """A call from a worker: path, headers (names in lower case) and body."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type of the body."""
        return self.headers.get("content-type", "application/sparql-query")


class LoopbackServer:
    """Listens from `start` to `stop`; subclasses handle the calls."""

    def __init__(self) -> None:
        self.port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on a free port; a second call does nothing."""
        if self._server is not None:
            return
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, limit=_HEAD_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cancel all calls."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def accepts(self, path: str) -> bool:
        """Whether a path is valid."""
        raise NotImplementedError

    def begin(self, call: WorkerCall, task: asyncio.Task[None]) -> None:
        """Register the task that forwards a call."""

    def end(self, call: WorkerCall, task: asyncio.Task[None]) -> None:
        """Unregister the task."""

    async def forward(self, call: WorkerCall, writer: asyncio.StreamWriter) -> None:
        """Stream a response to the worker; abort if it ends early."""
        raise NotImplementedError

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._answer(reader, writer)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()
        except asyncio.CancelledError:
            # The query has ended, or the server is stopping: nothing awaits this task.
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = await self._read_call(reader)
        if call is None:
            writer.write(refusal(404, "Not found."))
            return
        forwarding = asyncio.ensure_future(self.forward(call, writer))
        disconnect = asyncio.ensure_future(reader.read(1))
        self.begin(call, forwarding)
        try:
            await asyncio.wait({forwarding, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.end(call, forwarding)
            for task in (forwarding, disconnect):
                task.cancel()
            await asyncio.gather(forwarding, disconnect, return_exceptions=True)

    async def _read_call(self, reader: asyncio.StreamReader) -> WorkerCall | None:
        """Read the request of a worker; None when its path is not valid (any more)."""
        async with asyncio.timeout(_REQUEST_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").splitlines()
            method, path, _ = first.split(" ")
            headers = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in lines)
            }
            length = int(headers.get("content-length", "0"))
            if method != "POST" or not 0 <= length <= _BODY_BYTES:
                return None
            call = WorkerCall(path, headers, await reader.readexactly(length))
        return call if self.accepts(path) else None


def response_head(content_type: str) -> bytes:
    """Return the head of a chunked response."""
    return (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
        f"Content-Type: {content_type or 'application/octet-stream'}\r\n\r\n"
    ).encode("latin-1")


def chunk(block: bytes) -> bytes:
    """Return a block of a body as a chunk; an empty one ends the body."""
    return b"%x\r\n%b\r\n" % (len(block), block)


def refusal(status: int, reason: str) -> bytes:
    """Return a complete error response."""
    body = reason.encode()
    head = (
        f"HTTP/1.1 {status} Not forwarded\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
