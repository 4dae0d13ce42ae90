"""`jiqun load`, `backup` and `restore`: import and export of workspaces.

URLs are fetched only when the operator names them on the command line, never because of loaded
data.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

import pyoxigraph as ox

from jiqun.errors import BadParameter, OperatorError, WorkspaceError
from jiqun.outbound.operator_requests import get
from jiqun.rdf.formats import GRAPH_EXTENSIONS, graph_format
from jiqun.rdf.namespaces import absolute_iri
from jiqun.rdf.parsing import read_file
from jiqun.writing.workspace import LiteralChanges, open_workspace, own_quads

_ACCEPT: Final = (
    "application/n-quads, application/trig;q=0.9, text/turtle;q=0.8, application/n-triples;q=0.7, "
    "application/rdf+xml;q=0.5, application/ld+json;q=0.4"
)
# Read timeout in seconds.
_READ_SECONDS: Final = 60.0
# The file of a release that contains all its data.
_WHOLE_RELEASE: Final = "jiqun.nq.gz"
_COMPRESSION_LEVEL: Final = 6
Watch = Callable[[str, int, int, Iterable[ox.Quad]], Iterable[ox.Quad]]
"""Wraps the quads of a file: its name, its number from 1, the number of files, the quads."""


@dataclass(frozen=True)
class Loaded:
    """The number of statements in a workspace, and of changed literals by kind."""

    statements: int
    changed_literals: Mapping[str, int]


@dataclass(frozen=True)
class Input:
    """A file to read, and the IRI that relative IRIs in it are resolved against."""

    path: Path
    base: str


@contextmanager
def inputs(names: Sequence[str]) -> Iterator[list[Input]]:
    """Yield the files for these names; downloads are removed when the block ends.

    A folder with a manifest.json is a release, whose N-Quads are read; of any other folder, all RDF
    files are read recursively, in the order of their names. Raises `BadParameter` and
    `OperatorError`.
    """
    with TemporaryDirectory(prefix="jiqun-") as scratch:
        found: list[Input] = []
        for place, name in enumerate(names):
            if urlsplit(name).scheme in {"http", "https"}:
                found.append(_fetch(name, Path(scratch) / str(place)))
            else:
                found += [Input(path, path.absolute().as_uri()) for path in _files(Path(name))]
        yield found


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if (path / "manifest.json").is_file():
        return [path / _WHOLE_RELEASE]
    found = [each for each in sorted(path.rglob("*")) if each.is_file() and _is_rdf(each.name)]
    if not found:
        raise BadParameter(f"The folder {path} has no RDF file.")
    return found


def _is_rdf(name: str) -> bool:
    plain = name.lower().removesuffix(".gz")
    return plain.endswith(GRAPH_EXTENSIONS) and not plain.endswith((".xml", ".json"))


def _fetch(url: str, folder: Path) -> Input:
    """Fetch a file into the folder, under a name with the extension of its format."""
    folder.mkdir()
    with get(url, _ACCEPT, _READ_SECONDS) as response:
        if response.status_code != 200:
            raise OperatorError(f"{url} returned {response.status_code} {response.reason_phrase}.")
        path = folder / _file_name(response.url.path, response.headers)
        with path.open("wb") as file:
            for block in response.iter_raw():
                file.write(block)
        return Input(path, str(response.url))


def _file_name(url_path: str, headers: Mapping[str, str]) -> str:
    """Return the file name of the URL, with an extension by the media type if it has none."""
    name = url_path.rpartition("/")[2]
    packed = ".gz" if headers.get("Content-Encoding") == "gzip" else ""
    if _is_rdf(name):
        return name if name.lower().endswith(".gz") else name + packed
    format_ = graph_format(headers.get("Content-Type", "").partition(";")[0].strip().lower())
    return f"{name or 'data'}{f'.{format_.extension}' if format_ else ''}{packed}"


def _unwatched(
    _name: str, _number: int, _files: int, quads: Iterable[ox.Quad]
) -> Iterable[ox.Quad]:
    return quads


def load(
    workspace: Path,
    names: Sequence[str],
    graph: str | None = None,
    watch: Watch = _unwatched,
) -> Loaded:
    """Add files, folders of files, releases and URLs to a workspace, all or nothing.

    With `graph`, an IRI, each file is read as one graph and added to that one; without, triples go
    into the default graph and quads into their graphs. `watch` sees all of them. Raises
    `WorkspaceError`, `MalformedData`, `UnsupportedMediaType`, `BadParameter`, `OperatorError` and
    `OSError`.
    """
    target = None if graph is None else ox.NamedNode(absolute_iri(graph, "--graph"))
    changes = LiteralChanges()
    with open_workspace(workspace) as opened, inputs(names) as files:
        for number, each in enumerate(files, 1):
            quads = read_file(each.path, target, each.base)
            seen = watch(each.path.name, number, len(files), quads)
            opened.store.bulk_extend(changes.watch(seen))
        opened.publish(0, ())
        return Loaded(len(opened.store), changes.kinds)


def backup(workspace: Path, file: Path) -> int:
    """Write the data of users to a gzipped N-Quads file; return the number of statements.

    Safe while a server writes to the workspace: the backup is one published state.
    """
    count = 0

    def counted() -> Iterator[ox.Quad]:
        nonlocal count
        for count, quad in enumerate(own_quads(workspace), 1):  # noqa: B007
            yield quad

    new = file.with_name(f"{file.name}.new")
    try:
        with (
            new.open("wb") as raw,
            gzip.GzipFile("", "wb", _COMPRESSION_LEVEL, raw, mtime=0) as packed,
        ):
            output: Any = packed
            ox.serialize(counted(), output, ox.RdfFormat.N_QUADS)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
    return count


def restore(workspace: Path, file: Path, replace: bool = False) -> int:
    """Replace the data of users by a backup; return the number of statements.

    A non-empty workspace is replaced only with `replace`.
    """
    with open_workspace(workspace) as opened:
        if not replace and not opened.empty:
            raise WorkspaceError(
                "The workspace is not empty. Use --replace to replace everything that users wrote."
            )
        opened.replace_own(read_file(file))
        return sum(1 for _ in own_quads(workspace))
