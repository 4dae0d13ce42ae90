"""The search index of a release, in the folder `search/`: records in SQLite, full text in Tantivy.

It serves search and reconciliation. Its content is the same wherever it is built; its bytes depend
on the libraries, so the manifest does not hash it, as it does not hash the store.

`records.sqlite` answers what is looked up exactly:

| table | holds |
|---|---|
| `meta` | the format, and the tables of characters by which names are folded and read |
| `class`, `thing`, `thing_class` | classes, things (the most looked for first), which is which |
| `name` | every name: as written, folded, without official endings |

`names/` and `things/` are Tantivy indexes with the fields `piece`, `id` and `class`: the pieces of
each name, for names that resemble another, and the words of all names and the description of each
thing. Class 0 is that of everything but facts, which have a label only to be shown.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import tantivy

from jiqun.knowledge.release.characters import readings, simplified_forms
from jiqun.knowledge.release.entries import CODE, FACT, LABEL, PINYIN, entries_of
from jiqun.names import PLACES, fold, name_grams, read_name, runs_of, text_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyoxigraph as ox

    from jiqun.knowledge.release.entries import Entry, Kind
    from jiqun.names import Name

FORMAT: Final = 1
FOLDER: Final = "search"
NOT_A_FACT: Final = 0

_MEMORY: Final = 64_000_000
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


def write_search_index(triples: Iterable[ox.Triple], folder: Path) -> None:
    """Write the index of all things under `id:` in the default graph to a new folder."""
    write_entries(*entries_of(triples), folder)


def write_entries(kinds: Sequence[Kind], entries: Sequence[Entry], folder: Path) -> None:
    """Write the index of these entries, whose order tells what is looked for first."""
    folder.mkdir()
    simple = simplified_forms()
    table = {ord(traditional): simplified for traditional, simplified in simple.items()}
    numbers = {kind.iri: number for number, kind in enumerate(kinds, NOT_A_FACT + 1)}
    marked = [_classes(entry, numbers) for entry in entries]
    with closing(sqlite3.connect(folder / "records.sqlite", isolation_level=None)) as database:
        database.executescript(_TABLES)
        database.execute("BEGIN")
        _write_meta(database, simple)
        _write_things(database, kinds, entries, numbers, table)
        _write_full_text(folder / "names", _write_names(database, entries, marked, table))
        database.execute("COMMIT")
        database.executescript(_INDEXES)
    words = (
        (number, marks, set(_words(entry, table)))
        for number, (entry, marks) in enumerate(zip(entries, marked, strict=True), 1)
    )
    _write_full_text(folder / "things", words)


def _classes(entry: Entry, numbers: Mapping[str, int]) -> tuple[int, ...]:
    own = tuple(numbers[iri] for iri in entry.classes)
    return own if entry.rank == FACT else (NOT_A_FACT, *own)


def _write_full_text(
    folder: Path, documents: Iterable[tuple[int, tuple[int, ...], set[str]]]
) -> None:
    """Write a Tantivy index of documents: number, classes, pieces."""
    folder.mkdir()
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("piece", tokenizer_name="whitespace", index_option="freq")
    builder.add_integer_field("id", fast=True)
    builder.add_integer_field("class", fast=True, indexed=True)
    writer = tantivy.Index(builder.build(), path=str(folder)).writer(_MEMORY, 1)
    for number, classes, pieces in documents:
        document = tantivy.Document(piece=" ".join(sorted(pieces)), id=number)
        for each in classes:
            document.add_integer("class", each)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    for lock in folder.glob("*.lock"):
        lock.unlink()
    for file in folder.iterdir():
        file.chmod(0o644)


def _write_meta(database: sqlite3.Connection, simple: Mapping[str, str]) -> None:
    values = {"format": str(FORMAT), "readings": _json(readings()), "simplified": _json(simple)}
    database.executemany("INSERT INTO meta VALUES (?, ?)", values.items())


def _write_things(
    database: sqlite3.Connection,
    kinds: Sequence[Kind],
    entries: Sequence[Entry],
    numbers: Mapping[str, int],
    table: Mapping[int, str],
) -> None:
    database.executemany(
        "INSERT INTO thing VALUES (?, ?, ?, ?, ?, ?, ?)",
        (_thing_row(number, entry, numbers, table) for number, entry in enumerate(entries, 1)),
    )
    database.executemany(
        "INSERT INTO thing_class VALUES (?, ?)",
        (
            (numbers[iri], number)
            for number, entry in enumerate(entries, 1)
            for iri in entry.classes
        ),
    )
    database.executemany(
        "INSERT INTO class SELECT ?1, ?2, ?3, count(*) FROM thing_class WHERE class = ?1",
        ((numbers[kind.iri], kind.iri, _json(kind.labels)) for kind in kinds),
    )


def _thing_row(
    number: int, entry: Entry, numbers: Mapping[str, int], table: Mapping[int, str]
) -> tuple[Any, ...]:
    labels = {name.lang: name.text for name in entry.names if name.kind == LABEL}
    endings = {read_name(text, table).kind for text in labels.values()}
    official = sorted(endings & PLACES)
    types = _json([numbers[iri] for iri in entry.types])
    ending = official[0] if len(official) == 1 else ""
    described = _json(entry.description)
    return (number, entry.slug, _json(labels), described, types, entry.rank, ending)


def _write_names(
    database: sqlite3.Connection,
    entries: Sequence[Entry],
    marked: Sequence[tuple[int, ...]],
    table: Mapping[int, str],
) -> Iterator[tuple[int, tuple[int, ...], set[str]]]:
    """Write the names; gives number, classes and pieces of each form that a thing has."""
    number = 0
    for thing, (entry, marks) in enumerate(zip(entries, marked, strict=True), 1):
        cut: set[str] = set()
        for label in entry.names:
            name = read_name(label.text, table)
            if not name.form:
                continue
            number += 1
            database.execute(
                "INSERT INTO name VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (number, thing, label.text, label.lang, label.kind, *_compared(name)),
            )
            if label.kind != CODE and name.form not in cut:
                cut.add(name.form)
                yield number, marks, name_grams(name)


def _compared(name: Name) -> tuple[str, str, str]:
    return name.form, name.core, name.kind


def _words(entry: Entry, table: Mapping[int, str]) -> Iterator[str]:
    for label in entry.names:
        runs = runs_of(fold(label.text, table))
        yield from text_words(runs)
        if label.kind == PINYIN:
            yield "".join(runs)
    for text in entry.description.values():
        yield from text_words(runs_of(fold(text, table)))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
