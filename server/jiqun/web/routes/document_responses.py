"""Responses with pages and other documents: compressed, with an entity tag, or 304."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from jiqun.compression import CODINGS, encode
from jiqun.query.jobs import Answer
from jiqun.web.http import HTML_HEADERS, Headers, check_match, matching_etag, reader_of
from jiqun.web.negotiation import choose_coding

_VARY = "Accept, Accept-Language, Accept-Encoding"


def page(request: Request, text: str, status: int = 200, extra: Headers = ()) -> Response:
    """Send a page with its security headers, compressed, or 304 if the client has it."""
    headers = {name.decode(): value.decode() for name, value in extra}
    return page_of(request, text.encode(errors="replace"), headers, status)


def page_of(
    request: Request, body: bytes, headers: Mapping[str, str], status: int = 200
) -> Response:
    """Send a rendered page, with `headers` in addition to those of every page."""
    lang = reader_of(request.scope, request.app.state.settings).lang
    guards = {name.decode(): value.decode() for name, value in HTML_HEADERS}
    own = {**guards, "Content-Language": lang, **headers}
    return deliver(request, body, "text/html", own, status)


def deliver(
    request: Request,
    body: bytes,
    media_type: str,
    headers: Mapping[str, str],
    status: int = 200,
) -> Response:
    """Send a short document that was generated in the event loop, with additional `headers`.

    `media_type` may have parameters; text gets its charset.
    """
    coding = choose_coding(request.headers.get("accept-encoding"), CODINGS)
    etag = hashlib.blake2b(body, digest_size=12).hexdigest()
    if coding:
        body, etag = encode(coding, body), f"{etag}-{coding}"
    pairs = tuple(headers.items())
    answer = Answer(
        body, status=status, content_type=media_type, headers=pairs, etag=etag, coding=coding
    )
    return document_response(request, answer)


def document_response(request: Request, answer: Answer) -> Response:
    """Return the response with a document, or 304 to a client that has it.

    Raises `PreconditionFailed` when the client asks for another version.
    """
    headers = {
        "Vary": _VARY,
        "Cache-Control": "no-cache" if answer.status == 200 else "no-store",
        **dict(answer.headers),
    }
    if answer.status == 200 and answer.etag:
        headers["ETag"] = f'"{answer.etag}"'
        etags = (headers["ETag"].encode(),)
        if request.method in {"GET", "HEAD"}:
            check_match(request.scope, etags)
            if matching_etag(request.headers.get("if-none-match", ""), etags):
                return Response(status_code=304, headers=headers)
    if answer.coding:
        headers["Content-Encoding"] = answer.coding
    content_type = answer.content_type
    if content_type.startswith("text/") and "charset" not in content_type:
        content_type = f"{content_type}; charset=utf-8"
    response = Response(answer.body, answer.status, headers)
    response.headers["Content-Type"] = content_type
    return response
