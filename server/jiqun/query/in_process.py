"""Evaluates bounded queries in the serving process, which saves two process switches.

`bounded` decides which queries qualify. Many clients may send only bounded queries, so the time
spent on them in one round of the event loop is limited; beyond it, workers evaluate them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox

from jiqun.query.bounded import is_bounded
from jiqun.query.evaluation import Failure, evaluate
from jiqun.query.jobs import Answer, Job
from jiqun.query.result_stream import ResultStream

_ROUND_SECONDS: Final = 0.005


class InProcessEvaluation:
    """Evaluates bounded queries, for a few milliseconds in each round of the event loop."""

    def __init__(self, store: Path) -> None:
        """Read `store`, a RocksDB folder that no process writes to; raises `OSError`."""
        self._store = ox.Store.read_only(str(store))
        self._used = 0.0

    def admits(self, job: Job) -> bool:
        """Return whether a query may be evaluated here."""
        lookups = job.parsed.lookups
        if lookups is None or not job.reads_default_graph:
            return False
        return is_bounded(self._store, lookups)

    def answer(self, order: Mapping[str, Any]) -> Answer | None:
        """Evaluate an admitted job.

        Returns None when the time of this round is used up, and when the evaluation fails: a worker
        then repeats it and reports the error.
        """
        if self._used > _ROUND_SECONDS:
            return None
        if not self._used:
            asyncio.get_running_loop().call_soon(self._begin_round)
        began = time.perf_counter()
        caps = order["max_rows"], order["max_bytes"]
        stream = ResultStream(order["media_type"], caps, _refuse_block, order["version"])
        try:
            rows, truncated, data = evaluate(self._store, order, stream)
        except Failure:
            return None
        finally:
            seconds = time.perf_counter() - began
            self._used += seconds
        assert data is not None
        return Answer(data, rows, truncated, first_seconds=seconds, reduced=stream.reduced)

    def _begin_round(self) -> None:
        self._used = 0.0


def _refuse_block(_block: bytes) -> None:
    raise Failure("large", "a bounded query has a short answer")
