"""The folder of a workspace: publication, recovery, releases below."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from jiqun.errors import WorkspaceError
from jiqun.writing.workspace import (
    Protected,
    Workspace,
    open_workspace,
    own_quads,
    published_store,
    read_state,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def node(name: str) -> ox.NamedNode:
    return ox.NamedNode(f"http://example.org/{name}")


def quad(name: str, graph: str = "g") -> ox.Quad:
    return ox.Quad(node(name), node("p"), ox.Literal(name), node(graph))


def readable(folder: Path) -> set[ox.Quad]:
    """What a reader finds that opens the workspace now."""
    return set(ox.Store.read_only(str(published_store(folder))))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def workspace(folder: Path) -> Iterator[Workspace]:
    with open_workspace(folder) as opened:
        yield opened


def make_release(folder: Path, *quads: ox.Quad) -> Path:
    store = ox.Store(str(folder))
    store.extend(quads)
    store.flush()
    return folder


def test_it_begins_empty(workspace: Workspace, folder: Path) -> None:
    assert workspace.number == 0
    assert workspace.release == ""
    assert workspace.empty
    assert readable(folder) == set()


def test_nobody_sees_what_is_not_published(workspace: Workspace, folder: Path) -> None:
    workspace.store.add(quad("a"))
    assert readable(folder) == set()
    before = workspace.published
    published = workspace.publish(60)
    assert readable(folder) == {quad("a")}
    assert published == published_store(folder) != before
    assert before.exists(), "who reads it may go on"
    workspace.publish(0)
    assert not before.exists()


def test_a_checkpoint_is_kept_from_when_it_was_replaced(workspace: Workspace) -> None:
    first = workspace.publish(60)
    os.utime(first, (0, 0))
    workspace.publish(60)
    assert first.exists()


def test_reset_forgets(workspace: Workspace) -> None:
    workspace.store.add(quad("a"))
    workspace.publish(60)
    workspace.store.add(quad("b"))
    workspace.store.remove(quad("a"))
    workspace.reset()
    assert set(workspace.store) == {quad("a")}


def test_what_is_published_outlives_the_process(folder: Path) -> None:
    with open_workspace(folder) as workspace:
        workspace.store.add(quad("a"))
        workspace.store.add_graph(node("empty"))
        workspace.publish(60)
        workspace.store.add(quad("lost"))
    with open_workspace(folder) as workspace:
        assert set(workspace.store) == {quad("a")}
        assert workspace.store.contains_named_graph(node("empty"))
        assert workspace.number == 1


def test_what_a_killed_process_left_is_removed(folder: Path) -> None:
    with open_workspace(folder) as workspace:
        workspace.store.add(quad("a"))
        workspace.publish(60)
        strays = [
            workspace.published.parent / "published-2",
            workspace.published.parent / "published-0",
            folder / "generation-7",
        ]
    for stray in strays:
        stray.mkdir(exist_ok=True)
    (folder / "workspace.json.new").write_text("{")
    with open_workspace(folder) as workspace:
        assert [stray for stray in strays if stray.exists()] == []
        assert workspace.publish(60).name == "published-2"
    assert readable(folder) == {quad("a")}


def test_a_death_before_the_first_publication(folder: Path) -> None:
    (folder / "generation-1" / "store").mkdir(parents=True)
    with open_workspace(folder) as workspace:
        assert workspace.empty


def test_one_writer_at_a_time(workspace: Workspace, folder: Path) -> None:
    with pytest.raises(WorkspaceError, match="in use"):
        open_workspace(folder)
    workspace.store.add(quad("a"))
    workspace.publish(60)


def test_a_folder_with_other_files(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.doc").write_text("dear")
    with pytest.raises(WorkspaceError, match="other files"):
        open_workspace(folder)
    assert (folder / "thesis.doc").exists()


@pytest.mark.parametrize("state", ["{", "[]", '{"format": 2}', '{"format": 1, "more": 1}'])
def test_a_state_that_cannot_be_read(folder: Path, state: str) -> None:
    folder.mkdir()
    (folder / "workspace.json").write_text(state)
    with pytest.raises(WorkspaceError, match="workspace"):
        open_workspace(folder)


def test_a_store_that_is_gone(folder: Path) -> None:
    with open_workspace(folder) as workspace:
        published = workspace.published
    for path in published.iterdir():
        path.unlink()
    with pytest.raises(WorkspaceError, match="Restore a backup"):
        open_workspace(folder)


def test_over_a_release(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    workspace.store.add(quad("mine"))
    workspace.publish(60)
    workspace.rebase("one", make_release(tmp_path / "one", quad("r1"), quad("r2", "h")))
    assert workspace.release == "one"
    assert readable(folder) == {quad("mine"), quad("r1"), quad("r2", "h")}
    assert set(own_quads(folder)) == {quad("mine")}


def test_another_release_below(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    one = make_release(tmp_path / "one", quad("r1"), quad("shared"))
    two = make_release(tmp_path / "two", quad("r2"), quad("shared"))
    workspace.rebase("one", one)
    workspace.store.add(quad("mine"))
    workspace.store.add_graph(node("empty"))
    workspace.publish(60)
    old = workspace.published
    workspace.rebase("two", two, keep_seconds=60)
    assert readable(folder) == {quad("mine"), quad("r2"), quad("shared")}
    assert workspace.store.contains_named_graph(node("empty"))
    assert old.exists(), "who reads it may go on"
    workspace.rebase("", None)
    assert readable(folder) == {quad("mine")}
    assert not old.exists()
    state = read_state(folder)
    assert state is not None
    assert state.published == 4


def test_the_release_is_protected(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    workspace.rebase("one", make_release(tmp_path / "one", quad("r1"), quad("r2", "h")))
    before = readable(folder)
    workspace.store.remove(quad("r1"))
    with pytest.raises(Protected, match=r"http://example\.org/r1"):
        workspace.publish(60)
    with pytest.raises(Protected, match=r"http://example\.org/r1"):
        workspace.publish(60, [node("g")])
    workspace.reset()
    workspace.store.add(quad("mine"))
    workspace.publish(60, [])
    assert readable(folder) == {*before, quad("mine")}


def test_replacing_what_users_wrote(workspace: Workspace, folder: Path, tmp_path: Path) -> None:
    workspace.rebase("one", make_release(tmp_path / "one", quad("r1")))
    workspace.store.add(quad("mine"))
    workspace.publish(60)
    workspace.replace_own([quad("other")])
    assert readable(folder) == {quad("r1"), quad("other")}
    assert workspace.release == "one"


def test_checkpoints_do_not_grow_with_their_number(workspace: Workspace, folder: Path) -> None:
    def journal() -> int:
        return sum(path.stat().st_size for path in workspace.published.glob("MANIFEST-*"))

    sizes = []
    for number in range(105):
        workspace.store.add(quad(str(number)))
        workspace.publish(0, ())
        workspace.tidy()
        sizes.append(journal())
    assert sizes[104] < sizes[99] / 2
    assert len(readable(folder)) == 105
