"""`/queries` and `/queries/<name>`: the saved queries, and their answers in every format."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.answers.questions import Question
from jiqun.endpoint.http.formats import HTML, PLAIN_JSON, formats_for
from jiqun.endpoint.http.negotiate import negotiate
from jiqun.endpoint.http.protocol import parse_parameters, read_timeout
from jiqun.endpoint.http.requests import header, public_url, reader_of
from jiqun.endpoint.pages.queries import LANGUAGE, render_queries, render_query
from jiqun.endpoint.routes.html import page
from jiqun.endpoint.routes.results import read_answer
from jiqun.endpoint.routes.sparql import AnswerResponse
from jiqun.endpoint.saved_queries import bind
from jiqun.endpoint.wording import shorten
from jiqun.errors import BadParameter, JiqunError, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.endpoint.answers.service import Service
    from jiqun.endpoint.release import Release
    from jiqun.endpoint.saved_queries import SavedQuery

router = APIRouter(tags=["saved queries"])

OTHERS = frozenset({"format", "timeout", "lang", "excel"})
"""Parameters of the request that are not parameters of the query."""

_METHODS = ["GET", "HEAD"]


@router.api_route("/queries", methods=_METHODS, summary="List the saved queries")
async def list_queries(request: Request) -> Response:
    """List the saved queries with their parameters, as a page or as JSON."""
    release: Release = request.app.state.release
    parameters = parse_parameters(request.scope["query_string"], "query string")
    named = _single(parameters, "format")
    choice = negotiate(request.headers.get("accept"), named, (PLAIN_JSON, HTML))
    if choice.format is HTML:
        reader = reader_of(request.scope, request.app.state.settings)
        return page(request, render_queries(release.queries.values(), reader))
    root = public_url(request.scope, request.app.state.settings)
    body = [_summary(query, root) for query in release.queries.values()]
    return Response(
        json.dumps({"queries": body}, ensure_ascii=False, indent=1),
        media_type="application/json",
        headers={"Vary": "Accept", "Cache-Control": "no-cache"},
    )


@router.api_route("/queries/{name}", methods=_METHODS, summary="Answer a saved query")
async def answer_query(request: Request, name: str) -> Response:
    """Run a saved query with the parameters of the URL; the answer is a page, JSON, CSV …."""
    service: Service = request.app.state.service
    query = service.release.queries.get(name)
    if query is None:
        raise NotFound(f"There is no saved query {shorten(name)}. The list is at /queries.")
    given = parse_parameters(request.scope["query_string"], "query string")
    named = _single(given, "format")
    choice = negotiate(request.headers.get("accept"), named, (*formats_for(query.form), HTML))
    if choice.format is HTML:
        return await _answer_page(request, service, query, given)
    return AnswerResponse(service, _question(request, query, given))


def _question(request: Request, query: SavedQuery, given: Mapping[str, Sequence[str]]) -> Question:
    scope = request.scope
    return Question(
        text=query.text,
        accept=header(scope, b"accept"),
        format=_single(given, "format"),
        accept_encoding=header(scope, b"accept-encoding"),
        if_none_match=header(scope, b"if-none-match"),
        substitutions=bind(query, given, OTHERS),
        timeout=read_timeout(_single(given, "timeout")),
        excel=(_single(given, "excel") or "") in {"1", "true", "yes"},
        client=request.client.host if request.client else "",
    )


async def _answer_page(
    request: Request,
    service: Service,
    query: SavedQuery,
    given: Mapping[str, Sequence[str]],
) -> Response:
    reader = reader_of(request.scope, service.settings)
    values = {name: texts[0] for name, texts in given.items() if name not in OTHERS}
    if any(each.name == LANGUAGE for each in query.parameters):
        given = {LANGUAGE: [reader.lang], **given}
    try:
        outcome, captions = await read_answer(service, _question(request, query, given))
    except JiqunError as error:
        text = render_query(query, values, None, {}, reader, problem=error.detail)
        return page(request, text, error.status)
    return page(request, render_query(query, values, outcome, captions, reader))


def _single(given: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = [value for value in given.get(name, ()) if value]
    if len(values) > 1:
        raise BadParameter(f"The parameter {name} is given {len(values)} times.")
    return values[0] if values else None


def _summary(query: SavedQuery, root: str) -> dict[str, Any]:
    return {
        "name": query.name,
        "iri": query.iri,
        "url": f"{root}/queries/{query.name}",
        "summary": dict(query.summary),
        "description": dict(query.description),
        "tags": list(query.tags),
        "form": query.form,
        "parameters": [
            {
                "name": each.name,
                "type": each.type,
                "default": each.default,
                "required": each.required,
                "description": dict(each.description),
                "values": list(each.values) if each.values else None,
            }
            for each in query.parameters
        ],
        "example": dict(query.example),
    }
