"""Lets the search index be asked from the event loop without ever holding it up."""

from __future__ import annotations

import asyncio
import queue
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeVar

from jiqun.endpoint.search.full_text import FullText
from jiqun.endpoint.search.index import SearchIndex
from jiqun.errors import Busy, ReleaseError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Result = TypeVar("Result")

THREADS: Final = 2
WAITING: Final = 64
SECONDS: Final = 5.0
"""Longest time for one search, or for one name of a batch."""


class Searcher:
    """The search index of one release, with threads of its own.

    It is opened when it is first needed, so that a release without one can be served, only not
    searched.
    """

    def __init__(self, release: Path | None) -> None:
        """Search the release in this folder; None where a workspace is served alone."""
        self._folder = release.resolve() / "search" if release else None
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="jiqun-search")
        self._idle: queue.SimpleQueue[SearchIndex] = queue.SimpleQueue()
        self._opened: list[SearchIndex | FullText] = []
        self._opening = Lock()
        self._names: FullText | None = None
        self._things: FullText | None = None
        self._waiting = 0

    async def run(self, task: Callable[[SearchIndex], Result]) -> Result:
        """Run a task with a connection to the index, in a thread.

        Raises `Busy` when too many are waiting, `ReleaseError` when there is no index, and
        `QueryTimeout`.
        """
        if self._waiting >= WAITING:
            raise Busy("Too many searches are waiting. Try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, task)
        finally:
            self._waiting -= 1

    def _run(self, task: Callable[[SearchIndex], Result]) -> Result:
        try:
            index = self._idle.get_nowait()
        except queue.Empty:
            index = self._open()
        try:
            index.limit(SECONDS)
            return task(index)
        finally:
            self._idle.put(index)

    def _open(self) -> SearchIndex:
        with self._opening:
            if self._folder is None or not self._folder.is_dir():
                raise ReleaseError(
                    "This release has no search index. Build it anew with `jiqun build`."
                )
            if self._names is None or self._things is None:
                self._names = FullText(self._folder / "names")
                self._things = FullText(self._folder / "things")
                self._opened += [self._names, self._things]
            index = SearchIndex(self._folder, self._names, self._things)
            self._opened.append(index)
            return index

    def close(self) -> None:
        """Let what is under way end, then close the index."""
        self._threads.shutdown(wait=True)
        for each in self._opened:
            each.close()
