"""The engine: evaluates jobs in worker processes that can be killed at any time.

It takes a `Job` and returns an `Answer` whose first block is ready, so most failures are known
before a status is sent. Light queries have their own lane; one that exceeds its time slice is moved
to the heavy lane with its worker, or restarted there. Documents have a third lane, whose workers
have the pages loaded. All of them read RocksDB. If the store is small enough, its default graph is
copied into memory, where light queries are evaluated and others start.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

from jiqun.errors import MalformedQuery, QueryTimeout, QueryTooLarge, ReleaseError, ServiceRefused
from jiqun.outbound.backend import DIALECTS, Backend, BackendOptions, authorization, url_of
from jiqun.outbound.forwarder import Forwarder, Rules
from jiqun.query import frames
from jiqun.query.clauses import ServiceCall
from jiqun.query.execution import Execution
from jiqun.query.functions import LANGUAGE_FUNCTION
from jiqun.query.gate import ParsedQuery, ParseKey, cache_parsed
from jiqun.query.held_graph import Copies, as_reach
from jiqun.query.holder_process import SUPPORTED, HolderProcess, copies_within
from jiqun.query.in_process import InProcessEvaluation, read_copy
from jiqun.query.jobs import Answer, DocumentJob, Job
from jiqun.query.lanes import EngineOptions, Lane, Lanes, LaneSize
from jiqun.query.rewriting import Edit
from jiqun.query.worker_process import (
    Confinement,
    WorkerExited,
    WorkerProcess,
    WorkerStartError,
)
from jiqun.release import Release
from jiqun.settings import Settings, read_secret

_LOG: Final = logging.getLogger(__name__)
_HOLD_AGAIN_SECONDS: Final = 60.0
HEAVY_NICENESS: Final = 10
DOCUMENT_NICENESS: Final = 5
_SECRETS: Final = {"update_token", "update_token_file", "backend_credentials_file"}
_BACKEND_SLICE: Final = 1.0
_PARSE_ERRORS: Final = {
    each.__name__: each for each in (MalformedQuery, QueryTooLarge, ServiceRefused)
}


@dataclass(frozen=True, slots=True)
class LaneStatistics:
    """The current state of a lane, and how many workers it has started in all."""

    workers: int
    busy: int
    waiting: int
    starts: int


@dataclass(frozen=True, slots=True)
class BackendStatistics:
    """Queries running on the backend, abandoned ones that may still run there, and refusals."""

    busy: int
    lingering: int
    refusals: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """The current state of the engine; `outcomes` and `kills` count since its start.

    `in_memory` says whether the default graph is held in memory.
    """

    outcomes: Mapping[str, int]
    kills: Mapping[str, int]
    lanes: Mapping[str, LaneStatistics]
    in_memory: bool = False
    backend: BackendStatistics | None = None


class Engine:
    """Workers over one store; `start` before use, `stop` at the end."""

    def __init__(
        self,
        store: Path,
        options: EngineOptions | None = None,
        worker_settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Read `store`, a RocksDB folder that no process writes to.

        `worker_settings` are passed to the document workers.
        """
        options = options or EngineOptions()
        self.options = options
        self.store = store
        self.in_process: InProcessEvaluation | None = None
        self.on_copy: Callable[[], None] | None = None
        """Called when bounded queries can be evaluated in memory."""
        self.backend = Backend(options.backend) if options.backend else None
        self._holders: list[HolderProcess] = []
        """The current holder last; those before it are finishing."""
        self._holding: asyncio.Task[None] | None = None
        queue, documents = options.queue_length, None
        if options.documents:
            documents = self._lane(
                "documents",
                options.document_workers,
                DOCUMENT_NICENESS,
                queue,
                options.documents,
                worker_settings,
            )
        self.lanes = Lanes(
            options,
            self._lane("light", options.light_workers, 0, queue * 4),
            self._lane("memory", options.heavy_workers, HEAVY_NICENESS, queue),
            self._lane("heavy", options.heavy_workers, HEAVY_NICENESS, queue),
            documents,
            Forwarder(options.services) if options.services else None,
        )

    @classmethod
    def from_settings(
        cls, store: Path, settings: Settings, release: Release | None = None, documents: str = ""
    ) -> Self:
        """Create an engine from the settings; `documents` is the module with document functions."""
        options = EngineOptions(
            heavy_workers=settings.workers,
            light_workers=settings.light_workers,
            document_workers=settings.document_workers,
            spare_workers=settings.spare_workers,
            memory_bytes=settings.memory_bytes,
            store_memory_bytes=0 if settings.workspace else settings.store_memory_bytes,
            queue_length=settings.queue_length,
            client_share=settings.client_share,
            services=_rules(settings),
            documents=documents,
            backend=_backend(settings, release),
        )
        if options.backend is not None:  # the backend does the work
            options = replace(options, slice_seconds=_BACKEND_SLICE)
        return cls(store, options, document_settings(settings, release) if release else None)

    @property
    def forwarder(self) -> Forwarder | None:
        """The forwarder of SERVICE calls; None when none are allowed."""
        return self.lanes.forwarder

    async def start(self) -> None:
        """Return once jobs of all lanes can be evaluated; raises `ReleaseError`."""
        if self.forwarder is not None:
            await self.forwarder.start()
            for lane in (self.lanes.light, self.lanes.heavy):
                lane.confinement = replace(lane.confinement, port=self.forwarder.port)
        if self.backend is not None:
            await self.backend.start()
            for lane in self.lanes:
                lane.confinement = replace(lane.confinement, port=self.backend.port)
                lane.settings = self._with_backend(lane.settings)
        opening = [lane.open(self.store) for lane in self.lanes.on_disk]
        for outcome in await asyncio.gather(*opening, return_exceptions=True):
            if isinstance(outcome, WorkerStartError):
                await self.stop()
                raise ReleaseError(
                    "The store of the release cannot be read, so no query can be answered. Build "
                    f"the release again. The worker reports: {outcome}"
                ) from outcome
            if outcome is not None:
                raise outcome
        if self.backend is None:
            self.in_process = InProcessEvaluation(self.store)
            self._begin_holding()

    def _with_backend(self, settings: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        if self.backend is None:
            return settings
        return {**(settings or {}), "backend": self.backend.address}

    async def stop(self) -> None:
        """End every job and every worker."""
        await self._stop_holding()
        for task in list(self.lanes.tasks):
            task.cancel()
        await asyncio.gather(*self.lanes.tasks, return_exceptions=True)
        await asyncio.gather(*(lane.close() for lane in self.lanes))
        for holder in self._holders:
            holder.kill()
            await holder.exited()
        if self.forwarder is not None:
            await self.forwarder.stop()
        if self.backend is not None:
            await self.backend.stop()

    async def switch(
        self, store: Path, worker_settings: Mapping[str, Any] | None = None, url: str = ""
    ) -> None:
        """Answer from another store from now on; what runs ends on the one it began with.

        `url` is that of the dataset of an engine elsewhere. Raises `ReleaseError`, and stays with
        the old store, when the new one cannot be read.
        """
        await self._stop_holding()
        turns = self.backend is not None and url not in {"", self.backend.url}
        if self.backend is not None and turns:
            self.backend.turn_to(url)
        prepared: list[tuple[Lane, WorkerProcess, Mapping[str, Any] | None]] = []
        try:
            for lane in self.lanes.on_disk:
                changed = worker_settings if lane is self.lanes.documents else None
                settings = self._with_backend(changed or lane.settings)
                prepared.append((lane, await lane.prepare(store, settings), settings))
            in_process = None
            if self.backend is None:
                in_process = await asyncio.to_thread(InProcessEvaluation, store)
        except (WorkerStartError, OSError) as error:
            for lane, worker, _ in prepared:
                lane.dismiss(worker)
            if self.backend is not None and turns:
                self.backend.turn_back()
            if not self._in_memory:
                self._begin_holding()
            raise ReleaseError(f"The new store cannot be read: {error}") from error
        for lane, worker, settings in prepared:  # all at once: no client sees old after new
            lane.adopt(worker, store, settings)
        self.store, self.in_process = store, in_process
        self._leave_holder()

    @property
    def _in_memory(self) -> bool:
        held = bool(self.lanes.light.holder and self.lanes.memory.workers)
        return held and (self._holding is None or self._holding.done())

    def _begin_holding(self, after: float = 0.0) -> None:
        """Let workers share the store in memory, when it is small enough."""
        if not SUPPORTED or self.backend is not None:
            return
        copies = copies_within(self.options.store_memory_bytes, self.store)
        if copies is not None:
            self._holding = asyncio.create_task(self._hold(self.store, copies, after))

    async def _hold(self, store: Path, copies: Copies, after: float) -> None:
        await asyncio.sleep(after)
        try:
            holder = await HolderProcess.start(store, copies)
        except (WorkerStartError, OSError) as error:
            _LOG.warning("The default graph is read from disk instead of memory: %s", error)
            return
        self._holders = [*(each for each in self._holders if each.alive), holder]
        try:
            for lane in (self.lanes.light, self.lanes.memory):
                await lane.hold(holder)
        except WorkerStartError as error:
            _LOG.warning("The default graph is read from disk instead of memory: %s", error)
            self._lose_holder(holder)
        else:
            holder.on_loss = lambda: self._lose_holder(holder)
            for other in self._holders[:-1]:
                other.finish()
            if copies is not Copies.WHOLE:
                await self._copy_into_process(holder)

    async def _copy_into_process(self, holder: HolderProcess) -> None:
        """Let bounded queries be evaluated in memory from now on."""
        local = self.in_process
        if local is None or local.copy is not None:
            return
        loading = ThreadPoolExecutor(1)
        try:
            local.copy = await asyncio.get_running_loop().run_in_executor(
                loading, read_copy, holder.copy(), local.store, holder.omitted, holder.slim
            )
        except OSError as error:
            _LOG.warning("Bounded queries are evaluated on disk instead of memory: %s", error)
            return
        finally:
            loading.shutdown(wait=False)
        if self.on_copy is not None:
            self.on_copy()

    def _leave_holder(self) -> None:
        """Let holders exit with their last worker, and start one for the current store."""
        self.lanes.slow_in_memory.clear()
        for lane in self.lanes:
            lane.let_go()
        for holder in self._holders:
            holder.finish()
        self._begin_holding()

    def _lose_holder(self, holder: HolderProcess) -> None:
        """Fall back to workers that read RocksDB, and retry later."""
        holder.kill()
        for lane in self.lanes:
            lane.let_go()
        self._begin_holding(_HOLD_AGAIN_SECONDS)

    async def _stop_holding(self) -> None:
        """Cancel a copy into memory."""
        if self._holding is not None:
            self._holding.cancel()
            await asyncio.gather(self._holding, return_exceptions=True)
            self._holding = None

    @property
    def ready(self) -> bool:
        """Whether all lanes have workers."""
        return all(lane.workers for lane in self.lanes.on_disk)

    def adapted(self, parsed: ParsedQuery) -> ParsedQuery:
        """Return the query as its evaluator needs it: a backend gets it without our edits."""
        if self.backend is None or not parsed.edits:
            return parsed
        kept = parsed.edits if self.backend.options.dialect.is_oxigraph else ()
        return replace(
            parsed, edits=tuple(each for each in kept if LANGUAGE_FUNCTION not in each.text)
        )

    async def run(self, job: Job | DocumentJob, frame: bytes | None = None) -> Answer:
        """Evaluate a job, whose `frame` may be packed already.

        The `blocks` of an answer, if any, must be read to the end or closed. Cancelling the task,
        or closing the blocks, stops the evaluation. Raises `Busy`, `QueryTimeout`,
        `MemoryLimitExceeded`, `WorkerFailed`, and what the job itself raises.
        """
        return await Execution(self.lanes, job, frame).run()

    async def parse(self, key: ParseKey, client: str, seconds: float) -> None:
        """Parse a long query in a heavy worker and cache the result where the gate looks first.

        Tokenizing a text of the maximum length takes tens of milliseconds, which would block the
        event loop. Raises what the gate raises, `Busy`, or `QueryTimeout` when it takes longer than
        `seconds`.
        """
        text, limits, allowed = key
        loop = asyncio.get_running_loop()
        entered = loop.time()
        worker = await self.lanes.heavy.acquire(client, seconds)
        began = loop.time()
        timer = loop.call_at(entered + seconds, worker.kill)
        retire = True
        try:
            order = {"text": text, "limits": asdict(limits), "allowed": sorted(allowed)}
            worker.send(frames.PARSE, order)
            kind, body = await worker.receive()
            retire = False
        except WorkerExited:
            raise QueryTimeout(f"The query could not be parsed within {seconds:g} s.") from None
        finally:
            timer.cancel()
            self.lanes.heavy.release(worker, client, loop.time() - began, retire)
        found = json.loads(body)
        if kind == frames.ERROR:
            raise _PARSE_ERRORS[found["error"]](found["detail"])
        found["calls"] = tuple(ServiceCall(*call) for call in found["calls"])
        found["row_limit_span"] = tuple(found["row_limit_span"])
        found["reach"] = found["reach"] and as_reach(found["reach"])
        found["warnings"] = tuple(found["warnings"])
        found["edits"] = tuple(Edit(*edit) for edit in found["edits"])
        if found["dataset"] is not None:
            found["dataset"] = tuple(tuple(graphs) for graphs in found["dataset"])
        cache_parsed(key, ParsedQuery(**found))

    def statistics(self) -> Statistics:
        """Return the current statistics."""
        lanes = {
            lane.name: LaneStatistics(len(lane.workers), lane.busy, lane.waiting, lane.starts)
            for lane in self.lanes
        }
        far = self.backend
        backend = BackendStatistics(far.busy, far.lingering, far.refusals) if far else None
        return Statistics(
            dict(self.lanes.outcomes), dict(self.lanes.kills), lanes, self._in_memory, backend
        )

    def _lane(
        self,
        name: str,
        workers: int,
        niceness: int,
        queue: int,
        preload: str = "",
        settings: Mapping[str, Any] | None = None,
    ) -> Lane:
        options = self.options
        share = max(1, round((queue + workers) * options.client_share))
        size = LaneSize(workers, options.spare_workers, queue, share)
        confinement = Confinement(niceness, options.memory_bytes, preload=preload)
        return Lane(name, size, confinement, settings)


def document_settings(settings: Settings, release: Release) -> dict[str, Any]:
    """Return the release folder and settings for document workers."""
    shown = settings.model_dump(mode="json", exclude=_SECRETS)
    folder = str(release.folder.resolve()) if release.identifier else None
    return {"release": folder, "identifier": release.identifier, "settings": shown}


def _backend(settings: Settings, release: Release | None) -> BackendOptions | None:
    """Return the configured backend; raises `SettingsError`."""
    if settings.backend is None:
        return None
    secret = ""
    if settings.backend_credentials_file is not None:
        secret = read_secret(settings.backend_credentials_file, "The credentials of the backend")
    return BackendOptions(
        url_of(settings.backend, release.identifier if release else ""),
        DIALECTS[settings.backend_kind],
        settings.backend_seconds,
        settings.backend_connections,
        authorization(secret) if secret else "",
    )


def _rules(settings: Settings) -> Rules | None:
    """Return the configured rules for SERVICE, None when it is not allowed."""
    if not settings.service_allow:
        return None
    return Rules(
        frozenset(settings.service_allow),
        settings.service_networks,
        settings.service_calls,
        settings.service_bytes,
    )
