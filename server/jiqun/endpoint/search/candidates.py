"""Finds the things that a name may mean, with their scores, and tells the one that it does mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.search.matching import CERTAIN, LEAST, fit, seek

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.endpoint.search.index import IndexedThing, SearchIndex
    from jiqun.endpoint.search.matching import Fit

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
