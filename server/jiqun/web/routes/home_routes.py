"""`/`, static files, health and metrics.

`/` and the static files of the pages.

`/health/live` and `/health/ready`: for whoever restarts or balances.

`/metrics`: for Prometheus.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from fastapi import APIRouter, Request, Response

from jiqun.errors import JiqunError, NotFound, shorten
from jiqun.query.service import QueryService
from jiqun.rdf.namespaces import DATASET, LICENCE
from jiqun.web.http import public_url, reader_of
from jiqun.web.metadata.dcat import read_catalogue
from jiqun.web.metadata.schema_org import dataset_document
from jiqun.web.metrics import CONTENT_TYPE
from jiqun.web.pages.home_page import Overview, render_home
from jiqun.web.pages.page_queries import FIRST_QUERY, read_first_figures, read_sources
from jiqun.web.pages.rendering import STATIC_TYPES, static_file
from jiqun.web.routes.document_responses import page
from jiqun.web.routes.sparql_routes import select

router = APIRouter()

_METHODS: Final = ["GET", "HEAD"]
_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"


@router.api_route("/", methods=_METHODS, include_in_schema=False)
async def show_home(request: Request) -> Response:
    """Show what this is: counts, a first answer, the saved queries, the sources, the dumps."""
    ask = partial(select, request)
    sources, source_captions = await read_sources(ask)
    figures, captions = await read_first_figures(ask)
    state = request.app.state
    root = public_url(request.scope, state.settings)
    dataset = dataset_document(await read_catalogue(ask), state.release, root)
    text = render_home(
        state.release,
        Overview(sources, figures, FIRST_QUERY),
        source_captions | captions,
        reader_of(request.scope, state.settings),
        dataset,
    )
    return page(request, text, extra=((b"link", _links(root).encode("latin-1")),))


def _links(root: str) -> str:
    """Give the Link header (RFC 8288) by which programs find what describes the site."""
    return ", ".join(
        (
            f'<{root}/.well-known/void>; rel="describedby"; type="text/turtle"',
            f'<{root}/catalogue.ttl>; rel="describedby"; type="text/turtle"',
            f'<{root}/sparql>; rel="service-desc"; type="text/turtle"',
            f'<{root}/openapi.json>; rel="service-desc"; type="application/json"',
            f'<{LICENCE}>; rel="license"',
            f'<{DATASET}>; rel="cite-as"',
        )
    )


@router.api_route("/static/{name}", methods=_METHODS, include_in_schema=False)
async def send_static(name: str) -> Response:
    """Send a static file; its address on the pages changes with its content, so it may be kept."""
    if name not in STATIC_TYPES:
        raise NotFound(f"There is no static file {shorten(name)}.")
    headers = {"Cache-Control": _FOR_A_YEAR}
    return Response(static_file(name), headers=headers, media_type=STATIC_TYPES[name])


@router.api_route("/favicon.ico", methods=_METHODS, include_in_schema=False)
async def send_icon() -> Response:
    """Send the mark to whoever asks for an icon at its traditional address."""
    return await send_static("mark.svg")


_NO_STORE = {"Cache-Control": "no-store"}


@router.api_route("/health/live", methods=["GET", "HEAD"], summary="Is the process alive?")
async def live() -> Response:
    """Answer 200 as long as the event loop turns."""
    return Response("alive\n", media_type="text/plain", headers=_NO_STORE)


@router.api_route("/health/ready", methods=["GET", "HEAD"], summary="Are queries answered?")
async def ready(request: Request) -> Response:
    """Answer 200 when a query has just gone through a worker, 503 with the reason otherwise."""
    service: QueryService = request.app.state.service
    try:
        answered = await service.probe()
    except JiqunError as error:
        return Response(
            f"not ready: {error.title}\n", 503, media_type="text/plain", headers=_NO_STORE
        )
    return Response(
        "ready\n" if answered else "not ready\n", 200 if answered else 503, _NO_STORE, "text/plain"
    )


@router.api_route("/metrics", methods=["GET", "HEAD"], summary="Counts for Prometheus")
async def expose(request: Request) -> Response:
    """Give the counts of all server processes in Prometheus's text format."""
    state = request.app.state
    text = state.metrics.expose(state.engine, state.service.cache, state.writing)
    return Response(text, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})
