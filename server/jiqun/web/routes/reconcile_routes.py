"""`/reconcile`: the Reconciliation Service API, versions 0.2 and 1.0-draft.

https://www.w3.org/community/reports/reconciliation/CG-FINAL-specs-0.2-20230410/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator, Field

from jiqun.errors import BadParameter, NotFound, UnsupportedMediaType, shorten
from jiqun.language import Reader
from jiqun.query.protocol import FORM, parse_content_type, parse_parameters
from jiqun.query.service import PROGRAM
from jiqun.rdf.formats import HTML, PLAIN_JSON
from jiqun.rdf.namespaces import KG, SOURCE, iri_of
from jiqun.reconciliation.matches import (
    Values,
    match,
    read_properties,
    read_used,
    read_values,
    suggest_names,
    suggest_things,
)
from jiqun.reconciliation.requests import (
    ExtensionRequest,
    MatchRequest,
    class_iri,
    is_slug,
    property_id,
    read_batch,
    read_draft_batch,
    read_extension,
    read_single,
    slug_of,
)
from jiqun.reconciliation.responses import (
    DRAFT,
    DraftExtension,
    DraftManifest,
    DraftMatchResults,
    Extension,
    Manifest,
    MatchCandidate,
    MatchResult,
    Proposal,
    Suggestions,
    cells,
    describe,
    draft_manifest,
    extension_columns,
    manifest,
    match_candidate,
    named_class,
    suggestion,
)
from jiqun.web.documents import Context, Document, json_document, respond
from jiqun.web.http import CONTENT_SECURITY_POLICY, read_body
from jiqun.web.metadata.openapi import problems
from jiqun.web.pages.cells import read_captions
from jiqun.web.pages.thing_page import PASSAGES, render_preview
from jiqun.web.routes.parameters import (
    PageReader,
    ReadRoute,
    Root,
    check_query_string,
    whole_number,
)

_JSON_TYPES: Final = frozenset({"", "application/json", "text/json"})
_LAST: Final = 1000
_IN_FRAMES: Final = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
_STRING: Final = {"type": "string"}
Json = Annotated[str | None, Query(description="JSON, as the specification defines it.")]
Prefix = Annotated[
    str, Query(description="The beginning of a name; omit it to list everything.", max_length=200)
]
TypeName = Annotated[str, Query(alias="type", description="A type, for example Cluster.")]
Cursor = Annotated[
    int,
    Field(ge=0, le=_LAST),
    BeforeValidator(partial(whole_number, "cursor", 0, _LAST)),
    Query(description="The number of suggestions to skip."),
]
Limit = Annotated[
    int,
    Field(ge=0, le=_LAST),
    BeforeValidator(partial(whole_number, "limit", 0, _LAST)),
    Query(description="The number of properties to propose."),
]
router = APIRouter(
    route_class=ReadRoute,
    tags=["reconciliation"],
    dependencies=[Depends(check_query_string)],
    responses=problems(404, 415),
)


def _objects(required: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an array of objects with one required member."""
    items = {"type": "object", "required": [required], "properties": {required: schema}}
    return {"type": "array", "items": items}


_CONDITIONS: Final = _objects("matchType", {"enum": ["name", "property"]}) | {
    "minItems": 1,
    "description": "One has the name, others the values of properties.",
}


def _body(media_type: str, properties: dict[str, Any], *required: str) -> dict[str, Any]:
    """Describe a request body for the OpenAPI document."""
    schema = {"type": "object", "required": list(required), "properties": properties}
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


@router.api_route(
    "/reconcile",
    methods=["GET", "POST"],
    summary="Reconcile names (version 0.2)",
    response_model=Manifest | DraftManifest | dict[str, MatchResult] | MatchResult | Extension,
    openapi_extra=_body(FORM, {"queries": _STRING, "query": _STRING, "extend": _STRING}),
)
async def reconcile(
    request: Request,
    reader: PageReader,
    root: Root,
    queries: Json = None,
    query: Json = None,
    extend: Json = None,
    version: Annotated[str, Query(description="The version of the manifest.")] = "",
) -> Response:
    """Match `queries` or one `query`, or `extend` data; with none of them, return the manifest.

    The parameters may also be sent as a form.
    """
    if request.method == "POST":
        form = await _read_form(request)
        queries, query = form.get("queries", queries), form.get("query", query)
        extend = form.get("extend", extend)
    if queries is not None:
        return await respond(request, match_batch, reader, queries)
    if query is not None:
        return await respond(request, match_one, reader, query)
    if extend is not None:
        return await respond(request, extend_table, reader, extend)
    if request.method == "POST":
        raise BadParameter("The form has none of the fields queries, query and extend.")
    return await respond(request, service_manifest, reader, root, draft=version == DRAFT)


