"""`/quality`: the report on the quality of the data that was made when the release was built."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.http.formats import HTML, PLAIN_JSON
from jiqun.endpoint.http.negotiate import negotiate
from jiqun.endpoint.http.requests import reader_of
from jiqun.endpoint.pages.quality import render_quality
from jiqun.endpoint.routes.html import page
from jiqun.errors import NotFound

if TYPE_CHECKING:
    from jiqun.endpoint.release import Release

router = APIRouter(tags=["sources"])


@router.api_route("/quality", methods=["GET", "HEAD"], summary="Report on the quality of the data")
async def report_quality(request: Request) -> Response:
    """Give the report, as a page or as JSON: evidence, coverage, links, rules, datasets used."""
    release: Release = request.app.state.release
    if not release.quality:
        raise NotFound(
            "This release has no report on its quality. Build it anew with `jiqun build`."
        )
    named = request.query_params.get("format")
    choice = negotiate(request.headers.get("accept"), named, (PLAIN_JSON, HTML))
    if choice.format is HTML:
        reader = reader_of(request.scope, request.app.state.settings)
        return page(request, render_quality(release, reader))
    return Response(
        json.dumps(release.quality, ensure_ascii=False, indent=1),
        media_type="application/json",
        headers={
            "ETag": f'"quality-{release.identifier[:32]}"',
            "Vary": "Accept",
            "Cache-Control": "no-cache",
        },
    )
