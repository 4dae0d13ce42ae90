"""The access log: one line of JSON per request, on standard error."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, TextIO

from jiqun.query.jobs import Answer
from jiqun.query.service import Plan
from jiqun.web.http import Scope

_FLUSH_SECONDS: Final = 0.2
_LONGEST_QUERY: Final = 4000
_LOGGED_WITH_TEXT: Final = frozenset({"QueryTimeout", "MemoryLimitExceeded", "WorkerFailed"})


@dataclass(slots=True)
class RequestRecord:
    """One request: filled in while it is served, logged and counted at its end."""

    method: str
    path: str
    client: str
    started: float = field(default_factory=time.perf_counter)
    status: int = 0
    outcome: str = ""
    size: int = 0
    query: str = ""
    form: str = ""
    rows: int | None = None
    queue_seconds: float | None = None
    first_seconds: float | None = None
    seconds: float = 0.0

    def note_plan(self, plan: Plan) -> None:
        """Record the planned query."""
        self.query, self.form = plan.job.parsed.text, plan.job.parsed.form

    def note_answer(self, answer: Answer) -> None:
        """Record what is known when an answer starts."""
        self.outcome = answer.outcome
        self.rows = answer.rows
        if answer.outcome == "ok":
            self.queue_seconds = answer.queue_seconds
            self.first_seconds = answer.first_seconds


def record_of(scope: Scope) -> RequestRecord:
    """Return the record of a request."""
    record: RequestRecord = scope["record"]
    return record


class JsonFormatter(logging.Formatter):
    """Formats log records of the program as lines of JSON, including tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        members = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            members["traceback"] = self.formatException(record.exc_info)
        return json.dumps(members)


class AccessLog:
    """Writes lines of JSON, in small batches."""

    def __init__(self, output: TextIO | None = None) -> None:
        """Write to `output`, by default to standard error."""
        self._output = output
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def write(self, record: RequestRecord, loop: asyncio.AbstractEventLoop) -> None:
        """Log a finished request."""
        self._lines.append(json.dumps(_members(record)))
        if self._timer is None:
            self._timer = loop.call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Write the buffered lines."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        if lines:
            output = self._output or sys.stderr
            output.write("\n".join(lines) + "\n")
            output.flush()


def _members(record: RequestRecord) -> dict[str, object]:
    members: dict[str, object] = {
        "time": round(time.time(), 3),
        "client": record.client,
        "method": record.method,
        "path": record.path[:200],
        "status": record.status,
        "outcome": record.outcome or ("ok" if record.status < 400 else "refused"),
        "seconds": round(record.seconds, 6),
        "bytes": record.size,
    }
    if record.query:
        members["query"] = blake2b(record.query.encode(), digest_size=8).hexdigest()
        members["form"] = record.form
        if record.outcome in _LOGGED_WITH_TEXT:
            members["text"] = record.query[:_LONGEST_QUERY]
    for name in ("rows", "queue_seconds", "first_seconds"):
        value = getattr(record, name)
        if value is not None:
            members[name] = round(value, 6)
    return members
