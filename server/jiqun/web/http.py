"""HTTP requests and responses over ASGI: bodies, headers, preconditions, and the public URL."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote

from jiqun.errors import (
    BadParameter,
    Busy,
    PreconditionFailed,
    RangeNotSatisfiable,
    RequestTimeout,
    RequestTooLarge,
    UnsupportedMediaType,
)
from jiqun.language import Reader, choose_language
from jiqun.query.jobs import BlockStream
from jiqun.query.protocol import MOST_PARAMETERS
from jiqun.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]


CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Allows only what pages need: no inline code, no other host."""

HTML_HEADERS: Final[Headers] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)

EXPOSED_HEADERS: Final = (
    b"ETag, Link, Location, Content-Location, Retry-After, Server-Timing, Content-Disposition, "
    b"Accept-Ranges, Content-Range, Jiqun-Release, Jiqun-Limits, Jiqun-Truncated, Jiqun-Warning"
)
_EVERYWHERE: Final[Headers] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED_HEADERS),
    (b"x-content-type-options", b"nosniff"),
)

_LONGEST_PRECONDITION: Final = 4096
_LONGEST_DATE: Final = 40
_LONGEST_QUERY: Final = 8192
_LONGEST_PATH: Final = 512
_RANGE: Final = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")

_WATCHED_AFTER: Final = 0.05
"""Seconds."""
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")


@lru_cache(maxsize=16)
def everywhere(release: str) -> Headers:
    """Return the headers of every response; `release` is the identifier, or ""."""
    named = ((b"jiqun-release", release.encode()),) if release else ()
    return (*_EVERYWHERE, *named)


def header_lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return header fields as they are sent (RFC 9112, section 5)."""
    return b"".join([b"%b: %b\r\n" % each for each in headers])


class ClientGone(Exception):
    """The client disconnected before the response was complete."""


class ClientWatch:
    """A context that cancels the running task as soon as its client disconnects.

    The cancellation leaves the block as `ClientGone`. Watching begins after a delay: most answers
    are ready before, and a task for each would cost more than it could save.
    """

    def __init__(self, receive: Receive) -> None:
        """Watch the client of `receive`, whose request body has already been read."""
        self._receive = receive
        self._gone = False
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        """Start watching after a delay."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a client is watched from a task")
        self._timer = asyncio.get_running_loop().call_later(_WATCHED_AFTER, self._begin, task)

    def _begin(self, watched: asyncio.Task[object]) -> None:
        self._task = asyncio.create_task(self._watch(watched))

    async def _watch(self, watched: asyncio.Task[object]) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        watched.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: object
    ) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        if self._gone and kind is asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
            raise ClientGone from error


async def send_whole(status: int, headers: Headers, body: bytes, method: str, send: Send) -> None:
    """Send a response with a complete body."""
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


def requested_range(scope: Scope, size: int, validators: Collection[str]) -> range | None:
    """Return the byte range of `size` that a GET requests; None for all (RFC 9110, section 14.2).

    `validators` are the entity tag and other validators for If-Range. Several ranges, malformed
    ones and any range of another method are ignored. Raises `RangeNotSatisfiable` for a range
    beyond the end.
    """
    text = header(scope, b"range")
    found = _RANGE.fullmatch(text) if text and scope["method"] == "GET" else None
    first, last = (found[1], found[2]) if found else ("", "")
    if first == last == "" or (first and last and int(first) > int(last)):
        return None
    condition = header(scope, b"if-range")
    if condition is not None and condition not in validators:
        return None
    if int(first) >= size if first else int(last) == 0:
        raise RangeNotSatisfiable(f"There are {size} bytes.", size)
    if not first:
        return range(max(0, size - int(last)), size)
    return range(int(first), min(int(last) + 1, size) if last else size)


async def send_blocks(
    headers: Headers,
    first: bytes,
    blocks: BlockStream,
    method: str,
    send: Send,
    seconds: float,
) -> None:
    """Stream a response; disconnect a client that reads no data for `seconds`.

    A failed stream is left without its end, so that the client can tell. Raises `ClientGone` when
    the client stopped reading, and the error of a failed evaluation.
    """
    try:
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        if method != "HEAD":
            if first:
                await _send_block(first, send, seconds)
            async for block in blocks:
                await _send_block(block, send, seconds)
        await send({"type": "http.response.body", "body": b""})
    except TimeoutError:
        raise ClientGone from None
    finally:
        blocks.close()


