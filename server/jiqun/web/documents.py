"""Documents: pages, RDF and JSON that are made from the release, outside the event loop.

A document function is a plain function: it gets a `Context` and the arguments that its route read
from the request, and returns a `Document`. It runs in a worker process with a deadline and a memory
limit, never in the event loop, and raises `JiqunError` for what a client should know. What it
returns depends on nothing but the release and its arguments, so it is cached.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import Response

from jiqun.errors import JiqunError, ReleaseError
from jiqun.query.service import QueryService
from jiqun.query.solutions import Row, term_of
from jiqun.release import Release, no_release, open_release
from jiqun.saved_queries import bind
from jiqun.search.full_text import FullText
from jiqun.search.index import SearchIndex
from jiqun.settings import Settings
from jiqun.web.routes.document_responses import deliver

P = ParamSpec("P")


@dataclass(frozen=True)
class Document:
    """What a document function returns; `headers` come in addition to those of every document."""

    body: bytes
    content_type: str
    status: int = 200
    headers: Mapping[str, str] | None = None


class Context:
    """What document functions read: the release, its store and its search index."""

    def __init__(self, release: Release, settings: Settings, store: ox.Store) -> None:
        self.release = release
        self.settings = settings
        self.store = store

    @cached_property
    def index(self) -> SearchIndex:
        """The search index of the release; raises `ReleaseError` when there is none."""
        folder = self.release.folder.resolve() / "search"
        if not self.release.identifier or not folder.is_dir():
            raise ReleaseError(
                "This release has no search index. Build it again with `jiqun build`."
            )
        return SearchIndex(folder, FullText(folder / "names"), FullText(folder / "things"))

    def select(self, text: str, bindings: Mapping[str, str] | None = None) -> list[Row]:
        """Run a SELECT query of ours; `bindings` maps variables to terms in N-Triples syntax."""
        solutions = self.store.query(bind(text, bindings or {}))
        assert isinstance(solutions, ox.QuerySolutions)
        names = [variable.value for variable in solutions.variables]
        return [
            {name: term_of(value) for name in names if (value := solution[name]) is not None}
            for solution in solutions
        ]

    def ask(self, text: str, bindings: Mapping[str, str] | None = None) -> bool:
        """Run an ASK query of ours."""
        return bool(self.store.query(bind(text, bindings or {})))


def open_context(previous: Context | None, store: ox.Store, order: Mapping[str, Any]) -> Context:
    """Open what a worker needs for documents; called by the worker before it is confined.

    For another state of the same release the index stays open. Raises `ReleaseError`.
    """
    settings = Settings.model_validate(order["settings"])
    if previous is not None:
        if order["identifier"] != previous.release.identifier:
            raise ReleaseError("A worker makes documents of one release only.")
        context = Context(previous.release, settings, store)
        if "index" in previous.__dict__:
            context.__dict__["index"] = previous.index
        return context
    folder = order["release"]
    release = open_release(Path(folder), verify=False) if folder else no_release()
    context = Context(release, settings, store)
    if folder and (Path(folder) / "search").is_dir():
        _ = context.index  # opening it takes locks, which a confined worker could not
    return context


def make(
    context: Context,
    module: str,
    function: str,
    arguments: tuple[Any, ...],
    named: Mapping[str, Any],
) -> bytes:
    """Call a document function; return a line of JSON with what its response says, and the body."""
    document: Document = getattr(importlib.import_module(module), function)(
        context, *arguments, **named
    )
    head = {
        "status": document.status,
        "content_type": document.content_type,
        "headers": dict(document.headers or {}),
    }
    return json.dumps(head).encode() + b"\n" + document.body


def describe_error(error: BaseException) -> dict[str, Any] | None:
    """Return what the server needs to raise the same error; None for one that is a bug."""
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
    """Respond with the document that `function` makes; raises what it raises.

    Takes care of compression, entity tags, conditional requests and HEAD.
    """
    service: QueryService = request.app.state.service
    client = request.client.host if request.client else ""
    answer = await service.document(function, arguments, named, client)
    return deliver(request, answer.body, answer.content_type, dict(answer.headers), answer.status)
