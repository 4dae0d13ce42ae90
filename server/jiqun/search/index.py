"""Reads the search index of a release: candidates for a name, things for words, classes.

The files are opened read-only and never change, so any number of threads may each have a
connection. What people type reaches SQLite only as values and Tantivy only as terms: neither's
query syntax can be typed.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from jiqun.errors import QueryTimeout, ReleaseError
from jiqun.names import SHORT, Name, han_length, is_han, name_grams, read_name
from jiqun.search.full_text import FullText

FILE: Final = "records.sqlite"
FORMAT: Final = "2"
LABEL, ALTERNATIVE, NICKNAME, PINYIN, CODE = range(5)
FACT: Final = 2
"""The rank of things that have a label only to be shown: figures, designations, applications."""

_SAME: Final = 120
_ALIKE: Final = 50
_STEPS: Final = 2_000
_LAST: Final = "\U0010ffff"
_NAMES: Final = (
    "SELECT n.id, n.thing, n.text, n.lang, n.kind, n.form, n.core, n.ending, t.ending "
    "FROM name n JOIN thing t ON t.id = n.thing"
)


@dataclass(frozen=True)
class IndexedName:
    """One name of a thing: as written, and as it is compared.

    `ending` says what kind of thing the name says it is, `official` what kind of place the label
    of the thing says it is.
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
    """A thing; `types` are the numbers of its most specific classes."""

    id: int
    slug: str
    labels: Mapping[str, str]
    description: Mapping[str, str]
    types: tuple[int, ...]
    rank: int


@dataclass(frozen=True)
class IndexedClass:
    """A class, its labels by language, and how many things it has."""

    id: int
    iri: str
    labels: Mapping[str, str]
    things: int


