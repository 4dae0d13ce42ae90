"""Puts the endpoint together: release, engine, routes, and the layer in front of them."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from jiqun.endpoint.accounts import RequestLog, account_of
from jiqun.endpoint.answers.service import Service
from jiqun.endpoint.engine.engine import Engine
from jiqun.endpoint.metrics import Metrics
from jiqun.endpoint.openapi import openapi_document
from jiqun.endpoint.problems import problem_reply
from jiqun.endpoint.release import no_release, open_release
from jiqun.endpoint.routes import (
    catalogue,
    crawling,
    dumps,
    health,
    home,
    metrics,
    ontology,
    quality,
    queries,
    query_documents,
    reconcile,
    referrals,
    search,
    sources,
    suggest,
    things,
    void,
)
from jiqun.endpoint.routes.graphs import serve_graphs
from jiqun.endpoint.routes.kept import Kept
from jiqun.endpoint.routes.sparql import serve_sparql
from jiqun.endpoint.routes.update import serve_update
from jiqun.endpoint.search.searcher import Searcher
from jiqun.endpoint.serving.front import Front
from jiqun.endpoint.serving.siblings import PERIOD_SECONDS
from jiqun.endpoint.writing.changes import Writing
from jiqun.endpoint.writing.permission import read_token
from jiqun.errors import BadParameter, JiqunError, MethodNotAllowed, NotFound, SettingsError
from jiqun.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from jiqun.endpoint.http.replies import Message, Receive, Scope, Send
    from jiqun.endpoint.release import Release
    from jiqun.endpoint.writing.orders import Published


_ROUTES = (
    health,
    home,
    queries,
    query_documents,
    sources,
    things,
    ontology,
    quality,
    dumps,
    metrics,
    void,
    catalogue,
    crawling,
    search,
    reconcile,
    referrals,
    suggest,
)


class Endpoint(FastAPI):
    """The application; requests come in through `front`, many never reach the framework."""

    front: Front
    failure: JiqunError | None = None
    """What kept the server from starting; it is told without a stack trace."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        scope["app"] = self

        async def send_plainly(message: Message) -> None:
            if self.failure is not None and message["type"] == "lifespan.startup.failed":
                message["message"] = ""
            await send(message)

        await self.front(scope, receive, send_plainly if scope["type"] == "lifespan" else send)


def create_app(release: Path | None, settings: Settings | None = None) -> Endpoint:
    """Make the application that serves a release, a workspace, or the one over the other.

    The release in the folder `release` is opened at once; raises `ReleaseError` when it is not
    usable and `SettingsError` when the settings contradict each other. The engine and the writer
    start and stop with the application's lifespan.
    """
    settings = settings or Settings()
    opened = open_release(release) if release else no_release()
    token = _token(release, settings)
    engine = Engine.from_settings(opened.store, settings)
    run = secrets.token_hex(8)  # numbers of states may come again after a restart

    log = RequestLog()

    async def publish(state: Published) -> None:
        await engine.switch(state.store)
        app.state.service.advance(f"{run} {state.number}")

    writing = None
    if settings.workspace is not None:
        writing = Writing.from_settings(settings.workspace, settings, publish, engine.forwarder)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            if writing is not None:
                if engine.forwarder is not None:
                    await engine.forwarder.start()
                state = await writing.start(opened.identifier, opened.store if release else None)
                engine.store = state.store
                app.state.service.advance(f"{run} {state.number}")
            await engine.start()
        except JiqunError as error:
            app.failure = error
            if writing is not None:
                await writing.stop()
            raise
        counting = asyncio.create_task(_share_counts(app))
        try:
            yield
        finally:
            counting.cancel()
            if writing is not None:
                await writing.stop()
            await engine.stop()
            await asyncio.to_thread(app.state.searcher.close)
            log.flush()

    app = Endpoint(
        title=opened.title,
        version=opened.version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    _fill_state(app, settings, opened, engine, writing)
    app.state.token = token
    app.state.searcher = Searcher(opened.folder if release else None)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    _add_routes(app)
    app.front = Front(
        super(Endpoint, app).__call__,
        settings,
        app.state.metrics,
        log if settings.log_requests else None,
        {"/sparql": serve_sparql, "/update": serve_update, "/graphs": serve_graphs},
    )
    return app


def _fill_state(
    app: Endpoint, settings: Settings, release: Release, engine: Engine, writing: Writing | None
) -> None:
    """Keep what the routes need."""
    app.state.settings = settings
    app.state.release = release
    app.state.kept = Kept()
    app.state.engine = engine
    app.state.writing = writing
    app.state.service = Service(release, engine, settings)
    app.state.metrics = Metrics()
    app.state.siblings = None


def _token(release: Path | None, settings: Settings) -> str | None:
    token = read_token(settings)
    if settings.workspace is None and release is None:
        raise SettingsError("There is nothing to serve: name a release, a workspace or both.")
    if settings.workspace is None and token is not None:
        raise SettingsError(
            "There is a token that allows writing, but no workspace to write to. Name a folder "
            "for it with --workspace."
        )
    return token


def _add_routes(app: FastAPI) -> None:
    for each in _ROUTES:
        app.include_router(each.router)
    for kind in (JiqunError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer_error)


async def _share_counts(app: Endpoint) -> None:
    """Leave the counts of this process for those that serve beside it, if any do."""
    state = app.state
    while state.siblings is not None:
        state.siblings.write(state.metrics.expose(state.engine, state.service.cache, state.writing))
        await asyncio.sleep(PERIOD_SECONDS)


async def switch_release(app: Endpoint, folder: Path) -> None:
    """Serve the release in `folder` from now on; what is under way ends on the one before.

    Raises `ReleaseError`, and goes on with the one before, when the new one is not usable.
    """
    state = app.state
    opened = await asyncio.to_thread(open_release, folder)
    if state.writing is None:
        await state.engine.switch(opened.store)
        state.service = Service(opened, state.engine, state.settings)
    else:
        await state.writing.lay_over(opened.identifier, opened.store)
        state.service.release = opened
    former = state.searcher
    state.release = opened
    state.searcher = Searcher(opened.folder)
    app.title, app.version = opened.title, opened.version
    app.openapi_schema = None
    await asyncio.to_thread(former.close)


async def _answer_error(request: Request, error: Exception) -> Response:
    known = _as_known(error)
    account_of(request.scope).outcome = type(known).__name__
    reply = problem_reply(known, request.scope, request.app.state.settings)
    response = Response(reply.body, reply.status)
    response.raw_headers = list(reply.headers)
    return response


def _as_known(error: Exception) -> JiqunError:
    """Say in our terms what the framework found wrong."""
    if isinstance(error, JiqunError):
        return error
    if isinstance(error, HTTPException) and error.status_code == 404:
        return NotFound("There is nothing at this address.")
    if isinstance(error, HTTPException) and error.status_code == 405:
        allowed = tuple((error.headers or {}).get("Allow", "GET, HEAD").split(", "))
        return MethodNotAllowed(
            f"This method is not possible here. Possible: {', '.join(allowed)}.", allowed
        )
    if isinstance(error, RequestValidationError):
        places = "; ".join(
            f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
            for each in error.errors()
        )
        return BadParameter(f"The request is not valid: {places}.")
    known = JiqunError("The request failed.")
    known.status = getattr(error, "status_code", 500)
    return known
