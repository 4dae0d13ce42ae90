"""A server on the loopback interface for calls from workers.

Workers may connect only to its port (`query/sandbox.py`). A call is a POST to an unguessable path;
when the worker is killed, its connection closes and the call is cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_HEAD_BYTES: Final = 64 * 1024
_BODY_BYTES: Final = 4 * 1024 * 1024
_REQUEST_SECONDS: Final = 5.0


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
