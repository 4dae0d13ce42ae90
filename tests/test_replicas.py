"""Several servers over the same release, behind the real nginx and the real HAProxy.

Both proxies stand before the same two sets of three servers, with the configurations of `deploy/`,
whose addresses alone are changed, and `deploy/switch.py` switches them under load. Each server
has a start of its own, so that each orders its sets in another way.
"""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from jiqun.errors import SettingsError
from jiqun.settings import Settings
from jiqun.web.app import create_app
from live_server import LiveServer, running_from_start, wait_until
from tiny_release import write_release

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOY = Path(__file__).parents[1] / "deploy"
EVERYWHERE = (
    "/",
    "/openapi.json",
    "/queries.json",
    "/doc/life-health",
    "/doc/life-health.ttl",
    "/source/tiny",
    "/ontology.ttl",
    "/catalogue.jsonld",
    "/.well-known/void?format=ttl",
    "/sitemap.xml",
    "/dumps/jiqun.nq.gz",
    "/sparql",
    "/sparql?query=SELECT+*+%7B+%3Fs+%3Fp+%3Fo+%7D&format=json",
    "/sparql?query=DESCRIBE+%3Chttps%3A%2F%2Fw3id.org%2Fjiqun%2Fid%2Fbeijing%3E&format=ttl",
    "/no-such-page",
)
SETS = {"blue": (8001, 8002, 8003), "green": (8011, 8012, 8013)}

needs_proxies = pytest.mark.skipif(
    not all(map(shutil.which, ("nginx", "haproxy"))), reason="needs nginx and HAProxy"
)


@dataclass
class Site:
    """The servers of both sets by the port that `deploy/` has for them, and the proxies."""

    home: Path
    stack: ExitStack
    servers: dict[int, LiveServer] = field(default_factory=dict)
    proxies: list[str] = field(default_factory=list)

    def start(self, name: str, standard_port: int, port: int = 0) -> None:
        self.servers[standard_port] = self.stack.enter_context(
            running_from_start(
                self.home / name,
                port=port,
                replica=True,
                workers=1,
                spare_workers=0,
                trusted_proxies='["127.0.0.1"]',
            )
        )

    def configuration(self, name: str) -> str:
        """Return a file of `deploy/` with the addresses of this site."""
        text = (DEPLOY / name).read_text("utf-8").replace("/srv/jiqun", str(self.home))
        for standard, server in self.servers.items():
            text = text.replace(f"127.0.0.1:{standard}", f"127.0.0.1:{server.port}")
        return text

    def switch(self, release: Path, seconds: int = 60) -> subprocess.CompletedProcess[str]:
        """Run `deploy/switch.py`; the command that reloads is that of `kill`."""
        chosen = [
            f"--{name}={','.join(str(self.servers[port].port) for port in ports)}"
            for name, ports in SETS.items()
        ]
        script = self.home / "reload.sh"
        lines = "".join(
            f"{server.port}) kill -HUP {server.process.pid} ;;\n"
            for server in self.servers.values()
        )
        script.write_text(f'for each in "$@"; do case $each in\n{lines}esac; done\n')
        words: list[str | Path] = [sys.executable, DEPLOY / "switch.py", release]
        words += ["--home", self.home, *chosen, "--reload", f"sh {script}", "--name", "{port}"]
        words += ["--haproxy", self.home / "admin.sock", "--seconds", str(seconds)]
        return subprocess.run(words, capture_output=True, text=True, check=False)


@contextmanager
def proxy(words: list[str | Path], port: int) -> Iterator[str]:
    """Run a proxy that listens on a port until the block ends."""
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: process.poll() is not None or _listens(port), 30)
        assert process.poll() is None, process.communicate()[1]
        yield url
    finally:
        process.send_signal(signal.SIGQUIT if "nginx" in words else signal.SIGTERM)
        process.communicate(timeout=30)


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("site")
    write_release(home / "release-0")
    with ExitStack() as stack:
        site = Site(home, stack)
        for name, ports in SETS.items():
            (home / name).symlink_to(home / "release-0")
            for port in ports:
                site.start(name, port)
        (home / "haproxy.map").write_text("live blue\n")
        nginx_port, haproxy_port = _free_port(), _free_port()
        nginx = site.configuration("nginx.conf").replace(
            "listen 80;", f"listen 127.0.0.1:{nginx_port};"
        )
        (home / "nginx.conf").write_text(
            f"daemon off; worker_processes 2; pid {home}/nginx.pid; error_log {home}/error.log;\n"
            "user root; events { worker_connections 512; }\n"
            f"http {{ access_log off; client_body_temp_path {home}/body;\n"
            f"proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/f; uwsgi_temp_path {home}/u;\n"
            f"scgi_temp_path {home}/s;\n{nginx}}}\n"
        )
        haproxy = site.configuration("haproxy.cfg")
        haproxy = haproxy.replace("bind :80", f"bind 127.0.0.1:{haproxy_port}")
        haproxy = haproxy.replace("/run/haproxy/admin.sock", f"{home}/admin.sock")
        (home / "haproxy.cfg").write_text(haproxy)
        nginx_words: list[str | Path] = ["nginx", "-e", home / "error.log", "-c"]
        site.proxies = [
            stack.enter_context(proxy([*nginx_words, home / "nginx.conf"], nginx_port)),
            stack.enter_context(proxy(["haproxy", "-f", home / "haproxy.cfg"], haproxy_port)),
        ]
        yield site


