"""Views of results: which are offered, what they draw, and the order and filter of rows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from html_audit import Audit
from jiqun.language import Reader, Text
from jiqun.query.solutions import Term
from jiqun.rdf.namespaces import ID, XSD, prologue
from jiqun.release import open_release
from jiqun.saved_queries import bind, read_value
from jiqun.settings import Settings
from jiqun.web.documents import Context
from jiqun.web.pages.cells import Labels, read_captions
from jiqun.web.pages.result_pictures import draw_view, offered_views, read_columns
from jiqun.web.pages.result_table import Outcome, arrange, read_outcome
from jiqun.web.pages.results_page import (
    PAGE_SIZE,
    Address,
    Choices,
    apply_choices,
    result_section,
)
from jiqun.web.pictures.drawing import Sheet
from jiqun.web.pictures.network_picture import Edge, Node, draw_graph

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from jiqun.saved_queries import SavedQuery

KG = prologue("kg", "id", "rdfs")


@pytest.fixture(scope="module")
def context(built_release: Path) -> Context:
    release = open_release(built_release, verify=False, check_files=False)
    return Context(release, Settings(), ox.Store.read_only(str(release.store)))


def outcome_of(context: Context, text: str, form: str = "SELECT") -> Outcome:
    found = context.store.query(text)
    if isinstance(found, ox.QueryTriples):
        body = found.serialize(format=ox.RdfFormat.TURTLE)
    else:
        body = found.serialize(format=ox.QueryResultsFormat.JSON)
    assert body is not None
    return read_outcome(form, body)


def example(context: Context, query: SavedQuery) -> Outcome:
    terms = {
        each.variable: read_value(each, value)
        for each in query.parameters
        if (value := query.example.get(each.name, each.default))
    }
    return outcome_of(context, bind(query.text, terms), query.form)


def test_every_saved_query_has_the_view_that_it_declares(context: Context) -> None:
    wrong = {}
    for query in context.release.queries.values():
        outcome = example(context, query)
        if query.view != "table" and (outcome.rows or outcome.graph):
            offered = offered_views(outcome, read_columns(outcome, context.select))
            if query.view not in offered:
                wrong[query.name] = (query.view, offered)
    assert wrong == {}


@pytest.mark.parametrize(
    ("columns", "offered"),
    [
        ("?c rdfs:label ?l . ?c a kg:NationalCluster", {"table", "map"}),
        ("?a kg:leadApplicant ?b", {"table", "map", "graph"}),
        ("?f a kg:Observation ; kg:value ?value", {"table", "chart"}),
        ("?d a kg:DesignationList ; kg:year ?year", {"table"}),
        ("?s rdfs:comment ?c", {"table"}),
    ],
)
def test_views_follow_from_the_columns(context: Context, columns: str, offered: set[str]) -> None:
    outcome = outcome_of(context, f"{KG}SELECT * {{ {columns} }} LIMIT 20")
    found = set(offered_views(outcome, read_columns(outcome, context.select)))
    assert found >= offered or not outcome.rows
    if offered == {"table"}:
        assert "graph" not in found


def test_a_chart_draws_bounds_and_keeps_units_apart(context: Context) -> None:
    query = context.release.queries["cluster-comparison"]
    outcome = example(context, query)
    labels = Labels(read_captions(context.select, outcome.iris()), Reader("en"))
    columns = read_columns(outcome, context.select)
    drawn = draw_view("chart", outcome, columns, labels, context.select)
    figure = drawn.figure
    drawn_rows = outcome.rows[:60]
    assert len(drawn_rows) < len(outcome.rows)
    for row in drawn_rows:
        assert f"{int(row['value'].value):,} enterprises" in figure
    assert str(len(outcome.rows) - len(drawn_rows)) in drawn.note
    assert "more than" in figure
    assert 'class="arrow"' in figure
    mixed = Outcome(
        ("thing", "value", "unitLabel"),
        tuple(
            {
                "thing": Term("uri", f"{ID}hebei"),
                "value": Term("literal", str(number), datatype=f"{XSD}integer"),
                "unitLabel": Term("literal", unit, lang="en"),
            }
            for number, unit in ((1, "enterprises"), (2, "enterprises"), (3, "yuan (CNY)"))
        ),
    )
    columns = read_columns(mixed, context.select)
    drawn = draw_view("chart", mixed, columns, labels, context.select)
    assert drawn.note.startswith("1 rows are not in the chart")
    assert "CNY" not in drawn.figure


def literal(value: str, datatype: str = "") -> Term:
    return Term("literal", value, datatype=datatype)


THINGS = tuple(Term("uri", f"{ID}{slug}") for slug in ("hebei", "zhejiang"))
GEO = "http://www.opengis.net/ont/geosparql#wktLiteral"


@pytest.mark.parametrize(
    ("view", "name", "values"),
    [
        ("chart", "value", [literal(each, f"{XSD}double") for each in ("1.0E308", "2.0E0")]),
        ("chart", "value", [literal(each, f"{XSD}double") for each in ("5.0E-324", "2.0E0")]),
        ("timeline", "date", [literal(f"{each}-12-31", f"{XSD}date") for each in (2000, 9999)]),
        ("map", "point", [literal(f"POINT ({each} 40)", GEO) for each in ("1.2.3", "116")]),
        ("map", "point", [literal(f"POINT ({each} 40)", GEO) for each in ("9" * 400, "116")]),
    ],
)
def test_values_beyond_any_paper_are_no_error(
    context: Context, view: str, name: str, values: list[Term]
) -> None:
    rows = tuple({"t": literal(str(number)), name: value} for number, value in enumerate(values, 1))
    outcome = Outcome(("t", name), rows)
    columns = read_columns(outcome, context.select)
    assert view in offered_views(outcome, columns)
    drawn = draw_view(view, outcome, columns, Labels({}, Reader()), context.select)
    assert "<title>2" in drawn.figure


def test_a_bound_that_is_none_is_drawn_as_about(context: Context) -> None:
    rows = tuple(
        {"t": thing, "value": literal("5", f"{XSD}integer"), "bound": Term("uri", "http://a.b/")}
        for thing in THINGS
    )
    outcome = Outcome(("t", "value", "bound"), rows)
    columns = read_columns(outcome, context.select)
    drawn = draw_view("chart", outcome, columns, Labels({}, Reader()), context.select)
    assert drawn.figure.count('class="about"') == 3  # two figures and the legend


@pytest.mark.parametrize(
    ("view", "name", "value"),
    [
        ("chart", "value", literal("5", f"{XSD}integer")),
        ("timeline", "date", literal("2024-05-01", f"{XSD}date")),
        ("map", "point", literal("POINT (116 40)", GEO)),
    ],
)
def test_a_filter_may_leave_rows_without_what_a_view_draws(
    context: Context, view: str, name: str, value: Term
) -> None:
    outcome = Outcome(("t", name), ({"t": literal("pear"), name: value}, {"t": literal("fig")}))
    page = Address("/sparql", {}, {}, ())
    labels = Labels({}, Reader())
    section = result_section(outcome, labels, context.select, Choices(view, "", "fig"), page)
    assert section.view == view
    assert section.drawn is not None
    assert [row["t"].value for row in section.outcome.rows] == ["fig"]


def test_an_iri_that_no_query_can_name_is_not_asked_for(context: Context) -> None:
    odd = Term("uri", f"{ID}hebei> {{")
    outcome = Outcome(("t",), ({"t": odd}, {"t": THINGS[0]}))
    assert offered_views(outcome, read_columns(outcome, context.select)) == ("table", "map")


def test_a_graph_is_drawn_the_same_way_every_time_and_keeps_circles() -> None:
    nodes = {name: Node(name, Text(name), f"/doc/{name}") for name in ("a", "b", "c", "d")}
    edges = [Edge("a", "b", "kg:leads"), Edge("b", "c"), Edge("c", "a"), Edge("d", "c")]
    drawn = [draw_graph(Sheet("g", "T", "D", Reader()), nodes, edges).figure for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert drawn[0].partition("<figcaption")[0].count('class="leg"') == len(edges)
    assert all(f'href="/doc/{name}"' in drawn[0] for name in nodes)


ROWS = tuple(
    {"n": Term("literal", number, datatype=f"{XSD}integer"), "t": Term("literal", text)}
    for number, text in (("10", "pear"), ("9", "Apple"), ("100", "fig"))
)


@pytest.mark.parametrize(
    ("choices", "texts"),
    [
        (Choices(), ["pear", "Apple", "fig"]),
        (Choices(sort="n"), ["Apple", "pear", "fig"]),
        (Choices(sort="-n"), ["fig", "pear", "Apple"]),
        (Choices(sort="t"), ["Apple", "fig", "pear"]),
        (Choices(filter="P e"), ["pear", "Apple"]),
        (Choices(sort="nothing"), ["pear", "Apple", "fig"]),
    ],
)
def test_rows_are_sorted_as_numbers_and_filtered_by_words(
    choices: Choices, texts: list[str]
) -> None:
    assert [row["t"].value for row in apply_choices(ROWS, choices, {})] == texts


def test_numbers_that_are_none_are_sorted_too() -> None:
    odd = ({"n": Term("literal", "NaN", datatype=f"{XSD}double")}, *ROWS, {})
    assert len(apply_choices(odd, Choices(sort="n"), {})) == 5
    assert Decimal("NaN").is_nan()


@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
def test_the_view_is_in_the_address_and_the_table_below(built: httpx.Client, lang: str) -> None:
    path = "/queries/national-clusters-by-list"
    page = built.get(path, params={"lang": lang, "format": "html"}).text
    assert Audit(page).problems == []
    assert '<figure class="picture" id="view">' in page  # the view that the query declares
    views = re.findall(r'<a href="([^"]*view=[a-z]+[^"]*)"', page)
    assert len(views) >= 4
    address = unescape(next(each for each in views if "view=table" in each))
    table = built.get(address, headers={"Accept": "text/html"}).text
    assert '<figure class="picture"' not in table
    assert page.count("<tr") > 70
    assert '<details class="fold">' in page
    assert table.count("<tr") == PAGE_SIZE + 1
    whole = built.get(f"{address.partition('#')[0]}&page=all", headers={"Accept": "text/html"})
    assert whole.text.count("<tr") == page.count("<tr")


def test_sorting_and_filtering_work_by_address(built: httpx.Client) -> None:
    query = f"{KG}SELECT ?c (STRLEN(STR(?c)) AS ?n) {{ ?c a kg:NationalCluster }} ORDER BY ?c"
    given = {"query": query, "format": "html", "view": "table", "sort": "-n", "page": "all"}
    page = built.get("/sparql", params=given).text
    numbers = [int(each) for each in re.findall(r'data-label="n" class="number"><bdi>(\d+)<', page)]
    assert len(numbers) > 70
    assert numbers == sorted(numbers, reverse=True)
    assert 'aria-sort="descending"' in page
    few = built.get("/sparql", params={**given, "filter": "battery"}).text
    assert 0 < few.count("<tr") < 10
    none = built.get("/sparql", params={**given, "filter": "nothing like this"}).text
    assert "No row has these words." in none


def test_the_pages_of_a_result_have_all_its_rows_in_order(built: httpx.Client) -> None:
    query = f"{KG}SELECT ?k ?c {{ ?c a kg:NationalCluster ; kg:inProvince ?k }} ORDER BY ?k ?c"
    given = {"query": query, "format": "html", "view": "table"}
    whole = built.get("/sparql", params={**given, "page": "all"}).text
    cells = re.compile(r'<td data-label="c"[^>]*>.*?</td>', re.DOTALL)
    seen: list[str] = []
    page = built.get("/sparql", params=given).text
    assert 'rel="prev"' not in page
    while following := re.search(r'<a rel="next" href="([^"]+)"', page):
        assert len(cells.findall(page)) == PAGE_SIZE
        seen += cells.findall(page)
        page = built.get(unescape(following[1]), headers={"Accept": "text/html"}).text
    seen += cells.findall(page)
    assert seen == cells.findall(whole)
    assert len(seen) > PAGE_SIZE
    # Another order begins at the first page; a page that is not there is the last one.
    sort = unescape(re.search(r'<th scope="col"[^>]*><a href="([^"]+)"', page)[1])  # type: ignore[index]
    assert "page=" not in sort
    assert (
        cells.findall(built.get("/sparql", params={**given, "page": "99"}).text)
        == seen[-len(cells.findall(page)) :]
    )


def test_what_a_row_shares_with_the_one_above_is_not_repeated(context: Context) -> None:
    place = [Term("uri", f"{ID}{name}") for name in ("hebei", "hebei", "tianjin", "tianjin")]
    number = Term("literal", "2", datatype=f"{XSD}integer")
    rows = tuple({"a": each, "b": place[0], "n": number} for each in place)
    outcome = Outcome(("a", "b", "n"), rows)
    labels = Labels(read_captions(context.select, outcome.iris()), Reader("en"))
    table = arrange(outcome, labels, (), slice(None))
    assert [row.repeated for row in table.rows] == [0, 2, 0, 2]
    assert [row.repeated for row in arrange(outcome, labels, (), slice(1, 3)).rows] == [0, 0]


def test_words_made_by_queries_are_in_chinese(built: httpx.Client) -> None:
    path = "/queries/clusters-reaching-region"
    page = built.get(path, params={"lang": "zh-Hant", "format": "html", "view": "table"}).text
    assert "該地區的一部分" in page
    assert "<bdi>a part of the region" not in page
    found = built.get(path, params={"lang": "zh-Hant", "format": "html", "filter": "該地區本身"})
    assert 'class="nothing"' not in found.text
    assert "a part of the region" in built.get(f"{path}.csv?lang=zh-Hant").text


GRAPH = """
from random import Random
from jiqun.language import Reader, Text
from jiqun.web.pictures.drawing import Sheet
from jiqun.web.pictures.network_picture import Edge, Node, draw_graph

chosen = Random(1)
nodes = {str(n): Node(str(n), Text(str(n)), None) for n in range(60)}
edges = [Edge(str(chosen.randrange(20)), str(chosen.randrange(20, 60))) for _ in range(160)]
print(draw_graph(Sheet("graph", "", "", Reader()), nodes, edges).figure)
"""


def test_a_graph_is_drawn_the_same_in_every_process() -> None:
    drawn = {
        subprocess.run(
            [sys.executable, "-c", GRAPH],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(drawn) == 1
