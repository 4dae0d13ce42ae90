"""The frames that the server exchanges with its worker and writer processes over a socket pair.

A frame is one byte for its kind, a four-byte length (big-endian), and the payload. Control frames
carry JSON; `QUERY` is answered by `ANSWER`, or by `BLOCK`s and an `END`, or by `ERROR`.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping

HEADER = struct.Struct("!cI")

SUMMARY = struct.Struct("!?q??")
"""Begins `ANSWER` and is all of `END`: whether to retire the worker, rows or -1, whether it was
truncated, whether terms of RDF 1.2 were written in an earlier version."""

# From the server to a worker.
OPEN = b"O"  # {"store": path}: switch to this store
QUERY = b"J"  # a query to evaluate
PARSE = b"I"  # {"text", "limits", "allowed"}: parse a long query
DOCUMENT = b"P"  # a pickled document function call
CANCEL = b"C"  # the client disconnected

# From a worker to the server.
READY = b"R"  # the store is open
ANSWER = b"A"  # a summary and the whole body
BLOCK = b"B"  # a block of a body that exceeds the worker's buffer
END = b"F"  # a summary: the body is complete
PARSED = b"N"  # the fields of a `ParsedQuery`
ERROR = b"X"  # {"kind", "detail", "retire"}: there is no (whole) answer

# From the server to the writer; END answers {"number", "store", "created", ...}.
REBASE = b"L"  # {"release", "store", "keep_seconds"}: rebase on this release
UPDATE = b"U"  # a SPARQL update
GRAPH = b"G"  # a change to one graph; a BLOCK with its data follows
FETCHED = b"D"  # {"content_type", "base"}: a BLOCK with what was fetched follows
SKIP = b"K"  # a LOAD SILENT failed

# From the writer to the server.
FETCH = b"T"  # {"loads": [[url, silent]]}: each is answered by FETCHED, SKIP or CANCEL


def pack(kind: bytes, body: bytes | Mapping[str, object]) -> bytes:
    """Return a frame of this kind; a mapping becomes JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HEADER.pack(kind, len(data)) + data


def receive(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Wait for a frame; None when the other side has closed the connection."""
    header = _exactly(connection, HEADER.size)
    if header is None:
        return None
    kind, length = HEADER.unpack(header)
    body = _exactly(connection, length)
    return None if body is None else (kind, bytes(body))


def _exactly(connection: socket.socket, length: int) -> bytearray | None:
    data = bytearray(length)
    view = memoryview(data)
    at = 0
    while at < length:
        count = connection.recv_into(view[at:])
        if not count:
            return None
        at += count
    return data
