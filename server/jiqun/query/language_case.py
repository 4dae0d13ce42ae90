"""Restores the canonical case of language tags in results: `zh-Hans`, not `zh-hans`.

Works on the serialized bytes, piece by piece; only tags with a subtag can change.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from jiqun.rdf.terms import language_tag

_TAG: Final = rb"([a-z]++(?:-[a-z0-9]++)++)"
_QUOTED: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"(?:@' + _TAG + rb")?+")
_WORTHWHILE: Final = re.compile(rb'"@' + _TAG)
# In XML and JSON, quotes within values are escaped, so these never occur in one.
_XML: Final = re.compile(rb' xml:lang="' + _TAG + rb'"')
_JSON: Final = re.compile(rb':lang":"' + _TAG + rb'"')
_JSON_LD: Final = re.compile(rb'@language":"' + _TAG + rb'"')

_PATTERNS: Final = {
    "application/sparql-results+json": (b"}", _JSON),
    "application/ld+json": (b"}", _JSON_LD),
    "application/sparql-results+xml": (b">", _XML),
    "application/rdf+xml": (b">", _XML),
    "text/tab-separated-values": (b"\n", None),
    "text/turtle": (b"\n", None),
    "application/n-triples": (b"\n", None),
    "application/trig": (b"\n", None),
    "application/n-quads": (b"\n", None),
}


class LanguageCase:
    """Writes the tags in one media type in canonical case."""

    def __init__(self, media_type: str) -> None:
        """Leave media types without tags unchanged."""
        self._end, self._pattern = _PATTERNS.get(media_type, (b"", None))

    def divide(self, data: bytes) -> tuple[bytes, bytes]:
        """Split data where no tag and no string with one is divided."""
        if not self._end:
            return data, b""
        at = data.rfind(self._end) + 1
        return data[:at], data[at:]

    def write(self, data: bytes) -> bytes:
        """Return data, which begins and ends where `divide` splits, with canonical tags."""
        if self._pattern is not None:
            return self._pattern.sub(lambda found: _attribute(found[0]), data)
        if self._end and _WORTHWHILE.search(data) is not None:
            return _QUOTED.sub(_usual, data)
        return data


def _usual(found: re.Match[bytes]) -> bytes:
    whole, tag = found[0], found[1]
    if tag is None:
        return whole
    at = found.start(1) - found.start()
    return whole[:at] + language_tag(tag.decode()).encode() + whole[at + len(tag) :]


@lru_cache(maxsize=1024)
def _attribute(written: bytes) -> bytes:
    """Return the name and the quoted value of an attribute with the tag in canonical case."""
    before, quote, tag = written[:-1].rpartition(b'"')
    return before + quote + language_tag(tag.decode()).encode() + quote
