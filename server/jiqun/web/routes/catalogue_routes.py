"""What describes the dataset: catalogue, VoID, Croissant, quality report, sitemaps.

`/robots.txt` follows the Robots Exclusion Protocol (RFC 9309).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from jiqun.errors import NotFound, shorten
from jiqun.rdf.formats import GRAPHS, HTML, PLAIN_JSON
from jiqun.web.documents import respond
from jiqun.web.http import header
from jiqun.web.linked_data.representations import SUFFIXES, no_form
from jiqun.web.metadata.dcat import void_document
from jiqun.web.metadata.schema_org import croissant_document
from jiqun.web.metadata.sitemap import sitemap, sitemap_index
from jiqun.web.negotiation import negotiate
from jiqun.web.pages.catalogue_page import catalogue_document, quality_document
from jiqun.web.routes.document_responses import deliver
from jiqun.web.routes.parameters import (
    METHODS,
    FormatName,
    PageReader,
    Root,
    Suffix,
    target_of,
)

router = APIRouter(tags=["dumps"])

_DISALLOWED: Final = (
    "/sparql",
    "/graphs",
    "/update",
    "/reconcile",
    "/search",
    "/metrics",
    "/health/",
)
"""Addresses with endlessly many answers."""


@router.api_route("/catalogue", methods=METHODS, summary="Describe dataset, files and services")
async def show_catalogue(
    request: Request, root: Root, reader: PageReader, named: FormatName = None
) -> Response:
    """Describe the dataset, its files with their hashes and the services, in DCAT or as a page."""
    target = target_of(request, root, "/catalogue", named)
    return await respond(request, catalogue_document, reader, target)


@router.api_route("/catalogue.{suffix}", methods=METHODS, summary="Get a form of the catalogue")
async def show_catalogue_as(
    request: Request, suffix: Suffix, root: Root, reader: PageReader
) -> Response:
    """Return the catalogue in the form of the suffix: html, ttl, jsonld, json, rdf or nt."""
    if suffix not in SUFFIXES:
        raise no_form("/catalogue", suffix)
    target = target_of(request, root, f"/catalogue.{suffix}")
    return await respond(request, catalogue_document, reader, target)


@router.api_route(
    "/dataset", methods=METHODS, status_code=303, summary="Go to the description of the dataset"
)
async def refer_to_catalogue(root: Root) -> Response:
    """Redirect from the dataset, which is not a document, to its description (303)."""
    return _to_catalogue(root)


@router.api_route("/.well-known/void", methods=METHODS, summary="Describe the dataset in VoID")
async def show_void(request: Request, root: Root, named: FormatName = None) -> Response:
    """Describe the dataset with its partitions; browsers are redirected to the catalogue."""
    choice = negotiate(header(request.scope, b"accept"), named, (*GRAPHS, HTML))
    if choice.format == HTML:
        return _to_catalogue(root)
    return await respond(request, void_document, root, choice)


def _to_catalogue(root: str) -> Response:
    return Response(status_code=303, headers={"Location": f"{root}/catalogue", "Vary": "Accept"})


@router.api_route("/croissant.json", methods=METHODS, summary="Describe the tables in Croissant")
async def show_croissant(request: Request, root: Root) -> Response:
    """Describe the CSV tables in Croissant 1.0, for machine learning tools."""
    return await respond(request, croissant_document, root)


@router.api_route("/quality", methods=METHODS, summary="Report on the quality of the data")
async def show_quality(request: Request, reader: PageReader, named: FormatName = None) -> Response:
    """Report evidence, coverage, links, rules and datasets used, as a page or as JSON."""
    choice = negotiate(header(request.scope, b"accept"), named, (PLAIN_JSON, HTML))
    return await respond(request, quality_document, reader, choice)


@router.api_route("/robots.txt", methods=METHODS, summary="Rules for crawlers")
async def show_robots(request: Request, root: Root) -> Response:
    """Return the rules for crawlers, with the address of the sitemap."""
    prefix = request.app.state.settings.root_path
    rules = "".join(f"Disallow: {prefix}{path}\n" for path in _DISALLOWED)
    text = f"User-agent: *\n{rules}\nSitemap: {root}/sitemap.xml\n"
    return deliver(request, text.encode(), "text/plain", {"Vary": "Accept-Encoding"})


@router.api_route("/sitemap.xml", methods=METHODS, summary="List the sitemaps")
async def list_sitemaps(request: Request, root: Root) -> Response:
    """Return the index of the sitemaps, each of at most ten thousand addresses."""
    return await respond(request, sitemap_index, root)


@router.api_route("/sitemap/{name}", methods=METHODS, summary="List the addresses of pages")
async def show_sitemap(
    request: Request,
    name: Annotated[str, Path(description="A number with the suffix `.xml`.")],
    root: Root,
) -> Response:
    """Return a sitemap: 1 has the pages, queries and sources, the others have the things."""
    number = name.removesuffix(".xml")
    if name == number or not number.isascii() or not number.isdigit() or number[0] == "0":
        raise NotFound(f"There is no sitemap {shorten(name)}. They are listed in /sitemap.xml.")
    return await respond(request, sitemap, root, int(number[:9]))
