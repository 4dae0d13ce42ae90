"""Things, sources, the ontology, named graphs and any IRI: their identifiers and documents."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from jiqun.errors import NotFound, shorten
from jiqun.rdf.formats import HTML
from jiqun.rdf.namespaces import GRAPH, SLUG, absolute_iri, is_absolute_iri
from jiqun.release import Release
from jiqun.web.documents import Context, Document, respond
from jiqun.web.http import header
from jiqun.web.linked_data.representations import ONTOLOGY_SUFFIXES, SUFFIXES, forms_of, no_form
from jiqun.web.metadata.openapi import found, problems
from jiqun.web.negotiation import negotiate
from jiqun.web.pages.error_page import redirect
from jiqun.web.pages.evidence import premises_document
from jiqun.web.pages.iri_page import FORMS, iri_document
from jiqun.web.pages.ontology_page import ontology_document, ontology_version
from jiqun.web.pages.source_page import source_document, source_list
from jiqun.web.pages.thing_page import thing_document, thing_reference
from jiqun.web.routes.parameters import (
    FormatName,
    PageNumber,
    PageReader,
    ReadRoute,
    ResourceName,
    Root,
    Suffix,
    format_query,
    resource_responses,
    target_of,
)

router = APIRouter(route_class=ReadRoute, default_response_class=Response)

_REDIRECT: Final[dict[int | str, dict[str, Any]]] = {
    303: {"description": "The URL of the document"}
}
_REPLACED: Final[dict[int | str, dict[str, Any]]] = {
    301: {"description": "Another resource replaces it"}
}
_ONTOLOGY: Final = resource_responses("The ontology", suffixes=ONTOLOGY_SUFFIXES)
OntologyFormat = Annotated[str | None, format_query(forms_of(ONTOLOGY_SUFFIXES))]

_DIGEST: Final = re.compile(r"[0-9a-f]{24}")
_EVIDENCE: Final = re.compile(r"evidence\.ttl(\.gz)?")


@router.get(
    "/id/{slug}",
    tags=["things"],
    summary="Go to the document about a thing",
    responses=_REDIRECT | _REPLACED | problems(404, 406, 410),
    status_code=303,
)
async def refer_to_thing(
    request: Request, slug: ResourceName, root: Root, reader: PageReader, named: FormatName = None
) -> Response:
    """Redirect to the document that describes a thing, which is not the thing itself (303).

    Clients that prefer data are redirected to their preferred form.
    """
    target = target_of(request, root, f"/id/{slug}", named)
    return await respond(request, thing_reference, reader, target)


@router.get(
    "/doc/{slug}",
    tags=["things"],
    summary="Describe a thing",
    responses=_REPLACED | resource_responses("The description of the thing", 410),
)
async def show_thing(
    request: Request,
    slug: ResourceName,
    root: Root,
    reader: PageReader,
    named: FormatName = None,
    page: PageNumber = 1,
) -> Response:
    """Describe a thing with its names, its facts and the passages that state them.

    A page shows some of the facts that mention it elsewhere; `page` leads to the others.
    """
    target = target_of(request, root, f"/doc/{slug}", named)
    state = request.app.state
    since = state.history.since(state.release.identifier, target.slug) if target.is_page else None
    return await respond(request, thing_document, reader, target, page, since)


@router.get(
    "/premises",
    tags=["things"],
    summary="Show what a statement follows from",
    responses=found("The page of the statement", (HTML,)) | problems(404),
)
async def show_premises(
    request: Request,
    subject: Annotated[str, Query(description="The IRI of the subject.")],
    predicate: Annotated[str, Query(alias="property", description="The IRI of the property.")],
    value: Annotated[str, Query(description="The value in N-Triples: an IRI or a literal.")],
    reader: PageReader,
) -> Response:
    """Show the sources of a statement, or of the premises it is inferred from, with quotes."""
    return await respond(request, premises_document, reader, subject, predicate, value)


@router.get(
    "/source",
    tags=["sources"],
    summary="List the sources",
    responses=resource_responses("The list of sources"),
)
async def list_sources(
    request: Request,
    root: Root,
    reader: PageReader,
    named: FormatName = None,
    page: PageNumber = 1,
    year: Annotated[str, Query(description="A year, or `undated`, for the page.")] = "",
) -> Response:
    """List the sources, the newest first, as a page or as data."""
    target = target_of(request, root, "/source", named)
    return await respond(request, source_list, reader, target, page, year)


@router.get(
    "/sources",
    tags=["sources"],
    summary="Go to the list of sources",
    responses={301: {"description": "The URL of the list"}},
    status_code=301,
)
async def refer_to_sources(request: Request, reader: PageReader) -> Response:
    """Redirect to the list of sources permanently (301)."""
    query = request.scope["query_string"].decode("ascii", "ignore")
    return Response(
        status_code=301, headers={"Location": f"{reader.root}/source?{query}".rstrip("?")}
    )


@router.get(
    "/source.{suffix}",
    tags=["sources"],
    summary="List the sources in one form",
    responses=resource_responses("The list of sources"),
)
async def list_sources_as(
    request: Request, suffix: Suffix, root: Root, reader: PageReader, page: PageNumber = 1
) -> Response:
    """List the sources in the form of the suffix: html, ttl, jsonld, json, rdf or nt."""
    if suffix not in SUFFIXES:
        raise no_form("/source", suffix)
    target = target_of(request, root, f"/source.{suffix}")
    return await respond(request, source_list, reader, target, page)


@router.get(
    "/source/{slug}",
    tags=["sources"],
    summary="Describe a source",
    responses=_REPLACED | resource_responses("The description of the source", 410),
)
async def show_source(
    request: Request,
    slug: ResourceName,
    root: Root,
    reader: PageReader,
    named: FormatName = None,
    page: PageNumber = 1,
) -> Response:
    """Describe a source and its passages with their quotes and statements.

    A page shows some of the passages; `page` leads to the others.
    """
    target = target_of(request, root, f"/source/{slug}", named)
    return await respond(request, source_document, reader, target, page)


@router.get("/ontology", tags=["ontology"], summary="Show the ontology", responses=_ONTOLOGY)
async def show_ontology(
    request: Request, root: Root, reader: PageReader, named: OntologyFormat = None
) -> Response:
    """Document the classes and properties as a page, or return the ontology as data."""
    target = target_of(request, root, "/ontology", named, ONTOLOGY_SUFFIXES)
    return await respond(request, ontology_document, reader, target)


@router.get(
    "/ontology.{suffix}",
    tags=["ontology"],
    summary="Get a form of the ontology",
    responses=_ONTOLOGY,
)
async def show_ontology_as(
    request: Request, suffix: Suffix, root: Root, reader: PageReader
) -> Response:
    """Return the ontology in the form of the suffix: html, ttl, jsonld, json, rdf, nt or ofn."""
    if suffix not in ONTOLOGY_SUFFIXES:
        raise no_form("/ontology", suffix, ONTOLOGY_SUFFIXES)
    target = target_of(request, root, f"/ontology.{suffix}", None, ONTOLOGY_SUFFIXES)
    return await respond(request, ontology_document, reader, target)


@router.get(
    "/ontology/{version}",
    tags=["ontology"],
    summary="Show an ontology version",
    responses=_ONTOLOGY,
)
async def show_ontology_version(
    request: Request,
    version: ResourceName,
    root: Root,
    reader: PageReader,
    named: OntologyFormat = None,
) -> Response:
    """Return a version of the ontology in this release, in the forms of `/ontology`."""
    target = target_of(request, root, f"/ontology/{version}", named, ONTOLOGY_SUFFIXES)
    return await respond(request, ontology_version, reader, target)


@router.get(
    "/graph/{name}",
    tags=["sparql"],
    summary="Go to the triples of a named graph",
    responses=_REDIRECT | problems(404),
    status_code=303,
)
async def refer_to_graph(request: Request, name: str, reader: PageReader) -> Response:
    """Redirect to the triples of a named graph in the Graph Store Protocol (303)."""
    return await respond(request, graph_reference, reader.root, name)


def graph_reference(context: Context, root: str, name: str) -> Document:
    """Return the redirect for a named graph; raises `NotFound`."""
    iri = GRAPH + name
    if not SLUG.fullmatch(name) or not context.ask(f"ASK {{ GRAPH <{iri}> {{ ?s ?p ?o }} }}"):
        raise NotFound(f"There is no graph {shorten(name)}. The graphs are listed in /sparql.")
    location = f"{root}/graphs?graph={quote(iri, safe='')}"
    return redirect(303, location, f'<{location}>; rel="describedby"')


@router.get(
    "/evidence/{digest}",
    tags=["sources"],
    summary="Go to the file that describes a reified statement",
    responses=_REDIRECT | problems(404),
    status_code=303,
)
async def refer_to_evidence(request: Request, digest: str, reader: PageReader) -> Response:
    """Redirect to the dump that has the statement and the passage that states it (303)."""
    release: Release = request.app.state.release
    dump = next((name for name in release.dumps if _EVIDENCE.fullmatch(name)), None)
    if dump is None or not _DIGEST.fullmatch(digest):
        raise NotFound(f"There is no statement {shorten(digest)}.")
    location = f"{reader.root}/dumps/{dump}"
    headers = {"Location": location, "Link": f'<{location}>; rel="describedby"'}
    return Response(status_code=303, headers={**headers, "Cache-Control": "no-cache"})


@router.get(
    "/page",
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
    own = APIRouter(route_class=ReadRoute, default_response_class=Response)
    own.get(f"{path.rstrip('/')}/{{rest:path}}", include_in_schema=False)(refer_to_iri)
    return own


async def refer_to_iri(request: Request, root: Root, reader: PageReader, rest: str) -> Response:
    """Redirect from the IRI of a thing in the namespace of the release to its page."""
    release: Release = request.app.state.release
    iri = f"{release.namespace.rstrip('/')}/{rest}"
    if not release.namespace.startswith(f"{root}/") or not is_absolute_iri(iri):
        raise NotFound("Not found: there is no resource at this URL.")
    headers = {"Location": reader.link("/page", iri=iri), "Vary": "Accept, Accept-Language"}
    return Response(status_code=303, headers={**headers, "Cache-Control": "no-cache"})
