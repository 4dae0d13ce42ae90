"""Serializes changes to a workspace through one writer process."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from jiqun import errors
from jiqun.errors import (
    Busy,
    EvaluationFailed,
    JiqunError,
    MalformedData,
    MemoryLimitExceeded,
    ReleaseError,
    UpdateFailed,
    UpdateRefused,
    UpdateTimeout,
    WorkspaceError,
)
from jiqun.outbound.forwarder import Forwarder, fetch
from jiqun.query import frames
from jiqun.query.gate import Limits
from jiqun.query.protocol import Update
from jiqun.query.service import gate_limits
from jiqun.query.worker_process import (
    Confinement,
    WorkerExited,
    WorkerProcess,
    WorkerStartError,
    start_process,
)
from jiqun.settings import Settings

_LOG: Final = logging.getLogger("jiqun.writing")
Result = TypeVar("Result")

_MAX_WAITING: Final = 64
_REBASE_SECONDS: Final = 3600.0
_STOP_SECONDS: Final = 10.0
_RETRY_PAUSES: Final = (0.1, 0.5, 2.0)
# Readers end within the deadline of a query; checkpoints are kept this much longer.
_SPARE_SECONDS: Final = 60.0

Check = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """The limits of a change; sizes in bytes, times in seconds, exact origins."""

    limits: Limits
    seconds: float = 60.0
    reading_seconds: float = 10.0
    memory_bytes: int = 1024 * 1024 * 1024
    update_length: int = 1_000_000
    document_bytes: int = 64 * 1024 * 1024
    load_allow: tuple[str, ...] = ()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the limits from the settings."""
        return cls(
            limits=gate_limits(settings),
            seconds=settings.update_seconds,
            reading_seconds=settings.deadline_seconds,
            memory_bytes=settings.memory_bytes,
            update_length=settings.update_length,
            document_bytes=settings.write_bytes,
            load_allow=settings.load_allow,
        )


@dataclass(frozen=True, slots=True)
class GraphChange:
    """A change to one graph (None: the default graph) by the Graph Store Protocol.

    `action` is `replace`, `extend` or `drop`; with `only_new` the graph must not exist yet.
    """

    graph: str | None
    action: str
    base: str | None = None
    content_type: str | None = None
    body: bytes = field(default=b"", repr=False)
    only_new: bool = False


@dataclass(frozen=True, slots=True)
class Commit:
    """A published state: the store to read, its number, and what the change did.

    `created` is true if it created a graph; `changed_literals` counts literals that the engine
    stored in another form.
    """

    store: Path
    number: int
    created: bool = False
    changed_literals: int = 0


