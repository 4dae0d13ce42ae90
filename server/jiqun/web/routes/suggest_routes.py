"""`/reconcile/suggest/…`, `/reconcile/extend/propose` and `/reconcile/preview`."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from jiqun.errors import BadParameter, NotFound, shorten
from jiqun.language import pick
from jiqun.query.protocol import parse_parameters
from jiqun.rdf.namespaces import ID, KG, SOURCE
from jiqun.reconciliation.properties import read_properties, read_used
from jiqun.reconciliation.requests import class_iri, is_slug, property_id, slug_of
from jiqun.reconciliation.service_manifest import (
    LAST,
    MOST,
    check_prefix,
    suggest_things,
    with_prefix,
)
from jiqun.search.index import IndexedClass, IndexedThing, SearchIndex
from jiqun.web.http import CONTENT_SECURITY_POLICY, reader_of
from jiqun.web.pages.cells import read_captions
from jiqun.web.pages.thing_page import PASSAGES, render_preview
from jiqun.web.routes.reconcile_routes import answer
from jiqun.web.routes.sparql_routes import in_thread, select

router = APIRouter(tags=["reconciliation"])

_METHODS: Final = ["GET", "HEAD"]
_IN_FRAMES: Final = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
_PREFIX: Final[dict[str, Any]] = {
    "parameters": [
        {"name": "prefix", "in": "query", "required": True, "schema": {"type": "string"}},
        {"name": "cursor", "in": "query", "schema": {"type": "integer", "minimum": 0}},
    ]
}


@router.api_route(
    "/reconcile/suggest/entity",
    methods=_METHODS,
    summary="Suggest things",
    openapi_extra=_PREFIX,
)
async def suggest_entity(request: Request) -> Response:
    """Suggest things by the beginning of a name; `type` narrows to a class."""
    prefix, cursor, type_name = _asked(request)
    searcher = request.app.state.searcher

    def task(index: SearchIndex) -> tuple[list[IndexedThing], dict[int, IndexedClass]]:
        classes = index.class_numbers([class_iri(type_name)]) if type_name else None
        if classes == ():
            raise BadParameter(f"There is no type {shorten(type_name)}.")
        return suggest_things(index, prefix, classes, cursor), index.classes

    things, classes = await searcher.run(task)
    reader = reader_of(request.scope, request.app.state.settings)
    return answer(
        {
            "result": [
                {
                    "id": thing.slug,
                    "name": pick(thing.labels, reader).value or thing.slug,
                    "description": pick(thing.description, reader).value,
                    "notable": [
                        {
                            "id": classes[each].iri.removeprefix(KG),
                            "name": pick(classes[each].labels, reader).value,
                        }
                        for each in thing.types
                    ],
                }
                for thing in things
            ]
        }
    )


@router.api_route(
    "/reconcile/suggest/type", methods=_METHODS, summary="Suggest types", openapi_extra=_PREFIX
)
async def suggest_type(request: Request) -> Response:
    """Suggest classes that things have, the largest first; an empty prefix gives all."""
    prefix, cursor, _ = _asked(request)

    def task(index: SearchIndex) -> list[IndexedClass]:
        named = {each.iri.removeprefix(KG): each for each in index.classes.values()}
        ordered = sorted(named.items(), key=lambda pair: (-pair[1].things, pair[0]))
        chosen = with_prefix(index, prefix, [(name, each.labels) for name, each in ordered])
        return [named[name] for name in chosen]

    classes = await request.app.state.searcher.run(task)
    reader = reader_of(request.scope, request.app.state.settings)
    return answer(
        {
            "result": [
                {
                    "id": each.iri.removeprefix(KG),
                    "name": pick(each.labels, reader).value or each.iri.removeprefix(KG),
                }
                for each in classes[cursor : cursor + MOST]
            ]
        }
    )


@router.api_route(
    "/reconcile/suggest/property",
    methods=_METHODS,
    summary="Suggest properties",
    openapi_extra=_PREFIX,
)
async def suggest_property(request: Request) -> Response:
    """Suggest properties that the ontology declares; an empty prefix gives all."""
    prefix, cursor, _ = _asked(request)
    properties = {
        each.id: each for each in (await read_properties(partial(select, request))).values()
    }
    named = [(name, each.labels) for name, each in sorted(properties.items())]
    chosen: list[str] = await request.app.state.searcher.run(
        lambda index: with_prefix(index, prefix, named)
    )
    reader = reader_of(request.scope, request.app.state.settings)
    return answer(
        {
            "result": [
                {"id": name, "name": properties[name].name(reader)}
                for name in chosen[cursor : cursor + MOST]
            ]
        }
    )


@router.api_route(
    "/reconcile/extend/propose", methods=_METHODS, summary="Propose properties to fetch"
)
async def propose(request: Request) -> Response:
    """Propose the properties that the things of a type have, the most used first."""
    given = parse_parameters(request.scope["query_string"], "query string")
    type_name = _one(given, "type")
    limit = _whole(_one(given, "limit") or "50", "limit", LAST)
    ask = partial(select, request)
    known = await read_properties(ask)
    class_name: str | None = None
    if type_name:
        numbers = await request.app.state.searcher.run(
            lambda index: index.class_numbers([class_iri(type_name)])
        )
        if not numbers:
            raise BadParameter(f"There is no type {shorten(type_name)}.")
        class_name = class_iri(type_name)
    used = await read_used(ask, class_name)
    reader = reader_of(request.scope, request.app.state.settings)
    properties = [
        {
            "id": property_id(iri),
            "name": known[iri].name(reader) if iri in known else property_id(iri),
        }
        for iri in used[:limit]
    ]
    document: dict[str, Any] = {"limit": limit, "properties": properties}
    if type_name:
        document["type"] = type_name
    return answer(document)


@router.api_route("/reconcile/preview", methods=_METHODS, summary="Preview a thing in a frame")
async def preview(request: Request) -> Response:
    """Show a thing with its names, and the words of passages that speak of it, in a small page."""
    given = parse_parameters(request.scope["query_string"], "query string")
    slug = slug_of(_one(given, "id"))
    searcher = request.app.state.searcher
    thing, classes = await searcher.run(lambda index: (index.thing_of(slug), index.classes))
    if thing is None or not is_slug(slug):
        raise NotFound(f"There is no thing {shorten(slug)}.")
    ask = partial(select, request)
    rows = await ask(
        f"SELECT DISTINCT ?passage WHERE {{ {{ GRAPH ?passage {{ <{ID}{slug}> ?p ?o }} }} UNION "
        f"{{ GRAPH ?passage {{ ?s ?p <{ID}{slug}> }} }} "
        f'FILTER (STRSTARTS(STR(?passage), "{SOURCE}")) }} ORDER BY ?passage LIMIT {PASSAGES}'
    )
    passages = [row["passage"].value for row in rows]
    captions = await in_thread(request, read_captions, passages) if passages else {}
    reader = reader_of(request.scope, request.app.state.settings)
    text = render_preview(thing, classes, passages, captions, reader)
    headers = {
        "Content-Security-Policy": _IN_FRAMES,
        "Vary": "Accept-Language",
        "Cache-Control": "no-cache",
    }
    return Response(text, headers=headers, media_type="text/html; charset=utf-8")


def _asked(request: Request) -> tuple[str, int, str]:
    given = parse_parameters(request.scope["query_string"], "query string")
    cursor = _whole(_one(given, "cursor") or "0", "cursor", LAST)
    return check_prefix(_one(given, "prefix")), cursor, _one(given, "type")


def _one(given: dict[str, list[str]], name: str) -> str:
    values = given.get(name, [""])
    if len(values) > 1:
        raise BadParameter(f"The parameter {name} is given {len(values)} times.")
    return values[0]


def _whole(text: str, name: str, most: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text[:9]) > most:
        raise BadParameter(f"{name} must be a whole number up to {most}.")
    return int(text)
