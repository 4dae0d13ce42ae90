"""The search index of a release: names, things and classes in SQLite, full text in Tantivy.

`jiqun.knowledge.release.search_index` writes it and describes its tables and fields. The files are
opened read-only and never change. User input reaches SQLite only as bound values and Tantivy only
as terms, so neither query syntax can be injected.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import tantivy

from jiqun.errors import ReleaseError
from jiqun.names import (
    FACT,
    INDEX_FORMAT,
    LONGEST_START,
    NOT_A_FACT,
    SHORT,
    Name,
    han_length,
    is_han,
    name_grams,
    read_name,
)
from jiqun.rdf.namespaces import iri_of

FILE: Final = "records.sqlite"

_SAME_LIMIT: Final = 120
_SIMILAR_LIMIT: Final = 50
_LAST: Final = "\U0010ffff"
_NAMES: Final = (
    "SELECT n.id, n.thing, n.text, n.lang, n.kind, n.form, n.core, n.ending, t.ending "
    "FROM name n JOIN thing t ON t.id = n.thing"
)
_UNREADABLE: Final = (
    "The search index of the release cannot be read. Rebuild the release with `jiqun build`."
)

_MAX_CLASSES: Final = 500
_MIN_PIECES: Final = 8
_MAX_POSTINGS: Final = 30_000
"""Documents that the pieces of a query may match before the most common ones are dropped."""


@dataclass(frozen=True)
class IndexedName:
    """One name of a thing: as written, and in the compared forms.

    `ending` is the kind of thing that the name indicates, `official` the kind of place in the label
    of the thing.
    """

    id: int
    thing: int
    text: str
    lang: str
    kind: int
    form: str
    core: str
    ending: str
    official: str


@dataclass(frozen=True)
class IndexedThing:
    """A thing; `types` are the numbers of its most specific classes.

    `slug` is the local name of an IRI in `id:`, or a whole foreign IRI.
    """

    id: int
    slug: str
    labels: Mapping[str, str]
    description: Mapping[str, str]
    types: tuple[int, ...]
    rank: int

    @property
    def iri(self) -> str:
        """The IRI of the thing."""
        return iri_of(self.slug)

    @property
    def path(self) -> str:
        """The path of its page on this site."""
        return f"/page?{urlencode({'iri': self.slug})}" if ":" in self.slug else f"/doc/{self.slug}"


@dataclass(frozen=True)
class IndexedClass:
    """A class, its labels by language, and its number of things."""

    id: int
    iri: str
    labels: Mapping[str, str]
    things: int


@dataclass(frozen=True)
class Found:
    """The best documents, and the number of matches in total and by class."""

    ids: list[int]
    total: int
    classes: dict[int, int]


class SearchIndex:
    """Reads the search index; not thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Open the index in `folder`; raises `ReleaseError` if it is missing or unreadable."""
        if not folder.is_dir():
            raise ReleaseError("This release has no search index. Rebuild it with `jiqun build`.")
        self._names = _FullText(folder / "names")
        self._things = _FullText(folder / "things")
        try:
            self._database = sqlite3.connect(
                f"{(folder / FILE).resolve().as_uri()}?mode=ro&immutable=1",
                uri=True,
                check_same_thread=False,
            )
            self._database.execute("PRAGMA mmap_size = 268435456")
            version = self._meta("format")
        except sqlite3.Error:
            raise ReleaseError(_UNREADABLE) from None
        if version != INDEX_FORMAT:
            raise ReleaseError(
                f"The search index has format {version}; this version reads format {INDEX_FORMAT}."
            )

    @cached_property
    def simplified(self) -> dict[int, str]:
        """The table for `str.translate` from Traditional to Simplified characters."""
        pairs = json.loads(self._meta("simplified"))
        return {ord(traditional): simple for traditional, simple in pairs.items()}

    @cached_property
    def readings(self) -> dict[str, str]:
        """The pinyin of each Han character, without tones."""
        return dict(json.loads(self._meta("readings")))

    @cached_property
    def classes(self) -> dict[int, IndexedClass]:
        """All classes by number."""
        return {
            number: IndexedClass(number, iri, json.loads(labels), things)
            for number, iri, labels, things in self._database.execute("SELECT * FROM class")
        }

    def _meta(self, key: str) -> str:
        found = self._database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(found[0])

    def read(self, text: str) -> Name:
        """Fold a name in the same way as the names of this index."""
        return read_name(text, self.simplified)

    def syllables(self, text: str) -> tuple[str, ...]:
        """Return the pinyin of each character of a folded text; others are unchanged."""
        return tuple(self.readings.get(character, character) for character in text)

    def things(self, ids: Iterable[int]) -> dict[int, IndexedThing]:
        """Return things by number."""
        rows = self._rows("SELECT * FROM thing WHERE id IN ({})", ids)
        return {
            number: IndexedThing(
                number,
                slug,
                json.loads(labels),
                json.loads(description),
                tuple(json.loads(types)),
                rank,
            )
            for number, slug, labels, description, types, rank, _ in rows
        }

    def thing_of(self, slug: str) -> IndexedThing | None:
        """Return the thing with this slug, or None."""
        row = self._database.execute("SELECT id FROM thing WHERE slug = ?", (slug,)).fetchone()
        return self.things([row[0]])[row[0]] if row else None

    def slugs(self, first: int, limit: int) -> list[str]:
        """Return slugs of things, ordered by number, starting from a number."""
        rows = self._database.execute(
            "SELECT slug FROM thing WHERE id >= ? ORDER BY id LIMIT ?", (first, limit)
        )
        return [str(slug) for (slug,) in rows]

    def slugs_beginning(self, start: str, limit: int) -> list[str]:
        """Return slugs with this prefix, sorted."""
        rows = self._database.execute(
            "SELECT slug FROM thing WHERE slug >= ? AND slug < ? ORDER BY slug LIMIT ?",
            (start, start + _LAST, limit),
        )
        return [str(slug) for (slug,) in rows]

    def ranks_of(self, things: Iterable[int]) -> dict[int, int]:
        """Return the ranks of things; lower ranks are more likely to be searched by name."""
        return dict(self._rows("SELECT id, rank FROM thing WHERE id IN ({})", things))

    def class_numbers(self, iris: Iterable[str]) -> tuple[int, ...]:
        """Return the numbers of classes, without those that have no things."""
        wanted = set(iris)
        return tuple(each.id for each in self.classes.values() if each.iri in wanted)

    def candidates(self, name: Name, classes: Sequence[int] | None) -> list[IndexedName]:
        """Return names equal or similar to this one, of things in one of the classes.

        Without classes, all things but facts are considered.
        """
        found = {each.id: each for each in self._same(name, classes)}
        for each in self._similar(name, classes):
            found.setdefault(each.id, each)
        return list(found.values())

    def _same(self, name: Name, classes: Sequence[int] | None) -> list[IndexedName]:
        readings = {"".join(self.syllables(text)) for text in (name.form, name.core)}
        wanted = sorted({name.form, name.core, *readings} - {""})
        marks = _marks(wanted)
        where, values = _restriction(classes)
        return self._select(
            f"WHERE (n.form IN ({marks}) OR n.core IN ({marks})) "
            f"AND {where} ORDER BY n.thing, n.id LIMIT {_SAME_LIMIT}",
            (*wanted, *wanted, *values),
        )

    def _similar(self, name: Name, classes: Sequence[int] | None) -> list[IndexedName]:
        grams = name_grams(name)
        single = {gram for gram in grams if len(gram) == 1 and is_han(gram)}
        found = self._names.any_of(grams - single, classes, _SIMILAR_LIMIT)
        if 2 <= han_length(name.core) <= SHORT and single:
            found += self._names.all_of(single, classes, _SIMILAR_LIMIT)
        return self._select(f"WHERE n.id IN ({_marks(found)})", found)

    def names_of(self, things: Iterable[int]) -> list[IndexedName]:
        """Return all names of these things, sorted by thing and by kind of name."""
        ids = list(things)
        return self._select(f"WHERE n.thing IN ({_marks(ids)}) ORDER BY n.thing, n.id", ids)

    def beginning_with(
        self, form: str, classes: Sequence[int] | None, limit: int
    ) -> list[IndexedName]:
        """Return names that begin with this folded text, the shortest first."""
        where, values = _restriction(classes)
        return self._select(
            f"WHERE n.form >= ? AND n.form < ? AND {where} "
            f"ORDER BY length(n.form), n.thing LIMIT {limit}",
            (form, form + _LAST, *values),
        )

    def things_with(
        self, words: Collection[str], classes: Sequence[int] | None, limit: int, offset: int = 0
    ) -> Found:
        """Return the things whose names and descriptions have all words; see `_FullText.words`."""
        return self._things.words(words, classes, limit, offset)

    def _select(self, rest: str, values: Sequence[object]) -> list[IndexedName]:
        rows = self._database.execute(f"{_NAMES} {rest}", tuple(values))
        return [IndexedName(*row) for row in rows]

    def _rows(self, text: str, ids: Iterable[int]) -> list[tuple[Any, ...]]:
        wanted = list(ids)
        return self._database.execute(text.format(_marks(wanted)), wanted).fetchall()


def _marks(values: Collection[object]) -> str:
    return ",".join("?" * len(values))


def _restriction(classes: Sequence[int] | None) -> tuple[str, tuple[int, ...]]:
    if classes is None:
        return f"t.rank < {FACT}", ()
    inside = "SELECT 1 FROM thing_class c WHERE c.thing = n.thing AND c.class IN"
    return f"EXISTS ({inside} ({_marks(classes)}))", tuple(classes)


class _FullText:
    """A Tantivy index with the fields `piece`, `start`, `id` and `class`."""

    def __init__(self, folder: Path) -> None:
        try:
            try:
                self._open(folder)
            except (OSError, ValueError):
                self._open_linked(folder)
        except (OSError, ValueError):
            raise ReleaseError(_UNREADABLE) from None

    def _open(self, folder: Path) -> None:
        index = tantivy.Index.open(str(folder))
        index.config_reader(reload_policy="manual")
        self._searcher = index.searcher()
        self._schema = index.schema

    def _open_linked(self, folder: Path) -> None:
        # Tantivy creates a lock file in the folder, which may be read-only. Once open, it reads
        # from memory maps and no longer needs the links.
        with tempfile.TemporaryDirectory(prefix="jiqun-search-") as links:
            for file in folder.resolve().iterdir():
                if file.suffix != ".lock":
                    (Path(links) / file.name).symlink_to(file)
            self._open(Path(links))

    def any_of(
        self, pieces: Collection[str], classes: Sequence[int] | None, limit: int
    ) -> list[int]:
        """Return the documents with the most and rarest of these pieces, best first.

        The most common pieces are ignored when the others match enough documents.
        """
        terms = [(tantivy.Occur.Should, self._term(piece)) for piece in self._rarest(pieces)]
        if not terms:
            return []
        return self._ids(tantivy.Query.boolean_query(terms), classes, limit)

    def _rarest(self, pieces: Collection[str]) -> list[str]:
        counted = sorted((self._searcher.doc_freq("piece", piece), piece) for piece in pieces)
        chosen: list[str] = []
        postings = 0
        for count, piece in counted:
            if count and (len(chosen) < _MIN_PIECES or postings + count <= _MAX_POSTINGS):
                chosen.append(piece)
                postings += count
        return chosen

    def all_of(
        self, pieces: Collection[str], classes: Sequence[int] | None, limit: int
    ) -> list[int]:
        """Return documents that have all of these pieces."""
        terms = [(tantivy.Occur.Must, self._term(piece)) for piece in sorted(pieces)]
        return self._ids(tantivy.Query.boolean_query(terms), classes, limit)

    def words(
        self, words: Collection[str], classes: Sequence[int] | None, limit: int, offset: int
    ) -> Found:
        """Return the documents that have all words; Latin words match as prefixes.

        Without classes, all documents are searched.
        """
        terms = [(tantivy.Occur.Must, self._word(word)) for word in sorted(words)]
        query = tantivy.Query.boolean_query(terms)
        counted = self._searcher.aggregate(
            query, {"classes": {"terms": {"field": "class", "size": _MAX_CLASSES}}}
        )
        by_class = {
            int(each["key"]): int(each["doc_count"]) for each in counted["classes"]["buckets"]
        }
        if classes is not None:
            query = self._restricted(query, classes)
        found = self._searcher.search(query, limit, count=True, offset=offset)
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

    def _ids(self, query: tantivy.Query, classes: Sequence[int] | None, limit: int) -> list[int]:
        found = self._searcher.search(self._restricted(query, classes), limit, count=False)
        return self._numbers(found.hits)

    def _numbers(self, hits: Sequence[tuple[object, tantivy.DocAddress]]) -> list[int]:
        addresses = [address for _, address in hits]
        return [int(value or 0) for value in self._searcher.fast_field_values("id", addresses)]
