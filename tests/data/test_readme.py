"""What the README shows is what a reader gets."""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox

from jiqun.knowledge.content import locate

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-Hans.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_first_query_gives_the_rows_shown(store: ox.Store) -> None:
    found = store.query(block("sparql"))
    assert isinstance(found, ox.QuerySolutions)
    rows = found.serialize(format=ox.QueryResultsFormat.CSV)
    assert rows is not None
    assert rows.decode().replace("\r\n", "\n") == block("csv")


def test_the_queries_named_exist() -> None:
    named = set(re.findall(r"(?:jiqun query |/queries/)([a-z][a-z-]+)", README + CHINESE))
    assert named
    assert named <= {path.stem for path in locate().queries()}


def test_what_is_linked_is_there() -> None:
    links = set(re.findall(r"\]\(([^)#:]+)\)", README + CHINESE))
    assert {link for link in links if not (ROOT / link).exists()} == set()
