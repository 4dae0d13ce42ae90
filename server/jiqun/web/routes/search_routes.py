"""`/search` and its OpenSearch description; `/match`: matches a column of names to things."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BeforeValidator, Field
from typing_extensions import TypedDict

from jiqun.errors import BadParameter, UnsupportedMediaType, shorten
from jiqun.language import Reader, pick
from jiqun.query.protocol import FORM, parse_content_type, parse_parameters
from jiqun.rdf.formats import CSV, HTML, PLAIN_JSON
from jiqun.rdf.namespaces import KG
from jiqun.reconciliation.requests import class_iri
from jiqun.search.full_text import MAX_PAGES, Hit, SearchResult, search
from jiqun.search.index import IndexedClass
from jiqun.web.documents import (
    Context,
    Document,
    json_document,
    respond,
    respond_uncached,
)
from jiqun.web.http import read_body
from jiqun.web.metadata.openapi import content, problems
from jiqun.web.negotiation import negotiate
from jiqun.web.pages.rendering import html_document, render
from jiqun.web.pages.search_page import SearchQuery, match_page, render_search
from jiqun.web.routes.parameters import (
    PageReader,
    ReadRoute,
    Root,
    check_query_string,
    format_query,
    whole_number,
)

router = APIRouter(
    route_class=ReadRoute, tags=["search"], dependencies=[Depends(check_query_string)]
)
PageNumber = Annotated[
    int,
    Field(ge=1, le=MAX_PAGES),
    BeforeValidator(partial(whole_number, "page", 1, MAX_PAGES)),
    Query(description="The page, from 1."),
]
_MATCH_FORMS: Final = (HTML, CSV)
_MATCH_BYTES: Final = 1024 * 1024


class Class(TypedDict):
    """A class with its name in the language of the client."""

    id: str
    iri: str
    name: str


class Facet(Class):
    """A class of things found, with their number."""

    count: int


class MatchedName(TypedDict):
    """The best matching name; `marks` are start and end of words, in code points."""

    text: str
    lang: str
    marks: list[tuple[int, int]]


class Result(TypedDict):
    """A thing that was found."""

    id: str
    iri: str
    url: str
    name: str
    labels: dict[str, str]
    description: str
    types: list[Class]
    matched: MatchedName | None


class SearchAnswer(TypedDict):
    """A page of results; `resembling` is true if nothing has all words and names are similar."""

    query: str
    type: str | None
    total: int
    page: int
    pages: int
    resembling: bool
    facets: list[Facet]
    results: list[Result]


@router.get(
    "/search",
    summary="Search for things",
    response_model=SearchAnswer,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}, **problems()},
)
async def search_things(
    request: Request,
    reader: PageReader,
    root: Root,
    q: Annotated[str, Query(description="A name or words in Chinese, pinyin or English.")] = "",
    type_: Annotated[str, Query(alias="type", description="A class, for example Cluster.")] = "",
    page: PageNumber = 1,
    format_name: Annotated[str | None, format_query((HTML, PLAIN_JSON))] = None,
) -> Response:
    """Search for things that have all words in their names or descriptions."""
    choice = negotiate(request.headers.get("accept"), format_name or None, (HTML, PLAIN_JSON))
    query = SearchQuery(q, type_, page)
    if choice.format is HTML:
        return await respond(request, search_page, reader, query)
    return await respond(request, search_answer, reader, query, root)


def search_page(context: Context, reader: Reader, query: SearchQuery) -> Document:
    """Return the page with the results of a search; without words, only the search field."""
    result, problem, status, shown = None, "", 200, SearchQuery()
    if query.text.strip():
        try:
            result, shown = _search(context, reader, query), query
        except BadParameter as error:
            problem, status = error.detail, error.status
            shown = SearchQuery(shorten(query.text, 200))
    text = render_search(
        shown,
        result,
        context.index.classes if result else {},
        reader,
        problem=problem,
        beside_workspace=context.settings.workspace is not None,
    )
    return html_document(text, reader, status=status)


def search_answer(context: Context, reader: Reader, query: SearchQuery, root: str) -> Document:
    """Return the results of a search as JSON; `root` is the public URL of the site."""
    result = _search(context, reader, query)
    classes = context.index.classes
    answer: SearchAnswer = {
        "query": query.text,
        "type": query.type or None,
        "total": result.total,
        "page": query.page,
        "pages": result.pages,
        "resembling": result.resembling,
        "facets": [{**_class(each, reader), "count": count} for each, count in result.facets],
        "results": [_result(hit, classes, reader, root) for hit in result.hits],
    }
    return json_document(answer, vary="Accept, Accept-Language, Accept-Encoding")


def _search(context: Context, reader: Reader, query: SearchQuery) -> SearchResult:
    classes = context.index.class_numbers([class_iri(query.type)]) if query.type else None
    if classes == ():
        raise BadParameter(f"There is no type {shorten(query.type)}; remove type= from the URL.")
    return search(context.index, query.text, classes, query.page, reader.lang)


def _result(hit: Hit, classes: Mapping[int, IndexedClass], reader: Reader, root: str) -> Result:
    thing, name = hit.thing, hit.name
    return {
        "id": thing.slug,
        "iri": thing.iri,
        "url": root + thing.path,
        "name": pick(thing.labels, reader).value or thing.slug,
        "labels": dict(thing.labels),
        "description": pick(thing.description, reader).value,
        "types": [_class(classes[each], reader) for each in thing.types],
        "matched": {"text": name.text, "lang": name.lang, "marks": list(hit.marks)}
        if name
        else None,
    }


def _class(each: IndexedClass, reader: Reader) -> Class:
    name = each.iri.removeprefix(KG)
    return {"id": name, "iri": each.iri, "name": pick(each.labels, reader).value or name}


@router.get(
    "/opensearch.xml",
    summary="Describe the search for browsers (OpenSearch 1.1)",
    response_class=Response,
    responses={200: {"content": {"application/opensearchdescription+xml": {}}}, **problems()},
)
async def describe_search(root: Root) -> Response:
    """Return the OpenSearch description document."""
    text = render("opensearch.xml", Reader(), root=root)
    return Response(text, media_type="application/opensearchdescription+xml")


@router.api_route(
    "/match",
    methods=["GET", "POST"],
    summary="Match a column of names to things",
    response_class=Response,
    responses={
        200: {"description": "The matches", "content": content(_MATCH_FORMS)},
        **problems(408, 413, 415),
    },
    openapi_extra={
        "requestBody": {
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "properties": {
                            "names": {"type": "string", "description": "Names, one per line."},
                            "type": {"type": "string", "description": "A class, or empty."},
                            "format": {"type": "string", "enum": ["html", "csv"]},
                        },
                    }
                }
            }
        }
    },
)
async def match_names(request: Request, reader: PageReader, root: Root) -> Response:
    """Match names from a form, or from the parameters names, type and format.

    The result is a page, or CSV for spreadsheets.
    """
    settings = request.app.state.settings
    given = parse_parameters(request.scope["query_string"], "query string")
    if request.method == "POST":
        body = await read_body(request.scope, request.receive, settings, _MATCH_BYTES)
        media_type, _ = parse_content_type(request.headers.get("content-type"))
        if body and media_type != FORM:
            raise UnsupportedMediaType(f"The names are sent as {FORM}.")
        given = {**given, **parse_parameters(body, "body")}
    names, kind, named = (
        next(iter(given.get(each, ())), "") for each in ("names", "type", "format")
    )
    choice = negotiate(request.headers.get("accept"), named or None, _MATCH_FORMS)
    as_csv = choice.format is CSV
    return await respond_uncached(request, match_page, reader, names, kind, root, as_csv=as_csv)
