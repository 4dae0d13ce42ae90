"""The search index of a release, in the folder `search/`: records in SQLite, full text in Tantivy.

Search and reconciliation use it. Its content is reproducible, but its bytes depend on the
libraries, so the manifest does not hash it, nor the store.

`records.sqlite` is for exact look-ups:

| table | holds |
|---|---|
| `meta` | the format, and the tables of characters by which names are folded and read |
| `class`, `thing`, `thing_class` | classes, things (the most sought first), and their classes |
| `name` | every name: as written, folded, without official endings |

`names/` and `things/` are Tantivy indexes. A document has the fields `piece` and `start` (each
piece once), `id` and `class`. `names/` has the grams of each name, for similar names; `things/` has
the words of all names and of the description of each thing, and the beginnings of alphabetic words.
Class 0 contains everything except facts, whose labels are for display only.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import pyoxigraph as ox
import tantivy

from jiqun.knowledge.release.search_entries import (
    Entry,
    Kind,
    entries_of,
    readings,
    simplified_forms,
)
from jiqun.names import (
    CODE,
    COMPOSED,
    FACT,
    INDEX_FORMAT,
    LABEL,
    NOT_A_FACT,
    PINYIN,
    PLACES,
    Name,
    fold,
    name_grams,
    read_name,
    runs_of,
    text_words,
    word_starts,
)

_MEMORY: Final = 64_000_000
FOLDER: Final = "search"
_TABLES: Final = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA page_size = 8192;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE class (id INTEGER PRIMARY KEY, iri TEXT NOT NULL, labels TEXT NOT NULL,
  things INTEGER NOT NULL);
CREATE TABLE thing (id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, labels TEXT NOT NULL,
  description TEXT NOT NULL, types TEXT NOT NULL, rank INTEGER NOT NULL, ending TEXT NOT NULL);
CREATE TABLE thing_class (class INTEGER NOT NULL, thing INTEGER NOT NULL,
  PRIMARY KEY (class, thing)) WITHOUT ROWID;
CREATE TABLE name (id INTEGER PRIMARY KEY, thing INTEGER NOT NULL, text TEXT NOT NULL,
  lang TEXT NOT NULL, kind INTEGER NOT NULL, form TEXT NOT NULL, core TEXT NOT NULL,
  ending TEXT NOT NULL);
"""
_INDEXES: Final = """
CREATE INDEX name_form ON name (form);
CREATE INDEX name_core ON name (core);
CREATE INDEX name_thing ON name (thing);
CREATE INDEX class_thing ON thing_class (thing);
ANALYZE;
VACUUM;
"""


