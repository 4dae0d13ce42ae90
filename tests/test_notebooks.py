"""The notebooks run from beginning to end against a server, and draw what they promise."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

if TYPE_CHECKING:
    from live_server import LiveServer

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
PNG = b"\x89PNG\r\n"


def outputs(notebook: Any, kind: str) -> list[str]:
    """Return all outputs of a media type."""
    return [
        output["data"][kind]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if kind in output.get("data", {})
    ]


@pytest.fixture(scope="module")
def run_all(built_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The notebooks after they ran, by name."""
    folder = tmp_path_factory.mktemp("notebooks")
    environment = {**os.environ, "JIQUN": built_server.url, "IPYTHONDIR": str(folder)}
    found = {}
    for name in NOTEBOOKS:
        path = FOLDER / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        resources = {"metadata": {"path": str(folder)}}
        client = NotebookClient(notebook, timeout=300, resources=resources)
        client.execute(env=environment)
        found[name] = notebook
    return found


def test_there_are_two() -> None:
    assert NOTEBOOKS == ["sentence-to-chart", "yangtze-delta"]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_draws_one_picture(run_all: dict[str, Any], name: str) -> None:
    (picture,) = outputs(run_all[name], "image/png")
    drawn = base64.b64decode(picture)
    assert drawn.startswith(PNG)
    assert len(drawn) > 20_000


def test_the_figures_of_the_sentence(run_all: dict[str, Any]) -> None:
    output_text = "\n".join(outputs(run_all["sentence-to-chart"], "text/plain"))
    for words in ("規模以上企業1331家", "專精特新“小巨人”企業96家", "exactly"):
        assert words in output_text


def test_what_is_not_known_is_counted(run_all: dict[str, Any]) -> None:
    output_text = "\n".join(outputs(run_all["yangtze-delta"], "text/plain"))
    assert "without any size" in output_text
    assert "Wuxi Internet of Things cluster" in output_text


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_it_is_kept_without_outputs(name: str) -> None:
    notebook = json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))
    for cell in notebook["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
