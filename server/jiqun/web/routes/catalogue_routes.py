"""The catalogue, VoID and sitemaps.

`/catalogue`: the dataset in DCAT 3, as a page or as data; `/dataset`, `/croissant.json`.

`/.well-known/void`: the dataset described in VoID, for whoever finds data by crawling.

W3C Interest Group Note "Describing Linked Datasets with the VoID Vocabulary", section 7.2. People
are sent on to `/catalogue`.

`/robots.txt` and the sitemaps: what crawlers may fetch, and every page there is.

Robots Exclusion Protocol (RFC 9309); https://www.sitemaps.org/protocol.html.

`/quality`: the report on the quality of the data that was made when the release was built.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request, Response

from jiqun.errors import NotFound, ReleaseError, shorten
from jiqun.rdf.formats import GRAPHS, HTML, PLAIN_JSON
from jiqun.rdf.namespaces import CATALOGUE, DATASET, DCAT, DCTERMS, ID, KG, SOURCE
from jiqun.release import Release
from jiqun.web.http import header, public_url, reader_of
from jiqun.web.linked_data.documents import SLUG, Name, list_suffixes, read_name
from jiqun.web.metadata.dcat import Said, complete, read_catalogue
from jiqun.web.metadata.schema_org import DESCRIPTOR, croissant
from jiqun.web.negotiation import negotiate
from jiqun.web.pages.catalogue_page import render_catalogue, render_quality
from jiqun.web.routes.document_responses import (
    data_body,
    deliver,
    document_at,
    form_of,
    page,
    page_body,
    send,
)
from jiqun.web.routes.sparql_routes import select

router = APIRouter(tags=["dumps"])

_METHODS: Final = ["GET", "HEAD"]


@router.api_route("/catalogue", methods=_METHODS, summary="Describe dataset, files and services")
async def show_catalogue(request: Request) -> Response:
    """Describe the dataset, its files with their hashes and the services, in DCAT or as a page."""
    return await _send(request, Name("catalogue"))


@router.api_route("/catalogue.{suffix}", methods=_METHODS, summary="Get a form of the catalogue")
async def show_form(request: Request, suffix: str) -> Response:
    """Give the catalogue in the form of the suffix: html, ttl, jsonld, json, rdf or nt."""
    name = read_name(f"catalogue.{suffix}")
    if name.form is None:
        raise NotFound(f"/catalogue has no form .{shorten(suffix)}. There are: {list_suffixes()}")
    return await _send(request, name)


@router.api_route("/dataset", methods=_METHODS, summary="Go to the description of the dataset")
async def show_dataset(request: Request) -> Response:
    """Redirect from the dataset, which is no document, to what describes it."""
    root = public_url(request.scope, request.app.state.settings)
    return Response(status_code=303, headers={"Location": f"{root}/catalogue", "Vary": "Accept"})


@router.api_route("/croissant.json", methods=_METHODS, summary="Describe the tables in Croissant")
async def describe_tables(request: Request) -> Response:
    """Give the description of the CSV tables in Croissant 1.0, for machine learning tools."""
    state = request.app.state
    release: Release = state.release
    descriptor = release.dumps.get(DESCRIPTOR)
    if descriptor is None:
        raise NotFound("This release has no tables.")
    said = Said(await read_catalogue(partial(select, request)))
    modified = said.one(DATASET, f"{DCTERMS}modified")
    root = public_url(request.scope, state.settings)
    try:
        package = json.loads(descriptor.path.read_bytes())
        document = croissant(package, release, root, modified)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ReleaseError(f"{DESCRIPTOR} of the release is damaged.") from None
    body = json.dumps(document, ensure_ascii=False, indent=1).encode()
    return deliver(request, body, PLAIN_JSON.media_type, {"Vary": "Accept-Encoding"})


async def _send(request: Request, name: Name) -> Response:
    state = request.app.state
    choice = form_of(request, name)
    document = document_at(request, "/catalogue", CATALOGUE, [f"{DCAT}Catalog"])
    said = await read_catalogue(partial(select, request))
    root = public_url(request.scope, state.settings)
    statements = complete(said, state.release, root)
    if choice.format is HTML:
        reader = reader_of(request.scope, state.settings)
        body = page_body(render_catalogue(statements, state.release, reader))
    else:
        body = data_body(statements, choice)
    return send(request, body, document, choice)


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


_FIXED: Final = ("/", "/catalogue", "/ontology", "/quality", "/queries", "/source")
_NAME: Final = re.compile(r"([1-9][0-9]{0,5})\.xml", re.ASCII)
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_PAGE: Final = 10_000
_EVERY_THING: Final = f'?x a ?class FILTER (STRSTARTS(STR(?x), "{ID}"))'
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XML: Final = "application/xml"
_VARY: Final = {"Vary": "Accept-Encoding"}
_CLOSED: Final = ("/sparql", "/graphs", "/update", "/reconcile", "/search", "/metrics", "/health/")
"""What answers questions, of which there is no end."""


@router.api_route("/robots.txt", methods=_METHODS, summary="Tell crawlers what to leave alone")
async def tell_robots(request: Request) -> Response:
    """Give the rules for crawlers, and where the sitemap is."""
    settings = request.app.state.settings
    rules = "".join(f"Disallow: {settings.root_path}{path}\n" for path in _CLOSED)
    root = public_url(request.scope, settings)
    text = f"User-agent: *\n{rules}\nSitemap: {root}/sitemap.xml\n"
    return deliver(request, text.encode(), "text/plain", _VARY)


@router.api_route("/sitemap.xml", methods=_METHODS, summary="List the sitemaps")
async def list_sitemaps(request: Request) -> Response:
    """Give the index of the sitemaps, each of at most ten thousand addresses."""
    root = public_url(request.scope, request.app.state.settings)
    rows = await select(
        request,
        f"SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {{ {_EVERY_THING} }}",
    )
    pages = 1 + -(-int(rows[0]["n"].value) // _PAGE)
    places = "".join(
        f"<sitemap><loc>{escape(root)}/sitemap/{number}.xml</loc></sitemap>\n"
        for number in range(1, pages + 1)
    )
    body = f'{_HEAD}<sitemapindex xmlns="{_NAMESPACE}">\n{places}</sitemapindex>\n'
    return deliver(request, body.encode(), _XML, _VARY)


@router.api_route("/sitemap/{name}", methods=_METHODS, summary="List the addresses of pages")
async def list_addresses(request: Request, name: str) -> Response:
    """Give one sitemap: the first has pages, queries and sources, the others have the things."""
    found = _NAME.fullmatch(name)
    at = int(found[1]) if found else 0
    paths = await (_first(request) if at == 1 else _things(request, at - 2)) if at else []
    if not paths:
        raise NotFound(f"There is no sitemap {shorten(name)}; /sitemap.xml lists those there are.")
    root = public_url(request.scope, request.app.state.settings)
    places = "".join(f"<url><loc>{escape(root + quote(path))}</loc></url>\n" for path in paths)
    body = f'{_HEAD}<urlset xmlns="{_NAMESPACE}">\n{places}</urlset>\n'
    return deliver(request, body.encode(), _XML, _VARY)


async def _first(request: Request) -> list[str]:
    release = request.app.state.release
    fixed = [path for path in _FIXED if release.quality or path != "/quality"]
    rows = await select(request, f"SELECT DISTINCT ?x WHERE {{ ?x a <{KG}Source> }} ORDER BY ?x")
    slugs = [row["x"].value.removeprefix(SOURCE) for row in rows if row["x"].is_iri]
    return [
        *fixed,
        *(f"/queries/{name}" for name in sorted(release.queries)),
        *(f"/source/{slug}" for slug in slugs if SLUG.fullmatch(slug)),
    ]


async def _things(request: Request, page: int) -> Sequence[str]:
    rows = await select(
        request,
        f"SELECT DISTINCT ?x WHERE {{ {_EVERY_THING} }} "
        f"ORDER BY ?x OFFSET {page * _PAGE} LIMIT {_PAGE}",
    )
    slugs = (row["x"].value.removeprefix(ID) for row in rows)
    return [f"/doc/{slug}" for slug in slugs if SLUG.fullmatch(slug)]


@router.api_route("/quality", methods=["GET", "HEAD"], summary="Report on the quality of the data")
async def report_quality(request: Request) -> Response:
    """Give the report, as a page or as JSON: evidence, coverage, links, rules, datasets used."""
    release: Release = request.app.state.release
    if not release.quality:
        raise NotFound(
            "This release has no report on its quality. Build it anew with `jiqun build`."
        )
    named = request.query_params.get("format")
    choice = negotiate(request.headers.get("accept"), named, (PLAIN_JSON, HTML))
    if choice.format is HTML:
        reader = reader_of(request.scope, request.app.state.settings)
        return page(request, render_quality(release, reader))
    return Response(
        json.dumps(release.quality, ensure_ascii=False, indent=1),
        media_type="application/json",
        headers={
            "ETag": f'"quality-{release.identifier[:32]}"',
            "Vary": "Accept",
            "Cache-Control": "no-cache",
        },
    )
