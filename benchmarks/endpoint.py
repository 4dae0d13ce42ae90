"""Compare this endpoint with others: `python -m benchmarks.endpoint`, from the top of the checkout.

Same machine, same run, same release, same queries in random order from a fixed seed. All servers
run during the whole comparison and take turns, cell by cell. Writes a report in Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import random
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from benchmarks.load import Client, Observed, observe, request_for
from benchmarks.rivals import Rival, endpoint, oxigraph, rdflib_endpoint
from jiqun.rdf.namespaces import KG, RDF, RDFS_LABEL
from jiqun.saved_queries import bind, read_parameters, read_saved_queries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SEED: Final = 20241223
CLIENTS: Final = (1, 4, 16)
COLD, WARM, OXIGRAPH, RDFLIB = "cold", "warm", "oxigraph", "rdflib-endpoint"
ASK: Final = "`ASK {}`"
NAMES: Final = {
    COLD: "this endpoint, cache off",
    WARM: "this endpoint, cache warm",
    OXIGRAPH: "`oxigraph serve-read-only`",
    RDFLIB: "`rdflib-endpoint`",
}
Starter = Callable[[], AbstractContextManager[Rival]]
_PATIENCE_SECONDS: Final = 2.0
_MOST_MISSED: Final = 1
_PACKAGES: Final = ("jiqun", "pyoxigraph", "oxigraph", "rdflib-endpoint", "rdflib")
_BUSY: Final = (
    "- **The machine was busy with other work**: take the ratios within a table, not the rates. "
    "Heavy queries of this endpoint run at low priority (nice 10), so it loses most by that."
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One measurement: a server, a kind of query, a number of clients."""

    server: str
    kind: str
    clients: int
    observed: Observed
    processor_seconds: float

    @property
    def microseconds(self) -> float:
        """Processor time of all processes of the server for each good answer."""
        return 1e6 * self.processor_seconds / max(1, len(self.observed.latencies))


def queries_of(release: Path) -> dict[str, list[str]]:
    """Make the queries of each kind, in an order that only the seed decides."""
    chance = random.Random(SEED)  # noqa: S311 (no secret)
    store = ox.Store.read_only(str(release / "store"))
    label = ox.NamedNode(RDFS_LABEL)
    labelled = store.quads_for_pattern(None, label, None, ox.DefaultGraph())
    things = sorted({str(quad.subject) for quad in labelled if "/id/" in str(quad.subject)})
    chance.shuffle(things)
    things = things[:100]
    pages = len(store) // 2 // 1000
    saved = read_saved_queries((release / "queries.json").read_bytes())
    classes = sorted(
        {str(q.object) for q in store.quads_for_pattern(None, ox.NamedNode(f"{RDF}type"), None)}
    )
    chance.shuffle(classes)
    return {
        ASK: ["ASK {}"],
        "look-up": [f"SELECT ?p ?o WHERE {{ {each} ?p ?o }}" for each in things],
        "2 hops": [
            f"SELECT ?x ?y ?l {{ {each} ?p ?x . ?x <{KG}within> ?y . ?y <{RDFS_LABEL}> ?l }}"
            for each in things
        ],
        "1,000 rows": [
            f"SELECT ?s ?p ?o WHERE {{ ?s ?p ?o }} LIMIT 1000 OFFSET {1000 * page}"
            for page in range(max(1, min(pages, 20)))
        ],
        "aggregate": [
            f"SELECT ?p (COUNT(DISTINCT ?s) AS ?n) WHERE {{ ?s a {each} ; ?p ?o }} "
            "GROUP BY ?p ORDER BY DESC(?n) ?p"
            for each in classes[:20]
        ],
        "saved query": [
            bind(each.text, read_parameters(each, {n: [v] for n, v in each.example.items()}))
            for each in saved.values()
            if each.form == "SELECT"
        ],
    }


def endless(url: str, queries: Sequence[str]) -> Iterator[bytes]:
    """Yield the requests in random order, without end."""
    chance = random.Random(SEED)  # noqa: S311
    requests = [request_for(url, query) for query in queries]
    while True:
        chance.shuffle(requests)
        yield from requests


def agree(
    starters: Mapping[str, Starter], kinds: dict[str, list[str]]
) -> tuple[set[tuple[str, str]], list[str]]:
    """Ask everything once everywhere; return who takes no part in which kind, and what differs.

    This endpoint is asked once for both of its settings. A query that some server does not answer
    in time is dropped from `kinds` for all of them; whichever misses too many of a kind takes no
    part in it.
    """
    absent: set[tuple[str, str]] = set()
    found = []
    counts = {name: _rows(starter, kinds) for name, starter in starters.items() if name != COLD}
    counts[COLD] = counts[WARM]
    for kind, queries in kinds.items():
        rows = {name: counts[name][kind] for name in starters}
        for name in starters:
            missed = [query for query in queries if rows[name].get(query, -1) < 0]
            if len(missed) > _MOST_MISSED:
                absent.add((name, kind))
                found.append(f"{kind}: {NAMES[name]} misses too many within {_PATIENCE_SECONDS} s.")
        present = [name for name in starters if (name, kind) not in absent]
        asked = [q for q in queries if all(rows[name].get(q, -1) >= 0 for name in present)]
        if len(asked) < len(queries):
            found.append(f"{kind}: {len(queries) - len(asked)} queries are left out for everybody.")
        for name in present:
            wrong = sum(rows[name][query] != rows[WARM][query] for query in asked)
            if wrong:
                found.append(f"{kind}: {NAMES[name]} has other rows for {wrong} of {len(asked)}.")
        kinds[kind] = asked
    return absent, found


