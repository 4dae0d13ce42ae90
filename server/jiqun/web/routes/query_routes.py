"""`/queries`, `/queries/<name>` and `/query/<name>`: the saved queries.

`/queries/<name>` is the result of a saved query in every format, and its page; `/query/<name>` is
the document about the query itself, as RDF and as text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from jiqun.errors import BadParameter, JiqunError, NotFound
from jiqun.language import Reader
from jiqun.query.protocol import parse_parameters, read_timeout
from jiqun.query.service import QueryRequest, QueryService
from jiqun.rdf.formats import GRAPHS, HTML, PLAIN_JSON, QUERY_TEXT, SOLUTIONS, Format, formats_for
from jiqun.rdf.namespaces import GRAPH, LICENCE, QUERY, SH
from jiqun.release import Release
from jiqun.saved_queries import SavedQuery, read_parameters
from jiqun.web.documents import Context, Document, evaluate, respond, respond_to_result
from jiqun.web.linked_data.descriptions import describe_queries, rdf_document
from jiqun.web.linked_data.representations import (
    QUERY_SUFFIXES,
    SUFFIXES,
    Name,
    Resource,
    Suffixes,
    Target,
    forms_of,
    list_suffixes,
    missing,
    no_form,
)
from jiqun.web.metadata.openapi import content, found, problems
from jiqun.web.negotiation import Choice, choose, negotiate
from jiqun.web.pages.cells import Labels, read_captions
from jiqun.web.pages.error_page import error_headers, retirement
from jiqun.web.pages.query_page import (
    LANGUAGE,
    Meaning,
    meanings_of,
    query_section,
    read_suggestions,
    read_values,
    render_queries,
    render_query,
    values_to_read,
    with_things,
)
from jiqun.web.pages.rendering import html_document
from jiqun.web.pages.result_table import read_outcome
from jiqun.web.pages.results_page import CHOICES, NO_CHOICES, Choices, read_choices
from jiqun.web.routes.parameters import PageReader, ReadRoute, Root, format_query, target_of
from jiqun.web.routes.sparql_routes import AnswerResponse, collect_result

router = APIRouter(route_class=ReadRoute, tags=["saved queries"])

OPTIONS: Final = frozenset({"format", "timeout", "lang", "excel", *CHOICES})
"""Request parameters that are not parameters of the query."""

_LONGEST_FILTER: Final = 200
_EXECUTABLE: Final = f"{SH}SPARQLExecutable"
_LIST_SUFFIXES: Final[Suffixes] = {
    "json": Choice(PLAIN_JSON, PLAIN_JSON.media_type),
    **{suffix: choice for suffix, choice in SUFFIXES.items() if suffix != "json"},
}
_RESULT_SUFFIXES: Final = frozenset(
    {"rq", *(name for each in (*SOLUTIONS, *GRAPHS, HTML) for name in each.names)}
)
_FORMS = forms_of(QUERY_SUFFIXES)
_LIST_FORMS = forms_of(_LIST_SUFFIXES)
FormName = Annotated[str | None, format_query(_FORMS)]
ListFormName = Annotated[str | None, format_query(_LIST_FORMS)]


class ParameterEntry(BaseModel):
    """A parameter of a saved query; `values` are the allowed ones, if any."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    type: str
    default: str | None
    required: bool
    description: Mapping[str, str]
    values: tuple[str, ...] | None


class QueryEntry(BaseModel):
    """A saved query; `url` is the URL of its result, `example` has a value for each parameter.

    `view` is the initial view of the result on its page.
    """

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
    view: str


class QueryList(BaseModel):
    """The saved queries of the release."""

    queries: list[QueryEntry]


_LIST_RESPONSES: Final = {
    **found("The saved queries", _LIST_FORMS),
    200: {
        "model": QueryList,
        "description": "The saved queries",
        "content": content(_LIST_FORMS[1:]),
    },
    **problems(404, 406),
}


