"""Counts for Prometheus, in its text format 0.0.4."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from jiqun.query.cache import ResultCache
from jiqun.query.engine import Engine
from jiqun.web.access_log import Account
from jiqun.writing.write_service import WriteService

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_ROUTES: Final = frozenset(
    [
        "sparql",
        "update",
        "graphs",
        "queries",
        "id",
        "doc",
        "source",
        "ontology",
        "search",
        "reconcile",
        "dumps",
        "context",
        "context.jsonld",
        "health",
        "metrics",
        "static",
        "openapi.json",
        ".well-known",
    ]
)

Sample = tuple[str, dict[str, str], float]


class Metrics:
    """What is counted in this process since it began."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._requests: Counter[tuple[str, int]] = Counter()
        self._queries: Counter[str] = Counter()
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0
        self._bytes = 0

    def count(self, account: Account) -> None:
        """Count a request that is over."""
        self._requests[_route(account.path), account.status] += 1
        self._bytes += account.size
        if account.query:
            self._queries[account.outcome or "refused"] += 1
            self._buckets[bisect_left(BUCKETS, account.seconds)] += 1
            self._seconds += account.seconds

    def expose(self, engine: Engine, cache: ResultCache, writing: WriteService | None) -> str:
        """Write everything down."""
        lines: list[str] = []
        for name, kind, help_text, samples in self._families(engine, cache, writing):
            lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
            lines += [_line(*sample) for sample in samples]
        return "\n".join(lines) + "\n"

    def _families(
        self, engine: Engine, cache: ResultCache, writing: WriteService | None
    ) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
        yield _family(
            "jiqun_requests_total",
            "counter",
            "Requests by route and status.",
            [
                ({"route": route, "status": str(status)}, count)
                for (route, status), count in sorted(self._requests.items())
            ],
        )
        yield _family(
            "jiqun_response_bytes_total", "counter", "Bytes of bodies sent.", [({}, self._bytes)]
        )
        yield _family(
            "jiqun_queries_total",
            "counter",
            "Queries by outcome.",
            [({"outcome": outcome}, count) for outcome, count in sorted(self._queries.items())],
        )
        yield (
            "jiqun_query_seconds",
            "histogram",
            "Time from the request for a query to the end of its answer.",
            self._histogram(),
        )
        yield from _engine_families(engine)
        yield from _cache_families(cache)
        if writing is not None:
            yield from _writing_families(writing)

    def _histogram(self) -> Iterator[Sample]:
        total = 0
        for bound, count in zip((*BUCKETS, "+Inf"), self._buckets, strict=True):
            total += count
            yield "jiqun_query_seconds_bucket", {"le": str(bound)}, total
        yield "jiqun_query_seconds_sum", {}, self._seconds
        yield "jiqun_query_seconds_count", {}, total


@lru_cache(maxsize=256)
def _route(path: str) -> str:
    """Give the route of a path; there are few, whatever is asked for.

    A connection that was refused before it asked for anything has no path: "none".
    """
    if not path:
        return "none"
    name = path[1:].partition("/")[0]
    return f"/{name}" if not name or name in _ROUTES else "other"


def _engine_families(engine: Engine) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    statistics = engine.statistics()
    lanes = sorted(statistics.lanes.items())
    yield _family(
        "jiqun_workers",
        "gauge",
        "Worker processes by lane.",
        [({"lane": name}, lane.workers) for name, lane in lanes],
    )
    yield _family(
        "jiqun_workers_busy",
        "gauge",
        "Workers that evaluate a query, by lane.",
        [({"lane": name}, lane.busy) for name, lane in lanes],
    )
    yield _family(
        "jiqun_queries_waiting",
        "gauge",
        "Queries that wait for a worker, by lane.",
        [({"lane": name}, lane.waiting) for name, lane in lanes],
    )
    yield _family(
        "jiqun_worker_starts_total",
        "counter",
        "Workers started, by lane.",
        [({"lane": name}, lane.starts) for name, lane in lanes],
    )
    yield _family(
        "jiqun_worker_kills_total",
        "counter",
        "Workers killed, by reason.",
        [({"reason": reason}, count) for reason, count in sorted(statistics.kills.items())],
    )
    yield _family(
        "jiqun_evaluations_total",
        "counter",
        "Evaluations by outcome; answers from the cache are none.",
        [({"outcome": name}, count) for name, count in sorted(statistics.outcomes.items())],
    )


def _writing_families(writing: WriteService) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    yield _family(
        "jiqun_changes_total", "counter", "Changes that were published.", [({}, writing.changes)]
    )
    yield _family(
        "jiqun_writer_ends_total",
        "counter",
        "Writers that ended in the middle of a change.",
        [({}, writing.kills)],
    )


def _cache_families(cache: ResultCache) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
    for name, kind, help_text, value in (
        ("bytes", "gauge", "Memory the result cache holds.", cache.size),
        ("entries", "gauge", "Answers in the result cache.", len(cache)),
        ("hits_total", "counter", "Questions answered from the cache.", cache.hits),
        ("misses_total", "counter", "Questions that the cache had no answer to.", cache.misses),
        ("evictions_total", "counter", "Answers put out of the cache.", cache.evictions),
    ):
        yield _family(f"jiqun_cache_{name}", kind, help_text, [({}, value)])


def _family(
    name: str, kind: str, help_text: str, values: Iterable[tuple[dict[str, str], float]]
) -> tuple[str, str, str, list[Sample]]:
    return name, kind, help_text, [(name, labels, value) for labels, value in values]


def _line(name: str, labels: dict[str, str], value: float) -> str:
    if not labels:
        return f"{name} {value}"
    shown = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
    return f"{name}{{{shown}}} {value}"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