def _rows(starter: Starter, kinds: Mapping[str, Sequence[str]]) -> dict[str, dict[str, int]]:
    """Count the rows of each answer by kind, -1 for none; a server that hangs is restarted.

    After too many misses of a kind, the rest of it is skipped.
    """
    rows: dict[str, dict[str, int]] = {kind: {} for kind in kinds}
    left = [(kind, query) for kind, queries in kinds.items() for query in queries]
    while left:
        with starter() as rival:
            left = asyncio.run(_answers(rival.url, left, rows))
        slow = {
            kind
            for kind, found in rows.items()
            if sum(count < 0 for count in found.values()) > _MOST_MISSED
        }
        left = [(kind, query) for kind, query in left if kind not in slow]
    return rows


async def _answers(
    url: str, asked: list[tuple[str, str]], rows: dict[str, dict[str, int]]
) -> list[tuple[str, str]]:
    """Write the number of rows of each answer into `rows`; return what is left to be asked."""
    for at, (kind, query) in enumerate(asked):
        async with Client(url) as client:
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    status, body = await client.ask(request_for(url, query))
            except TimeoutError:
                rows[kind][query] = -1
                return asked[at + 1 :]
        good = status == 200
        rows[kind][query] = _count(json.loads(body)) if good else -1
    return []


def _count(document: dict[str, Any]) -> int:
    if "boolean" in document:
        return int(document["boolean"])
    return len(document["results"]["bindings"])


async def warm(url: str, kinds: Sequence[Sequence[str]]) -> None:
    """Ask everything once."""
    async with Client(url) as client:
        for query in (query for queries in kinds for query in queries):
            await client.ask(request_for(url, query))


def glance(release: Path, seconds: float, kind: str, clients: int) -> None:
    """Measure one kind of query on this endpoint and on Oxigraph's server, and print it."""
    queries = queries_of(release)[kind]
    starters = {
        COLD: partial(endpoint, COLD, release, cache_bytes=0),
        OXIGRAPH: partial(oxigraph, release),
    }
    for name, start in starters.items():
        with start() as rival:
            asyncio.run(warm(rival.url, [queries]))
            _print_cell(_cell(name, rival, kind, queries, clients, seconds))


def _cell(
    name: str, rival: Rival, kind: str, queries: Sequence[str], clients: int, seconds: float
) -> Cell:
    before = rival.processor_seconds()
    observed = asyncio.run(observe(rival.url, endless(rival.url, queries), clients, seconds))
    return Cell(name, kind, clients, observed, rival.processor_seconds() - before)


def measure(release: Path, seconds: float, report: Path) -> None:
    """Run the comparison and write the report."""
    kinds = queries_of(release)
    before = os.getloadavg()
    starters: dict[str, Starter] = {
        COLD: partial(endpoint, COLD, release, cache_bytes=0),
        WARM: partial(endpoint, WARM, release),
        OXIGRAPH: partial(oxigraph, release),
        RDFLIB: partial(rdflib_endpoint, release),
    }
    absent, differing = agree(starters, kinds)
    with contextlib.ExitStack() as stack:
        rivals = {name: stack.enter_context(start()) for name, start in starters.items()}
        for name, rival in rivals.items():
            taking_part = [kinds[kind] for kind in kinds if (name, kind) not in absent]
            asyncio.run(warm(rival.url, taking_part))
        cells = []
        for kind, queries in kinds.items():
            for clients in CLIENTS:
                for name, rival in rivals.items():
                    if (name, kind) in absent:
                        continue
                    cells.append(_cell(name, rival, kind, queries, clients, seconds))
                    _print_cell(cells[-1])
        memory = {
            name: (rival.peak_bytes(), rival.proportional_bytes()) for name, rival in rivals.items()
        }
    after = os.getloadavg()
    notes = _conditions(release, seconds, before, after)
    report.write_text("\n".join(_page(cells, memory, differing, notes)) + "\n", "utf-8")


def _print_cell(cell: Cell) -> None:
    rate = f"{cell.observed.rate:9.1f}/s {cell.microseconds:9.0f} µs"
    print(f"{cell.kind:12} {cell.clients:2} {cell.server:16} {rate}", file=sys.stderr)


