"""`/queries`, `/queries/<name>` and `/query/<name>`: the saved queries.

`/queries/<name>` is the result of a saved query in every format, and its page; `/query/<name>` is
the document about the query itself, as RDF and as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from jiqun.errors import BadParameter, JiqunError, NotFound, shorten
from jiqun.language import Reader
from jiqun.query.protocol import parse_parameters, read_timeout
from jiqun.query.service import QueryRequest, QueryService
from jiqun.rdf.formats import GRAPHS, HTML, PLAIN_JSON, QUERY_TEXT, SOLUTIONS, Format, formats_for
from jiqun.rdf.namespaces import GRAPH, LICENCE, QUERY, SH
from jiqun.release import Release
from jiqun.saved_queries import SavedQuery, read_parameters
from jiqun.web import documents
from jiqun.web.documents import Context, respond
from jiqun.web.http import HTML_HEADERS, public_url, reader_of
from jiqun.web.linked_data.descriptions import describe_queries
from jiqun.web.linked_data.documents import (
    QUERY_SUFFIXES,
    SUFFIXES,
    Document,
    Name,
    Suffixes,
    choose_form,
    list_suffixes,
    missing,
    read_name,
)
from jiqun.web.metadata.openapi import FORMAT_HELP, METHODS, content, format_names, found, problems
from jiqun.web.negotiation import Choice, choose, negotiate
from jiqun.web.pages.cells import Caption
from jiqun.web.pages.query_page import LANGUAGE, render_queries, render_query
from jiqun.web.pages.results_page import Outcome
from jiqun.web.problems import error_headers
from jiqun.web.routes.document_responses import data_body
from jiqun.web.routes.sparql_routes import AnswerResponse, read_answer
from jiqun.web.routes.thing_routes import answer_retired

router = APIRouter(tags=["saved queries"])

OPTIONS: Final = frozenset({"format", "timeout", "lang", "excel"})
"""Parameters of a request that are not parameters of the query."""

_EXECUTABLE: Final = f"{SH}SPARQLExecutable"
_LIST_SUFFIXES: Final[Suffixes] = {
    "json": Choice(PLAIN_JSON, PLAIN_JSON.media_type),
    **{suffix: choice for suffix, choice in SUFFIXES.items() if suffix != "json"},
}
_RESULT_SUFFIXES: Final = frozenset(
    {"rq", *(name for each in (*SOLUTIONS, *GRAPHS, HTML) for name in each.names)}
)


class ParameterEntry(BaseModel):
    """A parameter of a saved query; `values` are the only ones allowed, where there are any."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    type: str
    default: str | None
    required: bool
    description: Mapping[str, str]
    values: tuple[str, ...] | None


