"""The application: its routes, and a front that handles what all requests have in common.

The front normalizes the path (prefix, trailing slash), answers preflights, adds common headers,
turns errors into responses, counts and logs. `/sparql` is served directly, bypassing the router.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from jiqun.errors import BadParameter, JiqunError, MethodNotAllowed, NotFound, SettingsError
from jiqun.query.backend_check import check_backend, check_limit
from jiqun.query.engine import Engine, document_settings
from jiqun.query.protocol import METHODS as QUERY_METHODS
from jiqun.query.service import QueryService
from jiqun.release import Release, no_release, open_release
from jiqun.settings import Settings
from jiqun.web.access_log import AccessLog, RequestRecord, record_of
from jiqun.web.history import History, read_history
from jiqun.web.http import (
    ClientGone,
    Message,
    Receive,
    Scope,
    Send,
    everywhere,
    send_whole,
    trust_proxy,
)
from jiqun.web.metadata.openapi import openapi_document
from jiqun.web.metrics import Metrics
from jiqun.web.pages.error_page import problem_response
from jiqun.web.pages.rendering import load_templates
from jiqun.web.routes import (
    catalogue_routes,
    dump_routes,
    editor_routes,
    explore_routes,
    home_routes,
    query_routes,
    reconcile_routes,
    resource_routes,
    search_routes,
)
from jiqun.web.routes.graph_store_routes import METHODS as GRAPH_METHODS
from jiqun.web.routes.graph_store_routes import (
    UPDATE_METHODS,
    read_token,
    serve_graphs,
    serve_update,
)
from jiqun.web.routes.mcp_routes import McpRoute
from jiqun.web.routes.sparql_routes import serve_sparql
from jiqun.writing.write_service import Commit, WriteOptions, WriteService

App = Callable[[Scope, Receive, Send], Awaitable[None]]


_METHODS: Final = ("GET", "HEAD", "POST", "QUERY", "PUT", "DELETE", "OPTIONS")
_DIRECT_METHODS: Final = {
    "/sparql": QUERY_METHODS,
    "/update": UPDATE_METHODS,
    "/graphs": GRAPH_METHODS,
    "/mcp": ("POST", "OPTIONS"),
}

_log = logging.getLogger("jiqun.front")
_ROUTES = (
    home_routes,
    explore_routes,
    editor_routes,
    query_routes,
    resource_routes,
    dump_routes,
    catalogue_routes,
    search_routes,
    reconcile_routes,
)


class InternalError(JiqunError):
    """An internal error; its details are only logged."""


class Front:
    """The outermost ASGI application; `direct` maps paths to ASGI applications."""

    def __init__(
        self,
        app: App,
        settings: Settings,
        metrics: Metrics,
        log: AccessLog | None,
        direct: Mapping[str, App],
        routes: Sequence[BaseRoute],
    ) -> None:
        """Serve the paths in `direct` without `app`, all others with `app` and its `routes`."""
        self._metrics = metrics
        self._log = log
        self._app = app
        self._direct = direct
        self._routes = routes
        self._settings = settings
        self._prefix = settings.root_path
        self._trusted = frozenset(settings.trusted_proxies)
        self._preflight = (
            (b"access-control-allow-methods", ", ".join(_METHODS).encode()),
            (b"access-control-allow-headers", b"*, Authorization"),
            (b"access-control-max-age", str(settings.cors_seconds).encode()),
            (b"vary", b"Access-Control-Request-Method, Access-Control-Request-Headers"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or pass on other events."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._trusted:
            trust_proxy(scope, self._trusted)
        path = self._normalize_path(scope)
        client = scope.get("client")
        record = RequestRecord(scope["method"], path, client[0] if client else "")
        scope["record"] = record
        # Of the release at the start: a response labelled with the new release is of the new
        # release.
        common = everywhere(scope["app"].state.release.identifier)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                message["headers"] = [*message["headers"], *common]
            else:
                record.size += len(message.get("body", b""))
            await send(message)

        try:
            await self._answer(scope, receive, answer, path)
        finally:
            self.finish(record, asyncio.get_running_loop())

    def finish(self, record: RequestRecord, loop: asyncio.AbstractEventLoop) -> None:
        """Count and log a finished request."""
        record.seconds = time.perf_counter() - record.started
        self._metrics.count(record)
        if self._log is not None:
            self._log.write(record, loop)

    async def _answer(self, scope: Scope, receive: Receive, answer: Send, path: str) -> None:
        record = record_of(scope)
        try:
            if scope["method"] == "OPTIONS":
                allow = ", ".join(self._allowed(scope, path)).encode()
                await send_whole(204, (*self._preflight, (b"allow", allow)), b"", "OPTIONS", answer)
            else:
                await self._route(path)(scope, receive, answer)
        except ClientGone:
            record.outcome = "gone"
        except Exception as error:
            record.outcome = type(error).__name__
            if record.status:
                # Returning without the end of the body makes the server close the connection, which
                # tells the client that the response is incomplete.
                _log_abort(error)
                return
            known = error if isinstance(error, JiqunError) else None
            if known is None:
                _log.exception("request failed with an internal error")
                known = InternalError("Internal error, which has been logged.")
            response = problem_response(known, scope, self._settings)
            await response(scope, receive, answer)

    def _allowed(self, scope: Scope, path: str) -> Sequence[str]:
        """Return the methods of the resource, only OPTIONS if there is no such route."""
        direct = "/graphs" if path.startswith("/graphs/") else path
        if direct in _DIRECT_METHODS:
            return _DIRECT_METHODS[direct]
        found = {"OPTIONS"}
        for route in self._routes:
            if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
                found |= route.methods or set()
        return [method for method in _METHODS if method in found]

    def _route(self, path: str) -> App:
        found = self._direct.get(path)
        if found is None and path.startswith("/graphs/"):
            found = self._direct.get("/graphs")
        return found or self._app

    def _normalize_path(self, scope: Scope) -> str:
        """Remove the prefix and a trailing slash; return the path that routes are defined for."""
        path: str = scope["path"]
        prefix = self._prefix
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            path = path[len(prefix) :] or "/"
        if len(path) > 1 and path.endswith("/"):
            path = path.rstrip("/") or "/"
        scope["root_path"] = prefix
        scope["path"] = prefix + path
        return path


def _log_abort(error: Exception) -> None:
    if isinstance(error, JiqunError):
        _log.warning("response aborted: %s", error.title)
    else:
        _log.error("response aborted by an internal error", exc_info=error)


class Endpoint(FastAPI):
    """The application; requests arrive at `front`, many never reach the framework."""

    front: Front
    failure: JiqunError | None = None
    """The error that prevented the start, reported without a stack trace."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        scope["app"] = self

        async def send_without_trace(message: Message) -> None:
            if self.failure is not None and message["type"] == "lifespan.startup.failed":
                message["message"] = ""
            await send(message)

        await self.front(
            scope, receive, send_without_trace if scope["type"] == "lifespan" else send
        )


