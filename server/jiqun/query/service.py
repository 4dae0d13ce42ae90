"""The query service: plans requests for one release, and answers them from cache or engine.

The SPARQL protocol, saved queries and the command line all use it. A release never changes, so the
strong entity tag of an answer is known before the answer.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Final

from jiqun.compression import encode, encoder
from jiqun.errors import Busy, JiqunError, QueryTimeout
from jiqun.query import gate
from jiqun.query.cache import LruCache
from jiqun.query.clauses import resolve_dataset
from jiqun.query.engine import Engine
from jiqun.query.gate import Limits, ParsedQuery
from jiqun.query.in_process import BoundedQuery
from jiqun.query.jobs import Answer, DocumentJob, Job
from jiqun.query.spreadsheet import Spreadsheet, for_spreadsheet
from jiqun.rdf.earlier_versions import NEWEST
from jiqun.rdf.formats import CSV, JSON, Format
from jiqun.release import Release
from jiqun.saved_queries import bind
from jiqun.settings import Settings

PROGRAM: Final = version("jiqun")
_CACHED_PLANS: Final = 2 * 1024 * 1024
_LONGEST_SIGNATURE: Final = 4096
_CACHED_HEADS: Final = 4 * 1024 * 1024
_LONG_DOCUMENT: Final = 64 * 1024

Choose = Callable[[ParsedQuery], tuple[Format, str, str]]
"""Chooses the format of an answer, its Content-Type, and the version of RDF it is written in."""

Signature = tuple[bytes, bytes, bytes]
"""Query string, Accept and Accept-Encoding of a GET request, as they were sent."""


@dataclass(frozen=True)
class QueryRequest:
    """A query as a client sends it, independent of the format.

    `bindings` map variables (without question mark) to terms in N-Triples syntax; `timeout` is in
    seconds. `base` is the URL of the request.
    """

    text: str
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    bindings: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    excel: bool = False
    max_rows: int | None = None
    row_limit: int | None = None
    base: str | None = None
    max_bytes: int | None = None
    client: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a request will be answered, independent of the client.

    `key` identifies the answer, in characters of an entity tag; it is None if evaluations may
    differ. `coding` is the content coding, None for identity. `bounded` is what this process
    evaluates, None if a worker does.
    """

    job: Job
    frame: bytes
    content_type: str
    key: bytes | None = None
    coding: str | None = None
    excel: bool = False
    bounded: BoundedQuery | None = None

    def etag(self, coding: str | None) -> bytes:
        """Return the strong entity tag of the answer in a content coding, quotes included."""
        suffix = f"-{coding}" if coding else ""
        return b'"%b%b"' % (self.key or b"", suffix.encode())


