from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from jiqun.errors import ReleaseError, SettingsError
from jiqun.release import open_release
from jiqun.web.server import listen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_sound_release_opens(release_folder: Path) -> None:
    release = open_release(release_folder)
    assert release.version == "0.0.1"
    assert release.counts["clusters"] == 2
    packed = {"jiqun.ttl.gz", "jiqun.nt.gz", "jiqun.nt.zst", "jiqun.nq.gz", "jiqun.trig.gz"}
    assert set(release.dumps) == packed | {"clusters.csv", "context.jsonld"}
    assert release.dumps["clusters.csv"].rows == 1
    assert release.dumps["clusters.csv"].group == "tables"
    assert release.queries["size-over"].parameters[0].default == "1000"


def remove_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def cut_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes()[:100])


def edit_manifest(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def other_format(folder: Path) -> None:
    edit_manifest(folder, format=2)


def no_version(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["version"]
    path.write_text(json.dumps(manifest))


def list_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("[]")


def leave_the_folder(folder: Path) -> None:
    edit_manifest(folder, files={"../secret": {"sha256": "", "bytes": 0, "mediaType": ""}})


def lose_a_dump(folder: Path) -> None:
    (folder / "jiqun.nt.gz").unlink()


def cut_a_dump(folder: Path) -> None:
    path = folder / "jiqun.nt.gz"
    path.write_bytes(path.read_bytes()[:-1])


def flip_a_bit(folder: Path) -> None:
    path = folder / "jiqun.nt.gz"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def lose_the_store(folder: Path) -> None:
    shutil.rmtree(folder / "store")


def lose_the_queries(folder: Path) -> None:
    (folder / "queries.json").unlink()


def damage_the_queries(folder: Path) -> None:
    (folder / "queries.json").write_text('[{"name": "x"}]')


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (remove_manifest, "no manifest.json"),
        (cut_manifest, "manifest.json of the release is damaged"),
        (list_manifest, "manifest.json of the release is damaged"),
        (other_format, "has format 2; this program reads format 1"),
        (no_version, "manifest.json of the release is damaged: it has no 'version'"),
        (leave_the_folder, "is not a file name"),
        (lose_a_dump, "file jiqun.nt.gz of the release is missing"),
        (cut_a_dump, "jiqun.nt.gz of the release has"),
        (flip_a_bit, "jiqun.nt.gz of the release is damaged"),
        (lose_the_store, "has no store"),
        (lose_the_queries, "no queries.json"),
        (damage_the_queries, "queries.json of the release is damaged"),
    ],
)
def test_a_damaged_release_is_refused(
    damage: Callable[[Path], None], expected: str, release_folder: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(release_folder, tmp_path / "release")
    damage(folder)
    with pytest.raises(ReleaseError, match=expected) as caught:
        open_release(folder)
    assert "jiqun build" in caught.value.detail


def test_a_missing_release_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="no release folder"):
        open_release(tmp_path / "nowhere")


def test_a_port_in_use_is_reported() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Port {port} of 127.0.0.1 is in use"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.7", "not a host name"])
def test_an_address_of_somebody_else_is_reported(host: str) -> None:
    with pytest.raises(SettingsError):
        listen(host, 0)


def test_the_imports_of_the_endpoint_do_not_reach_the_knowledge_side() -> None:
    code = (
        "import sys, jiqun.web.server, jiqun.run_query\n"
        "print([name for name in sys.modules if name.startswith('jiqun.knowledge')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
