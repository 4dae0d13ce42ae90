"""Search: the things whose names or descriptions have all the words, best first, with facets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.search.candidates import find_candidates
from jiqun.endpoint.search.full_text import NOT_A_FACT
from jiqun.endpoint.search.index import LABEL
from jiqun.errors import BadParameter
from jiqun.names import fold, is_han, origins

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jiqun.endpoint.search.index import IndexedClass, IndexedName, IndexedThing, SearchIndex
    from jiqun.names import Name

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