@dataclass(frozen=True)
class Seen:
    """An answer: when it was asked for and when it was there, its status, release and content."""

    asked: float
    answered: float
    status: int
    release: str
    content: str


def ask_until(url: str, enough: threading.Event, number: int) -> list[Seen]:
    """Ask one thing after the other; every second query is new, every fourth a POST."""
    found: list[Seen] = []
    with httpx.Client(base_url=url, timeout=30) as client:
        while not enough.is_set():
            at = len(found)
            query = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }" + (f" # {number} {at}" if at % 2 else "")
            asked = time.monotonic()
            if at % 4 == 3:
                answer = client.post("/sparql", data={"query": query, "format": "csv"})
            else:
                answer = client.get("/sparql", params={"query": query, "format": "csv"})
            release = answer.headers.get("Jiqun-Release", "")
            content = answer.text.splitlines()[-1]
            found.append(Seen(asked, time.monotonic(), answer.status_code, release, content))
            enough.wait(0.01)
    return found


def went_back(answers: list[Seen], order: list[str]) -> list[tuple[Seen, Seen]]:
    """Return answers from an older release than one that was there before they were asked for."""
    bad, newest = [], None
    waiting = sorted(answers, key=lambda each: each.answered)
    at = 0
    for each in sorted(answers, key=lambda each: each.asked):
        while waiting[at].answered < each.asked:
            if newest is None or order.index(waiting[at].release) > order.index(newest.release):
                newest = waiting[at]
            at += 1
        if newest is not None and order.index(each.release) < order.index(newest.release):
            bad.append((newest, each))
    return bad


def test_going_back_is_noticed() -> None:
    old, new = Seen(0, 1, 200, "a", "1"), Seen(0, 2, 200, "b", "2")
    assert went_back([old, new, Seen(1.5, 3, 200, "a", "1")], ["a", "b"]) == []
    late = Seen(2.5, 3, 200, "a", "1")
    assert went_back([old, new, late], ["a", "b"]) == [(new, late)]


@needs_proxies
def test_all_servers_give_the_same_bytes(site: Site) -> None:
    for path in EVERYWHERE:
        answers = [
            server.client.get(path, headers={"Host": "example.org"})
            for server in site.servers.values()
        ]
        assert len({answer.content for answer in answers}) == 1, path
        assert len({answer.headers.get("ETag") for answer in answers}) == 1, path
        assert len({answer.headers["Jiqun-Release"] for answer in answers}) == 1, path
        assert answers[0].status_code == (404 if path == "/no-such-page" else 200)


@needs_proxies
def test_no_client_fails_or_goes_back(site: Site) -> None:
    releases = [site.home / "release-0"]
    for number in range(1, 3):
        things = " ".join(f"id:new-{each} a kg:Region ." for each in range(number))
        releases.append(write_release(site.home / f"release-{number}", things, f"0.1.{number}"))
    order = [
        re.findall(r'"release": "(\w+)"', (each / "manifest.json").read_text())[0]
        for each in releases
    ]
    enough = threading.Event()
    with ThreadPoolExecutor(6) as pool:
        asking = {
            proxy: [pool.submit(ask_until, proxy, enough, each) for each in range(3)]
            for proxy in site.proxies
        }
        try:
            for release in releases[1:]:
                done = site.switch(release)
                assert done.returncode == 0, done.stderr
            killed = SETS["blue"][0]  # of the set that answers: switched twice
            port = site.servers[killed].port
            site.servers[killed].process.kill()
            site.servers[killed].process.wait()
            site.start("blue", killed, port)
            broken = site.home / "broken"
            broken.mkdir()
            (broken / "manifest.json").write_text('{"release": "none"}')
            refused = site.switch(broken, seconds=1)
            for port in SETS["green"]:  # which does not answer
                site.servers[port].log.wait_for(re.compile("The release was not changed"))
            assert refused.returncode == 1
            assert "answer as before" in refused.stderr
        finally:
            enough.set()
        answers = {
            url: [seen for each in asked for seen in each.result()] for url, asked in asking.items()
        }
    for seen in answers.values():
        assert {each.status for each in seen} == {200}
        assert {each.release for each in seen} == set(order)
        assert len({(each.release, each.content) for each in seen}) == len(order)
        assert went_back(seen, order) == []


def test_a_workspace_is_refused(release_folder: Path, tmp_path: Path) -> None:
    settings = Settings(replica=True, workspace=tmp_path / "workspace")
    with pytest.raises(SettingsError, match="missing from the others"):
        create_app(release_folder, settings)