class QueryService:
    """One release and the engine that reads it, with the cache of its answers."""

    def __init__(self, release: Release, engine: Engine, settings: Settings) -> None:
        """Serve `release` through `engine`, which the caller starts and stops."""
        self.release = release
        self.engine = engine
        self.settings = settings
        self.cache: LruCache[bytes, Answer] = LruCache(
            settings.cache_bytes, settings.cache_entry_bytes
        )
        self.plans: LruCache[Signature, Plan] = LruCache(_CACHED_PLANS, _LONGEST_SIGNATURE)
        self.heads: LruCache[bytes, bytes] = LruCache(_CACHED_HEADS)
        """Heads of cached responses, by the key of the answer and its coding."""
        self._limits = gate_limits(settings)
        self._allowed_services = frozenset(settings.service_allow)
        self._evaluating: dict[bytes, asyncio.Future[Answer | None]] = {}
        self._state = ""
        self.advance("")
        engine.on_copy = self.plans.clear

    def advance(self, state: str) -> None:
        """Switch to another state of the data, and drop all cached answers.

        `state` identifies what users wrote, "" without writing; states never repeat.
        """
        settings = self.settings
        caps = str(settings.max_rows), str(settings.max_bytes)
        self._state = "\0".join((PROGRAM, self.release.identifier, state, *caps))
        self.cache.clear()
        self.heads.clear()
        self.plans.clear()

    async def parse(self, request: QueryRequest) -> tuple[ParsedQuery, float | None]:
        """Parse a query at the gate; return it with its remaining seconds.

        Long texts are parsed in a worker. Raises what the gate raises, `Busy` or `QueryTimeout`.
        """
        text = bind(request.text, request.bindings) if request.bindings else request.text
        key = (text, self._limits, self._allowed_services)
        left = request.timeout
        if gate.is_long(key):
            began = time.monotonic()
            seconds = min(request.timeout or math.inf, self.settings.deadline_seconds)
            await self.engine.parse(key, request.client, seconds)
            left = max(0.001, seconds - (time.monotonic() - began))
        return gate.parse_query(*key), left

    async def plan(
        self,
        request: QueryRequest,
        choose: Choose,
        coding: str | None = None,
    ) -> Plan:
        """Plan the answer to a request.

        `choose` returns the format of the answer, its Content-Type and its version of RDF. Raises
        what the gate raises and what `choose` raises.
        """
        parsed, left = await self.parse(request)
        format_, content_type, version = choose(parsed)
        settings, dataset = self.settings, (request.default_graphs, request.named_graphs)
        base = (request.base or None) if parsed.relative else None
        if dataset == (None, None) and parsed.dataset is not None:
            dataset = resolve_dataset(parsed.dataset, base or "") or dataset
        job = Job(
            parsed=self.engine.adapted(parsed),
            media_type=format_.media_type,
            default_graphs=dataset[0],
            named_graphs=dataset[1],
            deadline_seconds=min(left or math.inf, settings.deadline_seconds),
            client=request.client,
            light=parsed.light,
            row_limit=request.row_limit,
            base_iri=base,
            version=version,
            max_rows=min(request.max_rows or settings.max_rows, settings.max_rows),
            max_bytes=min(request.max_bytes or settings.max_bytes, settings.max_bytes),
        )
        excel = request.excel and format_ is CSV
        key = self._key(job, content_type, excel) if parsed.deterministic else None
        local = self.engine.in_process
        bounded = local.admitted(job) if key is not None and local is not None else None
        return Plan(job, job.frame(), content_type, key, coding if key else None, excel, bounded)

    def cached(self, plan: Plan) -> Answer | None:
        """Return the answer if it is cached, in the coding of the plan."""
        if plan.key is None:
            return None
        answer = self.cache.get(plan.key)
        return answer and self._coded(answer, plan)

    def ready(self, plan: Plan) -> Answer | None:
        """Return the answer if it is bounded, or cached in the right coding."""
        if plan.key is None:
            return None
        answer = self.cache.peek(plan.key)
        if answer is None:
            return self._bounded(plan)
        if plan.coding and len(answer.body) >= self.settings.compress_from_bytes:
            return self.cache.get(plan.key + plan.coding.encode())
        return self.cache.get(plan.key)

    def _bounded(self, plan: Plan) -> Answer | None:
        """Return the answer to a bounded query, None for all others."""
        local = self.engine.in_process
        if plan.bounded is None or local is None:
            return None
        answer = local.answer(plan.bounded)
        if answer is None:
            return None
        if plan.excel:
            answer = answer._replace(body=for_spreadsheet(answer.body))
        assert plan.key is not None
        self.cache.put(plan.key, answer._replace(outcome="cached"), len(answer.body))
        return self._coded(answer, plan)

    async def answer(self, plan: Plan, client: str | None = None) -> Answer:
        """Answer a request; identical concurrent requests share one evaluation.

        `client` is charged for it, by default the client of the plan. The blocks of a long answer
        must be read or closed. Raises a `JiqunError` if the answer cannot start.
        """
        if (bounded := self._bounded(plan)) is not None:
            return bounded
        job = plan.job
        if client is not None and client != job.client:
            job = replace(job, client=client)
        if plan.key is None:
            return self._finished(await self.engine.run(job, plan.frame), plan)

        async def evaluate() -> Answer:
            answer = await self._collect(await self.engine.run(job, plan.frame))
            if answer.blocks is None and plan.excel:
                return answer._replace(body=for_spreadsheet(answer.body))
            return answer

        answer = await self._once(plan.key, job.deadline_seconds, evaluate)
        if answer.blocks is None:
            return self._coded(answer, plan)
        return self._finished(answer, plan)

    async def _once(
        self, key: bytes, deadline_seconds: float, make: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """Compute and cache an answer, or wait for the one that is being computed for this key."""
        while (shared := self._evaluating.get(key)) is not None:
            found = await self._follow(shared, deadline_seconds)
            if found is not None:
                return found._replace(outcome="shared")
        future: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._evaluating[key] = future
        complete: Answer | None = None
        try:
            answer = await make()
            if answer.blocks is None:
                complete = answer
                self.cache.put(key, answer._replace(outcome="cached"), len(answer.body))
            return answer
        except JiqunError as error:
            if not isinstance(error, Busy):  # only this client's share is full
                future.set_exception(error)
                future.exception()  # followers are optional: mark it as retrieved
            raise
        finally:
            del self._evaluating[key]
            if not future.done():
                future.set_result(complete)

    async def _follow(
        self, shared: asyncio.Future[Answer | None], deadline_seconds: float
    ) -> Answer | None:
        """Wait for another request's evaluation; None when this one needs its own."""
        try:
            async with asyncio.timeout(deadline_seconds):
                return await asyncio.shield(shared)
        except TimeoutError:
            raise QueryTimeout(
                f"The query did not end within {deadline_seconds:g} seconds and was stopped."
            ) from None
        except QueryTimeout:
            return None  # its deadline may have been shorter

    async def _collect(self, answer: Answer) -> Answer:
        """Collect the blocks of an answer while it can still be cached."""
        if answer.blocks is None:
            return answer
        parts, size = [answer.body], len(answer.body)
        try:
            async for block in answer.blocks:
                parts.append(block)
                size += len(block)
                if size > self.cache.largest:
                    return answer._replace(body=b"".join(parts))
        except BaseException:
            answer.blocks.close()
            raise
        return answer._replace(body=b"".join(parts), blocks=None)

    def _finished(self, answer: Answer, plan: Plan) -> Answer:
        """Apply the variant for spreadsheets and the coding to an answer that is not cached."""
        if answer.blocks is None:
            return answer._replace(body=for_spreadsheet(answer.body)) if plan.excel else answer
        if not (plan.excel or plan.coding):
            return answer
        blocks = answer.blocks.push_back(answer.body)
        if plan.excel:
            blocks = blocks.through(Spreadsheet())
        if plan.coding:
            blocks = blocks.through(encoder(plan.coding))
        return answer._replace(body=b"", blocks=blocks, coding=plan.coding)

    def _coded(self, answer: Answer, plan: Plan) -> Answer:
        """Return a complete answer in the planned coding, unless it is too short."""
        coding = plan.coding
        if coding is None or len(answer.body) < self.settings.compress_from_bytes:
            return answer
        assert plan.key is not None
        key = plan.key + coding.encode()
        coded = self.cache.peek(key)
        if coded is None:
            coded = answer._replace(body=encode(coding, answer.body), coding=coding)
            self.cache.put(key, coded._replace(outcome="cached"), len(coded.body))
        return coded._replace(outcome=answer.outcome)

    async def probe(self) -> bool:
        """Return whether a worker answers a query; never answered from the cache."""
        request = QueryRequest("ASK {}", timeout=self.settings.deadline_seconds)
        plan = replace(await self.plan(request, in_format(JSON)), key=None, bounded=None)
        return b"true" in (await self.answer(plan)).body

    async def collect(self, request: QueryRequest, format_: Format = JSON) -> bytes:
        """Return the complete answer to a request, for internal use."""
        return await self.complete(await self.plan(request, in_format(format_)))

    async def complete(self, plan: Plan) -> bytes:
        """Return the complete answer to a plan, for internal use."""
        answer = self.cached(plan) or await self.answer(plan)
        rest = [block async for block in answer.blocks] if answer.blocks is not None else []
        return b"".join([answer.body, *rest])

    async def named_graphs(self) -> list[str]:
        """Return the IRIs of the named graphs."""
        request = QueryRequest("SELECT ?graph { GRAPH ?graph {} } ORDER BY ?graph")
        document = json.loads(await self.collect(request))
        return [row["graph"]["value"] for row in document["results"]["bindings"]]

    async def holds(self, text: str, bindings: Mapping[str, str]) -> bool:
        """Return the answer to an ASK query."""
        body = await self.collect(QueryRequest(text, bindings=bindings))
        return bool(json.loads(body)["boolean"])

    async def document(
        self,
        job: DocumentJob,
        coding: str | None,
        *,
        cached: bool = True,
    ) -> Answer:
        """Return a document in a content coding, cached by its function and arguments.

        Without `cached`, it is generated again. Raises what the document function raises.
        """
        if not cached:
            return await self._compressed(await self.engine.run(job), coding)
        key = self._document_key(job)
        coded_key = key + (coding or "").encode()
        answer = self.cache.get(coded_key)
        if answer is None:
            answer = self.cache.peek(key)
            if answer is None:
                answer = await self._once(key, job.deadline_seconds, lambda: self.engine.run(job))
            answer = await self._compressed(answer, coding)
            if coding:
                self.cache.put(coded_key, answer._replace(outcome="cached"), len(answer.body))
        return answer

    def keep_document(self, job: DocumentJob, answer: Answer) -> None:
        """Cache what a job returns that another process has done."""
        kept = answer._replace(outcome="cached")
        self.cache.put(self._document_key(job), kept, len(answer.body))

    def _document_key(self, job: DocumentJob) -> bytes:
        depends_on = job.key or f"{job.arguments!r}\0{job.named!r}"
        text = "\0".join((self._state, job.module, job.function, depends_on))
        return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=18).digest()

    async def _compressed(self, answer: Answer, coding: str | None) -> Answer:
        """Compress a document, in a thread when it is long: the compressors release the GIL."""
        if coding is None or len(answer.body) < self.settings.compress_from_bytes:
            return answer
        if len(answer.body) < _LONG_DOCUMENT:
            body = encode(coding, answer.body)
        else:
            body = await asyncio.to_thread(encode, coding, answer.body)
        return answer._replace(body=body, coding=coding, etag=f"{answer.etag}-{coding}")

    def _key(self, job: Job, content_type: str, excel: bool) -> bytes:
        """Return the key of an answer: equal for equal queries on the same data."""
        parts = (
            self._state,
            job.parsed.text.strip(),
            content_type,
            job.version,
            str(job.max_rows),
            str(job.row_limit),
            str(job.base_iri),
            repr(job.default_graphs),
            repr(job.named_graphs),
            str(excel),
        )
        digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=18).digest()
        return base64.urlsafe_b64encode(digest)


@asynccontextmanager
async def running_service(
    release: Release, settings: Settings, documents: str = ""
) -> AsyncIterator[QueryService]:
    """Run a query service of one user on a release; raises `ReleaseError`.

    `documents` is the module with document functions.
    """
    one = {"workers": 1, "light_workers": 1, "client_share": 1.0, "store_memory_bytes": 0}
    settings = settings.model_copy(update=one)
    engine = Engine.from_settings(release.store, settings, release, documents)
    await engine.start()
    try:
        yield QueryService(release, engine, settings)
    finally:
        await engine.stop()


def gate_limits(settings: Settings) -> Limits:
    """Return the gate's limits from the settings."""
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


def in_format(format_: Format) -> Choose:
    """Return the choice of a fixed format in the newest version, for `QueryService.plan`."""
    return lambda _parsed: (format_, format_.content_type(), NEWEST)
