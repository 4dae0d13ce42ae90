"""ab and wrk: many requests over kept and new connections, none of which may fail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from interop.clients.client import Client, Endpoint
from interop.tool import NotInstalled, command

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASK: Final = "/sparql?query=ASK%7B%7D"


def _ab_version() -> str:
    return _found(r"Version (\S+)", command("ab", "-V"))


def _wrk_version() -> str:
    said = command("sh", "-c", "wrk --version; true")  # it ends with 1 whatever it does
    return _found(r"wrk (?:debian/)?(\d\S+)", said)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise NotInstalled(f"it does not say its version: {text[:80]}")
    return found[1]


def _ab(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    for step, options in (("load new connections", ()), ("load kept connections", ("-k",))):
        said = command("ab", "-q", "-n", "400", "-c", "8", *options, endpoint.url + _ASK)
        failed = int(_found(r"Failed requests: +(\d+)", said))
        refused = re.search(r"Non-2xx responses: +(\d+)", said)
        yield step, f"{failed + int(refused[1] if refused else 0)} failed"


def _wrk(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    said = command("wrk", "-t", "1", "-c", "8", "-d", "1s", endpoint.url + _ASK)
    numbers = re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", said)
    yield "load", f"{sum(map(int, numbers))} failed"


CLIENTS: Final = (
    Client("ab", "Debian", "apache2-utils", _ab_version, _ab),
    Client("wrk", "Debian", "wrk", _wrk_version, _wrk),
)
