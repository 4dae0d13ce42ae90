"""`/mcp`: the Model Context Protocol over Streamable HTTP.

The SDK is imported in a thread at the first request that needs it, never in the event loop: most
servers never need it. Requests pass the same checks as all others first.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from jiqun.errors import MethodNotAllowed, Misdirected, NotFound, OriginRefused
from jiqun.query.service import QueryService
from jiqun.settings import Settings
from jiqun.web.http import ClientWatch, Message, Receive, Scope, Send, header, read_body

_SERVER: Final = "jiqun.agents.mcp_server"
_LONGEST: Final = 64 * 1024
"""Maximum size of a message, in bytes: fits the longest query; more would block the event loop."""

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ANY_ADDRESS: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 -- compared, not bound


class McpRoute:
    """The ASGI application at `/mcp`; `stop` stops the session manager."""

    def __init__(self, current: Callable[[], QueryService]) -> None:
        """Use the query service that `current` returns at each call."""
        self._current = current
        self._stopping = asyncio.Event()
        self._started: asyncio.Future[Any] | None = None
        self._serving: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        settings: Settings = scope["app"].state.settings
        if not settings.mcp:
            raise NotFound("MCP is disabled on this server.")
        check_addresses(scope, settings)
        if scope["method"] != "POST":
            raise MethodNotAllowed(
                "This is an MCP endpoint for POST requests; it has no sessions to read or delete.",
                ("POST", "OPTIONS"),
            )
        body = await read_body(scope, receive, settings, _LONGEST)
        manager = await self._manager()
        pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            if pending:
                return pending.pop()
            # ClientWatch receives the disconnect; two receivers would take messages from each
            # other.
            await asyncio.get_running_loop().create_future()
            raise AssertionError("there are no more messages")

        async with ClientWatch(receive):
            await manager.handle_request(scope, replay, send)

    async def stop(self) -> None:
        """Stop the session manager."""
        self._stopping.set()
        if self._serving is not None:
            await self._serving

    async def _manager(self) -> Any:
        if self._started is None:
            self._started = asyncio.get_running_loop().create_future()
            self._serving = asyncio.create_task(self._serve(self._started))
        return await asyncio.shield(self._started)

    async def _serve(self, started: asyncio.Future[Any]) -> None:
        """Run the session manager, which one task must enter and leave."""
        try:
            module = await asyncio.to_thread(importlib.import_module, _SERVER)
            manager = module.make_manager(module.make_server(self._current), _LONGEST)
            async with manager.run():
                started.set_result(manager)
                await self._stopping.wait()
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)


def check_addresses(scope: Scope, settings: Settings) -> None:
    """Refuse requests with a foreign host name or from a foreign page, as MCP requires.

    A page can make its host name resolve to this machine (DNS rebinding) and then read what only
    this machine may. Raises `Misdirected` or `OriginRefused`.
    """
    names = _LOOPBACK | ({settings.host} - _ANY_ADDRESS)
    if settings.public_url:
        names |= {urlsplit(settings.public_url).hostname or ""}
    host = header(scope, b"host") or ""
    if _host_name(f"//{host}") not in names:
        raise Misdirected(
            "MCP is not available under this host name. The operator can allow one with "
            "JIQUN_PUBLIC_URL."
        )
    origin = header(scope, b"origin")
    if origin and _host_name(origin) not in names:
        raise OriginRefused("MCP is not available to web pages of other sites.")


def _host_name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
