"""`jiqun serve`: the application on its HTTP server."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI

from jiqun.errors import JiqunError, SettingsError
from jiqun.outbound.backend import url_of
from jiqun.query.backend_check import check_backend
from jiqun.query.engine import document_settings
from jiqun.query.service import QueryService
from jiqun.release import Release, open_release
from jiqun.settings import Settings
from jiqun.web.access_log import JsonFormatter
from jiqun.web.app import Endpoint, create_app, look_back
from jiqun.web.connection import HttpConnection

_log = logging.getLogger("jiqun.serve")

_BACKLOG: Final = 2048
_KEEP_ALIVE_SECONDS: Final = 15
_SHUTDOWN_SECONDS: Final = 15


def serve(release: Path | None, settings: Settings) -> None:
    """Serve a release, a workspace or both until the process is stopped.

    Raises `ReleaseError`, `WorkspaceError` and `SettingsError` (also if it cannot listen on the
    address) before anything is served.
    """
    log_as_json()
    app = create_app(release, settings)
    with listen(settings.host, settings.port) as listener:
        _run(app, release, listener)


def log_as_json() -> None:
    """Log records, warnings and errors that no code can catch as lines of JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.captureWarnings(capture=True)

    def log_error(error: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
        exception = error.exc_value
        _log.error("Nothing could catch this error: %s", exception, exc_info=exception)

    threading.excepthook = sys.unraisablehook = log_error


def _announce(release: Release, listener: socket.socket, settings: Settings) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    where = f"http://{shown}:{port}{settings.root_path}/"
    # For humans: the only line of the log that is not JSON.
    sys.stderr.write(f"Serving {release.title} {release.version} at {where}\n")
    sys.stderr.flush()


def _run(app: Endpoint, release: Path | None, listener: socket.socket) -> None:
    """Serve in this process until it is stopped."""
    early: list[int] = []
    if hasattr(signal, "SIGHUP"):
        # Until the loop runs; unhandled, SIGHUP would end the process.
        signal.signal(signal.SIGHUP, lambda number, _frame: early.append(number))
    app.router.lifespan_context = _lifespan(app, release, listener, early)
    try:
        uvicorn.Server(server_config(app)).run(sockets=[listener])
    except SystemExit:
        if app.failure is not None:
            raise app.failure from None
        raise


def _lifespan(
    app: Endpoint, release: Path | None, listener: socket.socket, early: list[int]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return a lifespan in which SIGHUP reloads the release without dropping requests.

    `early` holds signals received before.
    """
    inner = app.router.lifespan_context
    switches: set[asyncio.Task[None]] = set()
    one_at_a_time = asyncio.Lock()

    async def switch() -> None:
        if release is None:
            return
        try:
            async with one_at_a_time:
                await switch_release(app, release)
        except JiqunError as error:
            _log.error("The release was not changed: %s", error.detail)
        else:
            state = app.state.release
            _log.info("Serving %s %s (%s)", state.title, state.version, state.identifier[:12])

    def hang_up() -> None:
        task = asyncio.get_running_loop().create_task(switch())
        switches.add(task)
        task.add_done_callback(switches.discard)

    @asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncIterator[None]:
        async with inner(served):
            _announce(app.state.release, listener, app.state.settings)
            if hasattr(signal, "SIGHUP"):
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hang_up)
            if early:
                hang_up()
            yield

    return lifespan


async def switch_release(app: Endpoint, folder: Path) -> None:
    """Switch to the release in `folder`; running requests finish on the previous one.

    Raises `ReleaseError`, and keeps the previous one, when the new one is not usable.
    """
    state = app.state
    backend = state.engine.backend
    opened = await asyncio.to_thread(open_release, folder, with_store=backend is None)
    if state.writing is None:
        settings = document_settings(state.settings, opened)
        if backend is None:
            await state.engine.switch(opened.store, settings)
        else:
            url = url_of(state.settings.backend, opened.identifier)
            await check_backend(backend, opened, url)
            await state.engine.switch(opened.store, settings, url)
        state.service = QueryService(opened, state.engine, state.settings)
        state.release = opened
    else:
        former, state.release = state.release, opened  # documents now use it
        try:
            await state.writing.rebase(opened.identifier, opened.store)
        except JiqunError:
            state.release = former
            raise
        state.service.release = opened
    look_back(app)
    app.title, app.version = opened.title, opened.version
    app.openapi_schema = None
    state.openapi = {}


def server_config(app: Endpoint) -> uvicorn.Config:
    """Return the configuration of the HTTP server for the application."""
    return uvicorn.Config(
        app,
        http=HttpConnection.configured(app),
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; raises `SettingsError` with the reason if it fails."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise SettingsError(f"{host} is not an address to listen on: {error.strerror}.") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"Port {port} of {host} is in use. Stop the other process, or choose another port "
                "with --port."
            ) from None
        raise SettingsError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from None
    listener.set_inheritable(False)
    return listener
