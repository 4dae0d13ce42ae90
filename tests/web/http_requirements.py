# ruff: noqa: E501 -- one row a line
"""What RFC 9110, 9111 and 9112 ask of an origin server of this kind: a table, by section.

Each row is a request as raw bytes, the statuses that come back, and what the answer holds (`has`)
and does not hold (`lacks`), as regular expressions over headers and body. Where a row names them,
`ETAG` and `MODIFIED` stand for the validators of `/dumps/jiqun.nt.gz`, and `TAG` for that of `ASK`.
"""

from __future__ import annotations

from dataclasses import dataclass

ASK = b"ASK {}"
ASKED = "/sparql?query=ASK%20%7B%7D"
DUMP = "/dumps/jiqun.nt.gz"
DIRECT = "Content-Type: application/sparql-query"
CHUNKED = "Transfer-Encoding: chunked"
OFFER = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAA"
CONTINUE = "Expect: 100-continue"
CLOSE = "Connection: close"
TRUE = rb'"boolean":true'
NO_STORE = rb"cache-control: no-store"
DATE = rb"\r\ndate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n"


@dataclass(frozen=True)
class Requirement:
    """A request in one or several pieces, and what must come back."""

    section: str
    name: str
    pieces: tuple[bytes, ...]
    statuses: tuple[int, ...]
    has: tuple[bytes, ...] = ()
    lacks: tuple[bytes, ...] = ()
    answers: int = 0
    """How often the answer of ASK is in it."""

    def __str__(self) -> str:
        return f"{self.section}, {self.name}"


def request(
    target: str,
    *headers: str,
    method: str = "GET",
    version: str = "1.1",
    host: str | None = "Host: a",
    body: bytes = b"",
) -> bytes:
    """Return a request; with a body it declares its length, unless it has a framing."""
    lines = [f"{method} {target} HTTP/{version}", *([host] if host is not None else []), *headers]
    framed = any(line.lower().startswith(("content-l", "transfer")) for line in headers)
    if body and not framed:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def post(*headers: str, body: bytes = ASK, version: str = "1.1") -> bytes:
    """Return a query sent directly."""
    return request("/sparql", DIRECT, *headers, method="POST", body=body, version=version)


def row(
    section: str,
    name: str,
    pieces: bytes | tuple[bytes, ...],
    *statuses: int,
    has: tuple[bytes, ...] = (),
    lacks: tuple[bytes, ...] = (),
    answers: int = 0,
) -> Requirement:
    pieces = pieces if isinstance(pieces, tuple) else (pieces,)
    return Requirement(section, name, pieces, statuses, has, lacks, answers)


