"""Writes the full-text indexes of a release, with Tantivy.

A document has the fields `piece` and `start` (each piece once), `id` and `class`.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import tantivy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_MEMORY: Final = 64_000_000


class FullTextWriter:
    """Takes documents until the index is closed."""

    def __init__(self, folder: Path) -> None:
        """Begin an index in this folder, which is empty."""
        builder = tantivy.SchemaBuilder()
        for field in ("piece", "start"):
            builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
        builder.add_integer_field("id", fast=True)
        builder.add_integer_field("class", fast=True, indexed=True)
        self._writer = tantivy.Index(builder.build(), path=str(folder)).writer(_MEMORY, 1)

    def add(
        self,
        number: int,
        classes: Iterable[int],
        pieces: Iterable[str],
        starts: Iterable[str] = (),
    ) -> None:
        """Add a document; pieces and beginnings of words have no spaces in them."""
        document = tantivy.Document(
            piece=" ".join(sorted(pieces)), start=" ".join(sorted(starts)), id=number
        )
        for each in classes:
            document.add_integer("class", each)
        self._writer.add_document(document)

    def commit(self) -> None:
        """Write all that was added."""
        self._writer.commit()
        self._writer.wait_merging_threads()


@contextmanager
def full_text(folder: Path) -> Iterator[FullTextWriter]:
    """Write an index to a new folder, and make its files as others of a release."""
    folder.mkdir()
    writer = FullTextWriter(folder)
    yield writer
    writer.commit()
    for lock in folder.glob("*.lock"):
        lock.unlink()
    for file in folder.iterdir():
        file.chmod(0o644)
