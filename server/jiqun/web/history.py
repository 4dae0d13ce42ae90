"""Finds, in a separate process, the earlier release since which each thing is unchanged.

The same process generates `/changes`. The releases are compared once per served release, each with
its predecessor, the last two first. That takes seconds and much memory, so it runs outside the
server, at low priority; until it is done, pages omit it, and requests for `/changes` wait.
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

import pyoxigraph as ox

from jiqun.errors import ReleaseError
from jiqun.language import Reader
from jiqun.query.jobs import Answer, DocumentJob
from jiqun.query.service import QueryService
from jiqun.rdf.formats import HTML
from jiqun.rdf.namespaces import ID
from jiqun.rdf.terms import LANGUAGES
from jiqun.release import Release, open_release
from jiqun.settings import Settings
from jiqun.web.documents import Context, make
from jiqun.web.negotiation import Choice
from jiqun.web.pages.changes_page import Since, changes_page, compare_folders, earlier_releases

_MOST_COMPARED: Final = 5
_MOST_THINGS: Final = 200_000
_NICE: Final = 10
_PAGE: Final = (changes_page.__module__, changes_page.__name__)

_log = logging.getLogger("jiqun.history")


@dataclass(frozen=True)
class History:
    """The last changes of the things of a release, by slug.

    `oldest` is the name of the oldest release that was compared; without one, nothing is known.
    """

    release: str = ""
    oldest: str = ""
    changes: Mapping[str, Since] = field(default_factory=dict)

    def since(self, release: str, slug: str) -> Since | None:
        """Return the last change of a thing of a release; None while it is not known."""
        if release != self.release or not self.oldest:
            return None
        return self.changes.get(slug) or Since(self.oldest, "same")


async def read_history(kept: Path, service: QueryService) -> History:
    """Compare a release with those in a folder, in another process; if it fails, nothing is known.

    The page `/changes` is put into the cache of the service, in each language.
    """
    release, root = service.release, service.settings.root_path
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "jiqun.web.history"),
        *(str(kept), str(release.folder), root),
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
    for lang, page in found["pages"].items():
        job = DocumentJob(*_PAGE, _arguments(lang, release, root), {}, 0.0)
        service.keep_document(job, Answer.of_document(page.encode(), 0.0, 0.0))
    changes = {slug: Since(name, kind) for slug, (name, kind) in found["changes"].items()}
    return History(release.identifier, found["oldest"], changes)


def _arguments(lang: str, release: Release, root: str) -> tuple[Reader, str, Choice]:
    """Return the arguments of `changes_page` for a request without parameters."""
    title = release.title if release.statistics else ""
    reader = Reader(lang, root=root, here="/changes", title=title)
    return reader, "", Choice(HTML, HTML.media_type)


def find_changes(kept: Path, folder: Path, root: str) -> dict[str, object]:
    """Compare releases; return the `oldest` compared and, by slug, the last change of things.

    The `pages` are those of `/changes` by language. Raises `ReleaseError` for a release that cannot
    be read.
    """
    newer = open_release(folder, verify=False, check_files=False)
    context = Context(newer, Settings(earlier_releases=kept), ox.Store())
    oldest, changes = "", dict[str, tuple[str, str]]()
    pages: dict[str, str] = {}
    for name, older in list(earlier_releases(kept, newer.identifier).items())[:_MOST_COMPARED]:
        difference = compare_folders(str(older.folder), str(newer.folder))
        for lang in LANGUAGES if not pages else ():
            arguments = _arguments(lang, context.release, root)
            pages[lang] = make(context, *_PAGE, arguments, {}).decode()
        for each in difference.entities:
            slug = each.iri.removeprefix(ID)
            if slug != each.iri and each.after and len(changes) < _MOST_THINGS:
                changes.setdefault(slug, (name, "changed" if each.before else "new"))
        oldest, newer = name, older
    return {"oldest": oldest, "changes": changes, "pages": pages}


def main() -> None:
    """Print what `find_changes` finds, for the server that started this."""
    os.nice(_NICE)
    try:
        json.dump(find_changes(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]), sys.stdout)
    except ReleaseError as error:
        sys.exit(error.detail)


if __name__ == "__main__":
    main()
