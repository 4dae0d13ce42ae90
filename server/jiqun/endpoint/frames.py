"""The frames that the engine and its workers exchange over a socket pair.

A frame is one byte that says what it is, four bytes of length (big-endian) and so many bytes.
Control frames carry JSON, `BLOCK` carries a piece of the result as it goes to the client.
"""

from __future__ import annotations

import json
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER = struct.Struct("!cI")

# From the engine to a worker.
OPEN = b"O"  # {"store": path}: read this store from now on
JOB = b"J"  # a query to answer
CANCEL = b"C"  # nobody waits for the answer any more

# From a worker to the engine.
READY = b"R"  # the store is open
START = b"S"  # {"complete", "rows", "truncated"}: the first block follows
BLOCK = b"B"
END = b"F"  # {"rows", "retire"}: the answer was whole
ERROR = b"X"  # {"kind", "detail", "retire"}: there is no (whole) answer


def pack(kind: bytes, body: bytes | Mapping[str, object]) -> bytes:
    """Return a frame of this kind; a dictionary becomes JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HEADER.pack(kind, len(data)) + data
