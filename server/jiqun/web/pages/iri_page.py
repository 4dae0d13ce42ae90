"""The page of any IRI in the data: its statements and mentions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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

_STATEMENTS: Final = 1_000
_MENTIONS: Final = 200
_GRAPHS: Final = 50
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
    about = _rows(context, "SELECT ?property ?value { ?iri ?property ?value }", iri, _STATEMENTS)
    mentions = _rows(
        context, "SELECT ?subject ?property { ?subject ?property ?iri }", iri, _MENTIONS
    )
    if not about and not mentions:
        raise NotFound(f"There is no data about {shorten(iri, 200)}. Use /search to look up names.")
    cut = len(about) > _STATEMENTS
    headers = {"Jiqun-Truncated": f"statements={_STATEMENTS}"} if cut else {}
    about, subject = about[:_STATEMENTS], Term("uri", iri)
    if choice.format != HTML:
        triples = [triple_of({**row, "subject": subject}) for row in about]
        return rdf_document(triples, choice, headers)
    graphs = _rows(context, "SELECT DISTINCT ?graph { GRAPH ?graph { ?iri ?p ?o } }", iri, _GRAPHS)
    text = _render(context.select, iri, (about, mentions, graphs), reader, cut=cut)
    return html_document(text, reader, headers)


def _rows(context: Context, query: str, iri: str, most: int) -> list[Row]:
    """Return one row more than `most` if there are more."""
    return context.select(f"{query} LIMIT {most + 1}", {"iri": f"<{iri}>"})


def _render(
    select: Select,
    iri: str,
    found: tuple[list[Row], list[Row], list[Row]],
    reader: Reader,
    *,
    cut: bool,
) -> str:
    about, mentions, graphs = found
    named = [term.value for rows in found for row in rows for term in row.values() if term.is_iri]
    labels = _labels(select, [iri, *named])
    own = Labels({}, reader)

    def cell(term: Term) -> Cell:
        if not term.is_iri:
            return own.cell(term)
        label = pick(labels.get(term.value, {}), reader)
        text = label if label.value else Text(compact(term.value))
        return Cell("thing", text, reader.link("/page", iri=term.value), term.value)

    title = pick(labels.get(iri, {}), reader)
    kinds = [cell(row["value"]) for row in about if row["property"].value == RDF_TYPE]
    return render(
        "iri.html",
        reader,
        iri=iri,
        href=link_target(iri),
        title=title if title.value else Text(compact(iri)),
        types=kinds,
        about=_grouped((cell(row["property"]), cell(row["value"])) for row in about),
        mentions=_grouped(
            (cell(row["property"]), cell(row["subject"])) for row in mentions[:_MENTIONS]
        ),
        graphs=[cell(row["graph"]) for row in graphs[:_GRAPHS]],
        more_about=cut,
        more_mentions=len(mentions) > _MENTIONS,
        more_graphs=len(graphs) > _GRAPHS,
        all_about=_ask(reader, f"SELECT ?property ?value {{ <{iri}> ?property ?value }}"),
        all_mentions=_ask(reader, f"SELECT ?subject ?property {{ ?subject ?property <{iri}> }}"),
        all_graphs=_ask(reader, f"SELECT DISTINCT ?graph {{ GRAPH ?graph {{ <{iri}> ?p ?o }} }}"),
        data=[
            (each.label, reader.link("/page", iri=iri, format=each.names[0]), each.media_type)
            for each in GRAPHS
        ],
    )


def _ask(reader: Reader, query: str) -> str:
    return reader.link("/sparql", query=query, format="html")


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
    for name in _NAMES:  # all at once, the engine would read every name there is
        query = f"SELECT ?thing ?label WHERE {{ VALUES ?thing {{ %s }} ?thing <{name}> ?label }}"
        rows = in_batches(select, query, wanted)
        for row in sorted(rows, key=lambda row: row["label"].value):
            label = row["label"]
            if label.kind == "literal":
                found.setdefault(row["thing"].value, {}).setdefault(label.lang, label.value)
    return found
