"""The tables in Croissant 1.0, made from the descriptor of the tables and the manifest."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from live_server import running
from tiny_release import write_release

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

TABLE = (
    "cluster,name,companies,parent\r\n"
    "https://w3id.org/jiqun/id/x,X,3,https://w3id.org/jiqun/id/x\r\n"
)
PACKAGE = {
    "title": "Tables",
    "resources": [
        {
            "name": "clusters",
            "path": "clusters.csv",
            "title": "Clusters",
            "schema": {
                "primaryKey": ["cluster"],
                "fields": [
                    {"name": "cluster", "type": "string", "format": "uri", "description": "IRI"},
                    {"name": "name", "type": "string", "description": "Name"},
                    {"name": "companies", "type": "integer", "description": "Companies"},
                    {"name": "parent", "type": "string", "format": "uri", "description": "Above"},
                ],
                "foreignKeys": [
                    {
                        "fields": "parent",
                        "reference": {"resource": "clusters", "fields": "cluster"},
                    }
                ],
            },
        }
    ],
}


def entry(content: bytes, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    return {"sha256": digest, "bytes": len(content), "mediaType": media_type}


def with_tables(folder: Path, package: bytes) -> Path:
    release = write_release(folder)
    manifest = json.loads((release / "manifest.json").read_bytes())
    for name, content, kind in (
        ("clusters.csv", TABLE.encode(), "text/csv; charset=utf-8; header=present"),
        ("datapackage.json", package, "application/json"),
    ):
        (release / name).write_bytes(content)
        manifest["files"][name] = entry(content, kind)
    (release / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return release


def test_the_description_of_tables(tmp_path: Path) -> None:
    release = with_tables(tmp_path / "release", json.dumps(PACKAGE).encode())
    with running(release, workers=1) as live:
        document = live.client.get("/croissant.json").json()
        (file,) = document["distribution"]
        assert live.client.get(file["contentUrl"]).text == TABLE
    assert document["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert file["encodingFormat"] == "text/csv"
    assert file["sha256"] == hashlib.sha256(TABLE.encode()).hexdigest()
    (records,) = document["recordSet"]
    assert records["key"] == [{"@id": "clusters/cluster"}]
    kinds = {each["name"]: each["dataType"] for each in records["field"]}
    assert kinds == {
        "clusters/cluster": "sc:URL",
        "clusters/name": "sc:Text",
        "clusters/companies": "sc:Integer",
        "clusters/parent": "sc:URL",
    }
    assert "references" not in records["field"][3]


def test_a_damaged_descriptor_is_reported(tmp_path: Path) -> None:
    packages = (b"{", b"[]", b'{"resources": [{}]}')
    release = with_tables(tmp_path / "release", packages[0])
    with running(release, workers=1) as live:
        for package in packages:
            (release / "datapackage.json").write_bytes(package)
            response = live.client.get("/croissant.json")
            assert response.status_code == 503, package
            assert "datapackage.json" in response.json()["detail"]


def test_a_release_without_tables_has_no_description_of_them(client: httpx.Client) -> None:
    assert client.get("/croissant.json").status_code == 404
