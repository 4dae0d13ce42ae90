"""`/sparql`: the SPARQL 1.1 Protocol over plain ASGI, read from top to bottom.

A request becomes a parsed query, a plan, a job, an answer, a response.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from jiqun.compression import CODINGS
from jiqun.errors import JiqunError, PreconditionFailed, UpdateRefused
from jiqun.query.gate import ParsedQuery
from jiqun.query.jobs import Answer
from jiqun.query.protocol import (
    Description,
    Operation,
    Options,
    Query,
    Update,
    parse_parameters,
    read_operation,
)
from jiqun.query.service import (
    Choose,
    Plan,
    QueryRequest,
    QueryService,
    Signature,
    in_format,
)
from jiqun.rdf.formats import GRAPHS, HTML, JSON, TURTLE, Format, formats_for
from jiqun.web.access_log import record_of
from jiqun.web.documents import page, respond, respond_to_result
from jiqun.web.http import (
    ClientWatch,
    Headers,
    Receive,
    Scope,
    Send,
    check_match,
    header,
    matching_etag,
    public_url,
    read_body,
    reader_of,
    requested_range,
    send_blocks,
    send_whole,
)
from jiqun.web.metadata.dcat import service_description
from jiqun.web.negotiation import Choice, choose_coding, negotiate
from jiqun.web.pages.error_page import error_headers, render_error
from jiqun.web.pages.result_table import PAGE_ROWS
from jiqun.web.pages.results_page import read_choices, render_query_form, results_page

_BODY_METHODS: Final = frozenset({"POST", "QUERY", "PUT", "PATCH"})
_PAGE_BYTES: Final = 4 * 1024 * 1024
"""Maximum size of a result on a page, in bytes."""

_PATH: Final = "/sparql"
_MOST_WARNINGS: Final = 5
_VARY: Final = (b"vary", b"Accept, Accept-Encoding")
_REDUCED: Final = (
    "The answer has terms of RDF 1.2, written in RDF 1.1. "
    'Add ";version=1.2" to the media type in Accept to get them as they are.'
)


class RequestHeaders(NamedTuple):
    """The request headers that affect the response."""

    accept: str | None
    accept_encoding: str | None
    if_none_match: str | None
    signature: Signature

    @classmethod
    def of(cls, scope: Scope) -> RequestHeaders:
        """Read them in one pass; repeated headers are joined by commas."""
        accept = coding = if_none_match = b""
        for name, value in scope["headers"]:
            if name == b"accept":
                accept = value if not accept else accept + b", " + value
            elif name == b"accept-encoding":
                coding = value if not coding else coding + b", " + value
            elif name == b"if-none-match":
                if_none_match = value if not if_none_match else if_none_match + b", " + value
        if scope["method"] not in {"GET", "HEAD"}:
            if_none_match = b""  # for other methods its meaning differs (RFC 9110, 13.1.2)
        signature = (scope["query_string"], accept, coding)
        return cls(
            accept.decode("latin-1"),
            coding.decode("latin-1"),
            if_none_match.decode("latin-1"),
            signature,
        )


async def serve_sparql(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request to `/sparql`."""
    service: QueryService = scope["app"].state.service
    headers = RequestHeaders.of(scope)
    cacheable = scope["method"] in {"GET", "HEAD"}
    plan = service.plans.peek(headers.signature) if cacheable else None
    if plan is None:
        operation = await _read(scope, receive, service)
        if isinstance(operation, Update):
            raise UpdateRefused(
                "This URL only accepts queries. Send updates to /update, if the operator allows "
                "them."
            )
        if _wants_page(headers.accept, operation.options.format):
            response = await _page(scope, operation, service)
            await response(scope, receive, send)
            return
        if isinstance(operation, Description):
            response = await _describe(scope, operation.options, service)
            await response(scope, receive, send)
            return
        request = request_of(scope, operation, service)
        plan = await _plan(service, request, headers, operation.options.format)
        if cacheable and plan.job.base_iri is None:
            service.plans.put(headers.signature, plan, sum(map(len, headers.signature)))
    await send_answer(service, plan, headers.if_none_match, scope, receive, send)


async def _read(scope: Scope, receive: Receive, service: QueryService) -> Operation:
    method = scope["method"]
    body = b""
    if method in _BODY_METHODS:
        body = await read_body(scope, receive, service.settings)
    return read_operation(method, scope["query_string"], header(scope, b"content-type"), body)


