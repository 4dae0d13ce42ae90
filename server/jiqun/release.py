"""Opens a release folder, the only interface between knowledge and the reading side.

A release (format 1) is `manifest.json`, which is written last, the files that it lists with their
size and SHA-256, `queries.json`, and the store in `store/`. All of it is checked before the first
request.
"""

from __future__ import annotations

import difflib
import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Final, TypeVar

from jiqun.errors import NotFound, ReleaseError, shorten
from jiqun.saved_queries import SavedQuery, read_saved_queries

T = TypeVar("T")

FORMAT: Final = 1
_REBUILD: Final = "Build it again with `jiqun build`."
_MANIFEST: Final = "manifest.json"
_QUERIES: Final = "queries.json"
_QUALITY: Final = "quality.json"
_STATISTICS: Final = "statistics.json"
_VOCABULARY: Final = "vocab.json"
_READ: Final = frozenset({_QUERIES, _QUALITY, _VOCABULARY, _STATISTICS})
"""Files that this program reads, and serves at URLs of their own."""
_ONTOLOGY: Final = "ontology-"


@dataclass(frozen=True)
class Dump:
    """A file of the release for download.

    `group` and `title` (by language) are for lists, `conforms_to` is the address of the format's
    specification; releases of older versions have none of the three.
    """

    name: str
    path: Path
    sha256: str
    size: int
    media_type: str
    triples: int | None
    rows: int | None = None
    group: str = ""
    title: Mapping[str, str] = field(default_factory=dict)
    conforms_to: str = ""

    @property
    def count(self) -> int | None:
        """Its number of triples or rows."""
        return self.rows if self.triples is None else self.triples

    @property
    def modified(self) -> float:
        """When the file was last changed, in seconds of Unix time; raises `ReleaseError`."""
        with self._readable():
            return self.path.stat().st_mtime

    def open(self, *, unpacked: bool = False) -> BufferedIOBase:
        """Open the file, decompressing gzip; raises `ReleaseError` if it is missing."""
        with self._readable():
            return gzip.open(self.path) if unpacked else self.path.open("rb")

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ReleaseError(f"{self.name} of the release is currently unreadable.") from error


@dataclass(frozen=True)
class Release:
    """An opened release: its manifest, its saved queries, its files.

    `identifier` is the SHA-256 of the content, in hexadecimal: two releases with the same content
    have the same identifier wherever they were built. `quality` is the report on data quality,
    `ontologies` are the files of ontology versions, `vocabulary` is the list of terms with their
    use. Releases made by `jiqun pack` have `statistics`, and may have a `namespace` for their
    things.
    """

    folder: Path
    title: str
    version: str
    identifier: str
    ontology: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    dumps: Mapping[str, Dump] = field(default_factory=dict)
    queries: Mapping[str, SavedQuery] = field(default_factory=dict)
    quality: Mapping[str, Any] = field(default_factory=dict)
    ontologies: Mapping[str, Dump] = field(default_factory=dict)
    vocabulary: Mapping[str, Any] = field(default_factory=dict)
    statistics: Mapping[str, Any] = field(default_factory=dict)
    namespace: str = ""

    @property
    def store(self) -> Path:
        """The folder of the store."""
        return self.folder.resolve() / "store"


def no_release() -> Release:
    """Return an empty release, for a workspace that is served alone."""
    return Release(Path(), title="Workspace", version="0", identifier="")


def open_release(
    folder: Path, *, verify: bool = True, check_files: bool = True, with_store: bool = True
) -> Release:
    """Open the release in `folder`; with `verify`, check the SHA-256 of every file.

    Without `check_files`, its files are not checked, as in a worker that only reads the store.
    Without `with_store`, no store is needed, as with a backend.

    Raises `ReleaseError` when the folder is missing, incomplete, damaged or of another format.
    """
    if not folder.is_dir():
        raise ReleaseError(
            f"There is no release folder at {folder}. Create one with `jiqun build`, or choose "
            "another with --release."
        )
    files, release = _read(folder, _MANIFEST, partial(_from_manifest, folder))
    if with_store and not (release.store / "CURRENT").is_file():
        raise ReleaseError(f"The release has no store. {_REBUILD}")
    for file in files.values() if check_files else ():
        _check_file(file, verify=verify)
    return release


