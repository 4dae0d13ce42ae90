"""Metadata routes: catalogue, VoID, Croissant, quality report, sitemaps.

`/robots.txt` follows the Robots Exclusion Protocol (RFC 9309).
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, FastAPI, Path, Query, Request, Response

from jiqun.compression import CODINGS
from jiqun.errors import NotFound, shorten
from jiqun.query.jobs import Answer
from jiqun.rdf.formats import GRAPHS, HTML, PLAIN_JSON
from jiqun.web.documents import coded_answer, deliver, document_response, respond
from jiqun.web.http import header
from jiqun.web.linked_data.representations import SUFFIXES, no_form
from jiqun.web.metadata.crawlers import llms_document, sitemap, sitemap_index
from jiqun.web.metadata.dcat import void_document
from jiqun.web.metadata.openapi import found, problems, text
from jiqun.web.metadata.schema_org import croissant_document
from jiqun.web.negotiation import choose_coding, negotiate
from jiqun.web.pages.catalogue_page import catalogue_document, quality_document
from jiqun.web.pages.changes_page import changes_feed, changes_page
from jiqun.web.routes.parameters import (
    FormatName,
    PageReader,
    ReadRoute,
    Root,
    Suffix,
    format_query,
    resource_responses,
    target_of,
)

router = APIRouter(route_class=ReadRoute, tags=["dumps"], default_response_class=Response)

_DISALLOWED: Final = (
    "/sparql",
    "/graphs",
    "/update",
    "/reconcile",
    "/search",
    "/metrics",
    "/health/",
)
"""Paths with unlimited numbers of responses."""

_VOID_FORMS: Final = (*GRAPHS, HTML)
_QUALITY_FORMS: Final = (PLAIN_JSON, HTML)
_CHANGES_FORMS: Final = (HTML, PLAIN_JSON)
_SEE_CATALOGUE: Final = {"description": "The URL of the catalogue"}
_SITEMAP: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The sitemap", "content": {"application/xml": {}}},
    **problems(),
}


@router.get(
    "/catalogue",
    summary="Describe dataset, files and services",
    responses=resource_responses("The catalogue"),
)
async def show_catalogue(
    request: Request, root: Root, reader: PageReader, named: FormatName = None
) -> Response:
    """Describe the dataset, its files with their hashes and the services, in DCAT or as a page."""
    target = target_of(request, root, "/catalogue", named)
    return await respond(request, catalogue_document, reader, target)


@router.get(
    "/catalogue.{suffix}",
    summary="Get a form of the catalogue",
    responses=resource_responses("The catalogue"),
)
async def show_catalogue_as(
    request: Request, suffix: Suffix, root: Root, reader: PageReader
) -> Response:
    """Return the catalogue in the form of the suffix: html, ttl, jsonld, json, rdf or nt."""
    if suffix not in SUFFIXES:
        raise no_form("/catalogue", suffix)
    target = target_of(request, root, f"/catalogue.{suffix}")
    return await respond(request, catalogue_document, reader, target)


@router.get(
    "/dataset",
    summary="Go to the description of the dataset",
    responses={303: _SEE_CATALOGUE, **problems()},
    status_code=303,
)
async def refer_to_catalogue(root: Root) -> Response:
    """Redirect from the dataset, which is not a document, to its description (303)."""
    return _to_catalogue(root)


@router.get(
    "/.well-known/void",
    summary="Describe the dataset in VoID",
    responses={**found("The description", GRAPHS), 303: _SEE_CATALOGUE, **problems(406)},
)
async def show_void(
    request: Request, root: Root, named: Annotated[str | None, format_query(_VOID_FORMS)] = None
) -> Response:
    """Describe the dataset with its partitions; browsers are redirected to the catalogue."""
    choice = negotiate(header(request.scope, b"accept"), named, _VOID_FORMS)
    if choice.format == HTML:
        return _to_catalogue(root)
    return await respond(request, void_document, root, choice)


def _to_catalogue(root: str) -> Response:
    return Response(status_code=303, headers={"Location": f"{root}/catalogue", "Vary": "Accept"})


@router.get(
    "/croissant.json",
    summary="Describe the tables in Croissant",
    responses=found("The description", [PLAIN_JSON]) | problems(404),
)
async def show_croissant(request: Request, root: Root) -> Response:
    """Describe the CSV tables in Croissant 1.0, for machine learning tools."""
    return await respond(request, croissant_document, root)


@router.get(
    "/quality",
    summary="Report on the quality of the data",
    responses=found("The report", _QUALITY_FORMS) | problems(404, 406),
)
async def show_quality(
    request: Request,
    reader: PageReader,
    named: Annotated[str | None, format_query(_QUALITY_FORMS)] = None,
) -> Response:
    """Report evidence, coverage, links, rules and datasets used, as a page or as JSON."""
    choice = negotiate(header(request.scope, b"accept"), named, _QUALITY_FORMS)
    return await respond(request, quality_document, reader, choice)


@router.get(
    "/changes",
    summary="Changes of the data since an earlier release",
    responses=found("The changes", _CHANGES_FORMS) | problems(404, 406),
)
async def show_changes(
    request: Request,
    reader: PageReader,
    since: Annotated[
        str, Query(description="An earlier release on this server; by default the last.")
    ] = "",
    named: Annotated[str | None, format_query(_CHANGES_FORMS)] = None,
) -> Response:
    """List added, changed and removed things and statements, as a page or as JSON."""
    choice = negotiate(header(request.scope, b"accept"), named, _CHANGES_FORMS)
    # The page is the same under every host name, and costly to make.
    return await respond(request, changes_page, replace(reader, origin=""), since, choice)


@router.get(
    "/changes.atom",
    summary="The releases as an Atom feed",
    responses={
        200: {"description": "The feed", "content": {"application/atom+xml": {}}},
        304: {"description": "The client's copy is current"},
        **problems(404),
    },
)
async def show_feed(request: Request, root: Root) -> Response:
    """List this release and the earlier ones on this server, with their counts."""
    return await respond(request, changes_feed, root)


@router.get("/robots.txt", summary="Rules for crawlers", responses=text("The rules") | problems())
async def show_robots(request: Request, root: Root) -> Response:
    """Return the rules for crawlers, with the URL of the sitemap."""
    prefix = request.app.state.settings.root_path
    rules = "".join(f"Disallow: {prefix}{path}\n" for path in _DISALLOWED)
    body = f"User-agent: *\n{rules}\nSitemap: {root}/sitemap.xml\n"
    return deliver(request, body.encode(), "text/plain", {"Vary": "Accept-Encoding"})


@router.get(
    "/llms.txt",
    summary="Describe the graph to language models",
    responses=text("The guide") | problems(404),
)
async def show_llms(request: Request, root: Root) -> Response:
    """Return a guide to the graph: what it is, five rules for reading it, and all URLs."""
    return await respond(request, llms_document, root)


@router.get("/sitemap.xml", summary="List the sitemaps", responses=_SITEMAP)
async def list_sitemaps(request: Request, root: Root) -> Response:
    """Return the index of the sitemaps, each of at most ten thousand URLs."""
    return await respond(request, sitemap_index, root)


@router.get("/sitemap/{name}", summary="List the URLs of pages", responses=_SITEMAP | problems(404))
async def show_sitemap(
    request: Request,
    name: Annotated[str, Path(description="A number with the suffix `.xml`.")],
    root: Root,
) -> Response:
    """Return a sitemap: 1 has the pages, queries and sources, the others have the things."""
    number = name.removesuffix(".xml")
    if name == number or not number.isascii() or not number.isdigit() or number[0] == "0":
        raise NotFound(f"There is no sitemap {shorten(name)}. Sitemaps are listed in /sitemap.xml.")
    return await respond(request, sitemap, root, int(number[:9]))


@router.get("/openapi.json", include_in_schema=False)
async def show_openapi(request: Request) -> Response:
    """Describe all routes in OpenAPI 3.1."""
    coded: dict[str | None, Answer] = request.app.state.openapi
    coding = choose_coding(request.headers.get("accept-encoding"), CODINGS)
    if coding not in coded:
        coded[coding] = await asyncio.to_thread(_openapi_answer, request.app, coding)
    return document_response(request, coded[coding])


def _openapi_answer(app: FastAPI, coding: str | None) -> Answer:
    body = json.dumps(app.openapi(), ensure_ascii=False).encode()
    return coded_answer(body, PLAIN_JSON.media_type, coding)
