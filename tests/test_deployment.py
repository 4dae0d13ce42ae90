"""What the pages for operators and the examples name, exists."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from jiqun.settings import table

TOP = Path(__file__).parents[1]
THREATS = TOP / "docs" / "threat-model.md"
PAGES = [
    THREATS,
    TOP / "docs" / "operations.md",
    TOP / "deploy" / "jiqun.service",
    TOP / "deploy" / "Containerfile",
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"JIQUN_[A-Z_]+", page.read_text("utf-8")))
    assert named <= {variable for _, variable, _, _ in table()}


def test_every_promise_says_how_it_is_known() -> None:
    rows = [line for line in THREATS.read_text("utf-8").splitlines() if line.startswith("| ")]
    promises = [row for row in rows if not row.startswith("| property |")]
    assert len(promises) > 30
    for row in promises:
        assert re.search(r"\[(measured|documented|assumed)\b", row), row


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", THREATS.read_text("utf-8")))
    defined = {
        name
        for path in (TOP / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text("utf-8"))
    }
    assert len(named) > 30
    assert named <= defined


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    text = (TOP / "deploy" / "jiqun.service").read_text("utf-8")
    unit = tmp_path / "jiqun.service"
    unit.write_text(text.replace("/srv/jiqun/venv/bin/jiqun", shutil.which("true") or "true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_is_linked_is_there() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)[)#]", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
