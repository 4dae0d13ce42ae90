"""Oxigraph's own server, from PyPI."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from interop import batch
from interop.server import serving
from interop.tool import CACHE, NotInstalled, Question, Tool, command, fresh

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from interop.tool import Refused

_PORT: Final = 8163


def _program() -> str:
    program = Path(sys.executable).with_name("oxigraph")
    found = str(program) if program.exists() else shutil.which("oxigraph")
    if found is None:
        raise NotInstalled("pip install oxigraph")
    return found


@contextmanager
def oxigraph(file: Path) -> Iterator[str]:
    """Serve a file, read-only; yield the address of its queries."""
    home = fresh(CACHE / "scratch" / "oxigraph")
    command(_program(), "load", "--location", home / "store", "--file", file)
    words = [_program(), "serve-read-only", "--location", str(home / "store")]
    address = f"127.0.0.1:{_PORT}"
    with serving([*words, "--bind", address], home, f"http://{address}/"):
        yield f"http://{address}/query"


@contextmanager
def empty_oxigraph() -> Iterator[str]:
    """Serve a store that can be filled; yield the address of its queries."""
    home = fresh(CACHE / "scratch" / "oxigraph-empty")
    address = f"127.0.0.1:{_PORT}"
    words = [_program(), "serve", "--location", str(home / "store"), "--bind", address]
    with serving(words, home, f"http://{address}/"):
        yield f"http://{address}/query"


def _served(file: Path, questions: list[Question]) -> Mapping[str, bytes | Refused]:
    with oxigraph(file) as url:
        return batch.over_http(url, questions)


TOOLS: Final = (
    Tool(
        "Oxigraph server",
        "PyPI",
        "oxigraph",
        lambda: command(_program(), "--version").split()[-1],
        answers={"jiqun.nq": _served, "jiqun.ttl": _served},
    ),
)
