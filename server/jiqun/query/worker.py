"""A worker process: `python -m jiqun.endpoint.engine.worker`, started by the engine, never by hand.

It reads one store, answers one query at a time over the socket it was given, and ends when that
socket closes. Whatever a query does to it, nobody else is touched. It imports as little as it
can, because a killed worker has to be replaced quickly.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from pyoxigraph import Store

from jiqun.query import frames
from jiqun.query import sandbox as confinement

# The parser and the planner recurse over the query; memory is only taken where it is used.
STACK_BYTES = 256 * 1024 * 1024
# A worker whose private memory stays this far above its beginning is not used again.
_SHARE_RETIRED = 4
_QUICK_SECONDS = 0.02
_LOOKED_AT = 100


class Worker:
    """The state of a worker: its connection and its store."""

    def __init__(self, connection: socket.socket, memory: int) -> None:
        """Answer over `connection`; a query may take `memory` bytes."""
        self.connection = connection
        self.memory = memory
        self.store: Store | None = None
        self.fresh = 0
        self.answered = 0

    def serve(self) -> None:
        """Answer frames until the connection closes."""
        while (frame := frames.receive(self.connection)) is not None:
            kind, body = frame
            if kind == frames.OPEN:
                self._open(json.loads(body)["store"])
            elif kind == frames.JOB:
                self._answer(json.loads(body))
            elif kind == frames.INSPECT:
                self._inspect(json.loads(body))

    def _open(self, path: str) -> None:
        from pyoxigraph import Store  # noqa: PLC0415

        try:
            self.store = Store.read_only(path)
        except (OSError, ValueError) as error:
            self._send(frames.ERROR, {"kind": "store", "detail": str(error)})
            return
        if not self.fresh:
            confinement.refuse_writing()
            confinement.limit_memory(self.memory)
        self.fresh = confinement.private_memory() or 1
        self._send(frames.READY, {"pid": os.getpid()})

    def _answer(self, job: dict[str, Any]) -> None:
        from jiqun.query.evaluation import (
            Failure,
            evaluate,
        )
        from jiqun.query.result_stream import (
            Cancelled,
            Outflow,
        )

        began = time.perf_counter()

        def begin() -> None:
            self._send(frames.START, {"complete": False, "seconds": time.perf_counter() - began})

        caps = job["max_rows"], job["max_bytes"]
        outflow = Outflow(job["media_type"], caps, begin, self._send_block)
        try:
            assert self.store is not None
            rows, truncated, data = evaluate(self.store, job, outflow)
        except Failure as failure:
            self._fail(failure.kind, failure.detail)
        except Cancelled:
            self._fail("cancelled", "")
        except MemoryError:
            self._fail("memory", "", retire=True)
        except BaseException as error:
            # A panic of the engine is no Exception; whatever it left behind must not be reused.
            self._fail("internal", type(error).__name__, retire=True)
        else:
            seconds = time.perf_counter() - began
            end = {"rows": rows, "truncated": truncated, "retire": self._spoiled(seconds)}
            if data is None:
                self._send(frames.END, end)
                return
            start = {"complete": True, "seconds": seconds, **end}
            self.connection.sendall(
                frames.pack(frames.START, start) + frames.pack(frames.BLOCK, data)
            )

    def _inspect(self, order: dict[str, Any]) -> None:
        from dataclasses import asdict  # noqa: PLC0415

        from jiqun.errors import JiqunError  # noqa: PLC0415
        from jiqun.query.gate import (
            Limits,
            inspect,
        )

        allowed = frozenset(order["allowed"])
        try:
            found = asdict(inspect(order["text"], Limits(**order["limits"]), allowed))
        except JiqunError as refusal:
            error = {"error": type(refusal).__name__, "detail": refusal.detail}
            self._send(frames.ERROR, error)
        else:
            self._send(frames.FOUND, found)

    def _fail(self, kind: str, detail: str, retire: bool = False) -> None:
        retire = retire or self._grown()
        self._send(frames.ERROR, {"kind": kind, "detail": detail, "retire": retire})

    def _spoiled(self, seconds: float) -> bool:
        """Tell whether to end after a query; one that was quick cannot have taken much memory."""
        self.answered += 1
        looking = seconds > _QUICK_SECONDS or self.answered % _LOOKED_AT == 0
        return looking and self._grown()

    def _grown(self) -> bool:
        """Tell whether memory that a query took was not given back."""
        used = confinement.private_memory()
        return used is not None and used - self.fresh > self.memory // _SHARE_RETIRED

    def _send(self, kind: bytes, body: Mapping[str, object]) -> None:
        self.connection.sendall(frames.pack(kind, body))

    def _send_block(self, data: bytes) -> None:
        self._check_cancelled()
        self.connection.sendall(frames.HEADER.pack(frames.BLOCK, len(data)) + data)
        self._check_cancelled()

    def _check_cancelled(self) -> None:
        """While a query runs, the engine says only one thing: that it is cancelled."""
        from jiqun.query.result_stream import Cancelled  # noqa: PLC0415

        try:
            said = self.connection.recv(frames.HEADER.size, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if not said:
            os._exit(0)
        raise Cancelled


def main(arguments: list[str]) -> None:
    """Run a worker; the arguments are the socket's number, niceness, memory and port."""
    number, niceness, memory, port = arguments
    confinement.confine(int(niceness), int(port))
    connection = socket.socket(fileno=int(number))
    import jiqun.query.evaluation  # noqa: F401, PLC0415

    threading.stack_size(STACK_BYTES)
    thread = threading.Thread(target=_run, args=(Worker(connection, int(memory)),))
    thread.start()
    thread.join()


def _run(worker: Worker) -> None:
    try:
        worker.serve()
    except OSError:
        # The server is gone, and with it everybody who could read an answer.
        pass
    finally:
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
