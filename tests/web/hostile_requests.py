"""Hostile requests as raw bytes, and what may come back for each."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from urllib.parse import quote

ASK = b"ASK+%7B%7D"
SERVICE = quote("SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }").encode()
CLOSE = b"Host: a.example\r\nConnection: close\r\n"
# 50 KB that become 50 MB.
BOMB = gzip.compress(b"#" * 50_000_000)


@dataclass(frozen=True)
class Attack:
    """Raw bytes and the statuses that may come back; 0 is a connection that is just closed."""

    name: str
    request: bytes
    statuses: tuple[int, ...]
    shut: bool = False

    def __str__(self) -> str:
        return self.name


def get(name: str, target: bytes, *statuses: int, headers: bytes = b"") -> Attack:
    return Attack(name, b"GET " + target + b" HTTP/1.1\r\n" + CLOSE + headers + b"\r\n", statuses)


def accept(name: str, value: bytes, *statuses: int) -> Attack:
    return get(
        f"Accept: {name}", b"/sparql?query=" + ASK, *statuses, headers=b"Accept: " + value + b"\r\n"
    )


def post(name: str, headers: bytes, body: bytes, *statuses: int, shut: bool = False) -> Attack:
    request = b"POST /sparql HTTP/1.1\r\n" + CLOSE + headers + b"\r\n" + body
    return Attack(name, request, statuses, shut)


QUERY = b"Content-Type: application/sparql-query\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
NEGOTIATION = [
    accept("empty", b"", 200),
    accept("only commas", b",,,,,,,", 200),
    accept("only semicolons", b";;;;;", 406),
    accept("no slash", b"json", 406),
    accept("a negative quality", b"text/csv;q=-1", 406),
    accept("a huge quality", b"text/csv;q=1e999", 406),
    accept("a quality that is not a number", b"text/csv;q=NaN", 406),
    accept("an unclosed quote", b'text/csv;a="', 200, 406),
    accept("quotes without end", b'text/csv;a="\\"\\"\\"' * 500, 200, 406),
    accept("many blanks", b"text/csv;" + b" " * 20_000 + b'"', 200, 406),
    accept("many elements", b",".join(b"a/b%d" % n for n in range(3_000)), 406),
    accept("many parameters", b"text/csv" + b";a=b" * 6_000, 200, 406),
    accept("a NUL", b"text/csv\x00", 400, 0),
    accept("a vertical tab", b"text/csv\x0b", 200, 400, 406),
    accept("bytes beyond ASCII", b"text/\xff\xfe\xc0\x80", 406),
    accept("a folded line", b"text/csv,\r\n text/html", 200, 400),
    accept("traversal", b"../../../../etc/passwd", 406),
    accept("a template", b"{{7*7}}/${jndi:ldap://x}", 406),
    accept("twice", b"text/csv\r\nAccept: image/png", 200),
    get(
        "Accept-Encoding with everything",
        b"/queries",
        200,
        headers=b"Accept-Encoding: " + b"gzip," * 5000 + b"\r\n",
    ),
    get(
        "Accept-Encoding with nonsense", b"/queries", 200, headers=b"Accept-Encoding: ;;q==\xff\r\n"
    ),
    get(
        "Accept-Language with nonsense",
        b"/",
        200,
        headers=b"Accept-Language: " + b"zh-" * 5000 + b"\r\n",
    ),
    get(
        "If-None-Match with nonsense",
        b"/sparql?query=" + ASK,
        200,
        headers=b'If-None-Match: """"W/\xff\r\n',
    ),
    get(
        "a Range without end",
        b"/dumps/jiqun.nt.gz",
        200,
        206,
        400,
        416,
        headers=b"Range: bytes=" + b"0-1," * 5000 + b"2-3\r\n",
    ),
    get("a Range backwards", b"/dumps/jiqun.nt.gz", 200, 400, 416, headers=b"Range: bytes=9-1\r\n"),
    get(
        "a Range of nonsense",
        b"/dumps/jiqun.nt.gz",
        200,
        400,
        416,
        headers=b"Range: bytes=--1,x\r\n",
    ),
    get(
        "a huge Range",
        b"/dumps/jiqun.nt.gz",
        200,
        206,
        416,
        headers=b"Range: bytes=0-" + b"9" * 500 + b"\r\n",
    ),
]
PATHS = [
    get("traversal", b"/../../../../etc/passwd", 404),
    get("traversal in dumps", b"/dumps/../../../../etc/passwd", 404),
    get("coded traversal in dumps", b"/dumps/..%2f..%2f..%2fetc%2fpasswd", 404),
    get("twice coded traversal", b"/dumps/%252e%252e%252fetc", 404),
    get("traversal in static files", b"/static/../app.py", 404),
    get("coded traversal in static files", b"/static/%2e%2e%2fapp.py", 404),
    get("backslashes", b"/dumps/..\\..\\manifest.json", 404),
    get("a NUL in a name", b"/dumps/jiqun.nt.gz%00.html", 404),
    get("a NUL in a query name", b"/queries/%00", 404),
    get("a NUL in a source", b"/source/%00", 404),
    get("CRLF in a path", b"/queries/x%0d%0aSet-Cookie:%20a=b", 404),
    get("CRLF in a format", b"/sparql?query=" + ASK + b"&format=%0d%0aX-Evil:1", 400),
    get("CRLF in the name of a thing", b"/id/x%0d%0aX-Evil:1", 303, 404),
    get("CRLF in a suffix", b"/doc/x.%0d%0aX-Evil:1", 404),
    get("CRLF in a graph", b"/graphs/x%0d%0aX-Evil:1", 400, 404),
    get("CRLF in a search", b"/search?q=%0d%0aX-Evil:1", 200, 503),
    get("CRLF in lang", b"/?lang=en%0d%0aX-Evil:1", 200),
    get("a path that is not UTF-8", b"/queries/%ff%fe", 404),
    get("surrogates in a path", b"/source/%ed%a0%80", 404),
    get("raw bytes in a path", b"/queries/\xff\xfe", 400, 404),
    get("raw UTF-8 in a path", "/source/集群".encode(), 400, 404),
    get("a broken escape in a path", b"/queries/%zz", 404),
    get("a very long path", b"/" + b"a" * 60_000, 404),
    get("many slashes", b"/" * 5000, 200, 404),
    get("many dots", b"/" + b"./" * 5000, 200, 404),
    get("an absolute target", b"http://evil.example/sparql?query=" + ASK, 200, 400, 404),
    get("a target of nothing", b"*", 400, 404),
    get("markup in a path", b"/<script>alert(1)</script>", 404, headers=b"Accept: text/html\r\n"),
    get("markup in a query name", b"/queries/%3Cscript%3E", 404, headers=b"Accept: text/html\r\n"),
    get("markup in a query", b"/sparql?query=%3Cscript%3E", 400, headers=b"Accept: text/html\r\n"),
    get("environment files", b"/.env", 404),
    get("the repository", b"/.git/config", 404),
]
PARAMETERS = [
    get("a broken escape", b"/sparql?query=%", 400),
    get("a broken escape in a name", b"/sparql?%zz=1&query=" + ASK, 400),
    get("a NUL in a query", b"/sparql?query=ASK%20%7B%7D%00", 400),
    get("overlong UTF-8", b"/sparql?query=%c0%afASK%7B%7D", 400),
    get("UTF-16", b"/sparql?query=%ff%feA%00S%00K%00", 400),
    get(
        "lone surrogates by escape",
        b"/sparql?query=" + quote('SELECT ("\\uD800" AS ?x) {}').encode(),
        400,
    ),
    get(
        "beyond Unicode by escape",
        b"/sparql?query=" + quote('SELECT ("\\U00110000" AS ?x) {}').encode(),
        400,
    ),
    get("ten thousand parameters", b"/sparql?" + b"a=1&" * 10_000 + b"query=" + ASK, 400),
    get("ten thousand queries", b"/sparql?" + b"query=" + b"&query=".join([ASK] * 900), 400),
    get("SERVICE", b"/sparql?query=" + SERVICE, 403),
    get(
        "SERVICE by a protocol relative IRI",
        b"/sparql?query=" + quote("SELECT * { SERVICE <//127.0.0.1/> {} }").encode(),
        403,
    ),
    get("an update", b"/sparql?query=" + quote("LOAD <file:///etc/passwd>").encode(), 400),
    get(
        "FROM a file",
        b"/sparql?query=" + quote("SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }").encode(),
        200,
    ),
    get(
        "FROM the web",
        b"/sparql?query=" + quote("SELECT * FROM <http://127.0.0.1:1/> { ?s ?p ?o }").encode(),
        200,
    ),
    get(
        "deep parentheses",
        b"/sparql?query=" + quote(f"ASK {{ FILTER{'(' * 6000}1{')' * 6000} }}").encode(),
        400,
    ),
    get("deep groups", b"/sparql?query=" + quote("ASK " + "{" * 3000 + "}" * 3000).encode(), 400),
    get(
        "many unions",
        b"/sparql?query=" + quote("ASK { {}" + " UNION {}" * 3000 + " }").encode(),
        400,
        414,
    ),
    get("a query that is too long", b"/sparql?query=" + b"ASK+%7B%7D+%23" + b"x" * 120_000, 414),
    get(
        "a formula as a graph",
        b"/sparql?query=" + ASK + b"&default-graph-uri==cmd%7C%27%20/C%20calc%27",
        400,
    ),
    get(
        "a script as a graph",
        b"/sparql?query=" + ASK + b"&named-graph-uri=javascript:alert(1)//%22%3E",
        400,
    ),
    get("an endless timeout", b"/sparql?query=" + ASK + b"&timeout=" + b"9" * 5000, 400),
    get("a timeout in another script", b"/sparql?query=" + ASK + "&timeout=٣".encode(), 400, 200),
    get(
        "a parameter that closes its literal",
        b"/queries/things-by-label?name=%22%20%7D%20INSERT&format=csv",
        200,
    ),
    get(
        "a parameter that closes its IRI",
        b"/queries/clusters-of-a-region?place=x%3E%20%7D%20%23&format=csv",
        404,
    ),
    get("a parameter of a megabyte", b"/queries/things-by-label?name=" + b"x" * 100_000, 414),
    get("an integer of many digits", b"/queries/size-over?least=" + b"9" * 10_000, 400),
]
BODIES = [
    post("no length", QUERY, b"ASK {}", 400, 411, 0),
    post(
        "a length that is too long",
        QUERY + b"Content-Length: 999\r\n",
        b"ASK {}",
        0,
        408,
        shut=True,
    ),
    post("a length that is too short", QUERY + b"Content-Length: 3\r\n", b"ASK {}", 400),
    post("a negative length", QUERY + b"Content-Length: -5\r\n", b"ASK {}", 400, 0),
    post("a length that is not a number", QUERY + b"Content-Length: 0x6\r\n", b"ASK {}", 400, 0),
    post("a huge length", QUERY + b"Content-Length: 99999999999999\r\n", b"", 413),
    post(
        "a length beyond any number",
        QUERY + b"Content-Length: " + b"9" * 100 + b"\r\n",
        b"",
        400,
        413,
        0,
    ),
    post("two lengths", QUERY + b"Content-Length: 6\r\nContent-Length: 5\r\n", b"ASK {}", 400, 0),
    post(
        "length and chunks",
        QUERY + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        b"6\r\nASK {}\r\n0\r\n\r\n",
        200,
        400,
        0,
    ),
    post(
        "chunks of nonsense",
        QUERY + b"Transfer-Encoding: chunked\r\n",
        b"zz\r\nASK {}\r\n0\r\n\r\n",
        400,
        0,
    ),
    post(
        "a chunk that is too long",
        QUERY + b"Transfer-Encoding: chunked\r\n",
        b"ffffffffffffffff\r\nASK",
        400,
        413,
        0,
        shut=True,
    ),
    post(
        "chunks without end",
        QUERY + b"Transfer-Encoding: chunked\r\n",
        b"6\r\nASK {}\r\n",
        0,
        400,
        shut=True,
    ),
    post(
        "an unknown transfer coding",
        QUERY + b"Transfer-Encoding: gzip\r\n",
        b"ASK {}",
        400,
        501,
        0,
        shut=True,
    ),
    post(
        "a gzip body",
        QUERY + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n",
        b"\x1f\x8b\x08\x00",
        415,
    ),
    post(
        "a gzip bomb",
        QUERY + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n" % len(BOMB),
        BOMB,
        415,
    ),
    post("a brotli body", QUERY + b"Content-Encoding: br\r\nContent-Length: 1\r\n", b"\x06", 415),
    post(
        "a body that is too large", QUERY + b"Content-Length: 2000000\r\n", b"#" * 2_000_000, 413, 0
    ),
    post("a form without a type", b"Content-Length: 16\r\n", b"query=ASK+%7B%7D", 415),
    post("a type of nonsense", b"Content-Type: \xff;;=;\r\nContent-Length: 6\r\n", b"ASK {}", 415),
    post("two types", QUERY + FORM + b"Content-Length: 6\r\n", b"ASK {}", 400, 415),
    post(
        "a very long type",
        b"Content-Type: " + b"a" * 20_000 + b"\r\nContent-Length: 6\r\n",
        b"ASK {}",
        415,
    ),
    post("a body of NULs", QUERY + b"Content-Length: 1000\r\n", b"\0" * 1000, 400),
    post("a binary body", QUERY + b"Content-Length: 256\r\n", bytes(range(256)), 400),
    post("a form of separators", FORM + b"Content-Length: 50000\r\n", b"&" * 50_000, 400),
    post("a form of equals signs", FORM + b"Content-Length: 50000\r\n", b"=" * 50_000, 400),
    post(
        "an update with a file",
        FORM + b"Content-Length: 41\r\n",
        b"update=LOAD+%3Cfile%3A%2F%2F%2Fetc%2Fpasswd%3E"[:41],
        403,
        400,
    ),
    post(
        "100-continue",
        QUERY + b"Expect: 100-continue\r\nContent-Length: 6\r\n",
        b"ASK {}",
        100,
        200,
    ),
    post(
        "an expectation of nonsense",
        QUERY + b"Expect: the-moon\r\nContent-Length: 6\r\n",
        b"ASK {}",
        200,
        417,
    ),
]
CONNECTIONS = [
    Attack("nothing", b"", (0,), shut=True),
    Attack("one byte", b"G", (0, 400), shut=True),
    Attack("nonsense", b"\x00\x01\x02\x03\r\n\r\n", (400,)),
    Attack("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200, (400,)),
    Attack("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505, 0)),
    Attack("HTTP/0.9", b"GET /\r\n", (400, 0), shut=True),
    Attack("HTTP/9.9", b"GET / HTTP/9.9\r\n\r\n", (400, 505)),
    Attack("an unknown method", b"BREW /sparql HTTP/1.1\r\n" + CLOSE + b"\r\n", (501,)),
    Attack("a lower-case method", b"get /sparql HTTP/1.1\r\n" + CLOSE + b"\r\n", (501,)),
    Attack("CONNECT", b"CONNECT evil.example:443 HTTP/1.1\r\n" + CLOSE + b"\r\n", (501,)),
    Attack(
        "no Host",
        b"GET /sparql?query=" + ASK + b" HTTP/1.1\r\nConnection: close\r\n\r\n",
        (200, 400),
    ),
    Attack(
        "a Host of nonsense",
        b"GET /sparql HTTP/1.1\r\nHost: <x>\r\nConnection: close\r\n\r\n",
        (400,),
    ),
    Attack(
        "two Hosts",
        b"GET /sparql HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        (400,),
    ),
    Attack("a header without a colon", b"GET / HTTP/1.1\r\nnonsense\r\n\r\n", (400,)),
    Attack("a blank before the colon", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", (400,)),
    Attack("a header without a name", b"GET / HTTP/1.1\r\n: a\r\n\r\n", (400,)),
    Attack("bare line feeds", b"GET / HTTP/1.1\nHost: a\nConnection: close\n\n", (200, 400)),
    Attack(
        "100 KB in one header",
        b"GET /health/live HTTP/1.1\r\n" + CLOSE + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
        (200, 431),
    ),
    Attack(
        "1 MB in one header",
        b"GET /health/live HTTP/1.1\r\n" + CLOSE + b"X: " + b"x" * 1_000_000 + b"\r\n\r\n",
        (431,),
    ),
    Attack(
        "1 MB in many headers",
        b"GET /health/live HTTP/1.1\r\n" + CLOSE + b"X: y\r\n" * 180_000 + b"\r\n",
        (431,),
    ),
    Attack("a request line of 1 MB", b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n", (414,)),
    Attack("headers without end", b"GET / HTTP/1.1\r\nHost: a\r\n", (0, 400), shut=True),
    Attack(
        "a WebSocket",
        b"GET /sparql HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"\r\nGET /health/live HTTP/1.1\r\n" + CLOSE + b"\r\n",
        (200, 400),
    ),
    Attack(
        "smuggling",
        b"POST /sparql HTTP/1.1\r\n"
        + CLOSE
        + QUERY
        + b"Transfer-Encoding: chunked, identity\r\nContent-Length: 4\r\n\r\n"
        + b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
        (400, 0),
    ),
    Attack(
        "spaces in the target", b"GET /sparql?query=ASK {} HTTP/1.1\r\n" + CLOSE + b"\r\n", (400,)
    ),
    Attack(
        "a forged address",
        b"GET /health/live HTTP/1.1\r\n"
        + CLOSE
        + b"X-Forwarded-For: "
        + b"1.2.3.4, " * 1000
        + b"\r\n\r\n",
        (200,),
    ),
]
ATTACKS = [*NEGOTIATION, *PATHS, *PARAMETERS, *BODIES, *CONNECTIONS]
