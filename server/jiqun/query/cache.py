"""The least-recently-used cache, for parsed queries, plans, answers and documents."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_ENTRY_OVERHEAD: Final = 512
"""Approximate overhead of an entry in bytes: key, headers, objects."""


class LruCache(Generic[Key, Value]):
    """Maps keys to values within a budget; the least recently used are evicted first.

    Sizes are in bytes, or in whatever unit the owner uses for both; a budget of 0 caches nothing.
    """

    def __init__(self, budget: int, largest: int | None = None, overhead: int = _ENTRY_OVERHEAD):
        self.budget = budget
        self.largest = min(budget, budget if largest is None else largest)
        self.size = 0
        self.hits = 0
        self.misses = 0
        self.evictions = 0
        self._overhead = overhead
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """Look up `key`; counts a hit or a miss."""
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            return None
        self._entries.move_to_end(key)
        self.hits += 1
        return entry[0]

    def peek(self, key: Key) -> Value | None:
        """Look up `key` without counting or touching it."""
        entry = self._entries.get(key)
        return entry[0] if entry else None

    def put(self, key: Key, value: Value, size: int) -> None:
        """Cache a value of `size`, unless it is larger than the largest allowed."""
        cost = size + self._overhead
        if size > self.largest or cost > self.budget:
            return
        previous = self._entries.pop(key, None)
        if previous is not None:
            self.size -= previous[1]
        self._entries[key] = (value, cost)
        self.size += cost
        while self.size > self.budget:
            _, (_, evicted) = self._entries.popitem(last=False)
            self.size -= evicted
            self.evictions += 1

    def clear(self) -> None:
        """Remove everything, as when another release is served."""
        self._entries.clear()
        self.size = 0
