"""A real engine on a real store, run by an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pyoxigraph as ox

from jiqun.query.engine import Engine
from jiqun.query.gate import parse_query
from jiqun.query.jobs import Answer, Job
from jiqun.query.lanes import EngineOptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

JSON = "application/sparql-results+json"
TURTLE = "text/turtle"
EX = "http://example.org/"
MEBIBYTE = 1024 * 1024
LABELS = f"SELECT ?s ?l {{ ?s <{EX}label> ?l }}"

# Queries that no machine finishes within the tests, each for another reason.
ENDLESS = {
    "join": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }",
    "sort": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l } ORDER BY ?f ?c LIMIT 1",
    "path": "SELECT (COUNT(*) AS ?n) {"
    + "".join(f"?a{i} (!<a:a>|^!<a:a>)* ?b{i} . " for i in range(8))
    + "}",
    # Planning alone takes seconds.
    "plan": "SELECT * {" + "".join(f"?a <a:a> ?b{i} . " for i in range(199)) + "}",
    "distinct": "SELECT DISTINCT ?n { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l BIND(1 AS ?n) }",
    "stream": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }",
    "construct": "CONSTRUCT { <a:a> <a:b> <a:c> } { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }",
}


def write_store(folder: Path, things: int = 2_000, mark: str = "first") -> Path:
    """Write a store with some things, a few odd literals, and its own mark."""
    store = ox.Store(str(folder))
    named = ox.NamedNode
    quads = [
        quad
        for i in range(things)
        for quad in (
            ox.Quad(named(f"{EX}{i}"), named(f"{EX}label"), ox.Literal(f"thing {i}")),
            ox.Quad(named(f"{EX}{i}"), named(f"{EX}next"), named(f"{EX}{(i + 1) % things}")),
        )
    ]
    quads += [
        ox.Quad(
            named(f"{EX}odd"), named(f"{EX}text"), ox.Literal("a\x01b\rc\nd,\"e\"<f>'g'\ufffe")
        ),
        ox.Quad(named(f"{EX}store"), named(f"{EX}mark"), ox.Literal(mark)),
        ox.Quad(named(f"{EX}a"), named(f"{EX}in"), ox.Literal("one"), named(f"{EX}graph1")),
        ox.Quad(named(f"{EX}a"), named(f"{EX}in"), ox.Literal("two"), named(f"{EX}graph2")),
    ]
    store.bulk_extend(quads)
    store.flush()
    return folder


def job(text: str, media_type: str = JSON, **more: Any) -> Job:
    """Make a job of a query, as the server does."""
    parsed = parse_query(text)
    more.setdefault("deadline_seconds", 30.0)
    more.setdefault("light", parsed.light)
    return Job(parsed, media_type, **more)


@dataclass(frozen=True)
class Reply:
    """An answer, read to its end."""

    answer: Answer
    body: bytes


@dataclass
class EngineThread:
    """An engine that runs in its own thread."""

    engine: Engine
    loop: asyncio.AbstractEventLoop

    def run(self, work: Callable[[Engine], Awaitable[T]]) -> T:
        """Let the engine's loop do some work and wait for it."""

        async def doing() -> T:
            async with asyncio.timeout(60):
                return await work(self.engine)

        return asyncio.run_coroutine_threadsafe(doing(), self.loop).result()

    def ask(self, text: str, media_type: str = JSON, **more: Any) -> Reply:
        """Ask a query and read the answer; raises what the engine raises."""
        return self.run(lambda engine: read(engine, job(text, media_type, **more)))

    def wait_until_in_memory(self) -> None:
        """Wait until the workers read the store from memory."""

        async def waiting(engine: Engine) -> None:
            await until(lambda: engine.statistics().in_memory)

        self.run(waiting)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something has become true, at most half a minute."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def read(engine: Engine, one: Job) -> Reply:
    """Read the whole answer of a job."""
    answer = await engine.run(one)
    rest = [block async for block in answer.blocks] if answer.blocks is not None else []
    return Reply(answer, b"".join([answer.body, *rest]))


@contextmanager
def engine_thread(store: Path, options: EngineOptions | None = None) -> Iterator[EngineThread]:
    """Start an engine on `store` and stop it at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        engine = Engine(store, options)
        room = EngineThread(engine, loop)
        asyncio.run_coroutine_threadsafe(engine.start(), loop).result()
        try:
            yield room
        finally:
            asyncio.run_coroutine_threadsafe(engine.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def still_answers(room: EngineThread) -> None:
    """Hold the room to answering both a light and a heavy query."""
    assert b"true" in room.ask("ASK {}").body
    assert b"thing 7" in room.ask(LABELS).body
