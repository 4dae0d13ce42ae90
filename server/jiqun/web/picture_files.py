"""Writes the pictures of the README from a release, as on the pages.

    python -m jiqun.web.picture_files RELEASE FOLDER

Their links are the identifiers of the graph, so they hold wherever the pictures are shown.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox

from jiqun.language import Reader
from jiqun.rdf.formats import SVG
from jiqun.rdf.namespaces import BASE
from jiqun.release import open_release
from jiqun.settings import Settings
from jiqun.web.documents import Context
from jiqun.web.negotiation import Choice
from jiqun.web.pages.clusters_page import clusters_document
from jiqun.web.pages.compare_page import compare_document
from jiqun.web.pages.listing import Selection


def write_pictures(release: Path, folder: Path) -> Iterator[Path]:
    """Write the pictures into a folder, and yield their paths; raises `ReleaseError`."""
    opened = open_release(release, verify=False)
    context = Context(opened, Settings(), ox.Store.read_only(str(opened.store)))
    reader, choice, site = Reader(), Choice(SVG, SVG.media_type), BASE.rstrip("/")
    drawn = {
        "clusters.svg": clusters_document(context, reader, choice, Selection(), site),
        "comparison.svg": compare_document(
            context, reader, choice, Selection((("metric", "industry-scale"),)), site
        ),
    }
    for name, document in drawn.items():
        path = folder / name
        path.write_bytes(document.body)
        yield path


if __name__ == "__main__":
    for written in write_pictures(Path(sys.argv[1]), Path(sys.argv[2])):
        print(written)  # noqa: T201 - what a command says