def create_app(release: Path | None, settings: Settings | None = None) -> Endpoint:
    """Create the application that serves a release, a workspace, or one over the other.

    The release in the folder `release` is opened at once; raises `ReleaseError` when it is not
    usable and `SettingsError` when the settings contradict each other. The engine and the writer
    start and stop with the application's lifespan.
    """
    settings = settings or Settings()
    opened = _opened(release, settings)
    token = _token(release, settings)
    engine = Engine.from_settings(opened.store, settings, opened, "jiqun.web.documents")
    run = secrets.token_hex(8)  # state numbers may repeat after a restart

    log = AccessLog()
    mcp = McpRoute(lambda: app.state.service)

    async def publish(state: Commit) -> None:
        await engine.switch(state.store, document_settings(settings, app.state.release))
        app.state.service.advance(f"{run} {state.number}")

    writing = None
    if settings.workspace is not None:
        options = WriteOptions.from_settings(settings)
        writing = WriteService(settings.workspace, options, publish, engine.forwarder)

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
            await _check_engine(engine, opened)
            await asyncio.to_thread(load_templates, "error.html", "results.html")
            await _make_ready(app)
        except JiqunError as error:
            app.failure = error
            if writing is not None:
                await writing.stop()
            await engine.stop()
            raise
        look_back(app)
        try:
            yield
        finally:
            app.state.looking_back.cancel()
            await mcp.stop()
            if writing is not None:
                await writing.stop()
            await engine.stop()
            log.flush()

    app = Endpoint(
        title=opened.title,
        version=opened.version,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    _fill_state(app, settings, opened, engine, writing)
    app.state.token = token
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    _add_routes(app, opened.namespace)
    app.front = Front(
        super(Endpoint, app).__call__,
        settings,
        app.state.metrics,
        log if settings.log_requests else None,
        {
            "/sparql": serve_sparql,
            "/update": serve_update,
            "/graphs": serve_graphs,
            "/mcp": mcp,
        },
        [route for each in _ROUTES for route in each.router.routes],
    )
    return app


async def _make_ready(app: Endpoint) -> None:
    """Ask for a page that is not there: the framework makes its routes at the first request.

    That and the words of errors take a fifth of a second, which would keep the first clients.
    """
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"{app.state.settings.root_path}/-",
        "root_path": app.state.settings.root_path,
        "query_string": b"lang=zh-Hans",
        "headers": [(b"host", b"localhost"), (b"accept", b"text/html")],
        "server": ("localhost", 80),
        "client": None,
        "app": app,
        "record": RequestRecord("GET", "/", ""),
    }

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_message: Message) -> None:
        """Nobody reads it."""

    await FastAPI.__call__(app, scope, receive, send)


