"""The tables as CSV, as Parquet, and the Frictionless data package that describes them.

CSV follows RFC 4180 in UTF-8 with a header line; Parquet has the same columns, typed. The
descriptor follows the Data Package standard, version 1, which current tools read
(https://specs.frictionlessdata.io/tabular-data-package/).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from arro3.core import Array, DataType
from arro3.core import Table as ArrowTable
from arro3.io import write_parquet

from jiqun.knowledge.release.release_files import Offer, Written, write_plain
from jiqun.knowledge.tables import SEPARATORS, Column, Filled, Table, Value
from jiqun.rdf.namespaces import BASE, LICENCE

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
