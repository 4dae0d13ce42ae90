"""All clients, in the order of the page, tried against a server on a release."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from interop.clients import (
    browser_clients,
    java_clients,
    load_generators,
    node_clients,
    python_clients,
)
from interop.clients.client import Client, Endpoint, differing, expected, try_client
from interop.tool import CACHE, fresh
from writable_server import TOKEN, writable

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

CLIENTS: Final[tuple[Client, ...]] = (
    *python_clients.CLIENTS,
    *java_clients.CLIENTS,
    *node_clients.CLIENTS,
    *browser_clients.CLIENTS,
    *load_generators.CLIENTS,
)
RESULTS: Final = Path(__file__).with_name("results.json")


def try_clients(release: Path, names: Container[str]) -> list[dict[str, Any]]:
    """Try the named clients on a server that may be written to; return all that is recorded."""
    records = {each["client"]: each for each in recorded()}
    with writable(fresh(CACHE / "scratch" / "written"), release) as live:
        wanted = expected(live.client)
        for client in CLIENTS:
            if client.name in names:
                sys.stderr.write(f"{client.name}\n")
                records[client.name] = try_client(client, Endpoint(live.url, TOKEN), wanted)
    results = [records[each.name] for each in CLIENTS if each.name in records]
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return results


def recorded() -> list[dict[str, Any]]:
    """Return what is recorded of each client."""
    return list(json.loads(RESULTS.read_text("utf-8"))) if RESULTS.exists() else []


def rows(records: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the rows of the table: what each client did and what came back."""
    for record in records:
        if "skipped" not in record:
            done = "; ".join(f"{step} → {each['came']}" for step, each in record["steps"].items())
            wrong = "; ".join(differing(record)) or "✓"
            source = f"{record['registry']}: `{record['package']}`"
            yield f"| {record['client']} | {record['version']} | {source} | {done} | {wrong} |"


def skipped(records: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the clients that are not in the table, with the reason."""
    known = {record["client"]: record for record in records}
    for client in CLIENTS:
        if client.name not in known:
            yield client.name, "not run yet on a release that is recorded here."
        elif "skipped" in known[client.name]:
            yield client.name, f"not at hand in this run; {known[client.name]['skipped']}"
