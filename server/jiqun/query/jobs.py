"""Jobs for workers, and their answers."""

from __future__ import annotations

import json
import pickle
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from jiqun.compression import Encoder
from jiqun.query import frames
from jiqun.query.gate import ParsedQuery
from jiqun.rdf.earlier_versions import NEWEST


@dataclass(frozen=True)
class Job:
    """A query to evaluate.

    `parsed` has passed the gate. Graphs are IRIs; both None means the dataset of the query,
    otherwise the two together are the whole dataset. The deadline counts from the submission of the
    job, waiting included. `row_limit` is a LIMIT in addition to that of the query. `max_rows`
    counts rows or triples, `max_bytes` the body. `version` is that of RDF in which the answer is
    written.
    """

    parsed: ParsedQuery
    media_type: str
    deadline_seconds: float
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    client: str = ""
    light: bool = False
    max_rows: int | None = None
    row_limit: int | None = None
    max_bytes: int | None = None
    base_iri: str | None = None
    version: str = NEWEST

    @property
    def reads_default_graph(self) -> bool:
        """Whether the default graph of the store is all that the query can read."""
        if self.parsed.graphs or self.parsed.calls:
            return False
        return (self.default_graphs, self.named_graphs) == (None, None)

    def order(self, parsed: ParsedQuery | None = None) -> dict[str, Any]:
        """Return the arguments of `evaluate`; `parsed` may have its services replaced."""
        parsed = parsed or self.parsed
        rows = self.row_limit if parsed.form != "ASK" else None
        if self.max_rows is not None and parsed.form == "SELECT":
            rows = min(rows or self.max_rows + 1, self.max_rows + 1)
        text = parsed.evaluated(rows)
        return {
            "text": text,
            "written": parsed.text if text != parsed.text else None,
            "media_type": self.media_type,
            "base_iri": self.base_iri,
            "version": self.version,
            "default_graphs": self.default_graphs,
            "named_graphs": self.named_graphs,
            "max_rows": self.max_rows,
            "max_bytes": self.max_bytes,
            "services": bool(parsed.calls),
            "default_graph": self.reads_default_graph,
            "reach": parsed.reach,
            "newer": parsed.version != "",
        }

    def frame(self, parsed: ParsedQuery | None = None) -> bytes:
        """Return the frame that sends this to a worker; `parsed` may have its services replaced."""
        return frames.pack(frames.QUERY, self.order(parsed))


@dataclass(frozen=True)
class DocumentJob:
    """A document to generate: the function by module and name, and its arguments.

    `key` stands for the arguments in the cache, where they are too large for it.
    """

    module: str
    function: str
    arguments: tuple[Any, ...]
    named: Mapping[str, Any]
    deadline_seconds: float
    client: str = ""
    key: str = ""

    def frame(self) -> bytes:
        """Return the frame that sends this to a worker."""
        call = (self.module, self.function, self.arguments, dict(self.named))
        return frames.pack(frames.DOCUMENT, pickle.dumps(call))


class BlockStream:
    """The blocks of an answer as they arrive; must be read to the end or closed.

    Iterating raises a `JiqunError` when the evaluation fails midway: an incomplete answer never
    ends cleanly.
    """

    def __init__(self, receive: Callable[[], Awaitable[bytes | None]], close: Callable[[], None]):
        """Read blocks with `receive` until it returns None; `close` stops the evaluation."""
        self._receive = receive
        self._close = close
        self._pending: list[bytes] = []
        self._encoders: list[Encoder] = []
        self._ended = False

    def push_back(self, block: bytes) -> BlockStream:
        """Put a block before the remaining ones."""
        self._pending.append(block)
        return self

    def through(self, encoder: Encoder) -> BlockStream:
        """Rewrite all remaining blocks."""
        self._encoders.append(encoder)
        return self

    def __aiter__(self) -> BlockStream:
        return self

    async def __anext__(self) -> bytes:
        if self._ended:
            raise StopAsyncIteration
        block = self._pending.pop() if self._pending else await self._receive()
        if block is None:
            self._ended = True
            rest = b""
            for encoder in self._encoders:
                rest = encoder.write(rest) + encoder.finish() if rest else encoder.finish()
            return rest
        for encoder in self._encoders:
            block = encoder.write(block)
        return block

    def close(self) -> None:
        """Stop the evaluation if it is still running."""
        self._close()


class Answer(NamedTuple):
    """The result of a job.

    Without `blocks`, `body` is whole. Otherwise `body` is its beginning, and it continues in
    `blocks`. `truncated` says that `max_rows` were reached and there would be more, `reduced` that
    a whole answer has terms of RDF 1.2, written in an earlier version. Status,
    Content-Type, headers and entity tag (without quotes) are those of a document.
    """

    body: bytes
    rows: int | None = None
    truncated: bool = False
    queue_seconds: float = 0.0
    first_seconds: float = 0.0
    blocks: BlockStream | None = None
    status: int = 200
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    etag: str = ""
    coding: str | None = None
    outcome: str = "ok"
    reduced: bool = False

    @classmethod
    def of_document(cls, data: bytes, queue_seconds: float, first_seconds: float) -> Answer:
        """Read a worker's response to a `DocumentJob`: a line of JSON, then the body."""
        head, _, body = data.partition(b"\n")
        members = json.loads(head)
        return cls(
            body,
            queue_seconds=queue_seconds,
            first_seconds=first_seconds,
            status=members["status"],
            content_type=members["content_type"],
            headers=tuple(members["headers"].items()),
            etag=members["etag"],
        )
