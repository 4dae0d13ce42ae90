"""The network of clusters, places, enterprises, organisations and plans, for Gephi and NetworkX.

An edge is one direct statement between two of them, named by its property; `passages` is the number
of passages that state it, 0 for inferences. Places of places and of clusters are included only if
stated, since inferred ones would hide them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import tostring

import networkx as nx
import pyoxigraph as ox
from networkx.readwrite.gexf import GEXFWriter
from networkx.readwrite.graphml import GraphMLWriter

from jiqun.knowledge.assembly import Knowledge
from jiqun.knowledge.dataset import INFERRED, is_passage
from jiqun.knowledge.release.release_files import OFFERS, Written, write_plain
from jiqun.rdf.namespaces import DCTERMS, KG, RDFS_LABEL
from jiqun.rdf.terms import TYPE, language_tag

_NODES: Final = {
    f"{KG}NationalCluster": "national cluster",
    f"{KG}CandidateCluster": "candidate cluster",
    f"{KG}Cluster": "cluster",
    f"{KG}Company": "company",
    f"{KG}Brand": "brand",
    f"{KG}Organisation": "organisation",
    f"{KG}ProvinceLevelDivision": "province",
    f"{KG}PrefectureLevelDivision": "prefecture",
    f"{KG}Region": "region",
    f"{KG}PolicyDocument": "plan",
}
_STATED: Final = frozenset({f"{KG}locatedIn", f"{KG}within"})
_EDGES: Final = _STATED | {
    *(
        f"{KG}{name}"
        for name in (
            "appliedForBy",
            "candidateEntity",
            "coreArea",
            "issuer",
            "jurisdiction",
            "keyArea",
            "participatesIn",
            "promotedBy",
            "readLocation",
            "seat",
            "subsidiaryOf",
            "tradeNameOf",
            "partOfOrganisation",
        )
    ),
    f"{DCTERMS}subject",
}

Edge = tuple[str, str, str]


def write_networks(knowledge: Knowledge, folder: Path) -> list[Written]:
    """Write the network as GEXF and as GraphML, unless it has no edges."""
    graph = network(knowledge)
    if not graph.number_of_edges():
        return []
    counts = {"nodes": graph.number_of_nodes(), "edges": graph.number_of_edges()}
    texts = {"jiqun.gexf": gexf(graph), "jiqun.graphml": graphml(graph)}
    return [write_plain(folder, name, text, OFFERS[name], counts) for name, text in texts.items()]


def network(knowledge: Knowledge) -> nx.MultiDiGraph[str]:
    """Return the network; nodes and edges are sorted by their IRIs."""
    kinds: dict[str, int] = {}
    labels: dict[str, dict[str, str]] = {}
    order = list(_NODES)
    for triple in knowledge.default:
        if not isinstance(triple.subject, ox.NamedNode):
            continue
        subject, value = triple.subject.value, triple.object
        if triple.predicate == TYPE and isinstance(value, ox.NamedNode):
            if value.value in _NODES:
                number = order.index(value.value)
                kinds[subject] = min(kinds.get(subject, number), number)
        elif triple.predicate.value == RDFS_LABEL and isinstance(value, ox.Literal):
            key = f"label_{language_tag(value.language or 'und')}".lower().replace("-", "_")
            labels.setdefault(subject, {})[key] = value.value
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name="Jiqun")
    for iri in sorted(kinds):
        known = dict(sorted(labels.get(iri, {}).items()))
        label = known.get("label_en", iri)
        graph.add_node(iri, label=label, kind=_NODES[order[kinds[iri]]], **known)
    edges = _edges(knowledge, kinds.keys())
    for number, edge in enumerate(sorted(edges)):
        source, predicate, target = edge
        name = predicate.rpartition("#")[2].rpartition("/")[2]
        graph.add_edge(
            source,
            target,
            key=f"e{number}",
            id=f"e{number}",
            label=labels.get(predicate, {}).get("label_en", name),
            property=predicate,
            passages=edges[edge],
        )
    return graph


def _edges(knowledge: Knowledge, nodes: Iterable[str]) -> dict[Edge, int]:
    """Return the edges between the nodes, with the number of passages that state each."""
    known = set(nodes)
    found: dict[Edge, int] = {}
    for name, triples in knowledge.graphs.items():
        passages = int(is_passage(name))
        for triple in triples:
            predicate, value = triple.predicate.value, triple.object
            if (
                predicate not in _EDGES
                or (name == INFERRED and predicate in _STATED)
                or not isinstance(triple.subject, ox.NamedNode)
                or not isinstance(value, ox.NamedNode)
                or not {triple.subject.value, value.value} <= known
            ):
                continue
            edge = triple.subject.value, predicate, value.value
            found[edge] = found.get(edge, 0) + passages
    return found


def gexf(graph: nx.MultiDiGraph[str]) -> str:
    """Write GEXF 1.2 without its date.

    Each edge has its kind, as in GEXF 1.3: Gephi merges parallel edges of the same kind.
    """
    writer = GEXFWriter(version="1.2draft")
    meta = writer.xml.find("meta")
    meta.attrib.clear()
    meta.find("creator").text = "Jiqun"
    writer.add_graph(graph)
    for edge in writer.xml.iter("edge"):
        edge.set("kind", edge.get("label", ""))
    return _document(writer)


def graphml(graph: nx.MultiDiGraph[str]) -> str:
    """Write GraphML."""
    writer = GraphMLWriter()  # keys by name are ambiguous: nodes and edges both have labels
    writer.add_graph_element(graph)
    return _document(writer)


def _document(writer: GEXFWriter | GraphMLWriter) -> str:
    writer.indent(writer.xml)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(writer.xml, encoding="unicode")}\n'
