"""The RDF dumps of a release: the same statements in every syntax that other tools read.

* N-Triples and N-Quads are canonical: blank nodes have the labels of RDFC-1.0 for that file, lines
  are in the order of their code points (https://www.w3.org/TR/rdf-canon/, section 5).
* * `jiqun.ttl` is readable Turtle: things of one kind under a heading (a comment), labels first.
* `evidence.ttl` is for tools without named graphs. Every statement of a passage becomes an
  `rdf:Statement` (RDF 1.1 Schema, section 5.3) with its passage, its source (dcterms:source) and
  the quoted words (prov:value). Its IRI is a hash of the triple and the passage, so it is stable.
* `jiqun-1.2.ttl` annotates each statement with its evidence, `s p o ~ evidence:1 {| kg:statedIn
  passage:p1 |}`: the reifier has the IRI of the statement in `evidence.ttl` (RDF 1.2 Turtle,
  sections 2.11 and 2.12).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from jiqun.errors import ContentError
from jiqun.knowledge.assembly import Knowledge
from jiqun.knowledge.dataset import (
    ONTOLOGY,
    SOURCES,
    canonical_blank_nodes,
    in_graph,
    is_passage,
    with_passages,
)
from jiqun.knowledge.passages import PASSAGE_OF, QUOTE
from jiqun.knowledge.release.json_ld import context, context_document, json_ld
from jiqun.knowledge.release.release_files import OFFERS, Written, write_packed, write_plain
from jiqun.rdf.namespaces import (
    DCTERMS,
    EVIDENCE,
    GEO,
    KG,
    LICENCE,
    OWL,
    PROV,
    RDF,
    RDFS,
    SH,
    SKOS,
    SOURCE,
    SSSOM,
    VOID,
)
from jiqun.rdf.terms import TYPE, Compactor, natural, quad_line, statement_iri, triple_line
from jiqun.rdf.turtle import (
    Grouped,
    Nesting,
    block,
    dataset,
    describe,
    prefix_lines,
    rdf_xml,
    subjects,
    unfit_for_xml,
)

_STATEMENT: Final = ox.NamedNode(f"{RDF}Statement")
_SUBJECT: Final = ox.NamedNode(f"{RDF}subject")
_PREDICATE: Final = ox.NamedNode(f"{RDF}predicate")
_OBJECT: Final = ox.NamedNode(f"{RDF}object")
_REIFIES: Final = ox.NamedNode(f"{RDF}reifies")
_STATED_IN: Final = ox.NamedNode(f"{KG}statedIn")
_DERIVED: Final = ox.NamedNode(f"{PROV}wasDerivedFrom")
_WORDS: Final = ox.NamedNode(f"{PROV}value")
_SOURCE: Final = ox.NamedNode(f"{DCTERMS}source")
_SECTIONS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("This dataset", (f"{VOID}Dataset",)),
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
    ("Points and polygons", (f"{GEO}Geometry",)),
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
    ("Links to other datasets", (f"{VOID}Linkset", f"{SSSOM}Mapping")),
    ("Saved queries", (f"{SH}SPARQLExecutable",)),
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
    TYPE,
    ox.NamedNode(f"{RDFS}label"),
    ox.NamedNode(f"{SKOS}prefLabel"),
    ox.NamedNode(f"{SKOS}altLabel"),
)


@dataclass(frozen=True)
class Evidence:
    """One statement of one passage; `notes` are the properties of the reified statement."""

    iri: ox.NamedNode
    triple: ox.Triple
    notes: Sequence[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]]

    def reified(self) -> Iterator[ox.Triple]:
        """Yield the statement as RDF 1.1 reification."""
        yield ox.Triple(self.iri, TYPE, _STATEMENT)
        yield ox.Triple(self.iri, _SUBJECT, self.triple.subject)
        yield ox.Triple(self.iri, _PREDICATE, self.triple.predicate)
        yield ox.Triple(self.iri, _OBJECT, self.triple.object)
        yield from self._noted()

    def annotated(self) -> Iterator[ox.Triple]:
        """Yield the statement as an RDF 1.2 reifier with annotations."""
        yield ox.Triple(self.iri, _REIFIES, self.triple)
        yield from self._noted()

    def _noted(self) -> Iterator[ox.Triple]:
        for predicate, value in self.notes:
            yield ox.Triple(self.iri, predicate, value)


def evidence(graphs: Mapping[str, set[ox.Triple]]) -> Iterator[Evidence]:
    """Yield every statement of every passage graph."""
    quotes: dict[str, list[ox.Literal]] = {}
    sources: dict[str, ox.NamedNode] = {}
    for subject, predicate, value in graphs.get(SOURCES, set()):
        if isinstance(subject, ox.NamedNode):
            if predicate.value == QUOTE and isinstance(value, ox.Literal):
                quotes.setdefault(subject.value, []).append(value)
            elif predicate.value == PASSAGE_OF and isinstance(value, ox.NamedNode):
                sources[subject.value] = value
    for passage in filter(is_passage, graphs):
        node = ox.NamedNode(passage)
        notes: list[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]] = [
            (_STATED_IN, node),
            (_DERIVED, node),
        ]
        if passage in sources:
            notes.append((_SOURCE, sources[passage]))
        notes += [(_WORDS, quote) for quote in quotes.get(passage, ())]
        for triple in graphs[passage]:
            yield Evidence(ox.NamedNode(statement_iri(triple, passage)), triple, notes)


def ntriples_text(triples: Iterable[ox.Triple]) -> str:
    """Write canonical N-Triples."""
    return nquads_text({}, triples)


def nquads_text(graphs: Mapping[str, set[ox.Triple]], default: Iterable[ox.Triple]) -> str:
    """Write canonical N-Quads."""
    lines, blank = [], []
    for triple in default:
        if _has_blank_node(triple):
            blank.append(in_graph(triple, ox.DefaultGraph()))
        else:
            lines.append(triple_line(triple))
    for name, triples in graphs.items():
        graph = ox.NamedNode(name)
        for triple in triples:
            if _has_blank_node(triple):
                blank.append(in_graph(triple, graph))
            else:
                lines.append(quad_line(triple, name))
    lines += map(_line, canonical_blank_nodes(blank))
    return "".join(f"{line}\n" for line in sorted(lines))


def _has_blank_node(triple: ox.Triple) -> bool:
    return isinstance(triple.subject, ox.BlankNode) or isinstance(triple.object, ox.BlankNode)


def turtle_text(triples: Iterable[ox.Triple], prefixes: Mapping[str, str]) -> str:
    """Write Turtle with one block for each subject, in the order of the subjects."""
    compactor = Compactor(prefixes)
    return _document(list(subjects(triples, compactor)), compactor, prefixes)


def trig_text(
    graphs: Mapping[str, set[ox.Triple]],
    default: Iterable[ox.Triple],
    prefixes: Mapping[str, str],
) -> str:
    """Write readable TriG: the default graph, then each named graph."""
    compactor = Compactor(prefixes)
    body = list(dataset({"": default, **graphs}, compactor, {}))
    return _document(body, compactor, prefixes)


def _line(quad: ox.Quad) -> str:
    graph = quad.graph_name
    if isinstance(graph, ox.NamedNode):
        return quad_line(quad.triple, graph.value)
    return triple_line(quad.triple)


def _document(body: list[str], compactor: Compactor, prefixes: Mapping[str, str]) -> str:
    used = {key: prefixes[key] for key in compactor.used}
    return "\n".join([prefix_lines(used), *body])


def readable_turtle(
    triples: Iterable[ox.Triple],
    prefixes: Mapping[str, str],
    heading: str,
    annotate: Callable[[ox.Triple, Compactor], str] = lambda *_: "",
) -> str:
    """Write Turtle in sections by kind of thing, under a comment with the lines of `heading`.

    `annotate` returns text to append to the object of a triple, such as RDF 1.2 annotations.
    """
    triples = list(triples)
    compactor = Compactor(prefixes)
    nesting = Nesting(triples, compactor)
    grouped: dict[str, Grouped] = {}
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
    if triple.predicate != TYPE or not isinstance(triple.object, ox.NamedNode):
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


def annotated_turtle(
    triples: Iterable[ox.Triple],
    evidence: Iterable[Evidence],
    prefixes: Mapping[str, str],
    heading: str,
) -> tuple[str, int]:
    """Return the triples with their evidence as RDF 1.2 Turtle, and the number of triples in it.

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


