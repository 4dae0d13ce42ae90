"""What the pages say by themselves, in the three languages; the words stand in phrases.toml."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Final

PHRASES: Final[dict[str, dict[str, str]]] = tomllib.loads(
    resources.files("jiqun.endpoint")
    .joinpath("templates", "phrases.toml")
    .read_text(encoding="utf-8")
)


def phrase(key: str, lang: str) -> str:
    """Give the phrase for `key`; raises `KeyError` for one that is not in the table."""
    return PHRASES[key][lang]
