"""The query tests of Jena ARQ, of the first SPARQL working group, and of Oxigraph, over HTTP.

`JIQUN_OTHER_TESTS=DIR pytest tests/conformance/test_other_suites.py` runs them. DIR has `ARQ` and
`DAWG-Final` of the archive in Jena's `jena-arq/testing/ARQ/`, and `oxigraph-tests` of Oxigraph's
`testsuite/`. What fails stands in `other_suites.tsv` with its reason.
"""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from conformance.suite_checks import check, each_of
from conformance.suite_manifests import SuiteTest, read_folder

FOLDER = os.environ.get("JIQUN_OTHER_TESTS", "")
SUITES = ("ARQ", "DAWG-Final", "oxigraph-tests/sparql")
TESTS = [
    test
    for suite in SUITES
    for test in (read_folder(Path(FOLDER), suite) if FOLDER else ())
    if test.result is not None or not test.is_evaluated or test.is_update
]
KNOWN: dict[str, str] = dict(
    line.split("\t", 1)
    for line in (Path(__file__).parent / "other_suites.tsv").read_text().splitlines()
)


def test_the_suites_are_there() -> None:
    if not FOLDER:
        pytest.skip("JIQUN_OTHER_TESTS names no folder with the tests of Jena and Oxigraph")
    assert len(TESTS) > 1300
    assert set(KNOWN) <= {test.identifier for test in TESTS}


@each_of(TESTS, KNOWN)
def test_suite(test: SuiteTest, store_server_client: httpx.Client) -> None:
    check(test, store_server_client)
