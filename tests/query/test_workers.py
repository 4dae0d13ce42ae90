"""Whatever a query does to its worker, the engine goes on: deadlines, memory, lanes, switches."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from engine_thread import (
    ENDLESS,
    EX,
    JSON,
    LABELS,
    MEBIBYTE,
    TURTLE,
    EngineThread,
    engine_thread,
    job,
    read,
    still_answers,
    until,
    write_store,
)
from jiqun.errors import (
    Busy,
    EvaluationFailed,
    JiqunError,
    MalformedQuery,
    MemoryLimitExceeded,
    QueryTimeout,
    QueryTooLarge,
    ReleaseError,
    ServiceRefused,
    WorkerFailed,
)
from jiqun.query import gate
from jiqun.query.gate import DEFAULT_LIMITS
from jiqun.query.jobs import BlockStream

if TYPE_CHECKING:
    from pathlib import Path

    from jiqun.query.engine import Engine


@pytest.mark.parametrize("name", ENDLESS)
def test_deadline(room: EngineThread, name: str) -> None:
    media_type = TURTLE if name == "construct" else JSON
    with pytest.raises((QueryTimeout, MemoryLimitExceeded), match="stopped"):
        room.ask(ENDLESS[name], media_type, deadline_seconds=0.5)
    still_answers(room)


def test_memory_limit(room: EngineThread) -> None:
    with pytest.raises(MemoryLimitExceeded, match="128 MiB"):
        room.ask(ENDLESS["sort"].replace("LIMIT 1", ""), deadline_seconds=60)
    doubling = " ".join(f"BIND(CONCAT(?x{i}, ?x{i}) AS ?x{i + 1})" for i in range(40))
    with pytest.raises(MemoryLimitExceeded):
        room.ask(f"SELECT (STRLEN(?x40) AS ?n) {{ BIND('{'a' * 64}' AS ?x0) {doubling} }}")
    still_answers(room)


def test_a_worker_that_dies_fails_its_query_only(disk_room: EngineThread) -> None:
    async def killing(engine: Engine) -> None:
        running = asyncio.ensure_future(read(engine, job(ENDLESS["join"])))
        await until(lambda: engine.lanes.heavy.busy > 0)
        idle = set(engine.lanes.heavy.idle)
        (victim,) = engine.lanes.heavy.workers - idle
        os.kill(victim.process.pid, signal.SIGSEGV)
        with pytest.raises(WorkerFailed, match="not affected"):
            await running

    disk_room.run(killing)
    still_answers(disk_room)


def test_idle_workers_that_die_are_replaced(room: EngineThread) -> None:
    async def killing(engine: Engine) -> None:
        for worker in [*engine.lanes.heavy.workers, *engine.lanes.light.workers]:
            worker.process.kill()
            await worker.exited()

    room.run(killing)
    still_answers(room)


def test_leaving_stops_the_query(disk_room: EngineThread) -> None:
    async def leaving(engine: Engine) -> None:
        running = asyncio.ensure_future(read(engine, job(ENDLESS["join"])))
        await until(lambda: engine.lanes.heavy.busy > 0)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await until(lambda: engine.lanes.heavy.busy == 0)

    disk_room.run(leaving)


def test_leaving_a_query_that_ends_by_itself_keeps_the_worker(patient_room: EngineThread) -> None:
    async def leaving(engine: Engine) -> tuple[int, int]:
        await until(lambda: len(engine.lanes.heavy.idle) == 3)
        before = engine.lanes.heavy.starts
        for _ in range(20):
            running = asyncio.ensure_future(read(engine, job(LABELS)))
            await asyncio.sleep(0)
            assert engine.lanes.heavy.busy == 1
            running.cancel()
            await asyncio.wait([running])
            await until(lambda: engine.lanes.heavy.busy == 0)
        return before, engine.lanes.heavy.starts

    before, after = patient_room.run(leaving)
    assert before == after


def test_leaving_a_stream_keeps_the_worker(patient_room: EngineThread) -> None:
    async def leaving(engine: Engine) -> tuple[int, int]:
        await until(lambda: len(engine.lanes.heavy.idle) == 3)
        before = engine.lanes.heavy.starts
        for _ in range(5):
            answer = await engine.run(job(ENDLESS["stream"]))
            assert len(answer.body) > 10_000
            assert isinstance(answer.blocks, BlockStream)
            answer.blocks.close()
            await until(lambda: engine.lanes.heavy.busy == 0)
        return before, engine.lanes.heavy.starts

    before, after = patient_room.run(leaving)
    assert before == after


def test_a_slow_reader_takes_little_memory(disk_room: EngineThread) -> None:
    async def reading(engine: Engine) -> int:
        answer = await engine.run(job(ENDLESS["stream"]))
        (worker,) = engine.lanes.heavy.workers - set(engine.lanes.heavy.idle)
        assert isinstance(answer.blocks, BlockStream)
        most = 0
        for _ in range(100):
            await anext(answer.blocks)
            await asyncio.sleep(0.002)
            most = max(most, worker.queued)
        answer.blocks.close()
        return most

    assert disk_room.run(reading) < 2 * MEBIBYTE


def test_light_queries_pass_heavy_ones(disk_room: EngineThread) -> None:
    async def passing(engine: Engine) -> None:
        heavy = [
            asyncio.ensure_future(read(engine, job(ENDLESS["join"], client=str(i))))
            for i in range(6)
        ]
        await until(lambda: engine.lanes.heavy.busy >= 2)
        for _ in range(20):
            assert b"true" in (await read(engine, job("ASK {}"))).body
        assert engine.lanes.heavy.busy == 2
        for each in heavy:
            each.cancel()
        await asyncio.gather(*heavy, return_exceptions=True)

    disk_room.run(passing)


@pytest.mark.parametrize("crowd", [0, 2])
def test_a_light_query_that_is_not_light_leaves_the_lane(
    disk_room: EngineThread, crowd: int
) -> None:
    async def moving(engine: Engine) -> None:
        others = [asyncio.ensure_future(read(engine, job(ENDLESS["join"]))) for _ in range(crowd)]
        await until(lambda: engine.lanes.heavy.busy >= crowd)
        wrong = asyncio.ensure_future(
            read(engine, job(ENDLESS["path"], light=True, deadline_seconds=5))
        )
        if not crowd:
            await until(lambda: engine.lanes.heavy.busy > 0)
        else:
            await until(lambda: engine.lanes.heavy.waiting > 0)
        assert b"true" in (await read(engine, job("ASK {}"))).body
        with pytest.raises((QueryTimeout, Busy, MemoryLimitExceeded)):
            await wrong
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    disk_room.run(moving)
    still_answers(disk_room)


def test_the_queue_is_bounded(disk_room: EngineThread) -> None:
    async def flooding(engine: Engine) -> list[object]:
        jobs = [
            read(engine, job(ENDLESS["join"], client=str(i), deadline_seconds=1.5))
            for i in range(30)
        ]
        return list(await asyncio.gather(*jobs, return_exceptions=True))

    outcomes = disk_room.run(flooding)
    busy = [each for each in outcomes if isinstance(each, Busy)]
    assert len(busy) >= 20
    assert all(each.retry_after >= 1 for each in busy)
    assert sum(isinstance(each, QueryTimeout) for each in outcomes) == 30 - len(busy)
    still_answers(disk_room)


def test_one_client_gets_only_its_share(disk_room: EngineThread) -> None:
    async def hogging(engine: Engine) -> bytes:
        hog = [
            asyncio.ensure_future(read(engine, job(ENDLESS["join"], client="hog")))
            for _ in range(30)
        ]
        await until(lambda: sum(each.done() for each in hog) >= 25)
        other = asyncio.ensure_future(read(engine, job(LABELS, client="other")))
        await until(lambda: "other" in engine.lanes.heavy.queues)
        next(each for each in hog if not each.done()).cancel()
        body = (await other).body
        for each in hog:
            each.cancel()
        outcomes = await asyncio.gather(*hog, return_exceptions=True)
        assert sum(isinstance(each, Busy) for each in outcomes) == 25
        return body

    assert b"thing 7" in disk_room.run(hogging)


def test_no_worker_opens_a_connection(room: EngineThread) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary:
        port = canary.getsockname()[1]
        canary.settimeout(0.2)
        call = f"SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }}"
        for query in (f"ASK {{ {call} }}", f"SELECT * {{ {{ {call} }} UNION {{ {call} }} }}"):
            passed = job("ASK {}")
            assert passed.parsed is not None
            # As if the gate had not seen it.
            unseen = replace(passed, parsed=replace(passed.parsed, text=query))
            with pytest.raises((EvaluationFailed, WorkerFailed)):
                room.run(partial(read, one=unseen))
        with pytest.raises(TimeoutError):
            canary.accept()


def test_statistics(room: EngineThread) -> None:
    before = room.engine.statistics().outcomes
    room.ask("ASK {}")
    with pytest.raises(MalformedQuery):
        room.ask("SELECT * { ?s ?p }")
    after = room.engine.statistics()
    assert after.outcomes["ok"] - before.get("ok", 0) == 1
    assert after.outcomes["MalformedQuery"] - before.get("MalformedQuery", 0) == 1
    assert set(after.lanes) == {"light", "memory", "heavy"}


def test_switch(store: Path, tmp_path: Path) -> None:
    second = write_store(tmp_path / "second", mark="second")
    query = f"SELECT ?m {{ <{EX}store> <{EX}mark> ?m }} ORDER BY ?m"
    with engine_thread(store) as room:

        async def switching(engine: Engine) -> bytes:
            old = await engine.run(job(ENDLESS["stream"]))
            assert isinstance(old.blocks, BlockStream)
            await engine.switch(second)
            for light in (True, False):
                for _ in range(10):
                    reply = await read(engine, job(query, light=light))
                    assert b"second" in reply.body
            block = await anext(old.blocks)
            old.blocks.close()
            return bytes(block)

        assert room.run(switching)
        with pytest.raises(ReleaseError, match="cannot be read"):
            room.run(lambda engine: engine.switch(tmp_path / "missing"))
        assert b"second" in room.ask(query).body


def test_a_store_that_cannot_be_read(tmp_path: Path) -> None:
    room = engine_thread(tmp_path / "missing")
    with pytest.raises(ReleaseError, match="cannot be read"):
        room.__enter__()


def test_workers_end_with_the_engine(store: Path) -> None:
    with engine_thread(store) as room:
        pids = [worker.process.pid for lane in room.engine.lanes for worker in lane.workers]
        assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


NOBODY: frozenset[str] = frozenset()
LONG = f"SELECT * {{ <{EX}7> ?p ?o }} # " + "x" * 3_000


def test_a_long_query_is_parsed_by_a_worker(room: EngineThread) -> None:
    text = f"{LONG} {id(room)}"  # not in the cache of another engine
    key = (text, DEFAULT_LIMITS, NOBODY)
    assert gate.is_long(key)
    room.run(lambda engine: engine.parse(key, "", 10))
    assert not gate.is_long(key)
    found = gate.parse_query(text)
    assert (found.form, found.light, found.row_limit_span) == ("SELECT", True, (41, 41))
    assert b"thing 7" in room.ask(text).body


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        (LONG.replace("}", ""), MalformedQuery),
        (LONG.replace("?p ?o", "?p ?o " + "; ?p ?o" * 201), QueryTooLarge),
        (LONG.replace("?p ?o", "?p ?o SERVICE <http://x/> {}"), ServiceRefused),
    ],
)
def test_a_long_query_is_refused_by_a_worker(
    room: EngineThread, text: str, refusal: type[JiqunError]
) -> None:
    with pytest.raises(refusal):
        room.run(lambda engine: engine.parse((text, DEFAULT_LIMITS, NOBODY), "", 10))
    still_answers(room)


def test_reading_a_long_query_has_its_deadline(room: EngineThread) -> None:
    text = LONG + "\nASK {" + " ." * 4_000
    with pytest.raises(QueryTimeout, match="could not be parsed"):
        room.run(lambda engine: engine.parse((text, DEFAULT_LIMITS, NOBODY), "", 1e-9))
    still_answers(room)
