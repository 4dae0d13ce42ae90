"""Java programs: the right runtime, and classes that Maven has brought."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from interop.tool import CACHE, HERE, NotInstalled, command

_FOLDERS: Final = Path("/usr/lib/jvm")
_VERSION: Final = re.compile(r'version "(\d+)')


@cache
def _runtimes() -> dict[int, str]:
    homes = [os.environ.get("JAVA_HOME"), *(str(path) for path in sorted(_FOLDERS.glob("*")))]
    programs = [shutil.which("java"), *(f"{home}/bin/java" for home in homes if home)]
    found: dict[int, str] = {}
    for program in programs:
        if program and Path(program).is_file():
            said = subprocess.run(
                [program, "-version"], capture_output=True, text=True, check=False
            )
            if match := _VERSION.search(said.stderr):
                found.setdefault(int(match[1]), program)
    return found


def runtime(least: int = 17, most: int = 99) -> str:
    """Return the newest Java between two versions; raises `NotInstalled`."""
    fitting = [version for version in _runtimes() if least <= version <= most]
    if not fitting:
        upper = f" to {most}" if most < 99 else " or newer"
        raise NotInstalled(f"needs Java {least}{upper}")
    return _runtimes()[max(fitting)]


def jars(folder: str) -> Path:
    """Return the folder of a tool's classes; raises `NotInstalled`."""
    path = CACHE / folder
    if not any(path.glob("*.jar")):
        raise NotInstalled("its classes are not in .interop: make interop-tools")
    return path


def run(
    folder: str,
    program: str,
    *arguments: str | Path,
    options: tuple[str, ...] = (),
    least: int = 17,
    most: int = 99,
) -> str:
    """Run a class of a tool, or a program of java/ that uses it; return what it printed."""
    main = HERE / "java" / program if program.endswith(".java") else program
    path = f"{jars(folder)}/*"
    return command(runtime(least, most), *options, "-cp", path, main, *arguments)


def version(folder: str, artifact: str) -> str:
    """Return the version in the name of a tool's archive; raises `NotInstalled`."""
    for path in jars(folder).glob(f"{artifact}-*.jar"):
        if match := re.fullmatch(rf"{re.escape(artifact)}-(\d[\w.]*)", path.stem):
            return match[1]
    raise NotInstalled(f"{artifact} is not in .interop: make interop-tools")
