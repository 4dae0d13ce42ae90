"""What was found out about texts, as long as it fits a budget of characters."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Found = TypeVar("Found")


class Remembered(Generic[Key, Found]):
    """Maps keys to findings; the least recently used go first once the texts exceed `budget`."""

    def __init__(self, budget: int) -> None:
        """Start empty; `budget` is in characters."""
        self.budget = budget
        self.size = 0
        self._found: OrderedDict[Key, tuple[Found, int]] = OrderedDict()

    def get(self, key: Key) -> Found | None:
        """Return what is known of `key`."""
        known = self._found.get(key)
        if known is None:
            return None
        self._found.move_to_end(key)
        return known[0]

    def put(self, key: Key, found: Found, size: int) -> None:
        """Keep a finding that stands for a text of `size` characters."""
        before = self._found.pop(key, None)
        self.size += size - (before[1] if before else 0)
        self._found[key] = (found, size)
        while self.size > self.budget:
            _, (_, gone) = self._found.popitem(last=False)
            self.size -= gone
