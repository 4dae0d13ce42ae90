"""Why a query was not answered, as an error for the person who asked it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from jiqun.errors import (
    EvaluationFailed,
    JiqunError,
    MalformedQuery,
    MemoryLimitExceeded,
    NotAcceptable,
    QueryTimeout,
    ReleaseError,
    ResultTooLarge,
    WorkerFailed,
)
from jiqun.outbound.forwarder import Forwarder, Permit, Rules
from jiqun.query import frames
from jiqun.query.gate import (
    DEFAULT_LIMITS,
    Inspection,
    Limits,
    inspect,
    with_row_limit,
    with_services_at,
)
from jiqun.query.job import Answer, Job
from jiqun.query.lanes import Lane, LaneSize
from jiqun.query.worker_process import Confines, WorkerGone, WorkerNotStarted, WorkerProcess
from jiqun.settings import Settings

OF_THE_QUERY: Final[dict[str, tuple[type[JiqunError], str]]] = {
    "syntax": (MalformedQuery, "The query is not valid SPARQL: "),
    "evaluation": (EvaluationFailed, "The query cannot be evaluated: "),
    "service": (EvaluationFailed, "A SERVICE call failed: "),
    "media": (NotAcceptable, ""),
    "large": (ResultTooLarge, ""),
}
"""What a worker reports, and how it is put."""


def reported(kind: str, detail: str) -> JiqunError:
    """Make the error for what a worker reports; of an internal one, nothing is told."""
    if kind not in OF_THE_QUERY:
        return WorkerFailed("The query could not be answered because of an internal failure.")
    error, opening = OF_THE_QUERY[kind]
    return error(f"{opening}{detail}")


def too_slow(seconds: float) -> QueryTimeout:
    """Make the error for a query that reached its deadline."""
    return QueryTimeout(
        f"The query did not end within {seconds:g} s and was stopped. Make it more specific, or "
        "ask for fewer rows."
    )


def out_of_memory(most: int) -> MemoryLimitExceeded:
    """Make the error for a query that needed more than `most` bytes."""
    return MemoryLimitExceeded(
        f"The query needed more than {most // (1024 * 1024)} MiB of memory and was stopped. Sort, "
        "group or collect less, or ask for it in parts."
    )


def crashed() -> WorkerFailed:
    """Make the error for a query whose worker ended by itself."""
    return WorkerFailed(
        "The query made its worker fail; nobody else was touched. Make the query simpler."
    )


def unserved(trouble: str) -> EvaluationFailed:
    """Make the error for a SERVICE call that came to nothing."""
    return EvaluationFailed(
        f"A SERVICE call failed: {trouble or 'the answer of the endpoint cannot be read.'}"
    )


class Running:
    """The context in which an answer is read; see `Engine.answer`."""

    def __init__(self, engine: Engine, job: Job) -> None:
        """Prepare; nothing happens before the context is entered."""
        self._engine = engine
        self._job = job
        self._loop = asyncio.get_running_loop()
        self._entered = self._loop.time()
        self._deadline = self._entered + job.deadline_seconds
        self._began = self._entered
        self._lane: Lane = engine.light
        self._worker: WorkerProcess | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._started = False
        self._used: float | None = None
        self._guest = False
        self._killed_for = ""
        self._permit: Permit | None = None

    async def __aenter__(self) -> Answer:
        """Wait until the first block is ready; raises what keeps the answer from beginning."""
        try:
            return await self._begin()
        except JiqunError as error:
            self._count(error)
            self._revoke()
            self._let_go()
            raise
        except BaseException:
            self._revoke()
            self._engine.outcomes["cancelled"] += 1
            self._let_go()
            raise

    async def __aexit__(self, *_error: object) -> None:
        """Stop the query if it still runs."""
        self._revoke()
        if self._worker is not None:
            self._engine.outcomes["cancelled"] += 1
            self._let_go()

    async def _begin(self) -> Answer:
        light, heavy = self._engine.light, self._engine.heavy
        # A light query may be a guest of the heavy lane, but not beside heavy queries, where it
        # would be as slow as they are.
        alone = heavy.free and heavy.busy == heavy.guests
        guest = self._job.light and not light.free and alone
        on_heavy = guest or not self._job.light
        order = self._order()
        await self._dispatch(heavy if on_heavy else light, order)
        self._guest = guest
        heavy.guests += guest
        try:
            kind, body = await self._receive()
        except WorkerGone:
            if self._killed_for != "slice":
                raise await self._obituary() from None
            await self._dispatch(heavy, order)
            kind, body = await self._receive_or_fail()
        if kind == frames.ERROR:
            raise self._failure(body)
        return await self._first(json.loads(body))

    async def _dispatch(self, lane: Lane, order: dict[str, object]) -> None:
        """Wait for a worker of the lane and give it the query."""
        job = self._job
        self._lane = lane
        left = self._deadline - self._loop.time()
        self._worker = worker = await lane.acquire(job.client, left)
        self._began = self._loop.time()
        self._killed_for = ""
        self._timers = [self._loop.call_at(self._deadline, self._kill, "deadline")]
        if lane is self._engine.light:
            self._used = worker.processor_seconds()
            self._slice()
        worker.send(frames.JOB, order)

    def _order(self) -> dict[str, object]:
        job = self._job
        inspection = job.inspection or self._engine.inspect(job.text)
        forwarder = self._engine.forwarder
        if inspection.calls and forwarder is not None:
            self._permit = forwarder.permit(inspection.services, self._deadline)
            inspection = with_services_at(inspection, self._permit.addresses)
        limited = job.max_rows is not None and inspection.form == "SELECT"
        return {
            "text": with_row_limit(inspection, (job.max_rows or 0) + 1)
            if limited
            else inspection.text,
            "media_type": job.media_type,
            "base_iri": job.base_iri,
            "default_graphs": job.default_graphs,
            "named_graphs": job.named_graphs,
            "substitutions": dict(job.substitutions),
            "max_rows": job.max_rows,
            "max_bytes": job.max_bytes,
            "services": bool(inspection.calls),
        }

    async def _first(self, start: dict[str, object]) -> Answer:
        self._started = True
        complete = bool(start["complete"])
        rows = start.get("rows")
        _, first = await self._receive_or_fail()
        if complete:
            self._finish(start)
        return Answer(
            media_type=self._job.media_type,
            first=first,
            blocks=_nothing() if complete else self._blocks(),
            complete=complete,
            rows=rows if isinstance(rows, int) else None,
            truncated=bool(start.get("truncated")),
            queue_seconds=self._began - self._entered,
            first_seconds=self._loop.time() - self._began,
        )

    async def _blocks(self) -> AsyncIterator[bytes]:
        try:
            while True:
                kind, body = await self._receive_or_fail()
                if kind == frames.BLOCK:
                    yield body
                elif kind == frames.END:
                    self._finish(json.loads(body))
                    return
                else:
                    raise self._failure(body)
        except JiqunError as error:
            self._count(error)
            self._let_go()
            raise

    async def _receive(self) -> tuple[bytes, bytes]:
        if self._worker is None:
            raise WorkerGone
        return await self._worker.receive()

    async def _receive_or_fail(self) -> tuple[bytes, bytes]:
        try:
            return await self._receive()
        except WorkerGone:
            raise await self._obituary() from None

    def _kill(self, reason: str) -> None:
        if self._worker is not None and self._worker.alive:
            self._killed_for = reason
            self._engine.kills[reason] += 1
            self._worker.kill()
            if reason == "slice":
                self._release(retire=True)

    def _slice(self) -> None:
        seconds = self._engine.options.slice_seconds
        self._timers.append(self._loop.call_later(seconds, self._move))

    def _waited(self, worker: WorkerProcess) -> bool:
        """Tell whether most of the time passed in waiting for the processor of a full machine."""
        used, before = worker.processor_seconds(), self._used
        if self._started or used is None or before is None:
            return False
        return used - before < self._engine.options.slice_seconds / 2

    def _move(self) -> None:
        """Free the light lane of a query that is not so light."""
        light, heavy = self._engine.light, self._engine.heavy
        worker = self._worker
        if worker is None or not worker.alive:
            return
        if self._waited(worker):
            self._slice()
            return
        most = heavy.size.workers * (2 if self._started else 1)
        if heavy.busy < most:
            worker.slow_down(heavy.confines.niceness)
            light.hand_over(worker, self._job.client, heavy)
            self._lane = heavy
        else:
            self._kill("slice")

    async def _obituary(self) -> JiqunError:
        """Say why the worker is gone."""
        if self._killed_for == "deadline":
            return too_slow(self._job.deadline_seconds)
        if self._killed_for == "slice":
            return self._engine.heavy.turned_away("All workers are busy.")
        worker = self._worker
        if worker is None:
            return WorkerFailed("The server is shutting down.")
        if await worker.died_of_memory():
            self._engine.kills["memory"] += 1
            return out_of_memory(self._engine.options.memory_bytes)
        self._engine.kills["crash"] += 1
        return crashed()

    def _failure(self, body: bytes) -> JiqunError:
        report = json.loads(body)
        kind = report["kind"]
        self._release(retire=report["retire"])
        if kind == "memory":
            return out_of_memory(self._engine.options.memory_bytes)
        if self._permit is not None and kind in OF_THE_QUERY and kind != "syntax":
            # What the worker knows is an address of ours.
            return unserved(self._permit.trouble)
        return reported(kind, report["detail"])

    def _count(self, error: JiqunError) -> None:
        self._engine.outcomes[type(error).__name__] += 1

    def _finish(self, end: dict[str, object]) -> None:
        self._engine.outcomes["ok"] += 1
        self._release(retire=bool(end["retire"]))

    def _revoke(self) -> None:
        """Let the query ask nobody any more."""
        if self._permit is not None and self._engine.forwarder is not None:
            self._engine.forwarder.revoke(self._permit)

    def _release(self, retire: bool) -> None:
        for timer in self._timers:
            timer.cancel()
        worker, self._worker = self._worker, None
        if worker is not None:
            self._engine.heavy.guests -= self._guest
            self._guest = False
            seconds = self._loop.time() - self._began
            self._lane.release(worker, self._job.client, seconds, retire)

    def _let_go(self) -> None:
        """Stop the query, gently if it will stop by itself in a moment."""
        if self._worker is None:
            return
        if not self._worker.alive:
            self._release(retire=True)
            return
        self._worker.send(frames.CANCEL, b"")
        task = self._loop.create_task(self._wind_down())
        self._engine.tasks.add(task)
        task.add_done_callback(self._engine.tasks.discard)

    async def _wind_down(self) -> None:
        """Read to the end of the query, or to the end of our patience."""
        retire = True
        try:
            async with asyncio.timeout(self._engine.options.cancel_seconds):
                while True:
                    kind, body = await self._receive()
                    report = json.loads(body) if kind != frames.BLOCK else {}
                    if report.get("complete"):
                        await self._receive()
                    if "retire" in report:
                        retire = bool(report["retire"])
                        break
        except (TimeoutError, WorkerGone):
            self._kill("cancelled")
        finally:
            self._release(retire)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


HEAVY_NICENESS: Final = 10


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How many workers there are and what they may take; sizes in bytes, times in seconds.

    Without `services`, no SERVICE can be called.
    """

    heavy_workers: int = 2
    light_workers: int = 1
    spare_workers: int = 1
    memory_bytes: int = 1024 * 1024 * 1024
    queue_length: int = 256
    client_share: float = 0.5
    slice_seconds: float = 0.1
    cancel_seconds: float = 0.05
    services: Rules | None = None
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True)
class LaneStatistics:
    """One lane at this moment, and how many workers it has started in all."""

    workers: int
    busy: int
    waiting: int
    starts: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """The engine at this moment; `outcomes` and `kills` count since its start."""

    outcomes: Mapping[str, int]
    kills: Mapping[str, int]
    lanes: Mapping[str, LaneStatistics]


