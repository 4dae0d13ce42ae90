"""`/source` and `/source/<slug>`: the sources, their passages, and what each passage says."""

from __future__ import annotations

from functools import partial
from typing import Final

from fastapi import APIRouter, Request, Response

from jiqun.errors import NotFound, shorten
from jiqun.rdf.formats import HTML
from jiqun.rdf.namespaces import GRAPH, KG, SOURCE
from jiqun.web.http import reader_of
from jiqun.web.linked_data.descriptions import describe_source, describe_sources, source_exists
from jiqun.web.linked_data.documents import SUFFIXES, Name, list_suffixes, missing, read_name
from jiqun.web.pages.page_queries import read_sources
from jiqun.web.pages.source_page import render_source, render_sources
from jiqun.web.pages.source_queries import read_source
from jiqun.web.routes.document_responses import (
    data_body,
    document_at,
    form_of,
    page_body,
    page_number,
    send,
)
from jiqun.web.routes.sparql_routes import select
from jiqun.web.routes.thing_routes import answer_retired

router = APIRouter(tags=["sources"])

PAGE_SIZE: Final = 200
"""Sources on one page of their list."""

_METHODS: Final = ["GET", "HEAD"]


@router.api_route("/source", methods=_METHODS, summary="List the sources")
async def list_sources(request: Request) -> Response:
    """List the sources, newest first, as a page, or describe them as data."""
    return await _send_list(request, Name("source"))


@router.api_route("/source.{suffix}", methods=_METHODS, summary="Get a form of the list of sources")
async def list_sources_in_form(request: Request, suffix: str) -> Response:
    """Give the list in the form of the suffix: html, ttl, jsonld, json, rdf or nt."""
    name = read_name(f"source.{suffix}")
    if name.form is None:
        raise NotFound(f"/source has no form .{shorten(suffix)}. There are: {list_suffixes()}")
    return await _send_list(request, name)


@router.api_route("/source/{slug}", methods=_METHODS, summary="Show a source and its passages")
async def show_source(request: Request, slug: str) -> Response:
    """Show a source, and its passages with their quotes and statements, or all of it as data.

    The page has some of the passages; the others are on further pages, by `?page=`.
    """
    name = read_name(slug)
    choice = form_of(request, name)
    retired = await answer_retired(request, name, SOURCE, "/source/", choice)
    if retired is not None:
        return retired
    ask = partial(select, request)
    document = document_at(request, f"/source/{name.slug}", SOURCE + name.slug, [f"{KG}Source"])
    if choice.format is HTML:
        found = await read_source(ask, name.slug, page_number(request))
        if found is not None:
            source, captions = found
            if source.page > source.pages:
                raise NotFound(
                    f"/source/{name.slug} has no page {source.page}, only {source.pages}."
                )
            reader = reader_of(request.scope, request.app.state.settings)
            return send(
                request, page_body(render_source(source, captions, reader)), document, choice
            )
    else:
        statements = await describe_source(ask, name.slug)
        if statements is not None:
            return send(request, data_body(statements, choice), document, choice)
    raise await missing("source", "/source/", slug, partial(source_exists, ask))


async def _send_list(request: Request, name: Name) -> Response:
    choice = form_of(request, name, SUFFIXES)
    document = document_at(request, "/source", f"{GRAPH}sources")
    ask = partial(select, request)
    if choice.format is not HTML:
        return send(request, data_body(await describe_sources(ask), choice), document, choice)
    sources, captions = await read_sources(ask)
    number, pages = page_number(request), max(1, -(-len(sources) // PAGE_SIZE))
    if number > pages:
        raise NotFound(f"/source has no page {number}, only {pages}.")
    reader = reader_of(request.scope, request.app.state.settings)
    shown = sources[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
    text = render_sources(shown, captions, reader, (number, pages))
    return send(request, page_body(text), document, choice)
