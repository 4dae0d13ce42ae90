"""Files into a workspace and out of it: `jiqun load`, `jiqun backup`, `jiqun restore`.

A backup holds what users wrote, without the release below, as N-Quads: it can be restored over
any release, or loaded by any RDF tool. (N-Quads have no graphs without statements.)
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox

from jiqun.endpoint.iris import absolute_iri
from jiqun.endpoint.rdf_reading import read_file
from jiqun.endpoint.writing.folder import own_quads
from jiqun.endpoint.writing.inputs import inputs
from jiqun.endpoint.writing.workspace import open_workspace
from jiqun.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_LEVEL: Final = 6


def load(workspace: Path, names: Sequence[str], graph: str | None = None) -> int:
    """Add files, folders of files, releases and addresses to a workspace, all of them or none.

    Returns how many statements there are then.

    With `graph`, an IRI, each file is one graph and goes into that one; without, triples go into
    the default graph and quads where they say. Raises `WorkspaceError`, `MalformedData`,
    `UnsupportedMediaType`, `BadParameter`, `NotReached` and `OSError`.
    """
    target = None if graph is None else ox.NamedNode(absolute_iri(graph, "--graph"))
    with open_workspace(workspace) as opened, inputs(names) as files:
        for each in files:
            opened.store.bulk_extend(read_file(each.path, target, each.base))
        opened.publish(0, ())
        return len(opened.store)


def backup(workspace: Path, file: Path) -> int:
    """Write what users wrote to a gzipped N-Quads file; return the number of statements.

    A server may write to the workspace meanwhile: the backup is one published state.
    """
    count = 0

    def counted() -> Iterator[ox.Quad]:
        nonlocal count
        for count, quad in enumerate(own_quads(workspace), 1):  # noqa: B007
            yield quad

    new = file.with_name(f"{file.name}.new")
    try:
        with new.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed:
            output: Any = packed
            ox.serialize(counted(), output, ox.RdfFormat.N_QUADS)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
    return count


def restore(workspace: Path, file: Path, replace: bool = False) -> int:
    """Put what a backup holds in place of what users wrote; return the number of statements.

    A workspace that is not empty is replaced only with `replace`.
    """
    with open_workspace(workspace) as opened:
        if not replace and not opened.empty:
            raise WorkspaceError(
                "The workspace is not empty. With --replace, what the backup holds takes the place "
                "of everything that users wrote."
            )
        opened.replace_own(read_file(file))
        return sum(1 for _ in own_quads(workspace))
