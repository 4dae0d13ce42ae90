"""The engine's side of a worker process: the process, its socket, the frames that arrive.

Reading pauses while more than `WINDOW` bytes wait to be received, so a slow client slows the worker
down instead of filling memory.
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
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, cast

from jiqun.query import frames

WINDOW: Final = 1024 * 1024
_START_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.02
# A worker gets only the environment variables that Python needs: secrets stay in the server.
WORKER_ENVIRONMENT: Final = (
    *("PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"),
    *("VIRTUAL_ENV", "LANG", "LC_ALL", "TMPDIR"),
)
_OUT_OF_MEMORY: Final = ("memory allocation of", "bad_alloc", "MemoryError", "out of memory")


class WorkerExited(Exception):
    """The worker exited or was killed before it answered."""


class WorkerStartError(Exception):
    """The worker could not be started or cannot open the store; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """Restrictions of a worker; `port` is the only one it may connect to, 0 means none.

    `preload` names a module to import before the first job.
    """

    niceness: int
    memory_bytes: int
    port: int = 0
    preload: str = ""


class Process(Protocol):
    """The interface of a process, however it was started."""

    @property
    def pid(self) -> int:
        """The process ID."""

    @property
    def returncode(self) -> int | None:
        """The exit code, as in `subprocess`."""

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""

    def kill(self) -> None:
        """Kill it; raises `ProcessLookupError` when it has exited."""


class WorkerProcess(asyncio.Protocol):
    """One worker process; created by `start_worker`, or by the fork of a holder."""

    def __init__(self, process: Process, stderr: int) -> None:
        self.process = process
        self.store: Path | None = None
        self.holder: object = None
        self.killed = False
        self.answered = 0
        self.on_exit: Callable[[WorkerProcess], None] | None = None
        self.stderr_tail = ""
        self._stderr = stderr
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._frames: deque[tuple[bytes, bytes]] = deque()
        self._queued = 0
        self._paused = False
        self._closed = False
        self._waiter: asyncio.Future[None] | None = None
        self._exited: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Split the data into frames."""
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
        """Wake the receiver and reap the process."""
        self._closed = True
        self._wake()
        if self.on_exit is not None:
            self.on_exit(self)
        self._reap()

    def send(self, kind: bytes, body: bytes | Mapping[str, Any]) -> None:
        """Send a control frame; does nothing if the worker has exited."""
        self.send_frame(frames.pack(kind, body))

    def send_frame(self, frame: bytes) -> None:
        """Send a packed frame."""
        if self._transport is not None and not self._closed:
            self._transport.write(frame)

    async def receive(self) -> tuple[bytes, bytes]:
        """Return the next frame; raises `WorkerExited`, at once when the worker is killed."""
        while not self._frames or self.killed:
            if self._closed or self.killed:
                raise WorkerExited
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        frame = self._frames.popleft()
        self._queued -= len(frame[1])
        if self._paused and self._queued < WINDOW // 2 and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return frame

    async def open(self, store: Path, settings: Mapping[str, Any] | None = None) -> None:
        """Make the worker read `store`; raises `WorkerStartError`."""
        await self.prepare({"store": str(store), **(settings or {})})
        self.store = store

    async def prepare(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Make the worker open the target of `order`, and return its reply.

        Raises `WorkerStartError`.
        """
        self.send(frames.OPEN, order)
        try:
            kind, body = await asyncio.wait_for(self.receive(), _START_SECONDS)
        except (WorkerExited, TimeoutError):
            self.kill()
            await self._exited
            raise WorkerStartError(self.stderr_tail or "it exited without a message") from None
        reply: dict[str, Any] = json.loads(body)
        if kind != frames.READY:
            self.kill()
            raise WorkerStartError(str(reply["detail"]))
        return reply

    @property
    def alive(self) -> bool:
        """Whether the worker can still answer."""
        return not (self.killed or self._closed)

    def kill(self) -> None:
        """Kill the worker; a pending `receive` ends now, not when the process has exited."""
        self.killed = True
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self._frames.clear()
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    def processor_seconds(self) -> float | None:
        """Return the processor time of the process, where the platform reports it."""
        with contextlib.suppress(OSError):
            # The clock of another process, as in clock_getcpuclockid(3) on Linux.
            return time.clock_gettime((~self.process.pid << 3) | 2)
        return None

    def lower_priority(self, niceness: int) -> None:
        """Raise the niceness of all threads, as far as the platform permits."""
        niceness = absolute_niceness(niceness)
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{self.process.pid}/task"):  # noqa: PTH208
                os.setpriority(os.PRIO_PROCESS, int(thread), niceness)

    async def ran_out_of_memory(self) -> bool:
        """Wait until the process has exited and return whether it ran out of memory."""
        await self._exited
        if self.process.returncode == -signal.SIGKILL and not self.killed:
            return True
        return any(sign in self.stderr_tail for sign in _OUT_OF_MEMORY)

    async def exited(self) -> None:
        """Wait until the process has exited."""
        await self._exited

    @property
    def queued(self) -> int:
        """Bytes that have arrived but were not received yet."""
        return self._queued

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _reap(self) -> None:
        if self.process.poll() is None:
            asyncio.get_running_loop().call_later(_POLL_SECONDS, self._reap)
            return
        with contextlib.suppress(OSError):
            tail = os.read(self._stderr, 65536)[-2000:]
            self.stderr_tail = tail.decode(errors="replace").strip()
        with contextlib.suppress(OSError):
            os.close(self._stderr)
        if not self._exited.done():
            self._exited.set_result(None)


