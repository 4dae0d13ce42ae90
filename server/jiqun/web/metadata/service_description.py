"""The SPARQL 1.1 Service Description of this endpoint, as RDF.

It lists the features of this server, its formats, the named graphs of the release, and the limits
in the settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pyoxigraph import Triple

from jiqun.query.functions import EXTENSION_FUNCTIONS
from jiqun.rdf.formats import GRAPHS, SOLUTIONS
from jiqun.rdf.namespaces import DCTERMS, OWL, PREFIXES, RDF_TYPE, RDFS, SD, VOID
from jiqun.rdf.terms import link, text, typed
from jiqun.settings import Settings
from jiqun.web.documents import Context, Document
from jiqun.web.linked_data.descriptions import write
from jiqun.web.negotiation import Choice

MOST_GRAPHS: Final = 2_000
"""Maximum number of listed named graphs."""


def service_description(context: Context, root: str, choice: Choice) -> Document:
    """Return the description of the endpoint of the site at the URL `root`."""
    body = write(_triples(context, f"{root}/sparql"), choice.format, {**PREFIXES, "sd": SD})
    return Document(body, choice.content_type, headers={"Vary": "Accept, Accept-Encoding"})


def _triples(context: Context, endpoint: str) -> Iterator[Triple]:
    settings = context.settings
    yield link(endpoint, RDF_TYPE, f"{SD}Service")
    yield link(endpoint, f"{SD}endpoint", endpoint)
    yield link(endpoint, f"{SD}supportedLanguage", f"{SD}SPARQL10Query")
    yield link(endpoint, f"{SD}supportedLanguage", f"{SD}SPARQL11Query")
    if settings.service_allow:
        yield link(endpoint, f"{SD}feature", f"{SD}BasicFederatedQuery")
    for each in (*SOLUTIONS, *GRAPHS):
        yield link(endpoint, f"{SD}resultFormat", each.iri)
    for name in EXTENSION_FUNCTIONS:
        yield link(endpoint, f"{SD}extensionFunction", name)
        yield link(name, RDF_TYPE, f"{SD}Function")
    yield text(endpoint, f"{RDFS}comment", _limits(settings), "en")
    yield from _dataset(context, endpoint)
    if settings.workspace is not None:
        updates = f"{endpoint.removesuffix('/sparql')}/update"
        yield link(updates, RDF_TYPE, f"{SD}Service")
        yield link(updates, f"{SD}endpoint", updates)
        yield link(updates, f"{SD}supportedLanguage", f"{SD}SPARQL11Update")
        yield link(updates, f"{SD}feature", f"{SD}EmptyGraphs")
        for each in GRAPHS:
            yield link(updates, f"{SD}inputFormat", each.iri)


def _limits(settings: Settings) -> str:
    return (
        f"A query may run for {settings.deadline_seconds:g} seconds (less with timeout=) and "
        f"return {settings.max_rows} rows or triples and {settings.max_bytes} bytes. A truncated "
        "result has the header Jiqun-Truncated, or ends with an aborted connection."
    )


def _dataset(context: Context, endpoint: str) -> Iterator[Triple]:
    release = context.release
    dataset, default = f"{endpoint}#dataset", f"{endpoint}#default-graph"
    yield link(endpoint, f"{SD}defaultDataset", dataset)
    yield link(dataset, RDF_TYPE, f"{SD}Dataset")
    yield text(dataset, f"{DCTERMS}title", release.title)
    yield text(dataset, f"{OWL}versionInfo", release.version)
    yield link(dataset, f"{SD}defaultGraph", default)
    yield link(default, RDF_TYPE, f"{SD}Graph")
    # With a workspace, the count of the release would be too low.
    if "triples" in release.counts and context.settings.workspace is None:
        yield typed(default, f"{VOID}triples", release.counts["triples"], "integer")
    rows = context.select(f"SELECT ?graph {{ GRAPH ?graph {{}} }} LIMIT {MOST_GRAPHS + 1}")
    if len(rows) > MOST_GRAPHS:  # sorting tens of thousands takes seconds
        known = release.counts.get("graphs")
        note = f"Only {MOST_GRAPHS} of {known or 'the'} named graphs are listed."
        yield text(dataset, f"{RDFS}comment", note, "en")
    names = sorted(row["graph"].value for row in rows[:MOST_GRAPHS])
    for number, name in enumerate(names, start=1):
        graph = f"{endpoint}#graph-{number}"
        yield link(dataset, f"{SD}namedGraph", graph)
        yield link(graph, RDF_TYPE, f"{SD}NamedGraph")
        yield link(graph, f"{SD}name", name)
