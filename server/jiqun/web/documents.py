"""Documents: pages, RDF and JSON that are made from the release, outside the event loop.

A document function is a plain function: it gets a `Context` and the arguments that its route read
from the request, and returns a `Document`. It may take as long as it needs, since it never runs in
the event loop, and it raises `JiqunError` for what a client should know. What it returns depends on
nothing but the release and its arguments, so it is cached.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import pyoxigraph as ox
from starlette.requests import Request
from starlette.responses import Response

from jiqun.errors import ReleaseError
from jiqun.query.solutions import Row, term_of
from jiqun.release import Release
from jiqun.saved_queries import bind
from jiqun.search.index import SearchIndex
from jiqun.settings import Settings
from jiqun.web.routes.document_responses import deliver

P = ParamSpec("P")
_THREAD = ThreadPoolExecutor(1)


@dataclass(frozen=True)
class Document:
    """What a document function returns; `headers` come in addition to those of every document."""

    body: bytes
    content_type: str
    status: int = 200
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Context:
    """What document functions read: the release, its store and its search index."""

    release: Release
    settings: Settings
    store_folder: Path

    @cached_property
    def store(self) -> ox.Store:
        """The store, opened read-only."""
        return ox.Store.read_only(str(self.store_folder))

    @cached_property
    def index(self) -> SearchIndex:
        """The search index of the release; raises `ReleaseError` when there is none."""
        if not self.release.identifier:
            raise ReleaseError("A workspace without a release has no search index.")
        return SearchIndex(self.release.folder.resolve() / "search")

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


async def respond(
    request: Request,
    function: Callable[Concatenate[Context, P], Document],
    *arguments: P.args,
    **named: P.kwargs,
) -> Response:
    """Respond with the document that `function` makes; raises what it raises.

    Takes care of compression, entity tags, conditional requests and HEAD.
    """
    state = request.app.state
    folder = state.engine.store
    context: Context | None = getattr(state, "context", None)
    if context is None or context.store_folder != folder or context.release is not state.release:
        context = state.context = Context(state.release, state.settings, folder)
    call = partial(function, context, *arguments, **named)
    document = await asyncio.get_running_loop().run_in_executor(_THREAD, call)
    headers: dict[str, Any] = dict(document.headers or {})
    return deliver(request, document.body, document.content_type, headers, document.status)
