"""Plans that were made before: a request that comes again word by word need not be read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from jiqun.endpoint.answers.questions import Plan

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
