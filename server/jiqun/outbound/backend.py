"""The client of a backend: connections, retries and pauses after failures; kinds of engines.

Workers send their queries to a loopback address, which forwards them to the one configured URL,
where `{release}` is replaced by the served release. Redirects are not followed. A call that fails
before a response is retried once. After several failures in a row, no queries are sent for some
seconds, then one as a trial. If the backend keeps running a query after its connection is closed,
the query's slot stays taken until the backend's own time limit has passed, so it never gets more
queries at once than configured.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import ssl
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpcore2

from jiqun.outbound.http_client import (
    LOOPBACK,
    LoopbackServer,
    WorkerCall,
    chunk,
    refusal,
    response_head,
)

SOLUTIONS: Final = "application/sparql-results+json"
TRIPLES: Final = "application/n-triples"
ACCEPT: Final = f"{SOLUTIONS}, {TRIPLES}"
FORM: Final = "application/x-www-form-urlencoded"
PAUSE_SECONDS: Final = 5
_MOST_FAILURES: Final = 5
_CONNECT_SECONDS: Final = 5.0
_KEPT_SECONDS: Final = 15.0
_GRACE_SECONDS: Final = 5.0
_RELEASE: Final = "{release}"
_RELEASE_LETTERS: Final = 12
_READABLE: Final = {SOLUTIONS, TRIPLES, "application/json", "text/plain"}
_ATTEMPTS: Final = 2


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of engine.

    `stops_when_closed`: closing the connection ends the evaluation. `truncation`: the header that
      marks an incomplete result, in lower case, "" for none. `is_oxigraph`: the engine is the one
      used here, with the same deviations from the standard.
    """

    name: str
    stops_when_closed: bool = False
    truncation: str = ""
    is_oxigraph: bool = False


DIALECTS: Final[Mapping[str, Dialect]] = {
    each.name: each
    for each in (
        Dialect("fuseki"),
        Dialect("oxigraph", is_oxigraph=True),
        Dialect("jiqun", stops_when_closed=True, truncation="jiqun-truncated"),
        Dialect("generic"),
    )
}
"""The values of `JIQUN_BACKEND_KIND`; each is tested."""


class BackendError(Exception):
    """The backend failed: `status` is that of our response, the text is a sentence."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def url_of(template: str, identifier: str) -> str:
    """Return the URL of the dataset with a release; in it, `{release}` is the release's name."""
    return template.replace(_RELEASE, identifier[:_RELEASE_LETTERS])


@dataclass(frozen=True, slots=True)
class BackendOptions:
    """Which backend, and how it may be used.

    `seconds` is the backend's own limit on a query; `connections` is the number of queries at once;
    `credentials` is the value of the Authorization header, "" for none.
    """

    url: str
    dialect: Dialect
    seconds: float
    connections: int
    credentials: str = ""


@dataclass(frozen=True, slots=True)
class BackendAnswer:
    """The head of a response, and its body block by block."""

    content_type: str
    headers: dict[str, str]
    blocks: AsyncIterator[bytes]


def authorization(secret: str) -> str:
    """Return the Authorization header for `user:password`, or `Bearer …` unchanged."""
    if secret.startswith("Bearer "):
        return secret
    return f"Basic {base64.b64encode(secret.encode()).decode()}"


