"""A lane: some workers, the queries they run, and the queue before them.

A lane runs at most `size` queries at once and keeps a few workers more than that warm, so that a
killed one is replaced before anybody notices. The queue is bounded, and one client may hold only
a share of workers and queue together; who holds least is served first.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jiqun.errors import Busy
from jiqun.query.worker_process import Confines, WorkerNotStarted, WorkerProcess, start_worker

_LOG: Final = logging.getLogger(__name__)
_STARTS_AT_ONCE: Final = 2
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_MOST_ANSWERS: Final = 100_000
# Clients that ask again at once would keep the server busy with turning them away.
_REFUSAL_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class LaneSize:
    """How many queries run at once, how many workers are kept beyond, and the queue's bounds."""

    workers: int
    spare: int
    queue: int
    client_share: int


@dataclass(eq=False, slots=True)
class _Waiting:
    client: str
    turn: asyncio.Future[WorkerProcess]


class Lane:
    """The workers for one kind of query."""

    def __init__(self, name: str, size: LaneSize, confines: Confines) -> None:
        """Make a lane that is empty until `open` is called."""
        self.name = name
        self.size = size
        self.confines = confines
        self.store: Path | None = None
        self.workers: set[WorkerProcess] = set()
        self.idle: list[WorkerProcess] = []
        self.waiting: deque[_Waiting] = deque()
        self.running: Counter[str] = Counter()
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
        """Start the first worker, raising `WorkerNotStarted`, and the others after it."""
        self.store = store
        self._settle(await start_worker(store, self.confines))
        self._refill()

    async def close(self) -> None:
        """End all workers and turn away whoever waits."""
        self._closed = True
        for waiting in self.waiting:
            if not waiting.turn.done():
                waiting.turn.set_exception(Busy("The server is shutting down."))
        workers = list(self.workers)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in {*workers, *self.workers}:
            worker.kill()
            await worker.ended()

    @property
    def free(self) -> bool:
        """Whether a query would run at once."""
        return bool(self.idle) and self.busy < self.size.workers and not self.waiting

    async def acquire(self, client: str, seconds: float) -> WorkerProcess:
        """Wait for a worker, at most so many seconds; raises `Busy`."""
        if self._held[client] >= self.size.client_share:
            await asyncio.sleep(_REFUSAL_SECONDS)
            raise self.turned_away("You have as many queries under way as one client may have.")
        if self.free:
            self._held[client] += 1
            return self._take(client)
        if len(self.waiting) >= self.size.queue:
            await asyncio.sleep(_REFUSAL_SECONDS)
            raise self.turned_away("Too many queries are waiting.")
        self._held[client] += 1
        waiting = _Waiting(client, asyncio.get_running_loop().create_future())
        self.waiting.append(waiting)
        try:
            async with asyncio.timeout(seconds):
                return await waiting.turn
        except BaseException as error:
            self._withdraw(waiting)
            if isinstance(error, TimeoutError):
                raise self.turned_away("No worker became free in time.") from None
            raise

    def release(self, worker: WorkerProcess, client: str, seconds: float, retire: bool) -> None:
        """Take a worker back after `seconds` of work; `retire` says not to use it again."""
        self._mean_seconds += 0.1 * (seconds - self._mean_seconds)
        self._leave(client)
        worker.answered += 1
        if retire or worker.answered >= _MOST_ANSWERS or len(self.workers) > self._target():
            worker.kill()
        self._settle(worker)
        self._dispatch()

    def hand_over(self, worker: WorkerProcess, client: str, other: Lane) -> None:
        """Give a running worker to another lane, together with its query."""
        self._leave(client)
        self.workers.discard(worker)
        other.workers.add(worker)
        other.busy += 1
        other.running[client] += 1
        other._held[client] += 1
        self._refill()

    def turned_away(self, reason: str) -> Busy:
        """Make the error for who gets no worker, with an estimate of when there will be one."""
        expected = self._mean_seconds * (len(self.waiting) + 1) / self.size.workers
        seconds = min(30, max(1, round(expected)))
        return Busy(f"{reason} Try again in {seconds} s.", seconds)

    async def reopen(self, store: Path) -> None:
        """Read `store` from now on; returns once a worker does, raises `WorkerNotStarted`.

        Queries that run stay with what they read. Others begin on the new store only.
        """
        worker = await self._reopened(store) or await start_worker(store, self.confines)
        self.store = store
        before, self.idle = self.idle, []
        self._settle(worker)
        for other in before:
            self._settle(other)
        self._dispatch()

    async def _reopened(self, store: Path) -> WorkerProcess | None:
        """Make an idle worker read `store`; None when there is none or its memory is used up."""
        if not self.idle:
            return None
        worker = self.idle.pop(0)
        self.workers.discard(worker)
        try:
            await worker.open(store)
        except WorkerNotStarted:
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

    def _withdraw(self, waiting: _Waiting) -> None:
        """Undo a wait, even when its turn came at the very moment it was given up."""
        turn = waiting.turn
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self.release(turn.result(), waiting.client, self._mean_seconds, retire=False)
            return
        self._held[waiting.client] -= 1
        if self._held[waiting.client] <= 0:
            del self._held[waiting.client]
        if waiting in self.waiting:
            self.waiting.remove(waiting)

    def _settle(self, worker: WorkerProcess) -> None:
        """Put a worker where it belongs: to the idle, to the new store, or away."""
        if self._closed or not worker.alive:
            worker.kill()
            self.workers.discard(worker)
            self._refill()
            return
        self.workers.add(worker)
        worker.on_gone = self._bury
        # By identity: another store may stand under the same name, as after a new build.
        if worker.store is self.store or self.store is None:
            self.idle.append(worker)
            self._dispatch()
        else:
            self._background(self._open(worker, self.store))

    def _dispatch(self) -> None:
        while self.waiting and self.idle and self.busy < self.size.workers:
            waiting = min(self.waiting, key=lambda each: self.running[each.client])
            self.waiting.remove(waiting)
            if not waiting.turn.done():
                waiting.turn.set_result(self._take(waiting.client))

    def _bury(self, worker: WorkerProcess) -> None:
        """Replace a worker that ended while it was idle; a busy one comes back by `release`."""
        if worker in self.idle:
            self.idle.remove(worker)
            self.workers.discard(worker)
            self._refill()

    def _target(self) -> int:
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
        assert self.store is not None
        self.starts += 1
        try:
            worker = await start_worker(self.store, self.confines)
        except WorkerNotStarted as error:
            _LOG.error("A worker of the %s lane does not start: %s", self.name, error)
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        else:
            self._pause = _FIRST_PAUSE
            self._settle(worker)
        finally:
            self._starting -= 1
            self._refill()

    async def _open(self, worker: WorkerProcess, store: Path) -> None:
        try:
            await worker.open(store)
        except WorkerNotStarted as error:
            _LOG.error("A worker of the %s lane cannot open the store: %s", self.name, error)
        self._settle(worker)

    def _background(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
