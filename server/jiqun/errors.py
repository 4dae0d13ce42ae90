"""The exception tree: errors of a request, of the server, and of its operator.

Every error has a message for the person who can fix it, without stack traces and, for clients,
without paths. Errors of requests and of the server are HTTP responses with `status` and `title`;
those of the operator end a command with exit code 2. The names of classes are outcomes in the
access log and in the metrics. Anything that is not a `JiqunError` is a bug.
"""

from __future__ import annotations

import re


class JiqunError(Exception):
    """The root: `title` is short and constant, `detail` explains the error and what to do."""

    status = 500
    title = "Internal error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class RequestError(JiqunError):
    """The request is invalid; repeating it does not help."""

    status, title = 400, "Bad request"


class BadParameter(RequestError):
    """A parameter is missing, unknown or has the wrong type."""

    title = "Bad parameter"


class MalformedQuery(RequestError):
    """The query is malformed; `line` and `column`, if in the detail, count from 1."""

    title = "Malformed query"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        place = re.match(r"At line (\d+), column (\d+):", detail)
        self.line = int(place[1]) if place else None
        self.column = int(place[2]) if place else None


class QueryTooLarge(RequestError):
    """The query exceeds a limit on its text; the detail names the limit."""

    title = "Query exceeds a limit"


class EvaluationFailed(RequestError):
    """The query is well-formed but cannot be evaluated."""

    title = "Query cannot be evaluated"


class ResultTooLarge(RequestError):
    """The result has more rows or bytes than one answer may have; it is incomplete."""

    title = "Result exceeds a limit"


class MalformedData(RequestError):
    """RDF data is not well-formed or cannot be stored; `line` and `column` count from 1."""

    title = "Malformed data"

    def __init__(self, detail: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(detail)
        self.line = line
        self.column = column


class UpdateFailed(RequestError):
    """The update is well-formed but cannot be applied; nothing was changed."""

    title = "Update failed"


class Unauthorized(RequestError):
    """Writing needs a token, which the request lacks or, if `wrong`, has wrong."""

    status, title = 401, "Unauthorized"

    def __init__(self, detail: str, wrong: bool = False) -> None:
        super().__init__(detail)
        self.wrong = wrong


class ServiceRefused(RequestError):
    """The query calls SERVICE on an endpoint that is not allow-listed."""

    status, title = 403, "SERVICE refused"


class OriginRefused(RequestError):
    """A web page of another site requests a resource that is only for this site."""

    status, title = 403, "Origin refused"


class UpdateRefused(RequestError):
    """The server does not accept this update, or any updates at this URL."""

    status, title = 403, "Update refused"


class NotFound(RequestError):
    """There is no such resource."""

    status, title = 404, "Not found"


class MethodNotAllowed(RequestError):
    """The resource does not support the method; `allowed` is for the Allow header."""

    status, title = 405, "Method not allowed"

    def __init__(self, detail: str, allowed: tuple[str, ...]) -> None:
        super().__init__(detail)
        self.allowed = allowed


class NotAcceptable(RequestError):
    """The resource has none of the formats in the Accept header."""

    status, title = 406, "Not acceptable"


class RequestTimeout(RequestError):
    """The client did not send its request in time."""

    status, title = 408, "Request timed out"


class PreconditionFailed(RequestError):
    """The graph does not meet a precondition of the request, such as If-Match."""

    status, title = 412, "Precondition failed"


class RequestTooLarge(RequestError):
    """The body of the request exceeds the limit."""

    status, title = 413, "Request too large"


class UnsupportedMediaType(RequestError):
    """The media type, charset or coding of the body is not supported."""

    status, title = 415, "Unsupported media type"


class RangeNotSatisfiable(RequestError):
    """The byte range starts beyond the end of the file, which has `size` bytes."""

    status, title = 416, "Range not satisfiable"

    def __init__(self, detail: str, size: int) -> None:
        super().__init__(detail)
        self.size = size


class Misdirected(RequestError):
    """The request names a host for which the resource is not available."""

    status, title = 421, "Misdirected request"


class ServerError(JiqunError):
    """The server cannot answer a request that may be valid; it may succeed later."""

    status, title = 503, "Service unavailable"


class Busy(ServerError):
    """No worker is free and the queue, or the client's share of it, is full."""

    title = "Busy"

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        """`retry_after` is in whole seconds, for the header of that name."""
        super().__init__(detail)
        self.retry_after = retry_after


class EngineUnavailable(Busy):
    """The backend cannot be reached, or is overloaded."""

    title = "Engine unavailable"

    def __init__(self, detail: str, retry_after: int = 5) -> None:
        super().__init__(detail, retry_after)


class EngineFailed(ServerError):
    """The backend sent an invalid response."""

    status, title = 502, "Engine failed"


class QueryTimeout(ServerError):
    """The query reached its deadline and was stopped."""

    status, title = 504, "Query timed out"


class UpdateTimeout(ServerError):
    """The update reached its deadline and was undone."""

    status, title = 504, "Update timed out"


class MemoryLimitExceeded(ServerError):
    """The query reached the memory limit of a worker and was stopped."""

    title = "Query exceeded its memory"


class WorkerFailed(ServerError):
    """The worker exited while evaluating the query; no other query is affected."""

    title = "Query failed"


class ReleaseError(ServerError):
    """The release folder is missing, incomplete, damaged or of another format."""

    title = "No usable release"


class WorkspaceError(ServerError):
    """The workspace folder is in use, damaged, of another format or cannot be written."""

    title = "No usable workspace"


class InsufficientStorage(ServerError):
    """The disk of the workspace is full."""

    status, title = 507, "Insufficient storage"


class OperatorError(JiqunError):
    """A command or the server cannot do what its operator asks; never an HTTP response."""


class SettingsError(OperatorError):
    """A setting cannot be used as it is."""


class ContentError(OperatorError):
    """The ontology, data or queries have mistakes: lines of `file:line: message (rule)`."""


def shorten(text: str, most: int = 80) -> str:
    """Return untrusted text for a message: printable, at most `most` characters."""
    printable = "".join(character if character.isprintable() else "?" for character in text)
    return printable if len(printable) <= most else f"{printable[:most]}…"


def useful_part(message: str) -> str:
    """Shorten a message of the engine to its useful part."""
    return message if len(message) <= 300 else message[:300].rsplit(",", 1)[0] + " …"
