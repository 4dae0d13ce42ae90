"""Documents: pages, RDF and JSON generated from the release, outside the event loop.

A document function is a plain function: it gets a `Context` and the arguments that its route read
from the request, and returns a `Document`. It runs in a worker process with a deadline and a memory
limit, never in the event loop, and raises `JiqunError` for client errors. Its result depends only
on the release and its arguments, so it is cached. Responses are compressed, with an entity tag, or
304.
"""

from __future__ import annotations

import csv
import gc
import hashlib
import importlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import Response

from jiqun.compression import CODINGS, encode
from jiqun.errors import JiqunError, ReleaseError
from jiqun.query.evaluation import QueryStore
from jiqun.query.jobs import Answer, DocumentJob
from jiqun.query.service import QueryService
from jiqun.query.solutions import Row, Select, term_of
from jiqun.query.spreadsheet import for_spreadsheet
from jiqun.rdf.formats import CSV, PLAIN_JSON
from jiqun.release import Release, no_release, open_release
from jiqun.saved_queries import bind
from jiqun.search.index import SearchIndex
from jiqun.settings import Settings
from jiqun.web.http import HTML_HEADERS, Headers, check_match, matching_etag, reader_of
from jiqun.web.negotiation import choose_coding

_VARY = "Accept, Accept-Language, Accept-Encoding"
P = ParamSpec("P")
T = TypeVar("T")


def page(request: Request, text: str, status: int = 200, extra: Headers = ()) -> Response:
    """Send a page with its security headers, compressed, or 304 if the client has it."""
    lang = reader_of(request.scope, request.app.state.settings).lang
    own, others = (
        {name.decode(): value.decode() for name, value in each} for each in (HTML_HEADERS, extra)
    )
    headers = {**own, "Content-Language": lang, **others}
    return deliver(request, text.encode(errors="replace"), "text/html", headers, status)


def deliver(
    request: Request,
    body: bytes,
    media_type: str,
    headers: Mapping[str, str],
    status: int = 200,
) -> Response:
    """Send a short document that was generated in the event loop, with additional `headers`.

    `media_type` may have parameters; text gets its charset.
    """
    coding = choose_coding(request.headers.get("accept-encoding"), CODINGS)
    answer = coded_answer(body, media_type, coding)
    complete = answer._replace(status=status, headers=tuple(headers.items()))
    return document_response(request, complete)


def coded_answer(body: bytes, media_type: str, coding: str | None) -> Answer:
    """Return a document in a content coding, with its entity tag."""
    etag = hashlib.blake2b(body, digest_size=12).hexdigest()
    if coding is None:
        return Answer(body, content_type=media_type, etag=etag)
    tag = f"{etag}-{coding}"
    return Answer(encode(coding, body), content_type=media_type, etag=tag, coding=coding)


def document_response(request: Request, answer: Answer) -> Response:
    """Return the response with a document, or 304 to a client that has it.

    Raises `PreconditionFailed` when the client asks for another version.
    """
    headers = {
        "Vary": _VARY,
        "Cache-Control": "no-cache" if answer.status == 200 else "no-store",
        **dict(answer.headers),
    }
    if answer.status == 200 and answer.etag:
        headers["ETag"] = f'"{answer.etag}"'
        etags = (headers["ETag"].encode(),)
        if request.method in {"GET", "HEAD"}:
            check_match(request.scope, etags)
            if matching_etag(request.headers.get("if-none-match", ""), etags):
                return Response(status_code=304, headers=headers)
    if answer.coding:
        headers["Content-Encoding"] = answer.coding
    content_type = answer.content_type
    if content_type.startswith("text/") and "charset" not in content_type:
        content_type = f"{content_type}; charset=utf-8"
    response = Response(answer.body, answer.status, headers)
    response.headers["Content-Type"] = content_type
    return response


@dataclass(frozen=True)
class Document:
    """The result of a document function; `headers` are added to those of every document."""

    body: bytes
    content_type: str
    status: int = 200
    headers: Mapping[str, str] | None = None


def json_document(
    body: object, vary: str = "Accept-Language, Accept-Encoding", indent: int | None = None
) -> Document:
    """Return a JSON document; `vary` are the request headers that it depends on."""
    # A lone surrogate, which the body of a request may contain, is returned as an escape.
    encoded = json.dumps(body, ensure_ascii=False, indent=indent).encode(errors="backslashreplace")
    return Document(encoded, PLAIN_JSON.content_type(), headers={"Vary": vary})


