"""Literals that the engine stores in another form, counted so that writers learn of it.

pyoxigraph 0.5.13 stores numbers, dates and durations by their value: `"01"^^xsd:int` becomes
`"1"^^xsd:integer`, `+00:00` becomes `Z` (oxigraph issues 526 and 1413; decision 61). Language tags,
which RDF 1.1 lets a store lower-case, are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

import pyoxigraph as ox

from jiqun.rdf.namespaces import XSD, compact

_NODE: Final = ox.NamedNode("urn:jiqun:node")
_SCRATCH: Final = ox.Store()
_STRING: Final = f"{XSD}string"


@lru_cache(maxsize=1 << 16)
def stored_form(literal: ox.Literal) -> ox.Literal:
    """Return the literal that the engine gives back for a literal that is stored."""
    quad = ox.Quad(_NODE, _NODE, literal)
    _SCRATCH.add(quad)
    found = next(iter(_SCRATCH)).object
    _SCRATCH.remove(quad)
    assert isinstance(found, ox.Literal)
    return found


class LiteralChanges:
    """Counts changed literals by kind, as in `xsd:int as xsd:integer`."""

    def __init__(self) -> None:
        """Begin with none."""
        self.kinds: Counter[str] = Counter()

    def count(self, literal: ox.Literal) -> None:
        """Count a literal if the engine changes it."""
        datatype = literal.datatype.value
        if datatype == _STRING or not datatype.startswith(XSD):
            return
        stored = stored_form(literal)
        if stored == literal:
            return
        same = stored.datatype == literal.datatype
        form = "canonical form" if same else compact(stored.datatype.value)
        self.kinds[f"{compact(datatype)} as {form}"] += 1

    def watch(self, quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
        """Yield quads as they are, and count their literals."""
        for quad in quads:
            if isinstance(quad.object, ox.Literal):
                self.count(quad.object)
            yield quad

    @property
    def total(self) -> int:
        """The number of changed literals."""
        return self.kinds.total()
