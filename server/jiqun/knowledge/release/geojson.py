"""Maps of regions and clusters as GeoJSON (RFC 7946): longitude first, outer rings to the left.

The properties of a feature are the columns of its row in the table. A cluster has the points of the
smallest of its regions; a thing without a place has no geometry.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox
from pygeoif import MultiPoint, MultiPolygon, Point, Polygon
from pygeoif.factories import from_wkt, orient

from jiqun.errors import ContentError
from jiqun.knowledge.assembly import Knowledge
from jiqun.knowledge.release.release_files import OFFERS, Written, write_plain
from jiqun.knowledge.tables import Filled, Value
from jiqun.rdf.namespaces import CRS84, GEO

_HAS: Final = ox.NamedNode(f"{GEO}hasGeometry")
_WKT: Final = ox.NamedNode(f"{GEO}asWKT")

Shape = Point | MultiPoint | Polygon | MultiPolygon
Row = dict[str, "Value"]


def write_maps(knowledge: Knowledge, tables: Iterable[Filled], folder: Path) -> list[Written]:
    """Write the maps of the available tables; raise `ContentError` for unsuitable WKT."""
    rows = {filled.table.name: _rows(filled) for filled in tables}
    if not {"regions", "clusters", "cluster_regions"} <= rows.keys():
        return []
    shapes = _shapes(knowledge.default)
    regions = {
        str(row["region"]): (row, _widest(shapes.get(str(row["region"]), ())))
        for row in rows["regions"]
    }
    clusters = _clusters(rows, shapes)
    files = []
    for name, features in (("regions.geojson", regions), ("clusters.geojson", clusters)):
        text = _collection(features)
        counts = {"features": len(features)}
        files.append(write_plain(folder, name, text, OFFERS[name], counts))
    return files


def _rows(filled: Filled) -> list[Row]:
    names = [column.name for column in filled.table.columns]
    return [dict(zip(names, row, strict=True)) for row in filled.rows]


def _shapes(triples: Iterable[ox.Triple]) -> dict[str, list[Shape]]:
    """Return the shapes of each thing, sorted by their text."""
    texts: dict[object, list[str]] = {}
    owners: list[tuple[str, object]] = []
    for triple in triples:
        if triple.predicate == _WKT and isinstance(triple.object, ox.Literal):
            texts.setdefault(triple.subject, []).append(triple.object.value)
        elif triple.predicate == _HAS and isinstance(triple.subject, ox.NamedNode):
            owners.append((triple.subject.value, triple.object))
    found: dict[str, list[str]] = {}
    for owner, geometry in owners:
        found.setdefault(owner, []).extend(texts.get(geometry, ()))
    return {owner: [_shape(text) for text in sorted(several)] for owner, several in found.items()}


def _shape(wkt: str) -> Shape:
    shape = from_wkt(wkt.removeprefix(f"<{CRS84}> "))
    if isinstance(shape, Polygon):
        return orient(shape, ccw=True)
    if isinstance(shape, MultiPolygon):
        return MultiPolygon.from_polygons(*(orient(part, ccw=True) for part in shape.geoms))
    if not isinstance(shape, Point | MultiPoint):
        raise ContentError(f"A map needs points or polygons, not {wkt[:60]}.")
    return shape


def _widest(shapes: Sequence[Shape]) -> Shape | None:
    areas = [shape for shape in shapes if isinstance(shape, Polygon | MultiPolygon)]
    return next(iter([*areas, *shapes]), None)


def _clusters(
    rows: Mapping[str, list[Row]], shapes: Mapping[str, Sequence[Shape]]
) -> dict[str, tuple[Row, Shape | None]]:
    parents = {str(row["region"]): str(row["parents"] or "").split() for row in rows["regions"]}
    located: dict[str, set[str]] = {}
    for row in rows["cluster_regions"]:
        located.setdefault(str(row["cluster"]), set()).add(str(row["region"]))
    features: dict[str, tuple[Row, Shape | None]] = {}
    for row in rows["clusters"]:
        regions = located.get(str(row["cluster"]), set())
        wider = {above for region in regions for above in _above(region, parents)}
        smallest = sorted(regions - wider)
        points = [shape for region in smallest for shape in shapes.get(region, ())]
        places = [(each.x, each.y) for each in points if isinstance(each, Point)]
        shape = MultiPoint(places) if places else None
        features[str(row["cluster"])] = {**row, "regions": " ".join(smallest)}, shape
    return features


def _above(region: str, parents: Mapping[str, Sequence[str]]) -> set[str]:
    """Return all regions that contain a region."""
    found: set[str] = set()
    todo = list(parents.get(region, ()))
    while todo:
        parent = todo.pop()
        if parent not in found:
            found.add(parent)
            todo += parents.get(parent, ())
    return found


def _collection(features: Mapping[str, tuple[Row, Shape | None]]) -> str:
    bounds = [shape.bounds for _, shape in features.values() if shape is not None]
    box = ""
    if bounds:
        west, south, east, north = (list(each) for each in zip(*bounds, strict=True))
        box = f' "bbox": {json.dumps([min(west), min(south), max(east), max(north)])},'
    lines = [_feature(iri, *features[iri]) for iri in sorted(features)]
    body = ",\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    return f'{{"type": "FeatureCollection",{box} "features": [\n{body}\n]}}\n'


def _feature(iri: str, row: Row, shape: Shape | None) -> dict[str, Any]:
    feature: dict[str, Any] = {"type": "Feature", "id": iri}
    geometry = None
    if shape is not None:
        feature["bbox"] = list(shape.bounds)
        described = shape.__geo_interface__
        geometry = {"type": described["type"], "coordinates": described["coordinates"]}
    return {**feature, "geometry": geometry, "properties": row}