async def _read_form(request: Request) -> dict[str, str]:
    media_type, _ = parse_content_type(request.headers.get("content-type"))
    if media_type != FORM:
        raise UnsupportedMediaType(
            f"The request has the Content-Type {shorten(media_type) or '(none)'}; a POST to "
            f"/reconcile needs {FORM}."
        )
    body = await read_body(request.scope, request.receive, request.app.state.settings)
    form = parse_parameters(body, "form")
    for name in ("queries", "query", "extend"):
        if len(form.get(name, ())) > 1:
            raise BadParameter(f"The field {name} is given {len(form[name])} times.")
    return {name: values[0] for name, values in form.items()}


def service_manifest(context: Context, reader: Reader, root: str, *, draft: bool) -> Document:
    """Describe the service; `root` is the public URL of the site."""
    classes = context.index.classes.values()
    description = describe(root, context.release.title, PROGRAM, classes, reader)
    return json_document((draft_manifest if draft else manifest)(root, description))


def match_batch(context: Context, reader: Reader, queries: str) -> Document:
    """Match a batch of version 0.2."""
    batch = read_batch(queries)
    found = _match(context, reader, list(batch.values()))
    return json_document(
        {key: {"result": result} for key, result in zip(batch, found, strict=True)}
    )


def match_one(context: Context, reader: Reader, query: str) -> Document:
    """Match one query of version 0.2."""
    return json_document({"result": _match(context, reader, [read_single(query)])[0]})


def _match(
    context: Context, reader: Reader, requests: Sequence[MatchRequest]
) -> list[list[MatchCandidate]]:
    classes = context.index.classes
    return [
        [match_candidate(each, classes, reader) for each in candidates]
        for candidates in match(context.index, context.select, requests)
    ]


def extend_table(context: Context, reader: Reader, extend: str) -> Document:
    """Return the values of properties of things, as version 0.2 defines it."""
    request = read_extension(extend, "extend")
    values = _values(context, request)
    extension: Extension = {
        "meta": extension_columns(request.columns, read_properties(context.select), reader),
        "rows": {
            each: {
                column.id: cells(each, column, values, reader, tagged=False)
                for column in request.columns
            }
            for each in request.ids
        },
    }
    return json_document(extension)


def _values(context: Context, request: ExtensionRequest) -> Values:
    slugs = [slug_of(each) for each in request.ids]
    return read_values(context.select, slugs, [column.iri for column in request.columns])


@router.post(
    "/reconcile/match",
    summary="Reconcile names (1.0-draft)",
    response_model=DraftMatchResults,
    openapi_extra=_body(
        PLAIN_JSON.media_type, {"queries": _objects("conditions", _CONDITIONS)}, "queries"
    ),
)
async def reconcile_draft(request: Request, reader: PageReader) -> Response:
    """Match the queries of a JSON body."""
    return await respond(request, match_draft, reader, await _read_json_body(request))


def match_draft(context: Context, reader: Reader, body: bytes) -> Document:
    """Match a batch of version 1.0-draft."""
    found = _match(context, reader, read_draft_batch(body))
    return json_document({"results": [{"candidates": candidates} for candidates in found]})


@router.post(
    "/reconcile/extend",
    summary="Values of things (1.0-draft)",
    response_model=DraftExtension,
    openapi_extra=_body(
        PLAIN_JSON.media_type,
        {"ids": {"type": "array", "items": _STRING}, "properties": _objects("id", _STRING)},
        "ids",
        "properties",
    ),
)
async def extend_draft(request: Request, reader: PageReader) -> Response:
    """Return the values of properties of things, both named by a JSON body."""
    return await respond(request, extend_rows, reader, await _read_json_body(request))


def extend_rows(context: Context, reader: Reader, body: bytes) -> Document:
    """Return the values of properties of things, as version 1.0-draft defines it."""
    request = read_extension(body, "The body")
    values = _values(context, request)
    extension: DraftExtension = {
        "meta": extension_columns(request.columns, read_properties(context.select), reader),
        "rows": [
            {
                "id": each,
                "properties": [
                    {"id": column.id, "values": cells(each, column, values, reader, tagged=True)}
                    for column in request.columns
                ],
            }
            for each in request.ids
        ],
    }
    return json_document(extension)


async def _read_json_body(request: Request) -> bytes:
    media_type, _ = parse_content_type(request.headers.get("content-type"))
    if media_type not in _JSON_TYPES:
        raise UnsupportedMediaType("The body must be application/json.")
    return await read_body(request.scope, request.receive, request.app.state.settings)


@router.get("/reconcile/suggest/entity", summary="Suggest things", response_model=Suggestions)
async def suggest_entity(
    request: Request,
    reader: PageReader,
    prefix: Prefix = "",
    type_: TypeName = "",
    cursor: Cursor = 0,
) -> Response:
    """Suggest things by the beginning of a name; `type` restricts them to a class."""
    return await respond(request, suggest_entities, reader, prefix, type_, cursor)