class _FullText:
    """Adds documents to a new Tantivy index until the context ends."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        builder = tantivy.SchemaBuilder()
        for field in ("piece", "start"):
            builder.add_text_field(field, tokenizer_name="whitespace", index_option="freq")
        builder.add_integer_field("id", fast=True)
        builder.add_integer_field("class", fast=True, indexed=True)
        self._folder = folder
        self._writer = tantivy.Index(builder.build(), path=str(folder)).writer(_MEMORY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            return
        self._writer.commit()
        self._writer.wait_merging_threads()
        for file in self._folder.iterdir():
            if file.suffix == ".lock":
                file.unlink()
            else:
                file.chmod(0o644)

    def add(
        self,
        number: int,
        classes: Iterable[int],
        pieces: Iterable[str],
        starts: Iterable[str] = (),
    ) -> None:
        """Add a document; pieces and beginnings of words contain no spaces."""
        document = tantivy.Document(
            piece=" ".join(sorted(pieces)), start=" ".join(sorted(starts)), id=number
        )
        for each in classes:
            document.add_integer("class", each)
        self._writer.add_document(document)


def write_search_index(triples: Iterable[ox.Triple], folder: Path) -> None:
    """Write the index of all things under `id:` in the default graph to a new folder."""
    write_entries(*entries_of(triples), folder)


@dataclass(frozen=True)
class _Read:
    """An entry with its number and classes; `names` are its labels, each folded and parsed."""

    number: int
    entry: Entry
    marks: tuple[int, ...]
    names: tuple[Name, ...]


class _Numbers(dict[str, int]):
    """The numbers of classes by IRI, assigned on first use."""

    def __missing__(self, iri: str) -> int:
        self[iri] = number = NOT_A_FACT + 1 + len(self)
        return number


def write_entries(kinds: Sequence[Kind], entries: Iterable[Entry], folder: Path) -> None:
    """Write the index of these entries, in their order of significance."""
    numbers = _Numbers()
    for kind in kinds:
        numbers[kind.iri] = numbers[kind.iri]
    _write(numbers, entries, lambda _: kinds, folder)


def write_streamed(
    entries: Iterable[Entry], kinds: Callable[[Iterable[str]], Iterable[Kind]], folder: Path
) -> None:
    """Write the index of streamed entries; `kinds` returns the classes, called at the end."""
    _write(_Numbers(), entries, kinds, folder)


def _write(
    numbers: _Numbers,
    entries: Iterable[Entry],
    kinds: Callable[[Iterable[str]], Iterable[Kind]],
    folder: Path,
) -> None:
    folder.mkdir()
    simple = simplified_forms()
    table = {ord(traditional): simplified for traditional, simplified in simple.items()}
    with (
        closing(sqlite3.connect(folder / "records.sqlite", isolation_level=None)) as database,
        _FullText(folder / "names") as names,
        _FullText(folder / "things") as things,
    ):
        database.executescript(_TABLES)
        database.execute("BEGIN")
        _write_meta(database, simple)
        first = 1
        for number, entry in enumerate(entries, 1):
            read = _read(number, entry, numbers, table)
            _write_thing(database, read, numbers)
            first = _write_names(database, names, read, first)
            words = _words(read, table)
            starts = {start for word in words for start in word_starts(word)}
            things.add(number, read.marks, words, starts)
        _write_classes(database, kinds(numbers), numbers)
        database.execute("COMMIT")
        database.executescript(_INDEXES)


def _read(number: int, entry: Entry, numbers: Mapping[str, int], table: Mapping[int, str]) -> _Read:
    own = tuple(numbers[iri] for iri in entry.classes)
    marks = own if entry.rank == FACT else (NOT_A_FACT, *own)
    return _Read(number, entry, marks, tuple(read_name(label.text, table) for label in entry.names))


def _write_meta(database: sqlite3.Connection, simple: Mapping[str, str]) -> None:
    values = {"format": INDEX_FORMAT, "readings": _json(readings()), "simplified": _json(simple)}
    database.executemany("INSERT INTO meta VALUES (?, ?)", values.items())


def _write_classes(
    database: sqlite3.Connection, kinds: Iterable[Kind], numbers: Mapping[str, int]
) -> None:
    database.executemany(
        "INSERT INTO class SELECT ?1, ?2, ?3, count(*) FROM thing_class WHERE class = ?1",
        ((numbers[kind.iri], kind.iri, _json(kind.labels)) for kind in kinds),
    )


def _write_thing(database: sqlite3.Connection, read: _Read, numbers: Mapping[str, int]) -> None:
    entry = read.entry
    labels, endings = {}, set()
    for label, name in zip(entry.names, read.names, strict=True):
        if label.kind == LABEL:
            labels[label.lang] = label.text
            endings.add(name.kind)
    official = sorted(endings & PLACES)
    row = (
        read.number,
        entry.slug,
        _json(labels),
        _json(entry.description),
        _json([numbers[iri] for iri in entry.types]),
        entry.rank,
        official[0] if len(official) == 1 else "",
    )
    database.execute("INSERT INTO thing VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    classes = ((numbers[iri], read.number) for iri in entry.classes)
    database.executemany("INSERT INTO thing_class VALUES (?, ?)", classes)


def _write_names(database: sqlite3.Connection, full: _FullText, read: _Read, first: int) -> int:
    """Write the names of a thing, numbered from `first`; return the next free number."""
    rows: list[tuple[int | str, ...]] = []
    cut: set[str] = set()
    for label, name in zip(read.entry.names, read.names, strict=True):
        if not name.form:
            continue
        number = first + len(rows)
        compared = (name.form, name.core, name.kind)
        rows.append((number, read.number, label.text, label.lang, label.kind, *compared))
        if label.kind not in {CODE, COMPOSED} and name.form not in cut:
            cut.add(name.form)
            full.add(number, read.marks, name_grams(name))
    database.executemany("INSERT INTO name VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return first + len(rows)


def _words(read: _Read, table: Mapping[int, str]) -> set[str]:
    words: set[str] = set()
    for label, name in zip(read.entry.names, read.names, strict=True):
        words |= text_words(name.runs) | text_words(runs_of(name.core))
        if label.kind == PINYIN:
            words.add(name.form)
    for text in (*read.entry.description.values(), *read.entry.around):
        words |= text_words(runs_of(fold(text, table)))
    return words - {""}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
