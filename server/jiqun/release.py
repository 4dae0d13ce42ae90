"""Opens a release folder, the only thing that comes here from the knowledge side.

A release (format 1) is `manifest.json`, which is written last, the files it lists with their size
and SHA-256, `queries.json`, and the store in `store/`. Whatever is wrong with it is found before
the first request and told in one sentence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jiqun.errors import ReleaseError
from jiqun.saved_queries import SavedQuery, read_saved_queries

FORMAT: Final = 1
_REBUILD: Final = "Build it anew with `jiqun build`."
_BLOCK: Final = 1 << 20
_QUALITY: Final = "quality.json"
_ONTOLOGY: Final = "ontology-"
_APART: Final = ("queries.json", _QUALITY)


@dataclass(frozen=True)
class Dump:
    """One file of the release that anybody may download.

    `group` and `title` (by language) are for lists, `conforms_to` is the address of the format's
    specification; a release of an older program says none of them.
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


@dataclass(frozen=True)
class Release:
    """An opened release: what its manifest says, its saved queries, where its store is.

    `identifier` is the SHA-256 of the content, in hexadecimal; two releases with the same content
    have the same identifier wherever they were built.
    """

    folder: Path
    title: str
    version: str
    identifier: str
    ontology: Mapping[str, str]
    counts: Mapping[str, int]
    dumps: Mapping[str, Dump]
    queries: Mapping[str, SavedQuery]
    quality: Mapping[str, Any] = field(default_factory=dict)
    """The report on the quality of the data; empty for a release that has none."""
    ontologies: Mapping[str, Dump] = field(default_factory=dict)
    """The files of the versions of the ontology."""

    @property
    def store(self) -> Path:
        """The folder of the store."""
        return self.folder.resolve() / "store"


def open_release(folder: Path, *, verify: bool = True) -> Release:
    """Open the release in `folder`; with `verify`, the content of every file is checked too.

    Raises `ReleaseError` when the folder is missing, half-written, damaged or of another format.
    """
    manifest = _read_manifest(folder)
    try:
        files = {
            name: _dump(folder, name, entry)
            for name, entry in manifest["files"].items()
            if name not in _APART
        }
        ontologies = {name: file for name, file in files.items() if name.startswith(_ONTOLOGY)}
        dumps = {name: file for name, file in files.items() if name not in ontologies}
        apart = {name: manifest["files"].get(name) for name in _APART}
        release = Release(
            folder=folder,
            title=str(manifest.get("title", "Jiqun")),
            version=str(manifest["version"]),
            identifier=str(manifest["release"]),
            ontology=dict(manifest.get("ontology") or {}),
            counts=dict(manifest.get("counts") or {}),
            dumps=dumps,
            queries=_read_queries(folder),
            quality=_read_quality(folder) if apart[_QUALITY] else {},
            ontologies=ontologies,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReleaseError(
            f"The manifest of the release has no valid {error}. {_REBUILD}"
        ) from error
    if not (release.store / "CURRENT").is_file():
        raise ReleaseError(f"The release has no store. {_REBUILD}")
    listed = [*files.values()]
    listed += [
        _dump(folder, name, entry) for name, entry in apart.items() if isinstance(entry, dict)
    ]
    for each in listed:
        _check_file(each, verify=verify)
    return release


def no_release() -> Release:
    """Give what stands for a release where a workspace is served alone."""
    return Release(
        folder=Path(),
        title="Workspace",
        version="0",
        identifier="",
        ontology={},
        counts={},
        dumps={},
        queries={},
    )


def _read_manifest(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise ReleaseError(
            f"There is no release folder at {folder}. Make one with `jiqun build`, or name another "
            "with --release."
        )
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ReleaseError(
            f"{folder} has no manifest.json: it is no release, or its writing was interrupted. "
            f"{_REBUILD}"
        ) from None
    except (ValueError, OSError) as error:
        raise ReleaseError(f"{path} cannot be read: {error}. {_REBUILD}") from None
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        raise ReleaseError(
            f"The release in {folder} has format {found!r}; this program reads format {FORMAT}. "
            f"{_REBUILD}"
        )
    return dict(manifest)


def _read_queries(folder: Path) -> dict[str, SavedQuery]:
    path = folder / "queries.json"
    try:
        return read_saved_queries(path.read_bytes())
    except FileNotFoundError:
        raise ReleaseError(f"The release has no queries.json. {_REBUILD}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReleaseError(f"queries.json of the release is damaged: {error}. {_REBUILD}") from None


def _read_quality(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / _QUALITY).read_bytes()))
    except FileNotFoundError:
        raise ReleaseError(f"The release lacks its file {_QUALITY}. {_REBUILD}") from None
    except (TypeError, ValueError) as error:
        raise ReleaseError(f"{_QUALITY} of the release is damaged: {error}. {_REBUILD}") from None


def _dump(folder: Path, name: str, entry: Mapping[str, Any]) -> Dump:
    if "/" in name or "\\" in name or name.startswith("."):
        raise ValueError(f"file name {name!r}")
    return Dump(
        name=name,
        path=folder / name,
        sha256=str(entry["sha256"]),
        size=int(entry["bytes"]),
        media_type=str(entry["mediaType"]),
        triples=_count(entry, "triples"),
        rows=_count(entry, "rows"),
        group=str(entry.get("group", "")),
        title=dict(entry.get("title", {})),
        conforms_to=str(entry.get("conformsTo", "")),
    )


def _count(entry: Mapping[str, Any], name: str) -> int | None:
    return int(entry[name]) if entry.get(name) is not None else None


def _check_file(dump: Dump, *, verify: bool) -> None:
    try:
        size = dump.path.stat().st_size
    except OSError:
        raise ReleaseError(f"The release lacks its file {dump.name}. {_REBUILD}") from None
    if size != dump.size:
        raise ReleaseError(
            f"{dump.name} of the release has {size} bytes instead of {dump.size}: it is cut off or "
            f"was changed. {_REBUILD}"
        )
    if verify and _sha256(dump.path) != dump.sha256:
        raise ReleaseError(
            f"{dump.name} of the release is damaged: its SHA-256 is not that of the manifest. "
            f"{_REBUILD}"
        )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
