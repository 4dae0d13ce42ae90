"""The files of a workspace: what is published, the checkpoints, the lock; see `workspace`."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import pyoxigraph as ox

from jiqun.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT: Final = 1
STATE: Final = "workspace.json"
_LOCK_PAUSE: Final = 0.01


@dataclass(frozen=True, slots=True)
class State:
    """What `workspace.json` says; `release` is the identifier of the release below, or ""."""

    format: int = FORMAT
    generation: int = 0
    published: int = 0
    release: str = ""


def published_store(folder: Path) -> Path:
    """Return the store that readers open now; raises `WorkspaceError` when there is none."""
    state = read_state(folder)
    if state is None:
        raise WorkspaceError("There is no workspace: nothing was ever written to this folder.")
    return published_path(folder, state)


def read_state(folder: Path) -> State | None:
    """Return what is published, None for a new workspace; raises `WorkspaceError`."""
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
    """Yield what users wrote, as published; works while a server writes to the workspace."""
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
    """Open the release below, None where there is none."""
    base = generation / "base"
    return open_store(base) if base.exists() else None


def difference(store: ox.Store, base: ox.Store | None) -> Iterator[ox.Quad]:
    """Yield what stands in a store and not in the one below."""
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
                    "The workspace is in use by another process. Stop that one, or take another "
                    "folder."
                ) from error
            time.sleep(_LOCK_PAUSE)
        else:
            return


def write_state(folder: Path, state: State) -> None:
    """Replace `workspace.json` in one step that survives a power cut."""
    new = folder / f"{STATE}.new"
    with new.open("w", encoding="utf-8") as file:
        json.dump(asdict(state), file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / STATE)
    sync(folder)


def sync(folder: Path) -> None:
    """Make what was written into a folder durable."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
