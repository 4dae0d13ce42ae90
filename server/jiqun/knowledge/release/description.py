"""The list of a release's files for `docs/release-files.md`, from what each file says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jiqun.knowledge.release.offers import OFFERS
from jiqun.knowledge.release.table_files import TABLE_FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jiqun.knowledge.release.writing import Offer
    from jiqun.knowledge.tables import Table

_GROUPS: Final = {
    "rdf": "RDF",
    "tables": "Tables",
    "maps": "Maps",
    "graphs": "Networks",
    "about": "For programs",
}
_HEAD: Final = "| file | what | media type |\n|---|---|---|"


def release_files(tables: Sequence[Table], made: str) -> str:
    """Write the page; `made` is the comment that says who made it."""
    lines = [
        "# The files of a release",
        made,
        "How to use and check them: [dumps.md](dumps.md).",
    ]
    for group, heading in _GROUPS.items():
        rows = [_row(name, offer) for name, offer in sorted(OFFERS.items()) if offer.group == group]
        lines += [f"## {heading}", "\n".join([_HEAD, *rows])]
        if group == "tables":
            for table in tables:
                lines += _table(table)
    return "\n\n".join(lines) + "\n"


def file_names(name: str, offer: Offer) -> list[str]:
    """Return the names under which a content lies in the release folder."""
    return [f"{name}.gz", f"{name}.zst"] if offer.packed else [name]


def _row(name: str, offer: Offer) -> str:
    names = ", ".join(f"`{each}`" for each in file_names(name, offer))
    title = offer.title.get("en", "what the server reads")
    linked = f"[{title}]({offer.conforms_to})" if offer.conforms_to else title
    return f"| {names} | {linked} | `{offer.media_type}` |"


def _table(table: Table) -> Iterator[str]:
    names = ", ".join(f"`{table.name}.{suffix}`" for suffix in TABLE_FORMATS)
    yield f"### {table.name}"
    yield f"**{table.title['en']}** {table.title['zh-Hans']}. {table.description} {names}"
    rows = ["| column | type | |", "|---|---|---|"]
    for column in table.columns:
        key = "key; " if column.name in table.key else ""
        to = f" → [{column.refers}](#{column.refers})" if column.refers else ""
        rows.append(f"| `{column.name}` | {column.type}{to} | {key}{column.description} |")
    yield "\n".join(rows)
