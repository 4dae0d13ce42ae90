"""`/queries` and `/query/<name>`: saved queries.

`/query/<name>`: the saved query itself, as RDF and as text; its page is `/queries/<name>`.

`/queries` and `/queries/<name>`: the saved queries, and their answers in every format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import APIRouter, Request, Response

from jiqun.errors import BadParameter, JiqunError, NotFound, shorten
from jiqun.query.protocol import parse_parameters, read_timeout
from jiqun.query.service import QueryRequest, QueryService
from jiqun.rdf.formats import GRAPHS, HTML, PLAIN_JSON, QUERY_TEXT, SOLUTIONS, Format, formats_for
from jiqun.rdf.namespaces import GRAPH, LICENCE, QUERY
from jiqun.release import Release
from jiqun.saved_queries import SavedQuery, read_parameters
from jiqun.web.http import Headers, public_url, reader_of
from jiqun.web.linked_data.descriptions import describe_queries
from jiqun.web.linked_data.documents import (
    QUERY_SUFFIXES,
    SUFFIXES,
    Document,
    Name,
    list_suffixes,
    missing,
    read_name,
)
from jiqun.web.negotiation import Choice, negotiate
from jiqun.web.pages.query_page import LANGUAGE, render_queries, render_query
from jiqun.web.routes.document_responses import (
    data_body,
    document_at,
    form_of,
    page,
    page_body,
    send,
)
from jiqun.web.routes.sparql_routes import AnswerResponse, read_answer, select
from jiqun.web.routes.thing_routes import answer_retired

router = APIRouter(tags=["saved queries"])

_METHODS: Final = ["GET", "HEAD"]
_EXECUTABLE: Final = "http://www.w3.org/ns/shacl#SPARQLExecutable"


@router.api_route("/query/{name}", methods=_METHODS, summary="Describe a saved query")
async def show_query(request: Request, name: str) -> Response:
    """Describe a saved query as data or give its text; a browser is referred to its page (303)."""
    asked = read_name(name, QUERY_SUFFIXES)
    choice = form_of(request, asked, QUERY_SUFFIXES)
    release: Release = request.app.state.release
    query = release.queries.get(asked.slug)
    if query is None:
        retired = await answer_retired(request, asked, QUERY, "/query/", choice, QUERY_SUFFIXES)
        if retired is not None:
            return retired
        raise await _no_query(request, "/query/", name)
    document = query_document(request, query.name)
    if choice.format is HTML:
        given = request.scope["query_string"].decode("ascii", "ignore")
        root = request.app.state.settings.root_path
        location = f"{root}/queries/{query.name}?{given}".rstrip("?")
        links = {"Location": location, "Link": document.headers(choice)["Link"]}
        return Response(status_code=303, headers={**links, "Vary": "Accept"})
    if choice.format is QUERY_TEXT:
        body = f"{query.text.rstrip()}\n".encode()
    else:
        body = data_body(await describe_queries(partial(select, request), query.name), choice)
    return send(request, body, document, choice)


def query_document(request: Request, name: str) -> Document:
    """Give the document that describes a saved query."""
    root = public_url(request.scope, request.app.state.settings)
    return Document(
        f"{root}/query/{quote(name)}",
        root,
        QUERY + name,
        (_EXECUTABLE,),
        QUERY_SUFFIXES,
        page=f"{root}/queries/{quote(name)}",
    )


def answer_headers(
    request: Request, query: SavedQuery, sent: Choice, formats: Sequence[Format]
) -> Headers:
    """Give the headers that tell in which forms else the answer of a query can be had."""
    root = public_url(request.scope, request.app.state.settings)
    path = f"{root}/queries/{quote(query.name)}"
    given = _parameters(request)
    links = [
        f'<{path}.{each.extension}{given}>; rel="alternate"; type="{each.media_type}"'
        for each in formats
        if each is not sent.format
    ]
    links += [
        f'<{root}/query/{quote(query.name)}.ttl>; rel="describedby"; type="text/turtle"',
        f'<{path}{given}>; rel="canonical"',
        f'<{LICENCE}>; rel="license"',
        f'<{root}/sparql>; rel="service-desc"; type="text/turtle"',
        f'<{query.iri}>; rel="cite-as"',
        f'<{_EXECUTABLE}>; rel="type"; anchor="{query.iri}"',
    ]
    here = f"{path}.{sent.format.extension}{given}"
    return (b"content-location", here.encode()), (b"link", ", ".join(links).encode())


async def answer_no_query(request: Request, slug: str, name: str) -> Response:
    """Answer for `/queries/<name>` where there is none: it was given up, or there never was one."""
    try:
        choice = form_of(request, Name(slug))
    except JiqunError:  # the formats of answers do not fit what is to be told here
        choice = SUFFIXES["html"]
    retired = await answer_retired(request, Name(slug), QUERY, "/queries/", choice)
    if retired is None:
        raise await _no_query(request, "/queries/", name)
    return retired


def _parameters(request: Request) -> str:
    """Give the query string without what chooses the form; safe to stand in a header."""
    given = parse_qsl(request.scope["query_string"].decode("latin-1"), encoding="latin-1")
    kept = [(name, value) for name, value in given if name not in {"format", "lang"}]
    return f"?{urlencode(kept, encoding='latin-1')}" if kept else ""


async def _no_query(request: Request, folder: str, text: str) -> NotFound:
    """Make the error for a name that no saved query has."""

    async def exists(name: str) -> bool:
        return name in request.app.state.release.queries

    return await missing("saved query", folder, text, exists, QUERY_SUFFIXES)


OTHERS = frozenset({"format", "timeout", "lang", "excel"})
"""Parameters of the request that are not parameters of the query."""

LIST_SUFFIXES: Final = {
    "json": Choice(PLAIN_JSON, PLAIN_JSON.media_type),
    **{suffix: choice for suffix, choice in SUFFIXES.items() if suffix != "json"},
}
"""The forms of the list of queries."""

ANSWER_SUFFIXES: Final = frozenset(
    {"rq", *(name for each in (*SOLUTIONS, *GRAPHS, HTML) for name in each.names)}
)


@router.api_route("/queries", methods=_METHODS, summary="List the saved queries")
async def list_queries(request: Request) -> Response:
    """List the saved queries with their parameters, as a page, as JSON or as RDF."""
    return await _send_list(request, None)


@router.api_route(
    "/queries.{suffix}", methods=_METHODS, summary="Get a form of the list of saved queries"
)
async def list_queries_in_form(request: Request, suffix: str) -> Response:
    """Give the list in the form of the suffix: json, html, ttl, jsonld, rdf or nt."""
    if suffix not in LIST_SUFFIXES:
        listed = list_suffixes(LIST_SUFFIXES)
        raise NotFound(f"/queries has no form .{shorten(suffix)}. There are: {listed}")
    return await _send_list(request, LIST_SUFFIXES[suffix])


@router.api_route("/queries/{name}", methods=_METHODS, summary="Answer a saved query")
async def answer_query(request: Request, name: str) -> Response:
    """Run a saved query with the parameters of the URL; the answer is a page, JSON, CSV ….

    A suffix such as `.csv` chooses the format like `?format=`; `.rq` is the text of the query.
    """
    service: QueryService = request.app.state.service
    slug, suffix = _split(name, service.release)
    query = service.release.queries.get(slug)
    if query is None:
        return await answer_no_query(request, slug, name)
    if suffix == "rq":
        document = query_document(request, query.name)
        return send(request, f"{query.text.rstrip()}\n".encode(), document, QUERY_SUFFIXES["rq"])
    given = parse_parameters(request.scope["query_string"], "query string")
    named = suffix or _single(given, "format")
    formats = (*formats_for(query.form), HTML)
    if suffix and not any(suffix in each.names for each in formats):
        listed = list_suffixes([*(each.extension for each in formats), "rq"])
        raise NotFound(
            f"/queries/{slug} has no answer in the form .{suffix}. There are: {listed} "
            f"What the query is says /query/{slug}"
        )
    choice = negotiate(request.headers.get("accept"), named, formats)
    links = answer_headers(request, query, choice, formats)
    if choice.format is HTML:
        return await _answer_page(request, service, query, given, links)
    return AnswerResponse(service, _question(request, query, given), named, headers=links)


async def _send_list(request: Request, choice: Choice | None) -> Response:
    release: Release = request.app.state.release
    if choice is None:
        parameters = parse_parameters(request.scope["query_string"], "query string")
        named = _single(parameters, "format")
        formats = tuple(each.format for each in LIST_SUFFIXES.values())
        choice = negotiate(request.headers.get("accept"), named, formats)
    document = document_at(request, "/queries", f"{GRAPH}queries", (), LIST_SUFFIXES)
    if choice.format is HTML:
        reader = reader_of(request.scope, request.app.state.settings)
        body = page_body(render_queries(release.queries.values(), reader))
    elif choice.format is PLAIN_JSON:
        root = public_url(request.scope, request.app.state.settings)
        queries = [_summary(query, root) for query in release.queries.values()]
        body = json.dumps({"queries": queries}, ensure_ascii=False, indent=1).encode()
    else:
        body = data_body(await describe_queries(partial(select, request)), choice)
    return send(request, body, document, choice)


def _split(name: str, release: Release) -> tuple[str, str]:
    """Take a name apart into that of a query and a suffix that some answer or form has."""
    slug, dot, suffix = name.rpartition(".")
    if dot and name not in release.queries and suffix in ANSWER_SUFFIXES:
        return slug, suffix
    return name, ""


def _question(
    request: Request, query: SavedQuery, given: Mapping[str, Sequence[str]]
) -> QueryRequest:
    scope = request.scope
    return QueryRequest(
        text=query.text,
        bindings=read_parameters(query, given, OTHERS),
        timeout=read_timeout(_single(given, "timeout")),
        excel=(_single(given, "excel") or "") in {"1", "true", "yes"},
        client=request.client.host if request.client else "",
    )


async def _answer_page(
    request: Request,
    service: QueryService,
    query: SavedQuery,
    given: Mapping[str, Sequence[str]],
    links: Headers,
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
    return page(request, render_query(query, values, outcome, captions, reader), 200, links)


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
