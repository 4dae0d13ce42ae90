"""What an identifier that was given up answers: 301 to what replaces it, else 410 and why."""

from __future__ import annotations

import re
from functools import partial
from typing import Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from jiqun.errors import NotFound, shorten
from jiqun.rdf.formats import HTML
from jiqun.rdf.namespaces import GRAPH, ID
from jiqun.release import Release
from jiqun.web.http import reader_of
from jiqun.web.linked_data.descriptions import MOST_FACTS, describe_thing, thing_exists
from jiqun.web.linked_data.documents import (
    SLUG,
    SUFFIXES,
    Name,
    Suffixes,
    missing,
    read_name,
    read_retirement,
    suffix_of,
)
from jiqun.web.negotiation import Choice
from jiqun.web.pages.error_page import render_retirement
from jiqun.web.pages.thing_page import render_thing
from jiqun.web.pages.thing_queries import read_thing
from jiqun.web.routes.document_responses import (
    data_body,
    document_at,
    form_of,
    page_body,
    page_number,
    send,
)
from jiqun.web.routes.sparql_routes import select


async def answer_retired(
    request: Request,
    name: Name,
    namespace: str,
    folder: str,
    choice: Choice,
    suffixes: Suffixes = SUFFIXES,
) -> Response | None:
    """Answer for the identifier `namespace` + slug if it was given up; None if it was not.

    `folder` is where the address stands, such as `/doc/`: what took its place is referred to at the
    same kind of address, in the same form.
    """
    if not SLUG.fullmatch(name.slug):
        return None
    found = await read_retirement(partial(select, request), namespace + name.slug)
    if found is None:
        return None
    successor = found.successor or ""
    if successor.startswith(namespace):
        suffix = f".{suffix_of(choice, suffixes)}" if name.form is not None else ""
        target = f"{folder}{successor.removeprefix(namespace)}{suffix}"
        return _refer(request, target, successor)
    document = document_at(request, f"{folder}{name.slug}", found.iri)
    if choice.format is HTML:
        reader = reader_of(request.scope, request.app.state.settings)
        body = page_body(render_retirement(found, f"{folder}{name.slug}", reader))
    else:
        body = data_body(found.statements(), choice)
    return send(request, body, document, choice, status=410)


def _refer(request: Request, target: str, successor: str) -> Response:
    query = request.scope["query_string"].decode("ascii", "ignore")
    headers = {
        "Location": f"{request.app.state.settings.root_path}{target}?{query}".rstrip("?"),
        "Link": f'<{successor}>; rel="successor-version"',
        "Cache-Control": "no-cache",
        "Vary": "Accept",
    }
    return Response(status_code=301, headers=headers)


router = APIRouter(tags=["things"])

_METHODS: Final = ["GET", "HEAD"]
_HASH: Final = re.compile(r"[0-9a-f]{24}")
_EVIDENCE: Final = re.compile(r"evidence\.ttl(\.gz)?")


@router.api_route(
    "/graph/{name}", methods=_METHODS, status_code=303, summary="See the triples of a named graph"
)
async def refer_to_graph(request: Request, name: str) -> Response:
    """Refer to the triples of a named graph, which the Graph Store Protocol gives (303)."""
    iri = GRAPH + name
    if SLUG.fullmatch(name) and await select(
        request, f"SELECT ?s WHERE {{ GRAPH <{iri}> {{ ?s ?p ?o }} }} LIMIT 1"
    ):
        return _redirect(request, f"/graphs?graph={quote(iri, safe='')}")
    raise NotFound(f"There is no graph {shorten(name)}. The graphs are listed at /sparql.")


@router.api_route(
    "/evidence/{digest}",
    methods=_METHODS,
    status_code=303,
    summary="See the file that describes a reified statement",
)
async def refer_to_evidence(request: Request, digest: str) -> Response:
    """Refer to the dump that says what the statement is and which passage makes it (303)."""
    release: Release = request.app.state.release
    dump = next((name for name in release.dumps if _EVIDENCE.fullmatch(name)), None)
    if dump is None or not _HASH.fullmatch(digest):
        raise NotFound(f"There is no statement {shorten(digest)}.")
    return _redirect(request, f"/dumps/{dump}")


def _redirect(request: Request, target: str) -> Response:
    location = f"{request.app.state.settings.root_path}{target}"
    headers = {
        "Location": location,
        "Link": f'<{location}>; rel="describedby"',
        "Cache-Control": "no-cache",
    }
    return Response(status_code=303, headers=headers)


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
