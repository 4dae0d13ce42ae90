"""How the files of a release are written, and what the manifest says of each.

A text is written as it is, or as gzip (RFC 1952, without name or time) and Zstandard (RFC 8878):
the same bytes on every machine that has the same libraries.
"""

from __future__ import annotations

import gzip
import hashlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import zstandard

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_GZIP_LEVEL: Final = 6
_ZSTD_LEVEL: Final = 9


@dataclass(frozen=True)
class Offer:
    """What a file is for those who choose: group, media type, title by language, its standard.

    `group` is `rdf`, `tables`, `maps`, `graphs`, or `about` for what only programs read;
    `conforms_to` is the address of the specification of the format; what is `packed` lies there
    as `.gz` and as `.zst`.
    """

    group: str
    media_type: str
    title: Mapping[str, str] = field(default_factory=dict)
    conforms_to: str = ""
    packed: bool = False


@dataclass(frozen=True)
class Written:
    """A file that was written: its name, SHA-256 in hexadecimal, size, and what it is.

    `text_sha256` is that of the content before it was compressed: it is the same on every machine,
    while the compressed bytes are so only where zlib is the same (zlib-ng packs otherwise).
    `counts` says how many triples, rows or features there are in it.
    """

    name: str
    sha256: str
    text_sha256: str
    bytes: int
    offer: Offer
    counts: Mapping[str, int]
    packing: str = ""

    def entry(self) -> dict[str, Any]:
        """Return what the manifest says of the file."""
        told: dict[str, Any] = {
            "sha256": self.sha256,
            "textSha256": self.text_sha256,
            "bytes": self.bytes,
            "mediaType": self.offer.media_type,
            "packing": self.packing,
            "group": self.offer.group,
            "title": dict(self.offer.title),
            "conformsTo": self.offer.conforms_to,
        }
        return {key: value for key, value in told.items() if value} | dict(self.counts)


def write_packed(
    folder: Path, name: str, text: str, offer: Offer, counts: Mapping[str, int]
) -> list[Written]:
    """Write `text` as `name.gz` and `name.zst`, and describe both."""
    raw = text.encode("utf-8")
    packed = {"gzip": (".gz", _gzip(raw)), "zstd": (".zst", _zstd(raw))}
    written = []
    for packing, (suffix, content) in packed.items():
        (folder / f"{name}{suffix}").write_bytes(content)
        digests = _sha256(content), _sha256(raw)
        size = len(content)
        written.append(Written(f"{name}{suffix}", *digests, size, offer, counts, packing))
    return written


def write_plain(
    folder: Path, name: str, content: str | bytes, offer: Offer, counts: Mapping[str, int]
) -> Written:
    """Write the content as it is, a text in UTF-8, and describe the file."""
    raw = content.encode("utf-8") if isinstance(content, str) else content
    (folder / name).write_bytes(raw)
    return Written(name, _sha256(raw), _sha256(raw), len(raw), offer, counts)


def _gzip(raw: bytes) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(
        filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=buffer, mtime=0
    ) as out:
        out.write(raw)
    return buffer.getvalue()


def _zstd(raw: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compress(raw)


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
