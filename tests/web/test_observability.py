"""What an operator sees: health, metrics, the log, settings."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from jiqun.query.cache import LruCache
from jiqun.settings import Settings, table
from live_server import running, running_from_start
from tiny_release import write_release

if TYPE_CHECKING:
    from pathlib import Path

    from live_server import LiveServer


def test_health(server: LiveServer) -> None:
    assert server.client.get("/health/live").text == "alive\n"
    ready = server.client.get("/health/ready")
    release = ready.headers["Jiqun-Release"]
    assert (ready.status_code, ready.text) == (200, f"ready\nrelease {release}\n")
    assert len(release) == 64
    assert ready.headers["cache-control"] == "no-store"


def test_metrics_are_in_the_format_of_prometheus(server: LiveServer) -> None:
    server.client.get("/sparql?query=ASK+%7B%7D")
    server.client.get("/sparql?query=nonsense")
    response = server.client.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    sample = re.compile(r'[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? [0-9.e+-]+')
    for line in response.text.splitlines():
        assert line.startswith(("# HELP jiqun_", "# TYPE jiqun_")) or sample.fullmatch(line), line
    for name in (
        'jiqun_requests_total{route="/sparql",status="200"}',
        'jiqun_requests_total{route="/sparql",status="400"}',
        'jiqun_query_seconds_bucket{le="+Inf"}',
        'jiqun_workers{lane="heavy"}',
        "jiqun_cache_hits_total",
    ):
        assert name in response.text


def test_routes_in_metrics_are_few_whatever_is_asked(server: LiveServer) -> None:
    for number in range(20):
        server.client.get(f"/made-up-{number}")
    text = server.client.get("/metrics").text
    assert "made-up" not in text
    assert 'route="other",status="404"' in text


UNCAUGHT = """
import threading, warnings
from jiqun.web.server import log_as_json

class Broken:
    def __del__(self):
        raise ValueError("not caught")