def _rdf_xml(triples: Iterable[ox.Triple], prefixes: Mapping[str, str]) -> str:
    """Write RDF/XML; raise `ContentError` for a triple that it cannot represent."""

    def key(triple: ox.Triple) -> tuple[str, bool, str]:
        return str(triple.subject), triple.predicate != TYPE, triple_line(triple)

    ordered = sorted(triples, key=key)
    for triple in ordered:
        if reason := unfit_for_xml(triple):
            raise ContentError(reason)
    return rdf_xml(ordered, prefixes)


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
    texts: dict[str, tuple[Callable[[], str], int]] = {
        "jiqun.ttl": (lambda: readable_turtle(default, known, heading), len(default)),
        "jiqun-1.2.ttl": (lambda: annotated, stated),
        "jiqun.nt": (lambda: ntriples_text(default), len(default)),
        "jiqun.nq": (lambda: nquads_text(graphs, default), everything),
        "jiqun.trig": (lambda: trig_text(graphs, default, known), everything),
        "jiqun.rdf": (lambda: _rdf_xml(default, prefixes), len(default)),
        "jiqun.jsonld": (lambda: json_ld(default, terms), len(default)),
        "evidence.ttl": (lambda: turtle_text(reified, known), len(reified)),
    }
    # Compression releases the GIL: a file is compressed while the next is written.
    with ThreadPoolExecutor(1) as packing:
        packed = [
            packing.submit(write_packed, folder, name, make(), OFFERS[name], {"triples": count})
            for name, (make, count) in texts.items()
        ]
    written = [file for each in packed for file in each.result()]
    name = "context.jsonld"
    written.append(write_plain(folder, name, context_document(terms), OFFERS[name], {}))
    return written


def _heading(knowledge: Knowledge) -> str:
    return (
        f"Jiqun {knowledge.version}: an open knowledge graph of China's manufacturing clusters.\n"
        f"Licence: {LICENCE}\n"
        "What each passage of a source says is in jiqun.trig, graph by graph; here it is merged."
    )
