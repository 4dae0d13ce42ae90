"""The files of the release by purpose, and the complete list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jiqun.errors import NotFound
from jiqun.language import Reader, Text, pick
from jiqun.query.spreadsheet import for_spreadsheet
from jiqun.release import Dump
from jiqun.web.documents import Context, Document
from jiqun.web.pages.rendering import html_document, render

_TABLES: Final = ("clusters", "observations", "companies", "participations", "regions", "goals")
_PURPOSES: Final[Mapping[str, tuple[str, ...]]] = {
    "gephi": ("jiqun.gexf", "jiqun.graphml"),
    "store": ("jiqun.nq.gz", "jiqun.ttl.gz", "evidence.ttl.gz", "jiqun-1.2.ttl.gz"),
    "map": ("clusters.geojson", "regions.geojson"),
}
"""The files for a purpose, best first; tables are listed separately."""

_GROUPS: Final = ("rdf", "tables", "maps", "graphs")
_OTHERS: Final = "others"
_CSV: Final = "text/csv; charset=utf-8"


@dataclass(frozen=True)
class File:
    """A file for a purpose, with its title, address and number of rows or triples."""

    title: Text
    href: str
    dump: Dump
    count: int | None


Download = tuple[Text, int | None, Sequence[Dump]]
"""Some content of the release, its number of triples or rows, and the files that hold it."""


def dumps_page(context: Context, reader: Reader, root: str) -> Document:
    """Return the page of the files; `root` is the public URL of the site."""
    dumps = context.release.dumps
    page = render(
        "dumps.html",
        reader,
        release=context.release,
        excel=_files([f"{name}.csv" for name in _TABLES], dumps, reader, "?excel=1"),
        pandas=[name for name in _TABLES if f"{name}.parquet" in dumps][:2],
        purposes={purpose: _files(names, dumps, reader) for purpose, names in _PURPOSES.items()},
        groups=group_downloads(dumps.values(), reader),
        sheets={name for name in dumps if name.endswith(".csv")},
        site=root,
    )
    return html_document(page, reader)


def _files(
    names: Iterable[str], dumps: Mapping[str, Dump], reader: Reader, suffix: str = ""
) -> Sequence[File]:
    return [
        File(
            pick(dump.title, reader) if dump.title else Text(name),
            f"{reader.root}/dumps/{name}{suffix}",
            dump,
            dump.triples if dump.triples is not None else dump.rows,
        )
        for name in names
        if (dump := dumps.get(name)) is not None
    ]


def group_downloads(dumps: Iterable[Dump], reader: Reader) -> list[tuple[str, Sequence[Download]]]:
    """Return the groups of files by kind, each with the key of its phrase."""
    contents: dict[tuple[str, str], list[Dump]] = {}
    for dump in dumps:
        group = dump.group if dump.group in _GROUPS else _OTHERS
        contents.setdefault((group, dump.title.get("en") or dump.name), []).append(dump)
    found: dict[str, list[Download]] = {group: [] for group in (*_GROUPS, _OTHERS)}
    for (group, _), files in contents.items():
        dump = files[0]
        title = pick(dump.title, reader) if dump.title else Text(dump.media_type)
        count = dump.triples if dump.triples is not None else dump.rows
        found[group].append((title, count, files))
    return [(f"downloads_{group}", members) for group, members in found.items() if members]


def spreadsheet_document(context: Context, name: str) -> Document:
    """Return a table as CSV for spreadsheets: with a byte order mark, and no cell a formula."""
    dump = context.release.dumps.get(name)
    if dump is None or not name.endswith(".csv"):
        raise NotFound("Only CSV tables are available for spreadsheets.")
    with dump.open() as file:
        body = for_spreadsheet(file.read())
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Vary": "Accept-Encoding",
    }
    return Document(body, _CSV, headers=headers)
