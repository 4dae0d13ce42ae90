"""Internal queries: what pages and descriptions ask the graph, through the same engine."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from jiqun.errors import JiqunError, UpdateRefused
from jiqun.query.cache import Signature
from jiqun.query.protocol import Description, Operation, Query, Update, read_operation
from jiqun.query.service import Plan, Question, Service
from jiqun.query.solutions import Term, term
from jiqun.rdf.formats import GRAPHS, HTML, JSON, TURTLE
from jiqun.web.access_log import account_of
from jiqun.web.http import (
    ClientWatch,
    Headers,
    Message,
    Receive,
    Reply,
    Scope,
    Send,
    header,
    public_url,
    read_body,
    reader_of,
    send_flight,
    send_whole,
    unchanged,
    whole,
)
from jiqun.web.metadata.service_description import describe
from jiqun.web.negotiation import negotiate
from jiqun.web.pages.cells import Caption
from jiqun.web.pages.error_page import render_error
from jiqun.web.pages.page_queries import read_captions
from jiqun.web.pages.results_page import Outcome, read_outcome, render_query_form, render_results
from jiqun.web.problems import error_headers
from jiqun.web.routes.document_responses import page


async def select(
    request: Request, text: str, substitutions: Mapping[str, str] | None = None
) -> list[dict[str, Term]]:
    """Run a SELECT query and give its rows: variable -> term; unbound variables are absent.

    `substitutions` binds variables (without question mark) to terms in N-Triples syntax. Answers
    are cached like everybody's. Raises what the engine raises.
    """
    client = request.client.host if request.client else ""
    return await select_from(request.app.state.service, text, substitutions, client)


async def select_from(
    service: Service,
    text: str,
    substitutions: Mapping[str, str] | None = None,
    client: str = "",
) -> list[dict[str, Term]]:
    """Do as `select`, where there is no request."""
    question = Question(text=text, substitutions=substitutions or {}, client=client)
    document: dict[str, Any] = json.loads(await service.collect(question))
    return [
        {name: term(value) for name, value in binding.items()}
        for binding in document["results"]["bindings"]
    ]


PAGE_ROWS: Final = 1000
"""Rows or triples that a page shows; the formats for programs give them all."""


async def read_answer(service: Service, question: Question) -> tuple[Outcome, dict[str, Caption]]:
    """Evaluate a question for a page: what came out, and the captions of the things in it."""
    started = time.perf_counter()
    question = await service.screen(question)
    form = service.inspect(question.text).form
    if form in {"SELECT", "ASK"}:
        body = await service.collect(replace(question, max_rows=PAGE_ROWS + 1), JSON)
        outcome = read_outcome(body)
        truncated = len(outcome.rows) > PAGE_ROWS
        outcome = replace(outcome, rows=outcome.rows[:PAGE_ROWS], truncated=truncated)
    else:
        body = await service.collect(replace(question, max_rows=PAGE_ROWS), TURTLE)
        outcome = Outcome(graph=body.decode())
    outcome = replace(outcome, milliseconds=(time.perf_counter() - started) * 1000)
    return outcome, await captions(service, outcome, question.client)


async def captions(service: Service, outcome: Outcome, client: str) -> dict[str, Caption]:
    """Read the captions of everything that stands in an answer."""

    async def select(text: str) -> list[dict[str, Term]]:
        return await select_from(service, text, client=client)

    return await read_captions(select, outcome.iris())


_BODY_METHODS = frozenset({"POST", "QUERY", "PUT", "PATCH"})


async def serve_sparql(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request to `/sparql`; the service is `app.state.service`."""
    service: Service = scope["app"].state.service
    asked = _Asked.of(scope)
    known = service.plans.get(asked.signature) if scope["method"] in {"GET", "HEAD"} else None
    if known is not None:
        await send_planned(service, known, asked.if_none_match, scope, receive, send)
        return
    operation = await _read(scope, receive, service)
    if isinstance(operation, Update):
        raise UpdateRefused(
            "This address answers queries only. Updates are sent to /update, where the operator "
            "allows them."
        )
    if _wants_page(asked.accept, operation.options.format):
        response = await _page(scope, operation, service)
        await response(scope, receive, send)
    elif isinstance(operation, Query):
        plan = service.plan(await service.screen(ask(scope, operation)))
        if scope["method"] in {"GET", "HEAD"}:
            service.plans.put(asked.signature, plan)
        await send_planned(service, plan, asked.if_none_match, scope, receive, send)
    else:
        await send_whole(await _describe(scope, operation, service), scope["method"], send)


