"""`/graphs` and `/update`: the SPARQL 1.1 Graph Store HTTP Protocol, and updates.

A graph is named indirectly, by `/graphs?default` or `/graphs?graph=<IRI>`, or directly: below
`/graphs/` the URL of the request is the name of the graph. Reading is open; PUT, POST, DELETE and
updates need the operator's token, sent as a bearer token (RFC 6750) in the header. A token in a URL
is refused even when it is valid: URLs end up in logs and histories. A POST to `/graphs` itself
creates a graph with a new name. A change is made only when its request was received completely, and
cancelled when its client disconnects. `Jiqun-Changed-Literals` is the number of literals that are
stored in another form.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final
from urllib.parse import quote
from uuid import uuid4

from starlette.responses import PlainTextResponse, Response

from jiqun.compression import CODINGS
from jiqun.errors import (
    BadParameter,
    MethodNotAllowed,
    NotFound,
    PreconditionFailed,
    SettingsError,
    Unauthorized,
    UpdateRefused,
)
from jiqun.query.protocol import Update, parse_parameters, read_operation, read_timeout
from jiqun.query.service import QueryRequest, QueryService
from jiqun.rdf.earlier_versions import LABELS
from jiqun.rdf.formats import GRAPHS
from jiqun.rdf.namespaces import absolute_iri
from jiqun.rdf.parsing import check_content_type
from jiqun.settings import Settings, read_secret
from jiqun.web.access_log import record_of
from jiqun.web.http import (
    ClientWatch,
    Receive,
    Scope,
    Send,
    check_match,
    header,
    matching_etag,
    public_url,
    read_body,
)
from jiqun.web.negotiation import Choice, negotiate
from jiqun.web.routes.sparql_routes import AnswerResponse, as_chosen
from jiqun.writing.write_service import Commit, GraphChange, WriteService

LEAST_CHARACTERS: Final = 16
_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_IN_URL: Final = frozenset({"access_token", "token", "update_token", "authorization"})
PATH: Final = "/graphs"
METHODS: Final = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")
UPDATE_PATH: Final = "/update"
UPDATE_METHODS: Final = ("POST", "OPTIONS")
_VERSIONS: Final = ("", *LABELS)
_ACTIONS: Final = {"PUT": "replace", "POST": "extend", "DELETE": "drop"}
_DEFAULT: Final = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
_NAMED: Final = "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH ?graph { ?s ?p ?o } }"
_EXISTS: Final = "ASK { GRAPH ?graph {} }"
# The characters that RFC 3986 §3.3 allows in a path as they are.
_IN_PATH: Final = "/:@!$&'()*+,;=~-._"
# A character takes up to four bytes in UTF-8.
_BYTES_OF_A_CHARACTER: Final = 4


def read_token(settings: Settings) -> str | None:
    """Return the token that allows writing, None when writing is off.

    Raises `SettingsError` for a token that cannot be read or sent, that is too short, or whose file
    other users of the machine may read or change.
    """
    token = settings.update_token.get_secret_value() if settings.update_token else ""
    if settings.update_token_file is not None:
        if token:
            raise SettingsError("Set the update token or a file with it, not both.")
        token = read_secret(settings.update_token_file, "The update token")
    if not token:
        return None
    if len(token) < LEAST_CHARACTERS or not _TOKEN.fullmatch(token):
        raise SettingsError(
            f"The update token needs at least {LEAST_CHARACTERS} characters, all of them letters, "
            "digits or - . _ ~ + /, for example the output of `openssl rand -hex 32`."
        )
    return token


def check_permission(scope: Scope, token: str | None) -> None:
    """Return if a request may write.

    Raises `UpdateRefused` when writing is off, `BadParameter` for a token in the URL, and
    `Unauthorized`.
    """
    if token is None:
        raise UpdateRefused(
            "Writing is disabled: this endpoint only answers queries. The operator can enable it "
            "with --workspace and --update-token-file."
        )
    if _IN_URL & {name.lower() for name in parse_parameters(scope["query_string"], "query string")}:
        raise BadParameter(
            "Tokens are not accepted in URLs, which are logged. Send it in the header "
            "Authorization: Bearer …"
        )
    value = header(scope, b"authorization")
    if not value:
        raise Unauthorized("Writing needs a token: send the header Authorization: Bearer …")
    scheme, _, sent = value.partition(" ")
    same = hmac.compare_digest(sent.strip(" ").encode("utf-8", "replace"), token.encode())
    if scheme.lower() != "bearer" or not same:
        raise Unauthorized("The token in the header Authorization is not valid.", True)


async def serve_graphs(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request to `/graphs` or below; the service is `app.state.service`."""
    service: QueryService = scope["app"].state.service
    method = scope["method"]
    if method in _ACTIONS:
        await _change_graph(scope, receive, send)
        return
    if method not in METHODS:
        raise MethodNotAllowed(
            f"Method not allowed. Allowed: {', '.join(METHODS)}. To change parts of a graph, POST "
            "to /update.",
            METHODS,
        )
    parameters = parse_parameters(scope["query_string"], "query string")
    graph = graph_of(scope, parameters, service)
    format_name = ",".join(parameters.get("format", ()))
    # The format is chosen first, so that 406 does not depend on the graph.
    negotiate(header(scope, b"accept"), format_name, GRAPHS)
    if not await _exists(service, graph):
        raise NotFound("There is no graph of this name.")
    respond = AnswerResponse(service, _query(scope, parameters, graph), format_name)
    await respond(scope, receive, send)


