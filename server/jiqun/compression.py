"""Content codings of responses: whole bodies, and streams that are flushed block by block."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final, Protocol

import brotli  # type: ignore[import-untyped]
import zstandard

# In the server's order of preference: the fastest first.
CODINGS: Final = ("zstd", "br", "gzip")

_GZIP_WINDOW: Final = 31
_GZIP_LEVEL: Final = 5
_BROTLI_QUALITY: Final = 4
_ZSTD_LEVEL: Final = 3


class Encoder(Protocol):
    """Encodes a body incrementally."""

    def write(self, block: bytes, /) -> bytes:
        """Return the output available after `block`."""

    def finish(self) -> bytes:
        """Return the rest of the output."""


class _Gzip:
    def __init__(self) -> None:
        self._inner = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)

    def write(self, block: bytes) -> bytes:
        return self._inner.compress(block) + self._inner.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._inner.flush(zlib.Z_FINISH)


class _Brotli:
    def __init__(self) -> None:
        self._inner = brotli.Compressor(quality=_BROTLI_QUALITY)

    def write(self, block: bytes) -> bytes:
        return bytes(self._inner.process(block) + self._inner.flush())

    def finish(self) -> bytes:
        return bytes(self._inner.finish())


class _Zstandard:
    def __init__(self) -> None:
        self._inner = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()

    def write(self, block: bytes) -> bytes:
        compressed = self._inner.compress(block)
        return compressed + self._inner.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def finish(self) -> bytes:
        return self._inner.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH)


_ENCODERS: Final[dict[str, Callable[[], Encoder]]] = {
    "gzip": _Gzip,
    "br": _Brotli,
    "zstd": _Zstandard,
}


def encode(coding: str, body: bytes) -> bytes:
    """Compress a whole body; equal bodies give equal bytes."""
    compressor = encoder(coding)
    return compressor.write(body) + compressor.finish()


def encoder(coding: str) -> Encoder:
    """Return a compressor that flushes every block, so that clients can decode it at once."""
    return _ENCODERS[coding]()
