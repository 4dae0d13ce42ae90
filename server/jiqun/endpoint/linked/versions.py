"""The versions of the ontology that a release holds as files, each in Turtle and OWL functional."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.endpoint.linked.graph import Statement
from jiqun.endpoint.reader import canonical_tag
from jiqun.endpoint.terms import Term

if TYPE_CHECKING:
    from jiqun.endpoint.release import Dump, Release

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
            return Term("literal", node.value, canonical_tag(node.language))
        return Term("literal", node.value, datatype=node.datatype.value)
    return Term("literal", str(node))


def _order(version: str) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"[.-]", version)
    ]
