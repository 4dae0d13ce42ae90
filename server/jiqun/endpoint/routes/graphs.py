"""`/graphs`: reading by the SPARQL 1.1 Graph Store HTTP Protocol.

Indirect: `/graphs?default` and `/graphs?graph=<IRI>`. Direct: below `/graphs/` the URL of the
request is the name of the graph. A graph that does not exist is 404; writing is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from jiqun.endpoint.formats import GRAPHS
from jiqun.endpoint.iris import absolute_iri
from jiqun.endpoint.negotiate import negotiate
from jiqun.endpoint.protocol import parse_parameters, read_timeout
from jiqun.endpoint.questions import Question
from jiqun.endpoint.requests import header, public_url
from jiqun.endpoint.routes.sparql import send_answer
from jiqun.errors import BadParameter, MethodNotAllowed, NotFound, UpdateRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jiqun.endpoint.replies import Receive, Scope, Send
    from jiqun.endpoint.service import Service

PATH: Final = "/graphs"
READING: Final = ("GET", "HEAD", "OPTIONS")
WRITING: Final = ("PUT", "POST", "DELETE", "PATCH")

_DEFAULT: Final = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
_NAMED: Final = "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH ?graph { ?s ?p ?o } }"
_EXISTS: Final = "ASK { GRAPH ?graph {} }"


async def serve_graphs(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request to `/graphs` or below; the service is `app.state.service`."""
    service: Service = scope["app"].state.service
    method = scope["method"]
    if method in WRITING:
        raise UpdateRefused("This endpoint is read-only: graphs are read by GET and HEAD.")
    if method not in READING:
        listed = ", ".join(READING)
        raise MethodNotAllowed(
            f"The method {method[:20]} is not possible here. Possible: {listed}.", READING
        )
    parameters = parse_parameters(scope["query_string"], "query string")
    graph = graph_of(scope, parameters, service)
    question = _question(scope, parameters, graph)
    # The format is settled first, so that 406 does not depend on what there is.
    negotiate(question.accept, question.format, GRAPHS)
    if graph is not None and not await service.holds(_EXISTS, question.substitutions):
        raise NotFound("There is no graph of this name.")
    await send_answer(service, question, scope, receive, send)


def graph_of(scope: Scope, parameters: Mapping[str, Sequence[str]], service: Service) -> str | None:
    """Tell which graph a request is about: its IRI, or None for the default graph.

    Raises `BadParameter` unless exactly one graph is named.
    """
    path: str = scope["path"].removeprefix(service.settings.root_path)
    if path != PATH:
        if "default" in parameters or "graph" in parameters:
            raise BadParameter("The URL names the graph already; leave default and graph out.")
        return absolute_iri(public_url(scope, service.settings) + path, "the URL")
    graphs, default = parameters.get("graph", ()), parameters.get("default", ())
    if len(graphs) + len(default) != 1 or any(default):
        raise BadParameter("Name one graph: either ?default, without a value, or ?graph=IRI.")
    return absolute_iri(graphs[0], "graph") if graphs else None


def _question(scope: Scope, parameters: Mapping[str, Sequence[str]], graph: str | None) -> Question:
    client = scope.get("client")
    return Question(
        text=_DEFAULT if graph is None else _NAMED,
        accept=header(scope, b"accept"),
        format=next(iter(parameters.get("format", ())), None),
        accept_encoding=header(scope, b"accept-encoding"),
        if_none_match=header(scope, b"if-none-match"),
        substitutions={} if graph is None else {"graph": f"<{graph}>"},
        timeout=read_timeout(next(iter(parameters.get("timeout", ())), None)),
        client=client[0] if client else "",
    )
