"""`/id/<slug>`, the things themselves, and `/doc/<slug>`, the documents that describe them."""

from __future__ import annotations

from functools import partial
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.http.formats import HTML
from jiqun.endpoint.http.requests import reader_of
from jiqun.endpoint.linked.descriptions import MOST_FACTS, describe_thing, thing_exists
from jiqun.endpoint.linked.documents import missing, read_name, suffix_of
from jiqun.endpoint.pages.thing_reading import read_thing
from jiqun.endpoint.pages.things import render_thing
from jiqun.endpoint.routes.answers import select
from jiqun.endpoint.routes.documents import (
    data_body,
    document_at,
    form_of,
    page_body,
    page_number,
    send,
)
from jiqun.endpoint.routes.retirement import answer_retired
from jiqun.errors import NotFound
from jiqun.vocabulary import ID

router = APIRouter(tags=["things"])

_METHODS: Final = ["GET", "HEAD"]


@router.api_route(
    "/id/{slug}", methods=_METHODS, status_code=303, summary="See the document about a thing"
)
async def refer(request: Request, slug: str) -> Response:
    """Refer to the document that describes a thing, which is not the thing itself (303).

    Clients that prefer data are referred to the form they accept best.
    """
    name = read_name(slug)
    choice = form_of(request, name)
    retired = await answer_retired(request, name, ID, "/id/", choice)
    if retired is not None:
        return retired
    exists = partial(thing_exists, partial(select, request))
    if not await exists(name.slug):
        raise await missing("thing", "/id/", slug, exists)
    query = request.scope["query_string"].decode("ascii", "ignore")
    suffix = "" if choice.format is HTML and name.form is None else f".{suffix_of(choice)}"
    root = request.app.state.settings.root_path
    location = f"{root}/doc/{quote(name.slug, safe='')}{suffix}"
    headers = {
        "Location": f"{location}?{query}".rstrip("?"),
        "Link": f'<{location}>; rel="describedby"',
        "Vary": "Accept",
        "Cache-Control": "no-cache",
    }
    return Response(status_code=303, headers=headers)


@router.api_route("/doc/{slug}", methods=_METHODS, summary="Show what is said of a thing")
async def show_thing(request: Request, slug: str) -> Response:
    """Show a thing: its names, what is said of it, and in which passages, as a page or as data.

    What speaks of it elsewhere is paged by `?page=`.
    """
    name = read_name(slug)
    choice = form_of(request, name)
    retired = await answer_retired(request, name, ID, "/doc/", choice)
    if retired is not None:
        return retired
    ask = partial(select, request)
    if choice.format is HTML:
        found = await read_thing(ask, name.slug, page_number(request))
        if found is not None:
            thing, captions = found
            if thing.page > thing.pages:
                raise NotFound(f"/doc/{name.slug} has no page {thing.page}, only {thing.pages}.")
            reader = reader_of(request.scope, request.app.state.settings)
            types = [fact.value.value for fact in thing.types]
            document = document_at(request, f"/doc/{name.slug}", thing.iri, types)
            return send(request, page_body(render_thing(thing, captions, reader)), document, choice)
    else:
        description = await describe_thing(ask, name.slug)
        if description is not None:
            statements, cut = description
            iri = ID + name.slug
            types = sorted(
                {
                    each.value.value
                    for each in statements
                    if each.predicate.endswith("#type") and each.subject.value == iri
                }
            )
            document = document_at(request, f"/doc/{name.slug}", iri, types)
            extra = {"Jiqun-Truncated": f"facts={MOST_FACTS}"} if cut else {}
            return send(request, data_body(statements, choice), document, choice, extra=extra)
    raise await missing("thing", "/doc/", slug, partial(thing_exists, ask))