async def _send_block(block: bytes, send: Send, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await send({"type": "http.response.body", "body": block, "more_body": True})


def check_match(scope: Scope, etags: tuple[bytes, ...], modified: int | None = None) -> None:
    """Check the preconditions If-Match and If-Unmodified-Since.

    `etags` are its entity tags, `modified` when it was last changed, in seconds. Raises
    `PreconditionFailed` when If-Match (RFC 9110, section 13.1.1; the comparison is strong) or, in
    its absence, If-Unmodified-Since (section 13.1.4) does not hold.
    """
    if_match = header(scope, b"if-match")
    if if_match is not None:
        # A weak tag never matches here.
        named = matching_etag(if_match.replace("W/", "-"), etags)
        held = if_match.strip() == "*" or named is not None
    else:
        since = _http_date(header(scope, b"if-unmodified-since"))
        held = since is None or modified is None or modified <= since
    if not held:
        raise PreconditionFailed(
            "What is here is not what the request names by If-Match or If-Unmodified-Since. "
            "Read it again."
        )


def is_known(scope: Scope, etags: tuple[bytes, ...], modified: int) -> bool:
    """Whether a client already has this version, so that 304 suffices.

    By If-None-Match or, in its absence, by If-Modified-Since (RFC 9110, section 13.1.3).
    """
    if scope["method"] not in {"GET", "HEAD"}:
        return False
    if_none_match = header(scope, b"if-none-match")
    if if_none_match is not None:
        return matching_etag(if_none_match, etags) is not None
    since = _http_date(header(scope, b"if-modified-since"))
    return since is not None and modified <= since


def _http_date(text: str | None) -> float | None:
    """Read a date of HTTP; None for what is none."""
    if text is None or len(text) > _LONGEST_DATE:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None


def matching_etag(if_none_match: str, etags: tuple[bytes, ...]) -> bytes | None:
    """Return the entity tag of `etags` that If-None-Match names, `*` naming the first.

    The comparison is weak (RFC 9110, section 13.1.2).
    """
    if if_none_match.strip() == "*":
        return etags[0]
    for candidate in if_none_match[:_LONGEST_PRECONDITION].split(","):
        tag = candidate.strip().removeprefix("W/").encode(errors="replace")
        if tag in etags:
            return tag
    return None


def is_host(value: bytes) -> bool:
    """Whether the value of a Host header is a host name with an optional port, or empty."""
    return not value or _HOST.fullmatch(value) is not None


def header(scope: Scope, name: bytes) -> str | None:
    """Return the value of a header, several joined by commas; None when it is absent."""
    values = [value for key, value in scope["headers"] if key == name]
    if not values:
        return None
    return b", ".join(values).decode("latin-1")


async def read_body(
    scope: Scope, receive: Receive, settings: Settings, most: int | None = None
) -> bytes:
    """Read the whole body of a request, of at most `most` bytes (default: the setting).

    Raises `RequestTooLarge`, `RequestTimeout`, `UnsupportedMediaType` for a body with a content
    coding, and `ClientGone`.
    """
    coding = header(scope, b"content-encoding")
    if coding and coding.strip().lower() != "identity":
        raise UnsupportedMediaType(
            "Content-Encoding is not supported in requests; send the body uncompressed."
        )
    most = settings.body_bytes if most is None else most
    declared = header(scope, b"content-length")
    if declared and declared.isdigit() and int(declared) > most:
        raise _too_large(most)
    receiving: Counter[str] = scope["app"].state.receiving
    body = bytearray()
    try:
        async with asyncio.timeout(settings.body_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                block = message.get("body", b"")
                body += block
                receiving["bytes"] += len(block)
                if len(body) > most:
                    raise _too_large(most)
                if receiving["bytes"] > settings.bodies_bytes:
                    raise Busy("The server is receiving too many request bodies. Try again in 1 s.")
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise RequestTimeout(
            f"The body did not arrive within {settings.body_seconds:g} seconds."
        ) from None
    finally:
        receiving["bytes"] -= len(body)


def _too_large(most: int) -> RequestTooLarge:
    return RequestTooLarge(f"The body is longer than the limit of {most} bytes.")


def trust_proxy(scope: Scope, trusted: frozenset[str]) -> None:
    """Trust the X-Forwarded headers of a request that comes from a trusted proxy.

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
    """Return the public URL of the site's root, without a trailing slash.

    Raises `BadParameter` when neither the settings nor a Host header provide it.
    """
    if settings.public_url:
        return settings.public_url
    host = header(scope, b"host") or ""
    if not host:
        server = scope.get("server") or ("localhost", None)
        host = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
    if not is_host(host.encode("latin-1", errors="replace")):
        raise BadParameter("The Host header is not a host name with an optional port.")
    return f"{scope['scheme']}://{host}{settings.root_path}"


def reader_of(scope: Scope, settings: Settings) -> Reader:
    """Return the reader (language and URLs) for the page of this request."""
    parts = scope["query_string"].decode("latin-1").split("&", MOST_PARAMETERS)
    asked = next((unquote(part[5:60]) for part in parts if part.startswith("lang=")), None)
    lang, chosen = choose_language(asked, header(scope, b"accept-language"))
    root = settings.root_path
    others = "&".join(part for part in parts if not part.startswith("lang="))
    path = scope["path"].removeprefix(root) or "/"
    try:
        origin = public_url(scope, settings).removesuffix(root)
    except BadParameter:
        origin = ""
    path = path if len(path) < _LONGEST_PATH else "/"  # a page repeats it several times
    repeated = others and len(others) < _LONGEST_QUERY and scope["method"] in {"GET", "HEAD"}
    here = f"{path}?{others}" if repeated else path
    release = scope["app"].state.release
    title = release.title if release.statistics else ""
    return Reader(lang=lang, chosen=chosen, root=root, origin=origin, here=here, title=title)
