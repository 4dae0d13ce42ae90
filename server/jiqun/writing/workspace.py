"""The folder of a workspace: the data of users, over a release or alone.

    workspace.json         names the published checkpoint, replaced by an atomic rename
    lock                   held by the process that writes
    generation-N/base      the base release, absent if there is none
    generation-N/store-N   the writer's store
    generation-N/published-N   a checkpoint that readers open

A new base release starts a new generation. Literals that the store keeps in another form are
counted, to report them to clients: pyoxigraph 0.5.13 stores numbers, dates and durations by their
value: `"01"^^xsd:int` becomes `"1"^^xsd:integer`, `+00:00` becomes `Z` (oxigraph issues 526 and
1413; decision 61). Language tags, which RDF 1.1 lets a store lower-case, are not counted.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

import pyoxigraph as ox

from jiqun.errors import WorkspaceError
from jiqun.rdf.namespaces import XSD, compact
from jiqun.rdf.parsing import Graph

_NODE: Final = ox.NamedNode("urn:jiqun:node")
_SCRATCH: Final = ox.Store()
_STRING: Final = f"{XSD}string"
_INTEGER: Final = ox.NamedNode(f"{XSD}integer")
_DERIVED: Final = frozenset(
    f"{XSD}{name}"
    for name in (
        *("int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger"),
        *("nonPositiveInteger", "negativeInteger"),
        *("unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte"),
    )
)
_CANONICAL_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
# Forms known to be canonical, for frequent datatypes: these need no look-up.
_CANONICAL: Final = {
    f"{XSD}integer": _CANONICAL_INTEGER,
    f"{XSD}decimal": re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{0,14}[1-9]"),
    f"{XSD}date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    f"{XSD}dateTime": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[01][0-9]:[0-9]{2}:[0-9]{2}Z"),
}
FORMAT: Final = 1
STATE: Final = "workspace.json"
_LOCK_PAUSE: Final = 0.01
# Publications after which the writer's store is rebuilt.
_RENEWAL: Final = 100


def stored_form(literal: ox.Literal) -> ox.Literal:
    """Return the form in which the engine stores a literal."""
    datatype, value = literal.datatype.value, literal.value
    if datatype in _DERIVED and _CANONICAL_INTEGER.fullmatch(value):
        return ox.Literal(value, datatype=_INTEGER)
    canonical = _CANONICAL.get(datatype)
    if canonical is not None and canonical.fullmatch(value):
        return literal
    return _looked_up(literal)


@lru_cache(maxsize=1 << 16)
def _looked_up(literal: ox.Literal) -> ox.Literal:
    quad = ox.Quad(_NODE, _NODE, literal)
    _SCRATCH.add(quad)
    found = next(iter(_SCRATCH)).object
    _SCRATCH.remove(quad)
    assert isinstance(found, ox.Literal)
    return found


class LiteralChanges:
    """Counts changed literals by kind, as in `xsd:int as xsd:integer`."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()

    def count(self, literal: ox.Literal) -> None:
        """Count a literal if the engine changes it."""
        datatype = literal.datatype.value
        if datatype == _STRING or not datatype.startswith(XSD):
            return
        stored = stored_form(literal)
        if stored == literal:
            return
        same = stored.datatype == literal.datatype
        form = "canonical form" if same else compact(stored.datatype.value)
        self.kinds[f"{compact(datatype)} as {form}"] += 1

    def watch(self, quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
        """Yield quads unchanged, and count their changed literals."""
        for quad in quads:
            if isinstance(quad.object, ox.Literal):
                self.count(quad.object)
            yield quad

    @property
    def total(self) -> int:
        """The number of changed literals."""
        return self.kinds.total()


@dataclass(frozen=True, slots=True)
class State:
    """The content of `workspace.json`; `release` identifies the base release, "" for none."""

    format: int = FORMAT
    generation: int = 0
    published: int = 0
    release: str = ""


def published_store(folder: Path) -> Path:
    """Return the published store; raises `WorkspaceError` when there is none."""
    state = read_state(folder)
    if state is None:
        raise WorkspaceError("There is no workspace in this folder.")
    return published_path(folder, state)


def read_state(folder: Path) -> State | None:
    """Return the published state, None for a new workspace; raises `WorkspaceError`."""
    try:
        found = json.loads((folder / STATE).read_bytes())
        state = State(**found)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise WorkspaceError(f"{STATE} of the workspace cannot be read: {error}") from error
    if state.format != FORMAT:
        raise WorkspaceError(
            f"The workspace has format {state.format}, this program writes format {FORMAT}. "
            "Back it up with the program that wrote it, and restore the backup here."
        )
    return state


def own_quads(folder: Path) -> Iterator[ox.Quad]:
    """Yield the published data of users; works while a server writes to the workspace."""
    published = published_store(folder)
    yield from difference(open_store(published), open_base(published.parent))


def generation_path(folder: Path, state: State) -> Path:
    """Return the folder of the generation that `state` names."""
    return folder / f"generation-{state.generation}"


def published_path(folder: Path, state: State) -> Path:
    """Return the checkpoint that `state` names."""
    return generation_path(folder, state) / f"published-{state.published}"


def open_store(store: Path) -> ox.Store:
    """Open a checkpoint for reading; raises `WorkspaceError`."""
    try:
        return ox.Store.read_only(str(store))
    except OSError as error:
        raise WorkspaceError(
            f"The store {store.name} cannot be read: {error}. Restore a backup into a new folder."
        ) from error


def open_base(generation: Path) -> ox.Store | None:
    """Open the base release, None where there is none."""
    base = generation / "base"
    return open_store(base) if base.exists() else None


def difference(store: ox.Store, base: ox.Store | None) -> Iterator[ox.Quad]:
    """Yield the quads of a store that are not in its base."""
    return (quad for quad in store if base is None or quad not in base)


def take_lock(lock: int, patience: float) -> None:
    """Take the lock of a workspace; raises `WorkspaceError` after `patience` seconds."""
    last = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() > last:
                raise WorkspaceError(
                    "The workspace is in use by another process. Stop that process, or use another "
                    "folder."
                ) from error
            time.sleep(_LOCK_PAUSE)
        else:
            return


def write_state(folder: Path, state: State) -> None:
    """Replace `workspace.json` atomically and durably."""
    new = folder / f"{STATE}.new"
    with new.open("w", encoding="utf-8") as file:
        json.dump(asdict(state), file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / STATE)
    sync(folder)


def sync(folder: Path) -> None:
    """Flush a folder and its files to disk."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


class Protected(Exception):
    """A change would remove a statement of the release; the message names one."""


class Workspace:
    """A workspace opened for writing by one process; created by `open_workspace`.

    `store` is the writer's own: the published state with later changes.
    """

    def __init__(self, folder: Path, lock: int, state: State) -> None:
        """Take over the descriptor of the lock."""
        self._folder = folder
        self._lock = lock
        self._state = state
        self._base = open_base(self._generation)
        self._begun = self._publications = 0
        self.store = self._fresh_store()
        self._remove_old(0)

    @property
    def published(self) -> Path:
        """The store that readers open."""
        return published_path(self._folder, self._state)

    @property
    def number(self) -> int:
        """The number of published changes; it never decreases."""
        return self._state.published

    @property
    def release(self) -> str:
        """The identifier of the base release, "" where there is none."""
        return self._state.release

    @property
    def _generation(self) -> Path:
        return generation_path(self._folder, self._state)

    def publish(self, keep_seconds: float, touched: Iterable[Graph] | None = None) -> Path:
        """Publish `store` durably; return the checkpoint to read.

        `touched` are the graphs that may have lost statements, None when any may have: only they
        are checked for statements of the release. Raises `Protected` when one is missing; call
        `reset` then. Checkpoints that were replaced more than `keep_seconds` ago are removed.
        """
        missing = next((quad for quad in self._of_base(touched) if quad not in self.store), None)
        if missing is not None:
            raise Protected(str(missing.triple))
        following = replace(self._state, published=self._state.published + 1)
        target = published_path(self._folder, following)
        shutil.rmtree(target, ignore_errors=True)
        self.store.backup(str(target))
        sync(target.parent)
        self._replace_state(following)
        self._publications += 1
        self._remove_old(keep_seconds)
        return target

    def reset(self) -> None:
        """Undo every change since the last publication."""
        self.store = self._fresh_store()

    def tidy(self) -> None:
        """Rebuild the store if it is due; call it when no request waits.

        An open store has a journal of its files, which every checkpoint copies and every reader
        reads: it grows by 1.3 KB with each publication.
        """
        if self._publications >= _RENEWAL:
            self.store = self._fresh_store()

    def rebase(self, release: str, store: Path | None, keep_seconds: float = 0) -> None:
        """Replace the base release (or remove it), and publish the result."""
        own = difference(self.store, self._base)
        graphs = _own_graphs(self.store, self._base)
        self._begin_generation(release, store, own, graphs, keep_seconds)

    def replace_own(self, quads: Iterable[ox.Quad]) -> None:
        """Replace the data of users, and publish the result."""
        base = self._generation / "base"
        below = base if base.exists() else None
        self._begin_generation(self._state.release, below, quads, (), 0)

    @property
    def empty(self) -> bool:
        """Whether there is no data of users."""
        return next(iter(difference(self.store, self._base)), None) is None

    def close(self) -> None:
        """Close the stores and release the lock."""
        self.store, self._base = ox.Store(), None
        os.close(self._lock)

    def __enter__(self) -> Self:
        """Return the workspace, which `open_workspace` locked."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close."""
        self.close()

    def _begin_generation(
        self,
        release: str,
        below: Path | None,
        quads: Iterable[ox.Quad],
        graphs: Iterable[ox.NamedNode | ox.BlankNode],
        keep_seconds: float,
    ) -> None:
        state = State(
            generation=self._state.generation + 1,
            published=self._state.published + 1,
            release=release,
        )
        target = generation_path(self._folder, state)
        shutil.rmtree(target, ignore_errors=True)
        store = _create(target, below)
        store.bulk_extend(quads)
        for graph in graphs:
            store.add_graph(graph)
        store.backup(str(published_path(self._folder, state)))
        del store
        sync(target)
        self._replace_state(state)
        self._base = open_base(self._generation)
        self.store = self._fresh_store()
        self._remove_old(keep_seconds)

    def _of_base(self, touched: Iterable[Graph] | None) -> Iterator[ox.Quad]:
        if self._base is None:
            return
        if touched is None:
            yield from self._base
            return
        for graph in touched:
            yield from self._base.quads_for_pattern(None, None, None, graph)

    def _fresh_store(self) -> ox.Store:
        """Rebuild the writer's store in another folder: the old one may still be in use."""
        self._begun += 1
        self._publications = 0
        path = self._generation / f"store-{self._begun}"
        for other in self._generation.glob("store-*"):
            shutil.rmtree(other, ignore_errors=True)
        open_store(self.published).backup(str(path))
        return ox.Store(str(path))

    def _replace_state(self, state: State) -> None:
        before = self.published
        write_state(self._folder, state)
        self._state = state
        if before.exists():
            # `_remove_old` measures the age from here.
            os.utime(before)
            os.utime(before.parent)

    def _remove_old(self, keep_seconds: float) -> None:
        """Remove checkpoints and generations that no reader uses any more."""
        oldest = time.time() - keep_seconds
        kept = {self.published, self._generation}
        for pattern in ("generation-*", f"{self._generation.name}/published-*"):
            for folder in self._folder.glob(pattern):
                if folder not in kept and folder.stat().st_mtime <= oldest:
                    shutil.rmtree(folder, ignore_errors=True)


def open_workspace(folder: Path, patience: float = 0) -> Workspace:
    """Open a workspace for writing; a new one is empty and has no base release.

    Raises `WorkspaceError` when another process holds the lock for `patience` seconds (a killed one
    may still be exiting), or when it cannot be read.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WorkspaceError(f"The workspace cannot be written: {error.strerror}.") from error
    try:
        take_lock(lock, patience)
        return Workspace(folder, lock, read_state(folder) or _begin(folder))
    except BaseException:
        os.close(lock)
        raise


def _begin(folder: Path) -> State:
    if any(not _ours(path) for path in folder.iterdir()):
        raise WorkspaceError("The folder contains other files. A workspace needs its own folder.")
    state = State(generation=1)
    target = generation_path(folder, state)
    shutil.rmtree(target, ignore_errors=True)
    _create(target, None).backup(str(published_path(folder, state)))
    sync(target)
    write_state(folder, state)
    return state


def _ours(path: Path) -> bool:
    return path.name.startswith("generation-") or path.name in {"lock", f"{STATE}.new"}


def _create(generation: Path, below: Path | None) -> ox.Store:
    """Create the folder of a generation; return a writable store with the base release."""
    generation.mkdir(parents=True)
    if below is not None:
        source = open_store(below)
        source.backup(str(generation / "base"))
        source.backup(str(generation / "store-0"))
    return ox.Store(str(generation / "store-0"))


def _own_graphs(store: ox.Store, base: ox.Store | None) -> list[ox.NamedNode | ox.BlankNode]:
    return [g for g in store.named_graphs() if base is None or not base.contains_named_graph(g)]