class WriteService:
    """Changes to the workspace in a folder; `start` before use, `stop` at the end.

    `publish` is awaited with every new state before a change is acknowledged. SERVICE is called
    through `forwarder`, which the caller starts, or refused. Cancelling a caller before its change
    is published undoes the change.
    """

    def __init__(
        self,
        folder: Path,
        options: WriteOptions,
        publish: Callable[[Commit], Awaitable[None]],
        forwarder: Forwarder | None = None,
    ) -> None:
        """Use the workspace in `folder`; nothing is opened before `start`."""
        self.changes = 0
        self.kills = 0
        self._folder = folder
        self._options = options
        self._publish = publish
        self._forwarder = forwarder
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._process: WorkerProcess | None = None
        self._latest = Commit(folder, -1)

    async def start(self, release: str, store: Path | None) -> Commit:
        """Open the workspace over a release ("" for none); raises `WorkspaceError`."""
        process = await self._start_writer()
        try:
            self._latest = await self._rebase(process, release, store)
        except BaseException:
            process.kill()
            raise
        return self._latest

    async def stop(self) -> None:
        """Let the current change finish, then stop the writer."""
        try:
            async with asyncio.timeout(_STOP_SECONDS), self._lock:
                pass
        except TimeoutError:
            _LOG.warning("A change was abandoned because the server is stopping.")
        if self._process is not None:
            self._process.kill()
            await self._process.exited()

    async def update(self, update: Update, base: str) -> Commit:
        """Apply a SPARQL update atomically; relative IRIs are resolved against `base`.

        Raises what the gate raises, `UpdateRefused`, `UpdateFailed`, `UpdateTimeout`,
        `MemoryLimitExceeded`, `WorkspaceError`, `InsufficientStorage` and `Busy`.
        """
        options = self._options
        request: dict[str, object] = {
            "text": update.text,
            "base": base,
            "using": update.using_graphs,
            "using_named": update.using_named_graphs,
            "limits": asdict(options.limits),
            "max_characters": options.update_length,
            "services": {},
        }
        seconds = min(update.options.timeout or options.seconds, options.seconds)
        if self._forwarder is None:
            return await self._change(frames.UPDATE, request, None, seconds)
        deadline = asyncio.get_running_loop().time() + seconds
        permit = self._forwarder.permit(self._forwarder.rules.endpoints, deadline)
        request["services"] = dict(permit.addresses)
        try:
            return await self._change(frames.UPDATE, request, None, seconds)
        except EvaluationFailed as error:
            raise EvaluationFailed(
                f"A SERVICE call failed: {permit.trouble}" if permit.trouble else error.detail
            ) from None
        finally:
            self._forwarder.revoke(permit)

    async def change_graph(self, change: GraphChange, check: Check | None = None) -> Commit:
        """Change one graph; raises as `update` does, `MalformedData`, `NotFound` and others.

        `check` is awaited when it is this change's turn, and may raise to prevent it.
        """
        request = asdict(change)
        body = request.pop("body")
        return await self._change(frames.GRAPH, request, body, self._options.seconds, check)

    async def rebase(self, release: str, store: Path) -> Commit:
        """Replace the base release; readers switch to it as to any change."""
        async with self._turn(_REBASE_SECONDS):
            process = await self._writer()
            return await self._acknowledge(await self._rebase(process, release, store))

    async def _change(
        self,
        kind: bytes,
        request: dict[str, Any],
        body: bytes | None,
        seconds: float,
        check: Check | None = None,
    ) -> Commit:
        deadline = asyncio.get_running_loop().time() + seconds
        async with self._turn(seconds):
            process = await self._writer()
            if check is not None:
                await check()
            process.send(kind, {**request, "keep_seconds": self._keep_seconds})
            if body is not None:
                process.send(frames.BLOCK, body)
            try:
                async with asyncio.timeout_at(deadline):
                    commit = await self._answer(process, deadline)
            except (TimeoutError, WorkerExited) as error:
                commit = await _completed(self._recover(process, error))
            except JiqunError:
                raise
            except BaseException:
                # The client has left: its change must not delay others.
                process.kill()
                self.kills += 1
                with suppress(WorkspaceError):  # the next change retries
                    await _completed(self._start_writer())
                raise
            return await _completed(self._acknowledge(commit))

    @property
    def _keep_seconds(self) -> float:
        return self._options.reading_seconds + _SPARE_SECONDS

    async def _acknowledge(self, commit: Commit) -> Commit:
        if commit.number != self._latest.number:
            await self._make_readable(commit)
            self._latest = commit
            self.changes += 1
        return commit

    async def _make_readable(self, commit: Commit) -> None:
        """Make readers switch to a state, retrying while one lacks memory."""
        for pause in _RETRY_PAUSES:
            try:
                return await self._publish(commit)
            except ReleaseError as error:
                _LOG.warning("Readers cannot open the published state: %s", error.detail)
            await asyncio.sleep(pause)
        raise WorkspaceError(
            "The change was stored, but is not readable until the next change or a restart."
        )

    @asynccontextmanager
    async def _turn(self, seconds: float) -> AsyncIterator[None]:
        """Wait until no other change is running; raises `Busy`."""
        if self._waiting >= _MAX_WAITING:
            raise Busy("Too many changes are waiting. Try again in 2 s.", 2)
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                await self._lock.acquire()
        except TimeoutError:
            raise Busy("Other changes took too long. Try again in 2 s.", 2) from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._lock.release()

    async def _answer(self, process: WorkerProcess, deadline: float) -> Commit:
        """Read the writer's replies, fetching documents, until the change is published."""
        while True:
            kind, body = await process.receive()
            reply = json.loads(body)
            if kind == frames.END:
                return _commit(reply)
            if kind == frames.ERROR:
                raise _error(reply)
            if kind == frames.FETCH:
                await self._send_documents(process, reply["loads"], deadline)

    async def _send_documents(
        self, process: WorkerProcess, loads: Sequence[tuple[str, bool]], deadline: float
    ) -> None:
        """Fetch documents and send them to the writer; `loads` are pairs of URL and SILENT.

        Raises `UpdateRefused`, and `UpdateFailed` unless the LOAD is silent, after cancelling the
        request at the writer.
        """
        left = self._options.document_bytes
        for url, silent in loads:
            seconds = deadline - asyncio.get_running_loop().time()
            try:
                document = await fetch(url, self._options.load_allow, left, seconds)
            except (UpdateFailed, UpdateRefused):
                if silent:  # SILENT also hides refusals (SPARQL 1.1 Update, 3.1.4)
                    process.send(frames.SKIP, {})
                    continue
                process.send(frames.CANCEL, {})
                raise
            left -= len(document.body)
            head = {"content_type": document.content_type, "base": document.base}
            process.send(frames.FETCHED, head)
            process.send(frames.BLOCK, document.body)

    async def _rebase(self, process: WorkerProcess, release: str, store: Path | None) -> Commit:
        below = str(store) if store else None
        request = {"release": release, "store": below, "keep_seconds": self._keep_seconds}
        process.send(frames.REBASE, request)
        try:
            async with asyncio.timeout(_REBASE_SECONDS):
                return await self._answer(process, 0)
        except (WorkerExited, TimeoutError):
            process.kill()
            raise WorkspaceError("The workspace could not be rebased on the release.") from None

    async def _writer(self) -> WorkerProcess:
        """Return the writer, a new one if the last has exited."""
        if self._process is not None and self._process.alive:
            return self._process
        try:
            return await _completed(self._start_writer())
        except WorkspaceError as error:
            _LOG.error("%s", error.detail)
            raise WorkspaceError(
                "The workspace cannot be opened now; the reason has been logged."
            ) from None

    async def _start_writer(self) -> WorkerProcess:
        """Start a writer; a change that the last one published without replying is acknowledged."""
        port = self._forwarder.port if self._forwarder is not None else 0
        try:
            if self._process is not None:
                await self._process.exited()
            process = await start_process(
                "jiqun.writing.writer", Confinement(0, self._options.memory_bytes, port)
            )
            reply = await process.prepare({"workspace": str(self._folder)})
        except WorkerStartError as error:
            raise WorkspaceError(f"The workspace cannot be opened: {error}") from error
        self._process = process
        if self._latest.number >= 0:
            await self._acknowledge(_commit(reply))
        return process

    async def _recover(self, process: WorkerProcess, error: Exception) -> Commit:
        """Start a new writer after one has exited; a change that it published is acknowledged."""
        before = self._latest.number
        self.kills += 1
        if isinstance(error, TimeoutError):
            process.kill()
        out_of_memory = isinstance(error, WorkerExited) and await process.ran_out_of_memory()
        await process.exited()
        _LOG.warning("The writer exited: %r %s", type(error).__name__, process.stderr_tail)
        await self._start_writer()
        if self._latest.number != before:
            return self._latest
        if isinstance(error, TimeoutError):
            raise UpdateTimeout("The update did not finish in time and was undone.") from None
        if out_of_memory:
            raise MemoryLimitExceeded(
                "The update exceeded its memory limit and was undone. Send it in parts."
            ) from None
        raise UpdateFailed("The update crashed the writer and was undone.") from None


async def _completed(work: Coroutine[Any, Any, Result]) -> Result:
    """Await work that must be completed even when the caller is cancelled."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _commit(reply: dict[str, Any]) -> Commit:
    created, changed = bool(reply.get("created")), reply.get("changed_literals", 0)
    return Commit(Path(reply["store"]), reply["number"], created, changed)


def _error(reply: dict[str, Any]) -> JiqunError:
    if reply["log"]:
        _LOG.error("A change failed: %s", reply["log"])
    kind = getattr(errors, reply["error"])
    if kind is MalformedData:
        return MalformedData(reply["detail"], reply["line"], reply["column"])
    error: JiqunError = kind(reply["detail"])
    return error
