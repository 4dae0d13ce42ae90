"""What the pages for operators and the examples name, exists."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from jiqun.settings import table
from tiny_release import write_release

if TYPE_CHECKING:
    from collections.abc import Iterator

TOP = Path(__file__).parents[1]
THREATS = TOP / "docs" / "threat-model.md"
PAGES = [
    THREATS,
    TOP / "docs" / "operations.md",
    TOP / "deploy" / "jiqun.service",
    TOP / "deploy" / "replicas.conf",
    TOP / "deploy" / "compose.yaml",
    TOP / "deploy" / "Containerfile",
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"JIQUN_[A-Z_]+", page.read_text("utf-8")))
    assert named <= {variable for _, variable, _, _ in table()}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    text = (TOP / "deploy" / "jiqun.service").read_text("utf-8")
    unit = tmp_path / "jiqun.service"
    unit.write_text(text.replace("/srv/jiqun/venv/bin/jiqun", shutil.which("true") or "true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
@pytest.mark.parametrize("name", ["jiqun-blue@8001", "jiqun-green@8011"])
def test_the_unit_is_a_template_for_replicas(name: str, tmp_path: Path) -> None:
    program = shutil.which("true") or "true"
    for source, target in (
        ("jiqun.service", f"{name.partition('@')[0]}@.service"),
        ("replicas.conf", f"{name.partition('@')[0]}@.service.d/replicas.conf"),
    ):
        text = (TOP / "deploy" / source).read_text("utf-8")
        (tmp_path / target).parent.mkdir(exist_ok=True)
        (tmp_path / target).write_text(text.replace("/srv/jiqun/venv/bin/jiqun", program))
    (tmp_path / f"{name}.service").symlink_to(f"{name.partition('@')[0]}@.service")
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / f"{name}.service"],
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_servers_of_the_containers_are_those_of_the_proxy() -> None:
    services = yaml.safe_load((TOP / "deploy" / "compose.yaml").read_text("utf-8"))["services"]
    ports = {
        int(each["environment"]["JIQUN_PORT"]): each["environment"]["RELEASE"]
        for name, each in services.items()
        if name != "proxy"
    }
    assert set(services) == {"proxy"} | {f"{colour}-{port}" for port, colour in ports.items()}
    for name in ("nginx.conf", "haproxy.cfg"):
        text = (TOP / "deploy" / name).read_text("utf-8")
        sections = re.findall(r"(?:upstream|backend) jiqun_(\w+)(.*?)(?=\n\n|\Z)", text, re.DOTALL)
        found = {
            int(port): colour
            for colour, section in sections
            for port in re.findall(r"127\.0\.0\.1:(\d+)", section)
        }
        assert found == ports, name


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_the_unit_is_closed_but_for_what_it_needs() -> None:
    unit = TOP / "deploy" / "jiqun.service"
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


START = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)  # PR_SET_MDWE, as MemoryDenyWriteExecute=yes
from pathlib import Path
from jiqun.settings import Settings
from jiqun.web.server import serve
serve(Path(sys.argv[1]), Settings())
"""
ASKED = (
    "/",
    "/sparql?query=ASK+%7B%7D",
    f"/sparql?query={urllib.parse.quote('SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f }')}",
    "/queries",
    "/source/tiny",
    "/dumps/jiqun.nt.gz",
    "/health/ready",
)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder with a release that every user of the machine can read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_release(folder / "release")
        for each in (folder, *folder.rglob("*")):
            each.chmod(0o755 if each.is_dir() else 0o644)
        yield folder


ENVIRONMENT = {
    "JIQUN_PORT": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": f"{TOP / 'server'}:{sysconfig.get_path('purelib')}",
}


def _ask_all(words: list[str], release: Path, python: str = sys.executable) -> list[int]:
    """Start a server with `words` before its command; return the statuses of its answers."""
    process = subprocess.Popen(
        [*words, python, "-c", START, str(release)],
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    try:
        output = ""
        for line in process.stderr:
            output += line
            if found := re.search(r"at (http://[0-9.:]+)", line):
                break
        else:
            raise AssertionError(output)
        return [_status(found[1] + path) for path in ASKED]
    finally:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        inner = [int(each) for each in children.read_text("ascii").split()] if words else []
        for each in inner if words and words[0] == "strace" else [process.pid]:
            _stop(each)
        process.communicate(timeout=60)


def _stop(process: int) -> None:
    subprocess.run(["/bin/kill", f"-{signal.SIGTERM.value}", str(process)], check=False)


def _status(address: str) -> int:
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=60) as response:
                response.read()
                return int(response.status)
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > end:
                return error.code
            time.sleep(0.2)


@pytest.mark.skipif(
    not all(map(shutil.which, ("strace", "systemd-analyze"))), reason="needs strace and systemd"
)
def test_the_unit_allows_the_calls_that_the_server_makes(open_folder: Path) -> None:
    log = open_folder / "calls"
    words = ["strace", "-f", "-qq", "-o", str(log), "-e", "signal=none"]
    traced = subprocess.run([*words, "true"], capture_output=True, check=False)
    if traced.returncode:
        pytest.skip("processes may not be traced here")
    assert set(_ask_all(words, open_folder / "release")) == {200}
    lines = log.read_text("utf-8", errors="replace").splitlines()
    made = {match[1] for line in lines if (match := re.match(r"\d+ +(\w+)\(", line))}
    assert {"seccomp", "prctl", "listen"} <= made
    assert made - _allowed_calls() == set()


def _allowed_calls() -> set[str]:
    unit = (TOP / "deploy" / "jiqun.service").read_text("utf-8")
    allowed: set[str] = set()
    for value in re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE):
        named = set().union(*(_calls(each) for each in value.removeprefix("~").split()))
        allowed = allowed - named if value.startswith("~") else allowed | named
    return allowed


def _calls(name: str) -> set[str]:
    """Return the calls of a group of systemd, or the one call."""
    if not name.startswith("@"):
        return {name}
    done = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
    )
    members = re.findall(r"^    ([@\w-]+)$", done.stdout, re.MULTILINE)
    return set().union(*map(_calls, members))


def test_it_runs_read_only_and_without_rights(open_folder: Path) -> None:
    inside = 'mount -o remount,bind,ro / && exec setpriv --reuid=65534 --regid=65534 "$@"'
    options = ("--clear-groups", "--bounding-set=-all", "--no-new-privs")
    words = ["unshare", "--mount", "sh", "-c", inside, "-", *options]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}"):
        if _can_start(words, python):
            assert set(_ask_all(words, open_folder / "release", python)) == {200}
            return
    pytest.skip("needs root, mount namespaces, and a Python and a checkout that others can read")


def _can_start(words: list[str], python: str) -> bool:
    """Tell whether Python runs behind these words and can start itself again, as for a worker."""
    if not all(map(shutil.which, (words[0], "setpriv", python))):
        return False
    again = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import jiqun'], check=True)"
    )
    probe = [*words, python, "-c", again]
    return not subprocess.run(probe, env=ENVIRONMENT, capture_output=True, check=False).returncode


def test_what_is_linked_is_there() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)[)#]", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