def _opened(release: Path | None, settings: Settings) -> Release:
    if release is None:
        return no_release()
    return open_release(release, with_store=settings.backend is None)


async def _check_engine(engine: Engine, release: Release) -> None:
    """Compare the backend with the release; raises `ReleaseError`."""
    if engine.backend is not None:
        await check_backend(engine.backend, release)
        engine.backend.run_until_stopped(check_limit(engine.backend))


def look_back(app: Endpoint) -> None:
    """Find in the background what changed since the releases that the operator keeps."""

    async def look() -> None:
        kept = app.state.settings.earlier_releases
        if kept is not None and app.state.release.identifier:
            app.state.history = await read_history(kept, app.state.service)

    if app.state.looking_back is not None:
        app.state.looking_back.cancel()
    app.state.looking_back = asyncio.create_task(look())


def _fill_state(
    app: Endpoint,
    settings: Settings,
    release: Release,
    engine: Engine,
    writing: WriteService | None,
) -> None:
    """Set the state that the routes use."""
    app.state.settings = settings
    app.state.release = release
    app.state.engine = engine
    app.state.receiving = Counter()
    app.state.openapi = {}
    app.state.writing = writing
    app.state.service = QueryService(release, engine, settings)
    app.state.metrics = Metrics()
    app.state.history, app.state.looking_back = History(), None


def _token(release: Path | None, settings: Settings) -> str | None:
    token = read_token(settings)
    if settings.backend is not None:
        _check_backend_settings(release, settings)
    if settings.workspace is None and release is None:
        raise SettingsError("There is nothing to serve: specify a release, a workspace or both.")
    if settings.replica and settings.workspace is not None:
        raise SettingsError(
            "This server is one of several (JIQUN_REPLICA), and changes to its workspace would be "
            "missing from the others. Serve the workspace from a separate server, or unset "
            "JIQUN_REPLICA."
        )
    if settings.workspace is None and token is not None:
        raise SettingsError(
            "An update token is set, but there is no workspace. Specify its folder with "
            "--workspace."
        )
    return token


def _check_backend_settings(release: Path | None, settings: Settings) -> None:
    if release is None:
        raise SettingsError(
            "A backend (JIQUN_BACKEND) needs the release that it holds: specify it with --release. "
            "The folder store/ may be missing there."
        )
    if settings.workspace is not None:
        raise SettingsError(
            "A workspace needs the local store and cannot be combined with a backend "
            "(JIQUN_BACKEND). Remove one of them."
        )
    if settings.service_allow:
        raise SettingsError(
            "SERVICE would be called by the backend (JIQUN_BACKEND), where this server cannot "
            "limit it. Unset JIQUN_SERVICE_ALLOW."
        )


def _add_routes(app: FastAPI, namespace: str) -> None:
    path = urlsplit(namespace).path.removeprefix(app.state.settings.root_path)
    own = [resource_routes.namespace_router(path)] if namespace else []
    routers = [each.router for each in _ROUTES]
    # A namespace with a path of its own comes first; one at the root only matches unused paths.
    for router in (*own, *routers) if path.strip("/") else (*routers, *own):
        app.include_router(router)
    for kind in (JiqunError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer_error)


async def _answer_error(request: Request, error: Exception) -> Response:
    known = _as_known(error)
    record_of(request.scope).outcome = type(known).__name__
    return problem_response(known, request.scope, request.app.state.settings)


def _as_known(error: Exception) -> JiqunError:
    """Translate an error of the framework."""
    if isinstance(error, JiqunError):
        return error
    if isinstance(error, HTTPException) and error.status_code == 404:
        return NotFound("Not found: there is no resource at this URL.")
    if isinstance(error, HTTPException) and error.status_code == 405:
        named = (error.headers or {}).get("Allow", "GET, HEAD").split(", ")
        allowed = tuple(method for method in _METHODS if method in named)
        return MethodNotAllowed(f"Method not allowed. Allowed: {', '.join(allowed)}.", allowed)
    if isinstance(error, RequestValidationError):
        places = "; ".join(
            f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
            for each in error.errors()
        )
        return BadParameter(f"The request is not valid: {places}.")
    known = JiqunError("The request failed.")
    known.status = getattr(error, "status_code", 500)
    return known