def csv_document(name: str, rows: Iterable[Sequence[object]], *, excel: bool) -> Document:
    """Return a table as a CSV file (RFC 4180), for spreadsheet programs with `excel`."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    body = text.getvalue().encode(errors="replace")
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Document(for_spreadsheet(body) if excel else body, CSV.content_type(), headers=headers)


class Context:
    """The input of document functions: the release, its store and its search index."""

    def __init__(self, release: Release, settings: Settings, store: QueryStore) -> None:
        self.release = release
        self.settings = settings
        self.store = store
        self._read: dict[Callable[[Select], object], object] = {}
        self._kept: dict[object, object] = {}

    @cached_property
    def index(self) -> SearchIndex:
        """The search index of the release; raises `ReleaseError` when there is none."""
        if not self.release.identifier:
            raise ReleaseError("A workspace without a release has no search index.")
        return SearchIndex(self.release.folder.resolve() / "search")

    def select(self, text: str, bindings: Mapping[str, str] | None = None) -> list[Row]:
        """Run an internal SELECT query; `bindings` maps variables to terms in N-Triples syntax."""
        solutions = self.store.query(bind(text, bindings or {}))
        assert isinstance(solutions, ox.QuerySolutions)
        names = [variable.value for variable in solutions.variables]
        return [
            {
                name: term_of(value)
                for name, value in zip(names, solution, strict=True)
                if value is not None
            }
            for solution in solutions
        ]

    def once(self, read: Callable[[Select], T]) -> T:
        """Call a reader function once per state of the data and cache its result.

        For data that many pages need completely, such as all clusters with their places.
        """
        if read not in self._read:
            self._read[read] = read(self.select)
            gc.freeze()  # examining it in every collection takes a tenth of a page's time
        return cast("T", self._read[read])

    def kept(
        self, make: Callable[Concatenate[Context, P], T], *arguments: P.args, **named: P.kwargs
    ) -> T:
        """Call a function once per state of the data and arguments, and cache its result.

        For what is costly and the same on many pages.
        """
        key = (make, arguments, tuple(named.items()))
        if key not in self._kept:
            self._kept[key] = make(self, *arguments, **named)
            gc.freeze()
        return cast("T", self._kept[key])

    def ask(self, text: str, bindings: Mapping[str, str] | None = None) -> bool:
        """Run an internal ASK query."""
        return bool(self.store.query(bind(text, bindings or {})))


def open_context(previous: Context | None, store: QueryStore, order: Mapping[str, Any]) -> Context:
    """Open the context of a worker; called before the worker is confined.

    For another state of the same release, the index stays open. Raises `ReleaseError`.
    """
    settings = Settings.model_validate(order["settings"])
    if previous is not None:
        if order["identifier"] != previous.release.identifier:
            raise ReleaseError("A worker generates documents of one release only.")
        context = Context(previous.release, settings, store)
        if "index" in previous.__dict__:
            context.__dict__["index"] = previous.index
        return context
    folder = order["release"]
    release = (
        open_release(Path(folder), verify=False, check_files=False, with_store=False)
        if folder
        else no_release()
    )
    context = Context(release, settings, store)
    if folder and (Path(folder) / "search").is_dir():
        _ = context.index  # opening it takes locks, which a confined worker cannot
    return context


def make(
    context: Context,
    module: str,
    function: str,
    arguments: tuple[Any, ...],
    named: Mapping[str, Any],
) -> bytes:
    """Call a document function; return a line of JSON with status and headers, and the body."""
    document: Document = getattr(importlib.import_module(module), function)(
        context, *arguments, **named
    )
    head = {
        "etag": hashlib.blake2b(document.body, digest_size=12).hexdigest(),
        "status": document.status,
        "content_type": document.content_type,
        "headers": dict(document.headers or {}),
    }
    return json.dumps(head).encode() + b"\n" + document.body


def describe_error(error: BaseException) -> dict[str, Any] | None:
    """Return what the server needs to raise the same error; None for internal errors."""
    if not isinstance(error, JiqunError):
        return None
    attributes = {name: value for name, value in vars(error).items() if name != "detail"}
    return {"error": type(error).__name__, "detail": error.detail, "attributes": attributes}


async def respond(
    request: Request,
    function: Callable[Concatenate[Context, P], Document],
    *arguments: P.args,
    **named: P.kwargs,
) -> Response:
    """Respond with the document that `function` returns; raises what it raises.

    Handles compression, entity tags, conditional requests and HEAD.
    """
    return await _respond(request, function, arguments, named, cached=True)


async def evaluate(
    request: Request,
    function: Callable[Concatenate[Context, P], Document],
    *arguments: P.args,
    **named: P.kwargs,
) -> bytes:
    """Return the body of a document for use in a route; raises what `function` raises."""
    service: QueryService = request.app.state.service
    job = _job(request, function, arguments, named)
    return (await service.document(job, None)).body


async def respond_to_result(
    request: Request,
    key: bytes | None,
    function: Callable[Concatenate[Context, tuple[str, bytes, int], P], Document],
    result: tuple[str, bytes, int],
    *arguments: P.args,
    **named: P.kwargs,
) -> Response:
    """Respond with a document that shows the result of a query: form, result and milliseconds.

    Cached by the key of the answer, if it has one. The page keeps the time of its first evaluation,
    so that its entity tag does not change.
    """
    cached = key is not None
    page_key = f"{key!r} {arguments!r} {named!r}" if cached else ""
    return await _respond(
        request, function, (result, *arguments), named, cached=cached, key=page_key
    )


async def respond_uncached(
    request: Request,
    function: Callable[Concatenate[Context, P], Document],
    *arguments: P.args,
    **named: P.kwargs,
) -> Response:
    """Respond with a document whose arguments are too large or too rare for a cache key."""
    return await _respond(request, function, arguments, named, cached=False)


async def _respond(
    request: Request,
    function: Callable[..., Document],
    arguments: tuple[Any, ...],
    named: Mapping[str, Any],
    *,
    cached: bool,
    key: str = "",
) -> Response:
    service: QueryService = request.app.state.service
    job = _job(request, function, arguments, named, key)
    coding = choose_coding(request.headers.get("accept-encoding"), CODINGS)
    answer = await service.document(job, coding, cached=cached)
    return document_response(request, answer)


def _job(
    request: Request,
    function: Callable[..., Document],
    arguments: tuple[Any, ...],
    named: Mapping[str, Any],
    key: str = "",
) -> DocumentJob:
    client = request.client.host if request.client else ""
    seconds = request.app.state.service.settings.deadline_seconds
    module, name = function.__module__, function.__qualname__
    return DocumentJob(module, name, arguments, named, seconds, client, key)
