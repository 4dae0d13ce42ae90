"""Checks the head of a request against RFC 9110 and RFC 9112.

uvicorn's parser reads what is well-formed; what is well-formed and must be refused all the same,
and what must be read in another way than it is written, is here. A refusal is sent by the
connection itself, with problem details, and ends it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

from jiqun.web.http import Headers, everywhere, header_lines, is_host

LONGEST_TARGET: Final = 65_535
"""Maximum length of a request target in the URL parser, in bytes."""

_TITLES: Final = {
    400: ("Bad Request", "NotHttp"),
    408: ("Request Timeout", "HeadersTooSlow"),
    414: ("URI Too Long", "AddressTooLong"),
    417: ("Expectation Failed", "ExpectationFailed"),
    431: ("Request Header Fields Too Large", "HeadersTooLong"),
    501: ("Not Implemented", "NotImplemented"),
    503: ("Service Unavailable", "TooManyConnections"),
    505: ("HTTP Version Not Supported", "VersionNotSupported"),
}
"""Title and outcome of each status that a connection responds with itself."""

_REQUEST_LINE: Final = re.compile(
    rb"(?:\r\n)?([!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}+) [!-~\x80-\xff]++ HTTP/([0-9])\.[0-9]\r?\n"
)
_ABSOLUTE: Final = re.compile(rb"https?://([^/?#]*+)", re.IGNORECASE)
_BEYOND_ASCII: Final = re.compile(rb"[\x80-\xff]")


class Refused(Exception):
    """A request is refused with this status, because of `detail`."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail

    @property
    def outcome(self) -> str:
        """The word for it in the access log and in the metrics."""
        return _TITLES[self.status][1]


def refusal_response(
    refusal: Refused, release: str, common: Iterable[tuple[bytes, bytes]], *, body: bool
) -> bytes:
    """Return a complete response; `common` are the headers of every response, such as Date."""
    title = _TITLES[refusal.status][0]
    members = {
        "type": "about:blank",
        "title": title,
        "status": refusal.status,
        "detail": refusal.detail,
    }
    content = json.dumps(members).encode()
    own: Headers = (
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
        *(((b"retry-after", b"1"),) if refusal.status == 503 else ()),
    )
    lines = header_lines((*common, *own, *everywhere(release)))
    status = f"HTTP/1.1 {refusal.status} {title}\r\n".encode()
    return b"".join([status, lines, b"\r\n", content if body else b""])


def refusal_of_text(data: bytes, *, unknown_method: bool) -> Refused:
    """Return the refusal of a request that the parser could not read."""
    found = _REQUEST_LINE.match(data)
    if found and found[2] != b"1":
        return other_version()
    if found and unknown_method:
        name = found[1].decode("ascii")
        return Refused(501, f"There is no method {name}. Methods are in capitals.")
    return Refused(400, "The request is not HTTP/1.1.")


def encode_request_line(data: bytes) -> tuple[bytes, bool]:
    """Percent-encode non-ASCII characters in the first line of `data`.

    That is how an IRI becomes a URI (RFC 3987, section 3.1); the parser reads no other. Returns the
    data, and whether the line continues after it.
    """
    start = len(data) - len(data.lstrip(b"\r\n")) if data[:1] in {b"\r", b"\n"} else 0
    end = data.find(b"\n", start)
    line = data if end < 0 else data[:end]
    if line.isascii():
        return data, end < 0
    encoded = _BEYOND_ASCII.sub(lambda found: b"%%%02X" % found[0][0], line)
    return (encoded, True) if end < 0 else (encoded + data[end:], False)


def other_version() -> Refused:
    """Return the refusal of a major version of HTTP."""
    return Refused(505, "This server supports HTTP/1.1.")


def headers_too_long(most: int) -> Refused:
    """Return the refusal of headers that have more bytes than `most`."""
    return Refused(431, f"The headers are longer than {most} bytes.")


def address_too_long() -> Refused:
    """Return the refusal of a URL that is too long for the parser."""
    return Refused(414, f"The URL is longer than {LONGEST_TARGET} bytes.")


def check_headers(headers: Iterable[tuple[bytes, bytes]], version: str, most: int) -> None:
    """Raise `Refused` for invalid headers, or for more than `most` bytes."""
    hosts = size = 0
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"host":
            hosts += 1
            if not is_host(value):
                raise Refused(400, "The Host header is not a host name with an optional port.")
        elif name == b"transfer-encoding":
            _check_transfer_coding(value, version)
        elif name == b"expect" and version != "1.0" and value.strip().lower() != b"100-continue":
            raise Refused(417, "The only supported expectation is 100-continue.")
    if size > most:
        raise headers_too_long(most)
    if hosts != 1 and (hosts or version != "1.0"):
        missing = "has no Host header" if not hosts else "has more than one Host header"
        raise Refused(400, f"The request {missing}.")


def _check_transfer_coding(value: bytes, version: str) -> None:
    if version == "1.0":
        raise Refused(400, "HTTP/1.0 has no Transfer-Encoding.")
    *others, last = value.lower().split(b",")
    if last.strip() != b"chunked":
        raise Refused(400, "The end of the body is undefined without chunked.")
    if others:
        raise Refused(501, "The only supported Transfer-Encoding is chunked.")


def read_target(method: bytes, target: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return a request target as the application reads it (RFC 9112, section 3.2).

    In absolute form its host replaces the Host header in `headers`. `OPTIONS *` is mapped to the
    root. Raises `Refused`.
    """
    if method == b"CONNECT":
        raise Refused(501, "This server is not a proxy and does not support CONNECT.")
    if target == b"*" and method == b"OPTIONS":
        return b"/"
    if absolute := _ABSOLUTE.match(target):
        if not is_host(absolute[1]):
            raise Refused(400, "The address does not name a host with an optional port.")
        headers[:] = [pair for pair in headers if pair[0] != b"host"]
        headers.append((b"host", absolute[1]))
        target = target[absolute.end() :]
        target = target if target.startswith(b"/") else b"/" + target
    if not target.startswith(b"/"):
        raise Refused(400, "The address of a request begins with /.")
    if len(target) > LONGEST_TARGET:
        raise address_too_long()
    return target
