"""How the costs of `jiqun pack` and of its pages grow with the data, and what that means for more.

`python -m benchmarks.growth 1e6 5e6` packs synthetic data of each size, serves it, and prints a
table in Markdown. Its last column is reckoned for a hundred million statements: on the line through
the last two sizes for what grows, the last value for what does not. Times of packing are processor
time.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.synthetic_quads import BASE, TERMS, write

FAR: Final = 100_000_000
_ROUNDS: Final = 5
_SETTINGS: Final = {
    "JIQUN_CACHE_BYTES": "0",
    "JIQUN_LOG_REQUESTS": "false",
    "JIQUN_DEADLINE_SECONDS": "60",
}
_ADDRESSES: Final = {
    "home page": "/",
    "page of a firm": f"/page?iri={BASE}id/firm-7",
    "page of a class": f"/page?iri={TERMS.replace('#', '%23')}Firm",
    "search": "/search?q=hua&format=json",
    "service description": "/sparql?format=ttl",
    "VoID": "/.well-known/void?format=ttl",
    "sitemap": "/sitemap/2.xml",
    "look-up": f"/sparql?query=SELECT+*+%7B%3C{BASE}id/firm-7%3E+%3Fp+%3Fo%7D",
    "two hops": f"/sparql?query=SELECT+*+%7B%3Ff+%3C{TERMS.replace('#', '%23')}about%3E+"
    f"%3C{BASE}id/firm-7%3E%3B%3Fp+%3Fo%7D",
}


def pack(source: Path, release: Path) -> dict[str, float]:
    """Pack a file; return processor seconds, the most memory in MiB, and sizes on disk in MiB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-m", "jiqun", "pack", str(source), "--out", str(release)]
    subprocess.run(words, check=True)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "pack, processor seconds": spent,
        "pack, memory in MiB": after.ru_maxrss / 1024,
        "store in MiB": _size(release / "store"),
        "search index in MiB": _size(release / "search"),
        "dumps in MiB": sum(each.stat().st_size for each in release.glob("*.gz")) / 2**20,
    }


def _size(folder: Path) -> float:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()) / 2**20


@contextmanager
def served(release: Path) -> Iterator[str]:
    """Serve a release without a cache; yield its address."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "jiqun", "serve", "--release", release, "--port", "0"],
        env={**os.environ, **_SETTINGS},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"at (http://[0-9.:]+)/", line):
                yield found[1]
                return
        raise RuntimeError("the server did not start")
    finally:
        process.terminate()
        process.wait()


def pages(root: str) -> dict[str, float]:
    """Return the milliseconds of each address, the fastest of some rounds after a first."""
    found = {}
    for name, path in _ADDRESSES.items():
        times = []
        for _ in range(_ROUNDS + 1):
            began = time.perf_counter()
            with urllib.request.urlopen(root + path) as response:  # noqa: S310 -- our own server
                response.read()
            times.append(1000 * (time.perf_counter() - began))
        found[f"{name}, ms"] = min(times[1:])
    return found


def main(sizes: list[int]) -> None:
    """Measure each size and print the table."""
    columns: list[tuple[int, dict[str, float]]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="jiqun-growth-") as name:
            source, release = Path(name) / "firms.nq", Path(name) / "release"
            write(size, source)
            costs = pack(source, release)
            source.unlink()
            counts = json.loads((release / "manifest.json").read_text("utf-8"))["counts"]
            with served(release) as root:
                columns.append((counts["triples"] + counts["quads"], costs | pages(root)))
    print("| | " + " | ".join(f"{size:,}" for size, _ in columns) + f" | {FAR:,} (reckoned) |")
    print("|---" * (len(columns) + 2) + "|")
    for name in columns[0][1]:
        values = [costs[name] for _, costs in columns]
        far = extrapolate([size for size, _ in columns], values, flat=name.endswith("ms"))
        print(f"| {name} | " + " | ".join(f"{value:,.1f}" for value in (*values, far)) + " |")


def extrapolate(sizes: list[int], values: list[float], *, flat: bool) -> float:
    """Return the value for `FAR` on the line through the last two, or the last if it is flat."""
    if flat or len(sizes) < 2:
        return values[-1]
    slope = (values[-1] - values[-2]) / (sizes[-1] - sizes[-2])
    return values[-1] + slope * (FAR - sizes[-1])


if __name__ == "__main__":
    main([int(float(each)) for each in sys.argv[1:] or ("1e6", "5e6")])
