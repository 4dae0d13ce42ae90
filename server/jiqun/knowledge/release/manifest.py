"""The manifest of a release: what it is, what it counts, and the SHA-256 of every file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.knowledge.dataset import ONTOLOGY, is_passage
from jiqun.knowledge.knowledge import TITLE
from jiqun.knowledge.turtle.terms import OWL, RDF_TYPE
from jiqun.vocabulary import KG

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jiqun.knowledge.knowledge import Knowledge
    from jiqun.knowledge.release.writing import Written

FORMAT: Final = 1
_COUNTED: Final = {
    "sources": "Source",
    "passages": "Passage",
    "clusters": "NationalCluster",
    "candidates": "CandidateCluster",
    "disagreements": "Disagreement",
    "organisations": "Organisation",
    "companies": "Company",
    "brands": "Brand",
    "regions": "Region",
    "persons": "Person",
    "plans": "PolicyDocument",
    "observations": "Observation",
    "claims": "Claim",
    "goals": "Goal",
    "designations": "Designation",
    "applications": "Application",
    "participations": "Participation",
}


def manifest(knowledge: Knowledge, release: str, files: Iterable[Written]) -> str:
    """Return manifest.json; `release` is the SHA-256 of the N-Quads, in hexadecimal."""
    entries = {file.name: file.entry() for file in sorted(files, key=lambda file: file.name)}
    content = {
        "format": FORMAT,
        "title": TITLE,
        "version": knowledge.version,
        "release": release,
        "ontology": _ontology(knowledge),
        "counts": _counts(knowledge),
        "files": entries,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _ontology(knowledge: Knowledge) -> dict[str, str]:
    iri = KG.removesuffix("#")
    found = {"iri": iri}
    for subject, predicate, value in knowledge.graphs.get(ONTOLOGY, set()):
        if subject == ox.NamedNode(iri) and isinstance(value, ox.NamedNode | ox.Literal):
            if predicate.value == f"{OWL}versionIRI":
                found["versionIRI"] = value.value
            elif predicate.value == f"{OWL}versionInfo":
                found["version"] = value.value
    return dict(sorted(found.items()))


def _counts(knowledge: Knowledge) -> dict[str, int]:
    graphs = knowledge.graphs
    members: dict[str, int] = {}
    for triple in knowledge.default:
        if triple.predicate == RDF_TYPE and isinstance(triple.object, ox.NamedNode):
            members[triple.object.value] = members.get(triple.object.value, 0) + 1
    stated = [triples for name, triples in graphs.items() if is_passage(name)]
    return {
        "triples": len(knowledge.default),
        "quads": sum(map(len, graphs.values())),
        "graphs": len(graphs),
        "statements": sum(map(len, stated)),
        "evidenced": len(stated),
        "distinctObjects": len({triple.object for triple in knowledge.default}),
        "queries": len(knowledge.queries),
        **{name: members.get(f"{KG}{kind}", 0) for name, kind in _COUNTED.items()},
    }
