"""The files of a release as people choose them: by what they are for, all packings together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.reader import Text, pick

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jiqun.endpoint.reader import Reader
    from jiqun.endpoint.release import Dump

_GROUPS: Final = ("rdf", "tables", "maps", "graphs")
_OTHERS: Final = "others"


@dataclass(frozen=True)
class Download:
    """One content: what it is, how many triples or rows it has, and the files that hold it."""

    title: Text
    count: int | None
    files: Sequence[Dump]


def group_downloads(dumps: Iterable[Dump], reader: Reader) -> list[tuple[str, Sequence[Download]]]:
    """Give the groups that have files, each by the key of its phrase, and what is in them."""
    contents: dict[tuple[str, str], list[Dump]] = {}
    for dump in dumps:
        group = dump.group if dump.group in _GROUPS else _OTHERS
        title = dump.title.get("en") or dump.name
        contents.setdefault((group, title), []).append(dump)
    found: list[tuple[str, Sequence[Download]]] = []
    for group in (*_GROUPS, _OTHERS):
        members = [
            _download(files, reader) for (where, _), files in contents.items() if where == group
        ]
        if members:
            found.append((f"downloads_{group}", members))
    return found


def _download(files: Sequence[Dump], reader: Reader) -> Download:
    first = files[0]
    count = first.triples if first.triples is not None else first.rows
    return Download(
        pick(first.title, reader) if first.title else Text(first.media_type), count, files
    )
