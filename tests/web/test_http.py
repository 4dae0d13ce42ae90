"""What every answer has in common: CORS, errors, caching, compression, addresses."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import zlib
from typing import TYPE_CHECKING
from urllib.parse import quote

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard
from pyoxigraph import RdfFormat, parse

from live_server import LiveServer, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

SD = "http://www.w3.org/ns/sparql-service-description#"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ADDRESSES = [
    "/",
    "/sparql",
    "/sparql?query=ASK+%7B%7D",
    "/sparql?query=nonsense",
    "/queries",
    "/queries/size-over",
    "/queries/none",
    "/dumps",
    "/dumps/jiqun.nt.gz",
    "/dumps/none",
    "/source",
    "/source/tiny",
    "/source/none",
    "/static/style.css",
    "/health/live",
    "/health/ready",
    "/openapi.json",
    "/.well-known/void",
    "/graphs?default",
    "/none",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_cors_is_on_every_answer(address: str, client: httpx.Client) -> None:
    response = client.get(address, headers={"Origin": "https://example.org"})
    assert response.headers.get_list("access-control-allow-origin") == ["*"]
    assert "access-control-allow-credentials" not in response.headers
    assert "ETag" in response.headers["access-control-expose-headers"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.status_code < 500


@pytest.mark.parametrize("address", ADDRESSES)
def test_preflights_are_answered(address: str, client: httpx.Client) -> None:
    asked = {
        "Origin": "https://example.org",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, x-anything",
    }
    response = client.options(address, headers=asked)
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "*"
    assert "POST" in response.headers["access-control-allow-methods"]
    assert "*" in response.headers["access-control-allow-headers"]
    assert "Authorization" in response.headers["access-control-allow-headers"]
    assert response.headers["access-control-max-age"] == "86400"
    assert response.content == b""


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("/", "GET, HEAD, OPTIONS"),
        ("/sparql", "GET, HEAD, POST, QUERY, OPTIONS"),
        ("/update", "POST, OPTIONS"),
        ("/graphs", "GET, HEAD, PUT, POST, DELETE, OPTIONS"),
        ("/graphs/a/b", "GET, HEAD, PUT, POST, DELETE, OPTIONS"),
        ("/mcp", "POST, OPTIONS"),
        ("/reconcile", "GET, HEAD, POST, OPTIONS"),
        ("/queries/by-year", "GET, HEAD, OPTIONS"),
        ("/openapi.json", "GET, HEAD, OPTIONS"),
        ("/no/such/thing", "OPTIONS"),
    ],
)
def test_allow_names_the_methods_of_the_resource(
    address: str, allowed: str, client: httpx.Client
) -> None:
    response = client.options(address)
    assert response.headers["allow"] == allowed
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        refused = client.request(method, address).status_code in {404, 405}
        assert refused or method in allowed


@pytest.mark.parametrize("address", [each for each in ADDRESSES if "?" not in each and each != "/"])
def test_a_slash_at_the_end_changes_nothing(address: str, client: httpx.Client) -> None:
    plain, slashed = client.get(address), client.get(f"{address}/")
    assert slashed.status_code == plain.status_code
    assert "location" not in slashed.headers


@pytest.mark.parametrize("address", ADDRESSES)
def test_head_is_get_without_a_body(address: str, client: httpx.Client) -> None:
    got, headed = client.get(address), client.head(address)
    assert headed.status_code == got.status_code
    assert headed.content == b""
    assert headed.headers.get("content-type") == got.headers.get("content-type")


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/problem+json"),
        ("application/json", "application/json"),
        ("application/sparql-results+json", "application/problem+json"),
        (BROWSER, "text/html; charset=utf-8"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("nonsense", "application/problem+json"),
    ],
)
def test_errors_have_a_form_that_the_client_accepts(
    accept: str, content_type: str, client: httpx.Client
) -> None:
    response = client.get("/nothing-here", headers={"Accept": accept})
    assert response.status_code == 404
    assert response.headers["content-type"] == content_type
    assert "Not found: there is no resource at this URL." in response.text
    assert response.headers["cache-control"] == "no-store"


def test_a_syntax_error_says_where(client: httpx.Client) -> None:
    response = client.get("/sparql", params={"query": "SELECT *\nWHERE { ?s ?p }"})
    assert response.status_code == 400
    assert "line 2" in response.json()["detail"] or "2:" in response.json()["detail"]


def test_a_page_with_an_error_keeps_the_query(client: httpx.Client) -> None:
    response = client.get("/sparql?query=SELECT+oops", headers={"Accept": BROWSER})
    assert response.status_code == 400
    assert "SELECT oops" in response.text


@pytest.mark.parametrize("address", ["/", "/sparql", "/queries", "/source/tiny", "/none"])
def test_pages_are_guarded(address: str, client: httpx.Client) -> None:
    response = client.get(address, headers={"Accept": BROWSER})
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script>" not in response.text
    assert " style=" not in response.text


def test_a_page_keeps_its_address_in_other_languages(client: httpx.Client) -> None:
    page = client.get("/none?a=%E5%8C%97&b=%22&lang=zh%2DHans", headers={"Accept": BROWSER}).text
    assert 'href="/none?a=%E5%8C%97&amp;b=%22&amp;lang=zh-Hant"' in page
    assert 'lang="zh-Hans"' in page


@pytest.mark.parametrize(
    "address", [f"/none?a={60_000 * 'a'}", f"/{7_000 * '%E5%8C%97'}", f"/?{20_000 * '%26'}"]
)
def test_a_long_address_is_repeated_in_no_page(client: httpx.Client, address: str) -> None:
    assert len(client.get(address, headers={"Accept": BROWSER}).content) < 40_000


class TestCaching:
    QUERY = "/sparql?query=SELECT+*+%7B+%3Fs+%3Fp+%3Fo+%7D+ORDER+BY+%3Fs+%3Fp+%3Fo"

    def test_the_tag_is_strong_and_belongs_to_the_variant(self, client: httpx.Client) -> None:
        tags = set()
        for accept in ("application/json", "application/sparql-results+json", "text/csv"):
            for coding in ("identity", "gzip", "br", "zstd"):
                headers = {"Accept": accept, "Accept-Encoding": coding}
                first = client.get(self.QUERY, headers=headers)
                again = client.get(self.QUERY, headers=headers)
                assert first.headers["etag"] == again.headers["etag"]
                assert not first.headers["etag"].startswith("W/")
                assert first.headers["vary"] == "Accept, Accept-Encoding"
                assert first.headers["cache-control"] == "public, max-age=300"
                tags.add(first.headers["etag"])
        assert len(tags) == 12

    def test_unchanged_answers_are_not_sent_again(self, client: httpx.Client) -> None:
        tag = client.get(self.QUERY).headers["etag"]
        for sent in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            response = client.get(self.QUERY, headers={"If-None-Match": sent})
            assert (response.status_code, response.content) == (304, b"")
            assert "content-length" not in response.headers
            assert "vary" in response.headers
        other = {"If-None-Match": tag, "Accept": "text/csv"}
        assert client.get(self.QUERY, headers=other).status_code == 200

    def test_wrong_queries_are_never_unchanged(self, client: httpx.Client) -> None:
        headers = {"If-None-Match": "*"}
        assert client.get("/sparql?query=SELECT+oops", headers=headers).status_code == 400

    @pytest.mark.parametrize("call", ["NOW()", "RAND()", "UUID()", "STRUUID()", "BNODE()"])
    def test_what_may_vary_is_not_kept(self, call: str, client: httpx.Client) -> None:
        response = client.get("/sparql", params={"query": f"SELECT ({call} AS ?x) {{}}"})
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers

    def test_the_method_does_not_change_the_answer(self, client: httpx.Client) -> None:
        query = "SELECT ?s { ?s ?p ?o } ORDER BY ?s"
        got = client.get("/sparql", params={"query": query})
        posted = client.post("/sparql", data={"query": query})
        assert got.content == posted.content
        assert got.headers["etag"] == posted.headers["etag"]


class TestShortcut:
    """What is cached is written by the connection itself; nobody can tell but by the clock."""

    def ask(self, query: str, *headers: str) -> bytes:
        lines = [f"GET /sparql?query={quote(query)} HTTP/1.1", "Host: a", *headers, "", ""]
        return "\r\n".join(lines).encode()

    def test_both_ways_give_the_same_answer(self, client: httpx.Client) -> None:
        query = "SELECT ?s ?p ?o { ?s ?p ?o } ORDER BY ?o ?p ?s #shortcut"
        varying = {"date", "server-timing"}
        for accept in ("application/json", "text/csv;q=0.5, */*;q=0.1"):
            for coding in ("identity", "gzip", "br"):
                headers = {"Accept": accept, "Accept-Encoding": coding}
                answers = [
                    client.get("/sparql", params={"query": query}, headers=headers)
                    for _ in range(4)
                ]
                first, *others = [
                    (each.status_code, each.content, sorted(set(each.headers.items())))
                    for each in answers
                ]
                for other in others:
                    assert other[:2] == first[:2]
                    kept = [pair for pair in first[2] if pair[0] not in varying]
                    assert [pair for pair in other[2] if pair[0] not in varying] == kept

    def test_both_ways_can_be_mixed_on_a_connection(self, server: LiveServer) -> None:
        known = self.ask("SELECT (7 AS ?known) {}", "Accept: text/csv")
        server.exchange(known.replace(b"Host: a", b"Host: a\r\nConnection: close"))
        requests = b""
        for number in range(20):
            requests += known + known
            requests += self.ask(f"SELECT ({number} AS ?n) {{}}", "Accept: text/csv")
        last = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        answer = server.exchange(requests + last)
        rows = re.findall(rb"\r\n\r\n(n|known)\r\n(\d+)\r\n", answer)
        expected = [
            row
            for number in range(20)
            for row in ((b"known", b"7"), (b"known", b"7"), (b"n", str(number).encode()))
        ]
        assert rows == expected

    def test_a_tag_is_still_honoured(self, client: httpx.Client) -> None:
        address = "/sparql?query=SELECT+(8+AS+%3Fx)+%7B%7D"
        for _ in range(3):
            tag = client.get(address).headers["etag"]
            assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
            assert client.head(address).content == b""

    def test_it_is_counted_and_logged(self, server: LiveServer) -> None:
        address = "/sparql?query=SELECT+(9+AS+%3Fcounted)+%7B%7D"
        for _ in range(3):
            server.client.get(address)
        server.log.wait_for(re.compile('"outcome": "cached"'))
        assert 'jiqun_queries_total{outcome="cached"}' in server.client.get("/metrics").text


class TestCompression:
    QUERY = "/sparql?query=SELECT+*+%7B+%3Fs+%3Fp+%3Fo+%7D+ORDER+BY+%3Fs+%3Fp+%3Fo"

    @pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
    def test_answers_are_compressed_as_asked(self, coding: str, client: httpx.Client) -> None:
        plain = client.get(self.QUERY, headers={"Accept-Encoding": "identity"})
        with client.stream("GET", self.QUERY, headers={"Accept-Encoding": coding}) as response:
            assert response.headers["content-encoding"] == coding
            packed = b"".join(response.iter_raw())
        assert len(packed) < len(plain.content)
        assert unpack(coding, packed) == plain.content

    def test_short_answers_are_not(self, client: httpx.Client) -> None:
        response = client.get("/sparql?query=ASK+%7B%7D", headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in response.headers


def unpack(coding: str, packed: bytes) -> bytes:
    if coding == "gzip":
        return zlib.decompress(packed, 31)
    if coding == "br":
        return bytes(brotli.decompress(packed))
    return zstandard.ZstdDecompressor().decompressobj().decompress(packed)


@pytest.fixture(scope="module")
def bereft(release_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose dumps were removed after it had opened the release."""
    folder = shutil.copytree(release_folder, tmp_path_factory.mktemp("bereft") / "release")
    with running(folder, workers=1) as live:
        assert live.client.get("/health/ready").status_code == 200
        for name in ("jiqun.nt.gz", "jiqun.nt.zst", "context.jsonld"):
            (folder / name).unlink()
        yield live


