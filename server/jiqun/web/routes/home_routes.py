"""`/`, static files, health and metrics."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Request, Response

from jiqun.compression import CODINGS
from jiqun.errors import JiqunError, NotFound, shorten
from jiqun.query.service import QueryService
from jiqun.release import Release
from jiqun.web.documents import respond
from jiqun.web.metadata.openapi import problems, text
from jiqun.web.metrics import CONTENT_TYPE
from jiqun.web.negotiation import choose_coding
from jiqun.web.pages.home_page import home_document, packed_home
from jiqun.web.routes.parameters import PageReader, ReadRoute, Root
from jiqun.web.static_files import coded_file, media_type, static_file

router = APIRouter(route_class=ReadRoute, default_response_class=Response)

_FOR_A_YEAR: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Vary": "Accept-Encoding",
}
_NO_STORE: Final = {"Cache-Control": "no-store"}


@router.get("/", include_in_schema=False)
async def show_home(request: Request, root: Root, reader: PageReader) -> Response:
    """Show the home page."""
    release: Release = request.app.state.release
    if release.statistics:
        return await respond(request, packed_home, reader)
    return await respond(request, home_document, reader, root)


@router.get("/static/{name}", include_in_schema=False)
async def send_static(request: Request, name: str) -> Response:
    """Send a static file; its URL on the pages changes with its content."""
    kind = media_type(name)
    if kind is None:
        raise NotFound(f"There is no static file {shorten(name)}.")
    coding = choose_coding(request.headers.get("accept-encoding"), CODINGS)
    if coding is None:
        return Response(static_file(name), headers=_FOR_A_YEAR, media_type=kind)
    body = await asyncio.to_thread(coded_file, name, coding)
    return Response(body, headers={**_FOR_A_YEAR, "Content-Encoding": coding}, media_type=kind)


@router.get("/favicon.ico", include_in_schema=False)
async def send_icon(request: Request) -> Response:
    """Send the icon from its traditional path."""
    return await send_static(request, "mark.svg")


@router.get("/health/live", summary="Is the process alive?", responses=text("It is"))
async def show_live() -> Response:
    """Respond with 200 as long as the event loop runs."""
    return Response("alive\n", media_type="text/plain", headers=_NO_STORE)


@router.get(
    "/health/ready", summary="Are queries answered?", responses=text("They are") | problems()
)
async def show_ready(request: Request) -> Response:
    """Respond with 200 and the release after running a query in a worker, else with 503."""
    service: QueryService = request.app.state.service
    try:
        answered = await service.probe()
    except JiqunError as error:
        state, status = f"not ready: {error.title}\n", 503
    else:
        identifier = service.release.identifier
        ready = f"ready\nrelease {identifier}\n" if identifier else "ready\n"
        state, status = (ready, 200) if answered else ("not ready\n", 503)
    return Response(state, status, _NO_STORE, "text/plain")


@router.get("/metrics", summary="Metrics for Prometheus", responses=text("The metrics"))
async def show_metrics(request: Request) -> Response:
    """Return the metrics in Prometheus's text format."""
    state = request.app.state
    metrics = state.metrics.expose(state.engine, state.service.cache, state.writing)
    return Response(metrics, headers={"Content-Type": CONTENT_TYPE, **_NO_STORE})
