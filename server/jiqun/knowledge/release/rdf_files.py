"""The files of a release in RDF: the same statements in every syntax that people's tools read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.knowledge.catalogue import LICENCE
from jiqun.knowledge.dataset import ONTOLOGY, with_passages
from jiqun.knowledge.release import dumps
from jiqun.knowledge.release.context import context, context_document
from jiqun.knowledge.release.json_ld import json_ld
from jiqun.knowledge.release.offers import OFFERS
from jiqun.knowledge.release.rdf_xml import rdf_xml
from jiqun.knowledge.release.readable import readable_turtle
from jiqun.knowledge.release.reifiers import annotated_turtle
from jiqun.knowledge.release.writing import Written, write_packed, write_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jiqun.knowledge.knowledge import Knowledge
    from jiqun.knowledge.release.evidence import Evidence


def write_rdf(
    knowledge: Knowledge,
    evidence: Sequence[Evidence],
    prefixes: Mapping[str, str],
    folder: Path,
) -> list[Written]:
    """Write all RDF files of the release into `folder`."""
    graphs, default = knowledge.graphs, knowledge.default
    known = with_passages(prefixes, graphs)
    reified = {triple for each in evidence for triple in each.reified()}
    terms = context(graphs.get(ONTOLOGY, ()), prefixes)
    everything = len(default) + sum(map(len, graphs.values()))
    heading = _heading(knowledge)
    annotated, stated = annotated_turtle(default, evidence, known, heading)
    texts = {
        "jiqun.ttl": (readable_turtle(default, known, heading), len(default)),
        "jiqun-1.2.ttl": (annotated, stated),
        "jiqun.nt": (dumps.ntriples_text(default), len(default)),
        "jiqun.nq": (dumps.nquads_text(graphs, default), everything),
        "jiqun.trig": (dumps.trig_text(graphs, default, known), everything),
        "jiqun.rdf": (rdf_xml(default, prefixes), len(default)),
        "jiqun.jsonld": (json_ld(default, terms), len(default)),
        "evidence.ttl": (dumps.turtle_text(reified, known), len(reified)),
    }
    written = []
    for name, (text, count) in texts.items():
        written += write_packed(folder, name, text, OFFERS[name], {"triples": count})
    name = "context.jsonld"
    written.append(write_plain(folder, name, context_document(terms), OFFERS[name], {}))
    return written


def _heading(knowledge: Knowledge) -> str:
    return (
        f"Jiqun {knowledge.version}: an open knowledge graph of China's manufacturing clusters.\n"
        f"Licence: {LICENCE}\n"
        "What each passage of a source says is in jiqun.trig, graph by graph; here it is merged."
    )
