"""The evidence of each statement beside it, as RDF 1.2 Turtle has it.

`s p o ~ evidence:1 {| kg:statedIn passage:p1 |}`: the reifier has the IRI that the statement has in
evidence.ttl, so both files speak of the same (RDF 1.2 Turtle, sections 2.11 and 2.12).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.knowledge.release.evidence import EVIDENCE, Evidence
from jiqun.knowledge.release.readable import readable_turtle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyoxigraph as ox

    from jiqun.knowledge.turtle.terms import Compactor


def annotated_turtle(
    triples: Iterable[ox.Triple],
    evidence: Iterable[Evidence],
    prefixes: Mapping[str, str],
    heading: str,
) -> tuple[str, int]:
    """Write the triples with their evidence; gives the text and how many triples it states.

    A reifier and each of its annotations are triples too.
    """
    stated: dict[ox.Triple, list[Evidence]] = {}
    for each in sorted(evidence, key=lambda each: each.iri.value):
        stated.setdefault(each.triple, []).append(each)

    def annotate(triple: ox.Triple, compactor: Compactor) -> str:
        return "".join(_annotation(each, compactor) for each in stated.get(triple, ()))

    triples = set(triples)
    text = readable_turtle(triples, {"evidence": EVIDENCE, **prefixes}, heading, annotate)
    notes = sum(1 + len(each.notes) for several in stated.values() for each in several)
    head, _, body = text.partition("\n\n")
    return f'{head}\n\nVERSION "1.2"\n{body}', len(triples) + notes


def _annotation(evidence: Evidence, compactor: Compactor) -> str:
    notes = sorted(
        f"{compactor.write(predicate)} {compactor.write(value)}"
        for predicate, value in evidence.notes
    )
    return f"\n            ~ {compactor.write(evidence.iri)} {{| {' ; '.join(notes)} |}}"
