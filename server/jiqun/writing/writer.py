"""The writer process: applies changes to a workspace, one after the other.

`python -m jiqun.writing.writer`, started only by the server. Requests arrive as frames over a
socket pair; each is applied atomically.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

from jiqun.errors import (
    EvaluationFailed,
    InsufficientStorage,
    JiqunError,
    MalformedQuery,
    MemoryLimitExceeded,
    NotFound,
    PreconditionFailed,
    UpdateFailed,
    UpdateRefused,
    WorkspaceError,
    useful_part,
)
from jiqun.query import frames, sandbox
from jiqun.query.diagnosis.mistakes import describe, find_mistake
from jiqun.query.functions import call_with_functions
from jiqun.query.gate import Limits
from jiqun.rdf.parsing import Graph, read_graph
from jiqun.writing.updates import EngineUpdate, Load, Merge, inspect_update
from jiqun.writing.workspace import LiteralChanges, Protected, Workspace, open_workspace

# Up to this number of quads are added in one transaction; more are bulk-loaded.
FEW: Final = 5_000
STACK_BYTES: Final = 256 * 1024 * 1024
# A killed writer releases its lock within this number of seconds.
_LOCK_SECONDS: Final = 3.0
# A bulk-loaded quad takes about 1 KB of memory; the rest is for other work.
_BYTES_OF_A_QUAD: Final = 4096
_DISK_FULL: Final = ("No space left on device", "Disk quota exceeded")


class Cancelled(Exception):
    """The server cancelled this request."""


class Gone(Exception):
    """The server has exited."""


def apply(
    store: ox.Store, part: EngineUpdate, services: Sequence[str] = (), step: int = FEW
) -> None:
    """Apply operations that may call `services`; at most `step` quads are added at a time.

    Raises `MalformedQuery`, `EvaluationFailed`, `UpdateFailed` and what the engine raises; the
    store must be discarded then.
    """
    source, merge, scope = part.source, part.merge, part.scope
    if source is not None and not exists(store, ox.NamedNode(source.graph)):
        if source.silent:
            return
        raise UpdateFailed(
            f"There is no graph <{source.graph[:200]}> to read from. With SILENT, the operation "
            "does nothing."
        )
    if merge is not None:
        add(store, _merged(store, merge), step)
    try:
        call_with_functions(
            partial(store.update, part.text, base_iri=scope.base, prefixes=dict(scope.prefixes))
        )
    except SyntaxError as error:
        raise MalformedQuery(describe(part.locate(error.msg))) from None
    except OSError as error:
        if services:
            text = f"A SERVICE call failed: {useful_part(str(error))}"
            raise EvaluationFailed(text) from None
        raise
    if merge is not None:
        store.remove_graph(ox.NamedNode(merge.name))


def _merged(store: ox.Store, merge: Merge) -> Iterator[ox.Quad]:
    name = ox.NamedNode(merge.name)
    for graph in merge.graphs:
        for quad in store.quads_for_pattern(None, None, None, ox.NamedNode(graph)):
            yield ox.Quad(quad.subject, quad.predicate, quad.object, name)


def add(store: ox.Store, quads: Iterable[ox.Quad], step: int) -> None:
    """Add quads, at most `step` at a time when they are many."""
    rest = iter(quads)
    first = list(islice(rest, FEW))
    if len(first) < FEW:
        store.extend(first)
        return
    rest = chain(first, rest)
    while block := list(islice(rest, step)):
        store.bulk_extend(block)


def exists(store: ox.Store, graph: Graph) -> bool:
    """Return whether a graph exists; the default graph does if it is not empty."""
    if isinstance(graph, ox.DefaultGraph):
        return next(store.quads_for_pattern(None, None, None, graph), None) is not None
    return store.contains_named_graph(graph)


class Writer:
    """A workspace and the connection to the server."""

    def __init__(self, connection: socket.socket, memory: int) -> None:
        """Serve `connection`; a request may take `memory` bytes."""
        self._connection = connection
        self._memory = memory
        self._step = max(FEW, memory // _BYTES_OF_A_QUAD)
        self._opened: Workspace | None = None
        self._literals = LiteralChanges()
        self._stale = False

    def serve(self) -> None:
        """Apply requests until the connection closes."""
        actions = {
            frames.REBASE: self._rebase,
            frames.UPDATE: self._update,
            frames.GRAPH: self._change_graph,
        }
        while (frame := frames.receive(self._connection)) is not None:
            kind, body = frame
            if kind == frames.OPEN:
                self._open(json.loads(body))
            elif kind in actions:
                self._attempt(actions[kind], json.loads(body))

    @property
    def _workspace(self) -> Workspace:
        assert self._opened is not None
        return self._opened

    def _open(self, request: dict[str, Any]) -> None:
        try:
            self._opened = open_workspace(Path(request["workspace"]), _LOCK_SECONDS)
        except (JiqunError, OSError) as error:
            self._send(frames.ERROR, {"detail": str(error)})
            return
        sandbox.limit_memory(self._memory)
        self._send(frames.READY, self._state())

    def _state(self) -> dict[str, object]:
        return {"number": self._workspace.number, "store": str(self._workspace.published)}

    def _attempt(self, action: Callable[[Any], bool], request: dict[str, Any]) -> None:
        """Apply one request; undo it when it fails."""
        self._literals = LiteralChanges()
        try:
            if self._stale:
                self._reset()
            created = action(request)
        except Cancelled:
            return
        except Gone:
            raise
        except Exception as error:
            failure = _translated(error)
            self._stale = True
            with suppress(OSError, JiqunError):  # as on a full disk; the next request retries
                self._reset()
            self._fail(failure, "" if failure is error else repr(error))
        except BaseException as error:
            # After a panic of the engine, its state must not be reused.
            self._fail(UpdateFailed("The update failed inside the engine."), repr(error))
            os._exit(1)
        else:
            result = {"created": created, "changed_literals": self._literals.total}
            self._send(frames.END, {**self._state(), **result})
            self._workspace.tidy()

    def _reset(self) -> None:
        self._workspace.reset()
        self._stale = False

    def _rebase(self, request: dict[str, Any]) -> bool:
        if request["release"] != self._workspace.release:
            below = Path(request["store"]) if request["store"] else None
            self._workspace.rebase(request["release"], below, request["keep_seconds"])
        return False

    def _update(self, request: dict[str, Any]) -> bool:
        try:
            return self._apply(request)
        except MalformedQuery as refusal:
            mistake = find_mistake(request["text"], update=True)
            raise MalformedQuery(mistake or refusal.detail) from None

    def _apply(self, request: dict[str, Any]) -> bool:
        inspection = inspect_update(
            request["text"],
            Limits(**request["limits"]),
            max_characters=request["max_characters"],
            base=request["base"],
            using=request["using"],
            using_named=request["using_named"],
            services=request["services"],
        )
        for literal in inspection.literals:
            self._literals.count(literal)
        loads = [part for part in inspection.parts if isinstance(part, Load)]
        documents = iter(self._fetch(loads))
        for part in inspection.parts:
            if isinstance(part, EngineUpdate):
                apply(self._workspace.store, part, inspection.services, self._step)
            elif (document := next(documents)) is not None:
                self._load(part, *document)
        if inspection.parts:
            touched = None if inspection.removing else ()
            self._workspace.publish(request["keep_seconds"], touched)
        return False

    def _fetch(self, loads: list[Load]) -> list[tuple[bytes, str, str] | None]:
        """Make the server fetch documents: body, content type and base of each, None if skipped."""
        if not loads:
            return []
        self._send(frames.FETCH, {"loads": [[load.source, load.silent] for load in loads]})
        return [self._document() for _ in loads]

    def _document(self) -> tuple[bytes, str, str] | None:
        kind, body = self._receive()
        if kind == frames.CANCEL:
            raise Cancelled
        if kind == frames.SKIP:
            return None
        head = json.loads(body)
        _, data = self._receive()
        return data, head["content_type"], head["base"]

    def _load(self, part: Load, body: bytes, content_type: str, base: str) -> None:
        """Add a document for LOAD."""
        graph = ox.DefaultGraph() if part.graph is None else ox.NamedNode(part.graph)
        try:
            quads: Iterable[ox.Quad] = read_graph(body, content_type, base, graph)
            if part.silent:
                quads = list(quads)  # all or nothing
            self._add(quads)
        except JiqunError as error:
            if not part.silent:
                text = f"LOAD <{part.source[:200]}> failed: {error.detail}"
                raise UpdateFailed(text) from None
        if part.graph is not None:
            self._workspace.store.add_graph(graph)

    def _add(self, quads: Iterable[ox.Quad]) -> None:
        add(self._workspace.store, self._literals.watch(quads), self._step)

    def _change_graph(self, request: dict[str, Any]) -> bool:
        """Replace, extend or drop a graph; return whether it is new."""
        _, body = self._receive()
        store = self._workspace.store
        graph = ox.DefaultGraph() if request["graph"] is None else ox.NamedNode(request["graph"])
        existed = exists(store, graph)
        action = request["action"]
        if request["only_new"] and existed:
            raise PreconditionFailed("The graph exists already (If-None-Match: *).")
        if action == "drop":
            if not existed and request["graph"] is not None:
                raise NotFound("There is no graph of this name.")
            store.remove_graph(graph)
        else:
            if action == "replace" and existed:
                store.clear_graph(graph)
            self._add(read_graph(body, request["content_type"], request["base"], graph))
            if not isinstance(graph, ox.DefaultGraph):
                store.add_graph(graph)
        touched = () if action == "extend" else (graph,)
        self._workspace.publish(request["keep_seconds"], touched)
        return not existed

    def _receive(self) -> tuple[bytes, bytes]:
        frame = frames.receive(self._connection)
        if frame is None:
            raise Gone
        return frame

    def _fail(self, error: JiqunError, log: str) -> None:
        self._send(
            frames.ERROR,
            {
                "error": type(error).__name__,
                "detail": error.detail,
                "line": getattr(error, "line", None),
                "column": getattr(error, "column", None),
                "log": log,
            },
        )

    def _send(self, kind: bytes, body: dict[str, Any]) -> None:
        self._connection.sendall(frames.pack(kind, body))


def _translated(error: Exception) -> JiqunError:
    known: JiqunError
    if isinstance(error, JiqunError):
        known = error
    elif isinstance(error, Protected):
        known = UpdateRefused(
            f"The change would remove statements of the release, among them {error}. The release "
            "is read-only; only statements added by users can be removed."
        )
    elif isinstance(error, MemoryError):
        known = MemoryLimitExceeded("The update exceeded its memory limit.")
    elif any(sign in str(error) for sign in _DISK_FULL):
        known = InsufficientStorage(
            "The disk of the workspace is full. Nothing was changed; the operator has to free "
            "space."
        )
    elif isinstance(error, OSError):
        known = WorkspaceError("The workspace cannot be written now; the reason has been logged.")
    elif isinstance(error, RuntimeError | ValueError):
        known = UpdateFailed(f"The update cannot be applied: {useful_part(str(error))}.")
    else:
        known = UpdateFailed(
            "The update failed because of an internal error, which has been logged."
        )
    return known


def main(arguments: list[str]) -> None:
    """Run a writer; the arguments are the socket's descriptor, niceness, memory and port."""
    number, niceness, memory, port, _ = arguments
    sandbox.confine(int(niceness), int(port))
    connection = socket.socket(fileno=int(number))
    threading.stack_size(STACK_BYTES)
    thread = threading.Thread(target=_run, args=(Writer(connection, int(memory)),))
    thread.start()
    thread.join()


def _run(writer: Writer) -> None:
    try:
        writer.serve()
    except (OSError, Gone):
        pass  # the server has exited
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
