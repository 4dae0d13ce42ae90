"""The formats an answer can have: media types, short names for `?format=`, file extensions.

Sources: SPARQL 1.1 Query Results JSON, XML, CSV and TSV; RDF 1.1 Turtle, N-Triples, RDF/XML,
JSON-LD, TriG and N-Quads; the unique IRIs of formats are those of http://www.w3.org/ns/formats/.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from jiqun.rdf.namespaces import FORMATS

_EXTENSIONS: Final = frozenset({"srj", "srx", "ttl", "nt", "rdf", "nq"})


@dataclass(frozen=True)
class Format:
    """One way to write an answer.

    `media_type` is what the format is called; `aliases` are other media types by which clients
    ask for the same bytes (and get them under that name); `names` are the values of `?format=`.
    """

    label: str
    media_type: str
    names: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    iri: str = ""
    charset: bool = True

    @property
    def extension(self) -> str:
        """The usual ending of a file in this format, without a dot; one of its names."""
        return next((each for each in self.names if each in _EXTENSIONS), self.names[0])

    def content_type(self, asked: str | None = None) -> str:
        """The Content-Type header for this format when it was asked for by the name `asked`."""
        name = asked or self.media_type
        return f"{name}; charset=utf-8" if self.charset else name


JSON: Final = Format(
    "JSON",
    "application/sparql-results+json",
    ("json", "srj"),
    ("application/json",),
    f"{FORMATS}SPARQL_Results_JSON",
)
XML: Final = Format(
    "XML",
    "application/sparql-results+xml",
    ("xml", "srx"),
    ("application/xml", "text/xml"),
    f"{FORMATS}SPARQL_Results_XML",
)
CSV: Final = Format("CSV", "text/csv", ("csv",), (), f"{FORMATS}SPARQL_Results_CSV")
TSV: Final = Format(
    "TSV", "text/tab-separated-values", ("tsv",), (), f"{FORMATS}SPARQL_Results_TSV"
)
TURTLE: Final = Format(
    "Turtle",
    "text/turtle",
    ("turtle", "ttl"),
    ("application/x-turtle", "text/n3"),
    f"{FORMATS}Turtle",
)
N_TRIPLES: Final = Format(
    "N-Triples",
    "application/n-triples",
    ("ntriples", "nt"),
    ("text/plain",),
    f"{FORMATS}N-Triples",
)
RDF_XML: Final = Format(
    "RDF/XML",
    "application/rdf+xml",
    ("rdfxml", "rdf", "xml"),
    ("application/xml", "text/xml"),
    f"{FORMATS}RDF_XML",
)
JSON_LD: Final = Format(
    "JSON-LD",
    "application/ld+json",
    ("jsonld", "json"),
    ("application/json",),
    f"{FORMATS}JSON-LD",
    charset=False,
)
TRIG: Final = Format(
    "TriG", "application/trig", ("trig",), ("application/x-trig",), f"{FORMATS}TriG"
)
N_QUADS: Final = Format(
    "N-Quads",
    "application/n-quads",
    ("nquads", "nq"),
    ("text/x-nquads",),
    f"{FORMATS}N-Quads",
)
OWL_FUNCTIONAL: Final = Format(
    "OWL functional syntax",
    "text/owl-functional",
    ("ofn",),
    (),
    f"{FORMATS}OWL_Functional",
)
QUERY_TEXT: Final = Format("SPARQL", "application/sparql-query", ("rq",))
HTML: Final = Format("HTML", "text/html", ("html",), ("application/xhtml+xml",))
TABLE: Final = Format("plain text", "text/plain", ("text",))
PLAIN_JSON: Final = Format("JSON", "application/json", ("json",), charset=False)
PROBLEM: Final = Format(
    "problem details",
    "application/problem+json",
    ("json",),
    ("application/json",),
    charset=False,
)

# The order is the server's preference where the client has none.
SOLUTIONS: Final = (JSON, XML, CSV, TSV)
GRAPHS: Final = (TURTLE, N_TRIPLES, RDF_XML, JSON_LD, TRIG, N_QUADS)


def formats_for(form: str) -> tuple[Format, ...]:
    """The formats for a query of the form SELECT, ASK, CONSTRUCT or DESCRIBE, best first."""
    return SOLUTIONS if form in {"SELECT", "ASK"} else GRAPHS
