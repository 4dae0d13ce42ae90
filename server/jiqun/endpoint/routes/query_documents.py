"""`/query/<name>`: the saved query itself, as RDF and as text; its page is `/queries/<name>`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.http.formats import HTML, QUERY_TEXT
from jiqun.endpoint.http.requests import public_url
from jiqun.endpoint.linked.descriptions import describe_queries
from jiqun.endpoint.linked.documents import (
    LICENCE,
    QUERY_SUFFIXES,
    SUFFIXES,
    Document,
    Name,
    missing,
    read_name,
)
from jiqun.endpoint.routes.answers import select
from jiqun.endpoint.routes.documents import data_body, form_of, send
from jiqun.endpoint.routes.retirement import answer_retired
from jiqun.errors import JiqunError
from jiqun.vocabulary import QUERY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jiqun.endpoint.http.formats import Format
    from jiqun.endpoint.http.negotiate import Choice
    from jiqun.endpoint.http.replies import Headers
    from jiqun.endpoint.release import Release
    from jiqun.endpoint.saved_queries import SavedQuery
    from jiqun.errors import NotFound

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
