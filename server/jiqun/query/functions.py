"""Functions that the engine lacks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import pyoxigraph as ox

from jiqun.rdf.terms import language_tag

LANGUAGE_FUNCTION: Final = "urn:jiqun:function:lang"
"""The function that replaces LANG() and returns the canonical form of a tag."""

_GEOSPARQL: Final = "http://www.opengis.net/def/function/geosparql/"
_FUNCTIONS: Final = """
    area asGeoJSON centroid convexHull coordinateDimension difference dimension distance
    ehContains ehCoveredBy ehCovers ehDisjoint ehEquals ehInside ehMeet ehOverlap envelope
    getSRID intersection isEmpty isSimple length perimeter rcc8dc rcc8ec rcc8eq rcc8ntpp
    rcc8ntppi rcc8po rcc8tpp rcc8tppi relate sfContains sfCrosses sfDisjoint sfEquals
    sfIntersects sfOverlaps sfTouches sfWithin spatialDimension symDifference union
"""
EXTENSION_FUNCTIONS: Final = tuple(_GEOSPARQL + name for name in _FUNCTIONS.split())
"""The functions of GeoSPARQL that queries may call."""

DISTANCE: Final = f"{_GEOSPARQL}distance"
"""The great-circle distance; without a unit of length as its third argument, an error."""

MISSING_FUNCTIONS: Final = {
    f"{_GEOSPARQL}buffer": "compare geof:distance(?a, ?b, uom:metre) with the radius",
    f"{_GEOSPARQL}metricBuffer": "compare geof:distance(?a, ?b, uom:metre) with the radius",
    f"{_GEOSPARQL}metricDistance": "write geof:distance(?a, ?b, uom:metre)",
}
"""Functions of GeoSPARQL that are missing, and what to write instead."""

_UNKNOWN: Final = re.compile(r"The custom function <(.*)> is not supported")
_MOST_UNKNOWN: Final = 50


def _language(*terms: Any) -> ox.Literal | None:
    """LANG() as in SPARQL 1.1, 17.4.2.6, with the tag in canonical form (`zh-Hans`)."""
    if len(terms) != 1 or not isinstance(terms[0], ox.Literal):
        return None
    return ox.Literal(language_tag(terms[0].language) if terms[0].language else "")


def _undefined(*_terms: Any) -> None:
    """An undefined function: calling it is an expression error (17.6)."""


FUNCTIONS: Final[Mapping[ox.NamedNode, Callable[..., Any]]] = {
    ox.NamedNode(LANGUAGE_FUNCTION): _language
}


def call_with_functions(
    call: Callable[..., Any], functions: Mapping[ox.NamedNode, Callable[..., Any]] = FUNCTIONS
) -> Any:
    """Return the result of the engine's `call`, which gets the functions as `custom_functions`.

    The engine refuses a query with an unknown function; it is called again with one that raises an
    error for all arguments. Raises what `call` raises for anything else.
    """
    known = dict(functions)
    for _ in range(_MOST_UNKNOWN):
        try:
            return call(custom_functions=known)
        except RuntimeError as error:
            found = _UNKNOWN.fullmatch(str(error))
            if found is None:
                raise
            known[ox.NamedNode(found[1])] = _undefined
    return call(custom_functions=known)
