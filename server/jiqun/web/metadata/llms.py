"""`/llms.txt`: a guide to the graph for language models, in 1,500 tokens.

Format: https://llmstxt.org/, a proposal of 2024.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jiqun.errors import NotFound
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
