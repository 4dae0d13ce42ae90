"""The files of the real release, read by other people's tools."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import frictionless
import networkx as nx
import pyoxigraph as ox
import pytest
import rdflib
import shapely
import zstandard
from arro3.io import read_parquet
from pyld import jsonld
from rdflib.compare import isomorphic
from shapely.geometry import shape

from jiqun.knowledge.content import locate
from jiqun.knowledge.release.build import build
from jiqun.knowledge.release.json_ld import CONTEXT
from jiqun.rdf.terms import ntriples

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from knowledge.small_content import Small

REIFIES = "http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies"
UNHASHED = {"store", "search"}


def unpacked(release: Path, name: str) -> bytes:
    return gzip.decompress((release / f"{name}.gz").read_bytes())


def manifest(release: Path) -> Any:
    return json.loads((release / "manifest.json").read_bytes())


def has_blank_node(quad: ox.Quad) -> bool:
    return isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode)


def canonical(quads: Iterable[ox.Quad]) -> set[ox.Quad]:
    """Return quads with labels of RDFC-1.0, which depend on those with blank nodes alone."""
    ground, labelled = set(), ox.Dataset()
    for quad in quads:
        if has_blank_node(quad):
            labelled.add(quad)
        else:
            ground.add(quad)
    labelled.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return ground | set(labelled)


def refuse(address: str, _: object) -> Any:
    raise AssertionError(f"a tool without network cannot load {address}")


def test_the_manifest_says_what_each_file_is(built_release: Path) -> None:
    files = manifest(built_release)["files"]
    on_disk = {path.name for path in built_release.iterdir()}
    assert set(files) == on_disk - UNHASHED - {"manifest.json"}
    for name, entry in files.items():
        if entry["group"] != "about":
            assert set(entry["title"]) == {"en", "zh-Hans", "zh-Hant"}, name
            assert entry["conformsTo"].startswith("http"), name
        packed = name.endswith((".gz", ".zst"))
        assert ("packing" in entry) == packed, name


@pytest.mark.parametrize("name", ["jiqun.nq", "jiqun.nt"])
def test_lines_are_canonical(name: str, built_release: Path) -> None:
    raw = unpacked(built_release, name)
    assert raw == zstandard.decompress((built_release / f"{name}.zst").read_bytes())
    lines = raw.decode().splitlines()
    assert lines == sorted(lines)
    labelled = set(filter(has_blank_node, ox.parse(raw, ox.RdfFormat.N_QUADS)))
    assert labelled
    assert canonical(labelled) == labelled, "the labels of blank nodes are those of RDFC-1.0"


def test_another_canonicaliser_writes_the_same(small: Small, tmp_path: Path) -> None:
    build(small.content, tmp_path / "release")
    text = unpacked(tmp_path / "release", "jiqun.nq").decode()
    assert "_:c14n" in text
    options = {"algorithm": "URDNA2015", "inputFormat": "application/n-quads"}
    theirs = jsonld.normalize(text, {**options, "format": "application/n-quads"})
    assert sorted(theirs.splitlines()) == text.splitlines()


def test_every_rdf_file_has_the_same_content(built_release: Path) -> None:
    default = set(ox.parse(unpacked(built_release, "jiqun.nt"), ox.RdfFormat.N_TRIPLES))
    wanted = canonical(default)
    for name, syntax in (
        ("jiqun.ttl", ox.RdfFormat.TURTLE),
        ("jiqun.rdf", ox.RdfFormat.RDF_XML),
        ("jiqun.jsonld", ox.RdfFormat.JSON_LD),
    ):
        assert canonical(ox.parse(unpacked(built_release, name), syntax)) == wanted, name


def test_rdf_1_2_states_the_same_with_its_evidence(built_release: Path) -> None:
    parsed = list(ox.parse(unpacked(built_release, "jiqun-1.2.ttl"), ox.RdfFormat.TURTLE))
    assert len(parsed) == manifest(built_release)["files"]["jiqun-1.2.ttl.gz"]["triples"]
    reifying = {quad for quad in parsed if quad.predicate.value == REIFIES}
    reifiers = {quad.subject for quad in reifying}
    plain = [quad for quad in parsed if quad.subject not in reifiers]
    default = set(ox.parse(unpacked(built_release, "jiqun.nt"), ox.RdfFormat.N_TRIPLES))
    assert canonical(plain) == canonical(default)
    evidence = list(ox.parse(unpacked(built_release, "evidence.ttl"), ox.RdfFormat.TURTLE))
    assert reifiers == {quad.subject for quad in evidence}
    notes = {
        (quad.subject, quad.predicate, quad.object)
        for quad in evidence
        if not quad.predicate.value.startswith("http://www.w3.org/1999/02/22-rdf-syntax-ns#")
    }
    annotated = {
        (quad.subject, quad.predicate, quad.object)
        for quad in parsed
        if quad.subject in reifiers and quad not in reifying
    }
    assert annotated == notes


def test_other_tools_read_json_ld_and_rdf_xml_without_the_network(
    small: Small, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    build(small.content, release)
    wanted = rdflib.Graph().parse(data=unpacked(release, "jiqun.nt"), format="nt")
    document = json.loads(unpacked(release, "jiqun.jsonld"))
    published = json.loads((release / "context.jsonld").read_bytes())
    assert document["@context"] == published["@context"]
    options = {"format": "application/n-quads", "documentLoader": refuse}
    # PyLD lower-cases the tags of language maps, as JSON-LD 1.1 allows it; so does pyoxigraph.
    theirs = ox.parse(jsonld.to_rdf(document, options), ox.RdfFormat.N_QUADS)
    ours = ox.parse(unpacked(release, "jiqun.nt"), ox.RdfFormat.N_TRIPLES)
    assert canonical(theirs) == canonical(ours)
    xml = rdflib.Graph().parse(data=unpacked(release, "jiqun.rdf"), format="xml")
    assert isomorphic(xml, wanted)
    assert '"zh-Hans": "河北"' in unpacked(release, "jiqun.jsonld").decode()


def test_a_document_may_refer_to_the_context(built_release: Path) -> None:
    context = json.loads((built_release / "context.jsonld").read_bytes())

    def load(address: str, _: object) -> Any:
        assert address == CONTEXT
        return {"contextUrl": None, "documentUrl": address, "document": context}

    document = {
        "@context": CONTEXT,
        "@id": "id:x",
        "@type": "Cluster",
        "coreArea": "id:tangshan",
        "label": {"zh-Hans": "唐山"},
        "periodStart": "2024-01-01",
    }
    options = {"format": "application/n-quads", "documentLoader": load}
    (first, *rest) = sorted(jsonld.to_rdf(document, options).splitlines())
    kg = "https://w3id.org/jiqun/ontology#"
    assert first.endswith(f"<{kg}Cluster> .")
    assert rest[1].endswith(f"<{kg}coreArea> <https://w3id.org/jiqun/id/tangshan> .")
    assert rest[2].endswith('"2024-01-01"^^<http://www.w3.org/2001/XMLSchema#date> .')
    assert rest[0].endswith('"唐山"@zh-hans .')


def test_the_data_package_is_valid(built_release: Path) -> None:
    report = frictionless.validate(str(built_release / "datapackage.json"))
    assert report.valid, report.flatten(["title", "message"])
    package = json.loads((built_release / "datapackage.json").read_bytes())
    names = {resource["name"] for resource in package["resources"]}
    assert {"clusters", "companies", "regions", "observations", "evidence"} <= names
    for resource in package["resources"]:
        entry = manifest(built_release)["files"][resource["path"]]
        assert resource["hash"] == f"sha256:{entry['sha256']}"


def test_parquet_holds_what_csv_holds(built_release: Path) -> None:
    for path in sorted(built_release.glob("*.csv")):
        raw = path.read_bytes()
        assert raw.count(b"\r\n") > 0
        rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8"), newline="")))
        table = read_parquet(path.with_suffix(".parquet")).read_all()
        assert table.column_names == list(rows[0])
        assert table.num_rows == len(rows)
        assert manifest(built_release)["files"][path.name]["rows"] == len(rows)
        for name in table.column_names:
            column = table.column(name).to_pylist()
            for typed, text in zip(column, (row[name] for row in rows), strict=True):
                if isinstance(typed, bool):
                    assert text == str(typed).lower()
                elif isinstance(typed, int | float):
                    assert float(text) == typed
                else:
                    assert text == (typed or "")


def test_tables_count_what_the_release_counts(built_release: Path) -> None:
    listed = manifest(built_release)
    counts, files = listed["counts"], listed["files"]
    for name in ("companies", "brands", "regions", "observations", "goals", "plans", "sources"):
        assert files[f"{name}.csv"]["rows"] == counts[name]
    assert files["evidence.csv"]["rows"] == counts["statements"]
    text = (built_release / "clusters.csv").read_text(encoding="utf-8")
    clusters = list(csv.DictReader(io.StringIO(text)))
    assert sum(row["national"] == "true" for row in clusters) == counts["clusters"]
    assert sum(row["candidate"] == "true" for row in clusters) == counts["candidates"]


@pytest.mark.parametrize("name", ["regions.geojson", "clusters.geojson"])
def test_maps_follow_rfc_7946(name: str, built_release: Path) -> None:
    collection = json.loads((built_release / name).read_bytes())
    assert len(collection["features"]) == manifest(built_release)["files"][name]["features"]
    west, south, east, north = collection["bbox"]
    assert 70 < west < east < 140
    assert 0 < south < north < 60
    placed = [each for each in collection["features"] if each["geometry"]]
    assert len(placed) > 70
    for feature in placed:
        form = shape(feature["geometry"])
        assert feature["bbox"] == list(form.bounds)
        assert shapely.is_valid(form) or feature["geometry"]["type"] == "MultiPolygon"
        for part in getattr(form, "geoms", [form]):
            if part.geom_type == "Polygon":
                assert part.exterior.is_ccw, feature["id"]
                assert not any(hole.is_ccw for hole in part.interiors)


def test_networks_are_read_back(built_release: Path) -> None:
    gexf = nx.read_gexf(built_release / "jiqun.gexf")
    graphml = nx.read_graphml(built_release / "jiqun.graphml", force_multigraph=True)
    entry = manifest(built_release)["files"]["jiqun.gexf"]
    for graph in (gexf, graphml):
        assert graph.number_of_nodes() == entry["nodes"]
        assert graph.number_of_edges() == entry["edges"]
        beijing = graph.nodes["https://w3id.org/jiqun/id/beijing"]
        assert (beijing["label"], beijing["kind"]) == ("Beijing", "province")
        assert beijing["label_zh_hans"] == "北京市"
    assert "lastmodifieddate" not in (built_release / "jiqun.gexf").read_text("utf-8")


def test_canonical_terms() -> None:
    # RDF 1.2 N-Quads, section 4: only these are escaped, and in this way.
    text = ntriples(ox.Literal('a"b\\c\n\r\t\b\f\x00\x7f\u0085é𠮷'))
    assert text == '"a\\"b\\\\c\\n\\r\\t\\b\\f\\u0000\\u007F\u0085é𠮷"'


def test_the_real_content_has_every_kind_of_file() -> None:
    tables = {path.stem for path in locate().tables()}
    assert {"things", "names", "clusters", "participations", "evidence", "links"} <= tables
