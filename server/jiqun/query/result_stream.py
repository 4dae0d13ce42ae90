"""Streams query results in size-capped blocks, counts their rows, and keeps them well-formed.

`ResultStream` is the file that the serializers write to. It buffers up to `HOLD` bytes: a result
that ends within them is sent whole, with its size and number of rows known before the first byte.
Beyond that, blocks are sent as they fill, and an error can only abort the stream.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from jiqun.query.earlier_solutions import EarlierSolutions
from jiqun.query.language_case import LanguageCase
from jiqun.rdf.earlier_versions import NEWEST, EarlierVersion

BLOCK = 64 * 1024
HOLD = 256 * 1024

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"
CSV = "text/csv"
TSV = "text/tab-separated-values"
RDF_XML = "application/rdf+xml"
JSON_LD = "application/ld+json"

_CONTROLS = bytes(set(range(0x20)) - {0x09, 0x0A})
_BINDINGS = b'"bindings":['
_NEXT_ROW = re.compile(rb',\{(?:"[^,}]|\})')
_NO_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")


class Cancelled(Exception):
    """The client disconnected."""


class TooLarge(Exception):
    """The result exceeds its cap after its beginning was sent."""


class NotRepresentable(Exception):
    """The result has a character that its format cannot hold."""


class ResultStream:
    """A file that sends what is written to it, block by block."""

    def __init__(
        self,
        media_type: str,
        caps: tuple[int | None, int | None],
        send: Callable[[bytes], None],
        version: str = NEWEST,
    ) -> None:
        """Write `media_type` in a version of RDF; `caps` are the most rows and bytes, or None."""
        self.started = False
        self.triples = EarlierVersion(version)
        """Writes the triples of a graph in that version."""
        self.version = version
        self._solutions = EarlierSolutions(media_type, version)
        self.rows = RowCount(media_type)
        self._media_type = media_type
        self._xml = media_type in {XML, RDF_XML}
        self._languages = LanguageCase(media_type)
        self._most_rows, self._most_bytes = caps
        self._send = send
        self._parts: list[bytes] = []
        self._size = 0
        self._sent = 0
        self._tail = b""

    def write(self, data: bytes) -> int:
        """Write data."""
        self._parts.append(data)
        self._size += len(data)
        if self._size >= (BLOCK if self.started else HOLD):
            taken = self._take()
            if taken:
                self._send_blocks(taken)
        return len(data)

    @property
    def reduced(self) -> bool:
        """Whether terms of RDF 1.2 were written in an earlier version so far."""
        return self._solutions.used or self.triples.used

    def flush(self) -> None:
        """Do nothing: blocks are sent when they are full."""

    def held(self) -> bytes | None:
        """Return the result if none of it was sent, else send the rest and return None."""
        data = self._take(last=True)
        if self.started:
            self._send_blocks(data)
            return None
        self.rows.add(data)
        self._check_bytes(len(data))
        return data

    def _take(self, last: bool = False) -> bytes:
        data = self._tail + b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        self._tail = b""
        if not last:
            data, self._tail = self._languages.divide(data)
        data, rest = self._solutions.write(data)
        self._tail = rest + self._tail
        data = self._languages.write(data)
        return well_formed(data) if self._xml else data

    def _send_blocks(self, data: bytes) -> None:
        self.rows.add(data)
        if self._most_rows is not None and self.rows.count > self._most_rows:
            message = (
                f"The result has more than {self._most_rows} rows, the limit for one answer. "
                "Request it page by page with ORDER BY, LIMIT and OFFSET."
            )
            raise TooLarge(message)
        self._check_bytes(len(data))
        self.started = True
        for start in range(0, len(data), BLOCK):
            self._send(data[start : start + BLOCK])
        self._sent += len(data)

    def _check_bytes(self, size: int) -> None:
        if self._most_bytes is not None and self._sent + size > self._most_bytes:
            message = (
                f"The result has more than {self._most_bytes} bytes, the limit for one answer. "
                "Request fewer columns or rows, or page by page with LIMIT and OFFSET."
            )
            raise TooLarge(message)


class RowCount:
    """Counts the rows of a SELECT result from its bytes.

    Exact for CSV, TSV and XML. For JSON it is exact unless a literal contains ``,{}``, which may be
    counted as a row.
    """

    def __init__(self, media_type: str) -> None:
        """Count nothing for media types without rows."""
        self._count = _COUNTS.get(media_type)
        self._rest = b""
        self._quoted = False
        self._begun = False
        self._opened = False
        self.count = 0

    def add(self, data: bytes) -> None:
        """Count the rows that begin (JSON) or end (all others) in `data`."""
        if self._count is not None and data:
            self._count(self, data)
            self._begun = True

    def _tsv(self, data: bytes) -> None:
        self.count += data.count(b"\n") - (not self._begun)

    def _xml(self, data: bytes) -> None:
        data = self._rest + data
        self.count += data.count(b"</result>")
        self._rest = data[-8:]

    def _csv(self, data: bytes) -> None:
        """Count line ends outside quotes; a quote within quotes is doubled and changes nothing."""
        if b'"' in data or self._quoted:
            pieces = data.split(b'"')
            ends = b'"'.join(pieces[self._quoted :: 2])
            self._quoted ^= len(pieces) % 2 == 0
        else:
            ends = data
        # A split line end is counted in the block that has its second half.
        joined = self._rest + ends
        self.count += joined.count(b"\r\n") - (not self._begun)
        self._rest = b"\r" if data.endswith(b"\r") and not self._quoted else b""

    def _json(self, data: bytes) -> None:
        """Count the openings of binding objects.

        Within a string every quote is escaped, so ``,{"`` can occur there only at its very end,
        where a ``}`` or ``,`` follows the closing quote, never the name of a variable.
        """
        data = self._rest + data
        begin = 0
        if not self._opened:
            self._rest = data
            begin = data.find(_BINDINGS) + len(_BINDINGS)
            if begin < len(_BINDINGS) or begin == len(data):
                return
            self._opened = True
            self.count += data[begin : begin + 1] == b"{"
        self._rest = data[max(begin, len(data) - 3) :]
        # What the next block sees again must not be counted twice.
        self.count += len(_NEXT_ROW.findall(data, begin)) - (self._rest == b",{}")


_COUNTS: Final[Mapping[str, Callable[[RowCount, bytes], None]]] = {
    JSON: RowCount._json,
    XML: RowCount._xml,
    CSV: RowCount._csv,
    TSV: RowCount._tsv,
}


def first_rows(media_type: str, data: bytes, rows: int) -> bytes:
    """Truncate a SELECT result after this number of rows; it remains well-formed."""
    if media_type == JSON:
        document = json.loads(data)
        del document["results"]["bindings"][rows:]
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    if media_type == XML:
        end = -1
        for _ in range(rows):
            end = data.index(b"</result>", end + 1)
        end = end + len(b"</result>") if rows else data.index(b"<results>") + len(b"<results>")
        return data[:end] + b"</results></sparql>"
    if media_type == TSV:
        return b"\n".join(data.split(b"\n", rows + 1)[: rows + 1]) + b"\n"
    end, lines = 0, -1
    while lines < rows:
        end = data.index(b"\r\n", end) + 2
        lines += data.count(b'"', 0, end) % 2 == 0
    return data[:end]


def well_formed(data: bytes) -> bytes:
    """Escape carriage returns, which XML would otherwise read as line feeds.

    Raises `NotRepresentable` for a character that XML 1.0 cannot hold.
    """
    clean = len(data.translate(None, _CONTROLS)) == len(data)
    if clean and b"\xef\xbf\xbe" not in data and b"\xef\xbf\xbf" not in data:
        return data
    found = _NO_XML.search(data)
    if found is not None:
        character = ord(found[0].decode())
        message = (
            f"The result has the character U+{character:04X}, which XML 1.0 cannot represent. "
            "Request another format, such as JSON or Turtle."
        )
        raise NotRepresentable(message)
    return data.replace(b"\r", b"&#13;")
