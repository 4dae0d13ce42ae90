"""The outermost layer: what every request and every answer has in common, written for speed.

It mends the path (prefix, slash at the end), answers preflights, adds the headers that belong on
everything, turns errors into answers, counts and logs. `/sparql` is served straight from here,
without passing through the router.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from jiqun.endpoint.accounts import Account, RequestLog
from jiqun.endpoint.http.replies import EVERYWHERE, ClientGone, Reply, send_whole
from jiqun.endpoint.http.requests import trust_proxy
from jiqun.endpoint.problems import problem_reply
from jiqun.errors import JiqunError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from jiqun.endpoint.http.replies import Message, Receive, Scope, Send
    from jiqun.endpoint.metrics import Metrics
    from jiqun.settings import Settings

    App = Callable[[Scope, Receive, Send], Awaitable[None]]

ALLOWED_METHODS: Final = b"GET, HEAD, POST, QUERY, PUT, DELETE, OPTIONS"

_log = logging.getLogger("jiqun.front")


class InternalError(JiqunError):
    """A bug of ours; its details go to the log only."""


class Front:
    """An ASGI application around the whole; `direct` maps paths to ASGI applications."""

    def __init__(
        self,
        app: App,
        settings: Settings,
        metrics: Metrics,
        log: RequestLog | None,
        direct: Mapping[str, App],
    ) -> None:
        """Serve the paths in `direct` without `app`, everything else by `app`."""
        self._metrics = metrics
        self._log = log
        self._app = app
        self._direct = direct
        self._settings = settings
        self._prefix = settings.root_path
        self._trusted = frozenset(settings.trusted_proxies)
        self._preflight = (
            (b"access-control-allow-methods", ALLOWED_METHODS),
            (b"access-control-allow-headers", b"*, Authorization"),
            (b"access-control-max-age", str(settings.cors_seconds).encode()),
            (b"allow", ALLOWED_METHODS),
            (b"vary", b"Access-Control-Request-Method, Access-Control-Request-Headers"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or pass on what is not a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._trusted:
            trust_proxy(scope, self._trusted)
        path = self._mend_path(scope)
        client = scope.get("client")
        account = Account(scope["method"], path, client[0] if client else "")
        scope["account"] = account

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                account.status = message["status"]
                message["headers"] = [*message["headers"], *EVERYWHERE]
            else:
                account.size += len(message.get("body", b""))
            await send(message)

        try:
            await self._answer(scope, receive, answer, path)
        finally:
            self.close_account(account, asyncio.get_running_loop())

    def close_account(self, account: Account, loop: asyncio.AbstractEventLoop) -> None:
        """Count and log a request that is over."""
        account.seconds = time.perf_counter() - account.started
        self._metrics.count(account)
        if self._log is not None:
            self._log.write(account, loop)

    async def _answer(self, scope: Scope, receive: Receive, answer: Send, path: str) -> None:
        account: Account = scope["account"]
        try:
            if scope["method"] == "OPTIONS":
                await send_whole(Reply(204, self._preflight), "OPTIONS", answer)
            else:
                await self._route(path)(scope, receive, answer)
        except ClientGone:
            account.outcome = "gone"
        except Exception as error:
            account.outcome = type(error).__name__
            if account.status:
                # Returning without the end of the body makes the server cut the connection, which
                # is how the client learns that the answer is not whole.
                _log_break(error)
                return
            known = error if isinstance(error, JiqunError) else None
            if known is None:
                _log.exception("a request failed by a mistake in the program")
                known = InternalError("The server made a mistake; it has been logged.")
            reply = problem_reply(known, scope, self._settings)
            await send_whole(reply, scope["method"], answer)

    def _route(self, path: str) -> App:
        found = self._direct.get(path)
        if found is None and path.startswith("/graphs/"):
            found = self._direct.get("/graphs")
        return found or self._app

    def _mend_path(self, scope: Scope) -> str:
        """Remove the prefix and a slash at the end; give the path that routes are made for."""
        path: str = scope["path"]
        prefix = self._prefix
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            path = path[len(prefix) :] or "/"
        if len(path) > 1 and path.endswith("/"):
            path = path.rstrip("/") or "/"
        scope["root_path"] = prefix
        scope["path"] = prefix + path
        return path


def _log_break(error: Exception) -> None:
    if isinstance(error, JiqunError):
        _log.warning("an answer broke off: %s", error.title)
    else:
        _log.error("an answer broke off by a mistake in the program", exc_info=error)