class _Asked(NamedTuple):
    """The headers that matter, and what makes two GET requests ask the same in the same way."""

    accept: str | None
    if_none_match: str | None
    signature: Signature

    @classmethod
    def of(cls, scope: Scope) -> _Asked:
        accept = coding = if_none_match = b""
        for name, value in scope["headers"]:
            if name == b"accept":
                accept = value if not accept else accept + b", " + value
            elif name == b"accept-encoding":
                coding = value if not coding else coding + b", " + value
            elif name == b"if-none-match":
                if_none_match = value
        signature = (scope["query_string"], accept, coding)
        return cls(accept.decode("latin-1"), if_none_match.decode("latin-1"), signature)


def _wants_page(accept: str | None, named: str | None) -> bool:
    if named is not None:
        return named.strip().lower() in {*HTML.names, HTML.media_type}
    if not accept or "html" not in accept:
        return False
    return negotiate(accept, None, (JSON, TURTLE, HTML)).format is HTML


async def _page(scope: Scope, operation: Query | Description, service: Service) -> Response:
    request = Request(scope)
    reader = reader_of(scope, service.settings)
    if isinstance(operation, Description):
        return page(request, render_query_form(reader))
    try:
        outcome, captions = await read_answer(service, ask(scope, operation))
    except JiqunError as error:
        text = render_error(error.status, error.title, error.detail, reader, operation.text)
        return page(request, text, error.status, error_headers(error))
    return page(request, render_results(operation.text, outcome, captions, reader))


async def _describe(scope: Scope, operation: Description, service: Service) -> Reply:
    choice = negotiate(header(scope, b"accept"), operation.options.format, GRAPHS)
    body = describe(
        f"{public_url(scope, service.settings)}/sparql",
        service.release,
        service.settings,
        await service.named_graphs(),
        choice.format.media_type,
    )
    headers = ((b"vary", b"Accept"), (b"cache-control", b"no-cache"))
    return whole(200, choice.content_type, body, headers)


async def _read(scope: Scope, receive: Receive, service: Service) -> Operation:
    method = scope["method"]
    body = b""
    if method in _BODY_METHODS:
        body = await read_body(scope, receive, service.settings)
    return read_operation(method, scope["query_string"], header(scope, b"content-type"), body)


def ask(scope: Scope, query: Query) -> Question:
    """Make the question of a query operation and the headers of its request."""
    client = scope.get("client")
    options = query.options
    return Question(
        text=query.text,
        accept=header(scope, b"accept"),
        format=options.format,
        accept_encoding=header(scope, b"accept-encoding"),
        if_none_match=header(scope, b"if-none-match"),
        default_graphs=query.default_graphs,
        named_graphs=query.named_graphs,
        timeout=options.timeout,
        excel=options.excel,
        client=client[0] if client else "",
    )


class AnswerResponse(Response):
    """The answer to a question, for routes that go through the framework."""

    def __init__(self, service: Service, question: Question, headers: Headers = ()) -> None:
        """Answer `question` when the response is sent; errors before that are raised there.

        `headers` go out beside those of the answer.
        """
        super().__init__()
        self._service = service
        self._question = question
        self._further = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._further]
            await send(message)

        await send_answer(self._service, self._question, scope, receive, send_more)


async def send_answer(
    service: Service, question: Question, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer a question to the client."""
    plan = service.plan(await service.screen(question))
    await send_planned(service, plan, question.if_none_match, scope, receive, send)


async def send_planned(
    service: Service,
    plan: Plan,
    if_none_match: str | None,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Answer as planned; what is cached needs no watching over the client."""
    method, account = scope["method"], account_of(scope)
    account.note_job(plan.job)
    reply = service.recall(plan, if_none_match)
    if reply is not None and if_none_match == "*":
        reply = unchanged(reply)
    if reply is None:
        async with ClientWatch(receive):
            reply = await service.answer(plan.for_client(account.client))
            if if_none_match == "*" and plan.key is not None:
                reply = unchanged(reply)
            account.note_reply(reply)
            if reply.flight is not None:
                await send_flight(reply, reply.flight, method, send, service.settings.send_seconds)
                return
    account.note_reply(reply)
    await send_whole(reply, method, send)
