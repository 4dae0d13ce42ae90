"""A lane: some workers, the jobs they run, and the queue before them.

A lane runs at most `workers` jobs at once and keeps a few more workers warm, so that a killed one
is replaced at once. The queue is bounded, one client may hold only a share of workers and queue
together, and of the waiting clients, the one with the least recent use of the lane is served first.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter, deque
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jiqun.errors import Busy
from jiqun.outbound.backend import BackendOptions
from jiqun.outbound.forwarder import Forwarder, Rules
from jiqun.query.cache import LruCache
from jiqun.query.holder_process import HolderProcess
from jiqun.query.worker_process import (
    Confinement,
    WorkerProcess,
    WorkerStartError,
    start_worker,
)

_LOG: Final = logging.getLogger(__name__)
_STARTS_AT_ONCE: Final = 2
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_MOST_ANSWERS: Final = 100_000
# Clients that retry at once would keep the server busy with refusing them.
_REFUSAL_SECONDS: Final = 1.0
_HALF_LIFE_SECONDS: Final = 5.0
_MOST_CLIENTS: Final = 10_000
_DEMOTED_SECONDS: Final = 10.0
_MOST_SLOW: Final = 4096


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """The number of workers and their limits; sizes in bytes, times in seconds.

    What fits into `store_memory_bytes` of a release is held in memory, where a query may take
    `memory_seconds` before it is restarted on disk. Without `services`, no SERVICE can be called.
    Without `documents`, the module with the document functions, there is no document lane. With
    `backend`, queries are evaluated there.
    """

    heavy_workers: int = 2
    light_workers: int = 1
    document_workers: int = 1
    spare_workers: int = 1
    memory_bytes: int = 1024 * 1024 * 1024
    store_memory_bytes: int = 0
    queue_length: int = 256
    client_share: float = 0.5
    slice_seconds: float = 0.1
    memory_seconds: float = 0.25
    cancel_seconds: float = 0.05
    services: Rules | None = None
    documents: str = ""
    backend: BackendOptions | None = None


@dataclass(frozen=True, slots=True)
class LaneSize:
    """The number of jobs at once, the number of spare workers, and the bounds of the queue."""

    workers: int
    spare: int
    queue: int
    client_share: int


class LaneEmptied(Exception):
    """The lane has lost its store, and gets no workers any more."""


class RecentUse:
    """Recent seconds of work of each client, halved every few seconds."""

    def __init__(self) -> None:
        self._used: dict[str, tuple[float, float]] = {}

    def of(self, client: str, now: float) -> float:
        """Return the decayed seconds of a client."""
        seconds, at = self._used.get(client, (0.0, now))
        return seconds * math.exp2((at - now) / _HALF_LIFE_SECONDS) if seconds else 0.0

    def add(self, client: str, seconds: float, now: float) -> None:
        """Charge a client for `seconds` of work."""
        if len(self._used) > _MOST_CLIENTS:
            self._used = {c: u for c, u in self._used.items() if self.of(c, now) > 0.001}
        self._used[client] = (self.of(client, now) + seconds, now)


class Lane:
    """The queue and workers of one kind of job."""

    def __init__(
        self,
        name: str,
        size: LaneSize,
        confinement: Confinement,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.size = size
        self.confinement = confinement
        self.settings = settings
        self.store: Path | None = None
        self.holder: HolderProcess | None = None
        self.workers: set[WorkerProcess] = set()
        self.idle: list[WorkerProcess] = []
        self.queues: dict[str, deque[asyncio.Future[WorkerProcess]]] = {}
        self.running: Counter[str] = Counter()
        self.recent = RecentUse()
        self.busy = 0
        self.guests = 0
        self.starts = 0
        self._held: Counter[str] = Counter()
        self._starting = 0
        self._pause = _FIRST_PAUSE
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._mean_seconds = 0.1

    async def open(self, store: Path) -> None:
        """Start the first worker, then the others; raises `WorkerStartError` if the first fails."""
        self.store = store
        self._place(await start_worker(store, self.confinement, self.settings))
        self._refill()

    async def hold(self, holder: HolderProcess) -> None:
        """Replace the workers by ones that share the memory of `holder`.

        Running jobs finish where they are. If it raises `WorkerStartError`, nothing has changed.
        """
        worker = await holder.fork(self.confinement, self.settings)
        self._turn_to(holder)
        self._place(worker)

    def let_go(self) -> None:
        """Continue without a holder: with workers that read from disk, or with none."""
        if self.holder is not None:
            self._turn_to(None)

    def _turn_to(self, holder: HolderProcess | None) -> None:
        self.holder = holder
        if self._target() == 0:
            for turn in [turn for queue in self.queues.values() for turn in queue]:
                if not turn.done():
                    turn.set_exception(LaneEmptied)
        before, self.idle = self.idle, []
        for worker in before:
            self._place(worker)
        self._refill()

    async def close(self) -> None:
        """Stop all workers and refuse all waiting jobs."""
        self._closed = True
        for turn in [turn for queue in self.queues.values() for turn in queue]:
            if not turn.done():
                turn.set_exception(Busy("The server is shutting down."))
        workers = list(self.workers)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in {*workers, *self.workers}:
            worker.kill()
            await worker.exited()

    @property
    def waiting(self) -> int:
        """How many jobs wait for a worker."""
        return sum(map(len, self.queues.values()))

    def has_place(self, client: str) -> bool:
        """Whether a job of a client would run at once."""
        return self.free and self.takes(client)

    def takes(self, client: str) -> bool:
        """Whether a job of a client would run or wait, and not be refused."""
        return self.waiting < self.size.queue and self._held[client] < self.size.client_share

    @property
    def free(self) -> bool:
        """Whether a job would run at once."""
        return bool(self.idle) and self.busy < self.size.workers and not self.queues

    async def acquire(self, client: str, seconds: float) -> WorkerProcess:
        """Wait for a worker, at most so many seconds; raises `Busy`, or `LaneEmptied`."""
        if self._held[client] >= self.size.client_share:
            await asyncio.sleep(_REFUSAL_SECONDS)
            raise self.refusal("You have reached the limit of simultaneous queries per client.")
        if self.free:
            self._held[client] += 1
            return self._take(client)
        if self.waiting >= self.size.queue:
            await asyncio.sleep(_REFUSAL_SECONDS)
            raise self.refusal("Too many queries are waiting.")
        self._held[client] += 1
        turn: asyncio.Future[WorkerProcess] = asyncio.get_running_loop().create_future()
        self.queues.setdefault(client, deque()).append(turn)
        try:
            async with asyncio.timeout(seconds):
                return await turn
        except BaseException as error:
            self._withdraw(client, turn)
            if isinstance(error, TimeoutError):
                raise self.refusal("No worker became free in time.") from None
            raise

    def release(self, worker: WorkerProcess, client: str, seconds: float, retire: bool) -> None:
        """Return a worker after `seconds` of work; with `retire`, it is not used again."""
        self._mean_seconds += 0.1 * (seconds - self._mean_seconds)
        self._leave(client)
        self.recent.add(client, seconds, asyncio.get_running_loop().time())
        worker.answered += 1
        if retire or worker.answered >= _MOST_ANSWERS or len(self.workers) > self._target():
            worker.kill()
        self._place(worker)
        self._dispatch()

    def hand_over(self, worker: WorkerProcess, client: str, other: Lane) -> None:
        """Move a busy worker, with its job, to another lane."""
        self._leave(client)
        self.workers.discard(worker)
        other.workers.add(worker)
        other.busy += 1
        other.running[client] += 1
        other._held[client] += 1
        self._refill()

    def refusal(self, reason: str) -> Busy:
        """Return the error for a client that gets no worker, with an estimate of when it would."""
        expected = self._mean_seconds * (self.waiting + 1) / self.size.workers
        seconds = min(30, max(1, round(expected)))
        return Busy(f"{reason} Try again in {seconds} s.", seconds)

    async def prepare(self, store: Path, settings: Mapping[str, Any] | None) -> WorkerProcess:
        """Return a worker that reads `store`, for `adopt`; raises `WorkerStartError`."""
        worker = await self._reopened(store, settings)
        return worker or await start_worker(store, self.confinement, settings)

    def dismiss(self, worker: WorkerProcess) -> None:
        """Discard a prepared worker that is not needed."""
        worker.kill()
        self._place(worker)

    def adopt(self, worker: WorkerProcess, store: Path, settings: Mapping[str, Any] | None) -> None:
        """Switch to `store`, starting with a worker that was prepared for it.

        Running jobs keep the old store; others use only the new one.
        """
        self.store, self.settings, self.holder = store, settings, None
        before, self.idle = self.idle, []
        self._place(worker)
        for other in before:
            self._place(other)
        self._dispatch()

    async def _reopened(
        self, store: Path, settings: Mapping[str, Any] | None
    ) -> WorkerProcess | None:
        """Make an idle worker read `store`; None when there is none or its memory is used up.

        A worker that shares the memory of a holder keeps that graph.
        """
        if not self.idle or self.holder is not None:
            return None
        worker = self.idle.pop(0)
        self.workers.discard(worker)
        try:
            await worker.open(store, settings)
        except WorkerStartError:
            return None
        return worker

    def _take(self, client: str) -> WorkerProcess:
        self.busy += 1
        self.running[client] += 1
        return self.idle.pop()

    def _leave(self, client: str) -> None:
        self.busy -= 1
        for counter in (self.running, self._held):
            counter[client] -= 1
            if counter[client] <= 0:
                del counter[client]

    def _withdraw(self, client: str, turn: asyncio.Future[WorkerProcess]) -> None:
        """Cancel a wait, even if a worker was assigned at the same moment."""
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self.release(turn.result(), client, 0.0, retire=False)
            return
        self._held[client] -= 1
        if self._held[client] <= 0:
            del self._held[client]
        queue = self.queues.get(client)
        if queue and turn in queue:
            queue.remove(turn)
            if not queue:
                del self.queues[client]

    def _place(self, worker: WorkerProcess) -> None:
        """Make a worker idle, switch it to the new store, or discard it."""
        if self._closed or not worker.alive or worker.holder is not self.holder:
            worker.kill()
            self.workers.discard(worker)
            self._refill()
            return
        self.workers.add(worker)
        worker.on_exit = self._replace
        # By identity: another store may have the same path, as after a new build.
        if self.holder or worker.store is self.store or self.store is None:
            self.idle.append(worker)
            self._dispatch()
        else:
            self._background(self._open(worker, self.store))

    def _dispatch(self) -> None:
        while self.queues and self.idle and self.busy < self.size.workers:
            now = asyncio.get_running_loop().time()
            client = min(
                self.queues, key=lambda each: (self.running[each], self.recent.of(each, now))
            )
            queue = self.queues[client]
            turn = queue.popleft()
            if not queue:
                del self.queues[client]
            if not turn.done():
                turn.set_result(self._take(client))

    def _replace(self, worker: WorkerProcess) -> None:
        """Replace a worker that exited while it was idle; a busy one comes back by `release`."""
        if worker in self.idle:
            self.idle.remove(worker)
            self.workers.discard(worker)
            self._refill()

    def _target(self) -> int:
        if self.store is None and self.holder is None:
            return 0
        return self.size.workers + self.size.spare

    def _refill(self) -> None:
        """Start workers until there are enough, a few at a time."""
        while (
            not self._closed
            and self._starting < _STARTS_AT_ONCE
            and len(self.workers) + self._starting < self._target()
        ):
            self._starting += 1
            self._background(self._start())

    async def _start(self) -> None:
        self.starts += 1
        try:
            if self.holder is not None:
                worker = await self.holder.fork(self.confinement, self.settings)
            else:
                assert self.store is not None
                worker = await start_worker(self.store, self.confinement, self.settings)
        except WorkerStartError as error:
            _LOG.error("A worker of the %s lane cannot be started: %s", self.name, error)
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        else:
            self._pause = _FIRST_PAUSE
            self._place(worker)
        finally:
            self._starting -= 1
            self._refill()

    async def _open(self, worker: WorkerProcess, store: Path) -> None:
        try:
            await worker.open(store, self.settings)
        except WorkerStartError as error:
            _LOG.error("A worker of the %s lane cannot open the store: %s", self.name, error)
        self._place(worker)

    def _background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@dataclass
class Lanes:
    """All lanes of an engine, with their shared state.

    `outcomes` and `kills` count since the start; `tasks` are executions that are finishing. The
    lane `memory` has workers while a release is held in memory. `slow_in_memory` has hashes of
    texts that were restarted on disk, where they begin from then on.
    """

    options: EngineOptions
    light: Lane
    memory: Lane
    heavy: Lane
    documents: Lane | None
    forwarder: Forwarder | None
    outcomes: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    slow_in_memory: LruCache[int, bool] = field(
        default_factory=lambda: LruCache(_MOST_SLOW, overhead=0)
    )
    _demoted: dict[str, float] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Lane]:
        yield self.memory
        yield from self.on_disk

    @property
    def on_disk(self) -> Iterator[Lane]:
        """The lanes whose workers can read the store from disk."""
        yield from (self.light, self.heavy)
        if self.documents is not None:
            yield self.documents

    def demote(self, client: str) -> None:
        """Send a client's queries to the heavy lane for a while, after one exceeded its slice.

        Queries of the server itself have no client.
        """
        if not client:
            return
        now = asyncio.get_running_loop().time()
        if len(self._demoted) > _MOST_CLIENTS:
            self._demoted = {c: until for c, until in self._demoted.items() if until > now}
        self._demoted[client] = now + _DEMOTED_SECONDS

    def is_demoted(self, client: str) -> bool:
        """Whether a client has to take the heavy lane."""
        until = self._demoted.get(client)
        return until is not None and until > asyncio.get_running_loop().time()
