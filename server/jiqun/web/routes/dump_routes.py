"""`/dumps/` and `/dumps/<file>`: the files of the release, exactly as the manifest lists them.

`/dumps/jiqun.ttl.gz` is the file itself, byte for byte. `/dumps/jiqun.ttl` is the same content
under the media type of its RDF format, compressed on the way if the client takes Zstandard or gzip.
`/context` is the JSON-LD context, for documents that refer to it.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse, StreamingResponse

from jiqun.errors import NotFound, RangeNotSatisfiable
from jiqun.release import Dump, Release
from jiqun.web.http import public_url
from jiqun.web.negotiation import choose_coding

router = APIRouter(tags=["dumps"])

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_BLOCK = 1 << 18
_METHODS = ["GET", "HEAD"]
_PACKINGS: Final = {"zstd": (".zst", "application/zstd"), "gzip": (".gz", "application/gzip")}
"""By content coding, in order of preference: the suffix, and the media type of the file itself."""


@router.api_route("/dumps", methods=_METHODS, summary="List the dumps")
async def list_dumps(request: Request) -> Response:
    """List the dumps with media type, size and SHA-256, as JSON."""
    release: Release = request.app.state.release
    root = public_url(request.scope, request.app.state.settings)
    body: dict[str, Any] = {
        "title": release.title,
        "version": release.version,
        "release": release.identifier,
        "dumps": [
            {
                "name": dump.name,
                "url": f"{root}/dumps/{dump.name}",
                "mediaType": dump.media_type,
                "bytes": dump.size,
                "sha256": dump.sha256,
                "triples": dump.triples,
                "rows": dump.rows,
                "group": dump.group,
                "title": dict(dump.title),
                "conformsTo": dump.conforms_to,
            }
            for dump in release.dumps.values()
        ],
    }
    return Response(
        json.dumps(body, ensure_ascii=False, indent=1),
        media_type="application/json",
        headers={"ETag": f'"dumps-{release.identifier[:32]}"', "Cache-Control": "no-cache"},
    )


@router.api_route("/dumps/{name}", methods=_METHODS, summary="Download a dump")
async def download(request: Request, name: str) -> Response:
    """Send one dump; knows If-None-Match, Range and If-Range."""
    release: Release = request.app.state.release
    dump = release.dumps.get(name)
    if dump is not None:
        return _send_file(request, dump)
    packed = {
        coding: release.dumps[f"{name}{suffix}"]
        for coding, (suffix, _) in _PACKINGS.items()
        if f"{name}{suffix}" in release.dumps
    }
    if "gzip" in packed:
        return _send_content(request, packed)
    listed = ", ".join(release.dumps)
    raise NotFound(f"There is no such dump. There are: {listed}.")


@router.api_route("/context", methods=_METHODS, summary="The JSON-LD context")
@router.api_route("/context.jsonld", methods=_METHODS, include_in_schema=False)
async def send_context(request: Request) -> Response:
    """Send the JSON-LD context of the release, to which documents refer by its IRI."""
    release: Release = request.app.state.release
    context = release.dumps.get("context.jsonld")
    if context is None:
        raise NotFound("This release has no JSON-LD context.")
    return _send_file(request, context, attached=False)


def _headers(etag: str, settings_seconds: int) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": f"public, max-age={settings_seconds}"}


def _unchanged(request: Request, etag: str) -> bool:
    tags = request.headers.get("if-none-match", "")
    known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
    return etag in known or "*" in known


def _send_file(request: Request, dump: Dump, *, attached: bool = True) -> Response:
    headers = _headers(f'"{dump.sha256}"', request.app.state.settings.cache_seconds)
    if _unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    _check_range(request, dump, headers["ETag"])
    packings = dict(_PACKINGS.values())
    return FileResponse(
        dump.path,
        headers=headers,
        media_type=packings.get(dump.path.suffix, dump.media_type),
        filename=dump.name if attached else None,
        content_disposition_type="attachment",
    )


def _check_range(request: Request, dump: Dump, etag: str) -> None:
    """Leave to the framework only what is one range that can be had (RFC 9110 §14.2).

    Several ranges, what is no range, and any range of a HEAD are ignored; one beyond the end is
    refused.
    """
    header = request.headers.get("range", "")
    found = _RANGE.fullmatch(header) if request.method == "GET" else None
    if found is None or found[1] == found[2] == "" or _backwards(found):
        kept = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
        request.scope["headers"] = kept
        return
    beyond = int(found[1]) >= dump.size if found[1] else int(found[2]) == 0
    if beyond and request.headers.get("if-range") in {None, etag}:
        raise RangeNotSatisfiable(f"{dump.name} has {dump.size} bytes.", dump.size)


def _backwards(found: re.Match[str]) -> bool:
    return bool(found[1] and found[2]) and int(found[1]) > int(found[2])


def _send_content(request: Request, packed: Mapping[str, Dump]) -> Response:
    """Send what is in a packed file, by the packing that the client takes as a coding."""
    coding = choose_coding(request.headers.get("accept-encoding"), tuple(packed))
    dump = packed[coding or "gzip"]
    etag = f'"{dump.sha256}-{coding or "identity"}"'
    headers = _headers(etag, request.app.state.settings.cache_seconds)
    headers["Vary"] = "Accept-Encoding"
    if _unchanged(request, etag):
        return Response(status_code=304, headers=headers)
    media_type = f"{dump.media_type}; charset=utf-8"
    if coding:
        headers["Content-Encoding"] = coding
        _check_range(request, dump, etag)
        return FileResponse(dump.path, headers=headers, media_type=media_type)
    headers["Accept-Ranges"] = "none"
    blocks = iter(()) if request.method == "HEAD" else _unpacked(dump)
    return StreamingResponse(blocks, headers=headers, media_type=media_type)


def _unpacked(dump: Dump) -> Iterator[bytes]:
    with gzip.open(dump.path) as file:
        while block := file.read(_BLOCK):
            yield block
