"""`/page`: the data about any IRI; and the IRIs of an operator's own namespace."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from jiqun.errors import NotFound
from jiqun.rdf.namespaces import absolute_iri, is_absolute_iri
from jiqun.release import Release
from jiqun.web.documents import respond
from jiqun.web.http import header
from jiqun.web.metadata.openapi import METHODS, found, problems
from jiqun.web.negotiation import negotiate
from jiqun.web.pages.iri_page import FORMS, iri_document
from jiqun.web.routes.parameters import PageReader, Root, format_query

router = APIRouter(default_response_class=Response)


@router.api_route(
    "/page",
    methods=METHODS,
    tags=["things"],
    summary="Describe any IRI",
    responses={
        **found("The data about it", FORMS),
        303: {"description": "The URL of its own page"},
        **problems(404, 406),
    },
)
async def show_iri(
    request: Request,
    reader: PageReader,
    iri: Annotated[
        str,
        Query(description="An absolute IRI.", json_schema_extra={"format": "iri"}, max_length=2000),
    ],
    named: Annotated[str | None, format_query(FORMS)] = None,
) -> Response:
    """Describe any IRI in the data: as subject, as object, and in which graphs."""
    choice = negotiate(header(request.scope, b"accept"), named, FORMS)
    return await respond(request, iri_document, reader, absolute_iri(iri, "iri"), choice)


def namespace_router(path: str) -> APIRouter:
    """Return the route of the IRIs of a namespace; `path` is its path on this site."""
    own = APIRouter(default_response_class=Response)
    own.api_route(f"{path.rstrip('/')}/{{rest:path}}", methods=METHODS, include_in_schema=False)(
        refer_to_iri
    )
    return own


async def refer_to_iri(request: Request, root: Root, reader: PageReader, rest: str) -> Response:
    """Redirect from the IRI of a thing in the namespace of the release to its page."""
    release: Release = request.app.state.release
    iri = f"{release.namespace.rstrip('/')}/{rest}"
    if not release.namespace.startswith(f"{root}/") or not is_absolute_iri(iri):
        raise NotFound("Not found: there is no resource at this URL.")
    headers = {"Location": reader.link("/page", iri=iri), "Vary": "Accept, Accept-Language"}
    return Response(status_code=303, headers={**headers, "Cache-Control": "no-cache"})
