"""The depth of evidence about national clusters: for how many each kind of fact is known.

Sources count by publisher, since two pages of one publisher are not independent; reposts of one
text by different publishers cannot be recognised here. A figure counts for a cluster only if it is
about the cluster itself, not about its city or industry.
"""

from __future__ import annotations

from typing import Final

import pyoxigraph as ox

from jiqun.rdf.namespaces import prologue

_PREFIXES: Final = prologue("dcterms", "id", "kg")
_CLUSTERS: Final = "?thing a kg:NationalCluster ."
_OUTPUT: Final = """
  ?figure kg:about ?thing ; kg:metric ?metric ; kg:unit id:cny .
  VALUES ?metric { id:output-value id:revenue id:industry-scale }
"""
_PLACE: Final = """
  {
    ?passage kg:passageOf ?source .
    GRAPH ?passage { ?thing ?role ?place }
    VALUES ?role { kg:locatedIn kg:coreArea kg:keyArea }
    ?place a kg:AdministrativeDivision .
    MINUS { ?place a kg:Country }
  }
"""
_MEASURES: Final = {
    "twoPublishers": """
  ?designation kg:designates ?thing ; kg:statedIn/kg:passageOf/dcterms:publisher ?one, ?other .
  FILTER (?one != ?other)
""",
    "ownFigure": "?figure a kg:Observation ; kg:about ?thing .",
    "output": _OUTPUT,
    "datedFigure": "?figure a kg:Observation ; kg:about ?thing ; kg:period ?period .",
    "datedOutput": f"{_OUTPUT} ?figure kg:period ?period .",
    "promoter": "?thing kg:promotedBy ?organisation .",
    "applicant": "?thing kg:appliedForBy ?agent .",
    "applicantOrSearch": """
  { ?thing kg:appliedForBy ?agent } UNION { ?thing kg:applicantNotFound ?day }
""",
    "place": _PLACE,
    "placeOrName": f"{_PLACE} UNION {{ ?thing kg:readLocation ?place }}",
    "enterprise": "?participation kg:participationIn ?thing .",
    "series": """
  {
    SELECT ?thing
    WHERE {
      ?figure kg:about ?thing ; kg:metric ?metric ; kg:unit ?unit ;
        kg:populationDimension ?set ; kg:periodYear ?year .
    }
    GROUP BY ?thing ?metric ?unit ?set
    HAVING (COUNT(DISTINCT ?year) > 2)
  }
""",
}
_COUNT: Final = "SELECT (COUNT(DISTINCT ?thing) AS ?number) WHERE {{ {what} {pattern} }}"


def depth(store: ox.Store) -> list[dict[str, str | int]]:
    """Return, for each measure, its name, the number of national clusters, and their total."""
    whole = _number(store, _CLUSTERS, "")
    found: list[dict[str, str | int]] = [
        {"measure": name, "number": _number(store, _CLUSTERS, pattern), "of": whole}
        for name, pattern in _MEASURES.items()
    ]
    return found


def _number(store: ox.Store, what: str, pattern: str) -> int:
    rows = store.query(_PREFIXES + _COUNT.format(what=what, pattern=pattern))
    if not isinstance(rows, ox.QuerySolutions):  # pragma: no cover - it is a SELECT
        raise TypeError(pattern)
    return int(next(iter(rows))["number"].value)
