"""The one canonical form of Turtle and TriG files, which `jiqun fmt` writes.

Prefixes sorted, subjects in natural order (`p2` before `p10`), `a` first, predicates and objects
sorted, a blank line between subjects. Formatting loses nothing, needs no second run, and does
not depend on the machine. Why this is not a library's writer: docs/decisions/0001.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.knowledge.content import passage_namespace
from jiqun.knowledge.findings import Finding
from jiqun.knowledge.turtle.comments import Comments, Key, comments
from jiqun.knowledge.turtle.parse import Document, Malformed, parse, read, read_prefixes
from jiqun.knowledge.turtle.positions import statements
from jiqun.knowledge.turtle.terms import RDF_TYPE, Compactor, natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from jiqun.knowledge.content import Content

WIDTH: Final = 100
_ALWAYS: Final = ("id", "kg", "passage")

Described = dict[ox.NamedNode, set[tuple[str, str]]]
"""What is said of a subject: by predicate, the languages and texts of the objects."""


def canonical(document: Document, prefixes: Mapping[str, str]) -> str:
    """Return the canonical text of a file of `data/` or `ontology/concepts`.

    `prefixes` is the project's list; a file of a source gets `passage:` besides, and keeps what
    else it declares. Raises `Malformed` for blank nodes and for comments without a place.
    """
    _refuse_blank_nodes(document)
    kept = comments(document)
    known = dict(prefixes)
    namespace = passage_namespace(document.path)
    if namespace is not None:
        known["passage"] = namespace
    for prefix, value in document.prefixes.items():
        if prefix not in known and value not in known.values():
            known[prefix] = value
    compactor = Compactor(known)
    keyed = _rekeyed(kept, document, compactor)
    graphs: dict[str, list[ox.Triple]] = {}
    for quad in document.quads:
        graph = "" if isinstance(quad.graph_name, ox.DefaultGraph) else quad.graph_name.value
        graphs.setdefault(graph, []).append(quad.triple)
    body = list(dataset(graphs, compactor, keyed))
    always = {prefix for prefix in _ALWAYS if prefix in known}
    parts = [
        "".join(f"{line}\n" for line in kept.head),
        prefix_lines({key: known[key] for key in always | compactor.used}),
        *body,
        "".join(f"{line}\n" for line in kept.foot),
    ]
    return "\n".join(part for part in parts if part)


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


def canonical_text(text: str, path: Path, prefixes: Mapping[str, str]) -> str:
    """Parse `text` as the file at `path` would be and return its canonical form."""
    return canonical(parse(text, path.name, path), prefixes)


def prefix_lines(prefixes: Mapping[str, str]) -> str:
    """Write the declarations, one a line, sorted."""
    return "".join(f"@prefix {key}: <{prefixes[key]}> .\n" for key in sorted(prefixes))


def dataset(
    graphs: Mapping[str, Iterable[ox.Triple]], compactor: Compactor, above: Mapping[Key, list[str]]
) -> Iterable[str]:
    """Yield the blocks of TriG: the default graph's subjects (key ""), then each named graph."""
    named: list[tuple[str, str]] = []
    for graph in graphs:
        if graph:
            named.append((compactor.write(ox.NamedNode(graph)), graph))
        else:
            yield from subjects(graphs[graph], compactor, above)
    for name, graph in sorted(named, key=lambda pair: natural(pair[0])):
        blocks = subjects(graphs[graph], compactor, above, graph=name)
        head = "".join(f"{line}\n" for line in above.get((name, ""), ()))
        yield f"{head}{name} {{\n{chr(10).join(blocks)}}}\n"


def subjects(
    triples: Iterable[ox.Triple],
    compactor: Compactor,
    above: Mapping[Key, list[str]] | None = None,
    *,
    graph: str = "",
) -> Iterable[str]:
    """Yield the block of each subject, in natural order, each ending in a line feed.

    `above` holds the comments by graph and subject; `graph`, as it is written, is the one that the
    block stands in.
    """
    indent = "    " if graph else ""
    grouped: dict[str, Described] = {}
    for triple in triples:
        describe(grouped, triple, compactor.write(triple.object), compactor)
    for name in sorted(grouped, key=natural):
        lines = [f"{indent}{line}\n" for line in (above or {}).get((graph, name), ())]
        yield "".join(lines) + block(name, grouped[name], compactor, indent)


def describe(
    grouped: dict[str, Described], triple: ox.Triple, written: str, compactor: Compactor
) -> None:
    """Add a triple to what is known of its subject; `written` is its object."""
    language = triple.object.language if isinstance(triple.object, ox.Literal) else None
    subject = grouped.setdefault(compactor.write(triple.subject), {})
    subject.setdefault(triple.predicate, set()).add((language or "", written))


def block(
    subject: str,
    values: Described,
    compactor: Compactor,
    indent: str = "",
    leading: Sequence[ox.NamedNode] = (RDF_TYPE,),
) -> str:
    """Write what is said of a subject; the `leading` predicates stand first, in their order."""
    rank = {predicate: number for number, predicate in enumerate(leading)}
    named = sorted(
        (rank.get(predicate, len(rank)), natural(_predicate(predicate, compactor)), predicate)
        for predicate in values
    )
    lines = []
    for _, (_, name), predicate in named:
        ordered = sorted(values[predicate], key=lambda value: (value[0], natural(value[1])))
        objects = [text for _, text in ordered]
        tidy = f"{name} {', '.join(objects)}"
        fits = len(objects) == 1 or (
            len(indent) + 6 + len(tidy) <= WIDTH and not any('"' in item for item in objects)
        )
        inner = f",\n{indent}        ".join(objects)
        lines.append(tidy if fits else f"{name}\n{indent}        {inner}")
    joined = f" ;\n{indent}    ".join(lines)
    return f"{indent}{subject}\n{indent}    {joined} .\n"


def _predicate(predicate: ox.NamedNode, compactor: Compactor) -> str:
    return "a" if predicate == RDF_TYPE else compactor.write(predicate)


def _rekeyed(kept: Comments, document: Document, compactor: Compactor) -> dict[Key, list[str]]:
    """Key the comments by the names that the canonical form gives to subjects and graphs."""
    names = {"": ""}
    for graph, subject in kept.above:
        for written in (graph, subject):
            if written not in names:
                names[written] = compactor.write(ox.NamedNode(_expanded(written, document)))
    keyed: dict[Key, list[str]] = {}
    for (graph, subject), lines in kept.above.items():
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
                what = "a blank node: give the thing an IRI of its own, so that it can be cited"
                raise Malformed(Finding(document.name, _blank_line(document), 0, what, "format"))


def _blank_line(document: Document) -> int:
    for said in statements(document):
        if said.object[:1] in {"[", "("} or said.object.startswith("_:"):
            return said.line
        if said.subject.startswith("_:"):
            return said.subject_line
    return 0
