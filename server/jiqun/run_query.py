"""`jiqun query`: a saved query from the command line, through the same engine as over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from jiqun.errors import BadParameter, shorten
from jiqun.query.service import QueryRequest, running_service
from jiqun.rdf.formats import JSON, formats_for
from jiqun.rdf.namespaces import compact
from jiqun.release import find_query, open_release
from jiqun.saved_queries import read_parameters
from jiqun.settings import Settings
from jiqun.terminal import UNLIMITED, table
from jiqun.web.negotiation import choose_named

TABLE: Final = "table"
WIDEST_CELL: Final = 44
"""Terminal columns of the widest cell; East Asian characters take two."""


def run_query(
    folder: Path,
    name: str,
    given: Mapping[str, Sequence[str]],
    format_name: str,
    settings: Settings,
    width: int = UNLIMITED,
) -> bytes:
    """Run the saved query `name` of a release and return its result, encoded in UTF-8.

    `given` maps parameter names to values, each a list of one. `format_name` is a short name such
    as csv or json, or `table`: text of at most `width` columns. Raises `ReleaseError`, `NotFound`
    with similar names, `BadParameter`, and what the engine raises.
    """
    release = open_release(folder, verify=False)
    query = find_query(release, name)
    request = QueryRequest(query.text, bindings=read_parameters(query, given))
    available = formats_for(query.form)
    try:
        format_ = (
            available[0] if format_name == TABLE else choose_named(format_name, available).format
        )
    except BadParameter:
        listed = ", ".join([TABLE, *(each.names[0] for each in available)])
        raise BadParameter(
            f"--format {shorten(format_name)} is not available for {query.name}. "
            f"Available: {listed}."
        ) from None

    async def collect() -> bytes:
        async with running_service(release, settings) as service:
            return await service.collect(request, format_)

    body = asyncio.run(collect())
    if format_name == TABLE and format_ is JSON:
        return table_text(json.loads(body), width).encode()
    return body


def table_text(document: Mapping[str, Any], width: int = UNLIMITED) -> str:
    """Lay out SPARQL results JSON as a table, of at most `width` columns of a terminal.

    Where a row has both `?x` and `?xLabel`, one column shows the label; IRIs of this graph are
    shortened to `id:beijing`. Wide cells end with `…`; with `width`, they are wrapped.
    """
    if "boolean" in document:
        return "yes\n" if document["boolean"] else "no\n"
    names: list[str] = document["head"]["vars"]
    rows: list[dict[str, dict[str, str]]] = document["results"]["bindings"]
    shown = [
        name
        for name in names
        if not name.endswith("Label") or name.removesuffix("Label") not in names
    ]
    cells = [[_cell(row.get(f"{name}Label", row.get(name))) for name in shown] for row in rows]
    return table(shown, cells, width, WIDEST_CELL)


def _cell(term: Mapping[str, str] | None) -> str:
    if term is None:
        return ""
    return compact(term["value"]) if term["type"] == "uri" else term["value"]
