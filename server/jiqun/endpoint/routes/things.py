"""`/id/<slug>`, the things themselves, and `/doc/<slug>`, the pages that describe them."""

from __future__ import annotations

from functools import partial
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.pages.reading import read_thing
from jiqun.endpoint.pages.things import render_thing
from jiqun.endpoint.requests import reader_of
from jiqun.endpoint.routes.answers import select
from jiqun.endpoint.routes.html import page
from jiqun.endpoint.wording import shorten
from jiqun.errors import NotFound

router = APIRouter(tags=["things"])

_METHODS: Final = ["GET", "HEAD"]


@router.api_route(
    "/id/{slug}", methods=_METHODS, status_code=303, summary="See the page about a thing"
)
async def refer(request: Request, slug: str) -> Response:
    """Refer to the page that describes a thing, which is not the thing itself (303)."""
    query = request.scope["query_string"].decode("ascii", "ignore")
    location = f"{request.app.state.settings.root_path}/doc/{quote(slug, safe='')}"
    return Response(status_code=303, headers={"Location": f"{location}?{query}".rstrip("?")})


@router.api_route("/doc/{slug}", methods=_METHODS, summary="Show what is said of a thing")
async def show_thing(request: Request, slug: str) -> Response:
    """Show a thing: its names, what is said of it, and in which passages, as a page."""
    found = await read_thing(partial(select, request), slug)
    if found is None:
        raise NotFound(f"There is no thing {shorten(slug)}.")
    thing, captions = found
    reader = reader_of(request.scope, request.app.state.settings)
    return page(request, render_thing(thing, captions, reader))
