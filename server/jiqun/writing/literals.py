"""Counts literals that the engine stores in another form, to report them to clients.

pyoxigraph 0.5.13 stores numbers, dates and durations by their value: `"01"^^xsd:int` becomes
`"1"^^xsd:integer`, `+00:00` becomes `Z` (oxigraph issues 526 and 1413; decision 61). Language tags,
which RDF 1.1 lets a store lower-case, are not counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

import pyoxigraph as ox

from jiqun.rdf.namespaces import XSD, compact

_NODE: Final = ox.NamedNode("urn:jiqun:node")
_SCRATCH: Final = ox.Store()
_STRING: Final = f"{XSD}string"
_INTEGER: Final = ox.NamedNode(f"{XSD}integer")
_DERIVED: Final = frozenset(
    f"{XSD}{name}"
    for name in (
        *("int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger"),
        *("nonPositiveInteger", "negativeInteger"),
        *("unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte"),
    )
)
_CANONICAL_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
# Forms known to be canonical, for frequent datatypes: these need no look-up.
_CANONICAL: Final = {
    f"{XSD}integer": _CANONICAL_INTEGER,
    f"{XSD}decimal": re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{0,14}[1-9]"),
    f"{XSD}date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    f"{XSD}dateTime": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[01][0-9]:[0-9]{2}:[0-9]{2}Z"),
}


def stored_form(literal: ox.Literal) -> ox.Literal:
    """Return the form in which the engine stores a literal."""
    datatype, value = literal.datatype.value, literal.value
    if datatype in _DERIVED and _CANONICAL_INTEGER.fullmatch(value):
        return ox.Literal(value, datatype=_INTEGER)
    canonical = _CANONICAL.get(datatype)
    if canonical is not None and canonical.fullmatch(value):
        return literal
    return _looked_up(literal)


@lru_cache(maxsize=1 << 16)
def _looked_up(literal: ox.Literal) -> ox.Literal:
    quad = ox.Quad(_NODE, _NODE, literal)
    _SCRATCH.add(quad)
    found = next(iter(_SCRATCH)).object
    _SCRATCH.remove(quad)
    assert isinstance(found, ox.Literal)
    return found


class LiteralChanges:
    """Counts changed literals by kind, as in `xsd:int as xsd:integer`."""

    def __init__(self) -> None:
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
        """Yield quads unchanged, and count their changed literals."""
        for quad in quads:
            if isinstance(quad.object, ox.Literal):
                self.count(quad.object)
            yield quad

    @property
    def total(self) -> int:
        """The number of changed literals."""
        return self.kinds.total()