class TestDumps:
    def test_the_list_and_the_files(self, client: httpx.Client) -> None:
        for dump in client.get("/dumps").json()["dumps"]:
            response = client.get(f"/dumps/{dump['name']}")
            suffix = dump["name"].rpartition(".")[2]
            packed = {"gz": "application/gzip", "zst": "application/zstd"}
            expected = packed.get(suffix, dump["mediaType"])
            assert response.headers["content-type"] == expected
            assert "content-encoding" not in response.headers
            assert int(response.headers["content-length"]) == dump["bytes"]
            assert hashlib.sha256(response.content).hexdigest() == dump["sha256"]
            assert response.headers["etag"] == f'"{dump["sha256"]}"'
            tag = {"If-None-Match": response.headers["etag"]}
            assert client.get(f"/dumps/{dump['name']}", headers=tag).status_code == 304

    @pytest.mark.parametrize(
        ("asked", "status", "start", "end"),
        [
            ("bytes=5-9", 206, 5, 10),
            ("bytes=0-0", 206, 0, 1),
            ("bytes=-3", 206, -3, None),
            ("bytes=10-", 206, 10, None),
            ("bytes=10-999999", 206, 10, None),
            ("bytes=0-1,5-6", 200, 0, None),
            ("bytes=9-5", 200, 0, None),
            ("bytes=-", 200, 0, None),
            ("lines=1-2", 200, 0, None),
            ("bytes=１-２", 200, 0, None),
        ],
    )
    def test_ranges(
        self, asked: str, status: int, start: int, end: int | None, client: httpx.Client
    ) -> None:
        whole = client.get("/dumps/jiqun.nt.gz").content
        part = client.get("/dumps/jiqun.nt.gz", headers=[(b"Range", asked.encode())])
        assert (part.status_code, part.content) == (status, whole[start:end])
        assert part.headers["accept-ranges"] == "bytes"
        if status == 206:
            first = start % len(whole)
            expected = f"bytes {first}-{first + len(part.content) - 1}/{len(whole)}"
            assert part.headers["content-range"] == expected

    @pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=-0"])
    def test_a_range_beyond_the_end(self, asked: str, client: httpx.Client) -> None:
        size = len(client.get("/dumps/jiqun.nt.gz").content)
        for name, coding in (("jiqun.nt.gz", "identity"), ("jiqun.nt", "gzip")):
            sent = {"Range": asked, "Accept-Encoding": coding}
            beyond = client.get(f"/dumps/{name}", headers=sent)
            assert beyond.status_code == 416
            assert beyond.headers["content-range"] == f"bytes */{size}"

    def test_a_range_of_something_else(self, client: httpx.Client) -> None:
        whole = client.get("/dumps/jiqun.nt.gz")
        for condition, status in ((whole.headers["etag"], 206), ('"other"', 200)):
            sent = {"Range": "bytes=5-9", "If-Range": condition}
            assert client.get("/dumps/jiqun.nt.gz", headers=sent).status_code == status

    def test_head_is_get_without_its_body(self, client: httpx.Client) -> None:
        for name in ("jiqun.nt.gz", "jiqun.nt", "clusters.csv"):
            sent = {"Range": "bytes=0-1", "Accept-Encoding": "gzip"}
            head = client.head(f"/dumps/{name}", headers=sent)
            get = client.get(f"/dumps/{name}", headers={"Accept-Encoding": "gzip"})
            assert (head.status_code, head.content) == (200, b"")
            for header in ("content-type", "content-length", "content-encoding", "etag"):
                assert head.headers.get(header) == get.headers.get(header), (name, header)

    def test_the_context_under_its_iri(self, client: httpx.Client) -> None:
        for path in ("/context", "/context.jsonld"):
            response = client.get(path)
            assert response.headers["content-type"] == "application/ld+json"
            assert "content-disposition" not in response.headers
            assert "@context" in response.json()
            assert response.headers["access-control-allow-origin"] == "*"

    @pytest.mark.parametrize("coding", ["zstd", "gzip", "identity"])
    def test_the_content_under_its_own_media_type(self, coding: str, client: httpx.Client) -> None:
        packed = client.get("/dumps/jiqun.nt.gz").content
        response = client.get("/dumps/jiqun.nt", headers={"Accept-Encoding": coding})
        assert response.headers["content-type"] == "application/n-triples; charset=utf-8"
        assert response.headers.get("content-encoding") == {"identity": None}.get(coding, coding)
        assert response.content == gzip.decompress(packed)

    @pytest.mark.parametrize(
        "name",
        [
            "manifest.json",
            "queries.json",
            "store",
            "..%2Fmanifest.json",
            "%2e%2e/%2e%2e/etc/passwd",
        ],
    )
    def test_nothing_else_is_given_away(self, name: str, client: httpx.Client) -> None:
        assert client.get(f"/dumps/{name}").status_code == 404

    @pytest.mark.parametrize(
        ("path", "coding"),
        [
            ("/dumps/jiqun.nt.gz", "identity"),
            ("/dumps/jiqun.nt", "identity"),
            ("/dumps/jiqun.nt", "gzip"),
            ("/dumps/jiqun.nt", "zstd"),
            ("/context", "identity"),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_a_file_that_was_removed_is_a_problem(
        self, path: str, coding: str, method: str, bereft: LiveServer
    ) -> None:
        response = bereft.client.request(method, path, headers={"Accept-Encoding": coding})
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        if method == "GET":
            assert "is currently unreadable" in response.json()["detail"]
            assert "/" not in response.json()["detail"]

    def test_ranges_follow_the_date_too(self, client: httpx.Client) -> None:
        date = client.get("/dumps/jiqun.nt.gz").headers["last-modified"]
        for condition, status in ((date, 206), ("Thu, 01 Jan 1970 00:00:00 GMT", 200)):
            sent = {"Range": "bytes=5-9", "If-Range": condition}
            assert client.get("/dumps/jiqun.nt.gz", headers=sent).status_code == status


class TestServiceDescription:
    @pytest.mark.parametrize(
        ("accept", "format_"),
        [
            ("*/*", RdfFormat.TURTLE),
            ("application/rdf+xml", RdfFormat.RDF_XML),
            ("application/n-triples", RdfFormat.N_TRIPLES),
            ("application/ld+json", RdfFormat.JSON_LD),
        ],
    )
    def test_it_is_true_in_every_format(
        self, accept: str, format_: RdfFormat, server: LiveServer
    ) -> None:
        response = server.client.get("/sparql", headers={"Accept": accept})
        triples = {
            (str(quad.subject), str(quad.predicate), str(quad.object))
            for quad in parse(response.content, format_)
        }
        endpoint = f"<{server.url}/sparql>"
        assert (endpoint, f"<{SD}endpoint>", endpoint) in triples
        assert sum(predicate == f"<{SD}namedGraph>" for _, predicate, _ in triples) == 4
        names = {value for _, predicate, value in triples if predicate == f"<{SD}name>"}
        assert "<https://w3id.org/jiqun/graph/register>" in names
        formats = {value for _, predicate, value in triples if predicate == f"<{SD}resultFormat>"}
        assert len(formats) == 10

    def test_a_browser_gets_the_form(self, client: httpx.Client) -> None:
        response = client.get("/sparql", headers={"Accept": BROWSER})
        assert "<textarea" in response.text

    def test_it_is_not_to_be_had_as_results(self, client: httpx.Client) -> None:
        accept = {"Accept": "application/sparql-results+json"}
        assert client.get("/sparql", headers=accept).status_code == 406


def test_the_dataset_is_described_in_void(server: LiveServer) -> None:
    response = server.client.get("/.well-known/void")
    values = {
        str(quad.predicate).rpartition("#")[2]: quad.object.value
        for quad in parse(response.content, RdfFormat.TURTLE)
    }
    assert values["sparqlEndpoint>"] == f"{server.url}/sparql"
    assert values["triples>"] == "30"
    dump = server.client.get(values["dataDump>"])
    assert dump.status_code == 200


class TestBehindAProxy:
    def test_a_prefix_works_whether_or_not_it_is_removed(self, release_folder: Path) -> None:
        with running(release_folder, root_path="/kg", workers=1) as live:
            for prefix in ("", "/kg"):
                assert live.client.get(f"{prefix}/health/ready").status_code == 200
                assert live.client.get(f"{prefix}/sparql/?query=ASK+%7B%7D").status_code == 200
                page = live.client.get(f"{prefix}/queries", headers={"Accept": BROWSER})
                assert 'href="/kg/queries/size-over' in page.text
                assert live.client.get(f"{prefix}/dumps/jiqun.nt.gz").status_code == 200
            assert live.client.get("/kgx/health/ready").status_code == 404
            assert f"<{live.url}/kg/sparql>" in live.client.get("/sparql").text

    def test_the_public_address_is_the_one_that_is_set(self, release_folder: Path) -> None:
        public = "https://example.org/data"
        with running(release_folder, public_url=public, workers=1) as live:
            headers = {"Host": "evil.example", "X-Forwarded-Host": "worse.example"}
            described = live.client.get("/sparql", headers=headers).text
            assert f"<{public}/sparql> a sd:Service" in described
            assert "evil.example" not in described
            assert "worse.example" not in described

    def test_forwarded_headers_are_believed_from_trusted_proxies_only(
        self, release_folder: Path, server: LiveServer
    ) -> None:
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "example.org"}
        assert "example.org" not in server.client.get("/sparql", headers=headers).text
        with running(release_folder, trusted_proxies='["127.0.0.1"]', workers=1) as live:
            assert (
                "<https://example.org/sparql>" in live.client.get("/sparql", headers=headers).text
            )

    @pytest.mark.parametrize("host", ["a b", "evil.example/x", "<x>", "a:b", "x@y"])
    def test_a_host_header_that_is_no_host_is_refused(
        self, host: str, client: httpx.Client
    ) -> None:
        assert client.get("/sparql", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    ("wanted", "status", "place", "part"),
    [
        ("bytes=0-9", 206, "bytes 0-9/26", slice(0, 10)),
        ("bytes=20-", 206, "bytes 20-25/26", slice(20, None)),
        ("bytes=-6", 206, "bytes 20-25/26", slice(20, None)),
        ("bytes=20-900", 206, "bytes 20-25/26", slice(20, None)),
        ("bytes=26-", 416, "bytes */26", slice(0, 0)),
        ("bytes=9-0", 200, None, slice(None)),
        ("bytes=0-1,4-5", 200, None, slice(None)),
        ("lines=0-1", 200, None, slice(None)),
    ],
)
def test_ranges_of_answers(
    client: httpx.Client, wanted: str, status: int, place: str | None, part: slice
) -> None:
    parameters = {"query": "ASK {}", "format": "json"}
    whole = client.get("/sparql", params=parameters)
    for _ in range(2):  # evaluated or cached
        response = client.get("/sparql", params=parameters, headers={"range": wanted})
        assert response.status_code == status
        assert response.headers.get("content-range") == place
        if status != 416:
            assert response.content == whole.content[part]
            assert response.headers["content-length"] == str(len(response.content))


def test_a_range_of_another_version_is_the_whole(client: httpx.Client) -> None:
    parameters = {"query": "ASK {}", "format": "json"}
    etag = client.get("/sparql", params=parameters).headers["etag"]
    for condition, status in ((etag, 206), ('"another"', 200)):
        headers = {"range": "bytes=0-3", "if-range": condition}
        assert client.get("/sparql", params=parameters, headers=headers).status_code == status
    posted = client.post("/sparql", data=parameters, headers={"range": "bytes=0-3"})
    assert posted.status_code == 200
