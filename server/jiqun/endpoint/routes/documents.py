"""How the documents of Linked Data are sent: as a page or as data, with links to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from jiqun.endpoint.formats import HTML
from jiqun.endpoint.linked.documents import Document, choose_form
from jiqun.endpoint.linked.graph import write
from jiqun.endpoint.replies import HTML_HEADERS
from jiqun.endpoint.requests import header, public_url
from jiqun.endpoint.routes.html import deliver

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fastapi import Request, Response

    from jiqun.endpoint.linked.documents import Name
    from jiqun.endpoint.linked.graph import Statement
    from jiqun.endpoint.negotiate import Choice


def form_of(request: Request, name: Name) -> Choice:
    """Give the form that a request asks for; raises what the negotiation raises."""
    return choose_form(name, header(request.scope, b"accept"), request.query_params.get("format"))


def document_at(request: Request, path: str, iri: str, types: Iterable[str] = ()) -> Document:
    """Give the document at a path of this site, such as `/doc/beijing`."""
    root = public_url(request.scope, request.app.state.settings)
    return Document(f"{root}{quote(path)}", root, iri, tuple(types))


def send_page(request: Request, text: str, document: Document, choice: Choice) -> Response:
    """Send the page of a document."""
    guards = {name.decode(): value.decode() for name, value in HTML_HEADERS}
    headers = {**guards, **document.headers(choice)}
    return deliver(request, text.encode(errors="replace"), HTML.media_type, headers)


def send_data(
    request: Request, statements: Iterable[Statement], document: Document, choice: Choice
) -> Response:
    """Send a document as data."""
    body = write(statements, choice.format.media_type)
    return deliver(request, body, choice.content_type, document.headers(choice))
