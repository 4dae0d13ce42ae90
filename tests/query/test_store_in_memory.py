"""A store that is held in memory: forked workers answer as those that read it from disk."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox
import pytest

from engine_thread import (
    ENDLESS,
    EX,
    MEBIBYTE,
    EngineThread,
    engine_thread,
    job,
    read,
    still_answers,
    until,
    write_store,
)
from jiqun.errors import QueryTimeout, ReleaseError
from jiqun.query.holder_process import HolderProcess, expected_bytes
from jiqun.query.lanes import EngineOptions
from jiqun.query.worker_process import WorkerStartError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jiqun.query.engine import Engine

OPTIONS = EngineOptions(memory_bytes=128 * MEBIBYTE, store_memory_bytes=1024 * MEBIBYTE)
RANDOM = "SELECT (RAND() AS ?a) (UUID() AS ?b) (STRUUID() AS ?c) (BNODE() AS ?d) {}"
EVERYTHING = "SELECT * { ?s ?p ?o } ORDER BY STR(?s) STR(?p) STR(?o)"


@pytest.fixture
def held(store: Path) -> Iterator[EngineThread]:
    """An engine of the test's own, which loses the process that holds the store."""
    with engine_thread(store, OPTIONS) as running:
        running.wait_until_in_memory()
        yield running


def test_random_values_do_not_repeat(memory_room: EngineThread) -> None:
    """Forks of one process must not draw the same numbers."""

    async def asking(engine: Engine) -> list[dict[str, dict[str, str]]]:
        rows = []
        for _ in range(12):
            (worker,) = engine.lanes.light.idle[-1:]
            reply = await read(engine, job(RANDOM, light=True))
            rows += json.loads(reply.body)["results"]["bindings"]
            worker.kill()
            await worker.exited()
            await until(lambda: bool(engine.lanes.light.idle))
        return rows

    rows = memory_room.run(asking)
    for name in "abcd":
        assert len({row[name]["value"] for row in rows}) == 12, name


def test_the_loss_of_the_store_loses_no_service(held: EngineThread) -> None:
    async def losing(engine: Engine) -> None:
        (holder,) = engine._holders
        os.kill(holder._process.pid, signal.SIGKILL)
        await until(lambda: not engine.statistics().in_memory)
        await until(lambda: engine.ready)

    held.run(losing)
    still_answers(held)


def test_what_waits_when_the_store_is_lost_is_evaluated_on_disk(held: EngineThread) -> None:
    async def losing(engine: Engine) -> int | None:
        lane = engine.lanes.memory
        running = [
            asyncio.ensure_future(read(engine, job(f"{ENDLESS['join']} # {number}")))
            for number in range(lane.size.workers)
        ]
        await until(lambda: lane.busy == lane.size.workers)
        waiting = asyncio.ensure_future(
            read(engine, job(f"SELECT ?l {{ <{EX}0> <{EX}label>+ ?l }}"))
        )
        await until(lambda: lane.waiting == 1)
        os.kill(engine._holders[0]._process.pid, signal.SIGKILL)
        reply = await waiting
        for each in running:
            each.cancel()
        await asyncio.wait(running)
        return reply.answer.rows

    assert held.run(losing) == 1


def test_what_runs_when_the_store_is_lost_fails_clearly(held: EngineThread) -> None:
    async def losing(engine: Engine) -> BaseException | None:
        running = asyncio.ensure_future(read(engine, job(ENDLESS["join"])))
        await until(lambda: engine.lanes.memory.busy > 0)
        os.kill(engine._holders[0]._process.pid, signal.SIGKILL)
        await asyncio.wait([running])
        return running.exception()

    assert "not affected" in str(held.run(losing))
    still_answers(held)


def test_what_is_slow_in_memory_begins_again_on_disk(memory_room: EngineThread) -> None:
    """The same query begins on disk after that."""

    async def asking(engine: Engine, light: bool) -> int:
        await until(lambda: engine.lanes.heavy.busy == 0)
        before = engine.lanes.kills["slice"]
        text = f"{ENDLESS['path']} # {light}"
        running = asyncio.ensure_future(read(engine, job(text, light=light)))
        await until(lambda: engine.lanes.heavy.busy > 0)
        running.cancel()
        await asyncio.wait([running])
        return engine.lanes.kills["slice"] - before

    for light in (False, True):
        assert memory_room.run(partial(asking, light=light)) == 1
        assert memory_room.run(partial(asking, light=light)) == 0
    still_answers(memory_room)


def test_a_stream_from_memory_goes_on(memory_room: EngineThread) -> None:
    """It leaves its place in the lane to other queries."""

    async def reading(engine: Engine) -> None:
        await until(lambda: engine.lanes.heavy.busy == 0)
        answer = await engine.run(job(ENDLESS["stream"]))
        assert answer.blocks is not None
        await until(lambda: engine.lanes.memory.busy == 0)
        assert engine.lanes.heavy.busy == 1
        assert len(await anext(answer.blocks)) > 1_000
        answer.blocks.close()
        await until(lambda: engine.lanes.heavy.busy == 0)

    memory_room.run(reading)


def test_switching_to_another_store(store: Path, tmp_path: Path) -> None:
    other = write_store(tmp_path / "other", things=3)
    count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    with engine_thread(store, OPTIONS) as room:
        room.wait_until_in_memory()
        before = room.ask(count).body

        async def switching(engine: Engine) -> None:
            old = engine._holders[-1]
            await engine.switch(other)
            await until(lambda: engine.statistics().in_memory)
            await old.exited()

        room.run(switching)
        after = room.ask(count).body
    assert before != after
    with engine_thread(other) as room:
        assert room.ask(count).body == after