async def serve_update(scope: Scope, receive: Receive, send: Send) -> None:
    """Apply one update; respond 204 when it is visible to readers."""
    state = scope["app"].state
    if scope["method"] != "POST":
        raise MethodNotAllowed("Method not allowed. Allowed: POST", UPDATE_METHODS)
    check_permission(scope, state.token)
    max_bytes = _BYTES_OF_A_CHARACTER * state.settings.update_length
    body = await _whole_body(scope, receive, max_bytes)
    content_type = header(scope, b"content-type")
    operation = read_operation("POST", scope["query_string"], content_type, body)
    if not isinstance(operation, Update):
        raise BadParameter("This URL accepts updates; send queries to /sparql.")
    record = record_of(scope)
    record.query, record.form = operation.text, "UPDATE"
    writing: WriteService = state.writing
    async with ClientWatch(receive):
        commit = await writing.update(operation, public_url(scope, state.settings) + UPDATE_PATH)
    record.outcome = "written"
    await Response(status_code=204, headers=_headers(commit))(scope, receive, send)


async def _change_graph(scope: Scope, receive: Receive, send: Send) -> None:
    state = scope["app"].state
    service: QueryService = state.service
    writing: WriteService = state.writing
    method = scope["method"]
    check_permission(scope, state.token)
    parameters = parse_parameters(scope["query_string"], "query string")
    store = f"{public_url(scope, service.settings)}{PATH}"
    if (
        method == "POST"
        and _path(scope, service) == PATH
        and parameters.keys().isdisjoint({"graph", "default"})
    ):
        graph: str | None = f"{store}/{uuid4()}"
    else:
        graph = graph_of(scope, parameters, service)
    if header(scope, b"content-range") is not None:
        raise BadParameter("A part of a graph (Content-Range) cannot be sent; send the whole.")
    content_type, body = None, b""
    if method != "DELETE":
        content_type = header(scope, b"content-type")
        check_content_type(content_type)
        body = await _whole_body(scope, receive, service.settings.write_bytes)
    change = GraphChange(
        graph=graph,
        action=_ACTIONS[method],
        base=graph or store,
        content_type=content_type,
        body=body,
        only_new=(header(scope, b"if-none-match") or "").strip() == "*",
    )
    async with ClientWatch(receive):
        commit = await writing.change_graph(
            change, partial(_check_conditions, scope, service, graph)
        )
    record_of(scope).outcome = "written"
    await _response(store, change, commit)(scope, receive, send)


async def _whole_body(scope: Scope, receive: Receive, max_bytes: int) -> bytes:
    """Read the body; raises `BadParameter` unless it has the length that the request declares.

    Independently of the HTTP parser, an incomplete body must never be stored.
    """
    body = await read_body(scope, receive, scope["app"].state.settings, max_bytes)
    declared = header(scope, b"content-length")
    if declared is not None and declared.strip() != str(len(body)):
        raise BadParameter("The request body is incomplete, so nothing was changed. Send it again.")
    return body


