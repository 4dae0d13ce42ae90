"""Suggestions while somebody types: things, types and properties whose names begin so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jiqun.endpoint.search.candidates import find_candidates
from jiqun.errors import BadParameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from jiqun.endpoint.search.index import IndexedThing, SearchIndex

MOST: Final = 20
LAST: Final = 1000

_LONGEST: Final = 200
_ENOUGH: Final = 50.0


def check_prefix(text: str) -> str:
    """Give the prefix without what stands around it; raises `BadParameter` for a long one."""
    if len(text) > _LONGEST:
        raise BadParameter(f"prefix has {len(text)} characters; at most {_LONGEST} are looked for.")
    return text.strip()


def suggest_things(
    index: SearchIndex, prefix: str, classes: Sequence[int] | None, cursor: int
) -> list[IndexedThing]:
    """Give the things with a name that begins with, else holds, else resembles the prefix."""
    name = index.read(prefix)
    if not name.form:
        return []
    wanted = cursor + MOST
    names = index.beginning_with(name.form, classes, 4 * wanted)
    ids = dict.fromkeys(each.thing for each in names)
    if len(ids) < wanted:
        found = find_candidates(index, prefix, classes, wanted)
        ids |= dict.fromkeys(each.thing.id for each in found if each.score >= _ENOUGH)
    chosen = list(ids)[cursor:wanted]
    things = index.things(chosen)
    return [things[each] for each in chosen]


def with_prefix(
    index: SearchIndex, prefix: str, named: Iterable[tuple[str, Mapping[str, str]]]
) -> list[str]:
    """Choose from identifiers with labels those that the prefix fits, the beginnings first."""
    wanted = index.read(prefix).form
    chosen = []
    for place, (identifier, labels) in enumerate(named):
        forms = [index.read(text).form for text in (identifier, *labels.values())]
        if any(form.startswith(wanted) for form in forms):
            chosen.append((0, place, identifier))
        elif any(wanted in form for form in forms):
            chosen.append((1, place, identifier))
    return [identifier for _, _, identifier in sorted(chosen)]
