"""The home page of a release that was packed from other RDF: counts, classes, queries, files."""

from __future__ import annotations

from typing import Final

from jiqun.language import Reader, Text
from jiqun.rdf.namespaces import compact
from jiqun.web.documents import Context, Document
from jiqun.web.pages.query_page import group_queries
from jiqun.web.pages.rendering import html_document, render

_COUNTS: Final = ("triples", "quads", "graphs", "subjects", "named", "classes", "properties")
_CLASSES: Final = 30
_QUERY: Final = "SELECT ?thing ?property ?value\nWHERE { ?thing ?property ?value }\nLIMIT 25\n"


def packed_home(context: Context, reader: Reader) -> Document:
    """Return the home page of a release with statistics."""
    release = context.release
    classes = release.statistics["classes"]
    text = render(
        "packed.html",
        reader,
        title=Text(release.title),
        version=release.version,
        counts=[(f"packed_{name}", release.counts.get(name, 0)) for name in _COUNTS],
        classes=[
            (compact(each["iri"]), _members(reader, each["iri"]), each["entities"])
            for each in classes[:_CLASSES]
        ],
        more_classes=len(classes) > _CLASSES or not release.statistics["complete"],
        groups=group_queries(release.queries.values(), reader),
        files=release.dumps.values(),
        text=_QUERY,
    )
    return html_document(text, reader)


def _members(reader: Reader, iri: str) -> str:
    query = f"SELECT ?thing\nWHERE {{ ?thing a <{iri}> }}\nLIMIT 100"
    return reader.link("/sparql", query=query, format="html")
