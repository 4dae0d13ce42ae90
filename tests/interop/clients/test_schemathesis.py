"""schemathesis: the endpoint conforms to its OpenAPI document for any input."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from jiqun.knowledge.release.search_index import write_search_index
from live_server import running
from writable_server import TOKEN, writable

if TYPE_CHECKING:
    from live_server import LiveServer

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
COMMAND = Path(sysconfig.get_path("scripts")) / "schemathesis"


def run(live: LiveServer, folder: Path, *options: str) -> None:
    """Run schemathesis; fail with its report if it finds any difference."""
    command = [
        *(str(COMMAND), "--config-file", str(CONFIGURATION), "--no-color", "run"),
        *(f"{live.url}/openapi.json", "--phases", "examples,coverage,fuzzing"),
        *("--max-examples", "10", "--generation-deterministic"),
        *("--continue-on-failure", *options),
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=900
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


@pytest.fixture(scope="module")
def searchable(release_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny release with a search index."""
    folder = shutil.copytree(release_folder, tmp_path_factory.mktemp("searchable") / "release")
    merged = ox.Store.read_only(str(folder / "store")).quads_for_pattern(
        None, None, None, ox.DefaultGraph()
    )
    write_search_index((quad.triple for quad in merged), folder / "search")
    return folder


@pytest.mark.skipif(not COMMAND.exists(), reason="schemathesis is not installed")
class TestSchemathesis:
    def test_reading(self, searchable: Path, tmp_path: Path) -> None:
        with running(searchable) as live:
            # It cannot write bodies of application/sparql-query, the only ones of this operation.
            run(live, tmp_path, "--exclude-path", "/sparql/check")

    def test_writing(self, searchable: Path, tmp_path: Path) -> None:
        with writable(tmp_path / "workspace", searchable) as live:
            header = f"Authorization: Bearer {TOKEN}"
            only = ("--include-path-regex", "^/(graphs|update)$", "--header", header)
            run(live, tmp_path, *only)
