"""Finds, in a separate process, the earlier release since which each thing is unchanged.

The releases are compared once per served release, each with its predecessor, the last two first.
That takes seconds and much memory, so it runs outside the server, at low priority; until it is
done, pages omit it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jiqun.difference import compare
from jiqun.errors import ReleaseError
from jiqun.rdf.namespaces import ID
from jiqun.release import Release, open_release
from jiqun.web.pages.changes_page import Since, earlier_releases

_MOST_COMPARED: Final = 5
_MOST_THINGS: Final = 200_000
_NICE: Final = 10

_log = logging.getLogger("jiqun.history")


@dataclass(frozen=True)
class History:
    """What is known of a release by its identifier: the last change of things, by slug.

    `oldest` is the name of the first release that was compared.
    """

    release: str = ""
    oldest: str = ""
    changes: Mapping[str, Since] = field(default_factory=dict)

    def since(self, release: str, slug: str) -> Since | None:
        """Return the last change of a thing of a release; None while it is not known."""
        if release != self.release or not self.oldest:
            return None
        return self.changes.get(slug) or Since(self.oldest, "same")


async def read_history(kept: Path, release: Release) -> History:
    """Let a process compare a release with those in a folder; of what fails, nothing is known."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", __name__, str(kept), str(release.folder)),
        stdin=DEVNULL,
        stdout=PIPE,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
    if process.returncode:
        _log.warning("the releases that are kept could not be compared")
        return History()
    found = json.loads(output)
    changes = {slug: Since(name, kind) for slug, (name, kind) in found["changes"].items()}
    return History(release.identifier, found["oldest"], changes)


def find_changes(kept: Path, folder: Path) -> dict[str, object]:
    """Compare releases; return the `oldest` compared and, by slug, the last change of things.

    Raises `ReleaseError` for a release that cannot be read.
    """
    newer = open_release(folder, verify=False, check_files=False)
    oldest, changes = "", dict[str, tuple[str, str]]()
    for name, older in list(earlier_releases(kept, newer.identifier).items())[:_MOST_COMPARED]:
        for each in compare(older, newer).entities:
            slug = each.iri.removeprefix(ID)
            if slug != each.iri and each.after and len(changes) < _MOST_THINGS:
                changes.setdefault(slug, (name, "changed" if each.before else "new"))
        oldest, newer = name, older
    return {"oldest": oldest, "changes": changes}


def main() -> None:
    """Print what `find_changes` finds, for the server that started this."""
    os.nice(_NICE)
    try:
        json.dump(find_changes(Path(sys.argv[1]), Path(sys.argv[2])), sys.stdout)
    except ReleaseError as error:
        sys.exit(error.detail)


if __name__ == "__main__":
    main()
