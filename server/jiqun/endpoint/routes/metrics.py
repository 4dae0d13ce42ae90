"""`/metrics`: for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.metrics import CONTENT_TYPE

router = APIRouter(tags=["operations"])


@router.api_route("/metrics", methods=["GET", "HEAD"], summary="Counts for Prometheus")
async def expose(request: Request) -> Response:
    """Give the counts of all server processes in Prometheus's text format."""
    state = request.app.state
    text = state.metrics.expose(state.engine, state.service.cache, state.writing)
    if state.siblings is not None:
        text = state.siblings.add(text)
    return Response(text, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})
