"""What the server and its writer say to each other, and what a change may take."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

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
from jiqun.outbound.fetch import fetch
from jiqun.outbound.forwarder import Forwarder
from jiqun.query import frames
from jiqun.query.gate import Limits
from jiqun.query.protocol import Update
from jiqun.query.service import gate_limits
from jiqun.query.worker_process import (
    Confines,
    WorkerGone,
    WorkerNotStarted,
    WorkerProcess,
    start_process,
)
from jiqun.settings import Settings

_LOG: Final = logging.getLogger("jiqun.writing")


@dataclass(frozen=True, slots=True)
class WritingOptions:
    """What a change may take; sizes in bytes, times in seconds, IRIs and origins exact."""

    limits: Limits
    seconds: float = 60.0
    reading_seconds: float = 10.0
    memory_bytes: int = 1024 * 1024 * 1024
    update_length: int = 1_000_000
    document_bytes: int = 64 * 1024 * 1024
    load_allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphChange:
    """A change of one graph, None for the default graph, as the Graph Store Protocol knows it.

    `action` is `replace`, `extend` or `drop`; with `only_new` the graph must not exist yet.
    """

    graph: str | None
    action: str
    base: str | None = None
    content_type: str | None = None
    body: bytes = field(default=b"", repr=False)
    only_new: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """What readers find: the store, its number, and whether the change made a new graph."""

    store: Path
    number: int
    created: bool = False


def published(said: dict[str, Any]) -> Published:
    """Read what the writer says of the state that it published."""
    return Published(Path(said["store"]), said["number"], bool(said.get("created")))


def failure(said: dict[str, Any]) -> JiqunError:
    """Make the error that the writer names."""
    if said["log"]:
        _LOG.error("A change failed: %s", said["log"])
    kind = getattr(errors, said["error"])
    if kind is MalformedData:
        return MalformedData(said["detail"], said["line"], said["column"])
    error: JiqunError = kind(said["detail"])
    return error


async def bring(
    process: WorkerProcess,
    loads: Sequence[tuple[str, bool]],
    options: WritingOptions,
    deadline: float,
) -> None:
    """Send the writer one document after the other; `loads` are URLs, and whether SILENT is there.

    `deadline` is a time of the running loop. Raises `UpdateRefused`, and `UpdateFailed` unless the
    LOAD is silent; the writer has been told then.
    """
    left = options.document_bytes
    for url, silent in loads:
        seconds = deadline - asyncio.get_running_loop().time()
        try:
            document = await fetch(url, options.load_allow, left, seconds)
        except UpdateFailed:
            if not silent:
                process.send(frames.CANCEL, {})
                raise
            process.send(frames.SKIP, {})
            continue
        except UpdateRefused:
            process.send(frames.CANCEL, {})
            raise
        left -= len(document.body)
        head = {"content_type": document.content_type, "base": document.base}
        process.send(frames.DOCUMENT, head)
        process.send(frames.BLOCK, document.body)


_MOST_WAITING: Final = 64
_LAY_SECONDS: Final = 3600.0
_STOP_SECONDS: Final = 10.0
_PAUSES: Final = (0.1, 0.5, 2.0)
# Readers end within the deadline of a query; what they read is kept so much longer.
_SPARE_SECONDS: Final = 60.0


class Writing:
    """Changes to the workspace in a folder; `start` before use, `stop` at the end.

    `publish` is awaited with every new state before a change is acknowledged.
    """

    def __init__(
        self,
        folder: Path,
        options: WritingOptions,
        publish: Callable[[Published], Awaitable[None]],
        forwarder: Forwarder | None = None,
    ) -> None:
        """Use the workspace in `folder`; nothing is opened before `start`.

        SERVICE is called through `forwarder`, which has been started by then, or not at all.
        """
        self.changes = 0
        self.kills = 0
        self._folder = folder
        self._options = options
        self._publish = publish
        self._forwarder = forwarder
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._process: WorkerProcess | None = None
        self._state = Published(folder, -1)

    @classmethod
    def from_settings(
        cls,
        folder: Path,
        settings: Settings,
        publish: Callable[[Published], Awaitable[None]],
        forwarder: Forwarder | None,
    ) -> Self:
        """Write as the operator wants it."""
        options = WritingOptions(
            limits=gate_limits(settings),
            seconds=settings.update_seconds,
            reading_seconds=settings.deadline_seconds,
            memory_bytes=settings.memory_bytes,
            update_length=settings.update_length,
            document_bytes=settings.write_bytes,
            load_allow=settings.load_allow,
        )
        return cls(folder, options, publish, forwarder)

    async def start(self, release: str, store: Path | None) -> Published:
        """Open the workspace over a release (or over none, ""); raises `WorkspaceError`."""
        process = await self._start()
        try:
            self._state = await self._lay(process, release, store)
        except BaseException:
            process.kill()
            raise
        return self._state

    async def stop(self) -> None:
        """Let the change under way end, then end the writer."""
        try:
            async with asyncio.timeout(_STOP_SECONDS), self._lock:
                pass
        except TimeoutError:
            _LOG.warning("A change was given up because the server stops.")
        if self._process is not None:
            self._process.kill()
            await self._process.ended()

    async def update(
        self, update: Update, base: str, check: Callable[[], Awaitable[None]] | None = None
    ) -> Published:
        """Carry out a SPARQL update wholly or not at all; relative IRIs are relative to `base`.

        Raises what the gate raises, `UpdateRefused`, `UpdateFailed`, `UpdateTimeout`,
        `MemoryLimitExceeded`, `WorkspaceError` and `Busy`.
        """
        options = self._options
        order: dict[str, object] = {
            "text": update.text,
            "base": base,
            "using": update.using_graphs,
            "using_named": update.using_named_graphs,
            "limits": asdict(options.limits),
            "most_characters": options.update_length,
            "services": {},
        }
        seconds = min(update.options.timeout or options.seconds, options.seconds)
        if self._forwarder is None:
            return await self._change([(frames.UPDATE, order)], seconds, check)
        deadline = asyncio.get_running_loop().time() + seconds
        permit = self._forwarder.permit(self._forwarder.rules.endpoints, deadline)
        order["services"] = dict(permit.addresses)
        try:
            return await self._change([(frames.UPDATE, order)], seconds, check)
        except EvaluationFailed as error:
            raise EvaluationFailed(
                f"A SERVICE call failed: {permit.trouble}" if permit.trouble else error.detail
            ) from None
        finally:
            self._forwarder.revoke(permit)

    async def change_graph(
        self, change: GraphChange, check: Callable[[], Awaitable[None]] | None = None
    ) -> Published:
        """Change one graph; raises as `update` does, `MalformedData`, `NotFound` and others.

        `check` is awaited when it is this change's turn, and may raise to prevent it.
        """
        order = {
            "graph": change.graph,
            "action": change.action,
            "base": change.base,
            "content_type": change.content_type,
            "only_new": change.only_new,
        }
        sent = [(frames.GRAPH, order), (frames.BLOCK, change.body)]
        return await self._change(sent, self._options.seconds, check)

    async def lay_over(self, release: str, store: Path) -> Published:
        """Put another release below what users wrote; readers get it as they get a change."""
        async with self._turn(_LAY_SECONDS):
            process = await self._alive()
            return await self._acknowledge(await self._lay(process, release, store))

    async def _change(
        self,
        sent: list[tuple[bytes, Any]],
        seconds: float,
        check: Callable[[], Awaitable[None]] | None,
    ) -> Published:
        deadline = asyncio.get_running_loop().time() + seconds
        async with self._turn(seconds):
            process = await self._alive()
            if check is not None:
                await check()
            sent[0][1]["keep_seconds"] = self._options.reading_seconds + _SPARE_SECONDS
            for kind, body in sent:
                process.send(kind, body)
            try:
                async with asyncio.timeout_at(deadline):
                    state = await self._answer(process, deadline)
            except (TimeoutError, WorkerGone) as error:
                state = await self._recover(process, error)
            except JiqunError:
                raise
            except BaseException:
                process.kill()
                raise
            return await self._acknowledge(state)

    async def _acknowledge(self, state: Published) -> Published:
        if state.number != self._state.number:
            await self._make_readable(state)
            self._state = state
            self.changes += 1
        return state

    async def _make_readable(self, state: Published) -> None:
        """Make readers read a state; one that is short of memory for a moment gets more time."""
        for pause in _PAUSES:
            try:
                return await self._publish(state)
            except ReleaseError as error:
                _LOG.warning("Readers cannot open what was published: %s", error.detail)
            await asyncio.sleep(pause)
        raise WorkspaceError(
            "The change was stored, but it cannot be read yet; it will be after the next change "
            "or a restart."
        )

    @asynccontextmanager
    async def _turn(self, seconds: float) -> AsyncIterator[None]:
        """Wait until no other change is under way; raises `Busy`."""
        if self._waiting >= _MOST_WAITING:
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

    async def _answer(self, process: WorkerProcess, deadline: float) -> Published:
        """Read what the writer says, and fetch what it asks for, until the change is published."""
        while True:
            kind, body = await process.receive()
            said = json.loads(body)
            if kind == frames.END:
                return published(said)
            if kind == frames.ERROR:
                raise failure(said)
            if kind == frames.FETCH:
                await bring(process, said["loads"], self._options, deadline)

    async def _lay(self, process: WorkerProcess, release: str, store: Path | None) -> Published:
        keep = self._options.reading_seconds + _SPARE_SECONDS
        below = str(store) if store else None
        process.send(frames.LAY, {"release": release, "store": below, "keep_seconds": keep})
        try:
            async with asyncio.timeout(_LAY_SECONDS):
                return await self._answer(process, 0)
        except (WorkerGone, TimeoutError):
            process.kill()
            raise WorkspaceError("The release could not be laid below the workspace.") from None

    async def _alive(self) -> WorkerProcess:
        """Give the writer, a new one if the last has ended."""
        if self._process is not None and self._process.alive:
            return self._process
        return await self._start()

    async def _start(self) -> WorkerProcess:
        options = self._options
        port = self._forwarder.port if self._forwarder is not None else 0
        confines = Confines(0, options.memory_bytes, port)
        try:
            if self._process is not None:
                await self._process.ended()
            process = await start_process("jiqun.writing.writer", confines)
            said = await process.prepare({"workspace": str(self._folder)})
        except WorkerNotStarted as error:
            raise WorkspaceError(f"The workspace cannot be opened: {error}") from error
        self._process = process
        state = published(said)
        if self._state.number >= 0:
            await self._acknowledge(state)
        return process

    async def _recover(self, process: WorkerProcess, error: Exception) -> Published:
        """Start anew after the writer's end; what it had published counts as done."""
        before = self._state.number
        self.kills += 1
        if isinstance(error, TimeoutError):
            process.kill()
        out_of_memory = isinstance(error, WorkerGone) and await process.died_of_memory()
        await process.ended()
        words = process.last_words()
        _LOG.warning("The writer was ended: %r %s", type(error).__name__, words)
        await self._start()
        if self._state.number != before:
            return self._state
        if isinstance(error, TimeoutError):
            raise UpdateTimeout("The update did not end in time and was undone.") from None
        if out_of_memory:
            raise MemoryLimitExceeded(
                "The update needed more memory than it may take, and was undone. Send it in parts."
            ) from None
        raise UpdateFailed("The update made the writer fail, and was undone.") from None
