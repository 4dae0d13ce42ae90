"""GeoPandas and Shapely read the GeoJSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from interop.python_rdf import version
from interop.tool import Refused, Tool

if TYPE_CHECKING:
    from pathlib import Path

_FILES: Final = ("clusters.geojson", "regions.geojson")


def _geopandas(file: Path) -> int:
    import geopandas  # noqa: PLC0415 (takes long)

    return len(geopandas.read_file(file))


def _shapely(file: Path) -> int:
    """Count the features; each geometry must be valid."""
    import shapely  # noqa: PLC0415 (as geopandas)

    features = json.loads(file.read_text("utf-8"))["features"]
    for each in features:
        if each["geometry"] is not None:
            shape = shapely.from_geojson(json.dumps(each["geometry"]))
            if not shapely.is_valid(shape):
                raise Refused(f"{each.get('id')}: {shapely.is_valid_reason(shape)}")
    return len(features)


TOOLS: Final = (
    Tool(
        "GeoPandas",
        "PyPI",
        "geopandas",
        lambda: version("geopandas"),
        counts=dict.fromkeys(_FILES, _geopandas),
    ),
    Tool(
        "Shapely",
        "PyPI",
        "shapely",
        lambda: version("shapely"),
        counts=dict.fromkeys(_FILES, _shapely),
        python=True,
    ),
)
