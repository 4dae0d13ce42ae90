"""`/health/live` and `/health/ready`: for whoever restarts or balances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from jiqun.errors import JiqunError

if TYPE_CHECKING:
    from jiqun.endpoint.answers.service import Service

router = APIRouter(tags=["operations"])
_NO_STORE = {"Cache-Control": "no-store"}


@router.api_route("/health/live", methods=["GET", "HEAD"], summary="Is the process alive?")
async def live() -> Response:
    """Answer 200 as long as the event loop turns."""
    return Response("alive\n", media_type="text/plain", headers=_NO_STORE)


@router.api_route("/health/ready", methods=["GET", "HEAD"], summary="Are queries answered?")
async def ready(request: Request) -> Response:
    """Answer 200 when a query has just gone through a worker, 503 with the reason otherwise."""
    service: Service = request.app.state.service
    try:
        answered = await service.probe()
    except JiqunError as error:
        return Response(
            f"not ready: {error.title}\n", 503, media_type="text/plain", headers=_NO_STORE
        )
    return Response(
        "ready\n" if answered else "not ready\n", 200 if answered else 503, _NO_STORE, "text/plain"
    )
