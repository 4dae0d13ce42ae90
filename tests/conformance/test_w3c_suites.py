"""W3C's suites of SPARQL 1.1 and 1.2 over HTTP, against a workspace that is served alone.

`JIQUN_W3C_TESTS=~/rdf-tests pytest tests/conformance/test_w3c_suites.py` runs them; what fails is
listed in `docs/conformance.md` with its reason. `protocol`, `graph-store-protocol` and
`service-description` have tests of our own beside this file.
"""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from conformance.suite_checks import check, each_of
from conformance.suite_manifests import SuiteTest, read_suite

FOLDER = os.environ.get("JIQUN_W3C_TESTS", "")
TESTS = [
    test
    for version in ("sparql11", "sparql12")
    for test in (read_suite(Path(FOLDER), version) if FOLDER else ())
]

_BY_VALUE = "literals are stored by value: 001 as 1, 1.0E6 as 1000000"
_SCOPE = "the variable of GRAPH is joined within the group, not around it"
_ESCAPES = "escapes are decoded everywhere, as in SPARQL 1.1 (19.2)"
KNOWN: dict[str, str] = {
    "sparql11/aggregates/agg-empty-group-count-graph": _SCOPE,
    "sparql11/negation/graph-minus": _SCOPE,
    "sparql11/csv-tsv-res/csv03": _BY_VALUE,
    "sparql11/functions/bnode01": "BNODE('x') is one blank node in all solutions",
    "sparql12/codepoint-escapes/codepoint-esc-01-bad": _ESCAPES,
    "sparql12/codepoint-escapes/codepoint-esc-03-bad": _ESCAPES,
    "sparql12/grouping/group01": _BY_VALUE,
}
"""What fails and why; a test that passes after all fails here."""


def test_the_suites_are_there() -> None:
    if not FOLDER:
        pytest.skip("JIQUN_W3C_TESTS names no checkout of github.com/w3c/rdf-tests")
    assert len(TESTS) > 700


@each_of(TESTS, KNOWN)
def test_suite(test: SuiteTest, store_server_client: httpx.Client) -> None:
    check(test, store_server_client)
