"""`/dumps`, `/dumps/<file>` and `/context`: the files of the release.

`/dumps/jiqun.ttl.gz` is the file itself, byte for byte. `/dumps/jiqun.ttl` is its content with the
media type of its RDF format, with Zstandard or gzip as content coding if the client accepts one.
`/context` is the JSON-LD context that documents refer to.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import formatdate
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AliasGenerator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, StreamingResponse

from jiqun.errors import NotFound
from jiqun.rdf.formats import HTML, PLAIN_JSON
from jiqun.release import Dump, Release
from jiqun.web.documents import Context, Document, respond
from jiqun.web.http import check_match, header, is_known, requested_range
from jiqun.web.metadata.dcat import PACKINGS
from jiqun.web.metadata.openapi import ANY_TYPE, content, problems
from jiqun.web.negotiation import choose_coding, negotiate
from jiqun.web.pages.catalogue_page import dumps_page, spreadsheet_document
from jiqun.web.routes.parameters import PageReader, ReadRoute, Root, format_query

router = APIRouter(route_class=ReadRoute, tags=["dumps"])

_LIST_FORMS: Final = (PLAIN_JSON, HTML)
_BLOCK: Final = 1 << 18
_SUFFIXES: Final = {"zstd": ".zst", "gzip": ".gz"}
"""The suffixes of packed files by content coding, in order of preference."""


class _Model(BaseModel):
    model_config = ConfigDict(
        alias_generator=AliasGenerator(serialization_alias=to_camel), from_attributes=True
    )


class DumpEntry(_Model):
    """A file of the release; `triples` or `rows` count its content, where applicable."""

    name: str
    url: str = ""
    media_type: str
    bytes: int = Field(validation_alias="size")
    sha256: str
    triples: int | None
    rows: int | None
    group: str
    title: Mapping[str, str]
    conforms_to: str


class DumpList(_Model):
    """The files of a release, whose identifier is `release`."""

    title: str
    version: str
    release: str
    dumps: list[DumpEntry]


@router.get(
    "/dumps",
    summary="List the dumps",
    responses={
        200: {"model": DumpList, "description": "The dumps", "content": content([HTML])},
        **problems(406),
    },
)
async def list_dumps(
    request: Request,
    root: Root,
    reader: PageReader,
    named: Annotated[str | None, format_query(_LIST_FORMS)] = None,
) -> Response:
    """List the dumps with media type, size in bytes and SHA-256; as a page by purpose."""
    choice = negotiate(header(request.scope, b"accept"), named, _LIST_FORMS)
    if choice.format == HTML:
        return await respond(request, dumps_page, reader, root)
    return await respond(request, dump_list, root)


def dump_list(context: Context, root: str) -> Document:
    """Return the list of dumps as JSON."""
    release = context.release
    dumps = [
        DumpEntry.model_validate(dump).model_copy(update={"url": f"{root}/dumps/{dump.name}"})
        for dump in release.dumps.values()
    ]
    listed = DumpList(
        title=release.title, version=release.version, release=release.identifier, dumps=dumps
    )
    return Document(listed.model_dump_json(by_alias=True, indent=1).encode(), "application/json")


@router.get(
    "/dumps/{name}",
    summary="Download a dump",
    responses={
        200: {"description": "The file", **ANY_TYPE},
        206: {"description": "The requested range of the file", **ANY_TYPE},
        304: {"description": "The file has not changed"},
        **problems(404, 412, 416),
    },
    response_class=Response,
)
async def download(
    request: Request,
    name: Annotated[
        str,
        Path(description="A name from `/dumps`, with or without the suffix of its compression."),
    ],
    excel: Annotated[
        str,
        Query(
            description="`1`: a table in CSV for spreadsheets, with a byte order mark and no "
            "cell that is a formula."
        ),
    ] = "",
) -> Response:
    """Send a dump; supports preconditions, Range and If-Range."""
    if excel in {"1", "true", "yes"}:
        return await respond(request, spreadsheet_document, name)
    release: Release = request.app.state.release
    dump = release.dumps.get(name)
    if dump is not None:
        media_type = PACKINGS.get(dump.path.suffix, dump.media_type)
        attachment = f'attachment; filename="{dump.name}"'
        return _send(request, dump, {"Content-Type": media_type, "Content-Disposition": attachment})
    packed = {
        coding: release.dumps[f"{name}{suffix}"]
        for coding, suffix in _SUFFIXES.items()
        if f"{name}{suffix}" in release.dumps
    }
    if "gzip" in packed:
        return _send_content(request, packed)
    raise NotFound(f"There is no such dump. Available: {', '.join(release.dumps)}.")


@router.get(
    "/context",
    summary="The JSON-LD context",
    responses={
        200: {"description": "The context", "content": {"application/ld+json": {}}},
        206: {"description": "A range of it", "content": {"application/ld+json": {}}},
        304: {"description": "The context has not changed"},
        **problems(404, 412, 416),
    },
    response_class=Response,
)
@router.get("/context.jsonld", include_in_schema=False)
async def send_context(request: Request) -> Response:
    """Send the JSON-LD context of the release, which documents refer to by its IRI."""
    release: Release = request.app.state.release
    context = release.dumps.get("context.jsonld")
    if context is None:
        raise NotFound("This release has no JSON-LD context.")
    return _send(request, context, {"Content-Type": context.media_type})


def _send_content(request: Request, packed: Mapping[str, Dump]) -> Response:
    """Send the content of a packed file, using its compression as content coding if accepted."""
    coding = choose_coding(request.headers.get("accept-encoding"), tuple(packed))
    dump = packed[coding or "gzip"]
    headers = {
        "ETag": f'"{dump.sha256}-{coding or "identity"}"',
        "Content-Type": f"{dump.media_type}; charset=utf-8",
        "Vary": "Accept-Encoding",
    }
    if coding:
        return _send(request, dump, {**headers, "Content-Encoding": coding})
    return _send(request, dump, headers, unpacked=True)


def _send(
    request: Request, dump: Dump, own: Mapping[str, str], *, unpacked: bool = False
) -> Response:
    """Send a file, a range of it, or 304.

    Raises `PreconditionFailed` when the client asks for another version, and `ReleaseError` when
    the file is gone.
    """
    modified = int(min(dump.modified, time.time()))  # RFC 9110, section 8.8.2.1: never to come
    headers = {
        "ETag": f'"{dump.sha256}"',
        "Last-Modified": formatdate(modified, usegmt=True),
        "Cache-Control": f"public, max-age={request.app.state.settings.cache_seconds}",
        **own,
    }
    etags = (headers["ETag"].encode(),)
    check_match(request.scope, etags, modified)
    if is_known(request.scope, etags, modified):
        del headers["Content-Type"]
        return Response(status_code=304, headers=headers)
    if unpacked:
        headers["Accept-Ranges"] = "none"
        file = dump.open(unpacked=True)
        blocks = iter(partial(file.read, 0 if request.method == "HEAD" else _BLOCK), b"")
        return StreamingResponse(blocks, headers=headers, background=BackgroundTask(file.close))
    _check_range(request, dump.size, (headers["ETag"], headers["Last-Modified"]))
    return FileResponse(dump.path, headers=headers)


def _check_range(request: Request, size: int, validators: tuple[str, str]) -> None:
    """Pass only a single satisfiable range to the framework.

    Raises `RangeNotSatisfiable` for a range beyond the end.
    """
    if requested_range(request.scope, size, validators) is None:
        kept = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
        request.scope["headers"] = kept
