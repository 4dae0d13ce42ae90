"""How pages and other documents are sent: compressed, with an entity tag, or as 304."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from jiqun.compression import CODINGS, encode
from jiqun.web.http import HTML_HEADERS, Headers, reader_of
from jiqun.web.negotiation import choose_coding

_VARY = "Accept, Accept-Language, Accept-Encoding"


def page(request: Request, text: str, status: int = 200, extra: Headers = ()) -> Response:
    """Send a page: guarded by its security headers, compressed, and with 304 where it is known."""
    headers = {name.decode(): value.decode() for name, value in extra}
    return page_of(request, text.encode(errors="replace"), headers, status)


def page_of(
    request: Request, body: bytes, headers: Mapping[str, str], status: int = 200
) -> Response:
    """Send a page that is made already, with `headers` in addition to what every page has."""
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
    """Send a document under a strong tag of its content, or 304 to a client that has it.

    `media_type` may have parameters; text gets its charset. `headers` come in addition.
    """
    coding = choose_coding(request.headers.get("accept-encoding"), CODINGS)
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    etag = f'"{digest}-{coding}"' if coding else f'"{digest}"'
    own = {"Vary": _VARY, "Cache-Control": "no-cache" if status == 200 else "no-store", **headers}
    if status == 200:
        own["ETag"] = etag
        known = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
        if known & {etag, f"W/{etag}", "*"}:
            return Response(status_code=304, headers=own)
    if coding:
        body = encode(coding, body)
        own["Content-Encoding"] = coding
    response = Response(body, status, own)
    if media_type.startswith("text/") and "charset" not in media_type:
        media_type = f"{media_type}; charset=utf-8"
    response.headers["Content-Type"] = media_type
    return response
