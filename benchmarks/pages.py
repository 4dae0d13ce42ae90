"""Times and sizes of each kind of page: uncached, and from the cache.

    python -m benchmarks.pages RELEASE > docs/page-times.md

Wall time is that of a client on the same machine; processor time is that of the server and its
workers for one uncached page, which depends little on other load.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from benchmarks.processor_time import children, seconds, server

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.processor_time import Running

_HERE: Final = Path(__file__).parents[1]
PAGES: Final = {
    "home": "/",
    "clusters": "/clusters",
    "clusters of a province": "/clusters?province=jiangsu",
    "places": "/places",
    "companies": "/companies",
    "plans": "/plans",
    "figures": "/figures",
    "figures of a metric": "/figures?metric=enterprise-count",
    "comparison": "/compare?metric=output-value",
    "timeline": "/timeline?at=2028",
    "network": "/network",
    "picture as SVG": "/clusters?format=svg",
    "table as CSV": "/clusters?format=csv",
    "cluster": "/doc/jjj-safety-emergency-equipment",
    "place": "/doc/hebei",
    "company": "/doc/baic-motor",
    "source": "/source/hebei-daily-2024-12-23",
    "sources": "/source",
    "search": "/search?q=beijing",
    "saved queries": "/queries",
    "saved query": "/queries/clusters-of-region?place=hebei",
    "query editor": "/sparql",
    "ontology": "/ontology",
    "quality": "/quality",
}
_HEADERS: Final = {"Accept": "text/html", "Accept-Encoding": "gzip"}


@dataclass(frozen=True)
class Times:
    """Milliseconds of processor time and wall time of a page, uncached and from the cache."""

    processor: float
    made: tuple[float, float]
    cached: tuple[float, float]
    size: int
    sent: int


def measure(running: Running, path: str, count: int) -> Times:
    """Ask for a page `count` times from hosts of their own, and `count` times from one."""
    parts = urlsplit(running.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def ask(**headers: str) -> int:
        connection.request("GET", path, headers={**_HEADERS, **headers})
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{path}: {response.status} {body[:300]!r}")
        return len(body)

    def ask_anew(number: int) -> int:
        # Pages name the host that they are asked from, so each host gets a page of its own.
        return ask(Host=f"host-{number}.example")

    ask_anew(-1)
    pid = running.process.pid
    workers = children(pid)
    before = seconds(pid) + sum(map(seconds, workers))
    made = _timed(ask_anew, count)
    after = seconds(pid) + sum(map(seconds, workers))
    sent = ask()
    cached = _timed(lambda _number: ask(), count)
    size = ask(**{"Accept-Encoding": "identity"})
    connection.close()
    return Times((after - before) / count * 1e3, made, cached, size, sent)


def _timed(ask: Callable[[int], object], count: int) -> tuple[float, float]:
    """Return the median and the 95th percentile in milliseconds."""
    taken = []
    for number in range(count):
        began = time.perf_counter()
        ask(number)
        taken.append((time.perf_counter() - began) * 1e3)
    taken.sort()
    return taken[len(taken) // 2], taken[min(len(taken) - 1, int(len(taken) * 0.95))]


def main() -> None:
    """Measure and print a page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("release", type=Path)
    parser.add_argument("--count", type=int, default=40, help="Requests a cell.")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    print("# Times of pages\n")
    print("Written by `python -m benchmarks.pages RELEASE > docs/page-times.md`.\n")
    print(f"- {os.cpu_count()} cores, Python {platform.python_version()}; ", end="")
    print(f"{arguments.count} requests a cell, one after the other, gzip; milliseconds.")
    print(f"- Load average (1 minute) before: {load:.1f}.", end="")
    print(" **Busy: trust the processor time, not the wall time.**" if load > 1 else "")
    print("- *made*: the page is rendered anew; *cached*: it comes from the server's cache.\n")
    print("| page | bytes | sent | processor | made p50 | p95 | cached p50 | p95 |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    with server("this", _HERE, arguments.release.resolve(), True) as running:
        for name, path in PAGES.items():
            found = measure(running, path, arguments.count)
            print(
                f"| {name} | {found.size:,} | {found.sent:,} | {found.processor:.0f} "
                f"| {found.made[0]:.0f} | {found.made[1]:.0f} "
                f"| {found.cached[0]:.1f} | {found.cached[1]:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
