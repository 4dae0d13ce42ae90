"""The OpenAPI document is valid, the same in every process, and describes what is served."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

if TYPE_CHECKING:
    from pathlib import Path

    from live_server import LiveServer

PRINT = """
import json, sys
from pathlib import Path
from jiqun.settings import Settings
from jiqun.web.app import create_app
print(json.dumps(create_app(Path(sys.argv[1]), Settings(log_requests=False)).openapi()))
"""


@pytest.fixture(scope="module")
def document(server: LiveServer) -> Any:
    return server.client.get("/openapi.json").json()


def test_it_is_valid(document: Any) -> None:
    assert document["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_it_is_the_same_in_every_process(release_folder: Path) -> None:
    digests = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", PRINT, str(release_folder)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        digests.add(hashlib.sha256(done.stdout).hexdigest())
    assert len(digests) == 1


def test_json_comes_first_for_those_who_take_the_first_form(document: Any) -> None:
    for path in ("/queries", "/search", "/quality"):
        forms = list(document["paths"][path]["get"]["responses"]["200"]["content"])
        assert len(forms) > 1
        assert forms[0] == "application/json"


def test_no_operation_has_the_name_of_another(document: Any) -> None:
    names = [each["operationId"] for item in document["paths"].values() for each in item.values()]
    assert len(set(names)) == len(names)


def test_every_example_and_default_is_of_its_schema(document: Any) -> None:
    kinds = {"integer": int, "boolean": bool, "string": str}
    for path, item in document["paths"].items():
        for each in item["get"]["parameters"] if path.startswith("/queries/") else ():
            schema = each["schema"]
            for value in (schema.get("default"), each.get("example")):
                assert value is None or type(value) is kinds[schema["type"]], (path, each)


def test_json_answers_are_described_as_json(document: Any) -> None:
    schemas = {
        path: document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        for path in ("/queries", "/dumps")
    }
    names = {path: each["schema"]["$ref"].rpartition("/")[2] for path, each in schemas.items()}
    assert names == {"/queries": "QueryList", "/dumps": "DumpList"}