async def start_worker(
    store: Path, confinement: Confinement, settings: Mapping[str, Any] | None = None
) -> WorkerProcess:
    """Start a worker that reads `store`; raises `WorkerStartError`."""
    worker = await start_process("jiqun.query.worker", confinement)
    try:
        await worker.open(store, settings)
    except (WorkerStartError, asyncio.CancelledError):
        worker.kill()
        await worker.exited()
        raise
    return worker


async def start_process(module: str, confinement: Confinement) -> WorkerProcess:
    """Start a module as a process that exchanges frames; raises `WorkerStartError`.

    Its arguments are its socket's descriptor, niceness, memory in bytes, the TCP port that it may
    connect to (0: none), and the module to preload.
    """
    niceness = absolute_niceness(confinement.niceness)

    async def start(theirs: socket.socket, stderr: int) -> Process:
        try:
            process = subprocess.Popen(  # noqa: ASYNC220, S603
                [
                    *(sys.executable, "-P", "-m", module),
                    *(str(theirs.fileno()), str(niceness), str(confinement.memory_bytes)),
                    *(str(confinement.port), confinement.preload),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                pass_fds=(theirs.fileno(),),
                env={
                    name: value for name, value in os.environ.items() if name in WORKER_ENVIRONMENT
                },
            )
        except OSError as error:
            raise WorkerStartError(str(error)) from error
        # At once: starting up is work too, and must not take priority over other work.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
        return process

    return await connect_worker(start)


async def connect_worker(
    start: Callable[[socket.socket, int], Awaitable[Process]],
) -> WorkerProcess:
    """Start a worker with its own socket and standard error, and connect to it.

    Raises `WorkerStartError` when `start` does.
    """
    ours, theirs = socket.socketpair()
    stderr, stderr_end = os.pipe()
    os.set_blocking(stderr, False)
    os.set_blocking(stderr_end, False)
    try:
        process = await start(theirs, stderr_end)
    except BaseException:
        ours.close()
        os.close(stderr)
        raise
    finally:
        theirs.close()
        os.close(stderr_end)
    worker = WorkerProcess(process, stderr)
    ours.setblocking(False)
    await asyncio.get_running_loop().create_unix_connection(lambda: worker, sock=ours)
    return worker


def absolute_niceness(niceness: int) -> int:
    """Return the absolute niceness for an increment over this process."""
    return min(19, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