LAST = request(ASKED, CLOSE)
# fmt: off
MESSAGES = [
    row("9110 2.5", "a higher minor version is read as 1.1", request(ASKED, CLOSE, version="1.2"), 200, answers=1),
    row("9110 2.5", "another major version", request(ASKED, version="3.0"), 505, has=(b"HTTP/1.1",)),
    row("9110 5.1", "names of headers in any case", request(ASKED, "aCCEPT: text/csv", "CONNECTION: CLOSE"), 200, has=(rb"content-type: text/csv",)),
    row("9110 5.3", "lines of one header are one list", request(ASKED, "Accept: image/png", "Accept: text/csv", CLOSE), 200, has=(rb"text/csv",)),
    row("9110 5.5", "bytes beyond ASCII in a value", request(ASKED, "X-Name: 集群", CLOSE), 200, answers=1),
    row("9110 5.6.1", "empty elements of a list", request(ASKED, "Accept: , ,text/csv,,", CLOSE), 200, has=(rb"text/csv",)),
    row("9110 5.6.1", "a list of nothing", request(ASKED, "Accept: ,,", CLOSE), 200, answers=1),
    row("9110 6.5", "trailers are no headers", (post(CHUNKED, CLOSE, body=b"6\r\nASK {}\r\n0\r\nAccept: text/csv\r\n\r\n"),), 200, answers=1),
    row("9110 6.6.1", "Date on success", LAST, 200, has=(DATE,), answers=1),
    row("9110 6.6.1", "Date on what is not modified", request(ASKED, "If-None-Match: *", CLOSE), 304, has=(DATE,)),
    row("9110 6.6.1", "Date on an error", request("/none", CLOSE), 404, has=(DATE,)),
    row("9110 6.6.1", "Date on a refusal", request(ASKED, host=None), 400, has=(DATE, NO_STORE)),
    row("9110 7.2", "no Host", request(ASKED, host=None), 400),
    row("9110 7.2", "two Hosts", request(ASKED, "Host: b"), 400),
    row("9110 7.2", "a Host that is none", request("/health/live", host="Host: a b"), 400),
    row("9110 7.2", "a Host with a user", request(ASKED, host="Host: u:p@a"), 400),
    row("9110 7.2", "a Host with half an address", request(ASKED, host="Host: [::1"), 400),
    row("9110 7.2", "a Host that is empty", request(ASKED, CLOSE, host="Host:"), 200, answers=1),
    row("9110 7.2", "a Host with an address and a port", request(ASKED, CLOSE, host="Host: [::1]:80"), 200, answers=1),
    row("9110 7.2", "no Host in HTTP/1.0", request(ASKED, host=None, version="1.0"), 200, answers=1),
    row("9110 7.6.1", "Connection: close", LAST, 200, has=(rb"\r\nconnection: close\r\n",), answers=1),
    row("9110 7.8", "an upgrade without body", request(ASKED, OFFER) + LAST, 200, 200, answers=2),
    row("9110 7.8", "an upgrade with a body", post(OFFER) + LAST, 200, 200, answers=2),
    row("9110 7.8", "an upgrade whose body comes later", (post(OFFER, "Content-Length: 6", body=b""), b"ASK", b" {}" + LAST), 200, 200, answers=2),
    row("9110 7.8", "an upgrade with chunks", post(OFFER, CHUNKED, body=b"6\r\nASK {}\r\n0\r\nX: trailer\r\n\r\n") + LAST, 200, 200, answers=2),
    row("9110 7.8", "two upgrades", 2 * post(OFFER) + LAST, 200, 200, 200, answers=3),
    row("9110 7.8", "an upgrade to WebSocket", post(OFFER.replace("h2c", "websocket")) + LAST, 200, 200, answers=2),
    row("9110 8.3", "a body of an unknown type", request("/sparql", "Content-Type: text/x", CLOSE, method="POST", body=ASK), 415),
    row("9110 8.3", "a body in another charset", post(CLOSE).replace(b"query\r\n", b"query; charset=utf-16\r\n"), 415),
    row("9110 8.4", "a body in a coding", post("Content-Encoding: gzip", CLOSE), 415, has=(rb"\r\naccept-encoding: identity\r\n",)),
    row("9110 8.4", "a body in no coding", post("Content-Encoding: identity", CLOSE), 200, answers=1),
    row("9110 8.8.3", "each coding has its own tag", request("/queries", "Accept-Encoding: br", CLOSE), 200, has=(rb'\r\netag: "\w+-br"\r\n', rb"\r\nvary: [^\r]*Accept-Encoding")),
]
METHODS = [
    row("9110 9.1", "a method that nobody knows", request("/sparql", method="BREW"), 501, has=(b"no method BREW", NO_STORE)),
    row("9110 9.1", "a method in lower case", request(ASKED, method="get"), 501, has=(b"capitals",)),
    row("9110 9.1", "a method that is known and not allowed", request("/queries", CLOSE, method="PATCH"), 405, has=(rb"\r\nallow: [A-Z, ]*GET",)),
    row("9110 9.3.1", "the body of a GET means nothing", request(ASKED, body=b"GET /none HTTP/1.1\r\n\r\n") + LAST, 200, 200, answers=2),
    row("9110 9.3.2", "HEAD has the headers of GET and no body", request(ASKED, CLOSE, method="HEAD"), 200, has=(rb"content-length: \d\d", rb"etag: "), lacks=(TRUE,)),
    row("9110 9.3.2", "HEAD of a dump", request(DUMP, CLOSE, method="HEAD"), 200, has=(rb"content-length: \d", rb"\r\n\r\n$")),
    row("9110 9.3.2", "HEAD of an error", request("/none", CLOSE, method="HEAD"), 404, has=(rb"\r\n\r\n$",)),
    row("9110 9.3.2", "HEAD that is refused", request(ASKED, method="HEAD", host=None), 400, has=(rb"\r\n\r\n$",)),
    row("9110 9.3.6", "CONNECT", request("evil.example:443", method="CONNECT"), 501, has=(b"not a proxy",)),
    row("9110 9.3.7", "OPTIONS of a resource", request("/sparql", CLOSE, method="OPTIONS"), 204, has=(rb"\r\nallow: GET, HEAD, POST",), lacks=(rb"content-length", rb"transfer-encoding")),
    row("9110 9.3.7", "OPTIONS of the server", request("*", CLOSE, method="OPTIONS"), 204, has=(rb"\r\nallow: GET",)),
    row("9110 9.3.8", "TRACE reflects nothing", request("/sparql", "X-Secret: s3cret", CLOSE, method="TRACE"), 405, has=(rb"\r\nallow: ",), lacks=(b"s3cret",)),
]
EXPECTATIONS = [
    row("9110 10.1.1", "100-continue", (post(CONTINUE, CLOSE, "Content-Length: 6", body=b""), ASK), 100, 200, answers=1),
    row("9110 10.1.1", "100-continue and an upgrade", (post(OFFER, CONTINUE, "Content-Length: 6", body=b""), ASK + LAST), 100, 200, 200, answers=2),
    row("9110 10.1.1", "100-continue in HTTP/1.0 is ignored", (post(CONTINUE, "Content-Length: 6", body=b"", version="1.0"), ASK), 200, answers=1),
    row("9110 10.1.1", "100-continue and no body", request(ASKED, CONTINUE, CLOSE), 200, answers=1),
    row("9110 10.1.1", "what is refused needs no body", post(CONTINUE, "Content-Length: 99999999", body=b""), 413, has=(rb"\r\nconnection: close\r\n",)),
    row("9110 10.1.1", "another expectation", post("Expect: 200-ok"), 417),
    row("9110 10.2.1", "Allow on 405", request("/dumps", CLOSE, method="DELETE"), 405, has=(rb"\r\nallow: GET, HEAD\r\n",)),
    row("9110 10.2.3", "Retry-After is for 503", LAST, 200, lacks=(rb"retry-after",), answers=1),
]
NEGOTIATION = [
    row("9110 12.4.2", "the highest quality wins", request(ASKED, "Accept: text/csv;q=0.5, application/sparql-results+xml;q=0.6", CLOSE), 200, has=(rb"results\+xml",)),
    row("9110 12.4.2", "a quality of 0 excludes", request(ASKED, "Accept: application/sparql-results+json;q=0", CLOSE), 406, has=(rb"Available: ",)),
    row("9110 12.5.1", "the more specific range wins", request(ASKED, "Accept: text/*;q=0.1, text/csv;q=0.9, */*;q=0.2", CLOSE), 200, has=(rb"text/csv",)),
    row("9110 12.5.1", "types in any case", request(ASKED, "Accept: TEXT/CSV", CLOSE), 200, has=(rb"text/csv",)),
    row("9110 12.5.3", "an unknown coding", request("/queries", "Accept-Encoding: exi", CLOSE), 200, lacks=(rb"content-encoding",)),
    row("9110 12.5.3", "a coding with a quality of 0", request("/queries", "Accept-Encoding: br;q=0, gzip", CLOSE), 200, has=(rb"content-encoding: gzip",)),
    row("9110 12.5.5", "Vary says what was read", request("/queries", CLOSE), 200, has=(rb"\r\nvary: Accept, Accept-Language, Accept-Encoding\r\n",)),
    row("9110 12.5.5", "Vary on an error", request("/none", CLOSE), 404, has=(rb"\r\nvary: Accept\r\n",)),
]
PRECONDITIONS = [
    row("9110 13.1.1", "If-Match of another version of an answer", request(ASKED, 'If-Match: "x"', CLOSE), 412),
    row("9110 13.1.1", "If-Match of this version of an answer", request(ASKED, 'If-Match: "x", TAG', CLOSE), 200, answers=1),
    row("9110 13.1.1", "If-Match of a weak tag", request(ASKED, "If-Match: W/TAG", CLOSE), 412),
    row("9110 13.1.1", "If-Match: *", request(ASKED, "If-Match: *", CLOSE), 200, answers=1),
    row("9110 13.1.1", "If-Match of another page", request("/queries", 'If-Match: "x"', CLOSE), 412),
    row("9110 13.1.1", "If-Match of another dump", request(DUMP, 'If-Match: "x"', CLOSE), 412),
    row("9110 13.1.1", "If-Match of this dump", request(DUMP, "If-Match: ETAG", "Range: bytes=0-3", CLOSE), 206),
    row("9110 13.1.2", "If-None-Match", request(ASKED, "If-None-Match: TAG", CLOSE), 304, lacks=(TRUE, b"content-length")),
    row("9110 13.1.2", "If-None-Match of a weak tag", request(ASKED, "If-None-Match: W/TAG", CLOSE), 304),
    row("9110 13.1.2", "If-None-Match: *", request(ASKED, "If-None-Match: *", CLOSE), 304),
    row("9110 13.1.2", "If-None-Match of another", request(ASKED, 'If-None-Match: "x"', CLOSE), 200, answers=1),
    row("9110 13.1.2", "If-None-Match elsewhere than in GET and HEAD", post("If-None-Match: *", CLOSE), 200, answers=1),
    row("9110 13.1.2", "If-None-Match of HEAD", request(DUMP, "If-None-Match: ETAG", CLOSE, method="HEAD"), 304),
    row("9110 13.1.3", "If-Modified-Since", request(DUMP, "If-Modified-Since: MODIFIED", CLOSE), 304, has=(rb"etag: ",)),
    row("9110 13.1.3", "If-Modified-Since long ago", request(DUMP, "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", CLOSE), 200),
    row("9110 13.1.3", "If-Modified-Since beside If-None-Match", request(DUMP, "If-Modified-Since: MODIFIED", 'If-None-Match: "x"', CLOSE), 200),
    row("9110 13.1.3", "If-Modified-Since that is no date", request(DUMP, "If-Modified-Since: yesterday", CLOSE), 200),
    row("9110 13.1.4", "If-Unmodified-Since", request(DUMP, "If-Unmodified-Since: MODIFIED", CLOSE), 200),
    row("9110 13.1.4", "If-Unmodified-Since long ago", request(DUMP, "If-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT", CLOSE), 412),
    row("9110 13.1.4", "If-Unmodified-Since beside If-Match", request(DUMP, "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", "If-Match: *", CLOSE), 200),
    row("9110 13.1.4", "If-Unmodified-Since where there is no date", request(ASKED, "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", CLOSE), 200, answers=1),
    row("9110 13.2.1", "an error stays an error", request("/sparql?query=SELECT", 'If-Match: "x"', CLOSE), 400),
]
RANGES = [
    row("9110 13.1.5", "If-Range of this version", request(DUMP, "Range: bytes=0-3", "If-Range: ETAG", CLOSE), 206, has=(rb"content-range: bytes 0-3/\d+", rb"content-length: 4\r\n")),
    row("9110 13.1.5", "If-Range of this date", request(DUMP, "Range: bytes=0-3", "If-Range: MODIFIED", CLOSE), 206),
    row("9110 13.1.5", "If-Range of another version", request(DUMP, "Range: bytes=0-3", 'If-Range: "x"', CLOSE), 200),
    row("9110 13.1.5", "If-Range of a weak tag", request(DUMP, "Range: bytes=0-3", "If-Range: W/ETAG", CLOSE), 200),
    row("9110 14.2", "another unit", request(DUMP, "Range: lines=0-3", CLOSE), 200),
    row("9110 14.2", "a range of HEAD", request(DUMP, "Range: bytes=0-3", CLOSE, method="HEAD"), 200),
    row("9110 14.2", "a range of POST", post("Range: bytes=0-3", CLOSE), 200, answers=1),
    row("9110 14.2", "a range of an answer", request(ASKED, "Range: bytes=0-3", CLOSE), 206, has=(rb"content-range: bytes 0-3/\d+", rb"etag: ", rb"vary: ", rb"cache-control: ", DATE)),
    row("9110 14.3", "Accept-Ranges", request(DUMP, CLOSE, method="HEAD"), 200, has=(rb"accept-ranges: bytes",)),
    row("9110 14.4", "a range beyond the end", request(DUMP, "Range: bytes=999999999-", CLOSE), 416, has=(rb"content-range: bytes \*/\d+",)),
]
STATUSES = [
    row("9110 15.3.5", "204 has no framing", request("/none", CLOSE, method="OPTIONS"), 204, lacks=(rb"\r\ncontent-", rb"transfer-encoding")),
    row("9110 15.4.4", "303 has a Location", request("/id/beijing", "Accept: text/turtle", CLOSE), 303, has=(rb"\r\nlocation: /doc/beijing",)),
    row("9110 15.4.5", "304 has what 200 would have", request(ASKED, "If-None-Match: TAG", CLOSE), 304, has=(DATE, rb"etag: ", rb"vary: ", rb"cache-control: ")),
    row("9110 15.4.5", "304 of a page", request("/queries", "If-None-Match: *", CLOSE), 304, has=(DATE, rb"etag: ", rb"vary: ", rb"cache-control: ")),
    row("9110 15.5.2", "writing where nobody may", request("/graphs?default", "Content-Type: text/turtle", CLOSE, method="PUT", body=b"<a:a> <a:b> 1 ."), 403),
    row("9110 15.5.14", "a body that is too large", request("/sparql", DIRECT, "Content-Length: 99999999", method="POST"), 413, has=(rb"connection: close",)),
    row("9110 15.5.15", "an address that is too long", request("/" + 70_000 * "a"), 414, has=(NO_STORE,)),
]
CACHING = [
    row("9111 4.2.2", "an answer says how long it is fresh", LAST, 200, has=(rb"cache-control: public, max-age=\d+",), answers=1),
    row("9111 5.2.2", "what may vary is not stored", request("/sparql?query=SELECT%20(RAND()%20AS%20?x)%20%7B%7D", CLOSE), 200, has=(NO_STORE,), lacks=(rb"etag",)),
    row("9111 5.2.2", "errors are not stored", request("/none", CLOSE), 404, has=(NO_STORE,)),
    row("9111 5.2.2", "a refusal is not stored", request(ASKED, version="2.0"), 505, has=(NO_STORE,)),
]
FRAMING = [
    row("9112 2.2", "an empty line before the request", b"\r\n" + LAST, 200, answers=1),
    row("9112 2.2", "a CR alone", request(ASKED, "X: a\rb"), 400),
    row("9112 3", "a request line with blanks", request("/sparql?query=ASK {}"), 400),
    row("9112 3.2", "raw UTF-8 in a path is percent-encoded", request("/source/集群", CLOSE), 404),
    row("9112 3.2", "raw UTF-8 in a query is percent-encoded", request("/sparql?query=SELECT%20('集群'%20AS%20?x)%7B%7D&format=csv", CLOSE), 200, has=("x\r\n集群\r\n".encode(),)),
    row("9112 3.2", "raw UTF-8 in pieces", ("GET /sparql?format=csv&query=SELECT%20('集".encode()[:-1], "集".encode()[-1:] + "群".encode()[:1], "群".encode()[1:] + b"'%20AS%20?x)%7B%7D HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), 200, has=("x\r\n集群\r\n".encode(),)),
    row("9112 3.2", "raw UTF-8 in a Host", request(ASKED, host="Host: 集群.example"), 400, has=(b"not a host name",)),
    row("9112 3.2", "raw bytes that are not UTF-8", b"GET /search?q=\xff HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 400, has=(b"not UTF-8",)),
    row("9112 3.2.2", "absolute form", request("http://b.example" + ASKED, CLOSE), 200, answers=1),
    row("9112 3.2.2", "its host takes the place of Host", request("http://b.example:81/dumps", CLOSE), 200, has=(rb"http://b\.example:81/dumps/",)),
    row("9112 3.2.2", "absolute form without a path", request("http://b.example?lang=en", CLOSE), 200),
    row("9112 3.2.2", "its host is one", request("http://u@b.example/"), 400),
    row("9112 3.2.4", "an asterisk is for OPTIONS", request("*"), 400),
    row("9112 5.1", "a blank before the colon", request(ASKED, "X : a"), 400),
    row("9112 5.2", "a folded line", request(ASKED, "X: a\r\n b"), 400),
    row("9112 6.1", "chunks with a length", post(CHUNKED, "Content-Length: 6", body=b"0\r\n\r\n"), 400),
    row("9112 6.1", "a transfer coding that is unknown", post("Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 501),
    row("9112 6.1", "chunks twice", post("Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"), 400),
    row("9112 6.1", "chunks in HTTP/1.0", post(CHUNKED, body=b"6\r\nASK {}\r\n0\r\n\r\n", version="1.0"), 400),
    row("9112 6.1", "no chunks to HTTP/1.0", request("/dumps/jiqun.nt", version="1.0"), 200, has=(rb"connection: close",), lacks=(rb"transfer-encoding",)),
    row("9112 6.3", "chunks are not the last coding", post("Transfer-Encoding: gzip", body=b"x"), 400),
    row("9112 6.3", "two lengths", post("Content-Length: 6", "Content-Length: 5"), 400),
    row("9112 6.3", "a length that is no number", post("Content-Length: +6"), 400),
    row("9112 6.3", "no length and no chunks is no body", post(CLOSE, body=b""), 400, has=(b"empty",)),
    row("9112 7.1", "several chunks", post(CHUNKED, CLOSE, body=b"3\r\nASK\r\n003\r\n {}\r\n0\r\n\r\n"), 200, answers=1),
    row("9112 7.1.1", "extensions of chunks are ignored", post(CHUNKED, CLOSE, body=b'6;a=b;c="d"\r\nASK {}\r\n0;e\r\n\r\n'), 200, answers=1),
    row("9112 7.1.2", "trailers are read over", post(CHUNKED, body=b"6\r\nASK {}\r\n0\r\nX: y\r\n\r\n") + LAST, 200, 200, answers=2),
    row("9112 7.1.2", "a trailer that frames is refused", post(CHUNKED, body=b"6\r\nASK {}\r\n0\r\nContent-Length: 50\r\n\r\n") + LAST, 400),
    row("9112 9.3", "a connection is kept", request(ASKED) + request(ASKED) + LAST, 200, 200, 200, answers=3),
    row("9112 9.3.2", "answers come in the order of requests", post() + request("/none") + LAST, 200, 404, 200, answers=2),
    row("9112 9.6", "nothing after Connection: close is a request", LAST + LAST, 200, answers=1),
    row("9112 9.6", "nothing after a refusal is a request", request(ASKED, host=None) + LAST, 400),
    row("9112 9.6", "nor after an upgrade that is refused", request("a:1", method="CONNECT") + LAST, 501),
]
# fmt: on
REQUIREMENTS = [
    *MESSAGES,
    *METHODS,
    *EXPECTATIONS,
    *NEGOTIATION,
    *PRECONDITIONS,
    *RANGES,
    *STATUSES,
    *CACHING,
    *FRAMING,
]
