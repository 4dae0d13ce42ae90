"""The versions of the ontology that a release holds as files, each in Turtle and OWL functional."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from jiqun.query.solutions import Select, Term
from jiqun.rdf.namespaces import GRAPH, KG, OWL, RDF_TYPE, RDFS, SKOS
from jiqun.rdf.terms import language_tag
from jiqun.release import Dump, Release
from jiqun.saved_queries import SavedQuery
from jiqun.web.linked_data.serialization import Statement

_NAME: Final = re.compile(r"ontology-([0-9][0-9A-Za-z.-]*)\.(ttl|ofn)")


def versions_of(release: Release) -> dict[str, dict[str, Dump]]:
    """Give the files of each version by suffix, `ttl` and `ofn`, in the order of the versions."""
    found: dict[str, dict[str, Dump]] = {}
    for name, dump in release.ontologies.items():
        match = _NAME.fullmatch(name)
        if match is not None:
            found.setdefault(match[1], {})[match[2]] = dump
    return {each: found[each] for each in sorted(found, key=_order) if "ttl" in found[each]}


def read_version(turtle: bytes) -> list[Statement]:
    """Read the statements of a version, its blank nodes named by RDFC-1.0."""
    quads = ox.Dataset(ox.parse(turtle, ox.RdfFormat.TURTLE))
    quads.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return [
        Statement(_term(quad.subject), quad.predicate.value, _term(quad.object)) for quad in quads
    ]


def _term(node: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> Term:
    if isinstance(node, ox.NamedNode):
        return Term("uri", node.value)
    if isinstance(node, ox.BlankNode):
        return Term("bnode", node.value)
    if isinstance(node, ox.Literal):
        if node.language:
            return Term("literal", node.value, language_tag(node.language))
        return Term("literal", node.value, datatype=node.datatype.value)
    return Term("literal", str(node))


def _order(version: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"[.-]", version)
    ]


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
_TERM_NAME: Final = re.compile(r"\bkg:([A-Za-z][A-Za-z0-9]*)")


@dataclass(frozen=True)
class Restriction:
    """What a class asks of a property, such as at most one value."""

    property: str
    kind: str
    value: Term


@dataclass(frozen=True)
class OntologyTerm:
    """A class or property with all that is said of it; IRIs stand for other terms.

    `natures` are such as `owl:FunctionalProperty`; `aligned` pairs a relation with a term of
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
        """Give the local name, `Cluster` of `…/ontology#Cluster`."""
        return self.iri.removeprefix(KG)


async def read_statements(select: Select, graphs: Sequence[str] = ("ontology",)) -> list[Statement]:
    """Read the statements of the ontology, or of the graphs with the given names."""
    iris = " ".join(f"<{GRAPH}{name}>" for name in graphs)
    rows = await select(
        f"SELECT ?subject ?property ?value WHERE {{ VALUES ?graph {{ {iris} }} "
        "GRAPH ?graph { ?subject ?property ?value } }"
    )
    return [Statement(row["subject"], row["property"].value, row["value"]) for row in rows]


def terms_of(
    core: Iterable[Statement], alignments: Iterable[Statement], queries: Iterable[SavedQuery]
) -> list[OntologyTerm]:
    """Give the classes and properties that the ontology declares, by name."""
    said: defaultdict[str, defaultdict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for statement in core:
        said[statement.subject.value][statement.predicate].append(statement.value)
    aligned: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for statement in alignments:
        outside = statement.value.is_iri and not statement.value.value.startswith(KG)
        if outside and statement.predicate != RDF_TYPE:
            aligned[statement.subject.value].add((statement.predicate, statement.value.value))
    used = _uses(queries)
    below: defaultdict[str, set[str]] = defaultdict(set)
    for iri, card in said.items():
        for each in (*card[f"{RDFS}subClassOf"], *card[f"{RDFS}subPropertyOf"]):
            if iri.startswith(KG) and each.is_iri:
                below[each.value].add(iri)
    return [
        _ontology_term(iri, said, sorted(aligned[iri]), sorted(below[iri]), used.get(iri, ()))
        for iri in sorted(said, key=lambda each: (each.lower(), each))
        if iri.startswith(KG) and _declared(said[iri])
    ]


def _declared(card: Mapping[str, list[Term]]) -> bool:
    types = {each.value for each in card.get(RDF_TYPE, ())}
    return _CLASS in types or bool(types & _PROPERTIES)


def _ontology_term(
    iri: str,
    said: Mapping[str, Mapping[str, list[Term]]],
    aligned: Sequence[tuple[str, str]],
    below: Sequence[str],
    queries: Sequence[str],
) -> OntologyTerm:
    card = said[iri]
    types = {each.value for each in card.get(RDF_TYPE, ())}
    above = (*card.get(f"{RDFS}subClassOf", ()), *card.get(f"{RDFS}subPropertyOf", ()))
    inverses = {each.value for each in card.get(f"{OWL}inverseOf", ())}
    inverses |= {
        other
        for other, facts in said.items()
        if iri in {each.value for each in facts.get(f"{OWL}inverseOf", ())}
    }
    restrictions = [
        found
        for each in above
        if each.kind == "bnode"
        for found in _restrictions(said.get(each.value, {}))
    ]
    return OntologyTerm(
        iri=iri,
        is_class=_CLASS in types,
        natures=tuple(each for each in _NATURES if each in types),
        labels=_texts(card, f"{RDFS}label"),
        definitions=_texts(card, f"{SKOS}definition"),
        notes=_texts(card, f"{SKOS}scopeNote"),
        examples=tuple(card.get(f"{SKOS}example", ())),
        above=tuple(sorted(each.value for each in above if each.is_iri)),
        below=tuple(below),
        domains=_iris(card, f"{RDFS}domain"),
        ranges=_iris(card, f"{RDFS}range"),
        inverses=tuple(sorted(inverses)),
        restrictions=tuple(sorted(restrictions, key=lambda each: (each.property, each.kind))),
        aligned=tuple(aligned),
        queries=tuple(queries),
    )


def _restrictions(card: Mapping[str, list[Term]]) -> list[Restriction]:
    properties = card.get(f"{OWL}onProperty", ())
    return [
        Restriction(properties[0].value, kind.removeprefix(OWL), values[0])
        for kind, values in card.items()
        if properties and kind.startswith(OWL) and kind != f"{OWL}onProperty"
    ]


def _uses(queries: Iterable[SavedQuery]) -> dict[str, list[str]]:
    """Tell which queries name which terms, by their CURIEs."""
    used: defaultdict[str, list[str]] = defaultdict(list)
    for query in queries:
        for name in sorted(set(_TERM_NAME.findall(query.text))):
            used[KG + name].append(query.name)
    return {iri: sorted(names) for iri, names in used.items()}


def _texts(card: Mapping[str, list[Term]], predicate: str) -> dict[str, str]:
    return {each.lang: each.value for each in card.get(predicate, ())}


def _iris(card: Mapping[str, list[Term]], predicate: str) -> tuple[str, ...]:
    return tuple(sorted(each.value for each in card.get(predicate, ()) if each.is_iri))
