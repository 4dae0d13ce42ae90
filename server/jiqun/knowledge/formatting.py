"""The canonical form of Turtle and TriG files, which `jiqun fmt` writes.

Prefixes sorted, subjects in natural order (`p2` before `p10`), `a` first, predicates and objects
sorted, a blank line between subjects. Formatting is lossless, idempotent and independent of the
machine. docs/decisions/0001 explains why no library does this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from jiqun.knowledge.content import Content, Finding, passage_namespace
from jiqun.knowledge.turtle_files import (
    Comments,
    Document,
    Malformed,
    comments,
    parse,
    read,
    read_prefixes,
    statements,
)
from jiqun.rdf.terms import Compactor
from jiqun.rdf.turtle import Key, dataset, prefix_lines

_ALWAYS: Final = ("id", "kg", "passage")


def canonical(document: Document, prefixes: Mapping[str, str]) -> str:
    """Return the canonical text of a file of `data/` or `ontology/concepts`.

    `prefixes` are the project's; a file of a source also gets `passage:`, and keeps its other
    declarations. Raises `Malformed` for blank nodes and for misplaced comments.
    """
    _refuse_blank_nodes(document)
    found = comments(document)
    known = dict(prefixes)
    namespace = passage_namespace(document.path)
    if namespace is not None:
        known["passage"] = namespace
    for prefix, value in document.prefixes.items():
        if prefix not in known and value not in known.values():
            known[prefix] = value
    compactor = Compactor(known)
    keyed = _rekeyed(found, document, compactor)
    graphs: dict[str, list[ox.Triple]] = {}
    for quad in document.quads:
        graph = "" if isinstance(quad.graph_name, ox.DefaultGraph) else quad.graph_name.value
        graphs.setdefault(graph, []).append(quad.triple)
    body = list(dataset(graphs, compactor, keyed))
    always = {prefix for prefix in _ALWAYS if prefix in known}
    parts = [
        "".join(f"{line}\n" for line in found.head),
        prefix_lines({key: known[key] for key in always | compactor.used}),
        *body,
        "".join(f"{line}\n" for line in found.foot),
    ]
    return "\n".join(part for part in parts if part)


def reformat(content: Content, paths: Iterable[Path] | None = None) -> dict[Path, str]:
    """Return the canonical text of every file that differs from it; raise `Malformed`."""
    prefixes = read_prefixes(content)
    changed = {}
    for path in paths or content.canonical():
        document = read(path, content)
        text = canonical(document, prefixes)
        if text != document.text:
            changed[path] = text
    return changed


def canonical_text(text: str, path: Path, prefixes: Mapping[str, str]) -> str:
    """Parse `text` as the content of `path` and return its canonical form."""
    return canonical(parse(text, path.name, path), prefixes)


def _rekeyed(found: Comments, document: Document, compactor: Compactor) -> dict[Key, list[str]]:
    """Key the comments by the canonical names of subjects and graphs."""
    names = {"": ""}
    for graph, subject in found.above:
        for written in (graph, subject):
            if written not in names:
                names[written] = compactor.write(ox.NamedNode(_expanded(written, document)))
    keyed: dict[Key, list[str]] = {}
    for (graph, subject), lines in found.above.items():
        keyed.setdefault((names[graph], names[subject]), []).extend(lines)
    return keyed


def _expanded(written: str, document: Document) -> str:
    prefixes = "".join(f"@prefix {key}: <{value}> .\n" for key, value in document.prefixes.items())
    (quad,) = ox.parse(f"{prefixes}<urn:s> <urn:p> {written} .", ox.RdfFormat.TURTLE)
    assert isinstance(quad.object, ox.NamedNode)
    return quad.object.value


def _refuse_blank_nodes(document: Document) -> None:
    for quad in document.quads:
        for term in (quad.subject, quad.object, quad.graph_name):
            if isinstance(term, ox.BlankNode):
                what = "a blank node: assign the thing an IRI, so that it can be cited"
                raise Malformed(Finding(document.name, _blank_line(document), 0, what, "format"))


def _blank_line(document: Document) -> int:
    for each in statements(document):
        if each.object[:1] in {"[", "("} or each.object.startswith("_:"):
            return each.line
        if each.subject.startswith("_:"):
            return each.subject_line
    return 0
