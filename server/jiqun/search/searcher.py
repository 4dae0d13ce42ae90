"""Search over the index, off the event loop.

Search: the things whose names or descriptions have all the words, best first, with facets.

Lets the search index be asked from the event loop without ever holding it up.
"""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

from jiqun.errors import BadParameter, Busy, ReleaseError
from jiqun.names import Name, fold, is_han, origins
from jiqun.search.full_text import NOT_A_FACT, FullText
from jiqun.search.index import LABEL, IndexedClass, IndexedName, IndexedThing, SearchIndex
from jiqun.search.matching import find_candidates

LONGEST: Final = 200
"""Characters of a search."""

PAGE: Final = 20
MOST_PAGES: Final = 500

_ORDERED: Final = 60
"""How many of what is found are put in order by how near their names are."""

_RESEMBLING: Final = 50.0
_EXACT, _CORE, _BEGINNING, _INSIDE, _SCATTERED = range(5)


@dataclass(frozen=True)
class Hit:
    """A thing that was found, the name that fits best, and where in it the words stand.

    `marks` are pairs of start and end, in code points of `name.text`.
    """

    thing: IndexedThing
    name: IndexedName | None
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class SearchResult:
    """One page of what was found; `facets` count all of it by class.

    `resembling` tells that nothing has all the words, and that these are things with similar names.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: tuple[tuple[IndexedClass, int], ...]
    resembling: bool = False


def check_search(text: str) -> str:
    """Give the text to search for, without what stands around it.

    Raises `BadParameter` for one that is empty or too long.
    """
    text = text.strip()
    if not text:
        raise BadParameter("There is nothing to search for: q is empty.")
    if len(text) > LONGEST:
        raise BadParameter(
            f"q has {len(text)} characters; a search may have {LONGEST}. Search for a name."
        )
    return text


def search(
    index: SearchIndex, text: str, classes: Sequence[int] | None, page: int, lang: str
) -> SearchResult:
    """Search for a text that `check_search` has let pass; pages are counted from 1.

    Raises `BadParameter` for a text without any letter, digit or Han character.
    """
    name = index.read(text)
    if not name.runs:
        raise BadParameter(
            "The search has no letter, digit or Han character; signs alone are not searched for."
        )
    words = _words(name)
    start = (page - 1) * PAGE
    found = index.words.words(words, classes, max(_ORDERED, PAGE), 0)
    facets = tuple(
        (index.classes[number], count)
        for number, count in sorted(found.classes.items(), key=lambda pair: (-pair[1], pair[0]))
        if number != NOT_A_FACT
    )
    if found.total == 0:
        return _resembling(index, text, classes, facets)
    if start < _ORDERED:
        ids = _best_first(index, found.ids, name)[start : start + PAGE]
        if len(ids) < PAGE and found.total > _ORDERED:
            ids += index.words.words(words, classes, PAGE - len(ids), _ORDERED).ids
    else:
        ids = index.words.words(words, classes, PAGE, start).ids
    return SearchResult(found.total, _hits(index, ids, name, lang), facets)


def _words(name: Name) -> set[str]:
    words: set[str] = set()
    for run in name.runs:
        if is_han(run) and len(run) > 1:
            words |= {run[start : start + 2] for start in range(len(run) - 1)}
        else:
            words.add(run)
    return words


def _resembling(
    index: SearchIndex,
    text: str,
    classes: Sequence[int] | None,
    facets: tuple[tuple[IndexedClass, int], ...],
) -> SearchResult:
    candidates = find_candidates(index, text, classes, PAGE - 2)
    hits = tuple(Hit(each.thing, None, ()) for each in candidates if each.score >= _RESEMBLING)
    return SearchResult(len(hits), hits, facets, resembling=True)


def _best_first(index: SearchIndex, ids: Sequence[int], name: Name) -> list[int]:
    """Put things first whose name is, or begins with, what is searched for; facts come last."""
    best: dict[int, tuple[int, int]] = {}
    for each in index.names_of(ids):
        fits = (_nearness(each, name), each.kind)
        best[each.thing] = min(best.get(each.thing, fits), fits)
    ranks = index.ranks_of(ids)
    order = {thing: place for place, thing in enumerate(ids)}

    def key(thing: int) -> tuple[int, int, int, int, int]:
        nearness, kind = best.get(thing, (_SCATTERED, 0))
        return (nearness > _CORE, ranks[thing], nearness, kind, order[thing])

    return sorted(ids, key=key)


def _nearness(candidate: IndexedName, name: Name) -> int:
    if candidate.form == name.form:
        return _EXACT
    if candidate.core == name.core:
        return _CORE
    if candidate.form.startswith(name.form):
        return _BEGINNING
    return _INSIDE if name.form in candidate.form else _SCATTERED


def _hits(index: SearchIndex, ids: Sequence[int], name: Name, lang: str) -> tuple[Hit, ...]:
    things = index.things(ids)
    names: dict[int, list[IndexedName]] = {}
    for each in index.names_of(ids):
        names.setdefault(each.thing, []).append(each)
    return tuple(
        _hit(things[thing], names.get(thing, ()), name, lang, index.simplified) for thing in ids
    )


def _hit(
    thing: IndexedThing,
    names: Sequence[IndexedName],
    name: Name,
    lang: str,
    table: Mapping[int, str],
) -> Hit:
    def key(each: IndexedName) -> tuple[bool, int, int, bool]:
        nearness = _nearness(each, name)
        # The name that is shown anyway is marked where the words stand in it.
        shown = each.kind == LABEL and each.lang == lang and nearness < _SCATTERED
        return (not shown, nearness, each.kind, each.lang != lang)

    for each in sorted(names, key=key):
        marks = marks_in(each.text, name, table)
        if marks:
            return Hit(thing, each, marks)
    return Hit(thing, None, ())


def marks_in(text: str, name: Name, table: Mapping[int, str]) -> tuple[tuple[int, int], ...]:
    """Tell where in a text the words of a name stand: pairs of start and end, in code points."""
    folded, came_from = fold(text, table), origins(text)
    letters = [place for place, character in enumerate(folded) if character.isalnum()]
    joined = "".join(folded[place] for place in letters)
    marked: set[int] = set()
    for word in _words_in(joined, name):
        start = joined.find(word)
        while start >= 0:
            first, last = letters[start], letters[start + len(word) - 1]
            marked |= set(range(came_from[first], came_from[last] + 1))
            start = joined.find(word, start + len(word))
    return _spans(sorted(marked))


def _words_in(joined: str, name: Name) -> Iterable[str]:
    """Give the whole name, else its runs, else the words of it that a folded text has."""
    if name.form in joined:
        return (name.form,)
    if all(run in joined for run in name.runs):
        return name.runs
    return [word for word in _words(name) if word in joined]


def _spans(places: Sequence[int]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for place in places:
        if spans and spans[-1][1] == place:
            spans[-1] = (spans[-1][0], place + 1)
        else:
            spans.append((place, place + 1))
    return tuple(spans)


Result = TypeVar("Result")

THREADS: Final = 2
WAITING: Final = 64
SECONDS: Final = 5.0
"""Longest time for one search, or for one name of a batch."""


class Searcher:
    """The search index of one release, with threads of its own.

    It is opened when it is first needed, so that a release without one can be served, only not
    searched.
    """

    def __init__(self, release: Path | None) -> None:
        """Search the release in this folder; None where a workspace is served alone."""
        self._folder = release.resolve() / "search" if release else None
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="jiqun-search")
        self._idle: queue.SimpleQueue[SearchIndex] = queue.SimpleQueue()
        self._opened: list[SearchIndex | FullText] = []
        self._opening = Lock()
        self._names: FullText | None = None
        self._things: FullText | None = None
        self._waiting = 0

    async def run(self, task: Callable[[SearchIndex], Result]) -> Result:
        """Run a task with a connection to the index, in a thread.

        Raises `Busy` when too many are waiting, `ReleaseError` when there is no index, and
        `QueryTimeout`.
        """
        if self._waiting >= WAITING:
            raise Busy("Too many searches are waiting. Try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, task)
        finally:
            self._waiting -= 1

    def _run(self, task: Callable[[SearchIndex], Result]) -> Result:
        try:
            index = self._idle.get_nowait()
        except queue.Empty:
            index = self._open()
        try:
            index.limit(SECONDS)
            return task(index)
        finally:
            self._idle.put(index)

    def _open(self) -> SearchIndex:
        with self._opening:
            if self._folder is None or not self._folder.is_dir():
                raise ReleaseError(
                    "This release has no search index. Build it anew with `jiqun build`."
                )
            if self._names is None or self._things is None:
                self._names = FullText(self._folder / "names")
                self._things = FullText(self._folder / "things")
                self._opened += [self._names, self._things]
            index = SearchIndex(self._folder, self._names, self._things)
            self._opened.append(index)
            return index

    def close(self) -> None:
        """Let what is under way end, then close the index."""
        self._threads.shutdown(wait=True)
        for each in self._opened:
            each.close()
