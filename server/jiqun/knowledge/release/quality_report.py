"""The quality report of a release, `quality.json`.

Every list is in a fixed order and nothing depends on the clock, so that equal content gives equal
bytes. Dates are those of the sources (`YYYY`, `YYYY-MM` or `YYYY-MM-DD`); shares are numbers from 0
to 1.

The depth of evidence is for how many national clusters each kind of fact is known. Sources count by
publisher there, since two pages of one publisher are not independent; reposts of one text by
different publishers cannot be recognised. A figure counts for a cluster only if it is about the
cluster itself, not about its city or industry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyoxigraph as ox

from jiqun.rdf.namespaces import prologue
from jiqun.rdf.terms import LANGUAGES, language_tag

_CLUSTERS: Final = "?thing a kg:NationalCluster ."
_OUTPUT: Final = """
  ?figure kg:about ?thing ; kg:metric ?metric ; kg:unit id:cny .
  VALUES ?metric { id:output-value id:revenue id:industry-scale }
"""
_OF_WHOLE: Final = "FILTER NOT EXISTS { ?figure kg:population/kg:memberPlace ?member }"
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
    "ownFigure": f"?figure a kg:Observation ; kg:about ?thing . {_OF_WHOLE}",
    "figureOrPart": "?figure a kg:Observation ; kg:about ?thing .",
    "output": f"{_OUTPUT} {_OF_WHOLE}",
    "datedFigure": f"?figure a kg:Observation ; kg:about ?thing ; kg:period ?period . {_OF_WHOLE}",
    "datedOutput": f"{_OUTPUT} ?figure kg:period ?period . {_OF_WHOLE}",
    "datedOutputOrPart": f"{_OUTPUT} ?figure kg:period ?period .",
    "promoter": "?thing kg:promotedBy ?organisation .",
    "applicant": "?thing kg:appliedForBy ?agent .",
    "applicantOrSearch": """
  { ?thing kg:appliedForBy ?agent } UNION { ?thing kg:applicantNotFound ?day }
""",
    "place": _PLACE,
    "placeOrName": f"{_PLACE} UNION {{ ?thing kg:readLocation ?place }}",
    "enterprise": "?participation kg:participationIn ?thing .",
    "series": f"""
  {{
    SELECT ?thing
    WHERE {{
      ?figure kg:about ?thing ; kg:metric ?metric ; kg:unit ?unit ;
        kg:populationDimension ?set ; kg:periodYear ?year .
      {_OF_WHOLE}
    }}
    GROUP BY ?thing ?metric ?unit ?set
    HAVING (COUNT(DISTINCT ?year) > 2)
  }}
""",
}
_COUNT: Final = "SELECT (COUNT(DISTINCT ?thing) AS ?number) WHERE {{ {what} {pattern} }}"
Report = dict[str, Any]
Row = dict[str, str]
_PREFIXES: Final = prologue("dcterms", "graph", "id", "kg", "rdf", "rdfs", "sssom", "void")
_CLASSES: Final = """
SELECT ?class (COUNT(DISTINCT ?thing) AS ?things)
WHERE { ?thing a ?class . FILTER (STRSTARTS(STR(?class), STR(kg:))) }
GROUP BY ?class
ORDER BY DESC(?things) ?class
"""
_TOLD: Final = """
SELECT ?class (COUNT(DISTINCT ?thing) AS ?told)
WHERE {
  {
    SELECT DISTINCT ?thing
    WHERE {
      ?passage kg:passageOf ?source .
      { GRAPH ?passage { ?thing ?p ?o } } UNION { GRAPH ?passage { ?s ?q ?thing } }
    }
  }
  ?thing a ?class .
}
GROUP BY ?class
"""
_SOURCES: Final = """
SELECT ?source ?issued ?grade ?held ?passages ?statements
WHERE {
  ?source a kg:Source .
  OPTIONAL { ?source dcterms:issued ?issued }
  OPTIONAL { ?source kg:reliability ?grade }
  OPTIONAL { ?source kg:textSha256 ?hash }
  BIND (BOUND(?hash) AS ?held)
  OPTIONAL {
    SELECT ?source (COUNT(DISTINCT ?passage) AS ?passages) (COUNT(?subject) AS ?statements)
    WHERE {
      ?passage kg:passageOf ?source .
      GRAPH ?passage { ?subject ?predicate ?object }
    }
    GROUP BY ?source
  }
}
ORDER BY DESC(?statements) ?source
"""
_FACTS: Final = """
SELECT ?origin (COUNT(?subject) AS ?facts)
WHERE {
  {
    SELECT ?subject ?predicate ?object (MIN(?kind) AS ?origin)
    WHERE {
      {
        ?passage kg:passageOf ?source .
        GRAPH ?passage { ?subject ?predicate ?object }
        BIND ("1 passage" AS ?kind)
      } UNION {
        GRAPH graph:curated { ?subject ?predicate ?object }
        BIND ("2 curated" AS ?kind)
      }
    }
    GROUP BY ?subject ?predicate ?object
  }
}
GROUP BY ?origin
ORDER BY ?origin
"""
_LINKS: Final = """
SELECT ?target ?predicate (COUNT(?mapping) AS ?links) (COUNT(DISTINCT ?thing) AS ?things)
  (MIN(?confidence) AS ?lowest)
