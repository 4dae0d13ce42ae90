"""The page says what is recorded, every deviation is explained, the recipes name real things."""

from __future__ import annotations

import re

from interop import page, recipes
from interop.run import recorded, recorded_recipes
from interop.tools import TOOLS


def test_the_page_says_what_is_recorded() -> None:
    assert page.PAGE.read_text("utf-8") == page.page(recorded(), recorded_recipes()), (
        "run `make interop`"
    )


def test_every_deviation_is_explained() -> None:
    assert page.unexplained(recorded()) == []
    assert recipes.failed(recorded_recipes()) == []


def test_only_known_tools_are_recorded() -> None:
    assert {record["tool"] for record in recorded()} <= {tool.name for tool in TOOLS}


def test_every_recipe_is_listed() -> None:
    listed = (recipes.FOLDER / "README.md").read_text("utf-8")
    pages = {path.name for path in recipes.FOLDER.glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\((\w+\.md)\)", listed)) == pages
