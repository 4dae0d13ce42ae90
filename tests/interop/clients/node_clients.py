"""Clients from npm: Comunica, fetch-sparql-endpoint, sparql-http-client, LDkit."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from interop import javascript
from interop.clients.client import Client, Endpoint, printed

if TYPE_CHECKING:
    from collections.abc import Iterable


def _run(name: str, endpoint: Endpoint) -> Iterable[tuple[str, str]]:
    return printed(javascript.node("clients.mjs", name, *endpoint.words))


CLIENTS: Final = tuple(
    Client(name, "npm", package, partial(javascript.version, package), partial(_run, function))
    for name, package, function in (
        ("Comunica over HTTP", "@comunica/query-sparql", "comunica"),
        ("fetch-sparql-endpoint", "fetch-sparql-endpoint", "fetcher"),
        ("sparql-http-client", "sparql-http-client", "httpClient"),
        ("LDkit", "ldkit", "ldkit"),
    )
)