def request_of(scope: Scope, query: Query, service: QueryService) -> QueryRequest:
    """Return the request for a query operation of a client."""
    client = scope.get("client")
    return QueryRequest(
        text=query.text,
        default_graphs=query.default_graphs,
        named_graphs=query.named_graphs,
        timeout=query.options.timeout,
        excel=query.options.excel,
        client=client[0] if client else "",
        base=f"{public_url(scope, service.settings)}{_PATH}",
    )


async def _plan(
    service: QueryService,
    request: QueryRequest,
    headers: RequestHeaders,
    format_name: str | None,
    available: tuple[Format, ...] | None = None,
) -> Plan:
    """Plan an answer in the client's preferred format; by default of those of the query form."""

    def choose(parsed: ParsedQuery) -> tuple[Format, str, str]:
        choice = negotiate(headers.accept, format_name, available or formats_for(parsed.form))
        return as_chosen(choice.or_version(parsed.version))(parsed)

    return await service.plan(request, choose, choose_coding(headers.accept_encoding, CODINGS))


async def send_answer(
    service: QueryService,
    plan: Plan,
    if_none_match: str | None,
    scope: Scope,
    receive: Receive,
    send: Send,
    further: Headers = (),
) -> None:
    """Send the planned answer; cached ones need no `ClientWatch`.

    `further` headers are added to those of the answer. Raises `PreconditionFailed` when the client
    asks for another version.
    """
    method, record = scope["method"], record_of(scope)
    record.note_plan(plan)
    etags = (plan.etag(None), plan.etag(plan.coding)) if plan.key is not None else ()
    any_known = (if_none_match or "").strip() == "*" and plan.key is not None
    if if_none_match and etags and not any_known:
        etag = matching_etag(if_none_match, etags)
        if etag is not None:
            await _send_not_modified(service, plan, etag, scope, send)
            return
    answer = service.cached(plan)
    if answer is None:
        async with ClientWatch(receive):
            answer = await service.answer(plan, record.client)
            record.note_answer(answer)
            if answer.blocks is not None:
                headers = (
                    *answer_headers(service, plan, answer),
                    *timing_headers(answer),
                    *further,
                )
                seconds = service.settings.send_seconds
                try:
                    _check_match(scope, etags)
                except PreconditionFailed:
                    answer.blocks.close()
                    raise
                if any_known:
                    answer.blocks.close()
                    await _send_not_modified(service, plan, plan.etag(answer.coding), scope, send)
                else:
                    await send_blocks(headers, answer.body, answer.blocks, method, send, seconds)
                return
    record.note_answer(answer)
    _check_match(scope, etags)
    if any_known:  # If-None-Match: * matches any answer
        await _send_not_modified(service, plan, plan.etag(answer.coding), scope, send)
        return
    headers = (*answer_headers(service, plan, answer), *timing_headers(answer), *further)
    known = (plan.etag(answer.coding).decode(),) if plan.key is not None else ()
    wanted = requested_range(scope, len(answer.body), known) if known else None
    if wanted is None:
        await send_whole(200, headers, answer.body, method, send)
    else:
        await _send_part(headers, answer.body, wanted, send)


def _check_match(scope: Scope, etags: tuple[bytes, ...]) -> None:
    if scope["method"] in {"GET", "HEAD"}:
        check_match(scope, etags)


async def _send_part(headers: Headers, body: bytes, wanted: range, send: Send) -> None:
    part = body[wanted.start : wanted.stop]
    place = f"bytes {wanted.start}-{wanted.stop - 1}/{len(body)}"
    own = (
        (b"content-range", place.encode()),
        (b"content-length", str(len(part)).encode()),
    )
    kept = (pair for pair in headers if pair[0] != b"content-length")
    await send_whole(206, (*kept, *own), part, "GET", send)


async def _send_not_modified(
    service: QueryService, plan: Plan, etag: bytes, scope: Scope, send: Send
) -> None:
    record_of(scope).outcome = "unchanged"
    headers = (_cache_control(service, plan), (b"etag", etag), _VARY)
    await send_whole(304, headers, b"", scope["method"], send)


def answer_headers(service: QueryService, plan: Plan, answer: Answer) -> Headers:
    """Return the headers of an answer that are the same each time: type, completeness, caching."""
    settings = service.settings
    headers = [
        (b"content-type", plan.content_type.encode()),
        _VARY,
        (
            b"jiqun-limits",
            _limits(settings.max_rows, settings.max_bytes, settings.deadline_seconds),
        ),
        _cache_control(service, plan),
    ]
    if plan.key is not None:
        headers.append((b"etag", plan.etag(answer.coding)))
    if answer.blocks is None:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    if answer.coding is not None:
        headers.append((b"content-encoding", answer.coding.encode()))
    if answer.truncated:
        headers.append((b"jiqun-truncated", b"rows=%d" % (plan.job.max_rows or 0)))
    warnings = plan.job.parsed.warnings[:_MOST_WARNINGS]
    if answer.reduced:
        warnings = (_REDUCED, *warnings)
    headers.extend((b"jiqun-warning", warning.encode()) for warning in warnings)
    if plan.excel:
        headers.append((b"content-disposition", b'attachment; filename="answer.csv"'))
    return tuple(headers)


