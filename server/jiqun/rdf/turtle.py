"""Writes readable Turtle and TriG, and RDF/XML.

In Turtle and TriG there are prefixes, blocks by subject, nested blank nodes: a blank node is
written as `[ … ]` or `( … )` only if a single triple refers to it and the path to it starts at a
named node; all others keep their labels. RDF/XML is written with pyoxigraph
(https://www.w3.org/TR/rdf-syntax-grammar/): language tags get their canonical case (`zh-Hans`), and
carriage returns are escaped, since an XML parser would read them as line feeds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import pyoxigraph as ox

from jiqun.rdf.namespaces import RDF
from jiqun.rdf.terms import TYPE, Compactor, Term, language_tag, natural

_FIRST: Final = ox.NamedNode(f"{RDF}first")
_REST: Final = ox.NamedNode(f"{RDF}rest")
_NIL: Final = ox.NamedNode(f"{RDF}nil")

Described = dict[ox.NamedNode, list["Term"]]
WIDTH: Final = 100
Key = tuple[str, str]
"""A graph and one of its subjects, as written."""

Grouped = dict[ox.NamedNode, set[tuple[str, str]]]
"""The objects of one subject by predicate, each with its language and written form."""

_TAG: Final = re.compile(r'(<[^<>]*\sxml:lang=")([A-Za-z0-9-]+)(?=")')
_NAME_START: Final = re.compile(r"[A-Z_a-z\u00c0-\ud7ff\uf900-\ufffd]")
_NAME_END: Final = re.compile(r"[\w.\-\u00b7]*")
_UNFIT: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Nesting:
    """The blank nodes of one graph that can be nested."""

    def __init__(self, triples: Iterable[ox.Triple], compactor: Compactor) -> None:
        self._compactor = compactor
        described: dict[Term, Described] = {}
        references: dict[ox.BlankNode, int] = {}
        for triple in triples:
            if isinstance(triple.subject, ox.BlankNode) or isinstance(triple.object, ox.BlankNode):
                values = described.setdefault(triple.subject, {})
                values.setdefault(triple.predicate, []).append(triple.object)
            if isinstance(triple.object, ox.BlankNode):
                references[triple.object] = references.get(triple.object, 0) + 1
        single = {node for node, count in references.items() if count == 1}
        self._inside: dict[ox.BlankNode, Described] = {}
        todo = [subject for subject in described if subject not in single]
        while todo:
            for objects in described.get(todo.pop(), {}).values():
                for value in objects:
                    if isinstance(value, ox.BlankNode) and value in single:
                        self._inside[value] = described.get(value, {})
                        todo.append(value)

    def __contains__(self, term: Term) -> bool:
        return term in self._inside

    def write(self, term: Term) -> str:
        """Write a term; a nested blank node with its properties."""
        if not isinstance(term, ox.BlankNode) or term not in self._inside:
            return self._compactor.write(term)
        items = self._items(term)
        if items is not None:
            return f"( {' '.join(map(self.write, items))} )"
        pairs = sorted(
            (predicate != TYPE, natural(self._verb(predicate)), self._values(values))
            for predicate, values in self._inside[term].items()
        )
        text = " ; ".join(f"{verb} {values}" for _, (_, verb), values in pairs)
        return f"[ {text} ]" if text else "[]"

    def _values(self, values: list[Term]) -> str:
        return ", ".join(sorted(map(self.write, values), key=natural))

    def _verb(self, predicate: ox.NamedNode) -> str:
        return "a" if predicate == TYPE else self._compactor.write(predicate)

    def _items(self, node: Term) -> list[Term] | None:
        """Return the items of the list that starts at this node, or None when it is not a list."""
        items: list[Term] = []
        while node != _NIL:
            values = self._inside.get(node, {}) if isinstance(node, ox.BlankNode) else {}
            if values.keys() != {_FIRST, _REST} or any(len(each) != 1 for each in values.values()):
                return None
            items += values[_FIRST]
            (node,) = values[_REST]
        return items


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

    `above` holds the comments by graph and subject; `graph` is the graph of the block as written.
    """
    indent = "    " if graph else ""
    grouped: dict[str, Grouped] = {}
    for triple in triples:
        describe(grouped, triple, compactor.write(triple.object), compactor)
    for name in sorted(grouped, key=natural):
        lines = [f"{indent}{line}\n" for line in (above or {}).get((graph, name), ())]
        yield "".join(lines) + block(name, grouped[name], compactor, indent)


def describe(
    grouped: dict[str, Grouped], triple: ox.Triple, written: str, compactor: Compactor
) -> None:
    """Add a triple to the group of its subject; `written` is its object."""
    language = triple.object.language if isinstance(triple.object, ox.Literal) else None
    subject = grouped.setdefault(compactor.write(triple.subject), {})
    subject.setdefault(triple.predicate, set()).add((language or "", written))


def block(
    subject: str,
    values: Grouped,
    compactor: Compactor,
    indent: str = "",
    leading: Sequence[ox.NamedNode] = (TYPE,),
) -> str:
    """Write the block of a subject; the `leading` predicates come first, in their order."""
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
    return "a" if predicate == TYPE else compactor.write(predicate)


def rdf_xml(triples: Iterable[ox.Triple], prefixes: Mapping[str, str]) -> str:
    """Write the triples as RDF/XML, in order; prefixes are sorted by namespace."""
    text = ox.serialize(triples, format=ox.RdfFormat.RDF_XML, prefixes=dict(prefixes)) or b""
    tagged = _TAG.sub(lambda found: found[1] + language_tag(found[2]), text.decode("utf-8"))
    return tagged.replace("\r", "&#13;")


def ends_in_xml_name(iri: str) -> bool:
    """Return whether the end of an IRI can be the local part of the name of an XML element."""
    backwards = _NAME_END.match(iri[::-1])
    return backwards is not None and _NAME_START.search(backwards[0]) is not None


def unfit_for_xml(triple: ox.Triple) -> str:
    """Return why RDF/XML cannot represent a triple, as a sentence; empty if it can."""
    predicate, value = triple.predicate.value, triple.object
    if not ends_in_xml_name(predicate):
        return f"The IRI of the property {predicate} does not end in the name of an XML element."
    if isinstance(value, ox.Literal) and _UNFIT.search(value.value):
        return f"XML cannot represent the control characters of {value.value!a}."
    return ""
