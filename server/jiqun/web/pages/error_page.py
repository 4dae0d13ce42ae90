"""Errors as problem details (RFC 9457), pages or text, and retired identifiers (301, 410)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pyoxigraph import Triple
from starlette.responses import Response

from jiqun.errors import (
    Busy,
    JiqunError,
    MethodNotAllowed,
    NotAcceptable,
    RangeNotSatisfiable,
    Unauthorized,
)
from jiqun.language import Reader, pick
from jiqun.query.solutions import Select
from jiqun.rdf.formats import HTML, PROBLEM, TABLE
from jiqun.rdf.namespaces import DCTERMS, OWL, RDFS, SLUG
from jiqun.rdf.terms import text, typed
from jiqun.settings import Settings
from jiqun.web.documents import Context, Document
from jiqun.web.http import HTML_HEADERS, Headers, Scope, header, reader_of
from jiqun.web.linked_data.descriptions import rdf_document
from jiqun.web.linked_data.representations import SUFFIXES, Suffixes, Target, suffix_of
from jiqun.web.negotiation import Choice, choose
from jiqun.web.pages.rendering import data_links, html_document, render

_WAIT: Final = frozenset({429, 503})
_NARROW: Final = frozenset({503, 504})
PROBLEM_FORMATS = (PROBLEM, TABLE, HTML)
_CLOSE: Final[Headers] = ((b"connection", b"close"),)
_BY_STATUS: Final[dict[int, Headers]] = {
    408: _CLOSE,
    413: _CLOSE,
    415: ((b"accept-encoding", b"identity"),),
    431: _CLOSE,
}


@dataclass(frozen=True)
class Retirement:
    """A retired identifier, the reasons by language, and the IRI that replaces it."""

    iri: str
    reasons: Mapping[str, str] = field(default_factory=dict)
    successor: str = ""

    def triples(self) -> Iterator[Triple]:
        """Return the same in RDF."""
        yield typed(self.iri, f"{OWL}deprecated", "true", "boolean")
        for lang, reason in self.reasons.items():
            yield text(self.iri, f"{RDFS}comment", reason, lang)


def read_retirement(select: Select, iri: str) -> Retirement | None:
    """Read how an identifier was retired; None when it was not."""
    rows = select(
        f"SELECT ?reason ?successor WHERE {{ <{iri}> <{OWL}deprecated> true . "
        f"OPTIONAL {{ <{iri}> <{RDFS}comment> ?reason }} "
        f"OPTIONAL {{ <{iri}> <{DCTERMS}isReplacedBy> ?successor }} }} ORDER BY ?reason ?successor"
    )
    if not rows:
        return None
    reasons = {row["reason"].lang: row["reason"].value for row in rows if "reason" in row}
    successors = [row["successor"].value for row in rows if "successor" in row]
    return Retirement(iri, reasons, next((each for each in successors if each != iri), ""))


def retirement(
    context: Context, reader: Reader, target: Target, namespace: str, suffixes: Suffixes = SUFFIXES
) -> Document | None:
    """Return the document of a retired identifier, `namespace` + slug; None if it is not retired.

    If another of the namespace replaces it, redirect there for good (301), to the same kind of
    address in the same form; else state the reason (410).
    """
    if not SLUG.fullmatch(target.slug):
        return None
    found = read_retirement(context.select, namespace + target.slug)
    if found is None:
        return None
    path = f"{target.folder}{target.slug}"
    if found.successor.startswith(namespace):
        suffix = f".{suffix_of(target.choice, suffixes)}" if target.name.form is not None else ""
        successor = found.successor.removeprefix(namespace)
        location = f"{reader.root}{target.folder}{successor}{suffix}"
        links = f'<{found.successor}>; rel="successor-version"'
        return redirect(301, location, links, target.query)
    # Non-RDF forms, such as the text of a query, cannot state the reason.
    known = any(each.format == target.choice.format for each in SUFFIXES.values())
    choice = target.choice if known else SUFFIXES["ttl"]
    headers = target.resource(found.iri).headers(choice)
    if target.is_page:
        return html_document(render_retirement(found, path, reader), reader, headers, 410)
    return rdf_document(found.triples(), choice, headers, 410)


def redirect(status: int, location: str, links: str, query: str = "") -> Document:
    """Return a redirect to `location` with the query string of the request."""
    url = f"{location}?{query}".rstrip("?")
    headers = {
        "Location": url,
        "Link": links,
        "Cache-Control": "no-cache",
        "Vary": "Accept, Accept-Encoding",
    }
    return Document(f"See {url}\n".encode(), "text/plain; charset=utf-8", status, headers)


def render_retirement(retired: Retirement, path: str, reader: Reader) -> str:
    """Render why an identifier was retired, and what replaces it.

    `path` is the path without suffix, such as `/doc/beijing`.
    """
    return render(
        "retired.html",
        reader,
        iri=retired.iri,
        reason=pick(retired.reasons, reader),
        search=reader.link("/search", q=path.rpartition("/")[2].replace("-", " ")),
        data=data_links(path, reader),
    )


def render_error(
    status: int, title: str, detail: str, reader: Reader, query: str | None = None
) -> str:
    """Render an error; with `query`, the text of the query that failed is in a form."""
    advice = []
    if query is not None and status < 500:
        advice.append("error_correct")
    if status in _WAIT:
        advice.append("error_wait")
    if status in _NARROW:
        advice.append("error_narrow")
    return render(
        "error.html", reader, status=status, title=title, detail=detail, advice=advice, text=query
    )


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