def timing_headers(answer: Answer) -> Headers:
    """Return the times of an answer that was evaluated for this request."""
    if answer.outcome != "ok":
        return ()
    queue, first = answer.queue_seconds * 1000, answer.first_seconds * 1000
    return ((b"server-timing", b"queue;dur=%.1f, first;dur=%.1f" % (queue, first)),)


@lru_cache(maxsize=16)
def _limits(rows: int, size: int, seconds: float) -> bytes:
    return f"rows={rows}, bytes={size}, seconds={seconds:g}".encode()


def _cache_control(service: QueryService, plan: Plan) -> tuple[bytes, bytes]:
    if plan.key is None:
        return (b"cache-control", b"no-store")
    if service.settings.workspace:
        return (b"cache-control", b"no-cache")
    return (b"cache-control", b"public, max-age=%d" % service.settings.cache_seconds)


def _wants_page(accept: str | None, named: str | None) -> bool:
    if named is not None:
        return named.partition(",")[0].strip().lower() in {*HTML.names, HTML.media_type}
    if not accept or "html" not in accept:
        return False
    return negotiate(accept, None, (JSON, TURTLE, HTML)).format is HTML


async def _page(scope: Scope, operation: Query | Description, service: QueryService) -> Response:
    request = Request(scope)
    reader = reader_of(scope, service.settings)
    if isinstance(operation, Description):
        return page(request, render_query_form(reader))
    try:
        asked = request_of(scope, operation, service)
        result, key = await collect_result(service, asked)
        warnings = (await service.parse(asked))[0].warnings[:_MOST_WARNINGS]
    except JiqunError as error:
        text = render_error(error.status, error.title, error.detail, reader, operation.text)
        return page(request, text, error.status, error_headers(error))
    choices = read_choices(parse_parameters(scope["query_string"], "query string"))
    return await respond_to_result(
        request, key, results_page, result, reader, operation.text, warnings, choices
    )


async def _describe(scope: Scope, options: Options, service: QueryService) -> Response:
    choice = negotiate(header(scope, b"accept"), options.format, GRAPHS)
    root = public_url(scope, service.settings)
    return await respond(Request(scope), service_description, root, choice)


def as_chosen(choice: Choice) -> Choose:
    """Return the choice for `QueryService.plan` that is made already."""
    return lambda _parsed: (choice.format, choice.content_type, choice.rdf_version)


class AnswerResponse(Response):
    """The response to a query request, for routes of the framework."""

    def __init__(
        self,
        service: QueryService,
        request: QueryRequest,
        format_name: str | None = None,
        available: tuple[Format, ...] | None = None,
        headers: Headers = (),
    ) -> None:
        """Evaluate when the response is sent, and raise errors then.

        `headers` are added to those of the answer.
        """
        super().__init__()
        self._service = service
        self._request = request
        self._format_name = format_name
        self._available = available
        self._further = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        headers = RequestHeaders.of(scope)
        plan = await _plan(
            self._service, self._request, headers, self._format_name, self._available
        )
        await send_answer(
            self._service, plan, headers.if_none_match, scope, receive, send, self._further
        )


async def collect_result(
    service: QueryService, request: QueryRequest
) -> tuple[tuple[str, bytes, int], bytes | None]:
    """Evaluate a query for its page.

    Return its form, the result, and the milliseconds it took; and the key of the answer, None if
    evaluations may differ. The result is in JSON or Turtle, and has one row more than a page when
    there are more.
    """
    started = time.perf_counter()
    parsed, _ = await service.parse(request)
    is_graph = parsed.form not in {"SELECT", "ASK"}
    limited = replace(request, max_bytes=_PAGE_BYTES)
    if is_graph:
        limited = replace(limited, max_rows=PAGE_ROWS)
    elif parsed.form == "SELECT":
        limited = replace(limited, row_limit=PAGE_ROWS + 1)
    plan = await service.plan(limited, in_format(TURTLE if is_graph else JSON))
    result = await service.complete(plan)
    return (parsed.form, result, round((time.perf_counter() - started) * 1000)), plan.key
