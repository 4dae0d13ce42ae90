"""How the documents of Linked Data are sent: as a page or as data, with links to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from jiqun.endpoint.http.formats import HTML
from jiqun.endpoint.http.replies import HTML_HEADERS
from jiqun.endpoint.http.requests import header, public_url
from jiqun.endpoint.linked.documents import Document, choose_form
from jiqun.endpoint.linked.graph import write
from jiqun.endpoint.routes.html import deliver

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import Request, Response

    from jiqun.endpoint.http.negotiate import Choice
    from jiqun.endpoint.linked.documents import Name
    from jiqun.endpoint.linked.graph import Statement


def form_of(request: Request, name: Name) -> Choice:
    """Give the form that a request asks for; raises what the negotiation raises."""
    return choose_form(name, header(request.scope, b"accept"), request.query_params.get("format"))


def document_at(request: Request, path: str, iri: str, types: Iterable[str] = ()) -> Document:
    """Give the document at a path of this site, such as `/doc/beijing`."""
    root = public_url(request.scope, request.app.state.settings)
    return Document(f"{root}{quote(path)}", root, iri, tuple(types))


def page_body(text: str) -> bytes:
    """Give the bytes of a page."""
    return text.encode(errors="replace")


def data_body(statements: Iterable[Statement], choice: Choice) -> bytes:
    """Give the bytes of statements in the form that was chosen."""
    return write(statements, choice.format.media_type)


def send(request: Request, body: bytes, document: Document, choice: Choice) -> Response:
    """Send a document in the form that was chosen; pages get their security headers."""
    headers = document.headers(choice)
    if choice.format is HTML:
        guards = {name.decode(): value.decode() for name, value in HTML_HEADERS}
        return deliver(request, body, HTML.media_type, {**guards, **headers})
    return deliver(request, body, choice.content_type, headers)