@router.get(
    "/query/{name}",
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
    reader: PageReader,
    format_name: FormName = None,
) -> Response:
    """Return a saved query as RDF or as text; a browser is redirected to its page."""
    target = target_of(request, root, f"/query/{name}", format_name, QUERY_SUFFIXES)
    if not target.is_page or target.slug not in request.app.state.release.queries:
        return await respond(request, query_document, reader, target)
    location = f"{reader.root}/queries/{target.slug}?{target.query}".rstrip("?")
    links = _resource(root, target.slug).headers(target.choice)["Link"]
    headers = {"Location": location, "Link": links, "Vary": "Accept"}
    return Response(status_code=303, headers=headers)


@router.get(
    "/queries", summary="List the saved queries", responses=_LIST_RESPONSES, response_class=Response
)
async def list_queries(
    request: Request,
    root: Root,
    reader: PageReader,
    words: Annotated[
        str, Query(alias="filter", description="For the page: words that a query must contain.")
    ] = "",
    format_name: ListFormName = None,
) -> Response:
    """List the saved queries with their parameters, as a page, as JSON or as RDF."""
    choice = negotiate(request.headers.get("accept"), format_name, _LIST_FORMS)
    wanted = words.strip()[:_LONGEST_FILTER] if choice.format == HTML else ""
    return await respond(request, query_list, root, choice, reader, wanted)


