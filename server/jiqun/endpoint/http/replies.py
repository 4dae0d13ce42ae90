"""What goes back to a client, and how it is sent over ASGI."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jiqun.endpoint.http.coding import encode_blocks

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    from jiqun.endpoint.answers.cache import Entry
    from jiqun.endpoint.answers.flight import Flight
    from jiqun.endpoint.engine.jobs import Answer

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Headers = tuple[tuple[bytes, bytes], ...]
    Rewrite = Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What the pages need and nothing else: no inline code, no other host."""

HTML_HEADERS: Final[Headers] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)

EXPOSED_HEADERS: Final = (
    b"ETag, Link, Location, Content-Location, Retry-After, Server-Timing, Content-Disposition, "
    b"Accept-Ranges, Content-Range, Jiqun-Limits, Jiqun-Truncated"
)
EVERYWHERE: Final[Headers] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", EXPOSED_HEADERS),
    (b"x-content-type-options", b"nosniff"),
)
"""What is on every answer and every error."""

_WATCHED_AFTER: Final = 0.05
"""Seconds."""


class ClientGone(Exception):
    """The client left before it had its answer."""


@dataclass(frozen=True)
class Reply:
    """What is sent: a whole body, or a flight whose blocks are sent as they come.

    `rewrite` and then the content coding `coding` are still to be applied to a flight; `outcome`,
    `entry` and `answer` go to log and metrics.
    """

    status: int
    headers: Headers
    body: bytes = b""
    flight: Flight | None = None
    coding: str | None = None
    outcome: str = "ok"
    entry: Entry | None = None
    answer: Answer | None = None
    rewrite: Rewrite | None = None


def whole(
    status: int, content_type: str, body: bytes | str, headers: Headers = (), *, outcome: str = "ok"
) -> Reply:
    """Make a reply of one piece; pages get their security headers."""
    encoded = body.encode() if isinstance(body, str) else body
    guards = HTML_HEADERS if content_type.startswith("text/html") else ()
    own: Headers = (
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(encoded)).encode()),
    )
    return Reply(status, (*own, *guards, *headers), encoded, outcome=outcome)


def unchanged(reply: Reply) -> Reply:
    """Turn the answer to `If-None-Match: *` into 304: there is one, and that was the question."""
    if reply.flight is not None:
        reply.flight.leave()
    kept = {b"etag", b"cache-control", b"vary"}
    headers = tuple(pair for pair in reply.headers if pair[0] in kept)
    return Reply(304, headers, outcome="unchanged")


class ClientWatch:
    """While inside, the running task is cancelled as soon as its client disconnects.

    The cancellation leaves the block as `ClientGone`. Watching begins after a moment: most answers
    are there before, and a task for each would cost more than it could save.
    """

    def __init__(self, receive: Receive) -> None:
        """Watch the client behind `receive`, whose request body has been read already."""
        self._receive = receive
        self._gone = False
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        """Watch in a moment."""
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


async def send_whole(reply: Reply, method: str, send: Send) -> None:
    """Send a reply of one piece."""
    start = {"type": "http.response.start", "status": reply.status, "headers": list(reply.headers)}
    await send(start)
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else reply.body})


async def send_flight(
    reply: Reply, flight: Flight, method: str, send: Send, patience: float
) -> None:
    """Send the blocks of a flight as they come; `patience` is for a client that takes no data.

    A stream that breaks is left without its end, so that the client can tell. Raises `ClientGone`
    when the client stopped reading, and whatever broke the evaluation.
    """
    headers = list(reply.headers)
    blocks: AsyncIterator[bytes] = flight.blocks()
    if reply.rewrite:
        blocks = reply.rewrite(blocks)
    if reply.coding:
        headers.append((b"content-encoding", reply.coding.encode()))
        blocks = encode_blocks(reply.coding, blocks)
    try:
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if method != "HEAD":
            async for block in blocks:
                async with asyncio.timeout(patience):
                    await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except TimeoutError:
        raise ClientGone from None
    finally:
        flight.leave()
