"""What changes do to a store: operations of an update, documents that were loaded, quads."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

from jiqun.errors import (
    EvaluationFailed,
    JiqunError,
    MalformedQuery,
    MemoryLimitExceeded,
    NotFound,
    PreconditionFailed,
    UpdateFailed,
    UpdateRefused,
    WorkspaceError,
)
from jiqun.query import frames
from jiqun.query import sandbox as confinement
from jiqun.query.gate import Limits
from jiqun.rdf.parsing import Graph, read_graph
from jiqun.writing.operations import Load, Merge, Text, inspect_update
from jiqun.writing.workspace import Protected, Workspace, open_workspace

# Up to so many quads are added in one transaction, more are bulk-loaded.
FEW: Final = 5_000


def apply(
    store: ox.Store, part: Text, base: str | None, services: Sequence[str], most: int
) -> None:
    """Carry out operations that call `services`; quads are added at most `most` at a time.

    Raises `MalformedQuery`, `EvaluationFailed`, `UpdateFailed` and what the engine raises; the
    store must be given up then.
    """
    source = part.source
    if source is not None and not exists(store, ox.NamedNode(source.graph)):
        if source.silent:
            return
        raise UpdateFailed(
            f"There is no graph <{source.graph[:200]}> to take anything from. With SILENT, the "
            "operation does nothing then."
        )
    if part.merge is not None:
        add(store, _merged(store, part.merge), most)
    try:
        store.update(part.text, base_iri=base)
    except SyntaxError as error:
        raise MalformedQuery(f"The update is not valid SPARQL: {shorten(error.msg)}") from None
    except OSError as error:
        if services:
            text = f"A SERVICE call failed: {shorten(str(error))}"
            raise EvaluationFailed(text) from None
        raise
    if part.merge is not None:
        store.remove_graph(ox.NamedNode(part.merge.name))


def _merged(store: ox.Store, merge: Merge) -> Iterator[ox.Quad]:
    name = ox.NamedNode(merge.name)
    for graph in merge.graphs:
        for quad in store.quads_for_pattern(None, None, None, ox.NamedNode(graph)):
            yield ox.Quad(quad.subject, quad.predicate, quad.object, name)


def load(store: ox.Store, part: Load, document: tuple[bytes, str, str], most: int) -> None:
    """Add a document (body, content type, base) that LOAD asked for; raises `UpdateFailed`."""
    body, content_type, base = document
    graph = ox.DefaultGraph() if part.graph is None else ox.NamedNode(part.graph)
    try:
        quads: Iterable[ox.Quad] = read_graph(body, content_type, base, graph)
        if part.silent:
            quads = list(quads)  # all of it or none
        add(store, quads, most)
    except JiqunError as error:
        if not part.silent:
            text = f"LOAD <{part.source[:200]}> failed: {error.detail}"
            raise UpdateFailed(text) from None
    if part.graph is not None:
        store.add_graph(graph)


def add(store: ox.Store, quads: Iterable[ox.Quad], most: int) -> None:
    """Add quads, in steps of at most `most` when they are many."""
    rest = iter(quads)
    first = list(islice(rest, FEW))
    if len(first) < FEW:
        store.extend(first)
        return
    rest = chain(first, rest)
    while step := list(islice(rest, most)):
        store.bulk_extend(step)


def exists(store: ox.Store, graph: Graph) -> bool:
    """Tell whether a graph exists; the default graph counts from its first triple on."""
    if isinstance(graph, ox.DefaultGraph):
        return next(store.quads_for_pattern(None, None, None, graph), None) is not None
    return store.contains_named_graph(graph)


def shorten(text: str) -> str:
    """Cut what an engine says to what helps."""
    return text if len(text) <= 300 else text[:300].rsplit(",", 1)[0] + " …"


STACK_BYTES: Final = 256 * 1024 * 1024
# A writer that was killed gives its lock back within so many seconds.
_PATIENCE: Final = 3.0
# Memory that a quad takes while it is bulk-loaded is about 1 KB; there is other work too.
_BYTES_OF_A_QUAD: Final = 4096


class Cancelled(Exception):
    """The server does not want the order carried out any more."""


class Gone(Exception):
    """The server has ended."""


class Writer:
    """A workspace and the connection over which it is changed."""

    def __init__(self, connection: socket.socket, memory: int) -> None:
        """Take orders over `connection`; one may take `memory` bytes."""
        self._connection = connection
        self._memory = memory
        self._step = max(FEW, memory // _BYTES_OF_A_QUAD)
        self._workspace: Workspace | None = None

    def serve(self) -> None:
        """Carry out orders until the connection closes."""
        while (frame := frames.receive(self._connection)) is not None:
            kind, body = frame
            order = json.loads(body)
            if kind == frames.OPEN:
                self._open(order)
            elif kind == frames.LAY:
                self._attempt(self._lay, order)
            elif kind == frames.UPDATE:
                self._attempt(self._update, order)
            elif kind == frames.GRAPH:
                self._attempt(self._change_graph, order)

    @property
    def workspace(self) -> Workspace:
        """The workspace, which was opened before anything else."""
        assert self._workspace is not None
        return self._workspace

    def _open(self, order: dict[str, Any]) -> None:
        try:
            self._workspace = open_workspace(Path(order["workspace"]), _PATIENCE)
        except (JiqunError, OSError) as error:
            self._send(frames.ERROR, {"detail": str(error)})
            return
        confinement.limit_memory(self._memory)
        self._send(frames.READY, self._state())

    def _state(self) -> dict[str, object]:
        workspace = self.workspace
        return {
            "number": workspace.number,
            "release": workspace.release,
            "store": str(workspace.published),
        }

    def _attempt(self, action: Any, order: dict[str, Any]) -> None:
        """Carry out one order; whatever goes wrong, nothing of it stays."""
        try:
            created = action(order)
        except Cancelled:
            return
        except Gone:
            raise
        except Exception as error:
            failure = _as_known(error)
            self.workspace.reset()
            self._fail(failure, "" if failure is error else repr(error))
        except BaseException as error:
            # A panic of the engine: whatever it left behind must not be used again.
            self._fail(UpdateFailed("The update failed inside the engine."), repr(error))
            os._exit(1)
        else:
            self._send(frames.END, {**self._state(), "created": created})
            self.workspace.tidy()

    def _lay(self, order: dict[str, Any]) -> bool:
        store = order["store"]
        if order["release"] != self.workspace.release:
            below = Path(store) if store else None
            self.workspace.lay_over(order["release"], below, order["keep_seconds"])
        return False

    def _update(self, order: dict[str, Any]) -> bool:
        inspection = inspect_update(
            order["text"],
            Limits(**order["limits"]),
            most_characters=order["most_characters"],
            base=order["base"],
            using=order["using"],
            using_named=order["using_named"],
            services=order["services"],
        )
        loads = [part for part in inspection.parts if isinstance(part, Load)]
        documents = iter(self._fetch(loads))
        store = self.workspace.store
        for part in inspection.parts:
            if isinstance(part, Text):
                apply(store, part, order["base"], inspection.services, self._step)
            elif (document := next(documents)) is not None:
                load(store, part, document, self._step)
        if inspection.parts:
            self.workspace.publish(order["keep_seconds"], None if inspection.removing else ())
        return False

    def _fetch(self, loads: list[Load]) -> list[tuple[bytes, str, str] | None]:
        """Have the server fetch documents: body, content type and base of each, None for none."""
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
        order = json.loads(body)
        _, data = self._receive()
        return data, order["content_type"], order["base"]

    def _change_graph(self, order: dict[str, Any]) -> bool:
        """Replace, extend or drop a graph; return whether it is new."""
        _, body = self._receive()
        store = self.workspace.store
        graph = ox.DefaultGraph() if order["graph"] is None else ox.NamedNode(order["graph"])
        existed = exists(store, graph)
        action = order["action"]
        if order["only_new"] and existed:
            raise PreconditionFailed("The graph exists already (If-None-Match: *).")
        if action == "drop":
            if not existed and order["graph"] is not None:
                raise NotFound("There is no graph of this name.")
            store.remove_graph(graph)
        else:
            if action == "replace":
                store.clear_graph(graph) if existed else None
            quads = read_graph(body, order["content_type"], order["base"], graph)
            add(store, quads, self._step)
            if not isinstance(graph, ox.DefaultGraph):
                store.add_graph(graph)
        self.workspace.publish(order["keep_seconds"], () if action == "extend" else (graph,))
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


def _as_known(error: Exception) -> JiqunError:
    """Say in our terms what went wrong."""
    if isinstance(error, JiqunError):
        return error
    if isinstance(error, Protected):
        return UpdateRefused(
            f"The change would remove statements of the release, among them {error}. What users "
            "write is kept apart from the release, which stays as it is."
        )
    if isinstance(error, MemoryError):
        return MemoryLimitExceeded("The update needed more memory than it may take.")
    if isinstance(error, OSError):
        return WorkspaceError("The workspace cannot be written now; the reason has been logged.")
    if isinstance(error, RuntimeError | ValueError):
        return UpdateFailed(f"The update cannot be carried out: {shorten(str(error))}.")
    return UpdateFailed("The update failed by a mistake in the program; it has been logged.")


def main(arguments: list[str]) -> None:
    """Run a writer; the arguments are the socket's number, niceness, memory and port."""
    number, niceness, memory, port, _ = arguments
    confinement.confine(int(niceness), int(port))
    connection = socket.socket(fileno=int(number))
    threading.stack_size(STACK_BYTES)
    thread = threading.Thread(target=_run, args=(Writer(connection, int(memory)),))
    thread.start()
    thread.join()


def _run(writer: Writer) -> None:
    try:
        writer.serve()
    except (OSError, Gone):
        # The server is gone, and with it everybody who could send an order.
        pass
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
