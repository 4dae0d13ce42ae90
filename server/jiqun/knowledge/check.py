"""Everything `jiqun check` looks at, as findings with file and line.

The order is that of cost: what cannot be read is said first, and nothing that needs the whole
graph is tried on half of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jiqun.knowledge.format import canonical
from jiqun.knowledge.parse import Document, Malformed, read, read_prefixes
from jiqun.knowledge.passages import check_source

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from jiqun.knowledge.content import Content
    from jiqun.knowledge.findings import Finding


def check(content: Content, texts: Path | None = None) -> list[Finding]:
    """Check everything and return the findings, sorted; none means that a release can be built.

    `texts` is the folder that holds `<slug>/article.txt` for the sources, when it is at hand.
    """
    paths = [content.prefixes, content.ontology, content.alignments, content.shapes]
    paths = [path for path in paths if path.exists()] + content.canonical()
    documents, findings = _read_all(paths, content)
    for document in documents:
        if document.path.name == "source.ttl":
            findings += check_source(document, texts)
    return sorted(set(findings))


def reformat(content: Content, paths: Iterable[Path] | None = None) -> dict[Path, str]:
    """Return the canonical text of every file that does not have it yet; raise `Malformed`."""
    prefixes = read_prefixes(content)
    changed = {}
    for path in paths or content.canonical():
        document = read(path, content)
        text = canonical(document, prefixes)
        if text != document.text:
            changed[path] = text
    return changed


def _read_all(paths: list[Path], content: Content) -> tuple[list[Document], list[Finding]]:
    documents, findings = [], []
    for path in paths:
        try:
            documents.append(read(path, content))
        except Malformed as error:
            findings.append(error.finding)
    return documents, findings
