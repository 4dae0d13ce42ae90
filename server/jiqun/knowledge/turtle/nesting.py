"""Blank nodes as people write them in Turtle: `[ … ]` and `( … )` in the place of a label.

Only a node that one triple alone refers to can be written so, and only where the way to it starts
at a node with a name; every other keeps its label. Data have no blank nodes: this is for the
restrictions of the ontology in the Turtle dump. (In TriG the labels stay, since a node there stands
in two graphs, the one that states it and the merge.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.knowledge.turtle.terms import RDF, RDF_TYPE, natural

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jiqun.knowledge.turtle.terms import Compactor, Term

_FIRST: Final = ox.NamedNode(f"{RDF}first")
_REST: Final = ox.NamedNode(f"{RDF}rest")
_NIL: Final = ox.NamedNode(f"{RDF}nil")

Described = dict[ox.NamedNode, list["Term"]]


class Nesting:
    """The blank nodes of one graph that can be written inside what refers to them."""

    def __init__(self, triples: Iterable[ox.Triple], compactor: Compactor) -> None:
        """Find them; `compactor` writes the other terms."""
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
        """Whether the term is written inside another and needs no block of its own."""
        return term in self._inside

    def write(self, term: Term) -> str:
        """Write a term, with all that a nested blank node says."""
        if not isinstance(term, ox.BlankNode) or term not in self._inside:
            return self._compactor.write(term)
        items = self._items(term)
        if items is not None:
            return f"( {' '.join(map(self.write, items))} )"
        pairs = sorted(
            (predicate != RDF_TYPE, natural(self._verb(predicate)), self._values(values))
            for predicate, values in self._inside[term].items()
        )
        said = " ; ".join(f"{verb} {values}" for _, (_, verb), values in pairs)
        return f"[ {said} ]" if said else "[]"

    def _values(self, values: list[Term]) -> str:
        return ", ".join(sorted(map(self.write, values), key=natural))

    def _verb(self, predicate: ox.NamedNode) -> str:
        return "a" if predicate == RDF_TYPE else self._compactor.write(predicate)

    def _items(self, node: Term) -> list[Term] | None:
        """Return the items of the list that starts at this node, or None when it is no list."""
        items: list[Term] = []
        while node != _NIL:
            values = self._inside.get(node, {}) if isinstance(node, ox.BlankNode) else {}
            if values.keys() != {_FIRST, _REST} or any(len(each) != 1 for each in values.values()):
                return None
            items += values[_FIRST]
            (node,) = values[_REST]
        return items
