"""The commands of docs/recipes, run as they stand in the pages."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from interop import java, java_stores
from interop.tool import CACHE, ROOT, NotInstalled, Refused, command, fresh

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = ROOT / "docs" / "recipes"
_RUN: Final = ("fuseki", "oxigraph", "comunica", "protege")
_ADDRESS: Final = "http://127.0.0.1:8000"
_SHELL: Final = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"


def blocks(name: str, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    text = (FOLDER / f"{name}.md").read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def try_recipes(url: str, counts: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """Run the recipes against an endpoint; tell of each what it printed last and should have."""
    wanted = {name: str(counts["triples"]) for name in (*_RUN, "neo4j")}
    wanted |= {"protege": "", "qlever": ""}
    found = {name: _run(name, url) for name in _RUN}
    found["neo4j"] = _neo4j(url)
    found["qlever"] = _qlever()
    return {
        name: {"printed": printed} | ({"wanted": wanted[name]} if wanted[name] else {})
        for name, printed in found.items()
    }


def failed(found: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the recipes that failed or printed something else than they should."""
    return [
        f"recipe {name}: {one['printed']}"
        for name, one in found.items()
        if one["printed"].startswith("failed")
        or one.get("wanted", one["printed"]) != one["printed"]
    ]


def _run(name: str, url: str) -> str:
    folder = fresh(CACHE / "scratch" / f"recipe-{name}")
    script = folder / "recipe.sh"
    script.write_text(_SHELL + "\n".join(blocks(name, "sh")), "utf-8")
    try:
        path = f"{_programs(folder)}:{Path(java.runtime()).parent}:{os.environ['PATH']}"
        lines = command("bash", script, cwd=folder, JIQUN=url, PATH=path).split()
    except (Refused, NotInstalled) as reason:
        return f"failed: {reason}"
    return lines[-1]


def _programs(folder: Path) -> Path:
    """Make a folder with the command `robot`, as ROBOT's own installation has it."""
    programs = folder / "bin"
    programs.mkdir()
    robot = programs / "robot"
    main = "org.obolibrary.robot.CommandLineInterface"
    robot.write_text(f'#!/bin/sh\nexec java -cp "{CACHE}/robot/*" {main} "$@"\n', "utf-8")
    robot.chmod(0o755)
    return programs


def _neo4j(url: str) -> str:
    statements = blocks("neo4j", "cypher")[0].replace(_ADDRESS, url)
    try:
        return java_stores.neo4j("recipe-neo4j", statements)[-1]
    except (Refused, NotInstalled) as reason:
        return f"failed: {reason}"


def _qlever() -> str:
    folder = fresh(CACHE / "scratch" / "recipe-qlever")
    (folder / "Qleverfile").write_text(blocks("qlever", "ini")[0], "utf-8")
    try:
        said = command(ROOT / ".venv" / "bin" / "qlever", "index", "--show", cwd=folder)
    except (Refused, NotInstalled) as reason:
        return f"failed: {reason}"
    read = "zcat jiqun.nt.gz | qlever-index -i jiqun" in said
    return "the Qleverfile is read" if read else said[-200:]
