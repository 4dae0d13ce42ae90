"""A query as somebody asks it, how it will be answered, and the tags of its answers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import Final

from jiqun.compression import CODINGS, encode
from jiqun.errors import Busy, MalformedQuery, QueryTimeout, QueryTooLarge, ServiceRefused
from jiqun.query import frames, gate
from jiqun.query.cache import Entry, Plans, ResultCache
from jiqun.query.engine import Engine
from jiqun.query.gate import Inspection, Limits, ServiceCall, dataset_of
from jiqun.query.job import Answer, Job
from jiqun.query.lanes import Lane
from jiqun.query.spreadsheet import blocks_for_spreadsheet, for_spreadsheet
from jiqun.query.worker_process import WorkerGone
from jiqun.rdf.formats import CSV, JSON, Format, formats_for
from jiqun.release import Release
from jiqun.saved_queries import bind
from jiqun.settings import Settings
from jiqun.web.http import EVERYWHERE, Headers, Reply, Rewrite
from jiqun.web.negotiation import Choice, choose_coding, negotiate


@dataclass(frozen=True)
class Question:
    """A query as somebody asks it; the headers are given as they were sent.

    `substitutions` bind variables (without question mark) to terms in N-Triples syntax; `timeout`
    is in seconds.
    """

    text: str
    accept: str | None = None
    format: str | None = None
    accept_encoding: str | None = None
    if_none_match: str | None = None
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    substitutions: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    excel: bool = False
    max_rows: int | None = None
    client: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question will be answered, whoever asks it.

    `key` is None for what may differ from time to time.
    """

    job: Job
    choice: Choice
    key: bytes | None
    coding: str | None
    excel: bool = False

    def for_client(self, client: str) -> Plan:
        """Give the same plan on account of another client."""
        if client == self.job.client:
            return self
        return replace(self, job=replace(self.job, client=client))


def key_of(realm: str, job: Job, choice: Choice, *, excel: bool) -> bytes:
    """Give the key of an answer: equal for equal questions about what `realm` names."""
    parts = (
        realm,
        job.text.strip(),
        choice.media_type,
        str(job.max_rows),
        repr(job.default_graphs),
        repr(job.named_graphs),
        str(excel),
    )
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=18).digest()


def etag(key: bytes, coding: str | None) -> bytes:
    """Give the strong entity tag of an answer in a content coding, quotes included."""
    suffix = f"-{coding}" if coding else ""
    return b'"' + base64.urlsafe_b64encode(key) + suffix.encode() + b'"'


def matching_tag(if_none_match: str, key: bytes, coding: str | None) -> bytes | None:
    """Give the tag among those of If-None-Match that is of this answer, if one is.

    The plain tag counts also where a coding is chosen, because short answers go uncoded. A `*` is
    left to the full answer: before it is evaluated, nobody knows that there is one.
    """
    own = {etag(key, None), etag(key, coding)}
    for candidate in if_none_match[:4096].split(","):
        tag = candidate.strip().removeprefix("W/").encode(errors="replace")
        if tag in own:
            return tag
    return None


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


def gate_limits(settings: Settings) -> Limits:
    """Give the limits on queries and updates."""
    return Limits(
        query_length=settings.query_length,
        tokens=settings.query_tokens,
        nesting=settings.query_nesting,
        triple_patterns=settings.query_triple_patterns,
        path_length=settings.query_path_length,
        values=settings.query_values,
        unions=settings.query_unions,
        groups=settings.query_groups,
        expressions=settings.query_expressions,
    )


VARY: Final = (b"vary", b"Accept, Accept-Encoding")
_SEAL: Final = frozenset({b"etag", b"content-length"})


def sealed(body: bytes, tag: bytes, headers: Headers, rows: int | None) -> Entry:
    """Make an entry whose headers are all there."""
    headers = (*headers, (b"etag", tag), (b"content-length", str(len(body)).encode()))
    head = b"".join(b"%b: %b\r\n" % pair for pair in (*headers, *EVERYWHERE))
    return Entry(body, tag, headers, rows, head)


