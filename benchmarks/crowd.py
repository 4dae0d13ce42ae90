"""Two hundred clients with the worst queries, all routes or odd requests, and the light ones.

`python -m benchmarks.crowd`, from the top of the checkout. Starts `jiqun serve` on the release with
its cache off, lets the crowd ask for so many seconds, and meanwhile measures `ASK {}` and look-ups
from clients of their own. Prints what the light ones waited, how the crowd was answered, and how
many workers the server had to start and kill. `--routes` lets the crowd ask every route of the
OpenAPI document instead of the worst queries, `--edges` lets it send requests at the edges of HTTP,
`--one-address` lets all of it come from one address.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from benchmarks.edge_requests import EDGES
from benchmarks.endpoint import queries_of
from benchmarks.load import Client, Observed, observe, request_for
from benchmarks.rivals import endpoint
from benchmarks.route_addresses import Address, addresses

if TYPE_CHECKING:
    from collections.abc import Iterator

CROWD: Final = 200
WORST: Final = (
    "SELECT (COUNT(*) AS ?n) {{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?a != {0}) }}",
    "SELECT * {{ ?a ?b ?c . ?d ?e ?f }} ORDER BY ?f ?c LIMIT {0}",
    "SELECT DISTINCT ?a ?f {{ ?a ?b ?c . ?d ?e ?f }} OFFSET 9999999 LIMIT {0}",
    "SELECT ?a ?z {{ ?a (!<urn:{0}>)* ?z }}",
    "SELECT (GROUP_CONCAT(CONCAT(STR(?c), STR(?f), '{0}')) AS ?t) {{ ?a ?b ?c . ?d ?e ?f }}",
    "SELECT * {{ ?a ?b ?c FILTER(REGEX(STR(?c), '(a+)+(b+)+{0}$')) ?d ?e ?f . ?g ?h ?f }}",
    "CONSTRUCT {{ ?a ?b ?f }} {{ ?a ?b ?c . ?d ?e ?f FILTER(?a != {0}) }}",
    "SELECT * {{ ?a ?b ?c FILTER NOT EXISTS {{ ?d ?e ?f . ?f ?g ?a FILTER(?d = {0}) }} }}",
)


@dataclass(frozen=True, slots=True)
class Found:
    """What the light ones observed, by kind; the crowd's answers by status; the server's counts."""

    light: dict[str, Observed]
    crowd: dict[str, int]
    counts: dict[str, float]


@dataclass(frozen=True, slots=True)
class Attack:
    """What the crowd asks: these addresses or messages, else the worst queries; from where."""

    routes: tuple[Address, ...]
    messages: tuple[bytes, ...]
    one_address: bool

    def request(self, url: str, number: int, chance: random.Random) -> bytes:
        """Return a request of the client with this number."""
        last = 1 if self.one_address else number % 250 + 1
        source = f"X-Forwarded-For: 192.0.2.{last}"
        if self.messages:
            line, end, rest = chance.choice(self.messages).partition(b"\r\n")
            return b"".join((line, end, source.encode(), end, rest))
        if not self.routes:
            query = chance.choice(WORST).format(chance.randrange(1, 10**9))
            return request_for(url, query, [source, "Accept: */*"])
        return chance.choice(self.routes).message(urlsplit(url).netloc, source)


async def _crowd(
    url: str, number: int, until: float, statuses: dict[str, int], attack: Attack
) -> None:
    """One heavy client: sends the heaviest queries, and waits after Retry-After."""
    chance = random.Random(number)  # noqa: S311 (no secret)
    while time.perf_counter() < until:
        request = attack.request(url, number, chance)
        async with Client(url) as client:
            try:
                async with asyncio.timeout(max(0.1, until - time.perf_counter())):
                    status, _ = await client.ask(request)
            except (OSError, TimeoutError):
                continue
        statuses[str(status)] = statuses.get(str(status), 0) + 1
        if status != 200:
            await asyncio.sleep(chance.random())


def _different(url: str, queries: list[str]) -> Iterator[bytes]:
    """Give requests none of which was made before, so that no cache can answer."""
    for number, query in zip(itertools.count(), itertools.cycle(queries)):
        yield request_for(url, f"{query} # {number}", ["X-Forwarded-For: 198.51.100.7"])


async def press(
    url: str, looks: list[str], seconds: float, attack: Attack
) -> tuple[dict[str, Observed], dict[str, int]]:
    """Let crowd and light clients ask at once."""
    statuses: dict[str, int] = {}
    until = time.perf_counter() + seconds + 1
    crowd = [
        asyncio.create_task(_crowd(url, each, until, statuses, attack)) for each in range(CROWD)
    ]
    await asyncio.sleep(1)
    asks, finds = await asyncio.gather(
        observe(url, _different(url, ["ASK {}"]), 1, seconds),
        observe(url, _different(url, looks), 1, seconds),
    )
    await asyncio.gather(*crowd)
    return {"ASK {}": asks, "look-up": finds}, statuses


def measure(
    release: Path, seconds: float, *, routes: bool, edges: bool, one_address: bool
) -> Found:
    """Start a server, press it, and read its counts."""
    looks = queries_of(release)["look-up"]
    proxies = json.dumps(["127.0.0.1"])
    with endpoint("pressed", release, cache_bytes=0, trusted_proxies=proxies) as rival:
        document = httpx.get(rival.url.replace("/sparql", "/openapi.json"), timeout=60).json()
        asked = tuple(addresses(document)) if routes else ()
        attack = Attack(asked, EDGES if edges else (), one_address)
        light, crowd = asyncio.run(press(rival.url, looks, seconds, attack))
        text = httpx.get(rival.url.replace("/sparql", "/metrics"), timeout=60).text
    lines = (line.rpartition(" ") for line in text.splitlines() if line[0] != "#")
    counts = {name: float(value) for name, _, value in lines if "worker_" in name}
    return Found(light, crowd, counts)


def main() -> None:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=__doc__)
    parser.add_argument("--release", type=Path, default=Path("release"), help="release folder")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to press")
    parser.add_argument("--routes", action="store_true", help="ask every route")
    parser.add_argument("--edges", action="store_true", help="send requests at the edges of HTTP")
    parser.add_argument("--one-address", action="store_true", help="all from one address")
    given = parser.parse_args()
    found = measure(
        given.release,
        given.seconds,
        routes=given.routes,
        edges=given.edges,
        one_address=given.one_address,
    )
    for kind, seen in found.light.items():
        shares = ", ".join(
            f"p{round(share * 100)} {1000 * seen.percentile(share):.1f} ms"
            for share in (0.5, 0.95, 0.99)
        )
        print(f"{kind}: {len(seen.latencies)} answers, {shares}, errors {seen.errors or 'none'}")
    print("crowd:", found.crowd, found.counts)


if __name__ == "__main__":
    main()
