"""Name matching: the things that a name may refer to, scored from 0 to 100.

| score | meaning |
|---|---|
| 100 | a label of the thing, in either script or in English |
| 99, 97 | an alternative name of the thing, a nickname |
| 98 | a code of the thing |
| 95 | the same except for the official ending (市, 集团, Co., Ltd.) of one of the two |
| 92 | the pinyin of a name |
| 89 | a name composed of the place and field of a cluster, or of a brand |
| 80–84 | the same except for an ending of another kind: a listed subsidiary, another level |
| up to 85 | one name is part of the other; higher for a larger part |
| 82 | only a few things have all these words in their names, places and fields |
| up to 89 | the names are similar: 90 times their similarity |

Han characters that sound the same count as half equal. `safe` means that nothing about the two
names suggests different things; `mark_match` decides whether the thing is the only one with that
name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import token_sort_ratio

from jiqun.names import (
    ALTERNATIVE,
    CODE,
    COMPOSED,
    LABEL,
    NICKNAME,
    NOT_A_FACT,
    ORGANISATIONS,
    PINYIN,
    PLACES,
    Name,
    fold,
    han_length,
    runs_of,
)
from jiqun.search.index import IndexedName, IndexedThing, SearchIndex

SAME_NAME: Final = 90.0
"""The score from which names count as the same."""

_MIN_SCORE: Final = 40.0
_MIN_MATCH: Final = 92.0

_SAME: Final = {LABEL: 100.0, ALTERNATIVE: 99.0, NICKNAME: 97.0, CODE: 98.0, PINYIN: 92.0}
_COMPOSED: Final = 89.0
_ALL_WORDS: Final = 82.0
_FEW: Final = 3
_COMMON: Final = frozenset(
    {"advanced", "and", "cluster", "clusters", "industrial", "industry", "manufacturing", "of"}
)
"""Words that do not distinguish clusters."""

_DISTINCTIVE_HAN: Final = 4
_DISTINCTIVE_LETTERS: Final = 10
_DISTINCTIVE_SYLLABLES: Final = 3
_DISTINCTIVE_CODE: Final = 6


@dataclass(frozen=True)
class Similarity:
    """How well one name of a thing matches a name, on the scale above."""

    score: float
    safe: bool = False


@dataclass(frozen=True)
class Candidate:
    """A thing that a name may refer to; `match` is true if there is no reasonable doubt.

    `score` considers all properties, `name_score` only the names.
    """

    thing: IndexedThing
    score: float
    name_score: float
    safe: bool
    match: bool = False


def find_candidates(
    index: SearchIndex, text: str, classes: Sequence[int] | None, limit: int
) -> list[Candidate]:
    """Return the things that a name may refer to, best first, with no match marked.

    Up to two more than `limit` are returned, so that `mark_match` sees competitors.
    """
    name = index.read(text)
    if not name.form:
        return []
    reading = index.syllables(name.core)
    best: dict[int, Similarity] = {}
    for each in index.candidates(name, classes):
        found = _compare(name, reading, each, index)
        known = best.get(each.thing)
        if found.score >= _MIN_SCORE and (known is None or found.score > known.score):
            best[each.thing] = found
    for thing in _with_all_words(index, name, classes):
        if thing not in best or best[thing].score < _ALL_WORDS:
            best[thing] = Similarity(_ALL_WORDS)
    first = sorted(best, key=lambda thing: (-best[thing].score, thing))[: limit + 2]
    things = index.things(first)
    return ranked(
        Candidate(things[thing], best[thing].score, best[thing].score, best[thing].safe)
        for thing in first
    )


def _with_all_words(index: SearchIndex, name: Name, classes: Sequence[int] | None) -> list[int]:
    """Return the things that have all words of an English cluster name, if they are few."""
    words = set(name.runs) - _COMMON
    if name.han or len(words) < 2 or not (classes or name.kind == "cluster"):
        return []
    found = index.things_with(words, classes or [NOT_A_FACT], _FEW)
    return found.ids if found.total <= _FEW else []


def ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Sort candidates by score, then by rank."""
    return sorted(candidates, key=lambda each: (-each.score, each.thing.rank, each.thing.id))