def in_coding(entry: Entry, coding: str, tag: bytes) -> Entry:
    """Make the entry of the same answer in a content coding."""
    headers = tuple(pair for pair in entry.headers if pair[0] not in _SEAL)
    headers = (*headers, (b"content-encoding", coding.encode()))
    return sealed(encode(coding, entry.body), tag, headers, entry.rows)


def timing(answer: Answer) -> tuple[bytes, bytes]:
    """Give the Server-Timing header: how long the query waited, and worked before its first block.

    Milliseconds.
    """
    queue, first = answer.queue_seconds * 1000, answer.first_seconds * 1000
    return (b"server-timing", f"queue;dur={queue:.1f}, first;dur={first:.1f}".encode())


_REFUSALS: Final = {each.__name__: each for each in (MalformedQuery, QueryTooLarge, ServiceRefused)}


async def screen(lane: Lane, key: gate.GateKey, client: str, seconds: float) -> None:
    """Let `gate.inspect` know the text of `key` without reading it here.

    Raises what the gate raises, `Busy`, or `QueryTimeout` when it takes longer than `seconds`.
    """
    text, limits, allowed = key
    loop = asyncio.get_running_loop()
    entered = loop.time()
    worker = await lane.acquire(client, seconds)
    began = loop.time()
    timer = loop.call_at(entered + seconds, worker.kill)
    retire = True
    try:
        order = {"text": text, "limits": asdict(limits), "allowed": sorted(allowed)}
        worker.send(frames.INSPECT, order)
        kind, body = await worker.receive()
        retire = False
    except WorkerGone:
        raise QueryTimeout(f"The query was not even read within {seconds:g} s.") from None
    finally:
        timer.cancel()
        lane.release(worker, client, loop.time() - began, retire)
    found = json.loads(body)
    if kind == frames.ERROR:
        raise _REFUSALS[found["error"]](found["detail"])
    found["calls"] = tuple(ServiceCall(*call) for call in found["calls"])
    found["row_limit_span"] = tuple(found["row_limit_span"])
    gate.remember(key, gate.Inspection(**found))


PROGRAM: Final = version("jiqun")


