"""The terms of the ontology for its documentation, and its versions as files."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from jiqun.query.solutions import Term, term_of
from jiqun.rdf.namespaces import KG, OWL, RDF_TYPE, RDFS, SKOS
from jiqun.release import Dump, Release
from jiqun.saved_queries import SavedQuery, term_uses
from jiqun.web.linked_data.descriptions import Description, descriptions, texts

_NAME: Final = re.compile(r"ontology-([0-9][0-9A-Za-z.-]*)\.(ttl|ofn)")
_CLASS: Final = f"{OWL}Class"
_PROPERTIES: Final = frozenset(
    f"{OWL}{name}Property" for name in ("Object", "Datatype", "Annotation")
)
_NATURES: Final = tuple(
    f"{OWL}{name}Property"
    for name in (
        "Object",
        "Datatype",
        "Annotation",
        "Functional",
        "InverseFunctional",
        "Transitive",
        "Symmetric",
    )
)


def versions_of(release: Release) -> dict[str, dict[str, Dump]]:
    """Return the files of each version by suffix, `ttl` and `ofn`, the oldest version first."""
    found: dict[str, dict[str, Dump]] = {}
    for name, dump in release.ontologies.items():
        match = _NAME.fullmatch(name)
        if match is not None:
            found.setdefault(match[1], {})[match[2]] = dump
    return {each: found[each] for each in sorted(found, key=_order) if "ttl" in found[each]}


def read_version(turtle: bytes) -> list[ox.Triple]:
    """Read the triples of a version, its blank nodes labelled by RDFC-1.0."""
    quads = ox.Dataset(ox.parse(turtle, ox.RdfFormat.TURTLE))
    quads.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return [quad.triple for quad in quads]


def _order(version: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"[.-]", version)
    ]


@dataclass(frozen=True)
class Restriction:
    """A restriction of a class on a property, such as at most one value."""

    property: str
    kind: str
    value: Term


@dataclass(frozen=True)
class OntologyTerm:
    """A class or property with its description; other terms are IRIs.

    `natures` are types such as `owl:FunctionalProperty`; `aligned` pairs a relation with a term of
    another vocabulary; `queries` are the names of the saved queries that use it.
    """

    iri: str
    is_class: bool
    natures: tuple[str, ...]
    labels: Mapping[str, str]
    definitions: Mapping[str, str]
    notes: Mapping[str, str]
    examples: tuple[Term, ...]
    above: tuple[str, ...]
    below: tuple[str, ...]
    domains: tuple[str, ...]
    ranges: tuple[str, ...]
    inverses: tuple[str, ...]
    restrictions: tuple[Restriction, ...]
    aligned: tuple[tuple[str, str], ...]
    queries: tuple[str, ...]

    @property
    def name(self) -> str:
        """The local name, `Cluster` of `…/ontology#Cluster`."""
        return self.iri.removeprefix(KG)


def read_terms(
    core: Iterable[ox.Triple], alignments: Iterable[ox.Triple], queries: Iterable[SavedQuery]
) -> list[OntologyTerm]:
    """Return the classes and properties that the ontology declares, ordered by name."""
    described = descriptions(core)
    aligned: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for subject, predicate, node in alignments:
        value = term_of(node)
        if value.is_iri and not value.value.startswith(KG) and predicate.value != RDF_TYPE:
            aligned[term_of(subject).value].add((predicate.value, value.value))
    used = term_uses(queries)
    below: defaultdict[str, set[str]] = defaultdict(set)
    inverses: defaultdict[str, set[str]] = defaultdict(set)
    for iri, description in described.items():
        for each in _above(description):
            if iri.startswith(KG) and each.is_iri:
                below[each.value].add(iri)
        for each in description.get(f"{OWL}inverseOf", ()):
            inverses[iri].add(each.value)
            inverses[each.value].add(iri)
    return [
        OntologyTerm(
            iri=iri,
            is_class=_CLASS in (types := _iris(description, RDF_TYPE)),
            natures=tuple(each for each in _NATURES if each in types),
            labels=texts(description, f"{RDFS}label"),
            definitions=texts(description, f"{SKOS}definition"),
            notes=texts(description, f"{SKOS}scopeNote"),
            examples=tuple(description.get(f"{SKOS}example", ())),
            above=tuple(sorted(each.value for each in _above(description) if each.is_iri)),
            below=tuple(sorted(below[iri])),
            domains=_iris(description, f"{RDFS}domain"),
            ranges=_iris(description, f"{RDFS}range"),
            inverses=tuple(sorted(inverses[iri])),
            restrictions=_restrictions(description, described),
            aligned=tuple(sorted(aligned[iri])),
            queries=tuple(used.get(iri.removeprefix(KG), ())),
        )
        for iri, description in sorted(described.items(), key=lambda pair: _by_name(pair[0]))
        if iri.startswith(KG) and _is_declared(description)
    ]


def _by_name(iri: str) -> tuple[str, str]:
    return iri.lower(), iri


def _above(description: Description) -> Sequence[Term]:
    """Return the superclasses or superproperties; restrictions are blank nodes."""
    kinds = (f"{RDFS}subClassOf", f"{RDFS}subPropertyOf")
    return [each for kind in kinds for each in description.get(kind, ())]


def _is_declared(description: Description) -> bool:
    return not {_CLASS, *_PROPERTIES}.isdisjoint(_iris(description, RDF_TYPE))


def _restrictions(
    description: Description, described: Mapping[str, Description]
) -> tuple[Restriction, ...]:
    found = []
    for each in _above(description):
        restriction = described.get(each.value, {}) if each.kind == "bnode" else {}
        for on in _iris(restriction, f"{OWL}onProperty"):
            found += [
                Restriction(on, kind.removeprefix(OWL), values[0])
                for kind, values in restriction.items()
                if kind.startswith(OWL) and kind != f"{OWL}onProperty"
            ]
    return tuple(sorted(found, key=lambda each: (each.property, each.kind)))


def _iris(description: Description, predicate: str) -> tuple[str, ...]:
    return tuple(each.value for each in description.get(predicate, ()) if each.is_iri)