class QueryEntry(BaseModel):
    """A saved query; `url` is where its result is, `example` has a value for each parameter."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    iri: str
    url: str = ""
    summary: Mapping[str, str]
    description: Mapping[str, str]
    tags: tuple[str, ...]
    form: str
    parameters: tuple[ParameterEntry, ...]
    example: Mapping[str, str]


class QueryList(BaseModel):
    """The saved queries of the release."""

    queries: list[QueryEntry]


async def read_root(request: Request) -> str:
    """Return the public URL of the site, without a slash at the end."""
    return public_url(request.scope, request.app.state.settings)


async def read_reader(request: Request) -> Reader:
    """Return the reader for whom a page is written."""
    return reader_of(request.scope, request.app.state.settings)


Root = Annotated[str, Depends(read_root)]
PageReader = Annotated[Reader, Depends(read_reader)]
_FORMS = tuple(dict.fromkeys(choice.format for choice in QUERY_SUFFIXES.values()))
_LIST_FORMS = tuple(dict.fromkeys(choice.format for choice in _LIST_SUFFIXES.values()))
FormName = Annotated[
    str | None,
    Query(alias="format", description=FORMAT_HELP, json_schema_extra=format_names(_FORMS)),
]
ListFormName = Annotated[
    str | None,
    Query(alias="format", description=FORMAT_HELP, json_schema_extra=format_names(_LIST_FORMS)),
]
_LIST_RESPONSES: Final = {
    **found("The saved queries", _LIST_FORMS),
    200: {
        "model": QueryList,
        "description": "The saved queries",
        "content": content(_LIST_FORMS[1:]),
    },
    **problems(404, 406),
}


@router.api_route(
    "/query/{name}",
    methods=METHODS,
    summary="Describe a saved query",
    responses={
        **found("The query", _FORMS[1:]),
        301: {"description": "Another query replaces it"},
        303: {"description": "Its page, for a browser"},
        **problems(404, 406, 410),
    },
    response_class=Response,
)
async def show_query(
    request: Request,
    name: Annotated[str, Path(description="The name of a query, with or without a suffix.")],
    root: Root,
    format_name: FormName = None,
) -> Response:
    """Return a saved query as RDF or as text; a browser is redirected to its page."""
    part = read_name(name, QUERY_SUFFIXES)
    choice = choose_form(part, request.headers.get("accept"), format_name, QUERY_SUFFIXES)
    if part.slug not in request.app.state.release.queries:
        return await _answer_unknown(request, part, "/query/", name, choice)
    if choice.format != HTML:
        return await respond(request, query_document, root, part.slug, choice)
    given = request.scope["query_string"].decode("ascii", "ignore")
    location = f"{request.app.state.settings.root_path}/queries/{part.slug}?{given}".rstrip("?")
    links = _description(root, part.slug).headers(choice)["Link"]
    headers = {"Location": location, "Link": links, "Vary": "Accept"}
    return Response(status_code=303, headers=headers)


@router.api_route(
    "/queries",
    methods=METHODS,
    summary="List the saved queries",
    responses=_LIST_RESPONSES,
    response_class=Response,
)
async def list_queries(
    request: Request, root: Root, reader: PageReader, format_name: ListFormName = None
) -> Response:
    """List the saved queries with their parameters, as a page, as JSON or as RDF."""
    choice = negotiate(request.headers.get("accept"), format_name, _LIST_FORMS)
    return await respond(request, query_list, root, choice, reader)


@router.api_route(
    "/queries.{suffix}",
    methods=METHODS,
    summary="List the saved queries in one format",
    responses=_LIST_RESPONSES,
    response_class=Response,
)
async def list_queries_as(
    request: Request,
    suffix: Annotated[str, Path(description="json, html, ttl, jsonld, rdf or nt")],
    root: Root,
    reader: PageReader,
) -> Response:
    """List the saved queries in the format of the suffix."""
    if suffix not in _LIST_SUFFIXES:
        listed = list_suffixes(_LIST_SUFFIXES)
        raise NotFound(f"/queries has no form .{shorten(suffix)}. There are: {listed}")
    return await respond(request, query_list, root, _LIST_SUFFIXES[suffix], reader)


@router.api_route("/queries/{name}", methods=METHODS, summary="Run a saved query")
async def answer_query(request: Request, name: str, root: Root, reader: PageReader) -> Response:
    """Run a saved query with the parameters of the URL; the result is a page, JSON, CSV and so on.

    A suffix such as `.csv` chooses the format like `?format=`; `.rq` is the text of the query.
    """
    service: QueryService = request.app.state.service
    slug, suffix = _split(name, service.release)
    query = service.release.queries.get(slug)
    if query is None:
        try:
            choice = choose(request.headers.get("accept"), _FORMS)
        except JiqunError:  # the client accepts formats of results only
            choice = SUFFIXES["html"]
        return await _answer_unknown(request, Name(slug), "/queries/", name, choice)
    if suffix == "rq":
        return await respond(request, query_document, root, slug, QUERY_SUFFIXES["rq"])
    given = parse_parameters(request.scope["query_string"], "query string")
    formats = (*formats_for(query.form), HTML)
    if suffix and not any(suffix in each.names for each in formats):
        listed = list_suffixes([*(each.extension for each in formats), "rq"])
        raise NotFound(
            f"/queries/{slug} has no result in the form .{suffix}. There are: {listed} "
            f"What the query is says /query/{slug}"
        )
    named = suffix or _single(given, "format")
    choice = negotiate(request.headers.get("accept"), named, formats)
    links = _links(request, root, query, choice, formats)
    if choice.format == HTML:
        return await _answer_page(request, query, given, reader, links)
    headers = tuple((key.lower().encode(), value.encode()) for key, value in links.items())
    asked = _query_request(request, query, given)
    return AnswerResponse(service, asked, named, headers=headers)


async def _answer_page(
    request: Request,
    query: SavedQuery,
    given: Mapping[str, Sequence[str]],
    reader: Reader,
    links: Mapping[str, str],
) -> Response:
    values = {name: texts[0] for name, texts in given.items() if name not in OPTIONS}
    if any(each.name == LANGUAGE for each in query.parameters):
        given = {LANGUAGE: [reader.lang], **given}
    try:
        result = await read_answer(request.app.state.service, _query_request(request, query, given))
    except JiqunError as error:
        headers = {name.decode(): value.decode() for name, value in error_headers(error)}
        problem = error.status, error.detail
        return await respond(
            request, query_page, query.name, values, reader, headers, None, problem
        )
    return await respond(request, query_page, query.name, values, reader, links, result)


def query_page(
    context: Context,
    name: str,
    values: Mapping[str, str],
    reader: Reader,
    headers: Mapping[str, str],
    result: tuple[Outcome, Mapping[str, Caption]] | None,
    problem: tuple[int, str] = (200, ""),
) -> documents.Document:
    """Return the page of a saved query with its result, or with a problem: status and detail."""
    outcome, captions = result or (None, {})
    query = context.release.queries[name]
    status, detail = problem
    text = render_query(query, values, outcome, captions, reader, problem=detail)
    return _page(text, reader, headers, status)


def query_document(context: Context, root: str, name: str, choice: Choice) -> documents.Document:
    """Return a saved query as RDF or as text."""
    if choice.format == QUERY_TEXT:
        body = f"{context.release.queries[name].text.rstrip()}\n".encode()
    else:
        body = data_body(describe_queries(context.select, name), choice)
    headers = _description(root, name).headers(choice)
    return documents.Document(body, choice.content_type, headers=headers)


def query_list(context: Context, root: str, choice: Choice, reader: Reader) -> documents.Document:
    """Return the list of saved queries."""
    queries = context.release.queries.values()
    document = Document(f"{root}/queries", root, f"{GRAPH}queries", (), _LIST_SUFFIXES)
    headers = document.headers(choice)
    if choice.format == HTML:
        return _page(render_queries(queries, reader), reader, headers)
    if choice.format == PLAIN_JSON:
        entries = [
            QueryEntry.model_validate(query).model_copy(
                update={"url": f"{root}/queries/{query.name}"}
            )
            for query in queries
        ]
        body = QueryList(queries=entries).model_dump_json(indent=1).encode()
    else:
        body = data_body(describe_queries(context.select), choice)
    return documents.Document(body, choice.content_type, headers=headers)


def _page(
    text: str, reader: Reader, headers: Mapping[str, str], status: int = 200
) -> documents.Document:
    guards = {name.decode(): value.decode() for name, value in HTML_HEADERS}
    headers = {**guards, "Content-Language": reader.lang, **headers}
    return documents.Document(text.encode(errors="replace"), "text/html", status, headers)


def _description(root: str, name: str) -> Document:
    return Document(
        f"{root}/query/{name}",
        root,
        QUERY + name,
        (_EXECUTABLE,),
        QUERY_SUFFIXES,
        page=f"{root}/queries/{name}",
    )


def _links(
    request: Request, root: str, query: SavedQuery, sent: Choice, formats: Sequence[Format]
) -> dict[str, str]:
    """Return the headers with the addresses of the result in its formats (RFC 8288)."""
    path = f"{root}/queries/{query.name}"
    given = _kept_parameters(request)
    links = [
        f'<{path}.{each.extension}{given}>; rel="alternate"; type="{each.media_type}"'
        for each in formats
        if each is not sent.format
    ]
    links += [
        f'<{root}/query/{query.name}.ttl>; rel="describedby"; type="text/turtle"',
        f'<{path}{given}>; rel="canonical"',
        f'<{LICENCE}>; rel="license"',
        f'<{root}/sparql>; rel="service-desc"; type="text/turtle"',
        f'<{query.iri}>; rel="cite-as"',
        f'<{_EXECUTABLE}>; rel="type"; anchor="{query.iri}"',
    ]
    here = f"{path}.{sent.format.extension}{given}"
    return {"Content-Location": here, "Link": ", ".join(links)}


def _kept_parameters(request: Request) -> str:
    """Return the query string without what chooses the form, encoded for a header."""
    given = parse_qsl(request.scope["query_string"].decode("latin-1"), encoding="latin-1")
    kept = [(name, value) for name, value in given if name not in {"format", "lang"}]
    return f"?{urlencode(kept, encoding='latin-1')}" if kept else ""


async def _answer_unknown(
    request: Request, name: Name, folder: str, text: str, choice: Choice
) -> Response:
    """Answer for a name that no saved query has: it was retired, or there never was one."""

    async def exists(slug: str) -> bool:
        return slug in request.app.state.release.queries

    suffixes = QUERY_SUFFIXES if folder == "/query/" else SUFFIXES
    retired = await answer_retired(request, name, QUERY, folder, choice, suffixes)
    if retired is None:
        raise await missing("saved query", folder, text, exists, QUERY_SUFFIXES)
    return retired


def _split(name: str, release: Release) -> tuple[str, str]:
    """Split a name into that of a query and a suffix of results; the suffix may be empty."""
    slug, dot, suffix = name.rpartition(".")
    if dot and name not in release.queries and suffix in _RESULT_SUFFIXES:
        return slug, suffix
    return name, ""


def _query_request(
    request: Request, query: SavedQuery, given: Mapping[str, Sequence[str]]
) -> QueryRequest:
    return QueryRequest(
        text=query.text,
        bindings=read_parameters(query, given, OPTIONS),
        timeout=read_timeout(_single(given, "timeout")),
        excel=(_single(given, "excel") or "") in {"1", "true", "yes"},
        client=request.client.host if request.client else "",
    )


def _single(given: Mapping[str, Sequence[str]], name: str) -> str | None:
    values = [value for value in given.get(name, ()) if value]
    if len(values) > 1:
        raise BadParameter(f"The parameter {name} is given {len(values)} times.")
    return values[0] if values else None
