"""A request for every route of a server, made from its OpenAPI document."""

from __future__ import annotations

import json
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
    "/q/{code}": {"code": "1cwz2BnsUEjbo-akWAA"},
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


def _name(text: str) -> dict[str, str]:
    return {"matchType": "name", "propertyValue": text}


_FORM: Final = "application/x-www-form-urlencoded"
_LONG: Final = "SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 1000"
_NAMES: Final = ["石家庄", "Tangshan", "北汽集团", "integrated circuits", "nobody knows this"]
_CALL: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "describe", "arguments": {"thing": _CLUSTER}},
}
_BODIES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "/mcp": (("application/json", json.dumps(_CALL)),),
    "/sparql": (("application/sparql-query", _LONG), (_FORM, urlencode({"query": _LONG}))),
    "/sparql/check": (("application/sparql-query", "SELECT * { ?s kg:coreAera ?o " * 20),),
    "/match": ((_FORM, urlencode({"names": "\n".join(_NAMES * 10)})),),
    "/reconcile": (
        (
            _FORM,
            urlencode(
                {"queries": json.dumps({str(n): {"query": q} for n, q in enumerate(_NAMES * 2)})}
            ),
        ),
    ),
    "/reconcile/match": (
        (
            "application/json",
            json.dumps({"queries": [{"conditions": [_name(each)]} for each in _NAMES]}),
        ),
    ),
    "/reconcile/extend": (
        (
            "application/json",
            json.dumps({"ids": [_CLUSTER], "properties": [{"id": "label"}, {"id": "region"}]}),
        ),
    ),
    "/graphs": (("text/turtle", "<a:a> <a:b> <a:c> ." * 1000),),
    "/update": (("application/sparql-update", "INSERT DATA { <a:a> <a:b> <a:c> }"),),
}


@dataclass(frozen=True, slots=True)
class Address:
    """A route with its parts filled in, what the client accepts, and the body of a POST."""

    target: str
    accept: str
    content_type: str = ""
    body: str = ""

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "POST" if self.content_type else "GET"

    def message(self, host: str, *headers: str) -> bytes:
        """Return the request as it is sent to a host."""
        body = self.body.encode()
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {host}", *headers]
        lines.append(f"Accept: {self.accept}")
        if self.content_type:
            lines += [f"Content-Type: {self.content_type}", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body


class UnknownRoute(Exception):
    """A route has parts for which this file has no values."""


def addresses(document: Mapping[str, Any]) -> Iterator[Address]:
    """Yield addresses for every route that answers GET or POST; raises `UnknownRoute`.

    All saved queries are one route; one of them represents the others.
    """
    paths = {"/": {"get": None}, "/openapi.json": {"get": None}, "/mcp": {"post": None}}
    for route, methods in {**paths, **document["paths"]}.items():
        if route.startswith("/queries/") and route != _SAVED:
            continue
        parts = re.findall(r"\{(\w+)\}", route)
        if parts and set(parts) != _PATHS.get(route, {}).keys():
            raise UnknownRoute(f"{route}: say in {__name__} what its parts may be")
        path = route.format(**_PATHS.get(route, {}))
        if "get" in methods:
            query = urlencode(_QUERIES.get(route, {}))
            for accept in _ACCEPT:
                yield Address(f"{path}?{query}" if query else path, accept)
        if "post" in methods and route != _SAVED:
            if route not in _BODIES:
                raise UnknownRoute(f"{route}: say in {__name__} what its body may be")
            for content_type, body in _BODIES[route]:
                accept = "application/json, text/event-stream" if route == "/mcp" else "*/*"
                yield Address(path, accept, content_type, body)
