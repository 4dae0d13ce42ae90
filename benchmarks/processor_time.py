"""Processor time per request of a server and of its workers, with `wrk` as the client.

    python -m benchmarks.processor_time RELEASE [--other CHECKOUT]

Starts the server of this checkout, and of another one if it is named, with the cache off and then
on, and sends the same requests to both in turns. Prints microseconds of processor time per request:
of the server process, and of its children. Compare figures of one run only.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_HERE = Path(__file__).parents[1]
_LABEL = "SELECT ?l { <https://w3id.org/jiqun/id/beijing> ?p ?l }"
_HOPS = (
    "PREFIX kg: <https://w3id.org/jiqun/ontology#> SELECT ?c ?n { "
    "?c a kg:Cluster ; kg:coreArea ?a . ?a <http://www.w3.org/2000/01/rdf-schema#label> ?n }"
)
_AGGREGATE = "SELECT ?t (COUNT(*) AS ?n) { ?s a ?t } GROUP BY ?t ORDER BY DESC(?n)"
PATHS = {
    "ASK {}": f"/sparql?query={quote('ASK {}')}",
    "look-up": f"/sparql?query={quote(_LABEL)}",
    "two hops": f"/sparql?query={quote(_HOPS)}",
    "aggregate": f"/sparql?query={quote(_AGGREGATE)}",
    "1,000 rows": f"/sparql?query={quote('SELECT * { ?s ?p ?o } LIMIT 1000')}",
    "home page": "/",
}


@dataclass(frozen=True)
class Running:
    """A server that is measured."""

    name: str
    process: subprocess.Popen[str]
    url: str


@contextmanager
def server(name: str, checkout: Path, release: Path, cache: bool) -> Iterator[Running]:
    """Run the server of a checkout on a free port."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "server")}
    if not cache:
        environment["JIQUN_CACHE_BYTES"] = "0"
    command = [sys.executable, "-m", "jiqun", "serve", "--release", str(release), "--port", "0"]
    with subprocess.Popen(  # noqa: S603 -- our own command
        command, cwd=checkout, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            found = re.search(r"at (http://\S+)/", line)
            if found:
                break
        else:
            raise SystemExit(f"The server in {checkout} does not start.")
        # The log is written as in operation, and thrown away.
        with subprocess.Popen(
            ["cat"],  # noqa: S607
            stdin=process.stderr,
            stdout=subprocess.DEVNULL,
        ):
            time.sleep(8)
            yield Running(name, process, found[1])
            process.terminate()
            process.wait()


def seconds(pid: int) -> float:
    """Return the processor time of a process, user and system."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid: int) -> list[int]:
    """Return the processes that a process started, and those that these started."""
    try:
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [each for child in map(int, found) for each in (child, *children(child))]


def measure(running: Running, path: str, clients: int, duration: int) -> tuple[float, float, float]:
    """Return microseconds per request of the server and of its children, and requests a second."""
    pid = running.process.pid
    before, below = seconds(pid), {child: seconds(child) for child in children(pid)}
    command = ["wrk", "-t1", f"-c{clients}", f"-d{duration}s", running.url + path]
    printed = subprocess.run(  # noqa: S603 -- our own command
        command, capture_output=True, text=True, check=True
    ).stdout
    count = int(re.search(r"(\d+) requests in", printed)[1])  # type: ignore[index]
    if "Non-2xx" in printed:
        raise SystemExit(f"{running.url}{path} answers with errors:\n{printed}")
    own = seconds(pid) - before
    worked = sum(seconds(child) - below.get(child, 0.0) for child in children(pid))
    return own / count * 1e6, worked / count * 1e6, count / duration


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    parser.add_argument("--other", type=Path, help="Another checkout, to compare with.")
    parser.add_argument("--other-release", type=Path, help="Its release, if it needs its own.")
    parser.add_argument("--seconds", type=int, default=4)
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    release = arguments.release.resolve()
    other_release = (arguments.other_release or release).resolve()
    print("| cache | request | clients | server | server µs | workers µs | requests/s |")
    print("|---|---|---|---|---|---|---|")
    for cache in (False, True):
        with server("this", _HERE, release, cache) as this:
            if arguments.other is None:
                compare([this], cache, arguments.seconds)
            else:
                with server("other", arguments.other, other_release, cache) as other:
                    compare([this, other], cache, arguments.seconds)


def compare(servers: list[Running], cache: bool, duration: int) -> None:
    """Measure every request on every server, in turns."""
    for name, path in PATHS.items():
        for clients in (1, 4):
            for each in servers:
                own, worked, rate = measure(each, path, clients, duration)
                print(
                    f"| {'on' if cache else 'off'} | {name} | {clients} | {each.name} "
                    f"| {own:.0f} | {worked:.0f} | {rate:,.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
