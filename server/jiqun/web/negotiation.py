"""Content negotiation (RFC 9110, section 12.5): which of the available formats a client gets.

For every available media type the most specific range of the Accept header that matches it gives
its quality (`text/turtle;version=1.2` before `text/turtle` before `text/*` before `*/*`), a quality
of 0 excludes it, the highest quality wins, and the server's order decides between equals.
(Werkzeug's parser was considered; there a wildcard re-admits what `q=0` excluded.) Headers are
untrusted, so they are parsed in linear time: capped, split first, and matched piece by piece with
expressions that never backtrack.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from jiqun.errors import BadParameter, NotAcceptable, shorten
from jiqun.rdf.earlier_versions import EARLIEST, LABELS
from jiqun.rdf.formats import Format

_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]++")
_QUALITY: Final = re.compile(r"0(?:\.\d{0,3}+)?|1(?:\.0{0,3}+)?")

_VERSIONS: Final = frozenset(("version", label) for label in LABELS)

MOST_ELEMENTS: Final = 64
"""Maximum elements of an Accept or Accept-Encoding header; the rest is ignored."""

MOST_CHARACTERS: Final = 4096
"""Maximum length of such a header, in characters."""


@dataclass(frozen=True)
class MediaRange:
    """One element of an Accept header, with its quality in thousandths.

    `version` is that of RDF or SPARQL, such as `1.2`, empty if none is requested.
    """

    type: str
    subtype: str
    parameters: frozenset[tuple[str, str]]
    quality: int
    version: str = ""

    def names(self, media_type: str) -> bool:
        """Whether this range is exactly that media type."""
        return f"{self.type}/{self.subtype}" == media_type

    def match(self, type_: str, subtype: str, parameters: frozenset[tuple[str, str]]) -> int | None:
        """Return the specificity with which this range matches a media type, or None."""
        if self.type == "*":
            return 0 if self.subtype == "*" else None
        if self.type != type_:
            return None
        if self.subtype == "*":
            return 1
        if self.subtype != subtype or not self.parameters <= parameters:
            return None
        return 2 + len(self.parameters)


def _split(text: str, separator: str) -> list[str]:
    """Split at a separator outside quoted strings, in one pass."""
    if '"' not in text:
        return text.split(separator)
    parts, start, quoted, escaped = [], 0, False, False
    for at, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _parse_quality(text: str) -> int | None:
    return round(float(text) * 1000) if _QUALITY.fullmatch(text) else None


def _parse_parameters(parts: Iterable[str]) -> list[tuple[str, str]] | None:
    """Parse `name=value` pairs; None when one is malformed."""
    found = []
    for part in parts:
        if not part.strip():
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        quoted = len(value) >= 2 and value[0] == value[-1] == '"'
        if not equals or not _NAME.fullmatch(name) or not (quoted or _NAME.fullmatch(value)):
            return None
        found.append((name.lower(), value.strip('"')))
    return found


def _parse_range(element: str) -> MediaRange | None:
    media_type, *rest = _split(element, ";")
    type_, slash, subtype = media_type.strip().lower().partition("/")
    pairs = _parse_parameters(rest)
    if not (slash and pairs is not None and _NAME.fullmatch(type_) and _NAME.fullmatch(subtype)):
        return None
    parameters = set()
    quality: int | None = 1000
    for name, value in pairs:
        if name == "q":
            quality = _parse_quality(value)
            break  # parameters after q belong to Accept, not to the media type
        parameters.add((name, value.lower()))
    # Every response is UTF-8, so a request for UTF-8 adds nothing.
    parameters.discard(("charset", "utf-8"))
    # A 1.1 document is also a 1.2 document.
    versions = parameters & _VERSIONS
    parameters -= versions
    version = max(value for _, value in versions) if versions else ""
    if quality is None:
        return None
    return MediaRange(type_, subtype, frozenset(parameters), quality, version)


@lru_cache(maxsize=512)
def _parse_accept(header: str) -> tuple[MediaRange, ...]:
    elements = _split(header, ",")[:MOST_ELEMENTS]
    ranges = (_parse_range(element) for element in elements if element.strip())
    return tuple(each for each in ranges if each is not None)


def parse_accept(header: str) -> tuple[MediaRange, ...]:
    """Parse an Accept header; malformed elements are ignored."""
    return _parse_accept(header[:MOST_CHARACTERS])


def quality(ranges: Sequence[MediaRange], media_type: str) -> int:
    """Return the quality, 0 to 1000, of a media type for these ranges."""
    type_, _, subtype = media_type.partition("/")
    best, result = -1, 0
    for each in ranges:
        specificity = each.match(type_, subtype, frozenset())
        if specificity is not None and specificity > best:
            best, result = specificity, each.quality
    return result


@dataclass(frozen=True)
class Choice:
    """A format, its media type in the response, and the requested version."""

    format: Format
    media_type: str
    version: str = ""

    def or_version(self, version: str) -> Choice:
        """Return the choice in a version of RDF, unless it has one, or its format has none."""
        asks = version and not self.version and self.format.versions
        return replace(self, version=version) if asks else self

    @property
    def rdf_version(self) -> str:
        """The version of RDF to write: 1.1 unless the client asked for another."""
        return self.version or EARLIEST

    @property
    def content_type(self) -> str:
        """The value of the Content-Type header."""
        plain = self.format.content_type(self.media_type)
        return f"{plain}; version={self.version}" if self.version else plain


def choose(accept: str | None, available: tuple[Format, ...]) -> Choice:
    """Choose among `available`, in order of the server's preference, by an Accept header.

    No header, or a list of nothing, gives the first. Aliases of a format are considered like its
    own media type, but never match wildcards. Raises `NotAcceptable`, listing what is available.
    """
    if accept is None or not accept.strip(" \t,"):
        return Choice(available[0], available[0].media_type)
    return _choose(accept[:MOST_CHARACTERS], available)


@lru_cache(maxsize=1024)
def _choose(accept: str, available: tuple[Format, ...]) -> Choice:
    ranges = _parse_accept(accept)
    exact = tuple(each for each in ranges if each.subtype != "*")
    best, found = 0, None
    for each in available:
        for name in (each.media_type, *each.aliases):
            worth = quality(ranges if name == each.media_type else exact, name)
            if worth > best:
                best, found = worth, Choice(each, name)
    if found is None:
        listed = ", ".join(each.media_type for each in available)
        raise NotAcceptable(
            f"None of the media types in the Accept header is available. Available: {listed}."
        )
    return found.or_version(_asked_version(ranges, found.media_type))


def _asked_version(ranges: Sequence[MediaRange], media_type: str) -> str:
    return next((each.version for each in ranges if each.names(media_type)), "")


def choose_named(name: str, available: Iterable[Format]) -> Choice:
    """Choose by the value of `?format=`: a short name or a media type, perhaps with a version.

    Raises `BadParameter` when this response has no such format, listing the names.
    """
    # An unescaped + in a query string means a space.
    wanted, *parameters = name.strip().lower().replace(" ", "+").split(";")
    version = next((value for _, value in _VERSIONS & {*(_parse_parameters(parameters) or ())}), "")
    formats = tuple(available)
    for each in formats:
        if wanted in each.names or wanted == each.media_type:
            return Choice(each, each.media_type).or_version(version)
    for each in formats:
        if wanted in each.aliases:
            return Choice(each, wanted).or_version(version)
    listed = ", ".join(each.names[0] for each in formats)
    raise BadParameter(f"format={shorten(name)} is not available. Available: {listed}.")


def negotiate(accept: str | None, named: str | None, available: tuple[Format, ...]) -> Choice:
    """Choose by `?format=` when it is given, else by the Accept header.

    Of several names, separated by commas, the first available one is used, or the Accept header if
    there is none: some clients send the parameter twice.
    """
    names = [name for name in (named or "").split(",") if name.strip()]
    for name in names:
        try:
            found = choose_named(name, available)
            return found.or_version(_asked_version(parse_accept(accept or ""), found.media_type))
        except BadParameter:
            if len(names) == 1:
                raise
    return choose(accept, available)


def choose_coding(header: str | None, available: tuple[str, ...]) -> str | None:
    """Choose a content coding by an Accept-Encoding header; None means identity.

    `available` is in order of the server's preference. Identity is always available, even if a
    client excludes it without accepting anything else (as RFC 9110, section 12.5.3, permits).
    """
    return _choose_coding(header[:MOST_CHARACTERS], available) if header else None


@lru_cache(maxsize=256)
def _choose_coding(header: str, available: tuple[str, ...]) -> str | None:
    qualities: dict[str, int] = {}
    for element in header.split(",")[:MOST_ELEMENTS]:
        name, *rest = (part.strip() for part in element.split(";"))
        pairs = _parse_parameters(rest)
        if not _NAME.fullmatch(name) or pairs is None or any(key != "q" for key, _ in pairs):
            continue
        worth = _parse_quality(pairs[0][1]) if pairs else 1000
        if worth is not None:
            qualities[name.lower()] = worth
    return _best_coding(qualities, available)


def _best_coding(qualities: Mapping[str, int], available: Sequence[str]) -> str | None:
    best, found = qualities.get("identity", 0), None
    for coding in available:
        worth = qualities.get(coding, qualities.get("*", 0))
        if worth > 0 and (worth > best or (found is None and worth == best)):
            best, found = worth, coding
    return found
