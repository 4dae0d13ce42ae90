from __future__ import annotations

import pyoxigraph as ox

from jiqun.knowledge.release.quality_report import depth
from jiqun.rdf.namespaces import prologue

PREFIXES = prologue("dcterms", "id", "kg")
CLUSTERS = "id:pumps a kg:NationalCluster . id:valves a kg:NationalCluster . id:taps a kg:Cluster ."


def counts(text: str) -> dict[str, str | int]:
    store = ox.Store()
    store.update(f"{PREFIXES} INSERT DATA {{ {CLUSTERS} {text} }}")
    rows = depth(store)
    assert {row["of"] for row in rows} == {2}, "only national clusters count"
    return {str(row["measure"]): row["number"] for row in rows if row["number"]}


def designated(*sources: str) -> str:
    return " ".join(
        f"id:d kg:designates id:pumps ; kg:statedIn id:{name}-p ."
        f" id:{name}-p kg:passageOf id:{name} . id:{name} dcterms:publisher id:{publisher} ."
        for name, publisher in (source.split(" by ") for source in sources)
    )


def figure(about: str, *more: str) -> str:
    return f"id:f a kg:Observation ; kg:about id:{about} ; {' ; '.join(more)} ."


def test_two_pages_of_one_publisher_are_one_voice() -> None:
    assert counts(designated("a by x", "b by x")) == {}
    assert counts(designated("a by x", "b by y")) == {"twoPublishers": 1}


def test_a_figure_of_the_city_is_not_one_of_the_cluster() -> None:
    money = ("kg:metric id:output-value", "kg:unit id:cny")
    assert counts(figure("hebei", *money)) == {}
    assert counts(figure("taps", *money)) == {}
    own = {"ownFigure": 1, "figureOrPart": 1}
    assert counts(figure("pumps", "kg:metric id:enterprise-count")) == own
    assert counts(figure("pumps", *money)) == own | {"output": 1}
    whole = (*money, "kg:period id:year-2023", "kg:population id:enterprises-of-pumps")
    dated = {"output": 1, "datedFigure": 1, "datedOutput": 1, "datedOutputOrPart": 1}
    assert counts(figure("pumps", *whole)) == own | dated


def test_a_figure_of_a_part_at_one_place_is_not_one_of_the_whole() -> None:
    of_part = (
        "kg:metric id:output-value",
        "kg:unit id:cny",
        "kg:period id:year-2023",
        "kg:population id:pumps-of-hebei",
    )
    confined = "id:pumps-of-hebei kg:memberPlace id:hebei ."
    found = counts(f"{figure('pumps', *of_part)} {confined}")
    assert found == {"figureOrPart": 1, "datedOutputOrPart": 1}


def test_a_series_is_one_metric_of_one_set_in_three_years() -> None:
    def of_years(*years: str) -> str:
        return " ".join(
            f"id:f{number} kg:about id:pumps ; kg:metric id:m ; kg:unit id:u ;"
            f' kg:populationDimension id:{set_} ; kg:periodYear "{year}" .'
            for number, (year, set_) in enumerate(pair.split("/") for pair in years)
        )

    assert counts(of_years("2021/all", "2022/all", "2022/all")) == {}
    assert counts(of_years("2021/all", "2022/all", "2023/some")) == {}
    years = of_years("2021/all", "2022/all", "2023/all")
    assert counts(years) == {"series": 1}
    assert counts(f"{years} id:f0 kg:population id:all . id:all kg:memberPlace id:hebei .") == {}


def test_places_agents_and_enterprises() -> None:
    stated = "id:p kg:passageOf id:s . GRAPH id:p { id:pumps kg:coreArea id:hebei }"
    assert counts(f"{stated} id:hebei a kg:AdministrativeDivision .") == {
        "place": 1,
        "placeOrName": 1,
    }
    assert counts(f"{stated} id:hebei a kg:AdministrativeDivision, kg:Country .") == {}
    assert counts("id:valves kg:readLocation id:hebei .") == {"placeOrName": 1}
    assert counts("id:valves kg:promotedBy id:o .") == {"promoter": 1}
    assert counts("id:e kg:participationIn id:pumps, id:valves .") == {"enterprise": 2}
    assert counts("id:pumps kg:applicantNotFound 1 . id:valves kg:appliedForBy id:hebei .") == {
        "applicant": 1,
        "applicantOrSearch": 2,
    }
