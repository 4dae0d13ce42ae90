"""How pages are sent."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from starlette.responses import Response

from jiqun.endpoint.coding import CODINGS, encode
from jiqun.endpoint.negotiate import choose_coding
from jiqun.endpoint.replies import HTML_HEADERS

if TYPE_CHECKING:
    from starlette.requests import Request

    from jiqun.endpoint.replies import Headers

_VARY = "Accept, Accept-Language, Accept-Encoding"


def page(request: Request, text: str, status: int = 200, extra: Headers = ()) -> Response:
    """Send a page: guarded by its security headers, compressed, and with 304 where it is known."""
    body = text.encode(errors="replace")
    coding = choose_coding(request.headers.get("accept-encoding"), CODINGS)
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    etag = f'"{digest}-{coding}"' if coding else f'"{digest}"'
    headers = {"Vary": _VARY, "Cache-Control": "no-cache" if status == 200 else "no-store"}
    headers |= {name.decode(): value.decode() for name, value in (*HTML_HEADERS, *extra)}
    if status == 200:
        headers["ETag"] = etag
        known = {each.strip() for each in request.headers.get("if-none-match", "").split(",")}
        if known & {etag, f"W/{etag}", "*"}:
            return Response(status_code=304, headers=headers)
    if coding:
        body = encode(coding, body)
        headers["Content-Encoding"] = coding
    return Response(body, status, headers, "text/html; charset=utf-8")
