"""Routes for query editors: the vocabulary, the check of a query, its short URL."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any, Final

import pyoxigraph as ox
from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from jiqun.errors import MalformedQuery, NotFound, RequestError
from jiqun.language import Reader
from jiqun.query.diagnosis.mistakes import explain
from jiqun.query.functions import call_with_functions
from jiqun.query.gate import parse_query
from jiqun.query.service import gate_limits
from jiqun.rdf.formats import PLAIN_JSON
from jiqun.web.documents import Context, Document, respond, respond_uncached
from jiqun.web.http import read_body
from jiqun.web.metadata.openapi import found, problems
from jiqun.web.pages.error_page import problem_members
from jiqun.web.pages.error_words import error_words
from jiqun.web.pages.rendering import read_short, short_path
from jiqun.web.pages.results_page import Remark, advise
from jiqun.web.routes.parameters import PageReader, ReadRoute

router = APIRouter(route_class=ReadRoute, tags=["sparql"], default_response_class=Response)

_VARY: Final = {"Vary": "Accept-Encoding"}
_BASE: Final = "http://localhost/sparql"
"""Any base, so that relative IRIs can be parsed."""


@router.get(
    "/vocab.json",
    summary="List the terms with their labels and use",
    responses=found("The terms", [PLAIN_JSON]) | problems(404),
)
async def show_vocabulary(request: Request) -> Response:
    """List prefixes, classes and properties with labels and counts, and the use by class."""
    return await respond(request, vocabulary_document)


def vocabulary_document(context: Context) -> Document:
    """Return `vocab.json` of the release; raises `NotFound` for a release without it."""
    vocabulary = context.release.vocabulary
    if not vocabulary:
        raise NotFound("This release has no list of terms. Build it again with `jiqun build`.")
    body = json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")).encode()
    return Document(body, PLAIN_JSON.media_type, headers=_VARY)


@router.get(
    "/q/{code}",
    summary="Go to the query of a short URL",
    status_code=303,
    responses={303: {"description": "The query form with the query"}, **problems(404)},
)
async def show_short(
    code: Annotated[str, Path(description="A query, compressed, as pages offer it.")],
    reader: PageReader,
) -> Response:
    """Redirect to the page of the query that a short URL encodes; nothing is stored."""
    location = reader.link("/sparql", query=read_short(code), format="html")
    return Response(status_code=303, headers={"Location": location})


class Problem(BaseModel):
    """Why a query would be refused; `line` and `column`, if known, count from 1 and characters."""

    title: str
    detail: str
    line: int | None = None
    column: int | None = None


class Check(BaseModel):
    """The error in a query (`problem`), remarks on likely mistakes, and its short path."""

    problem: Problem | None
    remarks: list[Remark]
    short: str | None


@router.api_route(
    "/sparql/check",
    methods=["POST"],
    summary="Check a query without running it",
    responses={200: {"model": Check, "description": "The check"}, **problems(408, 413, 415)},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/sparql-query": {"schema": {"type": "string"}}},
        }
    },
)
async def check_query(request: Request, reader: PageReader) -> Response:
    """Report the error in the query in the body, if any, and likely mistakes."""
    settings = request.app.state.settings
    body = await read_body(request.scope, request.receive, settings, 4 * settings.query_length)
    return await respond_uncached(request, check_document, reader, body.decode(errors="replace"))


def check_document(context: Context, reader: Reader, text: str) -> Document:
    """Return the check of a query as JSON."""
    problem: dict[str, Any] | None = None
    try:
        _parse(context, text)
    except RequestError as error:
        members = problem_members(error)
        problem = {name: members[name] for name in Problem.model_fields if name in members}
        for name in ("title", "detail"):
            problem[name] = error_words(members[name], reader.lang).value
    remarks = [] if problem else [asdict(each) for each in advise(context, text, reader)]
    check = {"problem": problem, "remarks": remarks, "short": short_path(text)}
    body = json.dumps(check, ensure_ascii=False).encode()
    headers = {"Vary": "Accept-Language, Accept-Encoding", "Cache-Control": "no-store"}
    return Document(body, PLAIN_JSON.media_type, headers=headers)


def _parse(context: Context, text: str) -> None:
    """Parse a query with the gate and the engine; raises their errors.

    The engine evaluates it on an empty store with LIMIT 0, so that there is hardly any work.
    """
    settings = context.settings
    parsed = parse_query(text, gate_limits(settings), frozenset(settings.service_allow))
    if parsed.calls:  # the engine would call them
        return
    try:
        call_with_functions(
            lambda **options: ox.Store().query(parsed.evaluated(0), base_iri=_BASE, **options)
        )
    except SyntaxError as error:
        raise MalformedQuery(explain(text, error.msg)) from None
    except (RuntimeError, ValueError):  # what fails on an empty store may work on a full one
        return
