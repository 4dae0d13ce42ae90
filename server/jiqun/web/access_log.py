"""What is written down about each request: for the log, for the metrics."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, TextIO

from jiqun.query.job import Answer, Job
from jiqun.web.http import Reply, Scope

_FLUSH_SECONDS: Final = 0.2
_LONGEST_QUERY: Final = 4000
_DANGEROUS: Final = frozenset({"QueryTimeout", "MemoryLimitExceeded", "WorkerFailed"})


@dataclass(slots=True)
class Account:
    """One request: filled in while it is served, written down when it is over."""

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

    def note_job(self, job: Job) -> None:
        """Note what is asked."""
        self.query = job.text
        self.form = job.form

    def note_reply(self, reply: Reply) -> None:
        """Note what came of it, as far as it is known when the answer begins."""
        self.outcome = reply.outcome
        self.rows = reply.entry.rows if reply.entry is not None else None
        if reply.answer is not None:
            self._note_answer(reply.answer)

    def _note_answer(self, answer: Answer) -> None:
        self.rows = answer.rows
        self.queue_seconds = answer.queue_seconds
        self.first_seconds = answer.first_seconds


def account_of(scope: Scope) -> Account:
    """Give the account of a request."""
    account: Account = scope["account"]
    return account


class RequestLog:
    """Writes one JSON object a line, a few lines at a time."""

    def __init__(self, output: TextIO | None = None) -> None:
        """Write to `output`, by default to standard error."""
        self._output = output
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def write(self, account: Account, loop: asyncio.AbstractEventLoop) -> None:
        """Write down a request that is over."""
        self._lines.append(json.dumps(_members(account), ensure_ascii=True))
        if self._timer is None:
            self._timer = loop.call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Put out what is waiting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        if lines:
            output = self._output or sys.stderr
            output.write("\n".join(lines) + "\n")
            output.flush()


def _members(account: Account) -> dict[str, object]:
    members: dict[str, object] = {
        "time": round(time.time(), 3),
        "client": account.client,
        "method": account.method,
        "path": account.path[:200],
        "status": account.status,
        "outcome": account.outcome or ("ok" if account.status < 400 else "refused"),
        "seconds": round(account.seconds, 6),
        "bytes": account.size,
    }
    if account.query:
        members["query"] = blake2b(account.query.encode(), digest_size=8).hexdigest()
        members["form"] = account.form
        if account.outcome in _DANGEROUS:
            members["text"] = account.query[:_LONGEST_QUERY]
    for name in ("rows", "queue_seconds", "first_seconds"):
        value = getattr(account, name)
        if value is not None:
            members[name] = round(value, 6)
    return members
