"""What the server and its writer say to each other, and what a change may take."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jiqun import errors
from jiqun.errors import JiqunError, MalformedData

if TYPE_CHECKING:
    from jiqun.endpoint.sparql.gate import Limits

_LOG: Final = logging.getLogger("jiqun.writing")


@dataclass(frozen=True, slots=True)
class WritingOptions:
    """What a change may take; sizes in bytes, times in seconds, IRIs and origins exact."""

    limits: Limits
    seconds: float = 60.0
    reading_seconds: float = 10.0
    memory_bytes: int = 1024 * 1024 * 1024
    update_length: int = 1_000_000
    document_bytes: int = 64 * 1024 * 1024
    load_allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphChange:
    """A change of one graph, None for the default graph, as the Graph Store Protocol knows it.

    `action` is `replace`, `extend` or `drop`; with `only_new` the graph must not exist yet.
    """

    graph: str | None
    action: str
    base: str | None = None
    content_type: str | None = None
    body: bytes = field(default=b"", repr=False)
    only_new: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """What readers find: the store, its number, and whether the change made a new graph."""

    store: Path
    number: int
    created: bool = False


def published(said: dict[str, Any]) -> Published:
    """Read what the writer says of the state that it published."""
    return Published(Path(said["store"]), said["number"], bool(said.get("created")))


def failure(said: dict[str, Any]) -> JiqunError:
    """Make the error that the writer names."""
    if said["log"]:
        _LOG.error("A change failed: %s", said["log"])
    kind = getattr(errors, said["error"])
    if kind is MalformedData:
        return MalformedData(said["detail"], said["line"], said["column"])
    error: JiqunError = kind(said["detail"])
    return error
