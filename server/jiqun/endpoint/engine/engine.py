"""The engine: answers queries in worker processes that can be stopped at any moment.

In: a `Job`. Out: an `Answer`, whose first block is ready (so most failures are known before a
status is sent) and whose other blocks come as the reader takes them. Light queries have a lane of
their own; one that takes longer than its slice is moved to the heavy lane, worker and all, or
begins anew there.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

from jiqun.endpoint.engine.lanes import Lane, LaneSize
from jiqun.endpoint.engine.running import Running
from jiqun.endpoint.engine.worker_process import Confines, WorkerNotStarted
from jiqun.endpoint.federation.forwarder import Forwarder, Rules
from jiqun.endpoint.sparql.gate import DEFAULT_LIMITS, Limits, inspect
from jiqun.errors import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jiqun.endpoint.engine.jobs import Job
    from jiqun.endpoint.sparql.gate import Inspection
    from jiqun.settings import Settings

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
