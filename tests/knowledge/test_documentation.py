"""The made pages of `docs/` agree with the content they are made from."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from jiqun.errors import ContentError
from jiqun.knowledge.content import Content, locate
from jiqun.knowledge.documentation import documentation, stale, with_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_the_made_pages_are_fresh() -> None:
    assert [path.name for path in stale(locate())] == [], "run `jiqun docs`"


def test_links_between_the_made_pages_lead_somewhere() -> None:
    pages = {path.name: text for path, text in documentation(locate()).items()}
    anchors = {
        name: {
            re.sub(r"[^\w-]", "", heading.lower())
            for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        }
        for name, text in pages.items()
    }
    links = [
        (page or name, anchor)
        for name, text in pages.items()
        for page, anchor in re.findall(r"\]\(([\w-]*(?:\.md)?)#([\w-]+)\)", text)
    ]
    assert len(links) > 200
    for page, anchor in links:
        assert page not in anchors or anchor in anchors[page], f"{page}#{anchor}"


def test_every_term_and_every_query_has_its_place() -> None:
    pages = {path.name: text for path, text in documentation(locate()).items()}
    for path in locate().queries():
        assert f"\n### {path.stem}\n" in pages["queries.md"]
    assert "\n### kg:Cluster\n" in pages["ontology-terms.md"]
    assert "- transitive" in pages["ontology-terms.md"]


def test_a_change_of_a_query_makes_the_page_stale(tmp_path: Path) -> None:
    for folder in ("ontology", "data", "queries", "docs"):
        shutil.copytree(locate().root / folder, tmp_path / folder)
    query = tmp_path / "queries" / "nicknames.rq"
    query.write_text(query.read_text("utf-8").replace("Which nicknames", "What nicknames"), "utf-8")
    assert [path.name for path in stale(Content(tmp_path))] == ["queries.md"]


def test_a_new_setting_makes_its_page_stale() -> None:
    page = "| setting |\n|---|\n| `JIQUN_OLD` | `1` | Gone. |\n\nAfter.\n"
    written = with_settings(page)
    assert "JIQUN_OLD" not in written
    assert "| `JIQUN_PORT` | `8000` | TCP port to listen on; 0 selects a free one. |\n" in written
    assert written.endswith("|\n\nAfter.\n")


def test_without_docs_there_is_nowhere_to_write(tmp_path: Path) -> None:
    for folder in ("ontology", "data", "queries"):
        (tmp_path / folder).mkdir()
    with pytest.raises(ContentError, match="no folder docs"):
        stale(Content(tmp_path))
