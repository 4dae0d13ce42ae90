"""Load the release into every tool, ask it, and record what came out: `make interop`.

Names of tools and clients as arguments (recipes: the recipes) try only those, and keep what is
recorded of the others.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from interop import page, recipes
from interop.clients import matrix
from interop.clients.client import differing
from interop.release import endpoint_answers, open_release
from interop.tool import CACHE, HERE, ROOT
from interop.tools import TOOLS
from interop.trial import try_tool
from live_server import running

if TYPE_CHECKING:
    from pathlib import Path

RESULTS: Final = HERE / "results.json"
RECIPES: Final = HERE / "recipes.json"
ALL_RECIPES: Final = "recipes"


def main(names: list[str]) -> int:
    """Try the tools; return 1 if a deviation is not explained in deviations.py."""
    folder = ROOT / "release"
    release = open_release(folder, CACHE / "release")
    with running(folder) as live:
        expected = endpoint_answers(live.url, release.questions)
        if not names or ALL_RECIPES in names:
            _write(RECIPES, recipes.try_recipes(live.url, release.counts))
    for tool in TOOLS:
        if not names or tool.name in names:
            sys.stderr.write(f"{tool.name}\n")
            record(try_tool(tool, release, expected))
    chosen = {each.name for each in matrix.CLIENTS if not names or each.name in names}
    records = matrix.try_clients(folder, chosen) if chosen else matrix.recorded()
    page.PAGE.write_text(page.page(recorded(), recorded_recipes()), "utf-8")
    unexplained = page.unexplained(recorded()) + recipes.failed(recorded_recipes())
    unexplained += [f"{each['client']}, {said}" for each in records for said in differing(each)]
    for each in unexplained:
        sys.stderr.write(f"not explained in deviations.py: {each}\n")
    return 1 if unexplained else 0


def recorded() -> list[dict[str, Any]]:
    """Return what is recorded of each tool."""
    return list(json.loads(RESULTS.read_text("utf-8"))) if RESULTS.exists() else []


def record(new: dict[str, Any]) -> None:
    """Keep what came out, in place of what is recorded of the same tool."""
    records = {each["tool"]: each for each in [*recorded(), new]}
    results = [records[tool.name] for tool in TOOLS if tool.name in records]
    _write(RESULTS, results)


def recorded_recipes() -> dict[str, dict[str, str]]:
    """Return what is recorded of each recipe."""
    return dict(json.loads(RECIPES.read_text("utf-8"))) if RECIPES.exists() else {}


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
