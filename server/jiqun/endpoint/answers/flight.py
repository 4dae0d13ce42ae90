"""One evaluation of a query, and the requests that wait for it.

The first request that asks a question leads the flight and gets its blocks as they come. Equal
questions that arrive meanwhile follow: they wait until the answer is complete and small enough to
be kept, and then get it from the cache. When it turns out to be too long for that, or the leader
goes away, each of them is told to fly on its own. The evaluation runs ahead of its leader only as
far as the answer may still be kept; beyond that, the leader's speed is its speed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from jiqun.endpoint.engine.engine import Engine
    from jiqun.endpoint.engine.jobs import Answer, Job


@dataclass(frozen=True)
class Complete:
    """The whole answer, when it was short enough to be kept."""

    body: bytes
    answer: Answer


class Flight:
    """An evaluation in progress; `keep` is the most bytes that are collected for others."""

    def __init__(
        self, engine: Engine, job: Job, keep: int, landed: Callable[[Flight, Complete | None], None]
    ) -> None:
        """Start evaluating; `landed` is called once, with the whole answer if it was kept."""
        self.followers = 0
        self.answer: Answer | None = None
        self.settled: asyncio.Future[Complete | None] = asyncio.get_running_loop().create_future()
        self._engine = engine
        self.job = job
        self._keep = keep
        self._landed = landed
        self._kept: list[bytes] | None = []
        self._kept_size = 0
        self._waiting: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._error: BaseException | None = None
        self._ended = False
        self._abandoned = False
        self._complete: Complete | None = None
        self._task = asyncio.create_task(self._fly())

    async def _fly(self) -> None:
        try:
            async with self._engine.answer(self.job) as answer:
                self.answer = answer
                if answer.complete:
                    self._arrive(answer)
                    return
                await self._take(answer.first)
                async for block in answer.blocks:
                    await self._take(block)
                self._settle(answer)
        except asyncio.CancelledError:
            self._error = ConnectionResetError("nobody waits for this answer any more")
        except Exception as error:
            self._error = error
        finally:
            self._ended = True
            self._changed.set()
            if not self.settled.done():
                failure = self._error
                if failure is None or isinstance(failure, ConnectionResetError):
                    self.settled.set_result(None)
                else:
                    self.settled.set_exception(failure)
                    self.settled.exception()  # followers are optional: mark it as seen
                self._landed(self, None)

    def _arrive(self, answer: Answer) -> None:
        """Take an answer of one piece."""
        self._waiting.append(answer.first)
        self._complete = Complete(answer.first, answer)
        if len(answer.first) <= self._keep:
            self._land(self._complete)
        else:
            self._release_followers()

    async def _take(self, block: bytes) -> None:
        if not block:
            return
        if self._kept is not None:
            self._kept.append(block)
            self._kept_size += len(block)
            if self._kept_size > self._keep:
                self._kept = None
                self._release_followers()
        if not self._abandoned:
            self._waiting.append(block)
        self._changed.set()
        while self._kept is None and self._waiting:
            self._room.clear()
            await self._room.wait()

    def _settle(self, answer: Answer) -> None:
        if self._kept is not None:
            self._complete = Complete(b"".join(self._kept), answer)
            self._land(self._complete)

    def _land(self, complete: Complete) -> None:
        self.settled.set_result(complete)
        self._landed(self, complete)

    def _release_followers(self) -> None:
        if not self.settled.done():
            self.settled.set_result(None)
            self._landed(self, None)
        if self._abandoned:
            self._task.cancel()

    async def first(self) -> Answer:
        """Wait until the first block is ready; raises whatever prevented it."""
        while self.answer is None or not (self._waiting or self._ended):
            if self._error is not None:
                raise self._error
            self._changed.clear()
            await self._changed.wait()
        if self._error is not None and not self._waiting:
            raise self._error
        return self.answer

    def whole(self) -> Complete | None:
        """Give the whole answer if it is already there."""
        return self._complete if self._ended and self._error is None else None

    async def blocks(self) -> AsyncIterator[bytes]:
        """Give the leader the blocks as they come; raises what broke the evaluation."""
        while True:
            while self._waiting:
                block = self._waiting.popleft()
                self._room.set()
                yield block
            if self._error is not None:
                raise self._error
            if self._ended:
                return
            self._changed.clear()
            await self._changed.wait()

    def leave(self) -> None:
        """The leader is gone: stop evaluating, unless somebody follows."""
        self._abandoned = True
        self._waiting.clear()
        self._room.set()
        if self.followers == 0 or self._kept is None:
            self._task.cancel()

    async def follow(self) -> Complete | None:
        """Wait for the whole answer; None says that the follower must ask for itself."""
        self.followers += 1
        try:
            return await asyncio.shield(self.settled)
        finally:
            self.followers -= 1
            if self.followers == 0 and self._abandoned and not self._ended:
                self._task.cancel()

    async def stopped(self) -> None:
        """Wait until the evaluation is over and its worker is free or gone."""
        with suppress(asyncio.CancelledError):
            await self._task
