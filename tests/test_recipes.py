"""The recipes of docs/recipes for scripts, run as they stand in the pages against a server."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

    from live_server import LiveServer

FOLDER = Path(__file__).parents[1] / "docs" / "recipes"
ADDRESS = "http://127.0.0.1:8000"
PAGES = ("pandas", "polars", "duckdb", "sparqlwrapper", "rdflib", "r", "javascript", "qgis")
PROGRAMS = {
    "python": [sys.executable, "-"],
    "r": ["Rscript", "-"],
    "js": ["node", "--input-type=module", "-"],
}
BLOCK = re.compile(r"^```(python|r|js)\n(.*?)^```\n\n```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
RECIPES = [
    pytest.param(*found.groups(), id=f"{page}-{number}")
    for page in PAGES
    for number, found in enumerate(BLOCK.finditer((FOLDER / f"{page}.md").read_text("utf-8")), 1)
]


@pytest.mark.parametrize(("language", "code", "printed"), RECIPES)
def test_recipe(
    built_server: LiveServer, tmp_path: Path, language: str, code: str, printed: str
) -> None:
    program = PROGRAMS[language]
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    done = subprocess.run(
        program,
        input=code.replace(ADDRESS, built_server.url),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.replace(built_server.url, ADDRESS) == printed


def test_every_page_has_a_recipe() -> None:
    assert {str(each.id).partition("-")[0] for each in RECIPES} == set(PAGES)


def test_power_query_gets_a_table(built: httpx.Client) -> None:
    page = (FOLDER / "excel.md").read_text("utf-8")
    found = re.search(r'"http://127.0.0.1:8000(/[^"]+)",\s+\[Query = \[(.*?)\]\]', page, re.DOTALL)
    assert found
    parameters = dict(re.findall(r'(\w+) = "([^"]*)"', found[2]))
    response = built.get(found[1], params=parameters)
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8"))))
    assert {"boundLabel", "value", "populationLabel"} <= rows[0].keys()
    assert len(rows) > 20
    assert any(row["boundLabel"] == "超过" for row in rows)
