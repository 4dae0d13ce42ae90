"""Derives inferred statements from statements of sources and curators.

The patterns mirror the inference rules of the ontology; a test derives one statement of every
inferred property (`tests/web/linked_data/test_premises.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pyoxigraph as ox

from jiqun.query.solutions import node_of, term_of
from jiqun.rdf.namespaces import GRAPH, KG, PREFIXES, RDF_TYPE, SOURCE, compact, prologue
from jiqun.rdf.terms import Term as Node
from jiqun.web.documents import Context

INFERRED: Final = f"{GRAPH}inferred"

_DEEPEST: Final = 6
_TRIED: Final = 8
_HEAD: Final = prologue("kg", "id", "rdf", "rdfs", "owl", "skos", "dcterms", "qb")
_PARTS: Final = {
    "appliedForBy": "?x kg:applicationFor ?s . ?x kg:applicant ?o",
    "leadAppliedForBy": "?x kg:applicationFor ?s . ?x kg:leadApplicant ?o",
    "jointlyAppliedForBy": "?x kg:applicationFor ?s . ?x kg:jointApplicant ?o",
    "hasParticipant": "?x kg:participationIn ?s . ?x kg:participant ?o",
    "listedOn": "?x kg:designates ?s . ?x kg:onList ?o",
    "holdsTitle": "?x kg:designates ?s . ?x kg:confersTitle ?o",
    "supplies": "?x kg:supplier ?s . ?x kg:customer ?o",
    "disagreesWith": "?x kg:disagreeingClaim ?s . ?x kg:disagreeingClaim ?o",
    "leadsIn": "?x kg:about ?s . ?x kg:field ?o . ?x kg:strengthKind id:strength-lead",
    "strongIn": "?x kg:about ?s . ?x kg:field ?o . ?x kg:strengthKind id:strength-particular",
    "focusesOn": "?x kg:about ?s . ?x kg:field ?o . ?x kg:strengthKind id:strength-focus",
    "presentIn": "?x kg:about ?s . ?x kg:field ?o . ?x kg:strengthKind id:strength-presence",
    "locatedIn": "?s kg:locatedIn ?x . ?x kg:within ?o",
    "periodDimension": "?s kg:period ?o",
    "populationDimension": "?s kg:population ?o",
    "sourceDimension": "?s kg:statedIn ?x . ?x kg:passageOf ?o",
    "statedOn": "?s kg:statedIn ?x . ?x kg:passageOf ?y . ?y dcterms:issued ?o",
    "periodYear": "?s kg:period ?x . ?x kg:periodStart ?y . ?x kg:periodEnd ?z",
}
_IN_DIVISION: Final = (
    "?s kg:locatedIn ?o",
    "?s kg:seat ?o",
    "?s kg:siteIn ?o",
    "?s kg:within ?o",
    "?s kg:seat ?x . ?x kg:within ?o",
    "?s kg:siteIn ?x . ?x kg:within ?o",
)
_RULES: Final[dict[str, tuple[str, ...]]] = {
    **{KG + name: (text,) for name, text in _PARTS.items()},
    f"{KG}inProvince": _IN_DIVISION,
    f"{KG}inCity": _IN_DIVISION,
    f"{KG}onList": ("?s kg:selectedIn ?x . ?x dcterms:isPartOf* ?y . ?y kg:entersList ?o",),
    f"{KG}confersTitle": ("?s kg:selectedIn ?x . ?x dcterms:isPartOf* ?y . ?y kg:awards ?o",),
    RDF_TYPE: ("?s kg:holdsTitle id:national-advanced-manufacturing-cluster",),
    f"{PREFIXES['rdfs']}label": ("?s skos:prefLabel ?o",),
}
_NO_TYPE: Final = f"FILTER (?o = <{KG}NationalCluster>)"
_SAME_YEAR: Final = "FILTER (STR(YEAR(?y)) = STR(?o) && STR(YEAR(?z)) = STR(?o))"
_NOT_STATED: Final = {
    f"{KG}periodDimension": "kg:period",
    f"{KG}populationDimension": "kg:population",
}
_NARROWER: Final = (
    "{ ?q rdfs:subPropertyOf ?p } UNION { ?q owl:equivalentProperty ?p } "
    "UNION { ?p owl:equivalentProperty ?q } FILTER (?q != ?p)"
)
_INVERSE: Final = (
    "{ ?q owl:inverseOf ?p } UNION { ?p owl:inverseOf ?q } "
    "UNION { ?p a owl:SymmetricProperty BIND (?p AS ?q) }"
)


@dataclass(frozen=True)
class Premise:
    """A stated (not inferred) statement, and the graphs that contain it."""

    triple: ox.Triple
    graphs: tuple[str, ...]

    @property
    def is_said(self) -> bool:
        """Whether a source states it."""
        return any(graph.startswith(SOURCE) for graph in self.graphs)


def origin_of(graphs: Collection[str]) -> str:
    """Return the origin of a statement in these graphs: said, inferred, curated or written."""
    if any(each.startswith(SOURCE) for each in graphs):
        return "said"
    if set(graphs) <= {INFERRED}:
        return "inferred"
    # Data of users in a workspace is neither from a source nor curated.
    return (
        "curated"
        if any(each.startswith(GRAPH) and each != INFERRED for each in graphs)
        else "written"
    )


def graphs_of(context: Context, triple: ox.Triple) -> tuple[str, ...]:
    """Return the graphs that contain a triple, except the shapes graph."""
    rows = context.select(
        f"SELECT ?graph WHERE {{ GRAPH ?graph {{ ?s ?p ?o }} FILTER (?graph != <{GRAPH}shapes>) }}",
        {name: str(node) for name, node in zip("spo", triple, strict=True)},
    )
    return tuple(sorted(row["graph"].value for row in rows))


def derive(
    context: Context, triple: ox.Triple, seen: frozenset[ox.Triple] = frozenset()
) -> tuple[Premise, ...]:
    """Return the premises of a statement; none if no derivation is found.

    A statement of a source or of the curators is its own premise.
    """
    graphs = graphs_of(context, triple)
    if any(graph != INFERRED for graph in graphs):
        return (Premise(triple, tuple(each for each in graphs if each != INFERRED)),)
    if len(seen) >= _DEEPEST:
        return ()
    reached = seen | {triple}
    found: tuple[Premise, ...] = ()
    for option in _options(context, triple):
        if not reached.isdisjoint(option):
            continue
        parts = [derive(context, each, reached) for each in option]
        if all(parts):
            premises = tuple(dict.fromkeys(premise for part in parts for premise in part))
            # Statements of sources are better evidence than those of curators.
            if len(seen) > 1 or any(each.is_said for each in premises):
                return premises
            found = found or premises
    return found


def _options(context: Context, triple: ox.Triple) -> list[tuple[ox.Triple, ...]]:
    """Return sets of triples from which a triple follows, stated ones first."""
    found = list(dict.fromkeys(_candidates(context, triple)))
    ranked = [
        (sum(graphs_of(context, each) == (INFERRED,) for each in option), str(option), option)
        for option in found[: 4 * _TRIED]
    ]
    return [option for _, _, option in sorted(ranked, key=lambda each: each[:2])[:_TRIED]]


def _candidates(context: Context, triple: ox.Triple) -> Iterator[tuple[ox.Triple, ...]]:
    subject, predicate, value = triple
    given = {"s": str(subject), "p": str(predicate), "o": str(value)}
    for text in _RULES.get(predicate.value, ()):
        extra = _NO_TYPE if predicate.value == RDF_TYPE else ""
        extra = _SAME_YEAR if predicate.value == f"{KG}periodYear" else extra
        yield from _matches(context, text, given, extra)
    if predicate.value in _NOT_STATED:
        yield from _matches(
            context,
            "?s rdf:type kg:Observation",
            given,
            f"FILTER NOT EXISTS {{ ?s {_NOT_STATED[predicate.value]} ?any }}",
        )
    if predicate.value == f"{PREFIXES['qb']}dataSet":
        yield from _matches(context, "?s rdf:type kg:Observation", given)
    if predicate.value == f"{KG}statedIn":
        yield from _matches(context, "?s rdf:type ?c", given, "GRAPH ?o { ?s rdf:type ?c }")
    if predicate.value == RDF_TYPE:
        yield from _matches(context, "?s rdf:type ?c", given, "?c rdfs:subClassOf+ ?o")
        return
    yield from _matches(context, "?s ?q ?o", given, _NARROWER)
    if isinstance(value, ox.NamedNode):
        yield from _matches(context, "?o ?q ?s", given, _INVERSE)
        yield from _matches(
            context,
            "?s ?p ?x . ?x ?p ?o",
            given,
            "?p a owl:TransitiveProperty FILTER (?x != ?s && ?x != ?o)",
        )


def _matches(
    context: Context, text: str, given: dict[str, str], extra: str = ""
) -> Iterator[tuple[ox.Triple, ...]]:
    """Find the triples of a pattern in the graph; `extra` conditions are not premises."""
    query = f"{_HEAD}SELECT * WHERE {{ {text} . {extra} }} LIMIT 200"
    # A fixed property is not in the solutions.
    for row in context.select(query, given):
        bound = {name: node_of(term) for name, term in row.items()}
        yield tuple(_triple(part.split(), bound, given) for part in _parts(text))


def _parts(text: str) -> Sequence[str]:
    return [part for part in text.split(" . ") if "*" not in part]


def _triple(
    words: Sequence[str],
    bound: dict[str, Node],
    given: dict[str, str],
) -> ox.Triple:
    nodes = [_node(word, bound, given) for word in words]
    return ox.Triple(*nodes)  # type: ignore[arg-type]


def _node(
    word: str,
    bound: dict[str, Node],
    given: dict[str, str],
) -> Node:
    if not word.startswith("?"):
        prefix, _, local = word.partition(":")
        return ox.NamedNode(PREFIXES[prefix] + local)
    if word[1:] in bound:
        return bound[word[1:]]
    text = f"<x:s> <x:p> {given[word[1:]]} ."
    node: ox.NamedNode | ox.BlankNode | ox.Literal = next(
        quad.object for quad in ox.parse(text, ox.RdfFormat.N_TRIPLES)
    )
    return node


def mentions_of(triple: ox.Triple) -> frozenset[str]:
    """Return the subject and the value of a triple, as a passage mentions them."""
    return frozenset((term_of(triple.subject).value, term_of(triple.object).value))


def statement_text(triple: ox.Triple) -> str:
    """Write a triple for display: shortened IRIs, literal values."""
    return " ".join(map(_shown, triple))


def _shown(node: Node) -> str:
    found = term_of(node)
    if found.is_iri:
        return compact(found.value)
    return found.value if found.is_number else f"“{found.value}”"
