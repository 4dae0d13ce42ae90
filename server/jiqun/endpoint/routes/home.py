"""`/` and the static files of the pages."""

from __future__ import annotations

from functools import partial
from typing import Final

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.catalogue.description import read_catalogue
from jiqun.endpoint.catalogue.schema_org import dataset_document
from jiqun.endpoint.http.requests import public_url, reader_of
from jiqun.endpoint.linked.documents import LICENCE
from jiqun.endpoint.pages.environment import STATIC_TYPES, static_file
from jiqun.endpoint.pages.home import Overview, render_home
from jiqun.endpoint.pages.reading import FIRST_QUERY, read_first_figures, read_sources
from jiqun.endpoint.routes.answers import select
from jiqun.endpoint.routes.html import page
from jiqun.endpoint.wording import shorten
from jiqun.errors import NotFound
from jiqun.vocabulary import DATASET

router = APIRouter()

_METHODS: Final = ["GET", "HEAD"]
_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"


@router.api_route("/", methods=_METHODS, include_in_schema=False)
async def show_home(request: Request) -> Response:
    """Show what this is: counts, a first answer, the saved queries, the sources, the dumps."""
    ask = partial(select, request)
    sources, source_captions = await read_sources(ask)
    figures, captions = await read_first_figures(ask)
    state = request.app.state
    root = public_url(request.scope, state.settings)
    dataset = dataset_document(await read_catalogue(ask), state.release, root)
    text = render_home(
        state.release,
        Overview(sources, figures, FIRST_QUERY),
        source_captions | captions,
        reader_of(request.scope, state.settings),
        dataset,
    )
    return page(request, text, extra=((b"link", _links(root).encode("latin-1")),))


def _links(root: str) -> str:
    """Give the Link header (RFC 8288) by which programs find what describes the site."""
    return ", ".join(
        (
            f'<{root}/.well-known/void>; rel="describedby"; type="text/turtle"',
            f'<{root}/catalogue.ttl>; rel="describedby"; type="text/turtle"',
            f'<{root}/sparql>; rel="service-desc"; type="text/turtle"',
            f'<{root}/openapi.json>; rel="service-desc"; type="application/json"',
            f'<{LICENCE}>; rel="license"',
            f'<{DATASET}>; rel="cite-as"',
        )
    )


@router.api_route("/static/{name}", methods=_METHODS, include_in_schema=False)
async def send_static(name: str) -> Response:
    """Send a static file; its address on the pages changes with its content, so it may be kept."""
    if name not in STATIC_TYPES:
        raise NotFound(f"There is no static file {shorten(name)}.")
    headers = {"Cache-Control": _FOR_A_YEAR}
    return Response(static_file(name), headers=headers, media_type=STATIC_TYPES[name])


@router.api_route("/favicon.ico", methods=_METHODS, include_in_schema=False)
async def send_icon() -> Response:
    """Send the mark to whoever asks for an icon at its traditional address."""
    return await send_static("mark.svg")
