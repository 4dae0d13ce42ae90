"""The links to other datasets: SSSOM mapping sets (https://w3id.org/sssom/spec), read and checked.

A file `data/links/<target>.sssom.tsv` starts with the description of the set in YAML, each line
behind a `#`; then come a line of column names and one mapping a line, separated by tabs. What one
file gets wrong is told with its line; nothing is repaired in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

import pyoxigraph as ox
import yaml

from jiqun.knowledge.content import Content, Finding
from jiqun.knowledge.turtle_files import Malformed
from jiqun.rdf.namespaces import GRAPH, SEMAPV, SKOS

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
_CURIE: Final = re.compile(r"([A-Za-z][\w.-]*):(\S+)")


@dataclass(frozen=True)
class Mapping:
    """One link; IRIs are written out, and `local` is the object without its namespace.

    `source` is the IRI of the dataset that proves the link, or "". `version` is that of the
    object's dataset when the link was made.
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
    """The links to one target, and what the head of the file says of them all."""

    path: str
    target: str
    title: str
    licence: str
    object_source: str
    mappings: tuple[Mapping, ...]

    @property
    def iri(self) -> str:
        """The name of the set, of the graph that holds it, and of its `void:Linkset`."""
        return f"{GRAPH}links-{self.target}"


def read_all(content: Content) -> list[MappingSet]:
    """Read all mapping sets; raise `Malformed` with the first mistake of a file."""
    sets = []
    for path in content.links():
        mapping_set, findings = read(path, content)
        if mapping_set is None or findings:
            raise Malformed(findings[0])
        sets.append(mapping_set)
    return sets


def read(path: Path, content: Content) -> tuple[MappingSet | None, list[Finding]]:
    """Read one file: the set with every row that can be read, and what is wrong with the rest.

    The set is None when the head or the column names cannot be used.
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
        raise mistake("the head is not YAML", mark.line + 1 if mark else 1) from None
    if not isinstance(described, dict):
        raise mistake("the head that describes the set is missing")
    absent = [key for key in HEADER if not described.get(key)]
    if absent:
        raise mistake(f"the head lacks {', '.join(absent)}")
    if described["mapping_set_id"] != f"{GRAPH}links-{target}":
        raise mistake(f"mapping_set_id must be {GRAPH}links-{target}, as the file is named")
    prefixes = described["curie_map"]
    if not isinstance(prefixes, dict) or not all(_is_iri(str(v)) for v in prefixes.values()):
        raise mistake("curie_map must give an IRI for every prefix")
    return described


def _columns(lines: list[str], above: int, name: str) -> list[str]:
    columns = lines[above].split("\t") if len(lines) > above else []
    absent = [column for column in REQUIRED if column not in columns]
    unknown = [column for column in columns if column not in COLUMNS]
    if absent or unknown or len(set(columns)) < len(columns):
        what = f"columns lacking: {', '.join(absent)}" if absent else "columns unknown or repeated"
        what += f" ({', '.join(unknown)})" if unknown else ""
        raise Malformed(Finding(name, above + 1, 0, what, RULE))
    return columns


class _Rows:
    """Reads row after row; keeps the good ones and what is wrong with the others."""

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
        """Read one row and keep it, or what is wrong with it."""
        cells = text.split("\t")
        if len(cells) != len(self._columns):
            what = f"{len(cells)} cells where the columns are {len(self._columns)}"
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
            self._wrong(line, f"{row['mapping_justification']} is no mapping_justification")
        version = row.get("object_source_version") or self._version
        if not version:
            self._wrong(line, "object_source_version missing, here and in the head")
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
        """Write a CURIE out; what is none, or gives no IRI, is a finding and becomes ""."""
        match = _CURIE.fullmatch(curie)
        prefix = match[1] if match else ""
        if match is None or prefix not in self._prefixes:
            what = f"{prefix}: is no prefix of curie_map" if prefix else f"{curie!r} is no CURIE"
            self._wrong(line, what)
            return ""
        iri = self._prefixes[prefix] + match[2]
        if not _is_iri(iri):
            self._wrong(line, f"{curie} is no valid IRI: {iri}")
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


def _is_iri(text: str) -> bool:
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True
