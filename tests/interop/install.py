"""Install the tools into .interop, each with the ordinary client of its registry.

What cannot be installed is said and left out; the run then skips it with the reason.
"""

from __future__ import annotations

import os
import shutil
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

from interop.tool import CACHE, HERE, NotInstalled, Refused, command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DEBIAN: Final = {
    "rapper": "raptor2-utils",
    "roqet": "rasqal-utils",
    "virtuoso-t": "virtuoso-opensource-7-bin",
    "isql-vt": "virtuoso-opensource-7",
    "ab": "apache2-utils",
    "wrk": "wrk",
}
_FUSEKI: Final = "org.apache.jena:jena-fuseki-server:6.2.0"


def main() -> None:
    """Install all that is missing."""
    _try("from Debian", _debian)
    _try("from npm", _npm)
    _try("Apache Jena", _jena)
    for pom in sorted((HERE / "maven").glob("*.xml")):
        _try(pom.stem, partial(_maven, pom))


def _try(what: str, install: Callable[[], None]) -> None:
    sys.stderr.write(f"{what}\n")
    try:
        install()
    except (NotInstalled, Refused) as reason:
        sys.stderr.write(f"  not installed: {reason}\n")


def _debian() -> None:
    wanted = [package for program, package in _DEBIAN.items() if shutil.which(program) is None]
    if not wanted:
        return
    if os.geteuid() != 0:
        raise NotInstalled(f"sudo apt-get install {' '.join(wanted)}")
    command("apt-get", "update")
    words = ("apt-get", "install", "--yes", "--no-install-recommends", *wanted)
    command(*words, DEBIAN_FRONTEND="noninteractive")


def _npm() -> None:
    """Install what the lock file says, by hash.

    In `tests/interop/node`, `npm install --package-lock-only --omit-lockfile-registry-resolved`
    writes it anew.
    """
    folder = CACHE / "node"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = HERE / "node" / "package-lock.json"
    present = folder / "package-lock.json"
    if present.exists() and present.read_bytes() == wanted.read_bytes():
        return
    shutil.copy(HERE / "node" / "package.json", folder)
    shutil.copy(wanted, present)
    try:
        command("npm", "ci", "--no-audit", "--no-fund", cwd=folder)
    except (NotInstalled, Refused):
        present.unlink()
        raise


def _jena() -> None:
    folder = CACHE / "jena"
    version = _FUSEKI.rpartition(":")[2]
    if not any(folder.glob(f"*-{version}.jar")):
        words = ("dependency:copy", f"-Dartifact={_FUSEKI}", f"-DoutputDirectory={folder}")
        command("mvn", "--quiet", "--batch-mode", *words)


def _maven(pom: Path) -> None:
    folder = CACHE / pom.stem
    present = folder / "pom.xml"
    if present.exists() and present.read_bytes() == pom.read_bytes():
        return
    shutil.rmtree(folder, ignore_errors=True)
    words = (
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
    )
    command("mvn", "--quiet", "--batch-mode", "--file", pom, *words, f"-DoutputDirectory={folder}")
    shutil.copy(pom, present)


if __name__ == "__main__":
    main()
