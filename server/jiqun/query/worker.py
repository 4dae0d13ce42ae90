"""A worker process: `python -m jiqun.query.worker`, or a fork of the process that holds the store.

It reads one store, runs one job at a time over its socket, and exits when that socket closes.
Whatever a job does to it, no other job is affected. It imports as little as possible, because a
killed worker must be replaced quickly.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import socket
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from pyoxigraph import Store

from jiqun.query import frames, sandbox
from jiqun.query.evaluation import Failure, QueryStore, evaluate
from jiqun.query.held_graph import HeldGraph, as_reach, result_version
from jiqun.query.result_stream import Cancelled, ResultStream

# The parser and the planner recurse over the query; stack memory is only taken when used.
STACK_BYTES = 256 * 1024 * 1024
# A worker whose private memory stays this far above its initial value is retired.
_SHARE_RETIRED = 4
_QUICK_SECONDS = 0.02
_CHECKED_EVERY = 100


class Worker:
    """The state of a worker: its connection, its store, and the context of documents."""

    def __init__(
        self,
        connection: socket.socket,
        memory: int,
        documents: Any = None,
        held: HeldGraph | None = None,
    ) -> None:
        """Serve `connection`; a job may take `memory` bytes.

        `documents` is the module with the document functions, None for a worker without them.
        `held` has the default graph in memory, from the process that this one was forked from.
        """
        self.connection = connection
        self.memory = memory
        self.documents = documents
        self.held = held
        self.store: QueryStore | None = None
        self.context: Any = None
        self.confined = False
        self.initial_memory = 0
        self.answered = 0

    def serve(self) -> None:
        """Answer frames until the connection closes."""
        while (frame := frames.receive(self.connection)) is not None:
            kind, body = frame
            if kind == frames.OPEN:
                self._open(json.loads(body))
            elif kind == frames.QUERY:
                self._run(lambda body=body: self._query(json.loads(body)))
            elif kind == frames.DOCUMENT:
                self._run(lambda body=body: self._document(body))
            elif kind == frames.PARSE:
                self._parse(json.loads(body))

    def _open(self, order: Mapping[str, Any]) -> None:
        try:
            self.store = _open_store(order)
            if self.documents is not None:
                self.context = self.documents.open_context(self.context, self.store, order)
        except Exception as error:
            self._send(frames.ERROR, {"kind": "store", "detail": str(error)})
            return
        if not self.confined:
            sandbox.refuse_writing()
            sandbox.limit_memory(self.memory)
            self.confined = True
        self.initial_memory = sandbox.private_memory() or 1
        self._send(frames.READY, {"pid": os.getpid()})

    def _run(self, job: Any) -> None:
        """Run a job and report its failure."""
        try:
            job()
        except Failure as failure:
            self._fail(failure.kind, failure.detail)
        except Cancelled:
            self._fail("cancelled", "")
        except MemoryError:
            self._fail("memory", "", retire=True)
        except BaseException as error:
            if self.documents is not None and (known := self.documents.describe_error(error)):
                self._fail("raised", **known)
                return
            # A panic of the engine is not an Exception; the worker must not be reused after it.
            self._fail("internal", type(error).__name__, retire=True)

    def _query(self, job: Mapping[str, Any]) -> None:
        began = time.perf_counter()
        caps = job["max_rows"], job["max_bytes"]
        store: QueryStore | None = None
        version = job["version"]
        held = self.held
        if held is not None and held.has(job["default_graph"], job["services"]):
            reach = job["reach"] and as_reach(job["reach"])
            store = held.store_for(reach, job["default_graph"])
            version = result_version(held.newer, job)
        stream = ResultStream(job["media_type"], caps, self._send_block, version)
        if store is None:
            store = self.store
        assert store is not None
        rows, truncated, data = evaluate(store, job, stream)
        retire = self._must_retire(time.perf_counter() - began)
        count = -1 if rows is None else rows
        summary = frames.SUMMARY.pack(retire, count, truncated, stream.reduced)
        if data is None:
            self._send(frames.END, summary)
        else:
            self._send(frames.ANSWER, summary + data)

    def _document(self, call: bytes) -> None:
        began = time.perf_counter()
        module, function, arguments, named = pickle.loads(call)  # noqa: S301 -- from the server
        try:
            data = self.documents.make(self.context, module, function, arguments, named)
        except SyntaxError:
            if isinstance(self.store, Store):
                raise
            raise Failure("gateway", "The engine's answer cannot be read.") from None
        retire = self._must_retire(time.perf_counter() - began)
        self._send(frames.ANSWER, frames.SUMMARY.pack(retire, -1, False, False) + data)

    def _parse(self, order: Mapping[str, Any]) -> None:
        # Imported here so that workers start quickly; few ever parse.
        from dataclasses import asdict  # noqa: PLC0415

        from jiqun.errors import JiqunError  # noqa: PLC0415
        from jiqun.query.gate import Limits, parse_query  # noqa: PLC0415

        allowed = frozenset(order["allowed"])
        try:
            found = asdict(parse_query(order["text"], Limits(**order["limits"]), allowed))
        except JiqunError as refusal:
            error = {"error": type(refusal).__name__, "detail": refusal.detail}
            self._send(frames.ERROR, error)
        else:
            self._send(frames.PARSED, found)

    def _fail(self, kind: str, detail: str, *, retire: bool = False, **more: Any) -> None:
        retire = retire or self._has_grown()
        self._send(frames.ERROR, {"kind": kind, "detail": detail, "retire": retire, **more})

    def _must_retire(self, seconds: float) -> bool:
        """Return whether to exit after a job; a quick one cannot have taken much memory."""
        self.answered += 1
        checking = seconds > _QUICK_SECONDS or self.answered % _CHECKED_EVERY == 0
        return checking and self._has_grown()

    def _has_grown(self) -> bool:
        """Return whether memory that a job took was not released."""
        used = sandbox.private_memory()
        return used is not None and used - self.initial_memory > self.memory // _SHARE_RETIRED

    def _send(self, kind: bytes, body: bytes | Mapping[str, object]) -> None:
        self.connection.sendall(frames.pack(kind, body))

    def _send_block(self, data: bytes) -> None:
        self._check_cancelled()
        self.connection.sendall(frames.HEADER.pack(frames.BLOCK, len(data)) + data)
        self._check_cancelled()

    def _check_cancelled(self) -> None:
        """Check for a cancellation, the only message that arrives during a query."""
        try:
            received = self.connection.recv(frames.HEADER.size, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if not received:
            os._exit(0)
        raise Cancelled


def _open_store(order: Mapping[str, Any]) -> QueryStore:
    """Open the folder that an order names, or the backend at its address."""
    if "backend" not in order:
        return Store.read_only(order["store"])
    # Imported here: it is slow to import, and most servers do not need it.
    from jiqun.query.remote_store import RemoteStore  # noqa: PLC0415

    return RemoteStore(order["backend"])


def main(arguments: list[str]) -> None:
    """Run a worker; the arguments are those that `start_process` lists."""
    number, niceness, memory, port, preload = arguments
    sandbox.confine(int(niceness), int(port))
    documents = importlib.import_module(preload) if preload else None
    run(Worker(socket.socket(fileno=int(number)), int(memory), documents))


def run(worker: Worker) -> None:
    """Serve until the server exits, in a thread with a deep stack, then exit."""
    threading.stack_size(STACK_BYTES)
    thread = threading.Thread(target=_serve, args=(worker,))
    thread.start()
    thread.join()


def _serve(worker: Worker) -> None:
    try:
        worker.serve()
    except OSError:
        # The server has exited: nothing can read an answer.
        pass
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
