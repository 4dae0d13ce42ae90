"""Everything that can go wrong and is somebody's to mend, as one small tree.

Each error carries the HTTP status it answers with and a text that is safe to show: no paths, no
stack traces. Whatever is not a `JiqunError` is a bug.
"""

from __future__ import annotations


class JiqunError(Exception):
    """The root: `title` is short and constant, the message says what was wrong and what to do."""

    status = 500
    title = "Internal error"

    def __init__(self, detail: str) -> None:
        """Keep `detail`, one or more full sentences for the person who can mend it."""
        super().__init__(detail)
        self.detail = detail


class MalformedQuery(JiqunError):
    """The text is not a SPARQL query."""

    status = 400
    title = "Malformed query"


class QueryTooLarge(JiqunError):
    """The query exceeds a limit of the gate; the detail names the limit and by how much."""

    status = 400
    title = "Query exceeds a limit"


class ServiceRefused(JiqunError):
    """The query calls SERVICE on an endpoint that is not allow-listed."""

    status = 403
    title = "SERVICE refused"


class UpdateRefused(JiqunError):
    """An update was sent where only queries are answered, or without the right to write."""

    status = 403
    title = "Update refused"


class QueryTimeout(JiqunError):
    """The query did not end before its deadline and was stopped."""

    status = 504
    title = "Query timed out"


class MemoryLimitExceeded(JiqunError):
    """The query needed more memory than a worker may take and was stopped."""

    status = 503
    title = "Query exceeded its memory"


class Busy(JiqunError):
    """No worker is free and the queue, or the client's share of it, is full."""

    status = 503
    title = "Busy"

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        """Keep `retry_after`, in whole seconds, for the header of that name."""
        super().__init__(detail)
        self.retry_after = retry_after


class WorkerFailed(JiqunError):
    """A worker died while it answered; the query is to blame, nobody else was touched."""

    status = 503
    title = "Query failed"


class NotFound(JiqunError):
    """There is no such thing here."""

    status = 404
    title = "Not found"


class BadParameter(JiqunError):
    """A request parameter is missing, unknown or not of its type."""

    status = 400
    title = "Bad parameter"


class NotAcceptable(JiqunError):
    """None of the formats that the client accepts can be given."""

    status = 406
    title = "Not acceptable"


class ReleaseError(JiqunError):
    """A release folder is missing, half-written, damaged or of another format."""

    status = 503
    title = "No usable release"


class ContentError(JiqunError):
    """The ontology, data or queries have mistakes, each told as `file:line: what, and the rule`."""

    status = 500
    title = "Content has mistakes"


class MethodNotAllowed(JiqunError):
    """The resource does not know this HTTP method."""

    status = 405
    title = "Method not allowed"

    def __init__(self, detail: str, allowed: tuple[str, ...]) -> None:
        """Keep `allowed`, the methods for the Allow header."""
        super().__init__(detail)
        self.allowed = allowed


class RequestTimeout(JiqunError):
    """The client did not send its request in time."""

    status = 408
    title = "Request timed out"


class RequestTooLarge(JiqunError):
    """The body of the request is longer than the server reads."""

    status = 413
    title = "Request too large"


class UnsupportedMediaType(JiqunError):
    """The body of the request has a media type, charset or coding that is not read here."""

    status = 415
    title = "Unsupported media type"


class AddressError(JiqunError):
    """The server cannot listen where it was told to."""

    status = 503
    title = "Cannot listen"


class EvaluationFailed(JiqunError):
    """The query is well-formed, but it cannot be evaluated: an unknown function, a bad term."""

    status = 400
    title = "Query cannot be evaluated"


class ResultTooLarge(JiqunError):
    """The result has more rows or bytes than one answer may have; what was sent is not whole."""

    status = 400
    title = "Result exceeds a limit"


class WorkspaceError(JiqunError):
    """The workspace folder is in use, damaged, of another format or cannot be written."""

    status = 503
    title = "No usable workspace"


class InsufficientStorage(JiqunError):
    """The disk of the workspace is full."""

    status = 507
    title = "Insufficient storage"


class Unauthorized(JiqunError):
    """Writing needs a token, and the request has none or a wrong one."""

    status = 401
    title = "Unauthorized"

    def __init__(self, detail: str, wrong: bool = False) -> None:
        """Keep whether a token was sent and is wrong."""
        super().__init__(detail)
        self.wrong = wrong


class SettingsError(JiqunError):
    """A setting cannot be used as it is."""

    status = 500
    title = "Bad setting"


class RangeNotSatisfiable(JiqunError):
    """The range of bytes that is asked for lies beyond the end."""

    status = 416
    title = "Range not satisfiable"

    def __init__(self, detail: str, size: int) -> None:
        """Keep `size`, the length in bytes of what there is."""
        super().__init__(detail)
        self.size = size


class MalformedData(JiqunError):
    """RDF data that was sent is not well-formed, or is of a kind that is not stored here."""

    status = 400
    title = "Malformed data"

    def __init__(self, detail: str, line: int | None = None, column: int | None = None) -> None:
        """Keep `line` and `column`, counted from 1, where they are known."""
        super().__init__(detail)
        self.line = line
        self.column = column


class UpdateFailed(JiqunError):
    """The update is well-formed, but it cannot be carried out; nothing of it was."""

    status = 400
    title = "Update failed"


class UpdateTimeout(JiqunError):
    """The update did not end before its deadline and was undone."""

    status = 504
    title = "Update timed out"


class PreconditionFailed(JiqunError):
    """The graph is not, or no longer, what the request takes it to be (If-Match and the like)."""

    status = 412
    title = "Precondition failed"


class NotReached(JiqunError):
    """An address given on the command line did not give what it should; the detail says why."""

    status = 502
    title = "Not reached"


def shorten(text: str, most: int = 80) -> str:
    """Make text from outside fit for a message: printable, and at most `most` characters."""
    printable = "".join(character if character.isprintable() else "?" for character in text)
    return printable if len(printable) <= most else f"{printable[:most]}…"
