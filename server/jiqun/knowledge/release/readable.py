"""Turtle that people like to read: things of one kind together under a heading, labels first.

The headings are comments. Who prefers the order of the IRIs finds it in the N-Triples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.knowledge.turtle.format import Described, block, describe, prefix_lines
from jiqun.knowledge.turtle.nesting import Nesting
from jiqun.knowledge.turtle.terms import OWL, RDF_TYPE, RDFS, SKOS, Compactor, natural
from jiqun.vocabulary import KG, SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_SH: Final = "http://www.w3.org/ns/shacl#"
_SECTIONS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("This dataset", ("http://rdfs.org/ns/void#Dataset",)),
    ("National clusters", (f"{KG}NationalCluster",)),
    ("Candidate clusters", (f"{KG}CandidateCluster",)),
    ("Other clusters", (f"{KG}Cluster",)),
    ("Titles, lists, programmes and rounds", tuple(
        f"{KG}{name}" for name in ("Title", "DesignationList", "Programme", "SelectionRound")
    )),
    ("Designations", (f"{KG}Designation",)),
    ("Applications", (f"{KG}Application",)),
    ("Participations", (f"{KG}Participation",)),
    ("Companies", (f"{KG}Company",)),
    ("Brands and other enterprises", (f"{KG}Enterprise",)),
    ("Organisations", (f"{KG}Organisation", f"{KG}AgentGroup")),
    ("People and posts", (f"{KG}Person", f"{KG}Post", f"{KG}PostHolding", f"{KG}Contribution")),
    ("Provinces", (f"{KG}ProvinceLevelDivision",)),
    ("Prefectures", (f"{KG}PrefectureLevelDivision",)),
    ("Other regions", (f"{KG}Region", f"{KG}SpatialLayout")),
    ("Points and polygons", ("http://www.opengis.net/ont/geosparql#Geometry",)),
    ("Plans, measures and initiatives", tuple(
        f"{KG}{name}"
        for name in ("PolicyDocument", "PolicyMeasure", "Initiative", "CoordinationMechanism")
    )),
    ("Observations", (f"{KG}Observation",)),
    ("Goals", (f"{KG}Goal",)),
    ("Other claims", (f"{KG}Claim",)),
    ("Disagreements", (f"{KG}Disagreement",)),
    ("Populations", (f"{KG}Population",)),
    ("Periods", (f"{KG}Period",)),
    ("Sources", (f"{KG}Source",)),
    ("Passages", (f"{KG}Passage",)),
    ("Publishers", (f"{KG}MediaOutlet",)),
    ("Other datasets", (f"{KG}ReferenceDataset",)),
    ("Concepts", (f"{SKOS}ConceptScheme", f"{SKOS}Concept")),
    ("Links to other datasets", (
        "http://rdfs.org/ns/void#Linkset",
        "https://w3id.org/sssom/Mapping",
    )),
    ("Saved queries", (f"{_SH}SPARQLExecutable",)),
    ("Ontology", tuple(
        f"{OWL}{name}"
        for name in (
            "Ontology",
            "Class",
            "ObjectProperty",
            "DatatypeProperty",
            "AnnotationProperty",
        )
    )),
)  # fmt: skip
_NUMBERS: Final = {kind: number for number, (_, kinds) in enumerate(_SECTIONS) for kind in kinds}
_REST: Final = "Everything else"
_LEADING: Final = (
    RDF_TYPE,
    ox.NamedNode(f"{RDFS}label"),
    ox.NamedNode(f"{SKOS}prefLabel"),
    ox.NamedNode(f"{SKOS}altLabel"),
)


def readable_turtle(
    triples: Iterable[ox.Triple],
    prefixes: Mapping[str, str],
    heading: str,
    annotate: Callable[[ox.Triple, Compactor], str] = lambda *_: "",
) -> str:
    """Write Turtle in sections by kind of thing, under a comment with the lines of `heading`.

    `annotate` gives what follows the object of a triple, as RDF 1.2 annotations do.
    """
    triples = list(triples)
    compactor = Compactor(prefixes)
    nesting = Nesting(triples, compactor)
    grouped: dict[str, Described] = {}
    section_of: dict[str, int] = {}
    for triple in triples:
        if triple.subject in nesting:
            continue
        written = nesting.write(triple.object) + annotate(triple, compactor)
        describe(grouped, triple, written, compactor)
        subject = compactor.write(triple.subject)
        section_of[subject] = min(section_of.get(subject, len(_SECTIONS)), _section(triple))
    body = []
    for number, title in enumerate([*(title for title, _ in _SECTIONS), _REST]):
        names = sorted((name for name in grouped if section_of[name] == number), key=natural)
        if names:
            body.append(f"#\n# {title} ({len(names)})\n#\n")
            body += [block(name, grouped[name], compactor, leading=_LEADING) for name in names]
    return "\n".join([_head(heading, compactor.used, prefixes), *body])


def _section(triple: ox.Triple) -> int:
    if triple.predicate != RDF_TYPE or not isinstance(triple.object, ox.NamedNode):
        return len(_SECTIONS)
    return _NUMBERS.get(triple.object.value, len(_SECTIONS))


def _head(heading: str, used: Iterable[str], prefixes: Mapping[str, str]) -> str:
    chosen = {key: prefixes[key] for key in used}
    passages = {
        key: iri for key, iri in chosen.items() if iri.startswith(SOURCE) and iri[-1] == "#"
    }
    general = {key: iri for key, iri in chosen.items() if key not in passages}
    text = "".join(f"# {line}".rstrip() + "\n" for line in heading.split("\n"))
    text += f"\n{prefix_lines(general)}"
    return f"{text}\n# The passages of each source:\n{prefix_lines(passages)}" if passages else text
