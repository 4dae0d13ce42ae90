"""schemathesis: the endpoint answers as its OpenAPI document says, whatever it is sent."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from live_server import running
from writable_server import TOKEN, writable

if TYPE_CHECKING:
    from live_server import LiveServer

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
COMMAND = Path(sysconfig.get_path("scripts")) / "schemathesis"
DESCRIBED = r"^/(queries|query|dumps|context|sparql|graphs|update|health|metrics)(?![a-z])"
"""The routes whose descriptions are held to what they answer."""


def differences(live: LiveServer, folder: Path, *options: str) -> str:
    """Return the report of schemathesis if it found any difference, else an empty text."""
    command = [
        *(str(COMMAND), "--config-file", str(CONFIGURATION), "--no-color", "run"),
        *(f"{live.url}/openapi.json", "--include-path-regex", DESCRIBED, "--max-examples", "20"),
        *("--phases", "examples,coverage,fuzzing", "--generation-deterministic"),
        *("--continue-on-failure", *options),
    ]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=180
    )
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.skipif(not COMMAND.exists(), reason="schemathesis is not installed")
class TestSchemathesis:
    def test_reading(self, release_folder: Path, tmp_path: Path) -> None:
        with running(release_folder) as live:
            assert differences(live, tmp_path) == ""

    def test_writing(self, release_folder: Path, tmp_path: Path) -> None:
        with writable(tmp_path / "workspace", release_folder) as live:
            header = f"Authorization: Bearer {TOKEN}"
            only = ("--include-path-regex", "^/(graphs|update)$", "--header", header)
            assert differences(live, tmp_path, *only) == ""
