"""A derived statement leads to its premises: one of every property that is ever inferred."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from jiqun.query.solutions import triple_of
from jiqun.rdf.namespaces import KG, RDF_TYPE
from jiqun.release import open_release
from jiqun.settings import Settings
from jiqun.web.documents import Context
from jiqun.web.linked_data.premises import INFERRED, derive

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = 3


@pytest.fixture(scope="module")
def context(built_release: Path) -> Context:
    release = open_release(built_release, verify=False)
    return Context(release, Settings(), ox.Store.read_only(str(release.store)))


def test_every_inferred_property_has_premises(context: Context) -> None:
    properties = context.select(
        f"SELECT DISTINCT ?property WHERE {{ GRAPH <{INFERRED}> {{ ?s ?property ?o }} "
        f"FILTER (STRSTARTS(STR(?property), '{KG}')) }}"
    )
    names = sorted(row["property"].value for row in properties)
    assert len(names) > 30
    without = []
    for name in (*names, RDF_TYPE):
        rows = context.select(
            f"SELECT ?subject ?property ?value WHERE {{ VALUES ?property {{ <{name}> }} "
            f"GRAPH <{INFERRED}> {{ ?subject ?property ?value }} "
            f"FILTER (STRSTARTS(STR(?property), '{KG}') || STRSTARTS(STR(?value), '{KG}')) "
            f"}} ORDER BY ?subject ?value LIMIT {SAMPLES}"
        )
        without += [triple_of(row) for row in rows if not derive(context, triple_of(row))]
    assert not without


def test_premises_are_stated_and_not_inferred(context: Context) -> None:
    rows = context.select(
        f"SELECT ?subject ?property ?value WHERE {{ VALUES ?property {{ <{KG}hasCluster> }} "
        f"GRAPH <{INFERRED}> {{ ?subject ?property ?value }} }} ORDER BY ?subject ?value LIMIT 20"
    )
    for row in rows:
        for premise in derive(context, triple_of(row)):
            assert premise.graphs
            assert INFERRED not in premise.graphs


def test_what_is_not_stated_has_no_premises(context: Context) -> None:
    invented = ox.Triple(*(ox.NamedNode(f"{KG}{name}") for name in ("no", "such", "thing")))
    assert derive(context, invented) == ()
