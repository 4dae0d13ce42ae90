"""The result cache and the LRU cache of plans.

The result cache: bytes of complete answers, kept within a budget, least recently used out first.

An answer may be kept for as long as its release is served, because a release never changes.

Plans that were made before: a request that comes again word by word need not be read again.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jiqun.query.service import Plan


_OVERHEAD: Final = 512
"""What an entry costs beside its body, roughly: key, headers, objects."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One complete answer in one format and content coding.

    `headers` are those that belong to the answer itself; `head` is all of them, and those that are
    on every answer, as they go over the wire.
    """

    body: bytes
    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    rows: int | None = None
    head: bytes = b""


class ResultCache:
    """Maps keys to entries; never holds more than `budget` bytes, nor entries over `largest`."""

    def __init__(self, budget: int, largest: int) -> None:
        """Start empty; both limits are in bytes, and a budget of 0 keeps nothing."""
        self.budget = budget
        self.largest = min(largest, budget)
        self.size = 0
        self.hits = 0
        self.misses = 0
        self.evictions = 0
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()

    def __len__(self) -> int:
        """Count the entries."""
        return len(self._entries)

    def get(self, key: bytes) -> Entry | None:
        """Look up `key`; counts a hit or a miss."""
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            return None
        self._entries.move_to_end(key)
        self.hits += 1
        return entry

    def peek(self, key: bytes) -> Entry | None:
        """Look up `key` without counting it as a hit or a miss."""
        return self._entries.get(key)

    def put(self, key: bytes, entry: Entry) -> bool:
        """Keep `entry` if it is small enough, at the cost of the least recently used ones."""
        size = len(entry.body) + _OVERHEAD
        if len(entry.body) > self.largest or size > self.budget:
            return False
        previous = self._entries.pop(key, None)
        if previous is not None:
            self.size -= len(previous.body) + _OVERHEAD
        self._entries[key] = entry
        self.size += size
        while self.size > self.budget:
            _, evicted = self._entries.popitem(last=False)
            self.size -= len(evicted.body) + _OVERHEAD
            self.evictions += 1
        return True

    def clear(self) -> None:
        """Forget everything, as when another release is served."""
        self._entries.clear()
        self.size = 0


Signature = tuple[bytes, bytes, bytes]
"""Query string, Accept and Accept-Encoding of a GET request, as they were sent."""

_LONGEST: Final = 4096


class Plans:
    """The plans of the latest requests; at most `most`, and only for requests that are short."""

    def __init__(self, most: int = 2048) -> None:
        """Start empty."""
        self._most = most
        self._plans: dict[Signature, Plan] = {}

    def get(self, signature: Signature) -> Plan | None:
        """Give the plan of an equal request, if there was one lately."""
        return self._plans.get(signature)

    def put(self, signature: Signature, plan: Plan) -> None:
        """Keep a plan; the oldest makes room for it."""
        if sum(map(len, signature)) > _LONGEST:
            return
        if len(self._plans) >= self._most:
            del self._plans[next(iter(self._plans))]
        self._plans[signature] = plan

    def clear(self) -> None:
        """Forget everything, as when another release is served."""
        self._plans.clear()
