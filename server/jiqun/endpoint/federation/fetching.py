"""Documents that the server fetches for LOAD: only from where the operator allows it.

The origin (scheme, host, port) of the URL and of every redirect must be allow-listed. A name is
resolved once, and the connection goes to an address that was checked: none that is private,
loopback, link-local or otherwise not public, unless the operator listed that very address. The
document has a size limit and a deadline, and an answer that breaks off is no document.
"""

from __future__ import annotations

import asyncio
import http.client
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urljoin, urlsplit

from jiqun.endpoint.rdf_reading import EXTENSIONS, FORMATS
from jiqun.endpoint.wording import shorten
from jiqun.errors import UpdateFailed, UpdateRefused

if TYPE_CHECKING:
    from collections.abc import Collection
    from urllib.parse import SplitResult

_PORTS: Final = {"http": 80, "https": 443}
_MOST_REDIRECTS: Final = 5
_BLOCK: Final = 1 << 16
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
    for _ in range(_MOST_REDIRECTS + 1):
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
    while block := response.read1(_BLOCK):
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
    if media_type in vague and extension in EXTENSIONS:
        return EXTENSIONS[extension]
    return given if media_type in FORMATS else media_type


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
