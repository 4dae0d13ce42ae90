"""`jiqun pack`: any RDF becomes a release, or nothing is written."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from command_line import jiqun
from jiqun.errors import BadParameter, MalformedData, OperatorError, ReleaseError
from jiqun.knowledge.content import ContentRejected
from jiqun.knowledge.release.packing import Packing, pack
from jiqun.release import open_release
from jiqun.search.index import SearchIndex
from packed_release import BASE, QUADS, TURTLE, pack_files, silent, write_files

if TYPE_CHECKING:
    from pathlib import Path

PACKING = Packing("Firms", "1")


def test_a_release_holds_everything(tmp_path: Path) -> None:
    folder = tmp_path / "release"
    statistics = pack_files(tmp_path / "data", folder, namespace=f"{BASE}id/")
    release = open_release(folder)
    assert (release.title, release.version, release.namespace) == (
        *("Firms", "2026.1"),
        f"{BASE}id/",
    )
    assert dict(release.counts) == {
        "triples": 14,
        "subjects": 5,
        "named": 4,
        "quads": 2,
        "graphs": 2,
        "classes": 2,
        "properties": 7,
        "queries": 1,
    }
    assert statistics.classes == {f"{BASE}terms#Firm": 2, f"{BASE}terms#Thing": 1}
    described = {each["iri"]: each for each in release.statistics["classes"]}
    assert described[f"{BASE}terms#Firm"]["properties"][f"{BASE}terms#seat"] == 2
    assert set(release.dumps) == {"firms.ttl.gz", "evidence.nq.gz"}
    assert gzip.decompress((folder / "firms.ttl.gz").read_bytes()).decode() == TURTLE
    assert gzip.decompress((folder / "evidence.nq.gz").read_bytes()).decode() == QUADS
    assert list(release.queries) == ["firms-of-a-town"]
    store = ox.Store.read_only(str(release.store))
    assert len(store) == 16


def test_names_are_found(tmp_path: Path) -> None:
    pack_files(tmp_path / "data", tmp_path / "release")
    index = SearchIndex(tmp_path / "release" / "search")
    thing = index.thing_of(f"{BASE}id/ant")
    assert thing is not None
    assert thing.iri == f"{BASE}id/ant"
    assert dict(thing.labels) == {"en": "Ant Works", "zh-Hans": "蚂蚁工厂"}
    assert dict(thing.description) == {"": "Makes <small> things"}
    firm = index.classes[thing.types[0]]
    assert (firm.things, dict(firm.labels)) == (2, {"en": "Firm", "zh-Hans": "企业"})
    found = index.candidates(index.read("antw"), None)
    assert {each.thing for each in found} == {thing.id}
    assert index.thing_of(f"{BASE}id/nameless") is None


def test_the_same_files_make_the_same_release(tmp_path: Path) -> None:
    identifiers = set()
    for number in range(2):
        pack_files(tmp_path / f"data-{number}", tmp_path / f"release-{number}")
        identifiers.add(open_release(tmp_path / f"release-{number}").identifier)
    pack_files(tmp_path / "other", tmp_path / "other-release", merge=True)
    assert len(identifiers) == 1
    assert open_release(tmp_path / "other-release").identifier not in identifiers


def test_graphs_are_merged_on_request(tmp_path: Path) -> None:
    statistics = pack_files(tmp_path / "data", tmp_path / "release", merge=True)
    assert statistics.counts["triples"] == 15
    assert statistics.counts["quads"] == 2


def test_two_files_of_one_name_are_both_kept(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "x y.nt", tmp_path / "b" / "x y.nt"]
    for path in paths:
        path.parent.mkdir()
        path.write_text(f"<urn:s> <urn:p> <urn:{path.parent.name}> .\n")
    pack(paths, tmp_path / "release", PACKING, silent)
    assert set(open_release(tmp_path / "release").dumps) == {"x-y.nt.gz", "x-y-2.nt.gz"}


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("a.ttl", b"<urn:a> <urn:b> .\n", MalformedData, "a.ttl"),
        (
            "a.nt.gz",
            gzip.compress(b"<urn:a> <urn:b> <urn:c> .\n" * 99, mtime=0)[:-9],
            MalformedData,
            "incomplete",
        ),
        ("a.rdf", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', MalformedData, "DOCTYPE"),
        ("a.nt", b"", OperatorError, "no statement"),
        ("a.doc", b"", BadParameter, "extension"),
    ],
)
def test_what_cannot_be_read_leaves_nothing(
    tmp_path: Path, name: str, content: bytes, error: type[Exception], message: str
) -> None:
    path = tmp_path / "in" / name
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(error, match=message):
        pack([path], tmp_path / "release", PACKING, silent)
    assert [each.name for each in tmp_path.iterdir()] == ["in"]


def test_what_is_refused_beforehand(tmp_path: Path) -> None:
    files = write_files(tmp_path / "data")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(ReleaseError, match="is not a release"):
        pack(files, tmp_path / "full", PACKING, silent)
    with pytest.raises(BadParameter, match="no file"):
        pack([tmp_path / "none.ttl"], tmp_path / "release", PACKING, silent)
    with pytest.raises(BadParameter, match="namespace"):
        pack(files, tmp_path / "release", Packing("Firms", "1", namespace="id/"), silent)
    (tmp_path / "data" / "queries" / "bad.rq").write_text("#+ tags: [a]\nSELECT\n")
    packing = Packing("Firms", "1", queries=tmp_path / "data" / "queries")
    with pytest.raises(ContentRejected, match=r"bad\.rq:3"):
        pack(files, tmp_path / "release", packing, silent)


def test_the_command(tmp_path: Path) -> None:
    files, out = write_files(tmp_path / "data"), tmp_path / "release"
    code, message, errors = jiqun("pack", *files, "--out", out, "--title", "My firms", "--merge")
    assert code == 0, errors
    assert not message
    assert "15 triples" in errors
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["title"] == "My firms"
