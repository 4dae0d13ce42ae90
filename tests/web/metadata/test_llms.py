"""`/llms.txt`: short, true, and every address in it leads somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from live_server import running

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

TOKENS = 1500
BYTES_PER_TOKEN = 3.5
"""A low estimate: two tokenizers in wide use need 4.0 and 3.8 bytes of this text a token."""

ADDRESS = re.compile(r"\]\((http[^)\s]+)\)")


def test_it_is_short_and_says_the_five_rules(built: httpx.Client) -> None:
    response = built.get("/llms.txt")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(response.content) <= TOKENS * BYTES_PER_TOKEN
    assert response.text.startswith("# Jiqun\n\n> ")
    assert len(re.findall(r"^[1-5]\. \*\*", response.text, re.MULTILINE)) == 5


def test_its_addresses_answer(built: httpx.Client) -> None:
    text = built.get("/llms.txt").text
    addresses = ADDRESS.findall(text)
    assert len(addresses) > 12
    for address in addresses:
        if not address.endswith("/mcp"):
            assert built.head(address).status_code == 200, address


def test_it_names_what_the_server_offers(release_folder: Path) -> None:
    with running(release_folder, mcp="false") as live:
        text = live.client.get("/llms.txt").text
    assert "/mcp" not in text
    assert "clusters.geojson" not in text


def test_a_workspace_alone_has_none(tmp_path: Path) -> None:
    with running(None, workspace=tmp_path / "workspace") as live:
        assert live.client.get("/llms.txt").status_code == 404
