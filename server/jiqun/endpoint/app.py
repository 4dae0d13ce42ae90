"""Puts the endpoint together: release, engine, routes, and the layer in front of them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from jiqun.endpoint.accounts import RequestLog, account_of
from jiqun.endpoint.engine import Engine
from jiqun.endpoint.front import Front
from jiqun.endpoint.metrics import Metrics
from jiqun.endpoint.openapi import openapi_document
from jiqun.endpoint.problems import problem_reply
from jiqun.endpoint.release import open_release
from jiqun.endpoint.routes import (
    dumps,
    health,
    home,
    metrics,
    queries,
    reconcile,
    search,
    sources,
    suggest,
    things,
    void,
)
from jiqun.endpoint.routes.graphs import serve_graphs
from jiqun.endpoint.routes.sparql import serve_sparql
from jiqun.endpoint.searcher import Searcher
from jiqun.endpoint.service import Service
from jiqun.errors import BadParameter, JiqunError, MethodNotAllowed, NotFound
from jiqun.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from jiqun.endpoint.replies import Receive, Scope, Send


class Endpoint(FastAPI):
    """The application; requests come in through `front`, many never reach the framework."""

    front: Front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        scope["app"] = self
        await self.front(scope, receive, send)


def create_app(release: Path, settings: Settings | None = None) -> Endpoint:
    """Make the application that serves the release in the folder `release`.

    The release is opened at once; raises `ReleaseError` when it is not usable. The engine starts
    and stops with the application's lifespan.
    """
    settings = settings or Settings()
    opened = open_release(release)
    engine = Engine.from_settings(opened.store, settings)

    log = RequestLog()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await engine.start()
        try:
            yield
        finally:
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
    app.state.settings = settings
    app.state.release = opened
    app.state.engine = engine
    app.state.service = Service(opened, engine, settings)
    app.state.searcher = Searcher(opened.folder)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    for each in (
        health,
        home,
        queries,
        sources,
        things,
        dumps,
        metrics,
        void,
        search,
        reconcile,
        suggest,
    ):
        app.include_router(each.router)
    app.add_exception_handler(JiqunError, _answer_error)
    app.add_exception_handler(HTTPException, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_error)
    app.state.metrics = Metrics()
    app.front = Front(
        super(Endpoint, app).__call__,
        settings,
        app.state.metrics,
        log if settings.log_requests else None,
        {"/sparql": serve_sparql, "/graphs": serve_graphs},
    )
    return app


async def switch_release(app: Endpoint, folder: Path) -> None:
    """Serve the release in `folder` from now on; what is under way ends on the one before.

    Raises `ReleaseError`, and goes on with the one before, when the new one is not usable.
    """
    state = app.state
    opened = await asyncio.to_thread(open_release, folder)
    await state.engine.switch(opened.store)
    former = state.searcher
    state.release = opened
    state.searcher = Searcher(opened.folder)
    state.service = Service(opened, state.engine, state.settings)
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
