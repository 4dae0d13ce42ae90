"""`/search`: things by name, as a page or as JSON; and its OpenSearch description."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request, Response

from jiqun.errors import BadParameter, shorten
from jiqun.language import Reader, pick
from jiqun.query.protocol import parse_parameters
from jiqun.rdf.formats import HTML, PLAIN_JSON
from jiqun.rdf.namespaces import ID, KG
from jiqun.search.index import IndexedClass, SearchIndex
from jiqun.search.searcher import (
    MOST_PAGES,
    PAGE,
    Hit,
    Searcher,
    SearchResult,
    check_search,
    search,
)
from jiqun.web.http import public_url, reader_of
from jiqun.web.negotiation import negotiate
from jiqun.web.pages.search_page import render_search
from jiqun.web.routes.document_responses import page as send_page

Found = tuple[SearchResult, dict[int, IndexedClass]]


router = APIRouter(tags=["search"])

_METHODS: Final = ["GET", "HEAD"]
_OPENAPI: Final[dict[str, Any]] = {
    "parameters": [
        {"name": name, "in": "query", "required": name == "q", "description": text, "schema": kind}
        for name, text, kind in (
            ("q", "A name or words, in Chinese, pinyin or English.", {"type": "string"}),
            ("type", "The class to narrow to, for example Cluster.", {"type": "string"}),
            ("page", "The page, from 1.", {"type": "integer", "minimum": 1}),
            ("format", "The format, before the Accept header.", {"enum": ["html", "json"]}),
            ("lang", "The language of names.", {"enum": ["en", "zh-Hans", "zh-Hant"]}),
        )
    ]
}


@router.api_route("/search", methods=_METHODS, summary="Search for things", openapi_extra=_OPENAPI)
async def search_things(request: Request) -> Response:
    """Search for things that have all words in their names or descriptions."""
    scope, state = request.scope, request.app.state
    parameters = parse_parameters(scope["query_string"], "query string")
    named = _single(parameters, "format")
    choice = negotiate(request.headers.get("accept"), named or None, (HTML, PLAIN_JSON))
    reader = reader_of(scope, state.settings)
    asked, type_name = _single(parameters, "q"), _single(parameters, "type")
    if choice.format is HTML:
        return await _page(request, parameters, asked, type_name, reader)
    number = _number(parameters)
    result, classes = await _find(state.searcher, asked, type_name, number, reader.lang)
    root = public_url(scope, state.settings)
    body = _document(asked, type_name, number, result, classes, reader, root)
    return Response(
        json.dumps(body, ensure_ascii=False),
        media_type="application/json",
        headers={"Vary": "Accept, Accept-Language", "Cache-Control": "no-cache"},
    )


async def _page(
    request: Request,
    parameters: Mapping[str, Sequence[str]],
    asked: str,
    type_name: str,
    reader: Reader,
) -> Response:
    render = partial(
        render_search, beside_workspace=request.app.state.settings.workspace is not None
    )
    if not asked.strip():
        return send_page(request, render("", None, {}, "", (1, 1), reader))
    try:
        number = _number(parameters)
        result, classes = await _find(
            request.app.state.searcher, asked, type_name, number, reader.lang
        )
    except BadParameter as error:
        shown = shorten(asked, 200)
        text = render(shown, None, {}, "", (1, 1), reader, problem=error.detail)
        return send_page(request, text, error.status)
    pages = min(-(-result.total // PAGE), MOST_PAGES)
    text = render(asked, result, classes, type_name, (number, pages), reader)
    return send_page(request, text)


async def _find(searcher: Searcher, asked: str, type_name: str, number: int, lang: str) -> Found:
    text = check_search(asked)
    return await searcher.run(_task(text, type_name, number, lang))


def _task(text: str, type_name: str, number: int, lang: str) -> Callable[[SearchIndex], Found]:
    def task(index: SearchIndex) -> Found:
        classes = index.class_numbers([KG + type_name]) if type_name else None
        if classes == ():
            raise BadParameter(f"There is no type {shorten(type_name)}; leave type= out.")
        return search(index, text, classes, number, lang), index.classes

    return task


def _document(
    asked: str,
    type_name: str,
    number: int,
    result: SearchResult,
    classes: Mapping[int, IndexedClass],
    reader: Reader,
    root: str,
) -> dict[str, Any]:
    return {
        "query": asked,
        "type": type_name or None,
        "total": result.total,
        "page": number,
        "pages": min(-(-result.total // PAGE), MOST_PAGES),
        "resembling": result.resembling,
        "facets": [{**_named_class(each, reader), "count": count} for each, count in result.facets],
        "results": [_result(hit, classes, reader, root) for hit in result.hits],
    }


def _result(
    hit: Hit, classes: Mapping[int, IndexedClass], reader: Reader, root: str
) -> dict[str, Any]:
    thing = hit.thing
    matched = hit.name and {
        "text": hit.name.text,
        "lang": hit.name.lang,
        "marks": [list(mark) for mark in hit.marks],
    }
    return {
        "id": thing.slug,
        "iri": ID + thing.slug,
        "url": f"{root}/doc/{thing.slug}",
        "name": pick(thing.labels, reader).value or thing.slug,
        "labels": dict(thing.labels),
        "description": pick(thing.description, reader).value,
        "types": [_named_class(classes[each], reader) for each in thing.types],
        "matched": matched,
    }


def _named_class(each: IndexedClass, reader: Reader) -> dict[str, str]:
    name = each.iri.removeprefix(KG)
    return {"id": name, "iri": each.iri, "name": pick(each.labels, reader).value or name}


def _number(parameters: Mapping[str, Sequence[str]]) -> int:
    text = _single(parameters, "page") or "1"
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= MOST_PAGES:
        raise BadParameter(f"page must be a whole number from 1 to {MOST_PAGES}.")
    return int(text)


def _single(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    values = [value for value in parameters.get(name, ()) if value]
    if len(values) > 1:
        raise BadParameter(f"The parameter {name} is given {len(values)} times.")
    return values[0] if values else ""


@router.api_route(
    "/opensearch.xml", methods=_METHODS, summary="Describe the search to browsers (OpenSearch 1.1)"
)
async def describe_search(request: Request) -> Response:
    """Give the OpenSearch description document."""
    root = escape(public_url(request.scope, request.app.state.settings), {'"': "&quot;"})
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">
  <ShortName>Jiqun</ShortName>
  <Description>China's advanced manufacturing clusters: search the knowledge graph</Description>
  <InputEncoding>UTF-8</InputEncoding>
  <Language>en</Language>
  <Language>zh-Hans</Language>
  <Language>zh-Hant</Language>
  <Url type="text/html" template="{root}/search?q={{searchTerms}}&amp;page={{startPage?}}"/>
  <Url type="application/json" template="{root}/search?q={{searchTerms}}&amp;format=json"/>
</OpenSearchDescription>
"""
    return Response(text, media_type="application/opensearchdescription+xml")
