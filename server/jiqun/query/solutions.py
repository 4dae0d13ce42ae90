"""Solutions of SELECT queries: rows of terms, from a store or from SPARQL results in JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import pyoxigraph as ox

from jiqun.rdf.namespaces import SOURCE, XSD, compact
from jiqun.rdf.terms import Term as Node
from jiqun.rdf.terms import language_tag

_NUMERIC: Final = frozenset(
    XSD + name for name in ("integer", "decimal", "double", "float", "int", "long", "gYear")
)


class Term(NamedTuple):
    """One RDF term; `kind` is `uri`, `literal` or `bnode`, as in the results format.

    `lang` is a tag in its usual case (`zh-Hans`); `datatype` is empty for `xsd:string`. A triple
    term is shown as a literal of its text, and has its three `parts`. `direction` is `ltr` or `rtl`
    where a text has one.
    """

    kind: str
    value: str
    lang: str = ""
    datatype: str = ""
    direction: str = ""
    parts: tuple[Term, ...] = ()

    @property
    def is_iri(self) -> bool:
        """Whether the term is an IRI."""
        return self.kind == "uri"

    @property
    def is_passage(self) -> bool:
        """Whether the term is the IRI of a passage of a source."""
        return self.is_iri and self.value.startswith(SOURCE) and "#" in self.value

    @property
    def is_number(self) -> bool:
        """Whether the term is a number."""
        return self.datatype in _NUMERIC

    @property
    def datatype_note(self) -> str:
        """The datatype as a CURIE; empty for those of XML Schema."""
        return "" if self.datatype.startswith(XSD) else compact(self.datatype)


Row = Mapping[str, Term]
"""One solution: variable to term; unbound variables are absent."""

Select = Callable[[str], Sequence[Row]]
"""Runs a SELECT query; passed to readers, so that they do not depend on an engine."""


def term(json_term: Mapping[str, Any]) -> Term:
    """Read one term of the SPARQL results JSON format."""
    kind = str(json_term["type"]).replace("typed-literal", "literal")
    if kind == "triple":
        members = json_term["value"]
        parts = tuple(term(members[name]) for name in ("subject", "predicate", "object"))
        return Term("literal", _triple_text(parts), parts=parts)
    return Term(
        kind,
        str(json_term["value"]),
        language_tag(str(json_term.get("xml:lang", ""))),
        str(json_term.get("datatype", "")),
        str(json_term.get("its:dir", "")),
    )


def term_of(value: Node) -> Term:
    """Return a term of pyoxigraph as a `Term`."""
    if isinstance(value, ox.NamedNode):
        return Term("uri", value.value)
    if isinstance(value, ox.BlankNode):
        return Term("bnode", value.value)
    if isinstance(value, ox.Triple):
        parts = tuple(map(term_of, value))
        return Term("literal", _triple_text(parts), parts=parts)
    if value.language:
        direction = str(value.direction) if value.direction else ""
        return Term("literal", value.value, language_tag(value.language), direction=direction)
    datatype = value.datatype.value
    return Term("literal", value.value, "", "" if datatype == f"{XSD}string" else datatype)


def node_of(term: Term) -> Node:
    """Return a `Term` as a term of pyoxigraph."""
    if term.parts:
        subject, predicate, value = map(node_of, term.parts)
        assert isinstance(subject, ox.NamedNode | ox.BlankNode)
        assert isinstance(predicate, ox.NamedNode)
        return ox.Triple(subject, predicate, value)
    if term.kind == "uri":
        return ox.NamedNode(term.value)
    if term.kind == "bnode":
        return ox.BlankNode(term.value)
    if term.lang:
        direction = ox.BaseDirection(term.direction) if term.direction else None
        return ox.Literal(term.value, language=term.lang, direction=direction)
    return ox.Literal(term.value, datatype=ox.NamedNode(term.datatype or f"{XSD}string"))


def triple_of(row: Row) -> ox.Triple:
    """Return the triple in the variables `subject`, `property` and `value` of a row."""
    subject, predicate = node_of(row["subject"]), node_of(row["property"])
    assert isinstance(subject, ox.NamedNode | ox.BlankNode)
    assert isinstance(predicate, ox.NamedNode)
    return ox.Triple(subject, predicate, node_of(row["value"]))


def _triple_text(parts: Sequence[Term]) -> str:
    return "<<( {} )>>".format(" ".join(compact(part.value) for part in parts))