@router.get(
    "/queries.{suffix}",
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
        raise no_form("/queries", suffix, _LIST_SUFFIXES)
    return await respond(request, query_list, root, _LIST_SUFFIXES[suffix], reader)


@router.get("/queries/{name}", summary="Run a saved query")
async def answer_query(request: Request, name: str, root: Root, reader: PageReader) -> Response:
    """Run a saved query with the parameters of the URL; the result is a page, JSON, CSV and so on.

    A suffix such as `.csv` selects the format like `?format=`; `.rq` is the text of the query.
    """
    service: QueryService = request.app.state.service
    slug, suffix = _split(name, service.release)
    query = service.release.queries.get(slug)
    if query is None:
        try:
            choice = choose(request.headers.get("accept"), _FORMS)
        except JiqunError:  # the client accepts only result formats
            choice = SUFFIXES["html"]
        query_string = request.scope["query_string"].decode("ascii", "ignore")
        target = Target(root, "/queries/", name, Name(slug), choice, query_string)
        return await respond(request, unknown_query, reader, target)
    if suffix == "rq":
        target = Target(root, "/query/", name, Name(slug), QUERY_SUFFIXES["rq"])
        return await respond(request, query_document, reader, target)
    given = parse_parameters(request.scope["query_string"], "query string")
    formats = (*formats_for(query.form), HTML)
    if suffix and not any(suffix in each.names for each in formats):
        listed = list_suffixes([*(each.extension for each in formats), "rq"])
        raise NotFound(
            f"/queries/{slug} has no result in the format .{suffix}. Available: {listed} "
            f"The query itself is described in /query/{slug}"
        )
    named = suffix or ",".join(given.get("format", ()))
    choice = negotiate(request.headers.get("accept"), named, formats)
    links = _links(request, root, query, choice, formats)
    things = values_to_read(query, given)
    meanings = (
        meanings_of(await evaluate(request, read_values, things, reader.lang)) if things else {}
    )
    if choice.format == HTML:
        return await _answer_page(request, query, given, reader, links, meanings)
    given = with_things(given, meanings)
    headers = tuple((key.lower().encode(), value.encode()) for key, value in links.items())
    asked = _query_request(request, query, given)
    return AnswerResponse(service, asked, named, headers=headers)


async def _answer_page(
    request: Request,
    query: SavedQuery,
    given: Mapping[str, Sequence[str]],
    reader: Reader,
    links: Mapping[str, str],
    meanings: Mapping[str, Meaning],
) -> Response:
    values = {name: texts[0] for name, texts in given.items() if name not in OPTIONS}
    if any(each.name == LANGUAGE for each in query.parameters):
        given = {LANGUAGE: [reader.lang], **given}
    try:
        given = with_things(given, meanings)
        result, key = await collect_result(
            request.app.state.service, _query_request(request, query, given)
        )
    except JiqunError as error:
        headers = {name.decode(): value.decode() for name, value in error_headers(error)}
        problem = error.status, error.detail
        return await respond(
            request, query_page, None, query.name, values, reader, headers, problem=problem
        )
    choices = read_choices(given)
    return await respond_to_result(
        request, key, query_page, result, query.name, values, reader, links, choices=choices
    )


def query_page(  # noqa: PLR0913
    context: Context,
    result: tuple[str, bytes, int] | None,
    name: str,
    values: Mapping[str, str],
    reader: Reader,
    headers: Mapping[str, str],
    *,
    problem: tuple[int, str] = (200, ""),
    choices: Choices = NO_CHOICES,
) -> Document:
    """Return the page of a saved query with its result, or with an error: status and detail.

    `result` is the form of the query, its result and the milliseconds, as for `read_outcome`.
    """
    query, section = context.release.queries[name], None
    if result:
        outcome = read_outcome(*result)
        labels = Labels(read_captions(context.select, outcome.iris()), reader)
        section = query_section(query, values, outcome, labels, context.select, choices)
    status, detail = problem
    suggested = read_suggestions(context.select, query, values, reader)
    text = render_query(query, values, section, reader, suggested, problem=detail)
    return html_document(text, reader, headers, status)


def query_document(context: Context, reader: Reader, target: Target) -> Document:
    """Return a saved query as RDF or as text. Raises `NotFound`."""
    query, choice = context.release.queries.get(target.slug), target.choice
    if query is None:
        return unknown_query(context, reader, target)
    headers = _resource(target.root, query.name).headers(choice)
    if choice.format == QUERY_TEXT:
        body = f"{query.text.rstrip()}\n".encode()
        return Document(body, choice.content_type, headers=headers)
    return rdf_document(describe_queries(context.select, query.name), choice, headers)


def unknown_query(context: Context, reader: Reader, target: Target) -> Document:
    """Return the document of a retired query; raises `NotFound` if there never was one."""
    suffixes = QUERY_SUFFIXES if target.folder == "/query/" else SUFFIXES
    retired = retirement(context, reader, target, QUERY, suffixes)
    if retired is None:
        exists = context.release.queries.__contains__
        raise missing("saved query", target.folder, target.text, exists, QUERY_SUFFIXES)
    return retired


def query_list(
    context: Context, root: str, choice: Choice, reader: Reader, words: str = ""
) -> Document:
    """Return the list of saved queries; `words` filter its page."""
    queries = context.release.queries.values()
    resource = Resource(f"{root}/queries", root, f"{GRAPH}queries", (), _LIST_SUFFIXES)
    headers = resource.headers(choice)
    if choice.format == HTML:
        return html_document(render_queries(queries, reader, words), reader, headers)
    if choice.format != PLAIN_JSON:
        return rdf_document(describe_queries(context.select), choice, headers)
    entries = [
        QueryEntry.model_validate(query).model_copy(update={"url": f"{root}/queries/{query.name}"})
        for query in queries
    ]
    body = QueryList(queries=entries).model_dump_json(indent=1).encode()
    return Document(body, choice.content_type, headers=headers)


def _resource(root: str, name: str) -> Resource:
    return Resource(
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
    """Return the headers with links to the result in its formats (RFC 8288)."""
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
    """Return the query string without the format parameters, encoded for a header."""
    given = parse_qsl(request.scope["query_string"].decode("latin-1"), encoding="latin-1")
    kept = [(name, value) for name, value in given if name not in {"format", "lang"}]
    return f"?{urlencode(kept, encoding='latin-1')}" if kept else ""


def _split(name: str, release: Release) -> tuple[str, str]:
    """Split a path segment into query name and result suffix; the suffix may be empty."""
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
