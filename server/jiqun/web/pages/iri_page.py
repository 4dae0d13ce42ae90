"""The page of any IRI in the data: its statements and mentions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from jiqun.errors import NotFound, shorten
from jiqun.language import Reader, Text, pick
from jiqun.query.solutions import Row, Select, Term, triple_of
from jiqun.rdf.formats import GRAPHS, HTML
from jiqun.rdf.namespaces import (
    DCTERMS,
    FOAF,
    RDF_TYPE,
    RDFS_LABEL,
    SCHEMA,
    SKOS,
    compact,
    is_absolute_iri,
)
from jiqun.web.documents import Context, Document
from jiqun.web.linked_data.descriptions import in_batches, rdf_document
from jiqun.web.negotiation import Choice
from jiqun.web.pages.cells import Cell, Labels
from jiqun.web.pages.rendering import html_document, link_target, render

FORMS: Final = (HTML, *GRAPHS)
"""The formats of `/page`."""

_QUERIES: Final = {
    "about": ("SELECT ?property ?value { ?iri ?property ?value }", 1_000),
    "mentions": ("SELECT ?subject ?property { ?subject ?property ?iri }", 200),
    "graphs": ("SELECT DISTINCT ?graph { GRAPH ?graph { ?iri ?p ?o } }", 50),
}
"""The queries for the parts of the page, and how many of their rows it shows."""
_NAMES: Final = (
    RDFS_LABEL,
    f"{SKOS}prefLabel",
    f"{SCHEMA}name",
    "http://schema.org/name",
    f"{FOAF}name",
    f"{DCTERMS}title",
)


def iri_document(context: Context, reader: Reader, iri: str, choice: Choice) -> Document:
    """Return the description of an IRI, as a page or as data; raises `NotFound`.

    IRIs of this graph with their own page are redirected there.
    """
    own = link_target(iri)
    if own is not None and own.startswith(("/doc/", "/source/", "/ontology", "/queries/", "/id/")):
        return Document(b"", "text/plain", 303, {"Location": reader.link(own)})
    about, mentions = (_read(context, name, iri) for name in ("about", "mentions"))
    if not about.rows and not mentions.rows:
        raise NotFound(f"There is no data about {shorten(iri, 200)}. Use /search to look up names.")
    headers = {"Jiqun-Truncated": f"statements={len(about.rows)}"} if about.cut else {}
    if choice.format != HTML:
        triples = [triple_of({**row, "subject": Term("uri", iri)}) for row in about.rows]
        return rdf_document(triples, choice, headers)
    parts = {"about": about, "mentions": mentions, "graphs": _read(context, "graphs", iri)}
    return html_document(_render(context.select, iri, parts, reader), reader, headers)


@dataclass(frozen=True)
class _Part:
    """A part of the page; `cut` if there are more rows."""

    rows: list[Row]
    cut: bool


def _read(context: Context, name: str, iri: str) -> _Part:
    query, most = _QUERIES[name]
    rows = context.select(f"{query} LIMIT {most + 1}", {"iri": f"<{iri}>"})
    return _Part(rows[:most], len(rows) > most)


def _render(select: Select, iri: str, parts: Mapping[str, _Part], reader: Reader) -> str:
    about, mentions, graphs = (parts[name].rows for name in _QUERIES)
    rows = (*about, *mentions, *graphs)
    named = [term.value for row in rows for term in row.values() if term.is_iri]
    labels = _labels(select, [iri, *named])
    own = Labels({}, reader)

    def cell(term: Term) -> Cell:
        if not term.is_iri:
            return own.cell(term)
        label = pick(labels.get(term.value, {}), reader)
        text = label if label.value else Text(compact(term.value))
        return Cell("thing", text, reader.link("/page", iri=term.value), term.value)

    return render(
        "iri.html",
        reader,
        iri=iri,
        href=link_target(iri),
        title=cell(Term("uri", iri)).text,
        types=[cell(row["value"]) for row in about if row["property"].value == RDF_TYPE],
        about=_grouped((cell(row["property"]), cell(row["value"])) for row in about),
        mentions=_grouped((cell(row["property"]), cell(row["subject"])) for row in mentions),
        graphs=[cell(row["graph"]) for row in graphs],
        more={
            name: reader.link("/sparql", query=query.replace("?iri", f"<{iri}>"), format="html")
            for name, (query, _) in _QUERIES.items()
            if parts[name].cut
        },
        data=[
            (each.label, reader.link("/page", iri=iri, format=each.names[0]), each.media_type)
            for each in GRAPHS
        ],
    )


def _grouped(pairs: Iterable[tuple[Cell, Cell]]) -> list[tuple[Cell, list[Cell]]]:
    groups: dict[Cell, list[Cell]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return sorted(
        ((name, sorted(cells, key=lambda each: each.text.value)) for name, cells in groups.items()),
        key=lambda group: group[0].note,
    )


def _labels(select: Select, iris: Iterable[str]) -> Mapping[str, dict[str, str]]:
    """Read the names of resources by language, from the most common naming property."""
    wanted = [iri for iri in dict.fromkeys(iris) if is_absolute_iri(iri)]
    found: dict[str, dict[str, str]] = {}
    for name in _NAMES:  # in a single query, the engine would read all names in the data
        query = f"SELECT ?thing ?label WHERE {{ VALUES ?thing {{ %s }} ?thing <{name}> ?label }}"
        rows = in_batches(select, query, wanted)
        for row in sorted(rows, key=lambda row: row["label"].value):
            label = row["label"]
            if label.kind == "literal":
                found.setdefault(row["thing"].value, {}).setdefault(label.lang, label.value)
    return found
