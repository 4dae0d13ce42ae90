"""`/source` and `/source/<slug>`: the sources, their passages, and what each passage says."""

from __future__ import annotations

from functools import partial
from typing import Final

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.pages.reading import read_source, read_sources
from jiqun.endpoint.pages.sources import render_source, render_sources
from jiqun.endpoint.requests import reader_of
from jiqun.endpoint.routes.answers import select
from jiqun.endpoint.routes.html import page
from jiqun.endpoint.wording import shorten
from jiqun.errors import NotFound

router = APIRouter(tags=["sources"])

_METHODS: Final = ["GET", "HEAD"]


@router.api_route("/source", methods=_METHODS, summary="List the sources")
async def list_sources(request: Request) -> Response:
    """List the sources, newest first, as a page."""
    sources, captions = await read_sources(partial(select, request))
    reader = reader_of(request.scope, request.app.state.settings)
    return page(request, render_sources(sources, captions, reader))


@router.api_route("/source/{slug}", methods=_METHODS, summary="Show a source and its passages")
async def show_source(request: Request, slug: str) -> Response:
    """Show a source, and each of its passages with its quotes and its statements, as a page."""
    found = await read_source(partial(select, request), slug)
    if found is None:
        raise NotFound(f"There is no source {shorten(slug)}. The list is at /source.")
    source, captions = found
    reader = reader_of(request.scope, request.app.state.settings)
    return page(request, render_source(source, captions, reader))
