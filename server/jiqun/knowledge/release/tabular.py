"""The tables as CSV, as Parquet and as maps in GeoJSON, and the data package that describes them.

CSV follows RFC 4180 in UTF-8 with a header line; Parquet has the same columns, typed. The
descriptor follows the Frictionless Data Package standard, version 1, which current tools read
(https://specs.frictionlessdata.io/tabular-data-package/). A map (RFC 7946: longitude first, outer
rings to the left) has a feature for each row; a cluster has the points of the smallest of its
regions, and a thing without a place has no geometry.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyoxigraph as ox
from arro3.core import Array, DataType
from arro3.core import Table as ArrowTable
from arro3.io import write_parquet
from pygeoif import MultiPoint, MultiPolygon, Point, Polygon
from pygeoif.factories import from_wkt, orient

from jiqun.errors import ContentError
from jiqun.knowledge.assembly import Knowledge
from jiqun.knowledge.release.release_files import OFFERS, Offer, Written, write_plain
from jiqun.knowledge.tables import SEPARATORS, Column, Filled, Table, Value
from jiqun.rdf.namespaces import BASE, CRS84, GEO, LICENCE

TABLE_FORMATS: Final = {
    "csv": ("text/csv; charset=utf-8; header=present", "https://www.rfc-editor.org/rfc/rfc4180"),
    "parquet": (
        "application/vnd.apache.parquet",
        "https://parquet.apache.org/docs/file-format/",
    ),
}
"""By suffix: the media type, and the specification of the format."""

_ARROW: Final = {
    "integer": DataType.int64,
    "number": DataType.float64,
    "boolean": DataType.bool,
}
_PLAIN: Final = 1e15
_HAS: Final = ox.NamedNode(f"{GEO}hasGeometry")
_WKT: Final = ox.NamedNode(f"{GEO}asWKT")
Shape = Point | MultiPoint | Polygon | MultiPolygon
Row = dict[str, "Value"]


def write_tables(tables: Iterable[Filled], folder: Path) -> list[Written]:
    """Write each table as CSV and as Parquet."""
    written = []
    for filled in tables:
        table, counts = filled.table, {"rows": len(filled.rows)}
        for suffix, content in (("csv", csv_text(filled)), ("parquet", parquet(filled))):
            offer = Offer("tables", TABLE_FORMATS[suffix][0], table.title, TABLE_FORMATS[suffix][1])
            written.append(write_plain(folder, f"{table.name}.{suffix}", content, offer, counts))
    return written


def csv_text(filled: Filled) -> str:
    """Write a table as CSV; unknown values are empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([column.name for column in filled.table.columns])
    writer.writerows([_text(value) for value in row] for row in filled.rows)
    return buffer.getvalue()


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _PLAIN:
        return str(int(value))
    return str(value)


def parquet(filled: Filled) -> bytes:
    """Write a table as Parquet, compressed with Zstandard; unknown values are null."""
    columns: dict[str, Any] = {}
    for place, column in enumerate(filled.table.columns):
        kind = _ARROW.get(column.type, DataType.utf8)()
        columns[column.name] = Array([row[place] for row in filled.rows], kind)
    buffer = io.BytesIO()
    write_parquet(
        ArrowTable.from_pydict(columns), buffer, compression="zstd(9)", skip_arrow_metadata=True
    )
    return buffer.getvalue()


def data_package(tables: Sequence[Table], written: Sequence[Written], version: str) -> str:
    """Return datapackage.json for the CSV files among `written`."""
    files = {file.name: file for file in written}
    keys = {table.name: table.key for table in tables}
    package = {
        "profile": "tabular-data-package",
        "name": "jiqun",
        "id": f"{BASE}dataset",
        "title": "Jiqun: advanced manufacturing clusters of China",
        "description": "Tables made from the knowledge graph. A column of many values separates "
        "IRIs by spaces and texts by |.",
        "homepage": BASE,
        "version": version,
        "licenses": [
            {
                "name": "CC-BY-4.0",
                "path": LICENCE,
                "title": "Creative Commons Attribution 4.0 International",
            }
        ],
        "sources": [{"title": "The sources, one a row", "path": "sources.csv"}],
        "resources": [_resource(table, files[f"{table.name}.csv"], keys) for table in tables],
    }
    return json.dumps(package, ensure_ascii=False, indent=1) + "\n"


def _resource(table: Table, file: Written, keys: dict[str, Sequence[str]]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [_field(column, table) for column in table.columns],
        "missingValues": [""],
        "primaryKey": list(table.key),
    }
    foreign = [
        {
            "fields": column.name,
            "reference": {"resource": column.refers, "fields": keys[column.refers][0]},
        }
        for column in table.columns
        if column.refers in keys
    ]
    if foreign:
        schema["foreignKeys"] = foreign
    return {
        "profile": "tabular-data-resource",
        "name": table.name,
        "path": file.name,
        "title": table.title["en"],
        "description": table.description,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": file.bytes,
        "hash": f"sha256:{file.sha256}",
        "dialect": {"lineTerminator": "\r\n", "delimiter": ",", "header": True},
        "schema": schema,
    }


def _field(column: Column, table: Table) -> dict[str, Any]:
    plain = column.type if column.type in _ARROW else "string"
    field: dict[str, Any] = {"name": column.name, "type": plain}
    if column.type == "iri":
        field["format"] = "uri"
    description = column.description[0].upper() + column.description[1:]
    if column.type in SEPARATORS:
        between = "spaces" if SEPARATORS[column.type] == " " else SEPARATORS[column.type]
        description += f"; several are separated by {between}"
    field["description"] = description
    if column.name in table.key:
        field["constraints"] = {"required": True}
    return field


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
