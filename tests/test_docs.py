"""The docs name only what there is: files, modules, settings, commands, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jiqun.settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "server" / "jiqun"
SUPERSEDED = "Superseded by"
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if path.name != "CHANGELOG.md"
    and SUPERSEDED not in path.read_text("utf-8")
    and path.parent.name != "decisions"
)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FILE = re.compile(r"(?:[\w.-]+/)*[\w-]+\.(?:py|toml|html|rq|ttl)")
MODULE = re.compile(r"jiqun(?:\.[a-z_]+)+")
SETTING = re.compile(r"\bJIQUN_([A-Z_]+)\b")
TARGET = re.compile(r"^make ((?:[a-z-]+ ?)+)$")
DUMPS = {"ttl", "nt", "nq", "trig", "rdf", "jsonld", "gexf", "graphml"}
# For tests, for the texts of sources, for the soak.
NOT_SETTINGS = {"OTHER_TESTS", "TEXTS", "KILL_CYCLES", "STREAM_POWER", "RELEASE", "CONTENT"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def exists(written: str, page: Path) -> bool:
    """Whether a file is in the repository under this path or the end of it."""
    places = (ROOT / written, PACKAGE / written, page.parent / written, ROOT / "server" / written)
    if any(place.exists() for place in places):
        return True
    tracked = (*PACKAGE.rglob(Path(written).name), *(ROOT / "tests").rglob(Path(written).name))
    others = (ROOT / folder for folder in ("ontology", "queries", "data", "docs", "deploy"))
    tracked += tuple(path for folder in others for path in folder.rglob(Path(written).name))
    return any(path.as_posix().endswith(f"/{written}") for path in tracked)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        if not re.match(r"[a-z]+:", target) and not target.startswith("/"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", [p for p in PAGES if p.parent.name != "recipes"], ids=name)
def test_files_and_modules_that_are_named_exist(page: Path) -> None:
    for code in CODE.findall(page.read_text("utf-8")):
        if FILE.fullmatch(code) and code.endswith(".py"):
            assert exists(code, page), code
        elif MODULE.fullmatch(code) and "." in code:
            parts = code.split(".")[1:]
            path = PACKAGE.joinpath(*parts)
            inner = PACKAGE.joinpath(*parts[:-1])
            known = path.is_dir() or any(p.with_suffix(".py").exists() for p in (path, inner))
            assert known or code.split(".")[1] in DUMPS, code


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_settings_that_are_named_exist(page: Path) -> None:
    for setting in SETTING.findall(page.read_text("utf-8")):
        assert setting.lower() in Settings.model_fields or setting in NOT_SETTINGS, setting


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_targets_that_are_named_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for code in CODE.findall(page.read_text("utf-8")):
        found = TARGET.fullmatch(code)
        for target in found[1].split() if found else ():
            assert re.search(rf"^{target}(?: |:)", makefile, re.MULTILINE), code
