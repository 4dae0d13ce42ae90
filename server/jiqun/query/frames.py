"""The frames that the server and its processes exchange over a socket pair.

A frame is one byte that says what it is, four bytes of length (big-endian) and so many bytes.
Control frames carry JSON, `BLOCK` carries a piece of the result as it goes to the client.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping

HEADER = struct.Struct("!cI")

# From the engine to a worker.
OPEN = b"O"  # {"store": path}: read this store from now on
JOB = b"J"  # a query to answer
INSPECT = b"I"  # {"text", "limits", "allowed"}: what does the gate say of it?
CANCEL = b"C"  # nobody waits for the answer any more

# From a worker to the engine.
READY = b"R"  # the store is open
START = b"S"  # {"complete", "rows", "truncated", "retire"}: the first block follows, or the only
BLOCK = b"B"
FOUND = b"N"  # what the gate found, an `Inspection`
END = b"F"  # {"rows", "retire"}: the answer was whole
ERROR = b"X"  # {"kind", "detail", "retire"}: there is no (whole) answer

# From the server to the writer; END answers {"number", "store", "created", ...}.
REBASE = b"L"  # {"release", "store", "keep_seconds"}: put this release below
UPDATE = b"U"  # a SPARQL update
GRAPH = b"G"  # a change of one graph; a BLOCK with its data follows
DOCUMENT = b"D"  # {"content_type", "base"}: a BLOCK with what was fetched follows
SKIP = b"K"  # a LOAD SILENT came to nothing

# From the writer to the server.
FETCH = b"T"  # {"loads": [[url, silent]]}: each is answered by DOCUMENT, SKIP or CANCEL


def pack(kind: bytes, body: bytes | Mapping[str, object]) -> bytes:
    """Return a frame of this kind; a dictionary becomes JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HEADER.pack(kind, len(data)) + data


def receive(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Wait for a frame; None when the other side is gone."""
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
