"""Documents that are long to make and change with the release only, kept after the first time."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

_MOST: Final = 32


class Kept:
    """The last bodies that were made, by what they depend on."""

    def __init__(self) -> None:
        """Start with none."""
        self._bodies: OrderedDict[Hashable, bytes] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """Give the body for `key`, made now if it is not kept."""
        body = self._bodies.get(key)
        if body is None:
            body = await make()
            self._bodies[key] = body
            while len(self._bodies) > _MOST:
                self._bodies.popitem(last=False)
        self._bodies.move_to_end(key)
        return body
