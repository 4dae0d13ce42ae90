"""The page of the query form, with the result of a query when there is one."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from jiqun.language import Reader
from jiqun.query.solutions import Select
from jiqun.rdf.formats import CSV, JSON, JSON_LD, N_TRIPLES, RDF_XML, TSV, TURTLE, XML
from jiqun.web.documents import Context, Document
from jiqun.web.pages.cells import Labels, read_captions
from jiqun.web.pages.query_advice import advise
from jiqun.web.pages.rendering import html_document, render
from jiqun.web.pages.result_choices import NO_CHOICES, Choices
from jiqun.web.pages.result_section import EXCEL, Address, Section, result_section
from jiqun.web.pages.result_table import Outcome, read_outcome

DEFAULT_QUERY: Final = """\
PREFIX id: <https://w3id.org/jiqun/id/>
PREFIX kg: <https://w3id.org/jiqun/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

SELECT ?cluster ?lead ?passage
WHERE {
  GRAPH ?passage { ?application kg:applicationFor ?cluster ; kg:leadApplicant ?lead . }
}
ORDER BY ?cluster ?lead
LIMIT 50
"""
TABLE_FORMATS: Final = (
    (EXCEL, "Excel"),
    *((each.names[0], each.label) for each in (CSV, JSON, TSV, XML)),
)
GRAPH_FORMATS: Final = tuple(
    (each.extension, each.label) for each in (TURTLE, N_TRIPLES, JSON_LD, RDF_XML)
)


def results_page(
    context: Context,
    reader: Reader,
    query: str,
    result: tuple[str, bytes, int],
    warnings: tuple[str, ...] = (),
    choices: Choices = NO_CHOICES,
) -> Document:
    """Return the page with the result of a query: form, result and milliseconds.

    See `read_outcome`.
    """
    remarks = tuple(dict.fromkeys(each.text for each in advise(context, query, reader)))
    outcome = replace(read_outcome(*result), warnings=warnings, remarks=remarks)
    captions = read_captions(context.select, outcome.iris())
    text = render_results(query, outcome, Labels(captions, reader), context.select, choices)
    return html_document(text, reader)


def render_results(
    text: str, outcome: Outcome, labels: Labels, select: Select, choices: Choices = NO_CHOICES
) -> str:
    """Render the result of the query `text` under its form."""
    formats = GRAPH_FORMATS if outcome.graph is not None else TABLE_FORMATS
    address = Address("/sparql", {"query": text}, {"query": text, "format": "html"}, formats)
    section = result_section(outcome, labels, select, choices, address)
    return render_query_form(labels.reader, text, section)


def render_query_form(
    reader: Reader, text: str = DEFAULT_QUERY, section: Section | None = None
) -> str:
    """Render the page with the query form, alone or with the result of the query `text`."""
    return render("results.html", reader, text=text, section=section)
