"""Solutions of SELECT queries, read from the SPARQL 1.1 Query Results JSON Format."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyoxigraph as ox

from jiqun.rdf.namespaces import SOURCE, XSD, compact
from jiqun.rdf.terms import language_tag

_PLAIN_DATATYPES: Final = frozenset({"", f"{XSD}string"})


_NUMERIC: Final = frozenset(
    XSD + name for name in ("integer", "decimal", "double", "float", "int", "long", "gYear")
)


@dataclass(frozen=True)
class Term:
    """One RDF term; `kind` is `uri`, `literal` or `bnode`, as in the results format."""

    kind: str
    value: str
    lang: str = ""
    datatype: str = ""

    @property
    def is_iri(self) -> bool:
        """Tell whether the term is an IRI."""
        return self.kind == "uri"

    @property
    def is_passage(self) -> bool:
        """Tell whether the term is the IRI of a passage of a source."""
        return self.is_iri and self.value.startswith(SOURCE) and "#" in self.value

    @property
    def is_number(self) -> bool:
        """Tell whether the term is a number, which stands at the right of its column."""
        return self.datatype in _NUMERIC

    @property
    def datatype_note(self) -> str:
        """Give the datatype where it tells the reader something, else an empty text."""
        known = self.datatype in _PLAIN_DATATYPES or self.datatype.startswith(XSD)
        return "" if known else compact(self.datatype)


def term(json_term: Mapping[str, Any]) -> Term:
    """Read one term of the SPARQL results JSON format."""
    kind = str(json_term["type"]).replace("typed-literal", "literal")
    if kind == "triple":
        return Term("literal", _triple_text(json_term["value"]))
    return Term(
        kind,
        str(json_term["value"]),
        language_tag(str(json_term.get("xml:lang", ""))),
        str(json_term.get("datatype", "")),
    )


def term_of(value: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> Term:
    """Make a term of one of pyoxigraph."""
    if isinstance(value, ox.NamedNode):
        return Term("uri", value.value)
    if isinstance(value, ox.BlankNode):
        return Term("bnode", value.value)
    if isinstance(value, ox.Triple):
        parts = (value.subject, value.predicate, value.object)
        return Term("literal", "<<( {} )>>".format(" ".join(term_of(p).value for p in parts)))
    if value.language:
        return Term("literal", value.value, language_tag(value.language))
    datatype = value.datatype.value
    return Term("literal", value.value, "", "" if datatype == f"{XSD}string" else datatype)


def _triple_text(parts: Mapping[str, Any]) -> str:
    return "<<( {} )>>".format(
        " ".join(compact(str(parts[name]["value"])) for name in ("subject", "predicate", "object"))
    )


Row = Mapping[str, Term]
"""One solution: variable to term; unbound variables are absent."""

Select = Callable[[str], Awaitable[Sequence[Row]]]
"""Runs a SELECT query; handed in, so that readers of the graph do not depend on the engine."""
