"""Responses with pages and documents.

How pages and other small documents are sent.

Documents that are long to make and change with the release only, kept after the first time.

How the documents of Linked Data are sent: as a page or as data, with links to each other.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from jiqun.compression import CODINGS, encode
from jiqun.errors import BadParameter
from jiqun.rdf.formats import HTML
from jiqun.web.http import HTML_HEADERS, Headers, header, public_url, reader_of
from jiqun.web.linked_data.documents import SUFFIXES, Document, Name, Suffixes, choose_form
from jiqun.web.linked_data.serialization import Statement, write
from jiqun.web.negotiation import Choice, choose_coding

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


_MOST: Final = 32


class Kept:
    """The last bodies that were made, by what they depend on."""

    def __init__(self) -> None:
        """Start with none."""
        self._bodies: OrderedDict[Hashable, bytes] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """Give the body for `key`, made now if it is not kept."""
        body = self._bodies.get(key)
        if body is None:
            body = await make()
            self._bodies[key] = body
            while len(self._bodies) > _MOST:
                self._bodies.popitem(last=False)
        self._bodies.move_to_end(key)
        return body


_PAGE: Final = re.compile(r"[1-9][0-9]{0,4}")


def form_of(request: Request, name: Name, suffixes: Suffixes = SUFFIXES) -> Choice:
    """Give the form that a request asks for; raises what the negotiation raises."""
    accept, named = header(request.scope, b"accept"), request.query_params.get("format")
    return choose_form(name, accept, named, suffixes)


def document_at(
    request: Request,
    path: str,
    iri: str,
    types: Iterable[str] = (),
    suffixes: Suffixes = SUFFIXES,
) -> Document:
    """Give the document at a path of this site, such as `/doc/beijing`."""
    root = public_url(request.scope, request.app.state.settings)
    return Document(f"{root}{quote(path)}", root, iri, tuple(types), suffixes)


def page_number(request: Request) -> int:
    """Give the number that `?page=` asks for, 1 without it; raises `BadParameter`."""
    text = request.query_params.get("page", "1")
    if not _PAGE.fullmatch(text):
        raise BadParameter("page must be a number from 1 to 99999.")
    return int(text)


def page_body(text: str) -> bytes:
    """Give the bytes of a page."""
    return text.encode(errors="replace")


def data_body(statements: Iterable[Statement], choice: Choice) -> bytes:
    """Give the bytes of statements in the form that was chosen."""
    return write(statements, choice.format.media_type)


def send(
    request: Request,
    body: bytes,
    document: Document,
    choice: Choice,
    *,
    status: int = 200,
    extra: Mapping[str, str] | None = None,
) -> Response:
    """Send a document in the form that was chosen; pages get their security headers."""
    headers = {**document.headers(choice), **(extra or {})}
    if choice.format is HTML:
        return page_of(request, body, headers, status)
    return deliver(request, body, choice.content_type, headers, status)
