"""Metrics for Prometheus, collected by `prometheus_client` when they are scraped."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from jiqun.query.cache import LruCache
from jiqun.query.engine import Engine
from jiqun.query.jobs import Answer
from jiqun.web.access_log import RequestRecord
from jiqun.writing.write_service import WriteService

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_ROUTES: Final = frozenset(
    [
        *("sparql", "update", "graphs", "queries", "id", "doc", "source", "ontology", "search"),
        *("reconcile", "dumps", "context", "context.jsonld", "health", "metrics", "static"),
        *("openapi.json", ".well-known"),
    ]
)


class Metrics:
    """Counters of this process since its start."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.queries: Counter[str] = Counter()
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self.bytes = 0

    def count(self, record: RequestRecord) -> None:
        """Count a finished request."""
        self.requests[_route(record.path), record.status] += 1
        self.bytes += record.size
        if record.query:
            self.queries[record.outcome or "refused"] += 1
            self.buckets[bisect_left(BUCKETS, record.seconds)] += 1
            self.seconds += record.seconds

    def expose(
        self, engine: Engine, cache: LruCache[bytes, Answer], writing: WriteService | None
    ) -> str:
        """Return all metrics in Prometheus's text format 0.0.4."""
        registry = CollectorRegistry()
        registry.register(_Snapshot([*self._families(), *_engine_families(engine)]))
        registry.register(_Snapshot(_cache_families(cache)))
        if writing is not None:
            registry.register(_Snapshot(_writing_families(writing)))
        return generate_latest(registry).decode()

    def _families(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "jiqun_requests", "Requests by route and status.", labels=("route", "status")
        )
        for (route, status), count in sorted(self.requests.items()):
            requests.add_metric((route, str(status)), count)
        yield requests
        yield CounterMetricFamily("jiqun_response_bytes", "Bytes of bodies sent.", self.bytes)
        yield _labelled(
            CounterMetricFamily, "queries", "Queries by outcome.", "outcome", self.queries
        )
        bounds = [*map(str, BUCKETS), "+Inf"]
        yield HistogramMetricFamily(
            "jiqun_query_seconds",
            "Time from a query request to the end of its answer.",
            buckets=list(zip(bounds, accumulate(self.buckets), strict=True)),
            sum_value=self.seconds,
        )


class _Snapshot(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


@lru_cache(maxsize=256)
def _route(path: str) -> str:
    """Return the route of a path, one of a few, so that metrics stay small.

    A connection that was refused before its request was read has the route "none".
    """
    if not path:
        return "none"
    name = path[1:].partition("/")[0]
    return f"/{name}" if not name or name in _ROUTES else "other"


def _labelled(
    kind: type[CounterMetricFamily] | type[GaugeMetricFamily],
    name: str,
    help_text: str,
    label: str,
    values: Mapping[str, float],
) -> Metric:
    family = kind(f"jiqun_{name}", help_text, labels=(label,))
    for value, count in sorted(values.items()):
        family.add_metric((value,), count)
    return family


def _engine_families(engine: Engine) -> Iterator[Metric]:
    found = engine.statistics()
    lanes = found.lanes.items()
    gauge, counter = GaugeMetricFamily, CounterMetricFamily
    for kind, name, help_text, count in (
        (gauge, "workers", "Worker processes by lane.", "workers"),
        (gauge, "workers_busy", "Workers that run a job, by lane.", "busy"),
        (gauge, "queries_waiting", "Jobs that wait for a worker, by lane.", "waiting"),
        (counter, "worker_starts", "Workers started, by lane.", "starts"),
    ):
        counts = {lane: getattr(each, count) for lane, each in lanes}
        yield _labelled(kind, name, help_text, "lane", counts)
    in_memory = "1 when the default graph is held in memory, 0 when it is read from disk."
    yield gauge("jiqun_store_in_memory", in_memory, found.in_memory)
    yield _labelled(counter, "worker_kills", "Workers killed, by reason.", "reason", found.kills)
    evaluated = "Evaluations by outcome; answers from the cache are not counted."
    yield _labelled(counter, "evaluations", evaluated, "outcome", found.outcomes)
    if found.backend is not None:
        far = found.backend
        states = {"busy": far.busy, "lingering": far.lingering}
        running = (
            "Queries running on the backend, including abandoned ones that it may still evaluate."
        )
        yield _labelled(gauge, "backend_queries", running, "state", states)
        refused = "Queries refused because the backend was busy or failing."
        yield counter("jiqun_backend_refusals", refused, far.refusals)


def _cache_families(cache: LruCache[bytes, Answer]) -> Iterator[Metric]:
    yield GaugeMetricFamily("jiqun_cache_bytes", "Memory of the result cache.", cache.size)
    yield GaugeMetricFamily("jiqun_cache_entries", "Answers in the result cache.", len(cache))
    yield CounterMetricFamily("jiqun_cache_hits", "Requests answered from the cache.", cache.hits)
    yield CounterMetricFamily("jiqun_cache_misses", "Requests not in the cache.", cache.misses)
    yield CounterMetricFamily(
        "jiqun_cache_evictions", "Answers evicted from the cache.", cache.evictions
    )


def _writing_families(writing: WriteService) -> Iterator[Metric]:
    yield CounterMetricFamily("jiqun_changes", "Published changes.", writing.changes)
    yield CounterMetricFamily(
        "jiqun_writer_ends", "Writers that exited in the middle of a change.", writing.kills
    )