def mark_match(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Mark the first candidate as the match, if it is one.

    It is if its name is the same and `safe`, and no other candidate has the same name.
    """
    if not candidates:
        return []
    first, *others = candidates
    unique = all(each.score < SAME_NAME for each in others)
    return [replace(first, match=first.safe and first.score >= _MIN_MATCH and unique), *others]


def _compare(
    name: Name, reading: tuple[str, ...], candidate: IndexedName, index: SearchIndex
) -> Similarity:
    """Compare a name with one of a thing; `reading` is the pinyin of its core."""
    if candidate.kind == COMPOSED:
        alike = name.form == candidate.form or (name.kind and name.core == candidate.core)
        return Similarity(_COMPOSED if alike and name.kind == candidate.ending else 0)
    if name.form == candidate.form:
        return _same(name, candidate)
    if name.core and name.core == candidate.core:
        return _same_core(name, candidate)
    if candidate.kind == CODE or (candidate.kind == PINYIN and name.han):
        return Similarity(0)
    similar = _similarity(name, reading, candidate, index)
    return Similarity(round(max(similar, _part(name, candidate)), 1))


def _same(name: Name, candidate: IndexedName) -> Similarity:
    if candidate.kind == PINYIN:
        syllables = len(candidate.text.split())
        return Similarity(92, safe=syllables >= _DISTINCTIVE_SYLLABLES)
    # A single Han character or a short number is too ambiguous.
    safe = han_length(name.form) != 1 or len(name.form) > 1
    if candidate.kind == CODE:
        safe = len(name.form) >= _DISTINCTIVE_CODE
    return Similarity(_SAME[candidate.kind], safe)


def _same_core(name: Name, candidate: IndexedName) -> Similarity:
    given, ending, official = name.kind, candidate.ending, candidate.official
    if candidate.kind == PINYIN:
        return Similarity(90.5 if given in {ending, official} else 80)
    if given == ending:
        return Similarity(98, safe=True)
    if given in PLACES and not ending:
        fits = given == official or (given == "city" and official in {"", "city"})
        return Similarity(95 if fits else 80, fits)
    if not given:
        return Similarity(95, safe=ending in PLACES or _is_distinctive(name.core))
    # A brand or short name is not the company whose legal name begins with it.
    return Similarity(84 if given in ORGANISATIONS and not ending else 80)


def _is_distinctive(core: str) -> bool:
    han = han_length(core)
    return han >= _DISTINCTIVE_HAN if han else len(core) >= _DISTINCTIVE_LETTERS


def _part(name: Name, candidate: IndexedName) -> float:
    shorter, longer = sorted((name.core, candidate.core), key=len)
    if len(shorter) < (2 if han_length(shorter) else 4):
        return 0
    covered = len(shorter) / len(longer)
    if shorter in longer:
        # The field of a cluster is not the cluster.
        other = name.kind == "cluster" != candidate.ending
        return (45 if other else 55) + 30 * covered
    if name.han and shorter == name.core and _abbreviates(shorter, longer):
        return 50 + 20 * covered
    return 0


def _abbreviates(short: str, long: str) -> bool:
    if short[0] != long[0]:
        return False
    rest = iter(long)
    return all(character in rest for character in short)


def _similarity(
    name: Name, reading: tuple[str, ...], candidate: IndexedName, index: SearchIndex
) -> float:
    similar = max(
        OSA.normalized_similarity(name.core, candidate.core),
        OSA.normalized_similarity(name.form, candidate.form),
    )
    if name.han:
        sound = OSA.normalized_similarity(reading, index.syllables(candidate.core))
        similar = max(similar, (similar + sound) / 2)
    elif similar < 0.95:
        words = " ".join(runs_of(fold(candidate.text, index.simplified)))
        similar = max(similar, 0.97 * token_sort_ratio(" ".join(name.runs), words) / 100)
    return min(90 * similar, 89)
