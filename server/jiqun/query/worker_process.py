"""A worker as the engine sees it: a process, a socket, the frames that arrive, and its end.

The engine asks with `send` and reads with `receive`. Reading stops while more than `WINDOW` bytes
wait to be received, so a slow reader slows the worker down instead of filling memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from jiqun.query import frames

WINDOW: Final = 1024 * 1024
_START_SECONDS: Final = 30.0
_REAP_SECONDS: Final = 0.02
# A worker gets no more of the environment than Python needs: secrets stay in the server.
_ENVIRONMENT: Final = (
    *("PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"),
    *("VIRTUAL_ENV", "LANG", "LC_ALL", "TMPDIR"),
)
_OUT_OF_MEMORY: Final = (b"memory allocation of", b"bad_alloc", b"MemoryError", b"out of memory")


class WorkerGone(Exception):
    """The worker ended or was killed before it had answered."""


class WorkerNotStarted(Exception):
    """The worker could not be started or cannot open the store; the message says why."""


@dataclass(frozen=True, slots=True)
class Confines:
    """What a worker is started with; `port` is the only one it may connect to, 0 is none."""

    niceness: int
    memory_bytes: int
    port: int = 0


class WorkerProcess(asyncio.Protocol):
    """One worker process; made by `start_worker`."""

    def __init__(self, process: subprocess.Popen[bytes], errors: int) -> None:
        """Watch over `process`, whose standard error is read from the descriptor `errors`."""
        self.process = process
        self.store: Path | None = None
        self.killed = False
        self.answered = 0
        self.on_gone: Callable[[WorkerProcess], None] | None = None
        self._errors = errors
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._frames: deque[tuple[bytes, bytes]] = deque()
        self._queued = 0
        self._paused = False
        self._gone = False
        self._waiter: asyncio.Future[None] | None = None
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Cut what arrives into frames."""
        buffer = self._buffer
        buffer += data
        at, size = 0, frames.HEADER.size
        while len(buffer) - at >= size:
            kind, length = frames.HEADER.unpack_from(buffer, at)
            end = at + size + length
            if len(buffer) < end:
                break
            self._frames.append((kind, bytes(buffer[at + size : end])))
            self._queued += length
            at = end
        if at:
            del buffer[:at]
            self._wake()
        if self._queued > WINDOW and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell whoever waits, and collect the process."""
        self._gone = True
        self._wake()
        if self.on_gone is not None:
            self.on_gone(self)
        self._reap()

    def send(self, kind: bytes, body: bytes | Mapping[str, Any]) -> None:
        """Send a control frame; to a worker that is gone, nothing is sent."""
        if self._transport is not None and not self._gone:
            self._transport.write(frames.pack(kind, body))

    async def receive(self) -> tuple[bytes, bytes]:
        """Return the next frame; raises `WorkerGone` at once when the worker is killed."""
        while not self._frames or self.killed:
            if self._gone or self.killed:
                raise WorkerGone
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        frame = self._frames.popleft()
        self._queued -= len(frame[1])
        if self._paused and self._queued < WINDOW // 2 and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return frame

    async def open(self, store: Path) -> None:
        """Make the worker read `store`; raises `WorkerNotStarted`."""
        await self.prepare({"store": str(store)})
        self.store = store

    async def prepare(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Make the worker open what `order` names, and return what it says of it.

        Raises `WorkerNotStarted`.
        """
        self.send(frames.OPEN, order)
        try:
            kind, body = await asyncio.wait_for(self.receive(), _START_SECONDS)
        except (WorkerGone, TimeoutError):
            self.kill()
            await self._ended
            raise WorkerNotStarted(self.last_words() or "it ended without a word") from None
        if kind != frames.READY:
            self.kill()
            raise WorkerNotStarted(str(json.loads(body)["detail"]))
        said: dict[str, Any] = json.loads(body)
        return said

    @property
    def alive(self) -> bool:
        """Whether the worker can still answer."""
        return not (self.killed or self._gone)

    def kill(self) -> None:
        """End the worker at once; whoever waits for it learns it now, not when it has ended."""
        self.killed = True
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self._frames.clear()
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    def processor_seconds(self) -> float | None:
        """Return the processor time that the process has taken, where the platform tells."""
        with contextlib.suppress(OSError):
            # The clock of another process, numbered as clock_getcpuclockid(3) does on Linux.
            return time.clock_gettime((~self.process.pid << 3) | 2)
        return None

    def slow_down(self, niceness: int) -> None:
        """Lower the priority of all its threads; what cannot be lowered stays as it is."""
        niceness = _priority(niceness)
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{self.process.pid}/task"):  # noqa: PTH208
                os.setpriority(os.PRIO_PROCESS, int(thread), niceness)

    async def died_of_memory(self) -> bool:
        """Wait until the process has ended and tell whether it could not get more memory."""
        await self._ended
        if self.process.returncode == -signal.SIGKILL and not self.killed:
            return True
        words = self.last_words().encode()
        return any(sign in words for sign in _OUT_OF_MEMORY)

    async def ended(self) -> None:
        """Wait until the process has ended."""
        await self._ended

    def last_words(self) -> str:
        """Return the end of what the worker wrote to standard error."""
        return self._words

    @property
    def queued(self) -> int:
        """The bytes that have arrived and were not received yet."""
        return self._queued

    _words = ""

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _reap(self) -> None:
        if self.process.poll() is None:
            asyncio.get_running_loop().call_later(_REAP_SECONDS, self._reap)
            return
        with contextlib.suppress(OSError):
            self._words = os.read(self._errors, 65536)[-2000:].decode(errors="replace").strip()
        with contextlib.suppress(OSError):
            os.close(self._errors)
        if not self._ended.done():
            self._ended.set_result(None)


async def start_worker(store: Path, confines: Confines) -> WorkerProcess:
    """Start a worker that reads `store`; raises `WorkerNotStarted`."""
    worker = await start_process("jiqun.query.worker", confines)
    try:
        await worker.open(store)
    except (WorkerNotStarted, asyncio.CancelledError):
        worker.kill()
        await worker.ended()
        raise
    return worker


def _priority(niceness: int) -> int:
    """Return the priority of a process that is so much nicer than this one."""
    return min(19, os.getpriority(os.PRIO_PROCESS, 0) + niceness)


async def start_process(module: str, confines: Confines) -> WorkerProcess:
    """Start a module as a process that speaks in frames; raises `WorkerNotStarted`.

    Its arguments are the number of its socket, niceness, memory in bytes, and the TCP port that it
    may connect to (0: none).
    """
    loop = asyncio.get_running_loop()
    priority = _priority(confines.niceness)
    ours, theirs = socket.socketpair()
    errors, errors_end = os.pipe()
    os.set_blocking(errors, False)
    os.set_blocking(errors_end, False)
    try:
        process = subprocess.Popen(  # noqa: ASYNC220, S603
            [
                *(sys.executable, "-P", "-m", module),
                *(str(theirs.fileno()), str(priority), str(confines.memory_bytes)),
                str(confines.port),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors_end,
            pass_fds=(theirs.fileno(),),
            env={name: value for name, value in os.environ.items() if name in _ENVIRONMENT},
        )
    except OSError as error:
        ours.close()
        os.close(errors)
        raise WorkerNotStarted(str(error)) from error
    finally:
        theirs.close()
        os.close(errors_end)
    # At once, because its start is work too, and must not be done before that of others.
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, priority)
    worker = WorkerProcess(process, errors)
    ours.setblocking(False)
    await loop.create_unix_connection(lambda: worker, sock=ours)
    return worker
