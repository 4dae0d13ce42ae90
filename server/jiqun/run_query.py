"""`jiqun query`: a saved query from the command line, through the same engine as over HTTP."""

from __future__ import annotations

import asyncio
import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from unicodedata import combining, east_asian_width

from jiqun.errors import BadParameter, NotFound, shorten
from jiqun.query.engine import Engine
from jiqun.query.service import QueryRequest, QueryService
from jiqun.rdf.formats import JSON, TURTLE, Format, formats_for
from jiqun.rdf.namespaces import compact
from jiqun.release import Release, open_release
from jiqun.saved_queries import SavedQuery, read_parameters
from jiqun.settings import Settings
from jiqun.web.negotiation import choose_named

TABLE: Final = "table"
WIDEST_CELL: Final = 44
"""Columns that a cell of the table takes at most."""


def run_query(
    folder: Path,
    name: str,
    given: Mapping[str, Sequence[str]],
    format_name: str,
    settings: Settings,
) -> bytes:
    """Run the saved query `name` of a release and give its answer, encoded in UTF-8.

    `given` maps parameter names to values, each a list of one. `format_name` is a short name such
    as csv or json, or `table`: a plain table for a terminal. Raises `ReleaseError`, `NotFound`
    with the nearest names, `BadParameter`, and what the engine raises.
    """
    release = open_release(folder, verify=False)
    query = find_query(release, name)
    substitutions = read_parameters(query, given)
    table = format_name == TABLE
    format_ = _table_source(query) if table else _format(query, format_name)
    question = QueryRequest(query.text, bindings=substitutions)
    body = asyncio.run(_answer(release, question, format_, settings))
    if table and format_ is JSON:
        return table_text(json.loads(body)).encode()
    return body


def find_query(release: Release, name: str) -> SavedQuery:
    """Find a saved query by its name; raises `NotFound` with the names most like it."""
    query = release.queries.get(name)
    if query is not None:
        return query
    near = difflib.get_close_matches(name, release.queries, n=3, cutoff=0.4)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    raise NotFound(f"There is no saved query {shorten(name)}.{hint}")


def _table_source(query: SavedQuery) -> Format:
    return JSON if query.form in {"SELECT", "ASK"} else TURTLE


def _format(query: SavedQuery, format_name: str) -> Format:
    available = formats_for(query.form)
    try:
        return choose_named(format_name, available).format
    except BadParameter:
        listed = ", ".join([TABLE, *(each.names[0] for each in available)])
        raise BadParameter(
            f"--format {shorten(format_name)} is not possible for {query.name}. Possible: {listed}."
        ) from None


async def _answer(
    release: Release, question: QueryRequest, format_: Format, settings: Settings
) -> bytes:
    single = settings.model_copy(update={"workers": 1, "light_workers": 1})
    engine = Engine.from_settings(release.store, single)
    await engine.start()
    try:
        return await QueryService(release, engine, single).collect(question, format_)
    finally:
        await engine.stop()


def table_text(document: Mapping[str, Any]) -> str:
    """Lay out SPARQL results JSON as a table of plain text, aligned as terminals show it.

    East Asian characters take two columns. Where a row has both `?x` and `?xLabel`, one column
    shows the label; IRIs of this graph are shortened to `id:beijing`, long cells are cut with `…`.
    """
    if "boolean" in document:
        return "yes\n" if document["boolean"] else "no\n"
    names: list[str] = document["head"]["vars"]
    shown = [name for name in names if name.removesuffix("Label") == name or _alone(name, names)]
    rows = [[_cell(binding, name) for name in shown] for binding in document["results"]["bindings"]]
    widths = [max(map(_width, column)) for column in zip(shown, *rows, strict=True)]
    lines = [shown, ["─" * width for width in widths], *rows]
    body = "\n".join(_line(cells, widths) for cells in lines)
    count = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
    return f"{body}\n\n{count}\n"


def _alone(name: str, names: Sequence[str]) -> bool:
    return name.removesuffix("Label") not in names


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _cell(binding: Mapping[str, Mapping[str, str]], name: str) -> str:
    term = binding.get(f"{name}Label", binding.get(name))
    if term is None:
        return ""
    value = compact(term["value"]) if term["type"] == "uri" else term["value"]
    printable = "".join(each if each.isprintable() else " " for each in value)
    return printable if _width(printable) <= WIDEST_CELL else _cut(printable)


def _cut(text: str) -> str:
    kept = ""
    for character in text:
        if _width(kept + character) >= WIDEST_CELL:
            break
        kept += character
    return f"{kept}…"


def _width(text: str) -> int:
    return sum(
        2 if east_asian_width(each) in "WF" else 0 if combining(each) else 1 for each in text
    )
