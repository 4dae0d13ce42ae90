"""Loading files into a workspace, backing it up, restoring it; by function and by command."""

from __future__ import annotations

import gzip
import subprocess
import sys
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from command_line import jiqun
from jiqun.errors import BadParameter, MalformedData, UnsupportedMediaType, WorkspaceError
from jiqun.writing.archive import backup, load, restore
from jiqun.writing.workspace import open_workspace, own_quads, read_state
from writable_server import writable

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def turtle(tmp_path: Path) -> Path:
    path = tmp_path / "data.ttl"
    path.write_text("<urn:a> <urn:p> 1, '北京'@zh-Hans . [] <urn:p> 2 .", encoding="utf-8")
    return path


@pytest.fixture
def quads(tmp_path: Path) -> Path:
    path = tmp_path / "data.nq.gz"
    path.write_bytes(gzip.compress(b"<urn:a> <urn:p> <urn:b> <urn:g> .\n"))
    return path


def test_files_are_added(workspace: Path, turtle: Path, quads: Path) -> None:
    assert load(workspace, [str(turtle), str(quads)]).statements == 4
    graphs = {quad.graph_name for quad in own_quads(workspace)}
    assert graphs == {ox.DefaultGraph(), ox.NamedNode("urn:g")}
    assert load(workspace, [str(turtle)], "urn:h").statements == 7


def test_all_files_or_none(workspace: Path, turtle: Path, tmp_path: Path) -> None:
    load(workspace, [str(turtle)])
    bad = tmp_path / "bad.ttl"
    bad.write_text("<urn:a> <urn:p> ")
    with pytest.raises(MalformedData, match=r"bad\.ttl"):
        load(workspace, [str(turtle), str(bad)])
    with pytest.raises(UnsupportedMediaType, match=r"data\.zip"):
        load(workspace, [str(turtle), str(tmp_path / "data.zip")])
    with pytest.raises(BadParameter, match="--graph"):
        load(workspace, [str(turtle)], "relative")
    state = read_state(workspace)
    assert state is not None
    assert state.published == 1
    assert len(list(own_quads(workspace))) == 3


def test_a_graph_of_many_graphs(workspace: Path, quads: Path) -> None:
    with pytest.raises(MalformedData, match="has named graphs"):
        load(workspace, [str(quads)], "urn:h")


def test_backup_and_restore(workspace: Path, turtle: Path, quads: Path, tmp_path: Path) -> None:
    load(workspace, [str(turtle), str(quads)])
    file = tmp_path / "backup.nq.gz"
    assert backup(workspace, file) == 4
    first = file.read_bytes()
    assert backup(workspace, file) == 4
    assert file.read_bytes() == first, "the same state gives the same bytes"
    other = tmp_path / "other"
    assert restore(other, file) == 4
    with pytest.raises(WorkspaceError, match="--replace"):
        restore(other, file)
    load(other, [str(quads)], None)
    assert restore(other, file, replace=True) == 4
    assert {p.name for p in tmp_path.iterdir() if p.suffix == ".new"} == set()


def test_a_backup_keeps_terms_of_rdf_1_2(workspace: Path, tmp_path: Path) -> None:
    data = tmp_path / "reified.trig"
    data.write_text("<urn:g> { <urn:a> <urn:p> 'x'@ar--rtl ~ <urn:r> {| <urn:q> <urn:c> |} }")
    load(workspace, [str(data)])
    backup(workspace, tmp_path / "backup.nq.gz")
    other = tmp_path / "other"
    restore(other, tmp_path / "backup.nq.gz")
    assert set(own_quads(other)) == set(own_quads(workspace))
    assert '<<( <urn:a> <urn:p> "x"@ar--rtl )>>' in " ".join(map(str, own_quads(other)))


def test_a_backup_that_is_cut_changes_nothing(workspace: Path, turtle: Path) -> None:
    load(workspace, [str(turtle)])
    file = workspace.with_name("backup.nq.gz")
    backup(workspace, file)
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(MalformedData, match="is incomplete"):
        restore(workspace, file, replace=True)
    assert len(list(own_quads(workspace))) == 3
    with open_workspace(workspace) as opened:
        assert opened.number == 1


def test_a_backup_leaves_the_release_out(
    workspace: Path, release_folder: Path, quads: Path, tmp_path: Path
) -> None:
    with open_workspace(workspace) as opened:
        opened.rebase("tiny", release_folder / "store")
    load(workspace, [str(quads)])
    file = tmp_path / "backup.nq.gz"
    assert backup(workspace, file) == 1
    assert restore(workspace, file, replace=True) == 1
    with open_workspace(workspace) as opened:
        assert opened.release == "tiny"
        assert len(opened.store) > 40


def test_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no workspace"):
        backup(tmp_path / "none", tmp_path / "backup.nq.gz")


def run(*arguments: str | Path) -> tuple[int, str]:
    code, out, err = jiqun(*arguments)
    assert out == ""
    return code, err


def test_the_commands(workspace: Path, turtle: Path, tmp_path: Path) -> None:
    file = tmp_path / "backup.nq.gz"
    assert run("load", turtle, "--workspace", workspace) == (0, "3 statements\n")
    with writable(workspace, workers=1) as live:
        update = "INSERT DATA { GRAPH <urn:g> { <urn:n> <urn:p> 1 } }"
        assert live.client.post("/update", data={"update": update}).status_code == 204
        assert run("backup", file, "--workspace", workspace) == (0, "4 statements\n")
        code, text = run("load", turtle, "--workspace", workspace)
        assert code == 2
        assert text.startswith("jiqun: The workspace is in use")
        serve = [sys.executable, "-m", "jiqun", "serve", "--workspace", str(workspace)]
        second = subprocess.run(serve, capture_output=True, text=True, check=False)
        assert second.returncode == 2
        message = "jiqun: The workspace cannot be opened: The workspace is in use"
        assert message in second.stderr
    code, text = run("restore", file, "--workspace", workspace)
    assert (code, text[:41]) == (2, "jiqun: The workspace is not empty. Use --")
    restored = run("restore", file, "--workspace", workspace, "--replace")
    assert restored == (0, "4 statements\n")


def test_settings_that_contradict_each_other(workspace: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    serve = ("serve", "--port", "0", "--update-token-file", token)
    assert "cannot be read" in run(*serve, "--workspace", workspace)[1]
    token.write_text("0123456789abcdef\n")
    for mode in (0o644, 0o604, 0o602, 0o666):
        token.chmod(mode)
        code, text = run(*serve, "--workspace", workspace)
        assert code == 2
        assert f"chmod 600 {token}" in text
        assert "0123456789abcdef" not in text
    token.chmod(0o640)
    token.write_text("\n")
    assert "is empty" in run(*serve, "--workspace", workspace)[1]
    token.write_text("short\n")
    assert "at least 16 characters" in run(*serve, "--workspace", workspace)[1]
    assert not workspace.exists()
