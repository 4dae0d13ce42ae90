"""Documents that the server fetches for LOAD, only from origins that the operator allows."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from jiqun.errors import UpdateFailed, UpdateRefused, shorten
from jiqun.outbound.http_client import (
    AddressRefused,
    OutboundError,
    OutboundRequest,
    open_response,
    origin_of,
)
from jiqun.rdf.formats import graph_format, graph_format_of_file

_SILENT_SECONDS: Final = 10.0
_ACCEPT: Final = (
    "text/turtle, application/n-triples, application/rdf+xml;q=0.9, application/ld+json;q=0.9, "
    "application/trig;q=0.8, application/n-quads;q=0.8"
)
# Media types that servers without RDF support send for RDF files.
_VAGUE: Final = frozenset(
    {"", "text/plain", "application/octet-stream", "application/xml", "text/xml"}
)


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

    request = OutboundRequest("GET", url.partition("#")[0], _ACCEPT, read_seconds=_SILENT_SECONDS)
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
