from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox
import pytest
import rdflib
import zstandard
from rdflib.compare import isomorphic

from jiqun.errors import ContentError, ReleaseError
from jiqun.knowledge.release.build import build

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from knowledge.small_content import Small

RDF = ["evidence.ttl", "jiqun-1.2.ttl", "jiqun.jsonld", "jiqun.nq", "jiqun.nt", "jiqun.rdf"]
RDF += ["jiqun.trig", "jiqun.ttl"]
TEXTS = [f"{name}.{packing}" for name in RDF for packing in ("gz", "zst")]
PLAIN = ["context.jsonld", "jiqun.gexf", "jiqun.graphml", "ontology-0.1.0.ofn"]
PLAIN += ["ontology-0.1.0.ttl", "quality.json", "queries.json", "vocab.json"]
ID = "https://w3id.org/jiqun/id/"
KG = "https://w3id.org/jiqun/ontology#"
PASSAGE = "https://w3id.org/jiqun/source/gazette#p2"


@pytest.fixture
def release(small: Small, tmp_path: Path) -> Path:
    build(small.content, tmp_path / "release")
    return tmp_path / "release"


def test_annotations_are_in_the_store_where_asked(small: Small, tmp_path: Path) -> None:
    build(small.content, tmp_path / "plain")
    build(small.content, tmp_path / "annotated", annotations=True)
    question = f"ASK {{ ?s ?p ?o {{| <{KG}statedIn> <{PASSAGE}> |}} }}"
    count = "SELECT (COUNT(*) AS ?n) { ?r <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> ?t }"
    found = []
    for name in ("plain", "annotated"):
        store = ox.Store.read_only(str(tmp_path / name / "store"))
        rows: Any = store.query(count)
        found.append((bool(store.query(question)), [row["n"].value for row in rows]))
    statements = manifest(tmp_path / "plain")["counts"]["statements"]
    assert found == [(False, ["0"]), (True, [str(statements)])]


def unpacked(release: Path, name: str) -> bytes:
    raw = (release / name).read_bytes()
    if name.endswith(".gz"):
        return gzip.decompress(raw)
    return zstandard.decompress(raw) if name.endswith(".zst") else raw


def text(release: Path, name: str) -> str:
    return unpacked(release, name).decode("utf-8")


def canonical(quads: Iterable[ox.Quad]) -> set[ox.Quad]:
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return set(dataset)


def manifest(release: Path) -> Any:
    return json.loads((release / "manifest.json").read_text(encoding="utf-8"))


