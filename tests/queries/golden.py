"""What every saved query answers over the project's own content, kept in `golden/`.

`python tests/queries/golden.py` writes the answers anew; `git diff tests/queries/golden` then shows
what a change of the data or of a query has changed. See README.md.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.knowledge.assembly import assemble, read_content
from jiqun.knowledge.content import locate
from jiqun.query.language_case import LanguageCase
from jiqun.saved_queries import SavedQuery, bind, read_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = Path(__file__).with_name("golden")
DEFAULTS: Final = FOLDER / "defaults"
MOST_ROWS: Final = 120
ENDINGS: Final = {"SELECT": "csv", "ASK": "txt", "CONSTRUCT": "ttl", "DESCRIBE": "ttl"}


@dataclass(frozen=True)
class Collection:
    """The saved queries by name, and the store with the content."""

    queries: Mapping[str, SavedQuery]
    store: ox.Store

    def text(self, name: str, values: Mapping[str, str]) -> str:
        """Return the query with the values of a request in it, and the defaults of the others."""
        query = self.queries[name]
        return bind(query.text, read_parameters(query, {key: [values[key]] for key in values}))

    def rows(self, text: str) -> list[str]:
        """Return the rows of a SELECT query as CSV, without the head."""
        return self.answer(text).splitlines()[1:]

    def answer(self, text: str) -> str:
        """Return the answer: CSV, true or false, or sorted N-Triples (which are Turtle too)."""
        found = self.store.query(text)
        if isinstance(found, ox.QueryBoolean):
            return f"{str(bool(found)).lower()}\n"
        if isinstance(found, ox.QuerySolutions):
            content = found.serialize(format=ox.QueryResultsFormat.CSV)
            return (content or b"").decode().replace("\r\n", "\n")
        lines = "".join(f"{triple} .\n" for triple in set(found)).encode()
        cased = LanguageCase("application/n-triples").write(lines).decode()
        return "".join(sorted(cased.splitlines(keepends=True)))


def collect() -> Collection:
    """Build the dataset of the content and read the saved queries."""
    knowledge = assemble(read_content(locate()))
    return Collection({query.name: query for query in knowledge.queries}, knowledge.store)


def golden(collection: Collection, name: str) -> tuple[Path, str]:
    """Return where the golden answer of a query stands and what it should be."""
    query = collection.queries[name]
    text = collection.text(name, query.example)
    return FOLDER / f"{name}.{ENDINGS[query.form]}", collection.answer(text)


def head_only(answer: str) -> str:
    """Return the head and the number of rows of a CSV with more rows than a person reads."""
    head, *rows = answer.splitlines(keepends=True)
    return answer if len(rows) <= MOST_ROWS else f"{head}# {len(rows)} rows\n"


def default_golden(collection: Collection, name: str) -> tuple[Path, str] | None:
    """Return the same for the answer without values, where it is another one."""
    query = collection.queries[name]
    if query.form != "SELECT" or not query.example:
        return None
    answer = collection.answer(collection.text(name, {}))
    if answer == golden(collection, name)[1]:
        return None
    return DEFAULTS / f"{name}.csv", head_only(answer)


def write() -> list[Path]:
    """Write all golden answers, remove those of queries that are no more, return what changed."""
    collection = collect()
    wanted = dict(golden(collection, name) for name in collection.queries)
    defaults = [default_golden(collection, name) for name in collection.queries]
    wanted |= dict(found for found in defaults if found)
    DEFAULTS.mkdir(exist_ok=True)
    there = [path for path in FOLDER.rglob("*") if path.is_file()]
    changed = [path for path in there if path not in wanted]
    for path in changed:
        path.unlink()
    for path, answer in wanted.items():
        if not path.exists() or path.read_text("utf-8") != answer:
            path.write_text(answer, "utf-8", newline="\n")
            changed.append(path)
    return sorted(changed)


if __name__ == "__main__":
    for each in write():
        sys.stdout.write(f"{each.name}\n")
