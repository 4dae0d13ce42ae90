"""What another endpoint answers to the forwarder, read as HTTP/1.1 and held to what was asked."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Final

import httptools

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

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