def find_query(release: Release, name: str) -> SavedQuery:
    """Return a saved query by its name; raises `NotFound` with the most similar names."""
    query = release.queries.get(name)
    if query is not None:
        return query
    near = difflib.get_close_matches(name, release.queries, n=3, cutoff=0.4)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    raise NotFound(f"There is no saved query {shorten(name)}.{hint}")


def _read(folder: Path, name: str, parse: Callable[[bytes], T]) -> T:
    """Read a file of the release; raises `ReleaseError` when it is missing or `parse` fails."""
    try:
        content = (folder / name).read_bytes()
    except FileNotFoundError:
        raise ReleaseError(
            f"{folder} has no {name}: it is not a release, or its build was interrupted. {_REBUILD}"
        ) from None
    except OSError as error:
        raise ReleaseError(f"{folder / name} cannot be read: {error.strerror}.") from None
    try:
        return parse(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else error
        raise ReleaseError(f"{name} of the release is damaged: {reason}. {_REBUILD}") from error


def _from_manifest(folder: Path, content: bytes) -> tuple[dict[str, Dump], Release]:
    """Return all files of the manifest, and the release."""
    manifest = json.loads(content)
    found = manifest.get("format")
    if found != FORMAT:
        raise ReleaseError(
            f"The release in {folder} has format {found!r}; this program reads format {FORMAT}. "
            f"{_REBUILD}"
        )
    files = {name: _file(folder, name, entry) for name, entry in manifest["files"].items()}
    dumps = {name: file for name, file in files.items() if name not in _READ}
    ontologies = {name: dumps.pop(name) for name in list(dumps) if name.startswith(_ONTOLOGY)}
    return files, Release(
        folder=folder,
        title=str(manifest.get("title", "Jiqun")),
        version=str(manifest["version"]),
        identifier=str(manifest["release"]),
        ontology=dict(manifest.get("ontology") or {}),
        counts=dict(manifest.get("counts") or {}),
        dumps=dumps,
        queries=_read(folder, _QUERIES, read_saved_queries),
        quality=_read(folder, _QUALITY, _read_object) if _QUALITY in files else {},
        vocabulary=_read(folder, _VOCABULARY, _read_object) if _VOCABULARY in files else {},
        ontologies=ontologies,
        statistics=_read(folder, _STATISTICS, _read_object) if _STATISTICS in files else {},
        namespace=str(manifest.get("namespace", "")),
    )


def _read_object(content: bytes) -> dict[str, Any]:
    return dict(json.loads(content))


def _file(folder: Path, name: str, entry: Mapping[str, Any]) -> Dump:
    if "/" in name or "\\" in name or name.startswith("."):
        raise ValueError(f"{name!r} is not a file name")
    return Dump(
        name=name,
        path=folder / name,
        sha256=str(entry["sha256"]),
        size=int(entry["bytes"]),
        media_type=str(entry["mediaType"]),
        triples=entry.get("triples"),
        rows=entry.get("rows"),
        group=str(entry.get("group", "")),
        title=dict(entry.get("title", {})),
        conforms_to=str(entry.get("conformsTo", "")),
    )


def _check_file(file: Dump, *, verify: bool) -> None:
    try:
        size = file.path.stat().st_size
    except OSError:
        raise ReleaseError(f"The file {file.name} of the release is missing. {_REBUILD}") from None
    if size != file.size:
        raise ReleaseError(
            f"{file.name} of the release has {size} bytes instead of {file.size}: it is truncated "
            f"or was changed. {_REBUILD}"
        )
    if verify:
        with file.open() as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if digest != file.sha256:
            raise ReleaseError(
                f"{file.name} of the release is damaged: its SHA-256 differs from the manifest. "
                f"{_REBUILD}"
            )