def test_another_process_writes_the_same_bytes(small: Small, release: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    command = [sys.executable, "-m", "jiqun", "build", "--release", str(again)]
    command += ["--content", str(small.content.root)]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai", "LC_ALL": "C"}
    subprocess.run(command, check=True, env=environment, capture_output=True)
    for name in [*TEXTS, *PLAIN, "manifest.json"]:
        assert (release / name).read_bytes() == (again / name).read_bytes(), name


def test_the_manifest_lists_the_content(release: Path) -> None:
    listed = manifest(release)
    for name, entry in listed["files"].items():
        raw = (release / name).read_bytes()
        assert entry["sha256"] == hashlib.sha256(raw).hexdigest()
        assert entry["bytes"] == len(raw)
        plain = unpacked(release, name)
        assert entry["textSha256"] == hashlib.sha256(plain).hexdigest()
    assert sorted(listed["files"]) == sorted([*TEXTS, *PLAIN])
    assert listed["release"] == hashlib.sha256(text(release, "jiqun.nq.gz").encode()).hexdigest()
    assert listed["counts"]["statements"] == 2
    assert listed["counts"]["clusters"] == 0, "the only cluster holds no national title"
    assert listed["counts"]["regions"] == 3
    assert listed["counts"]["queries"] == 1
    assert listed["ontology"]["versionIRI"] == "https://w3id.org/jiqun/ontology/0.1.0"


def test_all_dumps_and_the_store_have_the_same_content(release: Path) -> None:
    quads = set(ox.parse(text(release, "jiqun.nq.gz"), ox.RdfFormat.N_QUADS))
    default = {quad for quad in quads if isinstance(quad.graph_name, ox.DefaultGraph)}
    for name, syntax, expected in (
        ("jiqun.nt.gz", ox.RdfFormat.N_TRIPLES, default),
        ("jiqun.ttl.gz", ox.RdfFormat.TURTLE, default),
        ("jiqun.rdf.gz", ox.RdfFormat.RDF_XML, default),
        ("jiqun.jsonld.gz", ox.RdfFormat.JSON_LD, default),
        ("jiqun.trig.gz", ox.RdfFormat.TRIG, quads),
    ):
        assert canonical(ox.parse(text(release, name), syntax)) == canonical(expected), name
    counts = manifest(release)["counts"]
    assert (len(default), len(quads)) == (counts["triples"], counts["triples"] + counts["quads"])
    assert len(ox.Store.read_only(str(release / "store"))) == len(quads)


def test_rdflib_reads_the_dumps_with_the_same_counts(release: Path) -> None:
    triples = manifest(release)["files"]["jiqun.nt.gz"]["triples"]
    turtle = rdflib.Graph().parse(data=text(release, "jiqun.ttl.gz"), format="turtle")
    ntriples = rdflib.Graph().parse(data=text(release, "jiqun.nt.gz"), format="nt")
    assert len(turtle) == len(ntriples) == triples
    assert isomorphic(turtle, ntriples)


def test_the_default_graph_is_the_merge_of_the_others(release: Path) -> None:
    quads = list(ox.parse(text(release, "jiqun.nq.gz"), ox.RdfFormat.N_QUADS))
    shapes = ox.NamedNode("https://w3id.org/jiqun/graph/shapes")
    default = {quad.triple for quad in quads if isinstance(quad.graph_name, ox.DefaultGraph)}
    named = {
        quad.triple
        for quad in quads
        if isinstance(quad.graph_name, ox.NamedNode) and quad.graph_name != shapes
    }
    assert default == named
    assert len(quads) == len(set(quads))


def test_inferences_stand_apart_and_in_the_default_graph(release: Path) -> None:
    lines = text(release, "jiqun.nq.gz").splitlines()
    located = f"<{ID}pumps> <{KG}locatedIn> <{ID}hebei>"
    assert f"{located} ." in lines
    assert f"{located} <https://w3id.org/jiqun/graph/inferred> ." in lines
    stated = f"<{ID}pumps> <{KG}locatedIn> <{ID}ji-county>"
    assert f"{stated} <{PASSAGE}> ." in lines
    assert f"{stated} <https://w3id.org/jiqun/graph/inferred> ." not in lines


def test_dumps_keep_language_tags_and_lexical_forms(release: Path) -> None:
    for name in ("jiqun.nt.gz", "jiqun.nq.gz", "jiqun.trig.gz", "jiqun.ttl.gz", "jiqun-1.2.ttl.gz"):
        assert '"泵集群"@zh-Hans' in text(release, name)
    for name in ("jiqun.rdf.gz", "jiqun.jsonld.gz"):
        assert "泵集群" in text(release, name)
        assert "zh-Hans" in text(release, name)
        assert "0120" in text(release, name)
    for name in TEXTS:
        assert "zh-hans" not in text(release, name)
    assert f'<{KG}size> "0120"^^<http://www.w3.org/2001/XMLSchema#integer> .' in text(
        release, "jiqun.nt.gz"
    )
    assert "kg:size 0120" in text(release, "jiqun.ttl.gz")


def test_the_turtle_is_readable(release: Path) -> None:
    turtle = text(release, "jiqun.ttl.gz")
    assert "@prefix src-gazette: <https://w3id.org/jiqun/source/gazette#> ." in turtle
    assert "\n# Passages (2)\n#\n\nsrc-gazette:p1\n    a kg:Passage ;\n" in turtle
    hebei = turtle.partition("\nid:hebei\n    a kg:Region ;\n    rdfs:label\n")[2]
    assert "    kg:contains id:ji-county, id:zhuo-city ." in hebei.partition("\n\n")[0]
    assert turtle.index("# Other clusters (1)") < turtle.index("# Other regions (3)")


def test_the_evidence_of_a_statement_is_one_hop_away(release: Path) -> None:
    evidence = rdflib.Graph().parse(data=text(release, "evidence.ttl.gz"), format="turtle")
    statements = set(evidence.subjects(rdflib.RDF.type, rdflib.RDF.Statement))
    assert len(statements) == manifest(release)["counts"]["statements"]
    asked = f"""
        PREFIX prov: <http://www.w3.org/ns/prov#>
        SELECT ?words ?passage ?source WHERE {{
          ?statement a rdf:Statement ; rdf:subject <{ID}pumps> ; rdf:predicate <{KG}size> ;
            rdf:object ?size ; prov:value ?words ; prov:wasDerivedFrom ?passage ;
            <http://purl.org/dc/terms/source> ?source
        }} ORDER BY ?words"""
    found = [tuple(str(term) for term in row) for row in evidence.query(asked)]  # type: ignore[union-attr]
    source = "https://w3id.org/jiqun/source/gazette"
    assert found == [("企业120家以上", PASSAGE, source), ("位于𠮷县", PASSAGE, source)]


def test_a_build_that_fails_leaves_the_former_release(small: Small, release: Path) -> None:
    before = manifest(release)
    small.replace("data/register/things.ttl", "kg:within id:hebei", "kg:within")
    with pytest.raises(ContentError):
        build(small.content, release)
    assert manifest(release) == before
    small.replace("data/register/things.ttl", "kg:within", "kg:within id:hebei")
    small.replace("ontology/inferences/located-upwards.rq", "CONSTRUCT", "CONSTRUCTS")
    with pytest.raises(ContentError):
        build(small.content, release)
    assert sorted(path.name for path in release.parent.iterdir()) == [
        "content",
        "release",
        "texts",
    ]


def test_a_full_disk_leaves_the_former_release(small: Small, release: Path) -> None:
    before = manifest(release)
    limited = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); "
    limited += "from jiqun.cli import main; main()"
    command = [sys.executable, "-c", limited, "build", "--release", str(release)]
    command += ["--content", str(small.content.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "jiqun: File too large"
    assert manifest(release) == before
    assert sorted(path.name for path in release.parent.iterdir()) == [
        "content",
        "release",
        "texts",
    ]


def test_a_release_is_replaced_whole(small: Small, release: Path) -> None:
    (release / "jiqun.nt.gz").write_bytes(b"")
    (release / "left-over").write_bytes(b"")
    before = manifest(release)
    build(small.content, release)
    assert manifest(release) == before
    assert not (release / "left-over").exists()


def test_a_folder_that_is_no_release_is_not_replaced(small: Small, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "one.jpg").write_bytes(b"")
    with pytest.raises(ReleaseError, match="is not empty and is not a release"):
        build(small.content, folder)
    assert [path.name for path in folder.iterdir()] == ["one.jpg"]
