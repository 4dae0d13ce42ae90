"""`/.well-known/void`: the dataset described in VoID, for whoever finds data by crawling.

W3C Interest Group Note "Describing Linked Datasets with the VoID Vocabulary", section 7.2. People
are sent on to `/catalogue`.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.catalogue.description import complete, read_catalogue
from jiqun.endpoint.http.formats import GRAPHS, HTML
from jiqun.endpoint.http.negotiate import negotiate
from jiqun.endpoint.http.requests import header, public_url
from jiqun.endpoint.routes.answers import select
from jiqun.endpoint.routes.documents import data_body
from jiqun.endpoint.routes.html import deliver

router = APIRouter(tags=["dumps"])

_FORMS: Final = (*GRAPHS, HTML)


@router.api_route(
    "/.well-known/void", methods=["GET", "HEAD"], summary="Describe the dataset in VoID"
)
async def describe_dataset(request: Request) -> Response:
    """Give the description in the RDF format that the client accepts best."""
    state = request.app.state
    choice = negotiate(header(request.scope, b"accept"), request.query_params.get("format"), _FORMS)
    root = public_url(request.scope, state.settings)
    if choice.format is HTML:
        headers = {"Location": f"{root}/catalogue", "Vary": "Accept"}
        return Response(status_code=303, headers=headers)

    async def make() -> bytes:
        said = await read_catalogue(partial(select, request), parts=True)
        return await asyncio.to_thread(data_body, complete(said, state.release, root), choice)

    if state.writing is not None:  # what users write may be about the dataset too
        body = await make()
    else:
        body = await state.kept.get((state.release.identifier, "void", root, choice), make)
    return deliver(request, body, choice.content_type, {"Vary": "Accept, Accept-Encoding"})
