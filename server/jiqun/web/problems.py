"""Error responses: problem details (RFC 9457), a page, or plain text, as the client accepts."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import Response

from jiqun.errors import (
    Busy,
    JiqunError,
    MethodNotAllowed,
    NotAcceptable,
    RangeNotSatisfiable,
    Unauthorized,
)
from jiqun.rdf.formats import HTML, PROBLEM, TABLE
from jiqun.settings import Settings
from jiqun.web.http import HTML_HEADERS, Headers, Scope, header, reader_of
from jiqun.web.negotiation import Choice, choose
from jiqun.web.pages.error_page import render_error

PROBLEM_FORMATS = (PROBLEM, TABLE, HTML)

_CLOSE: Final[Headers] = ((b"connection", b"close"),)
_BY_STATUS: Final[dict[int, Headers]] = {
    408: _CLOSE,
    413: _CLOSE,
    415: ((b"accept-encoding", b"identity"),),
    431: _CLOSE,
}


def problem_response(error: JiqunError, scope: Scope, settings: Settings) -> Response:
    """Return the response to an error, in the format that the client accepts best."""
    choice = _choose(header(scope, b"accept"))
    members = problem_members(error)
    if choice.format is HTML:
        body = render_error(error.status, error.title, error.detail, reader_of(scope, settings))
    elif choice.format is TABLE:
        body = f"{members['status']} {members['title']}\n\n{members['detail']}\n"
    else:
        body = json.dumps(members, ensure_ascii=False)
    encoded = body.encode(errors="replace")
    response = Response(encoded, error.status)
    response.raw_headers += [
        (b"content-type", choice.content_type.encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept"),
        *(HTML_HEADERS if choice.format is HTML else ()),
        *error_headers(error),
    ]
    return response


def problem_members(error: JiqunError) -> dict[str, Any]:
    """Return the members of the problem details object, with line and column if known."""
    members: dict[str, Any] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    for name in ("line", "column"):
        value = getattr(error, name, None)
        if isinstance(value, int):
            members[name] = value
    if isinstance(error, Busy):
        members["retryAfter"] = error.retry_after
    return members


def error_headers(error: JiqunError) -> Headers:
    """Return the headers required by the status of an error."""
    if isinstance(error, Busy):
        return ((b"retry-after", str(error.retry_after).encode()),)
    if isinstance(error, Unauthorized):
        wrong = b', error="invalid_token"' if error.wrong else b""
        return ((b"www-authenticate", b'Bearer realm="jiqun"' + wrong),)
    if isinstance(error, MethodNotAllowed):
        return ((b"allow", ", ".join(error.allowed).encode()),)
    if isinstance(error, RangeNotSatisfiable):
        return ((b"content-range", f"bytes */{error.size}".encode()),)
    return _BY_STATUS.get(error.status, ())


def _choose(accept: str | None) -> Choice:
    try:
        return choose(accept, PROBLEM_FORMATS)
    except NotAcceptable:
        return Choice(PROBLEM, PROBLEM.media_type)
