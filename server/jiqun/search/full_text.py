"""Full-text search in one of the Tantivy indexes of a release, by terms and never by syntax."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tantivy

from jiqun.errors import ReleaseError
from jiqun.names import LONGEST_START, is_han

NOT_A_FACT: Final = 0
"""The class of everything but facts."""

_MOST_CLASSES: Final = 500
_LEAST_PIECES: Final = 8
_ENOUGH: Final = 30_000
"""Documents that pieces find together, from which on commoner pieces are left out."""


@dataclass(frozen=True)
class Found:
    """The best documents, with how many there are, in all and of each class."""

    ids: list[int]
    total: int
    classes: dict[int, int]


class FullText:
    """An index with the fields `piece`, `id` and `class`; any number of threads may ask it."""

    def __init__(self, folder: Path) -> None:
        """Open the index; raises `ReleaseError` when it cannot be read."""
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        try:
            self._open(folder)
        except (OSError, ValueError):
            self._open_copy(folder)

    def _open(self, folder: Path) -> None:
        index = tantivy.Index.open(str(folder))
        index.config_reader(reload_policy="manual")
        self._searcher = index.searcher()
        self._schema = index.schema

    def _open_copy(self, folder: Path) -> None:
        """Open a copy: Tantivy locks the folder while it opens it, and this one is read-only."""
        self._copy = tempfile.TemporaryDirectory(prefix="jiqun-search-")
        copied = Path(self._copy.name) / "index"
        try:
            shutil.copytree(folder, copied)
            self._open(copied)
        except (OSError, ValueError):
            self.close()
            raise ReleaseError(
                "The release has no search index that can be read. Build it anew with "
                "`jiqun build`."
            ) from None

    def close(self) -> None:
        """Remove what was copied."""
        if self._copy is not None:
            self._copy.cleanup()

    def any_of(
        self, pieces: Collection[str], classes: Sequence[int] | None, most: int
    ) -> list[int]:
        """Give the documents with most, and the rarest, of these pieces; best first.

        The pieces that most documents have are left out where the others find enough.
        """
        telling = self._rarest(pieces)
        if not telling:
            return []
        terms = [(tantivy.Occur.Should, self._term(piece)) for piece in telling]
        query = self._restricted(tantivy.Query.boolean_query(terms), classes)
        return self._ids(query, most)

    def _rarest(self, pieces: Collection[str]) -> list[str]:
        counted = sorted((self._searcher.doc_freq("piece", piece), piece) for piece in pieces)
        chosen: list[str] = []
        found = 0
        for count, piece in counted:
            if count and (len(chosen) < _LEAST_PIECES or found + count <= _ENOUGH):
                chosen.append(piece)
                found += count
        return chosen

    def all_of(
        self, pieces: Collection[str], classes: Sequence[int] | None, most: int
    ) -> list[int]:
        """Give documents that have all of these pieces."""
        terms = [(tantivy.Occur.Must, self._term(piece)) for piece in sorted(pieces)]
        query = self._restricted(tantivy.Query.boolean_query(terms), classes)
        return self._ids(query, most)

    def words(
        self, words: Collection[str], classes: Sequence[int] | None, most: int, offset: int = 0
    ) -> Found:
        """Find the documents that have all words; words of letters may be their beginnings only.

        Without classes, all documents are searched.
        """
        terms = [(tantivy.Occur.Must, self._word(word)) for word in sorted(words)]
        query = tantivy.Query.boolean_query(terms)
        counted = self._searcher.aggregate(
            query, {"classes": {"terms": {"field": "class", "size": _MOST_CLASSES}}}
        )
        by_class = {
            int(each["key"]): int(each["doc_count"]) for each in counted["classes"]["buckets"]
        }
        if classes is not None:
            query = self._restricted(query, classes)
        found = self._searcher.search(query, most, count=True, offset=offset)
        # The type stubs of the library lack the count.
        total: int = found.count  # type: ignore[attr-defined]
        return Found(self._numbers(found.hits), total, by_class)

    def _word(self, word: str) -> tantivy.Query:
        if is_han(word):
            return self._term(word)
        if len(word) <= LONGEST_START:
            return tantivy.Query.term_query(self._schema, "start", word)
        return tantivy.Query.fuzzy_term_query(self._schema, "piece", word, distance=0, prefix=True)

    def _term(self, piece: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, "piece", piece)

    def _restricted(self, query: tantivy.Query, classes: Sequence[int] | None) -> tantivy.Query:
        wanted = [NOT_A_FACT] if classes is None else list(classes)
        inside = tantivy.Query.const_score_query(
            tantivy.Query.term_set_query(self._schema, "class", wanted), 0.0
        )
        return tantivy.Query.boolean_query(
            [(tantivy.Occur.Must, query), (tantivy.Occur.Must, inside)]
        )

    def _ids(self, query: tantivy.Query, most: int) -> list[int]:
        return self._numbers(self._searcher.search(query, most, count=False).hits)

    def _numbers(self, hits: Sequence[tuple[object, tantivy.DocAddress]]) -> list[int]:
        addresses = [address for _, address in hits]
        return [int(value or 0) for value in self._searcher.fast_field_values("id", addresses)]
