"""The formats of RDF and of query results: media types, names for `?format=`, file extensions.

References: SPARQL 1.1 Query Results JSON, XML, CSV and TSV; RDF 1.1 Turtle, N-Triples, RDF/XML,
JSON-LD, TriG and N-Quads; the unique IRIs of formats are those of http://www.w3.org/ns/formats/.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from jiqun.rdf.namespaces import FORMATS


@dataclass(frozen=True)
class Format:
    """A format of documents.

    `aliases` are other media types for the same bytes (which are returned under that name); `names`
    are the values of `?format=`; `extensions` are file extensions without a dot, the usual one
    first. `versions` is true if the media type has the RDF 1.2 parameter `version`.
    """

    label: str
    media_type: str
    names: tuple[str, ...]
    extensions: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    iri: str = ""
    charset: bool = True
    versions: bool = False

    @property
    def extension(self) -> str:
        """The usual file extension, without a dot."""
        return self.extensions[0]

    # Looked up rather than stored: formats are passed to worker processes, and pyoxigraph's cannot
    # be pickled.

    @property
    def oxigraph(self) -> ox.RdfFormat:
        """The same format in pyoxigraph; raises `ValueError` if it is not an RDF format."""
        found = ox.RdfFormat.from_media_type(self.media_type)
        if found is None:
            raise ValueError(f"{self.label} is not a format of RDF graphs")
        return found

    @property
    def oxigraph_results(self) -> ox.QueryResultsFormat:
        """The same format in pyoxigraph; raises `ValueError` if it is not a results format."""
        found = ox.QueryResultsFormat.from_media_type(self.media_type)
        if found is None:
            raise ValueError(f"{self.label} is not a format of query results")
        return found

    def content_type(self, asked: str | None = None) -> str:
        """Return the Content-Type header of a document that was requested as `asked`."""
        name = asked or self.media_type
        return f"{name}; charset=utf-8" if self.charset else name


JSON: Final = Format(
    "JSON",
    "application/sparql-results+json",
    ("json", "srj"),
    ("srj",),
    ("application/json",),
    f"{FORMATS}SPARQL_Results_JSON",
    versions=True,
)
XML: Final = Format(
    "XML",
    "application/sparql-results+xml",
    ("xml", "srx"),
    ("srx",),
    ("application/xml", "text/xml"),
    f"{FORMATS}SPARQL_Results_XML",
    versions=True,
)
CSV: Final = Format("CSV", "text/csv", ("csv",), ("csv",), (), f"{FORMATS}SPARQL_Results_CSV")
TSV: Final = Format(
    "TSV",
    "text/tab-separated-values",
    ("tsv",),
    ("tsv",),
    (),
    f"{FORMATS}SPARQL_Results_TSV",
    versions=True,
)
TURTLE: Final = Format(
    "Turtle",
    "text/turtle",
    ("turtle", "ttl", "n3"),
    ("ttl",),
    ("application/x-turtle", "text/n3"),
    f"{FORMATS}Turtle",
    versions=True,
)
N_TRIPLES: Final = Format(
    "N-Triples",
    "application/n-triples",
    ("ntriples", "nt", "n-triples"),
    ("nt",),
    ("text/plain",),
    f"{FORMATS}N-Triples",
    versions=True,
)
RDF_XML: Final = Format(
    "RDF/XML",
    "application/rdf+xml",
    ("rdfxml", "rdf", "xml", "rdf+xml"),
    ("rdf", "xml", "owl"),
    ("application/xml", "text/xml"),
    f"{FORMATS}RDF_XML",
    versions=True,
)
JSON_LD: Final = Format(
    "JSON-LD",
    "application/ld+json",
    ("jsonld", "json", "json-ld"),
    ("jsonld", "json"),
    ("application/json",),
    f"{FORMATS}JSON-LD",
    charset=False,
)
TRIG: Final = Format(
    "TriG",
    "application/trig",
    ("trig",),
    ("trig",),
    ("application/x-trig",),
    f"{FORMATS}TriG",
    versions=True,
)
N_QUADS: Final = Format(
    "N-Quads",
    "application/n-quads",
    ("nquads", "nq", "n-quads"),
    ("nq",),
    ("text/x-nquads",),
    f"{FORMATS}N-Quads",
    versions=True,
)
OWL_FUNCTIONAL: Final = Format(
    "OWL functional syntax",
    "text/owl-functional",
    ("ofn",),
    ("ofn",),
    (),
    f"{FORMATS}OWL_Functional",
)
QUERY_TEXT: Final = Format("SPARQL", "application/sparql-query", ("rq",), ("rq",))
HTML: Final = Format("HTML", "text/html", ("html",), ("html",), ("application/xhtml+xml",))
TABLE: Final = Format("plain text", "text/plain", ("text",), ("txt",))
SVG: Final = Format("SVG", "image/svg+xml", ("svg",), ("svg",), charset=False)
PLAIN_JSON: Final = Format("JSON", "application/json", ("json",), ("json",), charset=False)
PROBLEM: Final = Format(
    "problem details",
    "application/problem+json",
    ("json",),
    ("json",),
    ("application/json",),
    charset=False,
)

# In the server's order of preference, for clients without one.
SOLUTIONS: Final = (JSON, XML, CSV, TSV)
GRAPHS: Final = (TURTLE, N_TRIPLES, RDF_XML, JSON_LD, TRIG, N_QUADS)

_BY_MEDIA_TYPE: Final = {
    name: each for each in reversed(GRAPHS) for name in (each.media_type, *each.aliases)
}
_BY_EXTENSION: Final = {f".{name}": each for each in GRAPHS for name in each.extensions}
GRAPH_EXTENSIONS: Final = tuple(_BY_EXTENSION)
"""The extensions of RDF files, each with its dot."""


def formats_for(form: str) -> tuple[Format, ...]:
    """Return the formats for a query of the form SELECT, ASK, CONSTRUCT or DESCRIBE, best first."""
    return SOLUTIONS if form in {"SELECT", "ASK"} else GRAPHS


def graph_format(media_type: str) -> Format | None:
    """Return the RDF format with this media type or alias, without parameters."""
    return _BY_MEDIA_TYPE.get(media_type)


def graph_format_of_file(extension: str) -> Format | None:
    """Return the format of an RDF file by its extension, as `.ttl`, in any case."""
    return _BY_EXTENSION.get(extension.lower())
