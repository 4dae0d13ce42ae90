"""Whether the frozen versions of the ontology are what they are called, and stay as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.knowledge.findings import Finding
from jiqun.knowledge.turtle.parse import Malformed, read
from jiqun.knowledge.versions import version_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jiqun.knowledge.content import Content
    from jiqun.knowledge.turtle.parse import Document

_RULE: Final = "ontology-frozen"


def check_versions(content: Content) -> Iterator[Finding]:
    """Yield what is wrong with `ontology/versions/`, and with a current version that is frozen."""
    frozen = {}
    for path in content.ontology_versions():
        try:
            document = read(path, content)
        except Malformed as error:
            yield error.finding
            continue
        if version_of(document) == path.stem:
            frozen[path.stem] = document
        else:
            what = f"its owl:versionIRI does not end in /{path.stem}, the name of the file"
            yield Finding(document.name, 0, 0, what, _RULE)
    if not content.ontology.exists():
        return
    try:
        current = read(content.ontology, content)
    except Malformed:
        return  # told already
    version = version_of(current)
    if version in frozen and _graph(current) != _graph(frozen[version]):
        what = (
            f"differs from {frozen[version].name}, which is frozen: give what is new a new "
            "owl:versionInfo and owl:versionIRI"
        )
        yield Finding(current.name, 0, 0, what, _RULE)


def _graph(document: Document) -> ox.Dataset:
    graph = ox.Dataset(document.quads)
    graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return graph