def _headers(commit: Commit) -> dict[str, str]:
    return {
        "Cache-Control": "no-store",
        "Jiqun-Changed-Literals": str(commit.changed_literals),
    }


def _response(store: str, change: GraphChange, commit: Commit) -> Response:
    """Return 201 for a new graph, 204 for a replaced one, 200 for the rest (section 5)."""
    headers = _headers(commit)
    if change.action == "drop":
        return PlainTextResponse("The graph was removed.\n", headers=headers)
    if commit.created:
        location = _location(store, change.graph)
        return Response(status_code=201, headers={**headers, "Location": location})
    if change.action == "replace":
        return Response(status_code=204, headers=headers)
    return PlainTextResponse("The graph was extended.\n", headers=headers)


def _location(store: str, graph: str | None) -> str:
    """Return the URL of a graph; `store` is that of the graph store."""
    if graph is None:
        return f"{store}?default"
    return graph if graph.startswith(f"{store}/") else f"{store}?graph={quote(graph, safe='')}"


async def _check_conditions(scope: Scope, service: QueryService, graph: str | None) -> None:
    """Raise `PreconditionFailed` unless If-Match and If-None-Match (RFC 9110, 13.1) hold.

    The writer checks `If-None-Match: *`, since it decides whether the graph exists.
    """
    if_match, if_none_match = header(scope, b"if-match"), header(scope, b"if-none-match")
    named = if_none_match is not None and if_none_match.strip() != "*"
    if if_match is None and not named:
        return
    etags = await _etags(scope, service, graph) if await _exists(service, graph) else ()
    if if_match is not None:
        if not etags:
            raise PreconditionFailed("There is no graph of this name (If-Match).")
        check_match(scope, etags)
    if if_none_match is not None and named and matching_etag(if_none_match, etags):
        raise PreconditionFailed("The graph is the one that If-None-Match names.")


async def _etags(scope: Scope, service: QueryService, graph: str | None) -> tuple[bytes, ...]:
    """Return the entity tags under which the graph is read, in all formats and codings."""
    choices = [Choice(each, each.media_type, version) for each in GRAPHS for version in _VERSIONS]
    query = _query(scope, {}, graph)
    plans = [await service.plan(query, as_chosen(each)) for each in choices]
    return tuple(plan.etag(coding) for plan in plans for coding in (None, *CODINGS))


async def _exists(service: QueryService, graph: str | None) -> bool:
    return graph is None or await service.holds(_EXISTS, {"graph": f"<{graph}>"})


def _path(scope: Scope, service: QueryService) -> str:
    path: str = scope["path"]
    return path.removeprefix(service.settings.root_path)


def graph_of(
    scope: Scope, parameters: Mapping[str, Sequence[str]], service: QueryService
) -> str | None:
    """Return the IRI of the graph that a request names, None for the default graph.

    Raises `BadParameter` unless exactly one graph is named.
    """
    path = _path(scope, service)
    if path != PATH:
        if "default" in parameters or "graph" in parameters:
            raise BadParameter("The URL already names the graph; omit default and graph.")
        encoded = quote(path, safe=_IN_PATH)
        return absolute_iri(public_url(scope, service.settings) + encoded, "the URL")
    graphs, default = parameters.get("graph", ()), parameters.get("default", ())
    if len(graphs) + len(default) != 1 or any(default):
        raise BadParameter("Name one graph: either ?default, without a value, or ?graph=IRI.")
    return absolute_iri(graphs[0], "graph") if graphs else None


def _query(
    scope: Scope, parameters: Mapping[str, Sequence[str]], graph: str | None
) -> QueryRequest:
    client = scope.get("client")
    return QueryRequest(
        text=_DEFAULT if graph is None else _NAMED,
        bindings={} if graph is None else {"graph": f"<{graph}>"},
        timeout=read_timeout(next(iter(parameters.get("timeout", ())), None)),
        client=client[0] if client else "",
    )
