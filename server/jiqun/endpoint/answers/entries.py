"""Answers as the cache keeps them: body and headers, ready to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jiqun.endpoint.answers.cache import Entry
from jiqun.endpoint.http.coding import encode
from jiqun.endpoint.http.replies import EVERYWHERE

if TYPE_CHECKING:
    from jiqun.endpoint.engine.jobs import Answer
    from jiqun.endpoint.http.replies import Headers

VARY: Final = (b"vary", b"Accept, Accept-Encoding")
_SEAL: Final = frozenset({b"etag", b"content-length"})


def sealed(body: bytes, tag: bytes, headers: Headers, rows: int | None) -> Entry:
    """Make an entry whose headers are all there."""
    headers = (*headers, (b"etag", tag), (b"content-length", str(len(body)).encode()))
    head = b"".join(b"%b: %b\r\n" % pair for pair in (*headers, *EVERYWHERE))
    return Entry(body, tag, headers, rows, head)


def in_coding(entry: Entry, coding: str, tag: bytes) -> Entry:
    """Make the entry of the same answer in a content coding."""
    headers = tuple(pair for pair in entry.headers if pair[0] not in _SEAL)
    headers = (*headers, (b"content-encoding", coding.encode()))
    return sealed(encode(coding, entry.body), tag, headers, entry.rows)


def timing(answer: Answer) -> tuple[bytes, bytes]:
    """Give the Server-Timing header: how long the query waited, and worked before its first block.

    Milliseconds.
    """
    queue, first = answer.queue_seconds * 1000, answer.first_seconds * 1000
    return (b"server-timing", f"queue;dur={queue:.1f}, first;dur={first:.1f}".encode())
