"""How well a name fits a name: a score from 0 to 100 and whether it is safe to take it.

| score | what it says |
|---|---|
| 100 | it is a label of the thing, in either script or in English |
| 99, 97 | it is another name of the thing, or a nickname |
| 98 | it is a code of the thing |
| 95 | the same without the official ending (市, 集团, Co., Ltd.) of one of the two |
| 92 | it is the pinyin of a name |
| 80–84 | the same but for an ending that says another kind of thing: a listed arm, another level |
| up to 85 | one name is a part of the other, more as it covers more |
| up to 89 | the names resemble each other; 90 times the share that agrees |

Han characters that sound the same count as half agreeing. `safe` says that nothing about the two
names speaks against taking one for the other; whether it is the only such thing is for the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import token_sort_ratio

from jiqun.names import ORGANISATIONS, PLACES, Name, fold, han_length, runs_of
from jiqun.search.index import (
    ALTERNATIVE,
    CODE,
    LABEL,
    NICKNAME,
    PINYIN,
    IndexedName,
    IndexedThing,
    SearchIndex,
)

CERTAIN: Final = 90.0
"""From here on, a score says that the names are the same, not that they resemble each other."""

LEAST: Final = 40.0

_SAME: Final = {LABEL: 100.0, ALTERNATIVE: 99.0, NICKNAME: 97.0, CODE: 98.0, PINYIN: 92.0}
_TELLING_HAN: Final = 4
_TELLING_LETTERS: Final = 10
_TELLING_SYLLABLES: Final = 3
_TELLING_CODE: Final = 6


@dataclass(frozen=True)
class Fit:
    """How well a name of a thing fits: `how` names the row of the table above."""

    score: float
    how: str
    safe: bool
    name: IndexedName


@dataclass(frozen=True)
class Sought:
    """A name that is looked for, with its reading."""

    name: Name
    form_reading: tuple[str, ...]
    core_reading: tuple[str, ...]


def seek(name: Name, index: SearchIndex) -> Sought:
    """Prepare a name for being compared with many."""
    return Sought(name, _syllables(name.form, index), _syllables(name.core, index))


def fit(sought: Sought, candidate: IndexedName, index: SearchIndex) -> Fit:
    """Compare a name with one of a thing."""
    name = sought.name
    if name.form == candidate.form:
        return _same(name, candidate)
    if name.core and name.core == candidate.core:
        return _same_core(name, candidate)
    if candidate.kind == CODE:
        return Fit(0, "other", safe=False, name=candidate)
    if candidate.kind == PINYIN and name.han:
        return Fit(0, "other", safe=False, name=candidate)
    best = _resembling(sought, candidate, index)
    part = _part(name, candidate)
    if part > best:
        return Fit(round(part, 1), "part", safe=False, name=candidate)
    return Fit(round(best, 1), "similar", safe=False, name=candidate)


def _same(name: Name, candidate: IndexedName) -> Fit:
    if candidate.kind == PINYIN:
        syllables = len(candidate.text.split())
        return Fit(92, "pinyin", safe=syllables >= _TELLING_SYLLABLES, name=candidate)
    # One Han character may be an abbreviation of anything, a short number anything at all.
    safe = han_length(name.form) != 1 or len(name.form) > 1
    if candidate.kind == CODE:
        safe = len(name.form) >= _TELLING_CODE
    return Fit(_SAME[candidate.kind], "same", safe=safe, name=candidate)


def _same_core(name: Name, candidate: IndexedName) -> Fit:
    asked, given, official = name.kind, candidate.ending, candidate.official
    if candidate.kind == PINYIN:
        same = asked in {given, official}
        return Fit(90.5 if same else 80, "pinyin", safe=False, name=candidate)
    if asked == given:
        return Fit(98, "same but for the ending", safe=True, name=candidate)
    if asked in PLACES and not given:
        fits = asked == official or (asked == "city" and official in {"", "city"})
        return Fit(95 if fits else 80, "without ending", safe=fits, name=candidate)
    if not asked:
        safe = given in PLACES or _is_telling(name.core)
        return Fit(95, "without ending", safe=safe, name=candidate)
    if not given and asked in ORGANISATIONS:
        # A brand, or a short name, is not yet the company whose legal name begins with it.
        return Fit(84, "ending is missing", safe=False, name=candidate)
    return Fit(80, "other ending", safe=False, name=candidate)


def _is_telling(core: str) -> bool:
    han = han_length(core)
    return han >= _TELLING_HAN if han else len(core) >= _TELLING_LETTERS


def _part(name: Name, candidate: IndexedName) -> float:
    shorter, longer = sorted((name.core, candidate.core), key=len)
    least = 2 if han_length(shorter) else 4
    if len(shorter) < least:
        return 0
    covered = len(shorter) / len(longer)
    if shorter in longer:
        return 55 + 30 * covered
    if name.han and shorter == name.core and _abbreviates(shorter, longer):
        return 50 + 20 * covered
    return 0


def _abbreviates(short: str, long: str) -> bool:
    if short[0] != long[0]:
        return False
    rest = iter(long)
    return all(character in rest for character in short)


def _resembling(sought: Sought, candidate: IndexedName, index: SearchIndex) -> float:
    name = sought.name
    alike = max(
        OSA.normalized_similarity(name.core, candidate.core),
        OSA.normalized_similarity(name.form, candidate.form),
    )
    if name.han:
        heard = OSA.normalized_similarity(sought.core_reading, _syllables(candidate.core, index))
        alike = max(alike, (alike + heard) / 2)
    elif alike < 0.95:
        words = " ".join(runs_of(fold(candidate.text, index.simplified)))
        alike = max(alike, 0.97 * token_sort_ratio(" ".join(name.runs), words) / 100)
    return min(90 * alike, 89)


def _syllables(text: str, index: SearchIndex) -> tuple[str, ...]:
    readings: Mapping[str, str] = index.readings
    return tuple(readings.get(character, character) for character in text)


SAFE: Final = 92.0


@dataclass(frozen=True)
class Candidate:
    """A thing that a name may mean; `match` when it does, beyond reasonable doubt.

    `score` weighs everything, `name_score` the names alone.
    """

    thing: IndexedThing
    score: float
    name_score: float
    how: str
    safe: bool
    match: bool = False


def find_candidates(
    index: SearchIndex, text: str, classes: Sequence[int] | None, most: int
) -> list[Candidate]:
    """Find the things that a name may mean, best first; `match` is not decided yet.

    Two more than `most` are given where there are, so that `decide` sees what competes.
    """
    name = index.read(text)
    if not name.form:
        return []
    names = index.candidates(name, classes)
    sought = seek(name, index)
    best: dict[int, Fit] = {}
    for each in names:
        found = fit(sought, each, index)
        known = best.get(each.thing)
        if found.score >= LEAST and (known is None or found.score > known.score):
            best[each.thing] = found
    first = sorted(best, key=lambda thing: (-best[thing].score, thing))[: most + 2]
    things = index.things(first)
    candidates = [
        Candidate(
            things[thing],
            best[thing].score,
            best[thing].score,
            best[thing].how,
            best[thing].safe,
        )
        for thing in first
    ]
    return in_order(candidates)


def in_order(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Sort candidates: by score, then what is looked for first."""
    return sorted(candidates, key=lambda each: (-each.score, each.thing.rank, each.thing.id))


def decide(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Mark the first candidate as the match, if it is one.

    It is one when its name is the same in a way that cannot mislead, and no other candidate has
    the same name in any way at all.
    """
    if not candidates:
        return []
    first, *others = candidates
    alone = all(each.score < CERTAIN for each in others)
    certain = first.safe and first.score >= SAFE and alone
    return [replace(first, match=certain), *others]
