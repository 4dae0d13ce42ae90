"""Oxigraph's own server, from PyPI."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from interop import batch
from interop.server import serving
from interop.tool import CACHE, NotInstalled, Question, Tool, command, fresh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interop.tool import Refused

_PORT: Final = 8163


def _program() -> str:
    program = Path(sys.executable).with_name("oxigraph")
    if not program.exists():
        raise NotInstalled("pip install oxigraph")
    return str(program)


def _served(file: Path, questions: list[Question]) -> Mapping[str, bytes | Refused]:
    home = fresh(CACHE / "scratch" / "oxigraph")
    command(_program(), "load", "--location", home / "store", "--file", file)
    words = [_program(), "serve-read-only", "--location", str(home / "store")]
    address = f"127.0.0.1:{_PORT}"
    with serving([*words, "--bind", address], home, f"http://{address}/"):
        return batch.over_http(f"http://{address}/query", questions)


TOOLS: Final = (
    Tool(
        "Oxigraph server",
        "PyPI",
        "oxigraph",
        lambda: command(_program(), "--version").split()[-1],
        answers={"jiqun.nq": _served, "jiqun.ttl": _served},
    ),
)