WHERE {
  ?mapping a sssom:Mapping ;
    sssom:subject_id ?thing ;
    sssom:predicate_id ?predicate ;
    sssom:confidence ?confidence ;
    dcterms:isPartOf/void:objectsTarget ?target .
}
GROUP BY ?target ?predicate
ORDER BY ?target ?predicate
"""
_CANDIDATES: Final = """
SELECT ?candidate ?list
WHERE { ?candidate a kg:CandidateCluster . OPTIONAL { ?candidate kg:candidateFor ?list } }
ORDER BY ?list ?candidate
"""
_LISTS: Final = """
SELECT ?list ?size ?missing (COUNT(DISTINCT ?cluster) AS ?named)
  (COUNT(DISTINCT ?candidate) AS ?candidates)
WHERE {
  ?list a kg:DesignationList ; kg:listSize ?size .
  OPTIONAL { ?list kg:missingMembers ?missing }
  { ?cluster kg:listedOn ?list } UNION { ?candidate kg:candidateFor ?list }
}
GROUP BY ?list ?size ?missing
ORDER BY ?list
"""
_DATASETS: Final = """
SELECT ?dataset ?version ?licence ?attribution ?address
WHERE {
  ?dataset a kg:ReferenceDataset .
  OPTIONAL { ?dataset dcterms:hasVersion ?version }
  OPTIONAL { ?dataset dcterms:license ?licence }
  OPTIONAL { ?dataset kg:attribution ?attribution }
  OPTIONAL { ?dataset rdfs:seeAlso ?address }
}
ORDER BY ?dataset ?attribution ?licence
"""
_OPEN: Final = {
    "disagreements": "SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE { ?x a kg:Disagreement }",
    "brandsWithCandidates": "SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE { ?x kg:candidateEntity ?y }",
    "locationsReadFromNames": "SELECT (COUNT(*) AS ?n) WHERE { ?x kg:readLocation ?y }",
    "industriesMapped": "SELECT (COUNT(*) AS ?n) WHERE { ?x kg:mappedIndustry ?y }",
}
_LABELS: Final = "SELECT ?thing ?label WHERE { VALUES ?thing { %s } ?thing rdfs:label ?label }"


def depth(store: ox.Store) -> list[dict[str, str | int]]:
    """Return, for each measure, its name, the number of national clusters, and their total."""
    whole = _number(store, _CLUSTERS, "")
    found: list[dict[str, str | int]] = [
        {"measure": name, "number": _number(store, _CLUSTERS, pattern), "of": whole}
        for name, pattern in _MEASURES.items()
    ]
    return found


def _number(store: ox.Store, what: str, pattern: str) -> int:
    return int(_rows(store, _COUNT.format(what=what, pattern=pattern))[0]["number"])


def report(store: ox.Store, violations: Mapping[str, int]) -> Report:
    """Return the report on the data in `store`; `violations` counts those of each rule."""
    sources = _rows(store, _SOURCES)
    told = {row["class"]: int(row["told"]) for row in _rows(store, _TOLD)}
    classes = [
        {"class": row["class"], "things": int(row["things"]), "told": told.get(row["class"], 0)}
        for row in _rows(store, _CLASSES)
    ]
    found: Report = {
        "classes": classes,
        "sources": [_source(row) for row in sources],
        "facts": _facts(store),
        "links": [_counted(row, "links", "things") for row in _rows(store, _LINKS)],
        "candidates": _rows(store, _CANDIDATES),
        "lists": [
            _counted({"missing": "0", **row}, "size", "missing", "named", "candidates")
            for row in _rows(store, _LISTS)
        ],
        "depth": depth(store),
        "open": {name: int(_rows(store, text)[0]["n"]) for name, text in _OPEN.items()},
        "rules": _rules(violations),
        "freshness": _freshness(sources),
        "datasets": _rows(store, _DATASETS),
    }
    found["labels"] = _labels(store, found)
    return found


def _rows(store: ox.Store, text: str) -> list[Row]:
    rows = store.query(_PREFIXES + text)
    if not isinstance(rows, ox.QuerySolutions):  # pragma: no cover - all of them are SELECT
        raise TypeError(text)
    names = [variable.value for variable in rows.variables]
    return [{name: row[name].value for name in names if row[name] is not None} for row in rows]


def _counted(row: Row, *numbers: str) -> Report:
    return {name: int(value) if name in numbers else value for name, value in row.items()}


def _source(row: Row) -> Report:
    told = _counted({"passages": "0", "statements": "0", **row}, "passages", "statements")
    return told | {"held": row["held"] == "true"} | _day(row)


def _day(row: Row) -> Row:
    return {"issued": row["issued"][:10]} if "issued" in row else {}


def _facts(store: ox.Store) -> Report:
    numbers = {
        row["origin"][2:]: int(row["facts"]) for row in _rows(store, _FACTS) if "origin" in row
    }
    stated, curated = numbers.get("passage", 0), numbers.get("curated", 0)
    whole = stated + curated
    return {
        "stated": stated,
        "curated": curated,
        "share": round(stated / whole, 4) if whole else 1.0,
    }


def _rules(violations: Mapping[str, int]) -> Report:
    broken = [{"rule": name, "findings": n} for name, n in sorted(violations.items()) if n]
    return {"checked": len(violations), "findings": sum(violations.values()), "broken": broken}


def _freshness(sources: Iterable[Row]) -> Report:
    years: dict[str, dict[str, int]] = {}
    for row in sources:
        year = years.setdefault(row.get("issued", "")[:4], {"sources": 0, "statements": 0})
        year["sources"] += 1
        year["statements"] += int(row.get("statements", "0"))
    days = [row["issued"][:10] for row in sources if "issued" in row]
    return {
        "newest": max(days, default=""),
        "oldest": min(days, default=""),
        "years": [{"year": year, **years[year]} for year in sorted(years)],
    }


def _labels(store: ox.Store, found: Report) -> dict[str, dict[str, str]]:
    """Return the labels of everything in the report, by IRI and language tag."""
    iris = sorted(
        {
            value
            for part in found.values()
            if isinstance(part, list)
            for row in part
            for name, value in row.items()
            if name not in {"address", "licence"} and str(value).startswith("http")
        }
    )
    labels: dict[str, dict[str, str]] = {}
    rows = store.query(_PREFIXES + _LABELS % " ".join(f"<{iri}>" for iri in iris))
    if isinstance(rows, ox.QuerySolutions):
        for thing, label in rows:
            tag = language_tag(label.language or "")
            if tag in LANGUAGES:
                labels.setdefault(thing.value, {})[tag] = label.value
    return {iri: dict(sorted(labels[iri].items())) for iri in sorted(labels)}
