"""The worked example of docs/curation.md, followed to the letter by a curator."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "curation.md").read_text(encoding="utf-8")
SLUG = "example-gazette-2025-01-10"
SLIPPED = "example-gazette-2025-01-11"


def block(language: str, containing: str) -> str:
    """Return the only fenced block of that language that has those words."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    (found,) = [text for text in blocks if containing in text]
    return str(found)


def jiqun(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jiqun", *arguments, "--content", "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the example refers to: a check of the whole content takes half a minute."""
    for name in ("ontology", "data/register"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*counties*"))
    (tmp_path / "data" / "sources").mkdir()
    (tmp_path / "queries").mkdir()
    text = tmp_path / "texts" / SLUG / "article.txt"
    text.parent.mkdir(parents=True)
    text.write_text(block("text", "Example Gazette, 10 January 2025\n\nLast"), encoding="utf-8")
    return tmp_path


def follow(checkout: Path) -> str:
    """Follow the guide step by step; return the output of `new-source`."""
    (command,) = re.findall(r"^\$ jiqun (new-source .*)$", GUIDE, re.MULTILINE)
    arguments = re.findall(r'"[^"]*"|\S+', command)
    printed = jiqun(*(word.strip('"') for word in arguments), folder=checkout)
    assert printed.returncode == 0, printed.stderr
    source = checkout / "data" / "sources" / SLUG
    prefixes = (checkout / "ontology" / "prefixes.ttl").read_text(encoding="utf-8")
    own = f"@prefix passage: <https://w3id.org/jiqun/source/{SLUG}#> .\n"
    with (source / "source.ttl").open("a", encoding="utf-8") as file:
        file.write(prefixes + block("turtle", "10 January 2025"))
    facts = prefixes + own + block("trig", "passage:p1 {")
    (source / "facts.trig").write_text(facts, encoding="utf-8")
    register = checkout / "data" / "register" / "example.ttl"
    register.write_text(prefixes + block("turtle", "id:hebei-pumps"), encoding="utf-8")
    return printed.stdout


def copy_with_a_slip(checkout: Path) -> None:
    """Add the same article as another source, whose facts give another figure than its text."""
    for folder in (checkout / "texts", checkout / "data" / "sources"):
        copy = shutil.copytree(folder / SLUG, folder / SLIPPED)
        for path in copy.iterdir():
            text = path.read_text(encoding="utf-8").replace(SLUG, SLIPPED)
            if path.name == "facts.trig":
                assert "more than 1,200" in text
                text = text.replace("more than 1,200", "more than 1,300")
            path.write_text(text, encoding="utf-8")


def test_the_example_passes_every_check_and_a_slip_is_reported_with_its_line(
    checkout: Path,
) -> None:
    """Both in one go, since a check takes seconds."""
    printed = follow(checkout)
    assert block("text", "p1\tExample Gazette") in printed
    copy_with_a_slip(checkout)
    assert jiqun("fmt", folder=checkout).returncode == 0
    checked = jiqun("check", "--texts", "texts", folder=checkout)
    assert checked.returncode == 1, checked.stderr
    findings = checked.stdout.splitlines()
    # The two sources give one observation in different words, of which a table holds one.
    others = [line for line in findings if not line.endswith("differ in wording (table)")]
    assert len(others) == len(findings) - 1
    assert [line for line in others if SLUG in line or "example.ttl" in line] == []
    (finding,) = [line for line in others if SLIPPED in line]
    assert re.match(rf"data/sources/{SLIPPED}/facts.trig:\d+: .*1,300", finding)
