"""Static files: versions, content codings, and the modules of the query editor."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jiqun.web.static_files import STATIC_TYPES, editor_path, modules, static_path

if TYPE_CHECKING:
    import httpx

IMPORT = re.compile(r'from\s*"\./([^"]+)"')
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", STATIC_TYPES)
def test_our_files_are_sent_compressed_and_kept(client: httpx.Client, name: str) -> None:
    response = client.get(static_path(name), headers={"Accept-Encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["content-type"] == STATIC_TYPES[name]
    assert "immutable" in response.headers["cache-control"]
    plain = client.get(static_path(name), headers={"Accept-Encoding": "identity"})
    assert plain.content == response.content
    assert "content-encoding" not in plain.headers


@pytest.mark.skipif(not modules(), reason="the modules of the editor are not installed")
def test_every_import_of_the_editor_has_its_version(client: httpx.Client) -> None:
    first = editor_path()
    assert first is not None
    waiting, seen = [first], set()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            response = client.get(path)
            assert response.status_code == 200, path
            imported = IMPORT.findall(response.text)
            assert all("?v=" in each for each in imported), path
            waiting += [f"/static/{each}" for each in imported]
    assert any("codemirror-index.js" in each for each in seen)


def test_only_one_module_imports_codemirror() -> None:
    for name in STATIC_TYPES:
        if name.endswith(".js") and name != "codemirror.js":
            text = (ROOT / "server/jiqun/web/static" / name).read_text("utf-8")
            assert "codemirror-" not in text, name


@pytest.mark.parametrize("name", ["nothing.js", "codemirror-nothing.js", "..%2fapp.py"])
def test_other_files_are_not_there(client: httpx.Client, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404
