"""`/robots.txt` and the sitemaps: what crawlers may fetch, and every page there is.

Robots Exclusion Protocol (RFC 9309); https://www.sitemaps.org/protocol.html.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.http.requests import public_url
from jiqun.endpoint.linked.documents import SLUG
from jiqun.endpoint.routes.answers import select
from jiqun.endpoint.routes.html import deliver
from jiqun.endpoint.wording import shorten
from jiqun.errors import NotFound
from jiqun.vocabulary import ID, KG, SOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence

router = APIRouter(tags=["search"])

_METHODS: Final = ["GET", "HEAD"]
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
