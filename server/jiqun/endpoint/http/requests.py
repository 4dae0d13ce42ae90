"""What a request says: headers, body, address, and the URL by which the public reaches us."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from jiqun.endpoint.http.replies import ClientGone
from jiqun.endpoint.reader import Reader, choose_language
from jiqun.errors import BadParameter, RequestTimeout, RequestTooLarge, UnsupportedMediaType

if TYPE_CHECKING:
    from jiqun.endpoint.http.replies import Receive, Scope
    from jiqun.settings import Settings

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


def header(scope: Scope, name: bytes) -> str | None:
    """Give the value of a header, several joined by commas; None when it was not sent."""
    values = [value for key, value in scope["headers"] if key == name]
    if not values:
        return None
    return b", ".join(values).decode("latin-1")


async def read_body(
    scope: Scope, receive: Receive, settings: Settings, most: int | None = None
) -> bytes:
    """Read the whole body of a request, of at most `most` bytes or else what the settings say.

    Raises `RequestTooLarge`, `RequestTimeout`, `UnsupportedMediaType` for a coded body, and
    `ClientGone`.
    """
    coding = header(scope, b"content-encoding")
    if coding and coding.strip().lower() != "identity":
        raise UnsupportedMediaType(
            "A body with a Content-Encoding is not read here; send it as is."
        )
    most = settings.body_bytes if most is None else most
    declared = header(scope, b"content-length")
    if declared and declared.isdigit() and int(declared) > most:
        raise _too_large(most)
    body = bytearray()
    try:
        async with asyncio.timeout(settings.body_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                body += message.get("body", b"")
                if len(body) > most:
                    raise _too_large(most)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise RequestTimeout(
            f"The body did not arrive within {settings.body_seconds:g} seconds."
        ) from None


def _too_large(most: int) -> RequestTooLarge:
    return RequestTooLarge(f"The body is longer than the limit of {most} bytes.")


def trust_proxy(scope: Scope, trusted: frozenset[str]) -> None:
    """Believe the X-Forwarded headers of a request that comes from a trusted proxy.

    Sets the client's address, the scheme and the Host in `scope`.
    """
    client = scope.get("client")
    if client is None or client[0] not in trusted:
        return
    forwarded = header(scope, b"x-forwarded-for")
    if forwarded:
        chain = [part.strip() for part in forwarded.split(",")][-20:]
        for address in reversed(chain):
            scope["client"] = (address[:64], 0)
            if address not in trusted:
                break
    scheme = header(scope, b"x-forwarded-proto")
    if scheme and scheme.strip().lower() in {"http", "https"}:
        scope["scheme"] = scheme.strip().lower()
    host = header(scope, b"x-forwarded-host")
    if host:
        last = host.rpartition(",")[2].strip()
        kept = [pair for pair in scope["headers"] if pair[0] != b"host"]
        scope["headers"] = [*kept, (b"host", last.encode("latin-1", errors="replace"))]


def public_url(scope: Scope, settings: Settings) -> str:
    """Give the URL of the site's root as the public sees it, without a slash at the end.

    Raises `BadParameter` when neither the settings nor a Host header tell it.
    """
    if settings.public_url:
        return settings.public_url
    host = header(scope, b"host") or ""
    if not host:
        server = scope.get("server") or ("localhost", None)
        host = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
    if not _HOST.fullmatch(host):
        raise BadParameter("The Host header is not a host name with an optional port.")
    return f"{scope['scheme']}://{host}{settings.root_path}"


def reader_of(scope: Scope, settings: Settings) -> Reader:
    """Tell for whom the page of this request is written."""
    parameters = parse_qsl(
        scope["query_string"].decode("latin-1"), keep_blank_values=True, encoding="latin-1"
    )
    asked = next((value for name, value in parameters if name == "lang"), None)
    lang, chosen = choose_language(asked, header(scope, b"accept-language"))
    root = settings.root_path
    others = urlencode([pair for pair in parameters if pair[0] != "lang"], encoding="latin-1")
    path = scope["path"].removeprefix(root) or "/"
    try:
        origin = public_url(scope, settings).removesuffix(root)
    except BadParameter:
        origin = ""
    here = f"{path}?{others}" if others and scope["method"] in {"GET", "HEAD"} else path
    return Reader(lang=lang, chosen=chosen, root=root, origin=origin, here=here)
