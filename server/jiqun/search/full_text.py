"""Full-text search for things whose names or descriptions contain all words, with facets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from jiqun.errors import BadParameter
from jiqun.names import COMPOSED, LABEL, NOT_A_FACT, Name, fold, is_han, origins
from jiqun.search.index import IndexedClass, IndexedName, IndexedThing, SearchIndex
from jiqun.search.matching import find_candidates

MAX_LENGTH: Final = 200
"""Maximum length of a search, in characters."""

PAGE_SIZE: Final = 20
MAX_PAGES: Final = 500

_RANKED: Final = 60
"""Number of hits that are ranked by name similarity."""

_MIN_SCORE: Final = 50.0
_EXACT, _CORE, _PREFIX, _INSIDE, _SCATTERED = range(5)


@dataclass(frozen=True)
class Hit:
    """A thing that was found, its best matching name, and the matches in it.

    `marks` are pairs of start and end, in code points of `name.text`.
    """

    thing: IndexedThing
    name: IndexedName | None = None
    marks: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class SearchResult:
    """One page of the things found; `facets` count all of them by class.

    `resembling` is true if nothing has all words and the hits have similar names.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: tuple[tuple[IndexedClass, int], ...]
    resembling: bool = False

    @property
    def pages(self) -> int:
        """The number of pages that can be requested."""
        return min(-(-self.total // PAGE_SIZE), MAX_PAGES)


def search(
    index: SearchIndex, text: str, classes: Sequence[int] | None, page: int, lang: str
) -> SearchResult:
    """Search for all words of a text; pages count from 1.

    Raises `BadParameter` for a text that is too long or has no letter, digit or Han character.
    """
    name = _read(index, text.strip())
    words = _words(name)
    start = (page - 1) * PAGE_SIZE
    found = index.things_with(words, classes, _RANKED)
    facets = tuple(
        (index.classes[number], count)
        for number, count in sorted(found.classes.items(), key=lambda pair: (-pair[1], pair[0]))
        if number != NOT_A_FACT
    )
    if found.total == 0:
        candidates = find_candidates(index, text, classes, PAGE_SIZE - 2)
        similar = tuple(Hit(each.thing) for each in candidates if each.score >= _MIN_SCORE)
        return SearchResult(len(similar), similar, facets, resembling=True)
    if start < _RANKED:
        ids = _ranked(index, found.ids, name)[start : start + PAGE_SIZE]
    else:
        ids = index.things_with(words, classes, PAGE_SIZE, start).ids
    return SearchResult(found.total, _hits(index, ids, name, lang), facets)


def _read(index: SearchIndex, text: str) -> Name:
    if not text:
        raise BadParameter("q is empty. Enter a name or words.")
    if len(text) > MAX_LENGTH:
        raise BadParameter(
            f"q has {len(text)} characters; the limit is {MAX_LENGTH}. Search for a name."
        )
    name = index.read(text)
    if not name.runs:
        raise BadParameter("q has no letter, digit or Han character; symbols are not searched.")
    return name


def _words(name: Name) -> set[str]:
    words: set[str] = set()
    for run in name.runs:
        if is_han(run) and len(run) > 1:
            words |= {run[start : start + 2] for start in range(len(run) - 1)}
        else:
            words.add(run)
    return words


def _ranked(index: SearchIndex, ids: Sequence[int], name: Name) -> list[int]:
    """Sort things by name similarity to the search; facts come last."""
    best: dict[int, tuple[int, int]] = {}
    for each in index.names_of(ids):
        found = (_distance(each, name), each.kind)
        best[each.thing] = min(best.get(each.thing, found), found)
    ranks = index.ranks_of(ids)

    def key(thing: int) -> tuple[bool, int, int, int]:
        distance, kind = best.get(thing, (_SCATTERED, 0))
        return (distance > _CORE, ranks[thing], distance, kind)

    return sorted(ids, key=key)


def _distance(candidate: IndexedName, name: Name) -> int:
    if candidate.form == name.form:
        return _EXACT
    if candidate.core == name.core:
        return _CORE
    if candidate.form.startswith(name.form):
        return _PREFIX
    return _INSIDE if name.form in candidate.form else _SCATTERED


def _hits(index: SearchIndex, ids: Sequence[int], name: Name, lang: str) -> tuple[Hit, ...]:
    things = index.things(ids)
    names: defaultdict[int, list[IndexedName]] = defaultdict(list)
    for each in index.names_of(ids):
        names[each.thing].append(each)
    return tuple(_hit(things[thing], names[thing], name, lang, index) for thing in ids)


def _hit(
    thing: IndexedThing, names: Sequence[IndexedName], name: Name, lang: str, index: SearchIndex
) -> Hit:
    def key(each: IndexedName) -> tuple[bool, int, int, bool]:
        distance = _distance(each, name)
        # The label is shown anyway, so the words are marked there if they occur in it.
        shown = each.kind == LABEL and each.lang == lang and distance < _SCATTERED
        return (not shown, distance, each.kind, each.lang != lang)

    for each in sorted((each for each in names if each.kind != COMPOSED), key=key):
        marks = _marks_in(each.text, name, index)
        if marks:
            return Hit(thing, each, marks)
    return Hit(thing)


def _marks_in(text: str, name: Name, index: SearchIndex) -> tuple[tuple[int, int], ...]:
    """Return the positions of the words of a name in a text: start and end, in code points."""
    folded, came_from = fold(text, index.simplified), origins(text)
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
    """Return the whole name, else all its runs, else those of its words that occur."""
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