def test_a_store_that_cannot_be_read_changes_nothing(
    memory_room: EngineThread, tmp_path: Path
) -> None:
    with pytest.raises(ReleaseError, match="cannot be read"):
        memory_room.run(lambda engine: engine.switch(tmp_path / "missing"))
    still_answers(memory_room)


def test_a_large_store_stays_on_disk(store: Path) -> None:
    most = expected_bytes(store) - 1
    with engine_thread(store, EngineOptions(store_memory_bytes=most)) as room:

        async def count(engine: Engine) -> int:
            return len(engine._holders)

        assert room.run(count) == 0
        still_answers(room)


def test_a_damaged_store_is_refused(store: Path, tmp_path: Path) -> None:
    async def holding(_engine: Engine) -> None:
        await HolderProcess.start(tmp_path / "missing")

    with engine_thread(store) as room, pytest.raises(WorkerStartError, match="cannot be read"):
        room.run(holding)


def test_nothing_is_left_of_a_copy_that_is_given_up(tmp_path: Path) -> None:
    """Whatever has begun of it: the reader of the store is a process of its own."""
    large = write_store(tmp_path / "large", things=50_000)

    def reads_it(process: Path) -> bool:
        with suppress(OSError):
            words = (process / "cmdline").read_bytes()
            return b"store_holder" in words and bytes(large) in words
        return False

    async def giving_up(_engine: Engine) -> None:
        for seconds in (0.3, 0.6, 0.9):
            starting = asyncio.ensure_future(HolderProcess.start(large))
            await asyncio.sleep(seconds)
            starting.cancel()
            await asyncio.wait([starting])
            if not starting.cancelled():
                starting.result().kill()
                await starting.result().exited()
        await until(lambda: not any(map(reads_it, processes.glob("[0-9]*"))))

    processes = Path("/proc")
    with engine_thread(large) as room:
        room.run(giving_up)


def test_every_kind_of_term_is_kept(tmp_path: Path) -> None:
    """Blank nodes keep their names, terms of RDF 1.2 what is new in them."""
    store = ox.Store(str(tmp_path / "store"))
    thing = ox.NamedNode(f"{EX}thing")
    inner = ox.Triple(thing, thing, ox.BlankNode("inner"))
    terms: list[Any] = [
        ox.BlankNode("named"),
        ox.Literal("words", language="zh-Hans"),
        ox.Literal("كلمة", language="ar", direction=ox.BaseDirection.RTL),
        ox.Literal("01", datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer")),
        ox.Literal('\x00\u202e\r\n\t\\"', datatype=ox.NamedNode(f"{EX}kind")),
        inner,
    ]
    store.extend(ox.Quad(thing, ox.NamedNode(f"{EX}p{at}"), t) for at, t in enumerate(terms))
    store.add(ox.Quad(thing, thing, thing, ox.NamedNode(f"{EX}graph")))
    store.flush()
    del store
    graphs = "SELECT * { GRAPH ?g { ?s ?p ?o } }"
    with engine_thread(tmp_path / "store") as room:
        on_disk = room.ask(EVERYTHING).body, room.ask(graphs).body
    with engine_thread(tmp_path / "store", OPTIONS) as room:
        room.wait_until_in_memory()
        assert (room.ask(EVERYTHING).body, room.ask(graphs).body) == on_disk


@pytest.mark.parametrize(
    ("query", "dataset", "found"),
    [
        ("SELECT ?x { <{EX}a> <{EX}in> ?x }", {}, []),
        ("SELECT ?x { GRAPH ?g { <{EX}a> <{EX}in> ?x } }", {}, ["one", "two"]),
        ("SELECT ?x FROM <{EX}graph1> { <{EX}a> <{EX}in> ?x }", {}, ["one"]),
        ("SELECT ?x { <{EX}a> <{EX}in> ?x }", {"default_graphs": (f"{EX}graph2",)}, ["two"]),
    ],
)
@pytest.mark.parametrize("light", [False, True])
def test_named_graphs_are_read_in_memory(
    memory_room: EngineThread, query: str, dataset: Any, found: list[str], light: bool
) -> None:
    client = f"{query}{dataset}{light}"
    reply = memory_room.ask(query.replace("{EX}", EX), light=light, client=client, **dataset)
    rows = json.loads(reply.body)["results"]["bindings"]
    assert sorted(row["x"]["value"] for row in rows) == found

    async def used_disk(engine: Engine) -> bool:
        return engine.lanes.heavy.recent.of(client, asyncio.get_running_loop().time()) > 0

    assert not memory_room.run(used_disk)


def test_without_room_for_the_dataset_named_graphs_are_read_from_disk(store: Path) -> None:
    most = 4 * expected_bytes(store)
    with engine_thread(store, replace(OPTIONS, store_memory_bytes=most)) as room:
        room.wait_until_in_memory()
        query = f"SELECT ?x {{ GRAPH ?g {{ <{EX}a> <{EX}in> ?x }} }}"
        for light in (False, True):
            assert room.ask(query, light=light).answer.rows == 2


def test_a_deadline_ends_a_fork(memory_room: EngineThread) -> None:
    for _ in range(5):
        with pytest.raises(QueryTimeout):
            memory_room.ask(ENDLESS["join"], deadline_seconds=0.3)
        still_answers(memory_room)  # by then, another worker has taken the place of the killed one