def _conditions(
    release: Path, seconds: float, before: Sequence[float], after: Sequence[float]
) -> list[str]:
    counts = json.loads((release / "manifest.json").read_text("utf-8"))["counts"]
    cores = len(os.sched_getaffinity(0))
    python = platform.python_version()
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return [
        f"- {cores} cores, Python {python}; the clients run on the same cores as the servers.",
        f"- Load average (1 minute) before {before[0]:.1f}, after {after[0]:.1f}.",
        *([_BUSY] if max(before[0], 1) > cores / 2 else []),
        f"- {versions}.",
        f"- {counts['triples']:,} triples in the default graph, {counts['quads']:,} in named ones.",
        f"- {seconds:g} seconds a cell; seed {SEED}; GET, JSON, no compression.",
    ]


def _page(
    cells: Sequence[Cell],
    memory: Mapping[str, tuple[int, int]],
    differing: Sequence[str],
    notes: Sequence[str],
) -> Iterator[str]:
    yield from (
        "# Benchmarks",
        "",
        "Written by `python -m benchmarks.endpoint` (`pip install -e '.[bench]'` first).",
        "",
        *notes,
        "",
        "Rates are good answers a second; latencies are in milliseconds. Processor time is that of",
        "all processes of a server, in microseconds an answer: it depends least on what else the",
        "machine does, so compare by it first.",
    )
    for kind in dict.fromkeys(cell.kind for cell in cells):
        yield from ("", f"## {kind[0].upper()}{kind[1:]}", "")
        yield "| clients | server | processor µs | answers/s | p50 | p95 | p99 | errors |"
        yield "|--:|---|--:|--:|--:|--:|--:|---|"
        yield from (_row(cell) for cell in cells if cell.kind == kind)
    yield from (
        "",
        "## Memory",
        "",
        "In MiB: the most that the processes of a server ever held, where pages that several share",
        "are counted for each; and at the end, where they count once.",
    )
    yield from ("", "| server | most | at the end |", "|---|--:|--:|")
    for name, (most, end) in memory.items():
        yield f"| {NAMES[name]} | {most / 2**20:,.0f} | {end / 2**20:,.0f} |"
    yield from ("", "## Against the goals", "", *_verdicts(cells))
    yield from ("", "## Do they answer the same?", "")
    yield from [f"- {each}" for each in differing] or ["Every query has as many rows everywhere."]


def _row(cell: Cell) -> str:
    seen = cell.observed
    tail = " | ".join(f"{1000 * seen.percentile(share):,.1f}" for share in (0.5, 0.95, 0.99))
    errors = ", ".join(f"{count}× {kind}" for kind, count in sorted(seen.errors.items())) or "0"
    start = f"| {cell.clients} | {NAMES[cell.server]} | {cell.microseconds:,.0f}"
    return f"{start} | {seen.rate:,.0f} | {tail} | {errors} |"


def _verdicts(cells: Sequence[Cell]) -> Iterator[str]:
    """Say for every goal where it is met and where it is lost, by rate and by processor time."""
    rates = {(cell.server, cell.kind, cell.clients): cell.observed.rate for cell in cells}
    costs = {
        (cell.server, cell.kind, cell.clients): 1 / max(cell.microseconds, 1) for cell in cells
    }
    kinds = dict.fromkeys(cell.kind for cell in cells)
    goals = (
        ("cold at least as fast as Oxigraph's server", COLD, OXIGRAPH, 1.0, set(kinds)),
        ("cold look-ups at least 5 times rdflib-endpoint", COLD, RDFLIB, 5.0, {"look-up"}),
        ("warm at least 1.5 times Oxigraph's server", WARM, OXIGRAPH, 1.5, {*kinds} - {ASK}),
    )
    yield "| goal | by | met | lost (ratio reached) |"
    yield "|---|---|--:|---|"
    for title, ours, theirs, factor, only in goals:
        for measure_, values in (("processor time", costs), ("rate", rates)):
            ratios = {
                (kind, clients): value / max(values[theirs, kind, clients], 1e-9)
                for (name, kind, clients), value in values.items()
                if name == ours and kind in only and (theirs, kind, clients) in values
            }
            lost = [
                f"{kind} × {clients} ({ratio:.2f})"
                for (kind, clients), ratio in ratios.items()
                if ratio < factor
            ]
            met = f"{len(ratios) - len(lost)} of {len(ratios)}"
            yield f"| {title} | {measure_} | {met} | {', '.join(lost) or 'nowhere'} |"


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endpoint", description=__doc__)
    parser.add_argument("--release", type=Path, default=Path("release"), help="release folder")
    parser.add_argument("--seconds", type=float, default=2.0, help="duration of each cell")
    parser.add_argument("--report", type=Path, default=Path("docs/benchmarks.md"))
    parser.add_argument("--kind", help="measure one kind of query only, and write no report")
    parser.add_argument("--clients", type=int, default=4, help="with --kind: how many at once")
    given = parser.parse_args()
    if given.kind is not None:
        glance(given.release, given.seconds, given.kind, given.clients)
        return
    measure(given.release, given.seconds, given.report)


if __name__ == "__main__":
    main()
