"""`/reconcile`: the Reconciliation Service API, versions 0.2 and 1.0-draft.

https://www.w3.org/community/reports/reconciliation/CG-FINAL-specs-0.2-20230410/
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from jiqun.errors import BadParameter, UnsupportedMediaType, shorten
from jiqun.language import Reader, pick
from jiqun.query.protocol import FORM, parse_content_type, parse_parameters
from jiqun.query.service import PROGRAM
from jiqun.rdf.namespaces import KG
from jiqun.reconciliation.extension import cells, meta, read_extension
from jiqun.reconciliation.properties import read_properties, read_values, weigh
from jiqun.reconciliation.requests import (
    MOST_CANDIDATES,
    Ask,
    read_batch,
    read_draft_batch,
    read_json,
    read_single,
)
from jiqun.reconciliation.service_manifest import DEFAULT_TYPES, DRAFT, draft_manifest, manifest
from jiqun.search.index import IndexedClass, SearchIndex
from jiqun.search.matching import Candidate, decide, find_candidates
from jiqun.web.http import public_url, read_body, reader_of
from jiqun.web.routes.sparql_routes import select

router = APIRouter(tags=["reconciliation"])

_JSON_TYPES: Final = frozenset({"", "application/json", "text/json"})
_FOUND: Final = MOST_CANDIDATES // 2


@router.api_route(
    "/reconcile", methods=["GET", "HEAD", "POST"], summary="Reconcile names (version 0.2)"
)
async def reconcile(request: Request) -> Response:
    """Give the manifest; or reconcile `queries`, or one `query`; or give the values of `extend`."""
    given = await _parameters(request)
    if "queries" in given:
        batch = read_batch(read_json(given["queries"], "queries"))
        found = await _candidates(request, list(batch.values()))
        keyed = zip(batch, found, strict=True)
        return answer({key: {"result": candidates} for key, candidates in keyed})
    if "query" in given:
        found = await _candidates(request, [read_single(given["query"])])
        return answer({"result": found[0]})
    if "extend" in given:
        return await _extend(request, given["extend"])
    if request.method == "POST":
        raise BadParameter("The form has none of queries, query and extend.")
    return await _describe(request, draft=given.get("version") == DRAFT)


@router.api_route("/reconcile/match", methods=["POST"], summary="Reconcile names (1.0-draft)")
async def match(request: Request) -> Response:
    """Reconcile the queries of a JSON body."""
    asks = read_draft_batch(read_json(await json_body(request), "The body"))
    found = await _candidates(request, asks)
    return answer({"results": [{"candidates": candidates} for candidates in found]})


@router.api_route("/reconcile/extend", methods=["POST"], summary="Values of things (1.0-draft)")
async def extend(request: Request) -> Response:
    """Give the values of properties of things that a JSON body asks for."""
    extension = read_extension(read_json(await json_body(request), "The body"))
    reader = reader_of(request.scope, request.app.state.settings)
    iris = [column.iri for column in extension.columns]
    ask = partial(select, request)
    values = await read_values(ask, extension.ids, iris) if iris else {}
    rows = [
        {
            "id": each,
            "properties": [
                {
                    "id": column.id,
                    "values": cells(each, column, values, reader, with_language=True),
                }
                for column in extension.columns
            ],
        }
        for each in extension.ids
    ]
    described = meta(extension.columns, await read_properties(ask), reader)
    return answer({"meta": described, "rows": rows})


async def _extend(request: Request, text: str) -> Response:
    extension = read_extension(read_json(text, "extend"))
    reader = reader_of(request.scope, request.app.state.settings)
    iris = [column.iri for column in extension.columns]
    ask = partial(select, request)
    values = await read_values(ask, extension.ids, iris) if iris else {}
    rows = {
        each: {column.id: cells(each, column, values, reader) for column in extension.columns}
        for each in extension.ids
    }
    described = meta(extension.columns, await read_properties(ask), reader)
    return answer({"meta": described, "rows": rows})


async def _describe(request: Request, *, draft: bool) -> Response:
    state = request.app.state
    reader = reader_of(request.scope, state.settings)
    classes: dict[int, IndexedClass] = await state.searcher.run(lambda index: index.classes)
    names = {each.iri.removeprefix(KG): each for each in classes.values()}
    types = [
        {"id": name, "name": pick(names[name].labels, reader).value or name}
        for name in DEFAULT_TYPES
        if name in names
    ]
    root = public_url(request.scope, state.settings)
    describe = draft_manifest if draft else manifest
    return answer(describe(root, state.release.title, PROGRAM, types))


async def _candidates(request: Request, asks: Sequence[Ask]) -> list[list[dict[str, Any]]]:
    """Find, weigh and name the candidates of every query."""
    searcher = request.app.state.searcher
    # One name after the other, so that a batch leaves the threads to others in between.
    found = [await searcher.run(partial(_find, ask=ask)) for ask in asks]
    properties = sorted({each.property for ask in asks for each in ask.conditions})
    if properties:
        slugs = {
            candidate.thing.slug
            for ask, candidates in zip(asks, found, strict=True)
            for candidate in candidates
            if ask.conditions
        }
        values = await read_values(partial(select, request), slugs, properties)
        pairs = list(zip(asks, found, strict=True))
        found = await searcher.run(
            lambda index: [weigh(index, ask, each, values) for ask, each in pairs]
        )
    classes = await searcher.run(lambda index: index.classes)
    reader = reader_of(request.scope, request.app.state.settings)
    return [
        [_document(each, classes, reader) for each in decide(candidates)[: ask.limit]]
        for ask, candidates in zip(asks, found, strict=True)
    ]


def _find(index: SearchIndex, ask: Ask) -> list[Candidate]:
    classes = index.class_numbers(ask.classes) if ask.classes else None
    if classes == ():
        names = ", ".join(shorten(each.removeprefix(KG)) for each in ask.classes)
        raise BadParameter(
            f"There is no type {names}; /reconcile/suggest/type lists those there are."
        )
    most = max(ask.limit, _FOUND) if ask.conditions else ask.limit
    return find_candidates(index, ask.name, classes, most)


def _document(
    candidate: Candidate, classes: Mapping[int, IndexedClass], reader: Reader
) -> dict[str, Any]:
    thing = candidate.thing
    return {
        "id": thing.slug,
        "name": pick(thing.labels, reader).value or thing.slug,
        "description": pick(thing.description, reader).value,
        "score": candidate.score,
        "match": candidate.match,
        "type": [
            {
                "id": classes[each].iri.removeprefix(KG),
                "name": pick(classes[each].labels, reader).value
                or classes[each].iri.removeprefix(KG),
            }
            for each in thing.types
        ],
        "features": [
            {"id": "name_score", "name": "Similarity of the names", "value": candidate.name_score},
            {"id": "safe_name", "name": "The name cannot mislead", "value": candidate.safe},
        ],
    }


async def _parameters(request: Request) -> dict[str, str]:
    """Read the parameters of the URL, and of a form in the body."""
    scope = request.scope
    pairs = parse_parameters(scope["query_string"], "query string")
    if request.method == "POST":
        media_type, _ = parse_content_type(request.headers.get("content-type"))
        if media_type != FORM:
            raise UnsupportedMediaType(
                f"The request has the Content-Type {shorten(media_type) or '(none)'}; a POST to "
                f"/reconcile needs {FORM}."
            )
        body = await read_body(scope, request.receive, request.app.state.settings)
        pairs = {**pairs, **parse_parameters(body, "form")}
    for name in ("queries", "query", "extend"):
        if len(pairs.get(name, ())) > 1:
            raise BadParameter(f"The parameter {name} is given {len(pairs[name])} times.")
    return {name: values[0] for name, values in pairs.items()}


async def json_body(request: Request) -> bytes:
    """Read a JSON body; raises what `read_body` raises, and `UnsupportedMediaType`."""
    media_type, _ = parse_content_type(request.headers.get("content-type"))
    if media_type not in _JSON_TYPES:
        raise UnsupportedMediaType("The body must be application/json.")
    return await read_body(request.scope, request.receive, request.app.state.settings)


def answer(document: object) -> Response:
    """Send a JSON document."""
    return Response(
        json.dumps(document, ensure_ascii=False),
        media_type="application/json",
        headers={"Vary": "Accept-Language", "Cache-Control": "no-cache"},
    )
