"""`/source` and `/source/<slug>`: the sources, their passages, and what each passage says."""

from __future__ import annotations

from functools import partial
from typing import Final

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.http.formats import HTML
from jiqun.endpoint.http.requests import reader_of
from jiqun.endpoint.linked.descriptions import describe_source, source_exists
from jiqun.endpoint.linked.documents import missing, read_name
from jiqun.endpoint.pages.reading import read_source, read_sources
from jiqun.endpoint.pages.sources import render_source, render_sources
from jiqun.endpoint.routes.answers import select
from jiqun.endpoint.routes.documents import data_body, document_at, form_of, page_body, send
from jiqun.endpoint.routes.html import page
from jiqun.vocabulary import KG, SOURCE

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
    """Show a source, and each of its passages with its quotes and its statements, or as data."""
    name = read_name(slug)
    choice = form_of(request, name)
    ask = partial(select, request)
    document = document_at(request, f"/source/{name.slug}", SOURCE + name.slug, [f"{KG}Source"])
    if choice.format is HTML:
        found = await read_source(ask, name.slug)
        if found is not None:
            source, captions = found
            reader = reader_of(request.scope, request.app.state.settings)
            return send(
                request, page_body(render_source(source, captions, reader)), document, choice
            )
    else:
        statements = await describe_source(ask, name.slug)
        if statements is not None:
            return send(request, data_body(statements, choice), document, choice)
    raise await missing("source", "/source/", slug, partial(source_exists, ask))
