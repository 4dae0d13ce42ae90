"""What a tool is here: where it comes from, which files it counts and which it answers from."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = ROOT / ".interop"
"""Where tools are installed and dumps unpacked; not part of the repository."""
HERE: Final = Path(__file__).parent
PATIENCE: Final = 300
"""Seconds that a tool may take for one file or one set of queries."""


class NotInstalled(Exception):
    """The tool is not at hand; the message says what would install it."""


class Refused(Exception):
    """The tool did not read a file or answer a query; the message is its own."""


@dataclass(frozen=True)
class Question:
    """A saved query with its defaults bound: its name, its form and the text to send."""

    name: str
    form: str
    text: str

    @property
    def asks_graphs(self) -> bool:
        """Whether the answer needs the named graphs."""
        return "GRAPH " in self.text


@dataclass(frozen=True)
class Tool:
    """A tool. `counts` tells, by file of the release, how the tool counts what it reads from it.

    `answers` tells, by file, how the tool loads it and answers questions: the raw answer of each,
    or the reason why there is none. With `few`, only a choice of the queries is asked. `checks`
    tells in words what else the tool finds in a file. What is `python` is part of `make test`.
    """

    name: str
    registry: str
    package: str
    version: Callable[[], str]
    counts: Mapping[str, Callable[[Path], int]] = field(default_factory=dict)
    answers: Mapping[str, Callable[[Path, list[Question]], Mapping[str, bytes | Refused]]] = field(
        default_factory=dict
    )
    checks: Mapping[str, Callable[[Path], str]] = field(default_factory=dict)
    few: bool = False
    python: bool = False


def command(
    *words: str | Path, cwd: Path | None = None, patience: int = PATIENCE, **environment: str
) -> str:
    """Run a program; return what it printed, on standard error if nothing else.

    Raises `Refused` with its last words, and `NotInstalled`.
    """
    try:
        done = subprocess.run(
            [str(word) for word in words],
            cwd=cwd,
            env=os.environ | environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=patience,
            check=False,
        )
    except FileNotFoundError:
        raise NotInstalled(f"{words[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise Refused(f"no end after {patience} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise Refused(said[-600:] or f"exit code {done.returncode}")
    return (done.stdout or done.stderr).decode()


def fresh(folder: Path) -> Path:
    """Make a folder anew, empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
