"""The engine's side of the process that holds a release in memory and forks workers.

The holder is the parent of its workers, so it reports how they exit; they are killed through
pidfds, which never refer to another process. When it dies, so do its workers.
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
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final, Self

from jiqun.query.held_graph import Copies
from jiqun.query.store_holder import MOST_BYTES
from jiqun.query.worker_process import (
    WORKER_ENVIRONMENT,
    Confinement,
    WorkerProcess,
    WorkerStartError,
    absolute_niceness,
    connect_worker,
)

SUPPORTED: Final = sys.platform == "linux" and hasattr(os, "pidfd_open")
_FORK_SECONDS: Final = 10.0
_BYTES_PER_BYTE: Final = 2
"""Bytes in memory per byte of the store on disk, for a default graph.

It is 1.5 for the national graph, whose 233,000 triples take 317 bytes each in memory.
"""

_COPIES: Final = {Copies.DATASET: 5, Copies.SLIM: 3, Copies.WHOLE: 1}
"""Copies of a default graph that take as much: the whole one, the slim one in the holder and in the
serving process, and the dataset, which takes twice as much as the whole one."""


def expected_bytes(store: Path) -> int:
    """Estimate the memory that one copy of the default graph of a store on disk takes."""
    return _BYTES_PER_BYTE * sum(file.stat().st_size for file in store.iterdir())


def copies_within(most: int, store: Path) -> Copies | None:
    """Return the copies of a store on disk that fit into so many bytes of memory."""
    each = expected_bytes(store)
    return next((copies for copies, size in _COPIES.items() if most and size * each <= most), None)


class ForkedWorker:
    """The part of `subprocess.Popen` that is needed, for a child of the holder."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._descriptor = descriptor

    def poll(self) -> int | None:
        """Return the exit code, None while the process runs."""
        return self.returncode

    def kill(self) -> None:
        """Kill the process; raises `ProcessLookupError` when it has exited."""
        if self.returncode is not None:
            raise ProcessLookupError
        signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def exited(self, code: int) -> None:
        """Record how the process exited."""
        self.returncode = code
        os.close(self._descriptor)


class HolderProcess:
    """A process that holds one release; created by `start`.

    Its slim copy leaves out what hubs have of the predicates in `omitted`; `slim` is the number of
    triples in it.
    """

    def __init__(
        self,
        store: Path,
        copies: Copies,
        process: subprocess.Popen[bytes],
        control: socket.socket,
    ) -> None:
        self.copies = copies
        self._store = store
        self._process = process
        self._control = control
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[int] = self._loop.create_future()
        self._forks: dict[int, asyncio.Future[ForkedWorker]] = {}
        self._workers: dict[int, ForkedWorker] = {}
        self._numbers = count()
        self._exited: asyncio.Future[None] = self._loop.create_future()
        self.omitted: tuple[str, ...] = ()
        self.slim = 0
        self.finished = False
        self.on_loss: Callable[[], None] | None = None

    @classmethod
    async def start(cls, store: Path, copies: Copies = Copies.DATASET) -> Self:
        """Start one for `store`; takes about 10 µs a quad. Raises `WorkerStartError`."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(  # noqa: ASYNC220, S603
                [
                    *(sys.executable, "-P", "-m", "jiqun.query.store_holder"),
                    *(str(theirs.fileno()), str(store), copies.value),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={n: value for n, value in os.environ.items() if n in WORKER_ENVIRONMENT},
            )
        ours.setblocking(False)
        holder = cls(store, copies, process, ours)
        holder._loop.add_reader(ours, holder._receive)
        try:
            await holder._ready
        except BaseException:
            holder.kill()
            await holder.exited()
            raise
        return holder

    async def fork(
        self, confinement: Confinement, settings: Mapping[str, Any] | None = None
    ) -> WorkerProcess:
        """Start a worker; raises `WorkerStartError`."""
        number = next(self._numbers)
        order = {
            "fork": number,
            "niceness": absolute_niceness(confinement.niceness),
            "memory": confinement.memory_bytes,
            "port": confinement.port,
        }
        waiting: asyncio.Future[ForkedWorker] = self._loop.create_future()
        self._forks[number] = waiting

        async def forked(theirs: socket.socket, stderr: int) -> ForkedWorker:
            try:
                data = json.dumps(order).encode()
                socket.send_fds(self._control, [data], [theirs.fileno(), stderr])
                async with asyncio.timeout(_FORK_SECONDS):
                    return await waiting
            except (OSError, TimeoutError) as error:
                raise WorkerStartError(f"the process that holds the store: {error!r}") from error
            finally:
                self._forks.pop(number, None)

        worker = await connect_worker(forked)
        worker.holder = self
        try:
            await worker.open(self._store, settings)
        except (WorkerStartError, asyncio.CancelledError):
            worker.kill()
            await worker.exited()
            raise
        return worker

    def copy(self) -> int:
        """Return a pipe with the triples of the slim copy without blank nodes, as N-Triples.

        Raises `OSError`.
        """
        reading, writing = os.pipe()
        try:
            socket.send_fds(self._control, [b'{"copy": true}'], [writing])
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return reading

    def finish(self) -> None:
        """Let it exit with its last worker."""
        self.finished = True
        with contextlib.suppress(OSError):
            self._control.send(b'{"finish": true}')

    def kill(self) -> None:
        """End it with all its workers."""
        self.finished = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._lose()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return not self._exited.done()

    async def exited(self) -> None:
        """Wait until the process has exited."""
        await self._exited

    def _receive(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, MOST_BYTES, 1)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        if not data:
            self._lose()
            return
        report = json.loads(data)
        if "ready" in report:
            self.omitted, self.slim = tuple(report["omitted"]), report["slim"]
            self._ready.set_result(report["ready"])
        elif "failed" in report:
            self._ready.set_exception(WorkerStartError(report["failed"]))
        elif "exited" in report:
            worker = self._workers.pop(report["exited"])
            worker.exited(os.waitstatus_to_exitcode(report["status"]))
        else:
            self._begin(ForkedWorker(report["pid"], descriptors[0]), report["forked"])

    def _begin(self, worker: ForkedWorker, number: int) -> None:
        self._workers[worker.pid] = worker
        waiting = self._forks.pop(number, None)
        if waiting is None or waiting.done():
            worker.kill()
        else:
            waiting.set_result(worker)

    def _lose(self) -> None:
        """Record that the process and all its workers have exited."""
        if self._control.fileno() < 0:
            return
        self._loop.remove_reader(self._control)
        self._control.close()
        error = WorkerStartError("the process that holds the store has exited")
        futures: list[asyncio.Future[Any]] = [self._ready, *self._forks.values()]
        for waiting in futures:
            if not waiting.done():
                waiting.set_exception(error)
                waiting.exception()  # the waiter may be gone
        for worker in self._workers.values():
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            worker.exited(-signal.SIGTERM)  # SIGKILL would be read as out of memory
        self._workers.clear()
        self._reap()
        if not self.finished and self.on_loss is not None:
            self.on_loss()

    def _reap(self) -> None:
        if self._process.poll() is None:
            self._loop.call_later(0.02, self._reap)
        elif not self._exited.done():
            self._exited.set_result(None)
