"""The process that holds a release in memory: `python -m jiqun.query.store_holder`.

It copies a RocksDB store (`held_graph`); every worker is a fork of it and shares its pages, so a
new one starts in milliseconds and takes memory only for its own work. It runs one thread: a fork
copies no other.
The engine's random numbers are seeded for each thread at its first use; the main thread never uses
them, so that no two workers repeat each other's RAND(), UUID() or blank nodes.

Messages are JSON over a socket that preserves message boundaries. From the server: {"fork": number,
...} with two descriptors, the worker's socket and its standard error; {"copy": true} with the one
that the triples of the slim copy, but for those with blank nodes, are written to; {"finish": true}:
exit with the last worker. To the server: {"ready": triples, "omitted": predicates, "slim": triples}
or {"failed": reason}; {"forked": number, "pid": ...} with the descriptor of the process; {"exited":
pid, "status": ...}.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final

import pyoxigraph as ox

from jiqun.query import sandbox, worker
from jiqun.query.held_graph import Copies, HeldGraph, hold, without_blank_nodes

MOST_BYTES: Final = 64 * 1024
_LOADING_NICENESS: Final = 10
_ALLOCATED_BY_LIBC: Final = 4096
"""Bytes; Python has an allocator of its own for small objects."""


def load(path: str, copies: Copies) -> HeldGraph:
    """Copy a RocksDB store; raises `OSError`.

    RocksDB leaves threads behind, so another process reads it and writes to a pipe. Blank nodes
    keep their labels.
    """
    all_graphs = copies is Copies.DATASET
    reading, writing = os.pipe()
    reader = os.fork()
    if reader == 0:
        # If it inherited this end, it would wait for ever when this process is killed.
        os.close(reading)
        sandbox.end_with_parent()
        _write(lambda output: _dump(path, output, all_graphs), writing)
    os.close(writing)
    held: list[HeldGraph] = []
    failures: list[Exception] = []

    def fill() -> None:
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOADING_NICENESS)
            with open(reading, "rb") as quads:  # noqa: PTH123 -- a descriptor
                store = whole = ox.Store()
                store.bulk_extend(ox.parse(quads, ox.RdfFormat.N_QUADS, lenient=True))
            if all_graphs:
                whole = ox.Store()
                whole.bulk_extend(store.quads_for_pattern(None, None, None, ox.DefaultGraph()))
            held.append(hold(whole, copies is not Copies.WHOLE, store if all_graphs else None))
        except Exception as error:
            failures.append(error)

    filling = threading.Thread(target=fill)
    filling.start()
    filling.join()
    _, status = os.waitpid(reader, 0)
    if failures:
        raise OSError(str(failures[0])) from failures[0]
    if status != 0:
        raise OSError("the store on disk cannot be read completely")
    return held[0]


def _dump(path: str, output: BinaryIO, all_graphs: bool) -> None:
    store = ox.Store.read_only(path)
    if all_graphs:
        store.dump(output, ox.RdfFormat.N_QUADS)
    else:
        store.dump(output, ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())


def _write(write: Callable[[BinaryIO], object], writing: int) -> None:
    """Write to a pipe and exit."""
    status = 1
    try:
        os.nice(_LOADING_NICENESS)
        with open(writing, "wb", buffering=1024 * 1024) as triples:
            write(triples)
        status = 0
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
    finally:
        os._exit(status)


def _occupy_heap() -> None:
    """Attach a thread to the heap that the copies were made in, so that no other gets it.

    After a fork, glibc gives the next thread a heap that none uses (`malloc/arena.c`). The free
    memory of this one is scattered among the copies: each allocation would touch, and unshare,
    another page. In a heap of its own, a worker takes 180 µs for a trivial query instead of 300.
    """
    attached = threading.Event()

    def occupy() -> None:
        _from_heap = bytearray(_ALLOCATED_BY_LIBC)
        attached.set()
        threading.Event().wait()

    threading.Thread(target=occupy, daemon=True).start()
    attached.wait()


class StoreHolder:
    """The graph, the connection to the server, and the running workers."""

    def __init__(self, control: socket.socket, held: HeldGraph) -> None:
        """Fork on messages from `control`."""
        self._control = control
        self._held = held
        self._children = 0
        self._copying: set[int] = set()
        self._finishing = False
        self._woken, self._waking = os.pipe()
        os.set_blocking(self._waking, False)
        os.set_blocking(self._woken, False)

    def serve(self) -> None:
        """Fork workers until the server exits or needs no more."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waking, warn_on_full_buffer=False)
        while self._children or not self._finishing:
            ready, _, _ = select.select([self._control.fileno(), self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, MOST_BYTES)
                self._reap()
            if self._control.fileno() in ready and not self._obey():
                return

    def _obey(self) -> bool:
        """Handle one message; false when the server has exited."""
        data, descriptors, _, _ = socket.recv_fds(self._control, MOST_BYTES, 2)
        if not data:
            return False
        order = json.loads(data)
        if "fork" in order:
            self._fork(order, descriptors)
        elif "copy" in order:
            self._copy(descriptors)
        else:
            self._finishing = True
        return True

    def _fork(self, order: Mapping[str, Any], descriptors: list[int]) -> None:
        pid = os.fork()
        if pid == 0:
            self._become_worker(order, *descriptors)
        self._children += 1
        for descriptor in descriptors:
            os.close(descriptor)
        # Not yet reaped, so the number is still that of this process.
        process = os.pidfd_open(pid)
        self._report({"forked": order["fork"], "pid": pid}, [process])
        os.close(process)

    def _copy(self, descriptors: list[int]) -> None:
        (writing,) = descriptors
        pid = os.fork()
        if pid == 0:
            sandbox.end_with_parent()
            triples = without_blank_nodes(self._held.shortest)
            _write(lambda file: ox.serialize(triples, file, ox.RdfFormat.N_TRIPLES), writing)
        self._copying.add(pid)
        os.close(writing)

    def _become_worker(self, order: Mapping[str, Any], connection: int, stderr: int) -> None:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(stderr, 2)
            for descriptor in (stderr, self._woken, self._waking):
                os.close(descriptor)
            self._control.close()
            sandbox.confine(order["niceness"], order["port"])
            _occupy_heap()
            wire = socket.socket(fileno=connection)
            worker.run(worker.Worker(wire, order["memory"], held=self._held))
        except BaseException:
            traceback.print_exc()  # to the server, which logs why the worker does not start
        finally:
            os._exit(1)

    def _reap(self) -> None:
        while self._children or self._copying:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid in self._copying:
                self._copying.remove(pid)
                continue
            self._children -= 1
            self._report({"exited": pid, "status": status})

    def _report(self, message: Mapping[str, Any], descriptors: list[int] | None = None) -> None:
        socket.send_fds(self._control, [json.dumps(message).encode()], descriptors or [])


def main(arguments: list[str]) -> None:
    """Hold a release; the arguments are the socket's descriptor, the store, and which copies."""
    number, path, copies = arguments
    sandbox.end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(number))
    try:
        held = load(path, Copies(copies))
    except OSError as error:
        control.send(json.dumps({"failed": str(error)}).encode())
        return
    gc.collect()
    gc.freeze()
    ready = {"ready": len(held.whole), "omitted": tuple(held.omitted), "slim": len(held.shortest)}
    control.send(json.dumps(ready).encode())
    with contextlib.suppress(OSError):  # the server has exited
        StoreHolder(control, held).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
