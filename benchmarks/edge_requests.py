"""Requests at the edges of HTTP: as large, as many and as odd as a server still has to read."""

from __future__ import annotations

from typing import Final

_HOST: Final = b"Host: localhost\r\n"
_QUERY: Final = b"Content-Type: application/sparql-query\r\n"
_FORM: Final = b"Content-Type: application/x-www-form-urlencoded\r\n"
_CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
_OFFER: Final = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"
_ASK: Final = b"/sparql?query=ASK%20%7B%7D"
_LONG: Final = 30_000
"""Bytes, just below the limit of all headers."""


def _get(target: bytes, headers: bytes = b"") -> bytes:
    return b"GET %b HTTP/1.1\r\n%b%b\r\n" % (target, _HOST, headers)


def _post(target: bytes, headers: bytes, body: bytes) -> bytes:
    if _CHUNKED not in headers:
        headers += b"Content-Length: %d\r\n" % len(body)
    return b"POST %b HTTP/1.1\r\n%b%b\r\n%b" % (target, _HOST, headers, body)


def _header(name: bytes, part: bytes) -> bytes:
    return _get(_ASK, b"%b: %b\r\n" % (name, part * (_LONG // len(part))))


def _chunks(size: int) -> bytes:
    return size * b"1\r\n#\r\n"


EDGES: Final = (
    _header(b"Accept", b"text/a;q=0.1,"),
    _header(b"Accept", b'text/a;b="\\",'),
    _header(b"Accept-Encoding", b"gzip;q=0.1,"),
    _header(b"Accept-Language", b"zh-Hans;q=0.1,"),
    _header(b"If-None-Match", b'W/"x",'),
    _header(b"If-Match", b'"x",'),
    _header(b"X-Forwarded-For", b"192.0.2.1, "),
    _header(b"Cookie", b"a=b; "),
    _get(_ASK, b"X: y\r\n" * 4_000),
    _get(b"/none?" + 7_000 * b"%E5%8C%97"),
    _get(b"/" + 7_000 * b"%E5%8C%97"),
    _get(b"/queries?filter=" + 7_000 * "北".encode()),
    _get(b"/clusters?" + b"&".join(b"a%d=b" % each for each in range(900))),
    _get(b"/dumps/jiqun.nt.gz", b"Range: bytes=" + 5_000 * b"0-1," + b"2-3\r\n"),
    _post(b"/sparql", _FORM, b"query=" + 50_000 * b"%20"),
    _post(b"/sparql", _QUERY, b"SELECT * { ?s ?p '" + 50_000 * b"x"),
    _post(b"/match", _FORM, b"names=" + 50_000 * b"%0A"),
    _post(b"/reconcile", _FORM, b"queries=" + 50_000 * b"%5B"),
    _post(b"/reconcile/match", b"Content-Type: application/json\r\n", 100_000 * b"["),
    _post(b"/sparql", _QUERY + _CHUNKED, _chunks(10_000) + b"0\r\n\r\n"),
    _post(b"/sparql", _QUERY + _CHUNKED, b"6\r\nASK {}\r\n0\r\n" + 50_000 * b"X: y\r\n" + b"\r\n"),
    _post(b"/sparql", _QUERY + _OFFER, b"ASK {}"),
    _post(b"/sparql", _QUERY + b"Expect: 100-continue\r\n", b"ASK {}"),
    _post(b"/sparql", _QUERY, 1_000_000 * b"#"),
    _post(b"/graphs?default", b"Content-Type: text/turtle\r\n", 10_000 * b"<a:a> <a:b> 1 ."),
    20 * _get(_ASK),
    20 * _get(b"/none"),
    b"GET / HTTP/1.1\r\n\r\n",
    b"BREW / HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n" + bytes(500),
)
