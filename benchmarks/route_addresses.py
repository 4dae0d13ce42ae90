"""An address for every route of a server, made from its OpenAPI document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLUSTER: Final = "jjj-safety-emergency-equipment"
_SAVED: Final = "/queries/made-labels"  # of the longest answers
_PATHS: Final[Mapping[str, Mapping[str, str]]] = {
    "/query/{name}": {"name": "clusters-above-size"},
    "/queries.{suffix}": {"suffix": "json"},
    "/id/{slug}": {"slug": _CLUSTER},
    "/doc/{slug}": {"slug": _CLUSTER},
    "/source.{suffix}": {"suffix": "ttl"},
    "/source/{slug}": {"slug": "hebei-daily-2024-12-23"},
    "/ontology.{suffix}": {"suffix": "ttl"},
    "/ontology/{version}": {"version": "0.1.0"},
    "/graph/{name}": {"name": "release"},
    "/evidence/{digest}": {"digest": "0" * 24},
    "/dumps/{name}": {"name": "jiqun.nt.gz"},
    "/catalogue.{suffix}": {"suffix": "jsonld"},
    "/sitemap/{name}": {"name": "1.xml"},
}
_QUERIES: Final[Mapping[str, Mapping[str, str]]] = {
    "/sparql": {"query": "SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 1000"},
    "/search": {"q": "石家庄"},
    "/graphs": {"default": ""},
    "/reconcile": {"queries": '{"a": {"query": "石家庄"}}'},
    "/reconcile/suggest/entity": {"prefix": "石家"},
    "/reconcile/suggest/type": {"prefix": "c"},
    "/reconcile/suggest/property": {"prefix": "c"},
    "/reconcile/preview": {"id": _CLUSTER},
    "/reconcile/extend/propose": {"type": "Cluster"},
}
_ACCEPT: Final = ("text/html", "application/ld+json", "*/*")


@dataclass(frozen=True, slots=True)
class Address:
    """A route with its parts filled in, and what the client accepts."""

    target: str
    accept: str


class UnknownRoute(Exception):
    """A route has parts for which this file has no values."""


def addresses(document: Mapping[str, Any]) -> Iterator[Address]:
    """Yield addresses for every route that answers GET; raises `UnknownRoute`.

    All saved queries are one route; one of them stands for the others.
    """
    for route in ["/", "/openapi.json", *document["paths"]]:
        if "get" not in document["paths"].get(route, {"get": None}):
            continue
        if route.startswith("/queries/") and route != _SAVED:
            continue
        parts = re.findall(r"\{(\w+)\}", route)
        if parts and set(parts) != _PATHS.get(route, {}).keys():
            raise UnknownRoute(f"{route}: say in {__name__} what its parts may be")
        path = route.format(**_PATHS.get(route, {}))
        query = urlencode(_QUERIES.get(route, {}))
        target = f"{path}?{query}" if query else path
        for accept in _ACCEPT:
            yield Address(target, accept)