class Engine:
    """Workers over one store; `start` before use, `stop` at the end."""

    def __init__(self, store: Path, options: EngineOptions | None = None) -> None:
        """Answer from `store`, a RocksDB folder that nobody writes to."""
        options = options or EngineOptions()
        self.options = options
        self.store = store
        self.outcomes: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self.tasks: set[asyncio.Task[None]] = set()
        self.forwarder = Forwarder(options.services) if options.services else None
        self.light = self._lane("light", options.light_workers, 0, options.queue_length * 4)
        self.heavy = self._lane(
            "heavy", options.heavy_workers, HEAVY_NICENESS, options.queue_length
        )

    @classmethod
    def from_settings(cls, store: Path, settings: Settings) -> Self:
        """Make an engine as the operator wants it."""
        options = EngineOptions(
            heavy_workers=settings.workers,
            light_workers=settings.light_workers,
            memory_bytes=settings.memory_bytes,
            queue_length=settings.queue_length,
            client_share=settings.client_share,
            services=_rules(settings),
        )
        return cls(store, options)

    async def start(self) -> None:
        """Return once queries of both lanes can be answered; raises `ReleaseError`."""
        if self.forwarder is not None:
            await self.forwarder.start()
            for lane in (self.light, self.heavy):
                lane.confines = replace(lane.confines, port=self.forwarder.port)
        opening = (self.light.open(self.store), self.heavy.open(self.store))
        for outcome in await asyncio.gather(*opening, return_exceptions=True):
            if isinstance(outcome, WorkerNotStarted):
                await self.stop()
                raise ReleaseError(
                    "The store of the release cannot be read, so no query can be answered. Build "
                    f"the release again. The worker says: {outcome}"
                ) from outcome
            if outcome is not None:
                raise outcome

    async def stop(self) -> None:
        """End every query and every worker."""
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.gather(self.light.close(), self.heavy.close())
        if self.forwarder is not None:
            await self.forwarder.stop()

    async def switch(self, store: Path) -> None:
        """Answer from another store from now on; what runs ends on the one it began with.

        Raises `ReleaseError`, and stays with the old store, when the new one cannot be read.
        """
        try:
            await self.light.reopen(store)
            await self.heavy.reopen(store)
        except WorkerNotStarted as error:
            if self.light.store != self.store:
                await self.light.reopen(self.store)
            raise ReleaseError(f"The new store cannot be read: {error}") from error
        self.store = store

    @property
    def ready(self) -> bool:
        """Whether both lanes have workers."""
        return bool(self.light.workers) and bool(self.heavy.workers)

    def answer(self, job: Job) -> Running:
        """Answer a job: `async with engine.answer(job) as answer`; leaving it stops the query.

        Entering raises `Busy`, `QueryTimeout`, `MemoryLimitExceeded`, `WorkerFailed`,
        `MalformedQuery`, `EvaluationFailed`, `ResultTooLarge` or `NotAcceptable`.
        """
        return Running(self, job)

    def inspect(self, text: str) -> Inspection:
        """Pass a query through the gate with the limits of this engine."""
        services = self.options.services
        allowed = services.endpoints if services else frozenset()
        return inspect(text, self.options.limits, allowed)

    def statistics(self) -> Statistics:
        """Count what happened and what is under way."""
        lanes = {
            lane.name: LaneStatistics(len(lane.workers), lane.busy, len(lane.waiting), lane.starts)
            for lane in (self.light, self.heavy)
        }
        return Statistics(dict(self.outcomes), dict(self.kills), lanes)

    def _lane(self, name: str, workers: int, niceness: int, queue: int) -> Lane:
        options = self.options
        share = max(1, round((queue + workers) * options.client_share))
        size = LaneSize(workers, options.spare_workers, queue, share)
        return Lane(name, size, Confines(niceness, options.memory_bytes))


def _rules(settings: Settings) -> Rules | None:
    """Give the rules for SERVICE as the operator set them, None when it is not allowed at all."""
    if not settings.service_allow:
        return None
    return Rules(
        frozenset(settings.service_allow),
        settings.service_networks,
        settings.service_calls,
        settings.service_bytes,
    )
