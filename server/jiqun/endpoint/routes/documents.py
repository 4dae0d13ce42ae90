"""How the documents of Linked Data are sent: as a page or as data, with links to each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from jiqun.endpoint.http.formats import HTML
from jiqun.endpoint.http.requests import header, public_url
from jiqun.endpoint.linked.documents import SUFFIXES, Document, choose_form
from jiqun.endpoint.linked.graph import write
from jiqun.endpoint.routes.html import deliver, page_of
from jiqun.errors import BadParameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fastapi import Request, Response

    from jiqun.endpoint.http.negotiate import Choice
    from jiqun.endpoint.linked.documents import Name, Suffixes
    from jiqun.endpoint.linked.graph import Statement


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


def send(  # noqa: PLR0913 -- what is sent, and what is said of it
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
