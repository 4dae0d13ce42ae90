"""The docs name only what there is: files, modules, settings, commands, links."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TypeGuard

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
CHECK = re.compile(r"(tests/[\w/]+\.py)::((?:\w+::)?test_\w+)")
MEASUREMENT = re.compile(r"python -m (benchmarks\.\w+)((?: --[a-z-]+)*)")
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


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_checks_that_are_named_exist(page: Path) -> None:
    for code in CODE.findall(page.read_text("utf-8")):
        if found := CHECK.fullmatch(code):
            assert found[2] in checks_in(ROOT / found[1]), code
        elif found := MEASUREMENT.fullmatch(code):
            module = (ROOT / found[1].replace(".", "/")).with_suffix(".py").read_text("utf-8")
            for option in found[2].split():
                assert f'"{option}"' in module, code


def checks_in(path: Path) -> set[str]:
    """Return the tests in a file, those of a class with its name."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if is_function(each)}
        elif is_function(node):
            found.add(node.name)
    return found


def is_function(node: ast.stmt) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def test_every_promise_has_its_check() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
    tables = text.split("| promise | checked by |\n|---|---|\n")[1:]
    promises = [line for table in tables for line in table.partition("\n\n")[0].splitlines()]
    assert len(promises) > 40
    for promise in promises:
        *_, checked, _ = promise.split("|")
        assert CHECK.search(checked) or MEASUREMENT.search(checked), promise