def suggest_entities(
    context: Context, reader: Reader, prefix: str, type_name: str, cursor: int
) -> Document:
    """Suggest things."""
    index = context.index
    things = suggest_things(index, prefix, _class_numbers(context, type_name), cursor)
    return json_document({"result": [suggestion(each, index.classes, reader) for each in things]})


def _class_numbers(context: Context, type_name: str) -> tuple[int, ...] | None:
    classes = context.index.class_numbers([class_iri(type_name)]) if type_name else None
    if classes == ():
        raise BadParameter(f"There is no type {shorten(type_name)}.")
    return classes


@router.get("/reconcile/suggest/type", summary="Suggest types", response_model=Suggestions)
async def suggest_type(
    request: Request, reader: PageReader, prefix: Prefix = "", cursor: Cursor = 0
) -> Response:
    """Suggest the classes of things, the largest first; an empty prefix returns all."""
    return await respond(request, suggest_types, reader, prefix, cursor)


def suggest_types(context: Context, reader: Reader, prefix: str, cursor: int) -> Document:
    """Suggest classes."""
    classes = sorted(context.index.classes.values(), key=lambda each: (-each.things, each.iri))
    named = {each.iri.removeprefix(KG): each for each in classes}
    labels = {name: each.labels for name, each in named.items()}
    chosen = suggest_names(context.index, prefix, labels, cursor)
    return json_document({"result": [named_class(named[name], reader) for name in chosen]})


@router.get("/reconcile/suggest/property", summary="Suggest properties", response_model=Suggestions)
async def suggest_property(
    request: Request, reader: PageReader, prefix: Prefix = "", cursor: Cursor = 0
) -> Response:
    """Suggest properties that the ontology declares; an empty prefix returns all."""
    return await respond(request, suggest_properties, reader, prefix, cursor)


def suggest_properties(context: Context, reader: Reader, prefix: str, cursor: int) -> Document:
    """Suggest properties."""
    named = {each.id: each for each in read_properties(context.select).values()}
    labels = {name: named[name].labels for name in sorted(named)}
    chosen = suggest_names(context.index, prefix, labels, cursor)
    return json_document(
        {"result": [{"id": name, "name": named[name].name(reader)} for name in chosen]}
    )


@router.get(
    "/reconcile/extend/propose", summary="Propose properties to fetch", response_model=Proposal
)
async def propose(
    request: Request, reader: PageReader, type_: TypeName = "", limit: Limit = 50
) -> Response:
    """Propose the properties of the things of a type, the most used first."""
    return await respond(request, propose_properties, reader, type_, limit)


def propose_properties(context: Context, reader: Reader, type_name: str, limit: int) -> Document:
    """Propose properties."""
    _class_numbers(context, type_name)
    known = read_properties(context.select)
    used = read_used(context.select, class_iri(type_name) if type_name else None)
    proposal: Proposal = {
        "limit": limit,
        "properties": [
            {
                "id": property_id(iri),
                "name": known[iri].name(reader) if iri in known else property_id(iri),
            }
            for iri in used[:limit]
        ],
    }
    if type_name:
        proposal["type"] = type_name
    return json_document(proposal)


@router.get("/reconcile/preview", summary="Preview a thing in a frame", response_class=HTMLResponse)
async def preview(
    request: Request,
    reader: PageReader,
    id_: Annotated[str, Query(alias="id", description="A thing.")],
) -> Response:
    """Show a thing with its names and quotes about it, in a small page."""
    return await respond(request, preview_page, reader, slug_of(id_))


def preview_page(context: Context, reader: Reader, slug: str) -> Document:
    """Return the preview of a thing; raises `NotFound`."""
    thing = context.index.thing_of(slug) if is_slug(slug) else None
    if thing is None:
        raise NotFound(f"There is no thing {shorten(slug)}.")
    iri = iri_of(slug)
    rows = context.select(
        f"SELECT DISTINCT ?passage WHERE {{ {{ GRAPH ?passage {{ <{iri}> ?p ?o }} }} UNION "
        f"{{ GRAPH ?passage {{ ?s ?p <{iri}> }} }} "
        f'FILTER (STRSTARTS(STR(?passage), "{SOURCE}")) }} ORDER BY ?passage LIMIT {PASSAGES}'
    )
    passages = [row["passage"].value for row in rows]
    captions = read_captions(context.select, passages)
    text = render_preview(thing, context.index.classes, passages, captions, reader)
    headers = {
        "Content-Security-Policy": _IN_FRAMES,
        "Content-Language": reader.lang,
        "Vary": "Accept-Language, Accept-Encoding",
    }
    return Document(text.encode(errors="replace"), HTML.content_type(), headers=headers)
