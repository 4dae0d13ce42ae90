"""What crawlers read: `/llms.txt`, a guide for language models in 1,500 tokens, and the sitemaps.

Formats: https://llmstxt.org/, a proposal of 2024; https://www.sitemaps.org/protocol.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from jiqun.errors import NotFound
from jiqun.language import Reader
from jiqun.rdf.formats import TABLE
from jiqun.rdf.namespaces import ID, KG, SLUG, SOURCE, iri_of
from jiqun.web.documents import Context, Document
from jiqun.web.pages.rendering import render

READING_GUIDE: Final = (Path(__file__).parent / "reading_guide.md").read_text("utf-8")

_PAGES: Final = (
    "/",
    "/catalogue",
    "/clusters",
    "/companies",
    "/compare",
    "/figures",
    "/network",
    "/ontology",
    "/places",
    "/plans",
    "/quality",
    "/queries",
    "/source",
    "/timeline",
)
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_ADDRESSES: Final = 10_000
_EVERY_THING: Final = f'?x a ?class FILTER (STRSTARTS(STR(?x), "{ID}"))'


def llms_document(context: Context, root: str) -> Document:
    """Return the guide for a release that is served at `root`; raises `NotFound` without one."""
    if not context.release.identifier or context.release.statistics:
        raise NotFound("Only releases of the project have a guide for language models.")
    text = render(
        "llms.txt",
        Reader(),
        release=context.release,
        guide=READING_GUIDE.strip(),
        root=root,
        mcp=context.settings.mcp,
    )
    return Document(text.encode(), TABLE.content_type(), headers={"Vary": "Accept-Encoding"})


def sitemap_index(context: Context, root: str) -> Document:
    """Return the index of the sitemaps, each of at most ten thousand URLs."""
    if context.release.statistics:
        things = context.release.counts["named"]
    else:
        rows = context.select(f"SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {{ {_EVERY_THING} }}")
        things = int(rows[0]["n"].value)
    count = 1 + -(-things // _ADDRESSES)
    return _xml("sitemapindex", "sitemap", (f"{root}/sitemap/{n + 1}.xml" for n in range(count)))


def sitemap(context: Context, root: str, number: int) -> Document:
    """Return one sitemap: 1 has the pages, queries and sources, the others have the things.

    Raises `NotFound` for other numbers.
    """
    paths = _first(context) if number == 1 else _things(context, number - 2)
    if not paths:
        raise NotFound(f"There is no sitemap {number}. Sitemaps are listed in /sitemap.xml.")
    return _xml("urlset", "url", (root + path for path in paths))


def _xml(document: str, entry: str, addresses: Iterable[str]) -> Document:
    lines = "".join(f"<{entry}><loc>{escape(each)}</loc></{entry}>\n" for each in addresses)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{document} xmlns="{_NAMESPACE}">\n{lines}</{document}>\n'
    )
    return Document(text.encode(), "application/xml", headers={"Vary": "Accept-Encoding"})


def _first(context: Context) -> list[str]:
    release = context.release
    if release.statistics:
        return ["/", "/queries", *(f"/queries/{name}" for name in sorted(release.queries))]
    pages = [path for path in _PAGES if release.quality or path != "/quality"]
    rows = context.select(f"SELECT DISTINCT ?x WHERE {{ ?x a <{KG}Source> }} ORDER BY ?x")
    slugs = [row["x"].value.removeprefix(SOURCE) for row in rows if row["x"].is_iri]
    return [
        *pages,
        *(f"/queries/{name}" for name in sorted(release.queries)),
        *(f"/source/{slug}" for slug in slugs if SLUG.fullmatch(slug)),
    ]


def _things(context: Context, page: int) -> Sequence[str]:
    if context.release.statistics:
        found = context.index.slugs(page * _ADDRESSES + 1, _ADDRESSES)
        return [f"/page?iri={quote(iri_of(slug), safe='')}" for slug in found]
    rows = context.select(
        f"SELECT DISTINCT ?x WHERE {{ {_EVERY_THING} }} "
        f"ORDER BY ?x OFFSET {page * _ADDRESSES} LIMIT {_ADDRESSES}"
    )
    slugs = (row["x"].value.removeprefix(ID) for row in rows)
    return [f"/doc/{slug}" for slug in slugs if SLUG.fullmatch(slug)]
