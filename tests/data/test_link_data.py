"""The project's links: valid SSSOM, sorted, proven, and in the release as promised."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import pyoxigraph as ox
import pytest

from jiqun.knowledge.content import locate
from jiqun.knowledge.mappings import EXACT, MappingSet, read_all
from jiqun.rdf.namespaces import GRAPH, ID, SKOS
from jiqun.rdf.terms import natural

SETS: Final = {found.target: found for found in read_all(locate())}
# in a process of its own: what sssom imports warns of its own future
VALIDATE: Final = """
import sys
from sssom.parsers import parse_sssom_table
from sssom.validators import SchemaValidationType, validate
for path in sys.argv[1:]:
    table = parse_sssom_table(path)
    reports = validate(table, list(SchemaValidationType)[:1], fail_on_error=False)
    messages = [result.message for report in reports.values() for result in report.results]
    print(path.replace("\\\\", "/").rpartition("/")[2], len(table.df), *messages)
"""


def test_there_is_a_set_for_every_target() -> None:
    assert set(SETS) == {
        "dbpedia",
        "gb-t-4754-2017",
        "geonames",
        "gleif",
        "isic-rev4",
        "iso3166-2",
        "openfigi",
        "openstreetmap",
        "sec",
        "sei-2018",
        "whosonfirst",
        "wikidata",
    }


def test_the_sssom_package_finds_nothing_wrong() -> None:
    paths = [str(path) for path in locate().links()]
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", VALIDATE, *paths],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stderr
    expected = [f"{name}.sssom.tsv {len(SETS[name].mappings)}" for name in sorted(SETS)]
    assert sorted(run.stdout.splitlines()) == expected


@pytest.mark.parametrize("found", SETS.values(), ids=SETS)
def test_rows_are_sorted(found: MappingSet) -> None:
    keys = [
        (natural(link.subject), link.predicate, natural(link.object)) for link in found.mappings
    ]
    assert keys == sorted(keys)


@pytest.mark.parametrize("found", SETS.values(), ids=SETS)
def test_every_link_names_the_dataset_that_proves_it(found: MappingSet) -> None:
    assert all(link.source.startswith(ID) and link.version for link in found.mappings)


def test_brands_are_never_exactly_a_company() -> None:
    for found in SETS.values():
        for link in found.mappings:
            assert not (link.predicate == EXACT and link.subject.endswith("-brand")), link


def test_seats_are_close_to_prefectures_and_divisions_are_exact() -> None:
    exact = {link.subject for link in SETS["geonames"].mappings if link.predicate == EXACT}
    assert len(exact) == 1 + 31 + 333 + 3
    for link in SETS["geonames"].mappings:
        if link.comment == "Seat":
            assert link.predicate == f"{SKOS}closeMatch"


def test_each_target_has_its_graph_and_its_linkset(store: ox.Store) -> None:
    catalogue = ox.NamedNode(f"{GRAPH}catalogue")
    for found in SETS.values():
        graph = ox.NamedNode(found.iri)
        links = list(store.quads_for_pattern(None, None, None, graph))
        assert links
        assert any(store.quads_for_pattern(graph, None, None, catalogue))
        assert all(ox.Quad(*link.triple) in store for link in links)
