"""The shortest way to an answer: from the connection to the cache and back, without a task.

A GET of `/sparql` that was planned before and whose answer is cached is written out as soon as its
headers are read. Everything else takes the way through the application, with the same result.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from jiqun.endpoint.accounts import Account
from jiqun.endpoint.http.requests import trust_proxy

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from jiqun.endpoint.serving.app import Endpoint


class Shortcut:
    """Looks for an answer that is ready; counts and logs like the application."""

    def __init__(self, app: Endpoint) -> None:
        """Look in the caches of `app`."""
        self._app = app
        settings = app.state.settings
        self._paths = {b"/sparql", f"{settings.root_path}/sparql".encode()}
        self._trusted = frozenset(settings.trusted_proxies)

    def find(
        self,
        target: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        client: tuple[str, int] | None,
        loop: asyncio.AbstractEventLoop,
    ) -> tuple[bytes, bytes] | None:
        """Give the headers, as they go over the wire, and the body; None to take the long way."""
        path, _, query_string = target.partition(b"?")
        if path not in self._paths:
            return None
        started = perf_counter()
        accept = coding = b""
        for name, value in headers:
            if name == b"accept":
                accept = value if not accept else accept + b", " + value
            elif name == b"accept-encoding":
                coding = value if not coding else coding + b", " + value
            elif name == b"if-none-match":
                return None
        service = self._app.state.service
        plan = service.plans.get((query_string, accept, coding))
        if plan is None:
            return None
        entry = service.ready(plan)
        if entry is None:
            return None
        account = Account("GET", "/sparql", self._client(client, headers), started)
        account.status, account.size = 200, len(entry.body)
        account.outcome, account.rows = "cached", entry.rows
        account.note_job(plan.job)
        self._app.front.close_account(account, loop)
        return entry.head, entry.body

    def _client(
        self, client: tuple[str, int] | None, headers: Sequence[tuple[bytes, bytes]]
    ) -> str:
        if self._trusted:
            scope = {"client": client, "headers": headers}
            trust_proxy(scope, self._trusted)
            client = scope["client"]  # type: ignore[assignment]
        return client[0] if client else ""
