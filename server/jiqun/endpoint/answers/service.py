"""Answers questions about one release: gate, negotiation, cache, single flight, engine.

Everything that serves query results goes through here: the SPARQL protocol, saved queries, pages
and the command line. A release never changes, so an answer has a strong ETag before it exists.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from jiqun.binding import bind
from jiqun.endpoint.answers.cache import Entry, ResultCache
from jiqun.endpoint.answers.entries import VARY, in_coding, sealed, timing
from jiqun.endpoint.answers.flight import Flight
from jiqun.endpoint.answers.limits import gate_limits
from jiqun.endpoint.answers.plans import Plans
from jiqun.endpoint.answers.questions import Plan, Question, etag, key_of, matching_tag
from jiqun.endpoint.answers.spreadsheet import blocks_for_spreadsheet, for_spreadsheet
from jiqun.endpoint.engine.jobs import Job
from jiqun.endpoint.engine.screening import screen
from jiqun.endpoint.http.coding import CODINGS
from jiqun.endpoint.http.formats import CSV, JSON, Format, formats_for
from jiqun.endpoint.http.negotiate import choose_coding, negotiate
from jiqun.endpoint.http.replies import Reply
from jiqun.endpoint.sparql import gate
from jiqun.endpoint.sparql.dataset_clause import dataset_of
from jiqun.errors import Busy, QueryTimeout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.endpoint.answers.flight import Complete
    from jiqun.endpoint.engine.engine import Engine
    from jiqun.endpoint.engine.jobs import Answer
    from jiqun.endpoint.http.replies import Headers, Rewrite
    from jiqun.endpoint.release import Release
    from jiqun.endpoint.sparql.gate import Inspection
    from jiqun.settings import Settings

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
