"""`/queries` and `/query/<name>`: saved queries.

`/query/<name>`: the saved query itself, as RDF and as text; its page is `/queries/<name>`.

`/queries` and `/queries/<name>`: the saved queries, and their answers in every format.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import APIRouter, Request, Response

from jiqun.errors import BadParameter, JiqunError, NotFound, shorten
from jiqun.language import Reader
from jiqun.query.protocol import parse_parameters, read_timeout
from jiqun.query.service import QueryRequest, QueryService
from jiqun.rdf.formats import GRAPHS, HTML, PLAIN_JSON, QUERY_TEXT, SOLUTIONS, Format, formats_for
from jiqun.rdf.namespaces import GRAPH, LICENCE, QUERY
from jiqun.release import Release
from jiqun.saved_queries import SavedQuery, read_parameters
from jiqun.web.documents import Context, Document, respond
from jiqun.web.http import Headers, public_url, reader_of
from jiqun.web.linked_data.descriptions import describe_queries
from jiqun.web.linked_data.representations import (
    QUERY_SUFFIXES,
    SUFFIXES,
    Name,
    Resource,
    Target,
    choose_form,
    list_suffixes,
    missing,
)
from jiqun.web.linked_data.triples import write
from jiqun.web.negotiation import Choice, negotiate
from jiqun.web.pages.cells import read_captions
from jiqun.web.pages.error_page import retirement
from jiqun.web.pages.query_page import LANGUAGE, render_queries, render_query
from jiqun.web.pages.rendering import html_document
from jiqun.web.pages.results_page import read_outcome
from jiqun.web.routes.document_responses import page
from jiqun.web.routes.parameters import target_of
from jiqun.web.routes.sparql_routes import AnswerResponse, collect_result

router = APIRouter(tags=["saved queries"])

_METHODS: Final = ["GET", "HEAD"]
_EXECUTABLE: Final = "http://www.w3.org/ns/shacl#SPARQLExecutable"


@router.api_route("/query/{name}", methods=_METHODS, summary="Describe a saved query")
async def show_query(request: Request, name: str) -> Response:
    """Describe a saved query as data or give its text; a browser is referred to its page (303)."""
    settings = request.app.state.settings
    root, reader = public_url(request.scope, settings), reader_of(request.scope, settings)
    target = target_of(
        request, root, f"/query/{name}", request.query_params.get("format"), QUERY_SUFFIXES
    )
    if target.is_page and target.slug in request.app.state.release.queries:
        location = f"{settings.root_path}/queries/{target.slug}?{target.query}".rstrip("?")
        links = query_resource(root, target.slug).headers(target.choice)["Link"]
        headers = {"Location": location, "Link": links, "Vary": "Accept"}
        return Response(status_code=303, headers=headers)
    return await respond(request, query_document, reader, target)


def query_document(context: Context, reader: Reader, target: Target) -> Document:
    """Return a saved query as RDF or as text. Raises `NotFound`."""
    query = context.release.queries.get(target.slug)
    if query is None:
        return unknown_query(context, reader, target)
    if target.choice.format == QUERY_TEXT:
        body = f"{query.text.rstrip()}\n".encode()
    else:
        body = write(describe_queries(context.select, query.name), target.choice.format)
    headers = query_resource(target.root, query.name).headers(target.choice)
    return Document(body, target.choice.content_type, headers=headers)


def unknown_query(context: Context, reader: Reader, target: Target) -> Document:
    """Return the document of a retired query; raises `NotFound` when there never was one."""
    retired = retirement(context, reader, target, QUERY, QUERY_SUFFIXES)
    if retired is None:
        exists = context.release.queries.__contains__
        raise missing("saved query", target.folder, target.text, exists, QUERY_SUFFIXES)
    return retired


def query_resource(root: str, name: str) -> Resource:
    """Return the resource that is a saved query."""
    return Resource(
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


def _parameters(request: Request) -> str:
    """Give the query string without what chooses the form; safe to stand in a header."""
    given = parse_qsl(request.scope["query_string"].decode("latin-1"), encoding="latin-1")
    kept = [(name, value) for name, value in given if name not in {"format", "lang"}]
    return f"?{urlencode(kept, encoding='latin-1')}" if kept else ""


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
    root, reader = (
        public_url(request.scope, service.settings),
        reader_of(request.scope, service.settings),
    )
    query_string = request.scope["query_string"].decode("ascii", "ignore")
    if query is None:
        try:
            choice = choose_form(Name(slug), request.headers.get("accept"), None)
        except JiqunError:  # the formats of answers do not fit what is to be told here
            choice = SUFFIXES["html"]
        target = Target(root, "/queries/", name, Name(slug), choice, query_string)
        return await respond(request, unknown_query, reader, target)
    if suffix == "rq":
        target = Target(root, "/query/", name, Name(slug), QUERY_SUFFIXES["rq"], query_string)
        return await respond(request, query_document, reader, target)
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
    settings = request.app.state.settings
    root, reader = public_url(request.scope, settings), reader_of(request.scope, settings)
    return await respond(request, query_list, reader, root, choice)


def query_list(context: Context, reader: Reader, root: str, choice: Choice) -> Document:
    """Return the list of saved queries."""
    headers = Resource(f"{root}/queries", root, f"{GRAPH}queries", (), LIST_SUFFIXES).headers(
        choice
    )
    queries = context.release.queries.values()
    if choice.format == HTML:
        return html_document(render_queries(queries, reader), reader, headers)
    if choice.format == PLAIN_JSON:
        listed = {"queries": [_summary(query, root) for query in queries]}
        body = json.dumps(listed, ensure_ascii=False, indent=1).encode()
    else:
        body = write(describe_queries(context.select), choice.format)
    return Document(body, choice.content_type, headers=headers)


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
        result = await collect_result(service, _question(request, query, given))
    except JiqunError as error:
        text = render_query(query, values, None, {}, reader, problem=error.detail)
        return page(request, text, error.status)
    headers = tuple((name.decode(), value.decode()) for name, value in links)
    return await respond(
        request, query_page, reader, query.name, tuple(values.items()), headers, *result
    )


def query_page(
    context: Context,
    reader: Reader,
    name: str,
    values: tuple[tuple[str, str], ...],
    headers: tuple[tuple[str, str], ...],
    form: str,
    result: bytes,
    milliseconds: int,
) -> Document:
    """Return the page of a saved query with its result."""
    outcome = read_outcome(form, result, milliseconds)
    captions = read_captions(context.select, outcome.iris())
    query = context.release.queries[name]
    text = render_query(query, dict(values), outcome, captions, reader)
    return html_document(text, reader, dict(headers))


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
