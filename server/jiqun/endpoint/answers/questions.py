"""A query as somebody asks it, how it will be answered, and the tags of its answers."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jiqun.endpoint.engine.jobs import Job
    from jiqun.endpoint.http.negotiate import Choice


@dataclass(frozen=True)
class Question:
    """A query as somebody asks it; the headers are given as they were sent.

    `substitutions` bind variables (without question mark) to terms in N-Triples syntax; `timeout`
    is in seconds.
    """

    text: str
    accept: str | None = None
    format: str | None = None
    accept_encoding: str | None = None
    if_none_match: str | None = None
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None
    substitutions: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None
    excel: bool = False
    max_rows: int | None = None
    client: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question will be answered, whoever asks it.

    `key` is None for what may differ from time to time.
    """

    job: Job
    choice: Choice
    key: bytes | None
    coding: str | None
    excel: bool = False

    def for_client(self, client: str) -> Plan:
        """Give the same plan on account of another client."""
        if client == self.job.client:
            return self
        return replace(self, job=replace(self.job, client=client))


def key_of(realm: str, job: Job, choice: Choice, *, excel: bool) -> bytes:
    """Give the key of an answer: equal for equal questions about what `realm` names."""
    parts = (
        realm,
        job.text.strip(),
        choice.media_type,
        str(job.max_rows),
        repr(job.default_graphs),
        repr(job.named_graphs),
        str(excel),
    )
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=18).digest()


def etag(key: bytes, coding: str | None) -> bytes:
    """Give the strong entity tag of an answer in a content coding, quotes included."""
    suffix = f"-{coding}" if coding else ""
    return b'"' + base64.urlsafe_b64encode(key) + suffix.encode() + b'"'


def matching_tag(if_none_match: str, key: bytes, coding: str | None) -> bytes | None:
    """Give the tag among those of If-None-Match that is of this answer, if one is.

    The plain tag counts also where a coding is chosen, because short answers go uncoded. A `*` is
    left to the full answer: before it is evaluated, nobody knows that there is one.
    """
    own = {etag(key, None), etag(key, coding)}
    for candidate in if_none_match[:4096].split(","):
        tag = candidate.strip().removeprefix("W/").encode(errors="replace")
        if tag in own:
            return tag
    return None
