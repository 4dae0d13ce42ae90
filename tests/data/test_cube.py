"""The observations are a well-formed cube.

The constraints are those of https://www.w3.org/TR/vocab-data-cube/#wf-rules, each as a SELECT of
what violates it; those on slices and code lists do not apply, since there are none.
"""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from jiqun.rdf.namespaces import KG

PREFIXES = """
PREFIX id: <https://w3id.org/jiqun/id/>
PREFIX kg: <https://w3id.org/jiqun/ontology#>
PREFIX qb: <http://purl.org/linked-data/cube#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
"""
ATTACHED = "?observation qb:dataSet/qb:structure/qb:component ?component ."

VIOLATIONS = {
    "IC-1: an observation has one data set": """
        SELECT ?observation (COUNT(?set) AS ?sets) WHERE {
          ?observation a qb:Observation OPTIONAL { ?observation qb:dataSet ?set }
        } GROUP BY ?observation HAVING (COUNT(?set) != 1)""",
    "IC-2: a data set has one structure": """
        SELECT ?set (COUNT(?structure) AS ?structures) WHERE {
          ?set a qb:DataSet OPTIONAL { ?set qb:structure ?structure }
        } GROUP BY ?set HAVING (COUNT(?structure) != 1)""",
    "IC-3: a structure has a measure": """
        SELECT ?structure WHERE {
          ?structure a qb:DataStructureDefinition
          MINUS { ?structure qb:component/qb:measure ?measure }
        }""",
    "IC-4: a dimension has a range": """
        SELECT ?dimension WHERE {
          ?dimension a qb:DimensionProperty MINUS { ?dimension rdfs:range ?range }
        }""",
    "IC-6: only attributes may be optional": """
        SELECT ?component WHERE {
          ?component qb:componentRequired false MINUS { ?component qb:attribute ?attribute }
        }""",
    "IC-11: an observation has one value for every dimension": f"""
        SELECT ?observation ?dimension (COUNT(?value) AS ?values) WHERE {{
          {ATTACHED} ?component qb:dimension ?dimension
          OPTIONAL {{ ?observation ?dimension ?value }}
        }} GROUP BY ?observation ?dimension HAVING (COUNT(?value) != 1)""",
    "IC-12: no two observations share all dimensions": """
        SELECT ?first ?second WHERE {
          ?first kg:about ?about ; kg:metric ?metric ; kg:periodDimension ?period ;
            kg:populationDimension ?population ; kg:sourceDimension ?source .
          ?second kg:about ?about ; kg:metric ?metric ; kg:periodDimension ?period ;
            kg:populationDimension ?population ; kg:sourceDimension ?source .
          FILTER (STR(?first) < STR(?second))
        }""",
    "IC-13: an observation has its required attributes": f"""
        SELECT ?observation ?attribute WHERE {{
          {ATTACHED} ?component qb:componentRequired true ; qb:attribute ?attribute
          FILTER NOT EXISTS {{ ?observation ?attribute ?value }}
        }}""",
    "IC-14: an observation has its measure": f"""
        SELECT ?observation ?measure WHERE {{
          {ATTACHED} ?component qb:measure ?measure
          FILTER NOT EXISTS {{ ?observation ?measure ?value }}
        }}""",
}
FIRST = ox.NamedNode("https://w3id.org/jiqun/id/jjj-safety-enterprises-2023")
QB = "http://purl.org/linked-data/cube#"


def rows(store: ox.Store, query: str) -> list[str]:
    found = store.query(PREFIXES + query)
    assert isinstance(found, ox.QuerySolutions)
    return [str(row) for row in found]


@pytest.mark.parametrize("name", VIOLATIONS)
def test_the_observations_keep_the_constraint(store: ox.Store, name: str) -> None:
    assert rows(store, VIOLATIONS[name]) == []


def test_every_observation_of_ours_is_one_of_the_cube(store: ox.Store) -> None:
    query = "SELECT ?o WHERE { ?o a kg:Observation MINUS { ?o a qb:Observation } }"
    assert rows(store, query) == []
    assert len(rows(store, "SELECT ?o WHERE { ?o a qb:Observation }")) >= 19


@pytest.fixture(scope="module")
def damageable(store: ox.Store) -> ox.Store:
    """A copy in memory, from which a test removes a part that it puts back."""
    copy = ox.Store()
    copy.bulk_extend(store.quads_for_pattern(None, None, None, ox.DefaultGraph()))
    return copy


@pytest.mark.parametrize(
    ("predicate", "constraint"),
    [
        (f"{QB}dataSet", "IC-1: an observation has one data set"),
        (f"{KG}periodDimension", "IC-11: an observation has one value for every dimension"),
        (f"{KG}unit", "IC-13: an observation has its required attributes"),
        (f"{KG}value", "IC-14: an observation has its measure"),
    ],
)
def test_a_missing_part_is_noticed(damageable: ox.Store, predicate: str, constraint: str) -> None:
    parts = list(damageable.quads_for_pattern(FIRST, ox.NamedNode(predicate), None, None))
    assert parts
    for part in parts:
        damageable.remove(part)
    try:
        assert any(FIRST.value in row for row in rows(damageable, VIOLATIONS[constraint]))
    finally:
        damageable.extend(parts)
