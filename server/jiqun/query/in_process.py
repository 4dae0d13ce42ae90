"""Evaluates bounded queries in the serving process, which saves two process switches.

`bounded` decides which queries qualify. Many clients may send only bounded queries, so the time
spent on them in one round of the event loop is limited; beyond it, workers evaluate them. They read
RocksDB, or the slim copy of the default graph (`held_graph`) once that is in memory.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyoxigraph as ox

from jiqun.query.bounded import Extent, is_bounded, is_bounded_in_memory, measure_extents
from jiqun.query.evaluation import Failure, evaluate
from jiqun.query.held_graph import (
    Omitted,
    find_hubs,
    has_newer_terms,
    is_complete,
    result_version,
    with_blank_nodes,
)
from jiqun.query.jobs import Answer, Job
from jiqun.query.result_stream import ResultStream

_ROUND_SECONDS: Final = 0.005
_LOADING_NICENESS: Final = 10


class Copy(NamedTuple):
    """A default graph in memory, without statements of hubs.

    `newer` says whether it has terms of RDF 1.2.
    """

    store: ox.Store
    omitted: Omitted
    extents: Mapping[str, Extent]
    newer: bool


class BoundedQuery(NamedTuple):
    """The arguments of `evaluate` for a bounded query."""

    store: ox.Store
    order: Mapping[str, Any]


class InProcessEvaluation:
    """Evaluates bounded queries, for a few milliseconds in each round of the event loop."""

    def __init__(self, store: Path) -> None:
        """Read `store`, a RocksDB folder that no process writes to; raises `OSError`."""
        self.store = ox.Store.read_only(str(store))
        self._used = 0.0
        self.copy: Copy | None = None

    def admitted(self, job: Job) -> BoundedQuery | None:
        """Return a query that may be evaluated here, None for all others."""
        lookups, reach = job.parsed.lookups, job.parsed.reach
        if lookups is None or not job.reads_default_graph:
            return None
        copy = self.copy
        if (
            copy is not None
            and reach is not None
            and is_complete(copy.omitted, reach, self.store)
            and is_bounded_in_memory(copy.store, lookups, copy.extents)
        ):
            order = job.order()
            return BoundedQuery(copy.store, {**order, "version": result_version(copy.newer, order)})
        if is_bounded(self.store, lookups):
            return BoundedQuery(self.store, job.order())
        return None

    def answer(self, bounded: BoundedQuery) -> Answer | None:
        """Evaluate an admitted query.

        Returns None when the time of this round is used up, and when the evaluation fails: a worker
        then repeats it and reports the error.
        """
        if self._used > _ROUND_SECONDS:
            return None
        if not self._used:
            asyncio.get_running_loop().call_soon(self._begin_round)
        began = time.perf_counter()
        order = bounded.order
        caps = order["max_rows"], order["max_bytes"]
        stream = ResultStream(order["media_type"], caps, _refuse_block, order["version"])
        try:
            rows, truncated, data = evaluate(bounded.store, order, stream, short=True)
        except Failure:
            return None
        finally:
            seconds = time.perf_counter() - began
            self._used += seconds
        assert data is not None
        return Answer(data, rows, truncated, first_seconds=seconds, reduced=stream.reduced)

    def _begin_round(self) -> None:
        self._used = 0.0


def read_copy(reading: int, disk: ox.Store, predicates: tuple[str, ...], triples: int) -> Copy:
    """Make a copy of `disk` without the statements that hubs have of some predicates.

    Its triples without blank nodes are read as N-Triples from a pipe.

    Releases the interpreter lock meanwhile, and closes the pipe. Raises `OSError` if there are not
    so many `triples` in all.
    """
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOADING_NICENESS)
    store = ox.Store()
    try:
        path = f"/proc/self/fd/{reading}"
        store.bulk_load(path=path, format=ox.RdfFormat.N_TRIPLES, lenient=True)
        omitted = find_hubs(disk, predicates)
        if len(store) != triples:
            store.extend(with_blank_nodes(disk, omitted))
    except SyntaxError as error:
        raise OSError(str(error)) from error
    finally:
        os.close(reading)
    if len(store) != triples:
        raise OSError(f"the copy has {len(store)} triples, not {triples}")
    return Copy(store, omitted, measure_extents(store), has_newer_terms(store))


def _refuse_block(_block: bytes) -> None:
    raise Failure("large", "a bounded query has a short answer")