class Backend(LoopbackServer):
    """One backend; `start` before use, `stop` at the end."""

    def __init__(self, options: BackendOptions) -> None:
        super().__init__()
        self.options = options
        self.busy = 0
        self.lingering = 0
        self.refusals = 0
        self._urls: dict[str, str] = {}
        self._path = ""
        self._failures = 0
        self._paused_until = 0.0
        self._pool: httpcore2.AsyncConnectionPool | None = None
        self.turn_to(options.url)

    @property
    def url(self) -> str:
        """Where the queries of new workers go."""
        return self._urls[self._path]

    def turn_to(self, url: str) -> None:
        """Forward queries to this URL from now on, for workers that get the address later.

        Workers with the previous address continue to use the previous URL.
        """
        former = self._urls.get(self._path)
        self._urls = {} if former is None else {self._path: former}
        self._path = f"/{secrets.token_urlsafe(24)}"
        self._urls[self._path] = url

    def turn_back(self) -> None:
        """Undo the last `turn_to`."""
        self._path = next(iter(self._urls))

    @property
    def address(self) -> str:
        """The URL to which workers send their queries."""
        return f"http://{LOOPBACK}:{self.port}{self._path}"

    async def start(self) -> None:
        """Listen for calls from workers."""
        await super().start()
        if self._pool is None:
            secure = self.options.url.startswith("https:")
            tls = await asyncio.to_thread(ssl.create_default_context) if secure else None
            self._pool = httpcore2.AsyncConnectionPool(
                tls,
                max_connections=self.options.connections + 1,
                keepalive_expiry=_KEPT_SECONDS,
            )

    async def stop(self) -> None:
        """Cancel all calls and close all connections."""
        await super().stop()
        if self._pool is not None:
            await self._pool.aclose()
            self._pool = None

    def run_until_stopped(self, work: Coroutine[object, object, None]) -> None:
        """Run a task until it ends or the backend is stopped."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def accepts(self, path: str) -> bool:
        """Whether a path is that of the backend."""
        return any(secrets.compare_digest(path, each) for each in self._urls)

    async def forward(self, call: WorkerCall, writer: asyncio.StreamWriter) -> None:
        """Stream the backend's response to a worker; abort if it ends early."""
        begun = False
        try:
            async with self.ask(call.body, self._urls[call.path]) as answer:
                writer.write(response_head(answer.content_type))
                begun = True
                async for block in answer.blocks:
                    writer.write(chunk(block))
                    await writer.drain()
                writer.write(chunk(b""))
        except BackendError as error:
            if begun:
                writer.transport.abort()
            else:
                writer.write(refusal(error.status, str(error)))
        await writer.drain()

    @asynccontextmanager
    async def ask(self, form: bytes, url: str = "") -> AsyncIterator[BackendAnswer]:
        """Send the form of a query (SPARQL 1.1 Protocol, 2.1.2) to `url`, or where new ones go.

        Raises `BackendError`.
        """
        loop = asyncio.get_running_loop()
        self._check_free(loop.time())
        began, whole = loop.time(), False
        self.busy += 1
        try:
            response = await self._send(form, url or self.url, loop)
            try:
                yield BackendAnswer(
                    _media_type(response), _headers(response), self._blocks(response)
                )
                whole = True
            finally:
                await response.aclose()
        finally:
            self.busy -= 1
            left = began + self.options.seconds - loop.time()
            if not whole and left > 0 and not self.options.dialect.stops_when_closed:
                self._linger(left)

    def _linger(self, seconds: float) -> None:
        """Keep the slot of a query that the backend may still be evaluating."""
        if self._pool is None or self._failures:
            return
        self.lingering += 1

        def leave() -> None:
            self.lingering -= 1

        asyncio.get_running_loop().call_later(seconds, leave)

    def _check_free(self, now: float) -> None:
        if now < self._paused_until:
            self.refusals += 1
            raise BackendError(
                503, f"The backend is not responding. Try again in {PAUSE_SECONDS} s."
            )
        if self.busy + self.lingering >= self.options.connections:
            self.refusals += 1
            raise BackendError(
                503, f"The backend is busy with other queries. Try again in {PAUSE_SECONDS} s."
            )
        if self._failures >= _MOST_FAILURES:
            self._paused_until = now + PAUSE_SECONDS  # this one is the trial

    async def _send(
        self, form: bytes, url: str, loop: asyncio.AbstractEventLoop
    ) -> httpcore2.Response:
        """Return the response with its head read; retry once if there is none."""
        began = loop.time()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                response = await self._request(form, url)
            except httpcore2.ReadTimeout:
                raise BackendError(
                    504, "The backend exceeded its own time limit, and the query was abandoned."
                ) from None
            except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException):
                if attempt == _ATTEMPTS:
                    raise self._failed(503, "The backend cannot be reached.") from None
                continue
            try:
                self._check(response, loop.time() - began)
            except BackendError:
                await response.aclose()
                raise
            self._failures, self._paused_until = 0, 0.0
            return response
        raise AssertionError("an attempt ends in a response or in an error")

    async def _request(self, form: bytes, url: str) -> httpcore2.Response:
        options = self.options
        headers = [
            ("Host", _authority(url)),
            ("Accept", ACCEPT),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "jiqun"),
            ("Content-Type", FORM),
            ("Content-Length", str(len(form))),
        ]
        if options.credentials:
            headers.append(("Authorization", options.credentials))
        times = {"connect": _CONNECT_SECONDS, "read": options.seconds + _GRACE_SECONDS}
        assert self._pool is not None
        return await self._pool.handle_async_request(
            httpcore2.Request(
                "POST",
                url,
                headers=headers,
                content=form,
                extensions={"timeout": times},
            )
        )

    def _check(self, response: httpcore2.Response, seconds: float) -> None:
        """Raise `BackendError` unless the response holds an answer."""
        status = response.status
        if status >= 500 and seconds >= 0.9 * self.options.seconds:
            raise BackendError(504, "The backend stopped the query at its own time limit.")
        if status >= 500:
            raise self._failed(503, f"The backend returned status {status}.")
        if 300 <= status < 400:
            raise self._failed(502, "The backend redirects; configure its final URL.")
        if status in {401, 403}:
            raise self._failed(502, "The backend refuses the credentials of this server.")
        if status == 404:
            raise self._failed(502, "The backend's URL does not exist.")
        if status != 200:
            self._failures = 0
            raise BackendError(400, "The backend refuses the query.")
        headers = _headers(response)
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise self._failed(
                502, "The backend's response has a content coding that was not requested."
            )
        if _media_type(response) not in _READABLE:
            raise self._failed(502, "The backend's response has a format that was not requested.")
        if self.options.dialect.truncation in headers:
            raise BackendError(413, "The backend truncates long results.")

    def _failed(self, status: int, reason: str) -> BackendError:
        self._failures += 1
        if self._failures >= _MOST_FAILURES:
            self._paused_until = asyncio.get_running_loop().time() + PAUSE_SECONDS
        return BackendError(status, reason)

    async def _blocks(self, response: httpcore2.Response) -> AsyncIterator[bytes]:
        blocks = response.aiter_stream()
        while True:
            try:
                block = await anext(blocks, None)
            except httpcore2.ReadTimeout:
                raise BackendError(
                    504, "The backend stopped in the middle of its response."
                ) from None
            except (httpcore2.NetworkError, httpcore2.ProtocolError):
                raise self._failed(502, "The backend's response ended early.") from None
            if block is None:
                return
            yield block


def _headers(response: httpcore2.Response) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers
    }


def _media_type(response: httpcore2.Response) -> str:
    return _headers(response).get("content-type", "").partition(";")[0].strip().lower()


def _authority(url: str) -> str:
    return url.split("/", 3)[2]
