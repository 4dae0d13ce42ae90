"""Identifiers that were given up: why, and what took their place.

The register says so of an identifier by `owl:deprecated true`, `rdfs:comment` and, where another
thing took its place, `dcterms:isReplacedBy`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.linked.graph import Statement
from jiqun.endpoint.terms import XSD, Term

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jiqun.endpoint.linked.descriptions import Select

_DEPRECATED: Final = "http://www.w3.org/2002/07/owl#deprecated"
_REASON: Final = "http://www.w3.org/2000/01/rdf-schema#comment"
_SUCCESSOR: Final = "http://purl.org/dc/terms/isReplacedBy"


@dataclass(frozen=True)
class Retirement:
    """An identifier that was given up, the reasons by language, and the IRI that replaces it."""

    iri: str
    reasons: Mapping[str, str] = field(default_factory=dict)
    successor: str | None = None

    def statements(self) -> Iterator[Statement]:
        """Say the same in RDF."""
        itself = Term("uri", self.iri)
        yield Statement(itself, _DEPRECATED, Term("literal", "true", datatype=f"{XSD}boolean"))
        for lang, reason in self.reasons.items():
            yield Statement(itself, _REASON, Term("literal", reason, lang=lang))


async def read_retirement(select: Select, iri: str) -> Retirement | None:
    """Read whether an identifier was given up; `iri` has to be one that SPARQL can take."""
    rows = await select(
        f"SELECT ?reason ?successor WHERE {{ <{iri}> <{_DEPRECATED}> true . "
        f"OPTIONAL {{ <{iri}> <{_REASON}> ?reason }} "
        f"OPTIONAL {{ <{iri}> <{_SUCCESSOR}> ?successor }} }} ORDER BY ?reason ?successor"
    )
    if not rows:
        return None
    reasons = {row["reason"].lang: row["reason"].value for row in rows if "reason" in row}
    successors = [row["successor"].value for row in rows if "successor" in row]
    return Retirement(iri, reasons, next((each for each in successors if each != iri), None))
