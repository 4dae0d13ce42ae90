"""The wheel carries ontology, data and queries, and works where there is no checkout."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import MakeOnce

ROOT = Path(__file__).parents[1]
# Without a PYTHONPATH that would put the checkout before the wheel.
CLEAN = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


UNHASHED = {"store", "search"}


@pytest.fixture(scope="module")
def installed(make_once: MakeOnce) -> Path:
    """Install the wheel, but not again what it needs, and return the command."""
    return make_once("wheel", install) / "environment" / "bin" / "jiqun"


def install(folder: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    found = subprocess.run(where, check=True, capture_output=True, text=True)
    packages = Path(found.stdout.strip())
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "-q"]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")


@pytest.fixture(scope="module")
def elsewhere(installed: Path, make_once: MakeOnce) -> Path:
    """Return a folder outside any checkout in which the installed command built a release.

    Hash seed, time zone and locale are others than those of the tests.
    """

    def build(folder: Path) -> None:
        (folder / "else where").mkdir()
        subprocess.run(
            [installed, "build", "--no-check"],
            cwd=folder / "else where",
            env={**CLEAN, "PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai", "LC_ALL": "C"},
            check=True,
            capture_output=True,
        )

    return make_once("elsewhere", build) / "else where"


def test_the_wheel_builds_elsewhere_what_the_checkout_builds(
    elsewhere: Path, built_release: Path
) -> None:
    again = elsewhere / "release"
    names = {path.name for path in built_release.iterdir()}
    assert names == {path.name for path in again.iterdir()}
    assert "manifest.json" in names
    for name in names - UNHASHED:
        assert (built_release / name).read_bytes() == (again / name).read_bytes(), name


def test_the_wheel_answers_a_saved_query(installed: Path, elsewhere: Path) -> None:
    listed = subprocess.run(
        [installed, "query"], cwd=elsewhere, env=CLEAN, check=True, capture_output=True, text=True
    )
    entries = json.loads((elsewhere / "release" / "queries.json").read_bytes())
    assert len(listed.stdout.splitlines()) == len(entries) > 0


def test_the_wheel_does_not_write_into_itself(installed: Path, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("words", encoding="utf-8")
    for command in (["fmt"], ["new-source", "x", "--text", str(text)]):
        done = subprocess.run(
            [str(installed), *command],
            cwd=tmp_path,
            env=CLEAN,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr == (
            "jiqun: There is no checkout here to change; specify it with --content.\n"
        )


@pytest.fixture
def address(installed: Path, elsewhere: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [str(installed), "serve", "--port", str(port)]
    environment = {**CLEAN, "JIQUN_WORKERS": "1"}
    with subprocess.Popen(
        command, cwd=elsewhere, env=environment, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        for line in server.stderr:
            if line.startswith("Serving "):
                break
        yield f"http://127.0.0.1:{port}"
        server.terminate()
        server.stderr.read()


def test_the_wheel_serves(address: str) -> None:
    with urllib.request.urlopen(f"{address}/sparql?query=ASK%20%7B%7D&format=json") as answer:
        assert json.load(answer)["boolean"] is True
