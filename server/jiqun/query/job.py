"""What goes into the engine and what comes out of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from jiqun.query.gate import Inspection


@dataclass(frozen=True, slots=True)
class Job:
    """A query to answer.

    `text` has passed the gate; with its `inspection` at hand the engine need not look again.
    Graphs are IRIs; both None means the dataset of the query, otherwise the two together are the
    whole dataset. `substitutions` map variable names to terms in N-Triples syntax. The deadline
    counts from the moment the job is handed in, waiting included. `max_rows` counts rows or
    triples, `max_bytes` the body.
    """

    text: str
    form: str
    media_type: str
    deadline_seconds: float
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    substitutions: Mapping[str, str] = field(default_factory=dict)
    client: str = ""
    light: bool = False
    max_rows: int | None = None
    max_bytes: int | None = None
    base_iri: str | None = None
    inspection: Inspection | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose first block is ready.

    When `complete`, `first` is the whole body, `rows` and `truncated` are known and `blocks` is
    empty. Otherwise the body goes on in `blocks`, which raise a `JiqunError` when the answer
    breaks off; an answer that is not complete here never ends cleanly when it was cut, so it is
    cut only visibly. `truncated` says that `max_rows` were reached and there would be more.
    """

    media_type: str
    first: bytes
    blocks: AsyncIterator[bytes]
    complete: bool
    rows: int | None
    truncated: bool
    queue_seconds: float
    first_seconds: float
