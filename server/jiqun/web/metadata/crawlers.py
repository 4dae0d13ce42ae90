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
from jiqun.rdf.namespaces import ID, KG, SLUG, SOURCE, iri_of
from jiqun.release import Release
from jiqun.web.documents import Context, Document

READING_GUIDE: Final = (Path(__file__).parent / "reading_guide.md").read_text("utf-8")

_DUMPS: Final = (
    ("jiqun.nq", "everything with its named graphs, N-Quads"),
    ("jiqun.ttl", "the merged graph, Turtle"),
    ("evidence.ttl", "the evidence as reified statements"),
    ("clusters.csv", "the clusters as a table"),
    ("observations.parquet", "the figures as a table"),
    ("clusters.geojson", "a map"),
)
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
    """Return the text for a release that is served at `root`; raises `NotFound` without one."""
    if not context.release.identifier or context.release.statistics:
        raise NotFound("Only releases of the project have a guide for language models.")
    headers = {"Vary": "Accept-Encoding"}
    body = llms_text(context.release, root, mcp=context.settings.mcp)
    return Document(body.encode(), "text/plain; charset=utf-8", headers=headers)


def llms_text(release: Release, root: str, *, mcp: bool) -> str:
    """Write the text; `mcp` is true if the tools for agents are offered."""
    about = (
        "China's advanced manufacturing clusters as an open knowledge graph: which exist, where "
        "they are, who is in them, how big they are, and the quoted source of every statement."
    )
    counted = f"Release {release.version}, {release.counts.get('triples', 0):,} triples. CC BY 4.0."
    sections = [
        f"# {release.title}\n\n> {about} {counted}",
        f"Five rules for reading it:\n\n{READING_GUIDE.strip()}",
        _ask(root, mcp=mcp, queries=len(release.queries)),
        _schema(root),
        _data(release, root),
    ]
    return "\n\n".join(sections) + "\n"


def _ask(root: str, *, mcp: bool, queries: int) -> str:
    tools = f"- [Tools for agents]({root}/mcp): MCP over Streamable HTTP\n" if mcp else ""
    return (
        "## Ask\n\n"
        f"{tools}"
        f"- [Saved queries]({root}/queries.json): {queries} questions with typed parameters; run "
        f"one at `{root}/queries/NAME.json?parameter=value`, or `.csv`\n"
        f"- [SPARQL 1.1]({root}/sparql): `?query=`, answers in JSON, CSV, XML\n"
        f"- [Search]({root}/search?q=Beijing&format=json): names in Chinese, pinyin or English, "
        "to ids\n"
        f"- [One thing]({root}/doc/beijing.ttl): its statements with their evidence, also "
        "`.jsonld`\n"
        f"- [All routes]({root}/openapi.json): OpenAPI 3.1"
    )


def _schema(root: str) -> str:
    return (
        "## Schema\n\n"
        f"- [Ontology]({root}/ontology.ttl): every class and property with a definition and an "
        "example\n"
        f"- [Terms]({root}/vocab.json): labels in three scripts and use by class, 15 kB gzipped\n"
        f"- [Dataset]({root}/.well-known/void): counts by class and property\n"
        f"- [Sources]({root}/source): the sources and their quoted words"
    )


def _data(release: Release, root: str) -> str:
    found = [
        f"- [{name}]({root}/dumps/{name}): {words}"
        for name, words in _DUMPS
        if name in release.dumps or f"{name}.gz" in release.dumps
    ]
    return "\n".join(["## Data", "", *found, f"- [All files]({root}/dumps)"])


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
