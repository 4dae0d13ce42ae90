"""Links to other datasets: SSSOM mapping sets (https://w3id.org/sssom/spec), as RDF, and checked.

A file `data/links/<target>.sssom.tsv` starts with the description of the set in YAML, each line
after a `#`; a line of column names and one mapping per line follow, separated by tabs. Mistakes are
reported with their line; nothing is repaired silently. In RDF a link is a SKOS triple and a
`sssom:Mapping` with its own IRI, which has justification, confidence and version:
`…/graph/links-wikidata#beijing-Q956`. SSSOM's own RDF form reifies with `owl:Axiom`, which turns
them into OWL annotations; these are data.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pyoxigraph as ox
import yaml

from jiqun.knowledge.content import Content, Finding
from jiqun.knowledge.dataset import Graphs
from jiqun.knowledge.turtle_files import Malformed
from jiqun.rdf.namespaces import (
    DATASET,
    DCTERMS,
    GRAPH,
    ID,
    RDF_TYPE,
    RDFS,
    SEMAPV,
    SKOS,
    SSSOM,
    VOID,
    is_absolute_iri,
)
from jiqun.rdf.terms import link, text, typed

EXACT: Final = f"{SKOS}exactMatch"
PREDICATES: Final = frozenset(
    f"{SKOS}{kind}Match" for kind in ("exact", "close", "related", "broad", "narrow")
)
# the values that SSSOM 1.1 allows in mapping_justification
JUSTIFICATIONS: Final = frozenset(
    SEMAPV + name
    for name in (
        "BackgroundKnowledgeBasedMatching",
        "CompositeMatching",
        "InstanceBasedMatching",
        "LexicalMatching",
        "LexicalSimilarityThresholdMatching",
        "LogicalReasoning",
        "ManualMappingCuration",
        "MappingChaining",
        "MappingInversion",
        "MappingReview",
        "SemanticSimilarityThresholdMatching",
        "StructuralMatching",
        "UnspecifiedMatching",
    )
)
REQUIRED: Final = (
    "subject_id",
    "predicate_id",
    "object_id",
    "object_label",
    "mapping_justification",
    "confidence",
)
COLUMNS: Final = (*REQUIRED, "subject_label", "mapping_source", "object_source_version", "comment")
HEADER: Final = (
    "curie_map",
    "mapping_set_id",
    "mapping_set_title",
    "license",
    "subject_source",
    "object_source",
)
RULE: Final = "link"
_LOCAL: Final = re.compile(r"[#/]")
_CURIE: Final = re.compile(r"([A-Za-z][\w.-]*):(\S+)")


@dataclass(frozen=True)
class Mapping:
    """One link with full IRIs; `local` is the object without its namespace.

    `source` is the IRI of the dataset that proves the link, or ""; `version` that of the object's
    dataset when the link was made.
    """

    line: int
    subject: str
    predicate: str
    object: str
    local: str
    label: str
    justification: str
    confidence: Decimal
    source: str
    version: str
    comment: str


@dataclass(frozen=True)
class MappingSet:
    """The links to one target, with the metadata in the header of their file."""

    path: str
    target: str
    title: str
    licence: str
    object_source: str
    mappings: tuple[Mapping, ...]

    @property
    def iri(self) -> str:
        """The IRI of the set, of its graph and of its `void:Linkset`."""
        return f"{GRAPH}links-{self.target}"


def read_all(content: Content) -> list[MappingSet]:
    """Read all mapping sets; raise `Malformed` with the first mistake of a file."""
    sets = []
    for path in content.links():
        mapping_set, findings = read_mappings(path, content)
        if mapping_set is None or findings:
            raise Malformed(findings[0])
        sets.append(mapping_set)
    return sets


def read_mappings(path: Path, content: Content) -> tuple[MappingSet | None, list[Finding]]:
    """Read one file: the set with all valid rows, and findings about the others.

    The set is None if the header or the column names are unusable.
    """
    name = content.name(path)
    try:
        lines = path.read_bytes().decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return None, [Finding(name, 0, 0, f"cannot be read as UTF-8: {error}", "file")]
    head = [line[1:] for line in lines if line.startswith("#")]
    target = path.name.removesuffix(".sssom.tsv")
    try:
        described = _head(head, target, name)
        columns = _columns(lines, len(head), name)
    except Malformed as error:
        return None, [error.finding]
    reader = _Rows(name, columns, described["curie_map"], described)
    for number, line in enumerate(lines[len(head) + 1 :], len(head) + 2):
        reader.row(number, line)
    title, licence = str(described["mapping_set_title"]), str(described["license"])
    found = tuple(reader.mappings)
    mapping_set = MappingSet(name, target, title, licence, str(described["object_source"]), found)
    return mapping_set, reader.findings


def _head(lines: list[str], target: str, name: str) -> dict[str, dict[str, str]]:
    def mistake(what: str, line: int = 1) -> Malformed:
        return Malformed(Finding(name, line, 0, what, RULE))

    try:
        described = yaml.safe_load("\n".join(lines))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise mistake("the header is not YAML", mark.line + 1 if mark else 1) from None
    if not isinstance(described, dict):
        raise mistake("the header that describes the set is missing")
    absent = [key for key in HEADER if not described.get(key)]
    if absent:
        raise mistake(f"missing in the header: {', '.join(absent)}")
    if described["mapping_set_id"] != f"{GRAPH}links-{target}":
        raise mistake(f"mapping_set_id must be {GRAPH}links-{target}, to match the file name")
    prefixes = described["curie_map"]
    if not isinstance(prefixes, dict) or not all(
        is_absolute_iri(str(v)) for v in prefixes.values()
    ):
        raise mistake("curie_map must have an IRI for every prefix")
    return described


def _columns(lines: list[str], above: int, name: str) -> list[str]:
    columns = lines[above].split("\t") if len(lines) > above else []
    absent = [column for column in REQUIRED if column not in columns]
    unknown = [column for column in columns if column not in COLUMNS]
    if absent or unknown or len(set(columns)) < len(columns):
        what = f"missing columns: {', '.join(absent)}" if absent else "columns unknown or repeated"
        what += f" ({', '.join(unknown)})" if unknown else ""
        raise Malformed(Finding(name, above + 1, 0, what, RULE))
    return columns


class _Rows:
    """Reads rows one by one into mappings and findings."""

    def __init__(
        self,
        name: str,
        columns: list[str],
        prefixes: Dictionary[str, str],
        described: Dictionary[str, object],
    ) -> None:
        self._name = name
        self._columns = columns
        self._prefixes = prefixes
        self._version = str(described.get("object_source_version") or "")
        self.mappings: list[Mapping] = []
        self.findings: list[Finding] = []

    def row(self, line: int, text: str) -> None:
        cells = text.split("\t")
        if len(cells) != len(self._columns):
            what = f"{len(cells)} cells in a table of {len(self._columns)} columns"
            self._wrong(line, what)
            return
        row = dict(zip(self._columns, cells, strict=True))
        before = len(self.findings)
        absent = [column for column in REQUIRED if not row[column].strip()]
        if absent:
            self._wrong(line, f"{', '.join(absent)} missing")
        padded = [column for column in row if row[column] != row[column].strip()]
        if padded:
            self._wrong(line, f"spaces around {', '.join(padded)}")
        if len(self.findings) == before:
            mapping = self._mapping(line, row)
            if len(self.findings) == before:
                self.mappings.append(mapping)

    def _mapping(self, line: int, row: dict[str, str]) -> Mapping:
        predicate = self._iri(line, row["predicate_id"])
        justification = self._iri(line, row["mapping_justification"])
        if predicate and predicate not in PREDICATES:
            self._wrong(line, f"{row['predicate_id']}: links are skos:exactMatch, closeMatch, …")
        if justification and justification not in JUSTIFICATIONS:
            self._wrong(line, f"{row['mapping_justification']} is not a mapping_justification")
        version = row.get("object_source_version") or self._version
        if not version:
            self._wrong(line, "object_source_version missing, here and in the header")
        source = row.get("mapping_source", "")
        return Mapping(
            line,
            self._iri(line, row["subject_id"]),
            predicate,
            self._iri(line, row["object_id"]),
            row["object_id"].partition(":")[2].strip("/"),
            row["object_label"],
            justification,
            self._confidence(line, row["confidence"]),
            self._iri(line, source) if source else "",
            version,
            row.get("comment", ""),
        )

    def _iri(self, line: int, curie: str) -> str:
        """Expand a CURIE; an invalid one is reported and becomes ""."""
        match = _CURIE.fullmatch(curie)
        prefix = match[1] if match else ""
        if match is None or prefix not in self._prefixes:
            what = (
                f"{prefix}: is not a prefix of curie_map" if prefix else f"{curie!r} is not a CURIE"
            )
            self._wrong(line, what)
            return ""
        iri = self._prefixes[prefix] + match[2]
        if not is_absolute_iri(iri):
            self._wrong(line, f"{curie} is not a valid IRI: {iri}")
            return ""
        return iri

    def _confidence(self, line: int, text: str) -> Decimal:
        try:
            number = Decimal(text)
            fits = 0 <= number <= 1
        except InvalidOperation:
            number, fits = Decimal(0), False
        if not fits:
            self._wrong(line, f"confidence must be a number from 0 to 1, not {text!r}")
        return number

    def _wrong(self, line: int, what: str) -> None:
        self.findings.append(Finding(self._name, line, 0, what, RULE))


def link_graphs(sets: Iterable[MappingSet]) -> Graphs:
    """Return one graph per target, keyed by the IRI of its mapping set."""
    return {found.iri: set(_links(found)) for found in sets}


def describe_links(sets: Iterable[MappingSet]) -> set[ox.Triple]:
    """Return the `void:Linkset` of every target (https://www.w3.org/TR/void/#linkset)."""
    return {triple for found in sets for triple in _linkset(found)}


def mapping_iri(mapping_set: MappingSet, mapping: Mapping) -> str:
    """Return the IRI of a link: the set's with the subject's slug and the object's local name."""
    subject = mapping.subject.removeprefix(ID)
    return f"{mapping_set.iri}#{quote(f'{subject}-{mapping.local}', safe='')}"


def _links(mapping_set: MappingSet) -> Iterator[ox.Triple]:
    for mapping in mapping_set.mappings:
        node = mapping_iri(mapping_set, mapping)
        yield link(mapping.subject, mapping.predicate, mapping.object)
        yield link(node, RDF_TYPE, f"{SSSOM}Mapping")
        yield link(node, f"{DCTERMS}isPartOf", mapping_set.iri)
        yield link(node, f"{SSSOM}subject_id", mapping.subject)
        yield link(node, f"{SSSOM}predicate_id", mapping.predicate)
        yield link(node, f"{SSSOM}object_id", mapping.object)
        yield text(node, f"{SSSOM}object_label", mapping.label)
        yield link(node, f"{SSSOM}mapping_justification", mapping.justification)
        yield typed(node, f"{SSSOM}confidence", mapping.confidence, "decimal")
        yield text(node, f"{SSSOM}object_source_version", mapping.version)
        if mapping.source:
            yield link(node, f"{SSSOM}mapping_source", mapping.source)
        if mapping.comment:
            yield text(node, f"{RDFS}comment", mapping.comment, "en")


def _linkset(mapping_set: MappingSet) -> Iterator[ox.Triple]:
    node = mapping_set.iri
    yield link(DATASET, f"{VOID}subset", node)
    yield link(node, RDF_TYPE, f"{SSSOM}MappingSet")
    yield text(node, f"{DCTERMS}title", mapping_set.title, "en")
    yield link(node, f"{DCTERMS}license", mapping_set.licence)
    predicates = Counter(mapping.predicate for mapping in mapping_set.mappings)
    yield from _counted(node, mapping_set, predicates)
    for predicate, count in sorted(predicates.items()):
        part = f"{node}#{_LOCAL.split(predicate)[-1]}"
        yield link(node, f"{VOID}subset", part)
        yield from _counted(part, mapping_set, {predicate: count})


def _counted(
    node: str, mapping_set: MappingSet, predicates: Dictionary[str, int]
) -> Iterator[ox.Triple]:
    yield link(node, RDF_TYPE, f"{VOID}Linkset")
    yield link(node, f"{VOID}subjectsTarget", DATASET)
    yield link(node, f"{VOID}objectsTarget", mapping_set.object_source)
    # the SKOS triples, without their descriptions
    yield typed(node, f"{VOID}triples", sum(predicates.values()), "integer")
    for predicate in predicates:
        yield link(node, f"{VOID}linkPredicate", predicate)


def check_set(mapping_set: MappingSet, known: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each link that contradicts another, or names a thing not in `known`."""
    pairs: dict[tuple[str, str], int] = {}
    exact: dict[str, Mapping] = {}

    def wrong(mapping: Mapping, what: str) -> Finding:
        return Finding(mapping_set.path, mapping.line, 0, what, RULE)

    for mapping in mapping_set.mappings:
        name = mapping.subject.removeprefix(ID)
        if mapping.subject not in known:
            yield wrong(mapping, f"{name} is not described in the register or the concept lists")
        for other in (mapping.object, mapping.source):
            if other.startswith(ID) and other not in known:
                yield wrong(mapping, f"{other.removeprefix(ID)} is not described anywhere")
        first = pairs.setdefault((mapping.subject, mapping.object), mapping.line)
        if first != mapping.line:
            yield wrong(mapping, f"{name} and {mapping.local} are already linked on line {first}")
        elif mapping.predicate == EXACT:
            for end in (mapping.subject, mapping.object):
                former = exact.setdefault(end, mapping)
                if former is not mapping:
                    yield wrong(mapping, _two(mapping, former))


def _two(mapping: Mapping, former: Mapping) -> str:
    name, other = mapping.subject.removeprefix(ID), former.subject.removeprefix(ID)
    if mapping.object == former.object:
        what = f"{name} and {other} (line {former.line}) are both exact matches of"
        return f"{what} {mapping.local}"
    return f"{name} is exactly {former.local} on line {former.line}, so not {mapping.local} as well"