class SearchIndex:
    """One connection to the index; for one thread at a time."""

    def __init__(self, folder: Path, names: FullText, words: FullText) -> None:
        """Open the records; raises `ReleaseError` when they are missing or of another format.

        `names` and `words` are the full-text indexes of names and things; connections share them.
        """
        self._names = names
        self.words = words
        try:
            self._database = sqlite3.connect(
                f"{(folder / FILE).resolve().as_uri()}?mode=ro&immutable=1",
                uri=True,
                check_same_thread=False,
            )
            self._database.execute("PRAGMA mmap_size = 268435456")
            found = self._database.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
        except sqlite3.Error:
            raise ReleaseError(
                "The release has no search index that can be read. Build it anew with "
                "`jiqun build`."
            ) from None
        if found[0] != FORMAT:
            raise ReleaseError(
                f"The search index has format {found[0]}; this program reads format {FORMAT}."
            )
        self._deadline = 0.0
        self._database.set_progress_handler(self._too_late, _STEPS)

    def close(self) -> None:
        """Close the connection."""
        self._database.close()

    def limit(self, seconds: float) -> None:
        """From now on, give up what takes until `seconds` from now, with `QueryTimeout`."""
        self._deadline = time.monotonic() + seconds

    def _too_late(self) -> bool:
        return self._deadline != 0 and time.monotonic() > self._deadline

    def rows(self, text: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Run a query; raises `QueryTimeout` past the time limit."""
        try:
            return self._database.execute(text, tuple(values)).fetchall()
        except sqlite3.OperationalError as error:
            if "interrupted" in str(error):
                raise QueryTimeout("The search took too long. Look for something rarer.") from None
            raise

    @cached_property
    def simplified(self) -> dict[int, str]:
        """The table by which names are folded."""
        pairs = json.loads(self._meta("simplified"))
        return {ord(traditional): simple for traditional, simple in pairs.items()}

    @cached_property
    def readings(self) -> dict[str, str]:
        """The reading of each Han character in pinyin, without tones."""
        return dict(json.loads(self._meta("readings")))

    def _meta(self, key: str) -> str:
        return str(self.rows("SELECT value FROM meta WHERE key = ?", (key,))[0][0])

    @cached_property
    def classes(self) -> dict[int, IndexedClass]:
        """All classes by number."""
        return {
            number: IndexedClass(number, iri, json.loads(labels), things)
            for number, iri, labels, things in self._database.execute("SELECT * FROM class")
        }

    def read(self, text: str) -> Name:
        """Fold a name as the names of this index are folded."""
        return read_name(text, self.simplified)

    def reading(self, text: str) -> str:
        """Give the pinyin of a folded text, without spaces; other characters stay."""
        return "".join(self.readings.get(character, character) for character in text)

    def things(self, ids: Iterable[int]) -> dict[int, IndexedThing]:
        """Give things by number."""
        wanted = list(ids)
        marks = ",".join("?" * len(wanted))
        rows = self._database.execute(f"SELECT * FROM thing WHERE id IN ({marks})", wanted)  # noqa: S608 -- question marks only
        return {
            row[0]: IndexedThing(
                row[0],
                row[1],
                json.loads(row[2]),
                json.loads(row[3]),
                tuple(json.loads(row[4])),
                row[5],
            )
            for row in rows
        }

    def thing_of(self, slug: str) -> IndexedThing | None:
        """Give the thing with this slug; None when there is none."""
        rows = self._database.execute("SELECT id FROM thing WHERE slug = ?", (slug,)).fetchall()
        return self.things([rows[0][0]])[rows[0][0]] if rows else None

    def ranks_of(self, things: Iterable[int]) -> dict[int, int]:
        """Give the ranks of things: the lower, the more it is looked for by name."""
        wanted = list(things)
        marks = ",".join("?" * len(wanted))
        text = f"SELECT id, rank FROM thing WHERE id IN ({marks})"  # noqa: S608 -- question marks only
        return dict(self._database.execute(text, wanted).fetchall())

    def class_numbers(self, iris: Iterable[str]) -> tuple[int, ...]:
        """Give the numbers of classes; those that no thing has are left out."""
        wanted = set(iris)
        return tuple(each.id for each in self.classes.values() if each.iri in wanted)

    def candidates(self, name: Name, classes: Sequence[int] | None) -> list[IndexedName]:
        """Give the names that are, or resemble, this one; of things of one of the classes.

        Without classes, facts are left out.
        """
        found = {each.id: each for each in self._same(name, classes)}
        for each in self._alike(name, classes):
            found.setdefault(each.id, each)
        return list(found.values())

    def _same(self, name: Name, classes: Sequence[int] | None) -> list[IndexedName]:
        forms = {name.form, name.core, self.reading(name.form), self.reading(name.core)} - {""}
        wanted = sorted(forms)
        marks = ",".join("?" * len(wanted))
        where, values = _restriction(classes)
        return self._select(
            f"{_NAMES} WHERE (n.form IN ({marks}) OR n.core IN ({marks})) "
            f"AND {where} ORDER BY n.thing, n.id LIMIT {_SAME}",
            (*wanted, *wanted, *values),
        )

    def _alike(self, name: Name, classes: Sequence[int] | None) -> list[IndexedName]:
        grams = name_grams(name)
        alone = {gram for gram in grams if len(gram) == 1 and is_han(gram)}
        found = self._names.any_of(grams - alone, classes, _ALIKE)
        if 2 <= han_length(name.core) <= SHORT and alone:
            found += self._names.all_of(alone, classes, _ALIKE)
        marks = ",".join("?" * len(found))
        return self._select(f"{_NAMES} WHERE n.id IN ({marks})", found)

    def _select(self, text: str, values: Sequence[object]) -> list[IndexedName]:
        return [IndexedName(*row) for row in self.rows(text, values)]  # type: ignore[arg-type]

    def names_of(self, things: Iterable[int]) -> list[IndexedName]:
        """Give all names of these things, the most telling first."""
        wanted = list(things)
        marks = ",".join("?" * len(wanted))
        return self._select(f"{_NAMES} WHERE n.thing IN ({marks}) ORDER BY n.thing, n.id", wanted)

    def beginning_with(
        self, form: str, classes: Sequence[int] | None, most: int
    ) -> list[IndexedName]:
        """Give names that begin with this folded text, short ones of sought things first."""
        where, values = _restriction(classes)
        return self._select(
            f"{_NAMES} WHERE n.form >= ? AND n.form < ? AND {where} "
            f"ORDER BY length(n.form), n.thing LIMIT {most}",
            (form, form + _LAST, *values),
        )


def _restriction(classes: Sequence[int] | None) -> tuple[str, tuple[int, ...]]:
    if classes is None:
        return f"t.rank < {FACT}", ()
    marks = ",".join("?" * len(classes))
    inside = f"SELECT 1 FROM thing_class c WHERE c.thing = n.thing AND c.class IN ({marks})"  # noqa: S608 -- question marks only
    return f"EXISTS ({inside})", tuple(classes)