class Service:
    """One release and the engine that reads it, with the cache of its answers."""

    def __init__(self, release: Release, engine: Engine, settings: Settings) -> None:
        """Serve `release` through `engine`, which the caller starts and stops."""
        self.release = release
        self.engine = engine
        self.settings = settings
        self.cache = ResultCache(settings.cache_bytes, settings.cache_entry_bytes)
        self.plans = Plans()
        self._limits = gate_limits(settings)
        self._allowed_services = frozenset(settings.service_allow)
        self._flights: dict[bytes, Flight] = {}
        self._realm = ""
        self.advance("")
        limits = (
            f"rows={settings.max_rows}, bytes={settings.max_bytes}, "
            f"seconds={settings.deadline_seconds:g}"
        )
        self._limits_header = (b"jiqun-limits", limits.encode())
        fresh = "no-cache" if settings.workspace else f"public, max-age={settings.cache_seconds}"
        self._cache_control = (b"cache-control", fresh.encode())

    def advance(self, state: str) -> None:
        """Answer about another state of the data from now on, and forget all answers before it.

        `state` names what users wrote, "" where they write nothing; no state comes twice.
        """
        settings = self.settings
        caps = str(settings.max_rows), str(settings.max_bytes)
        self._realm = "\0".join((PROGRAM, self.release.identifier, state, *caps))
        self.cache.clear()
        self.plans.clear()

    def inspect(self, text: str) -> Inspection:
        """Pass a query through the gate; raises what the gate raises."""
        return gate.inspect(text, self._limits, self._allowed_services)

    async def screen(self, question: Question) -> Question:
        """Read a long query where that holds up nobody, and return it with the time it has left.

        Raises what the gate raises, `Busy` or `QueryTimeout`.
        """
        text = bind(question.text, question.substitutions)
        key = (text, self._limits, self._allowed_services)
        if not gate.is_long(key):
            return question
        began = time.monotonic()
        seconds = min(question.timeout or math.inf, self.settings.deadline_seconds)
        await screen(self.engine.heavy, key, question.client, seconds)
        return replace(question, timeout=max(0.001, seconds - (time.monotonic() - began)))

    def plan(self, question: Question, available: tuple[Format, ...] | None = None) -> Plan:
        """Decide how to answer, in one of the formats `available` or in those of the form.

        Raises what the gate and the negotiation raise.
        """
        inspection = self.inspect(bind(question.text, question.substitutions))
        formats = available or formats_for(inspection.form)
        choice = negotiate(question.accept, question.format, formats)
        job = self._job(question, inspection, choice.format.media_type)
        excel = question.excel and choice.format is CSV
        if not inspection.deterministic:
            return Plan(job, choice, None, None, excel)
        key = key_of(self._realm, job, choice, excel=excel)
        coding = choose_coding(question.accept_encoding, CODINGS)
        return Plan(job, choice, key, coding, excel)

    def recall(self, plan: Plan, if_none_match: str | None = None) -> Reply | None:
        """Answer without evaluating anything: unchanged for the client, or cached."""
        if plan.key is None:
            return None
        if if_none_match:
            known = matching_tag(if_none_match, plan.key, plan.coding)
            if known:
                headers = (self._cache_control, (b"etag", known), VARY)
                return Reply(304, headers, outcome="unchanged")
        entry = self.cache.get(plan.key)
        return self._from_entry(entry, plan.key, plan.coding, "cached") if entry else None

    def ready(self, plan: Plan) -> Entry | None:
        """Give the answer in the right coding if it can be sent as it is."""
        if plan.key is None:
            return None
        entry = self.cache.peek(plan.key)
        if entry is None:
            return None
        if plan.coding and len(entry.body) >= self.settings.compress_from_bytes:
            return self.cache.get(plan.key + plan.coding.encode())
        return self.cache.get(plan.key)

    async def answer(self, plan: Plan) -> Reply:
        """Answer by evaluating; raises a `JiqunError` for what keeps the answer from beginning."""
        if plan.key is None:
            return await self._fly_alone(plan)
        while True:
            flight = self._flights.get(plan.key)
            if flight is None:
                return await self._lead(plan, plan.key)
            complete = await self._follow(flight, plan)
            if complete is not None:
                entry = self._entry(complete, plan, plan.key)
                return self._from_entry(entry, plan.key, plan.coding, "shared")
            if self._flights.get(plan.key) is flight:
                del self._flights[plan.key]

    async def _follow(self, flight: Flight, plan: Plan) -> Complete | None:
        """Wait for somebody else's flight; None when this question needs one of its own."""
        deadline = plan.job.deadline_seconds
        try:
            async with asyncio.timeout(deadline):
                return await flight.follow()
        except TimeoutError:
            raise QueryTimeout(
                f"The query did not end within {deadline:g} seconds and was given up."
            ) from None
        except Busy:
            return None  # the share of another client was full, not this one's
        except QueryTimeout:
            if deadline > flight.job.deadline_seconds:
                return None
            raise

    async def probe(self) -> bool:
        """Tell whether a query comes back from a worker; never answered from the cache."""
        question = Question("ASK {}", timeout=self.settings.deadline_seconds)
        plan = replace(self.plan(question, (JSON,)), key=None)
        return b"true" in await _read_whole(await self.answer(plan))

    async def holds(self, text: str, substitutions: Mapping[str, str]) -> bool:
        """Answer an ASK query."""
        body = await self.collect(Question(text, substitutions=substitutions))
        return bool(json.loads(body)["boolean"])

    async def named_graphs(self) -> list[str]:
        """List the named graphs of the release."""
        question = Question("SELECT ?graph { GRAPH ?graph {} } ORDER BY ?graph")
        document = json.loads(await self.collect(question))
        return [row["graph"]["value"] for row in document["results"]["bindings"]]

    async def collect(self, question: Question, format_: Format = JSON) -> bytes:
        """Answer a question wholly, for use inside this program."""
        plain = replace(question, accept=None, format=None, accept_encoding=None)
        plan = self.plan(plain, (format_,))
        reply = self.recall(plan) or await self.answer(plan)
        return await _read_whole(reply)

    def _job(self, question: Question, inspection: Inspection, media_type: str) -> Job:
        deadline = self.settings.deadline_seconds
        default, named = question.default_graphs, question.named_graphs
        if default is None and named is None:
            default, named = dataset_of(inspection.text) or (None, None)
        return Job(
            text=inspection.text,
            form=inspection.form,
            media_type=media_type,
            default_graphs=default,
            named_graphs=named,
            deadline_seconds=min(question.timeout or deadline, deadline),
            client=question.client,
            light=inspection.light,
            max_rows=min(question.max_rows or self.settings.max_rows, self.settings.max_rows),
            max_bytes=self.settings.max_bytes,
            inspection=inspection,
        )

    async def _fly_alone(self, plan: Plan) -> Reply:
        flight = Flight(self.engine, plan.job, 0, lambda _flight, _complete: None)
        answer = await _first(flight)
        headers = (
            (b"cache-control", b"no-store"),
            *self._facts(answer, plan),
            timing(answer),
        )
        if not answer.complete:
            return Reply(200, headers, flight=flight, answer=answer, rewrite=_rewrite(plan))
        body = for_spreadsheet(answer.first) if plan.excel else answer.first
        length = (b"content-length", str(len(body)).encode())
        return Reply(200, (*headers, length), body, answer=answer)

    async def _lead(self, plan: Plan, key: bytes) -> Reply:
        def landed(flight: Flight, complete: Complete | None) -> None:
            if self._flights.get(key) is flight:
                del self._flights[key]
            if complete is not None:
                self.cache.put(key, self._entry(complete, plan, key))

        flight = Flight(self.engine, plan.job, self.cache.largest, landed)
        self._flights[key] = flight
        answer = await _first(flight)
        complete = flight.whole()
        if complete is not None:
            entry = self.cache.peek(key) or self._entry(complete, plan, key)
            return self._from_entry(entry, key, plan.coding, "ok", answer)
        headers = (
            (b"etag", etag(key, plan.coding)),
            self._cache_control,
            *self._facts(answer, plan),
            timing(answer),
        )
        return Reply(
            200,
            headers,
            flight=flight,
            coding=plan.coding,
            answer=answer,
            rewrite=_rewrite(plan),
        )

    def _entry(self, complete: Complete, plan: Plan, key: bytes) -> Entry:
        body = for_spreadsheet(complete.body) if plan.excel else complete.body
        headers = (self._cache_control, *self._facts(complete.answer, plan))
        return sealed(body, etag(key, None), headers, complete.answer.rows)

    def _from_entry(
        self,
        entry: Entry,
        key: bytes,
        coding: str | None,
        outcome: str,
        answer: Answer | None = None,
    ) -> Reply:
        if coding is not None and len(entry.body) >= self.settings.compress_from_bytes:
            coded_key = key + coding.encode()
            coded = self.cache.peek(coded_key)
            if coded is None:
                coded = in_coding(entry, coding, etag(key, coding))
                self.cache.put(coded_key, coded)
            entry = coded
        headers = (*entry.headers, timing(answer)) if answer else entry.headers
        return Reply(200, headers, entry.body, outcome=outcome, entry=entry, answer=answer)

    def _facts(self, answer: Answer, plan: Plan) -> Headers:
        """Headers that tell what the answer is, and whether all of it is there."""
        facts: Headers = (
            (b"content-type", plan.choice.content_type.encode()),
            VARY,
            self._limits_header,
        )
        if answer.truncated:
            facts += ((b"jiqun-truncated", f"rows={plan.job.max_rows}".encode()),)
        if plan.excel:
            facts += ((b"content-disposition", b'attachment; filename="answer.csv"'),)
        return facts


async def _read_whole(reply: Reply) -> bytes:
    if reply.flight is None:
        return reply.body
    try:
        return b"".join([block async for block in reply.flight.blocks()])
    finally:
        reply.flight.leave()


async def _first(flight: Flight) -> Answer:
    try:
        return await flight.first()
    except BaseException:
        flight.leave()
        raise


def _rewrite(plan: Plan) -> Rewrite | None:
    return blocks_for_spreadsheet if plan.excel else None
