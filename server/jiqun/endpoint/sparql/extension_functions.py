"""Functions that queries may call beyond those of SPARQL 1.1: those of GeoSPARQL."""

from __future__ import annotations

from typing import Final

_GEOSPARQL: Final = "http://www.opengis.net/def/function/geosparql/"
_NAMES: Final = """
    area asGeoJSON centroid convexHull coordinateDimension difference dimension distance
    ehContains ehCoveredBy ehCovers ehDisjoint ehEquals ehInside ehMeet ehOverlap envelope
    getSRID intersection isEmpty isSimple length perimeter rcc8dc rcc8ec rcc8eq rcc8ntpp
    rcc8ntppi rcc8po rcc8tpp rcc8tppi relate sfContains sfCrosses sfDisjoint sfEquals
    sfIntersects sfOverlaps sfTouches sfWithin spatialDimension symDifference union
"""
EXTENSION_FUNCTIONS: Final = tuple(_GEOSPARQL + name for name in _NAMES.split())
