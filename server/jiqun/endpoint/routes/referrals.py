"""`/graph/<name>` and `/evidence/<hash>`: identifiers whose documents stand at other addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.linked.documents import SLUG
from jiqun.endpoint.routes.answers import select
from jiqun.endpoint.wording import shorten
from jiqun.errors import NotFound
from jiqun.vocabulary import GRAPH

if TYPE_CHECKING:
    from jiqun.endpoint.release import Release

router = APIRouter(tags=["things"])

_METHODS: Final = ["GET", "HEAD"]
_HASH: Final = re.compile(r"[0-9a-f]{24}")
_EVIDENCE: Final = re.compile(r"evidence\.ttl(\.gz)?")


@router.api_route(
    "/graph/{name}", methods=_METHODS, status_code=303, summary="See the triples of a named graph"
)
async def refer_to_graph(request: Request, name: str) -> Response:
    """Refer to the triples of a named graph, which the Graph Store Protocol gives (303)."""
    iri = GRAPH + name
    if SLUG.fullmatch(name) and await select(
        request, f"SELECT ?s WHERE {{ GRAPH <{iri}> {{ ?s ?p ?o }} }} LIMIT 1"
    ):
        return _refer(request, f"/graphs?graph={quote(iri, safe='')}")
    raise NotFound(f"There is no graph {shorten(name)}. The graphs are listed at /sparql.")


@router.api_route(
    "/evidence/{digest}",
    methods=_METHODS,
    status_code=303,
    summary="See the file that describes a reified statement",
)
async def refer_to_evidence(request: Request, digest: str) -> Response:
    """Refer to the dump that says what the statement is and which passage makes it (303)."""
    release: Release = request.app.state.release
    dump = next((name for name in release.dumps if _EVIDENCE.fullmatch(name)), None)
    if dump is None or not _HASH.fullmatch(digest):
        raise NotFound(f"There is no statement {shorten(digest)}.")
    return _refer(request, f"/dumps/{dump}")


def _refer(request: Request, target: str) -> Response:
    location = f"{request.app.state.settings.root_path}{target}"
    headers = {
        "Location": location,
        "Link": f'<{location}>; rel="describedby"',
        "Cache-Control": "no-cache",
    }
    return Response(status_code=303, headers=headers)
