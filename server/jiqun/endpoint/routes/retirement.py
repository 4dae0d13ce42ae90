"""What an identifier that was given up answers: 301 to what replaces it, else 410 and why."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import Response

from jiqun.endpoint.http.formats import HTML
from jiqun.endpoint.http.requests import reader_of
from jiqun.endpoint.linked.documents import SLUG, SUFFIXES, suffix_of
from jiqun.endpoint.linked.retirement import read_retirement
from jiqun.endpoint.pages.retirement import render_retirement
from jiqun.endpoint.routes.answers import select
from jiqun.endpoint.routes.documents import data_body, document_at, page_body, send

if TYPE_CHECKING:
    from fastapi import Request

    from jiqun.endpoint.http.negotiate import Choice
    from jiqun.endpoint.linked.documents import Name, Suffixes


async def answer_retired(  # noqa: PLR0913, PLR0917 -- an address has this many parts
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