log_as_json()
Broken()
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
warnings.warn("be careful")
"""


def test_errors_that_nothing_catches_are_lines_of_json() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNCAUGHT], capture_output=True, text=True, check=True, timeout=60
    )
    broken, divided, warned = (json.loads(line) for line in done.stderr.splitlines())
    assert (broken["level"], broken["message"][-10:]) == ("error", "not caught")
    assert "ZeroDivisionError" in divided["traceback"]
    assert (warned["level"], "be careful" in warned["message"]) == ("warning", True)


def test_each_request_is_one_line_of_json(release_folder: Path) -> None:
    with running(release_folder, workers=1) as live:
        live.client.get("/sparql", params={"query": "SELECT *\n{ ?s ?p ?o }\n# a line\n"})
        live.client.get("/no%0Dthing%0A{}")
        live.client.get("/sparql?query=oops")
        live.log.wait_for(re.compile('"MalformedQuery"'))
        lines = [json.loads(line) for line in live.log.lines if line.startswith("{")]
    first, second, third = lines
    assert (first["status"], first["outcome"], first["form"]) == (200, "ok", "SELECT")
    assert first["rows"] == 30
    assert first["bytes"] > 500
    assert re.fullmatch("[0-9a-f]{16}", first["query"])
    assert first["seconds"] >= first["first_seconds"] >= 0
    assert second["path"] == "/no\rthing\n{}"
    assert second["outcome"] == "NotFound"
    assert third["status"] == 400


def test_connections_that_are_refused_are_counted_and_logged(release_folder: Path) -> None:
    with running(release_folder, workers=1, header_seconds=1, header_bytes=2000) as live:
        live.exchange(b"nonsense\r\n\r\n")
        live.exchange(b"GET / HTTP/1.1\r\nX: " + b"x" * 5000 + b"\r\n\r\n")
        live.exchange(b"GET / HTTP/1.1\r\nHost: a")
        refused = {400: "NotHttp", 431: "HeadersTooLong", 408: "HeadersTooSlow"}
        for status, outcome in refused.items():
            found = live.log.wait_for(re.compile(rf'.*"path": "", "status": {status}.*'))
            line = json.loads(found[0])
            assert (line["outcome"], line["client"]) == (outcome, "127.0.0.1")
            sample = f'jiqun_requests_total{{route="none",status="{status}"}} 1'
            assert sample in live.client.get("/metrics").text


def test_the_log_can_be_turned_off(release_folder: Path) -> None:
    with running(release_folder, workers=1, log_requests="false") as live:
        live.client.get("/health/live")
        live.process.send_signal(signal.SIGTERM)
        live.process.wait(30)
    assert not [line for line in live.log.lines if line.startswith("{")]


def test_the_process_ends_cleanly_on_a_signal(release_folder: Path) -> None:
    with running_from_start(release_folder, workers=1) as live:
        live.client.get("/health/ready")
        live.process.send_signal(signal.SIGTERM)
        assert live.process.wait(30) in {0, -signal.SIGTERM}


def test_a_hangup_switches_to_the_new_release(release_folder: Path, tmp_path: Path) -> None:
    current = tmp_path / "current"
    current.symlink_to(release_folder)
    count = {"query": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", "format": "csv"}
    with running(current, workers=1) as live:
        before = live.client.get("/sparql", params=count)
        other = write_release(tmp_path / "other", "id:new a kg:Region .", version="0.0.2")
        current.unlink()
        current.symlink_to(other)
        live.process.send_signal(signal.SIGHUP)
        live.log.wait_for(re.compile(r"Serving Jiqun 0\.0\.2 \("))
        headers = {"If-None-Match": before.headers["etag"]}
        after = live.client.get("/sparql", params=count, headers=headers)
        assert (before.text, after.text) == ("n\r\n30\r\n", "n\r\n31\r\n")
        assert live.client.get("/dumps").json()["version"] == "0.0.2"
        (other / "manifest.json").unlink()
        live.process.send_signal(signal.SIGHUP)
        live.log.wait_for(re.compile("The release was not changed: .* has no manifest.json"))
        assert live.client.get("/sparql", params=count).text == after.text


def test_every_setting_has_a_help_text() -> None:
    for name, variable, _, help_text in table():
        assert variable == f"JIQUN_{name.upper()}"
        assert help_text.endswith("."), name
        assert len(help_text) > 20, name


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIQUN_DEADLINE_SECONDS", "2.5")
    monkeypatch.setenv("JIQUN_PUBLIC_URL", "https://example.org/kg/")
    monkeypatch.setenv("JIQUN_SERVICE_ALLOW", '["https://query.example/sparql"]')
    settings = Settings()
    assert settings.deadline_seconds == 2.5
    assert settings.public_url == "https://example.org/kg"
    assert settings.service_allow == ("https://query.example/sparql",)
    assert Settings(deadline_seconds=1).deadline_seconds == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "70000"),
        ("deadline_seconds", "0"),
        ("public_url", "example.org"),
        ("public_url", "https://example.org/?a=b"),
        ("public_url", "javascript:alert(1)"),
        ("root_path", "kg"),
        ("root_path", "/kg?x"),
        ("workers", "0"),
        ("client_share", "2"),
    ],
)
def test_wrong_settings_are_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"JIQUN_{name.upper()}", value)
    with pytest.raises(ValidationError, match=name):
        Settings()


class TestResultCache:
    def test_it_stays_within_its_budget(self) -> None:
        cache = LruCache[bytes, bytes](budget=10_000, largest=3_000)
        for number in range(100):
            cache.put(str(number).encode(), b"x" * 1000, 1000)
            assert cache.size <= 10_000
        assert cache.evictions == 100 - len(cache)
        assert cache.get(b"99") is not None
        assert cache.get(b"0") is None

    def test_what_is_used_stays(self) -> None:
        cache = LruCache[bytes, bytes](budget=4_600, largest=3_000)
        for key in (b"a", b"b", b"c"):
            cache.put(key, b"x" * 1000, 1000)
        assert cache.get(b"a") is not None
        cache.put(b"d", b"x" * 1000, 1000)
        assert cache.get(b"a") is not None
        assert cache.get(b"b") is None

    def test_what_is_too_large_is_not_kept(self) -> None:
        cache = LruCache[bytes, bytes](budget=10_000, largest=3_000)
        cache.put(b"a", b"x" * 3_001, 3_001)
        assert len(cache) == 0
        nothing = LruCache[bytes, bytes](budget=0, largest=3_000)
        nothing.put(b"a", b"", 0)
        assert len(nothing) == 0

    def test_replacing_counts_once(self) -> None:
        cache = LruCache[bytes, bytes](budget=10_000, largest=3_000)
        for _ in range(5):
            cache.put(b"a", b"x" * 1000, 1000)
        assert (len(cache), cache.size) == (1, 1512)
        cache.clear()
        assert (len(cache), cache.size) == (0, 0)
