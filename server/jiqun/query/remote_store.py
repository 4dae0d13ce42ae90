"""A backend as a store with pyoxigraph's `query` method.

Every response is read as JSON or N-Triples, block by block as it arrives, and written by us in the
requested format.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import pyoxigraph as ox

from jiqun.query.evaluation import Failure

_FORM: Final = "application/x-www-form-urlencoded"
_SOLUTIONS: Final = {"application/sparql-results+json", "application/json"}
_KINDS: Final = {413: "large", 502: "gateway", 503: "unavailable", 504: "timeout"}
_BLOCK: Final = 64 * 1024


class RemoteStore:
    """Queries a backend through the server's loopback address for it."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port, self._path = parts.hostname or "", parts.port, parts.path

    def query(
        self,
        text: str,
        *,
        base_iri: str | None = None,
        default_graph: Sequence[ox.NamedNode] | None = None,
        named_graphs: Sequence[ox.NamedNode] | None = None,
        custom_functions: object = None,  # noqa: ARG002 -- the backend has its own
    ) -> Any:
        """Return `QuerySolutions`, `QueryBoolean` or an iterator of triples.

        Raises `SyntaxError` for a malformed query, and `Failure`, also while triples are read;
        reading malformed solutions raises `SyntaxError`.
        """
        if base_iri is not None:
            text = f"BASE {ox.NamedNode(base_iri)}\n{text}"
        pairs = [("query", text)]
        pairs += [("default-graph-uri", each.value) for each in default_graph or ()]
        pairs += [("named-graph-uri", each.value) for each in named_graphs or ()]
        response = self._send(urlencode(pairs).encode())
        if response.status == 400:
            ox.Store().query(text)  # the caller finds the mistake
            raise Failure("evaluation", "the backend refuses it")
        body = Body(response)
        file: Any = body
        if body.media_type in _SOLUTIONS:
            try:
                return ox.parse_query_results(file, ox.QueryResultsFormat.JSON)
            except (SyntaxError, ValueError):
                raise unreadable() from None
        return _triples(file)

    def _send(self, form: bytes) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self._host, self._port)
        try:
            connection.request("POST", self._path, form, {"Content-Type": _FORM})
            response = connection.getresponse()
            if response.status not in {200, 400}:
                detail = response.read().decode("utf-8", "replace")
                raise Failure(_KINDS.get(response.status, "gateway"), detail)
        except (OSError, http.client.HTTPException):
            raise Failure("gateway", "The backend's response ended early.") from None
        return response


class Body:
    """A response body as a file; reading raises `Failure` if it ends early.

    A parser of JSON stops at the end of the document, and to close a connection before the end of
    the body is to abandon the query. So a block is returned once what follows it has arrived: the
    next one, or the end.
    """

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self._buffer = b""
        self._following: bytes | None = None
        self.media_type = response.headers.get_content_type()

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, none at the end."""
        if not self._buffer:
            self._buffer = self._receive() if self._following is None else self._following
            self._following = self._receive() if self._buffer else b""
            while self._following.isspace():
                self._buffer += self._following
                self._following = self._receive()
        size = len(self._buffer) if size < 0 else size
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _receive(self) -> bytes:
        try:
            return self._response.read1(_BLOCK)
        except (OSError, http.client.HTTPException):
            raise Failure("gateway", "The backend's response ended early.") from None


def _triples(file: Any) -> Iterator[ox.Triple]:
    try:
        for quad in ox.parse(file, format=ox.RdfFormat.N_TRIPLES):
            yield quad.triple
    except (SyntaxError, ValueError):
        raise unreadable() from None


def unreadable() -> Failure:
    """Return the failure for a response that does not match its media type."""
    return Failure("gateway", "The backend's response cannot be read.")
