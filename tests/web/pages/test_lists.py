"""The lists, comparisons and networks of the real content: picture, table and CSV say the same."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from html_audit import Audit

if TYPE_CHECKING:
    import httpx

SVG = "{http://www.w3.org/2000/svg}"
LISTS = ("clusters", "places", "companies", "plans", "figures")
PICTURED = (
    *(*LISTS, "compare", "timeline", "network"),
    *("figures?metric=enterprise-count", "figures?metric=enterprise-count&page=2"),
)


class Page(HTMLParser):
    """A page taken apart: the links of its pictures and tables, and the choices of its facets."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.drawn: list[str] = []
        self.listed: list[str] = []
        self.options: dict[str, dict[str, int]] = {}
        self.rows = 0
        self._path: list[str] = []
        self._facet = self._value = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in {"svg", "table", "ul"}:
            self._path.append(tag)
        href = given.get("href", "")
        if tag == "a" and "svg" in self._path:
            self.drawn.append(href)
        elif tag == "a":
            self.listed.append(href)
        if tag == "tr" and self._path[-1:] == ["table"]:
            self.rows += 1
        if tag == "select":
            self._facet = given["name"]
            self.options[self._facet] = {}
        self._value = given.get("value", "") if tag == "option" else ""

    def handle_endtag(self, tag: str) -> None:
        if tag in {"svg", "table", "ul"}:
            self._path.pop()
        if tag == "option":
            self._value = ""

    def handle_data(self, data: str) -> None:
        found = re.search(r"\(([\d,]+)\)$", data.strip())
        if self._value and found:
            self.options[self._facet][self._value] = int(found[1].replace(",", ""))


def get(client: httpx.Client, path: str) -> Page:
    response = client.get(f"/{path}", headers={"Accept": "text/html"})
    assert response.status_code == 200, response.text
    assert Audit(response.text).problems == []
    legends = response.text.count('<ul class="legend"><li>')
    assert response.text.count('<figure class="picture') == legends
    return Page(response.text)


def rows(client: httpx.Client, path: str) -> list[dict[str, str]]:
    response = client.get(f"/{path}", headers={"Accept": "text/csv"})
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.text)))


@pytest.mark.parametrize("path", PICTURED)
@pytest.mark.parametrize("lang", ["en", "zh-Hans", "zh-Hant"])
def test_every_mark_of_a_picture_is_in_what_stands_below_it(
    built: httpx.Client, path: str, lang: str
) -> None:
    page = get(built, f"{path}{'&' if '?' in path else '?'}lang={lang}")
    below = set(page.listed)
    missing = {
        href
        for href in page.drawn
        if href not in below
        # Bars of counts and nodes of networks lead to a choice of the page itself.
        and not re.match(r"/(companies|figures|network|queries)\b", href)
    }
    assert page.drawn
    assert missing == set()


@pytest.mark.parametrize("name", LISTS)
def test_the_choices_count_what_they_leave_and_the_csv_has_it(
    built: httpx.Client, name: str
) -> None:
    page = get(built, name)
    for facet, options in page.options.items():
        value = max(options, key=lambda each: (options[each], each))
        assert len(rows(built, f"{name}?{facet}={value}")) == options[value], (facet, value)


def test_the_map_and_the_table_have_the_same_clusters(built: httpx.Client) -> None:
    page = get(built, "clusters?year=2024")
    listed = {f"/id/{row['iri'].rpartition('/')[2]}" for row in rows(built, "clusters?year=2024")}
    marks = [href for href in page.drawn if href.startswith("/id/")]
    assert len(marks) == len(set(marks))
    assert set(marks) == listed


def test_a_comparison_draws_the_numbers_of_its_table(built: httpx.Client) -> None:
    text = built.get("/compare?metric=output-value", headers={"Accept": "text/html"}).text
    drawn = re.findall(r'class="amount"[^>]*>([^<]+)</text>', text)
    listed = re.findall(r'class="number" title="[^"]*"><a [^>]*><bdi>([^<]+)</bdi>', text)
    assert drawn == listed
    assert len(drawn) > 20


def test_a_figure_of_one_place_is_not_compared_with_whole_clusters(built: httpx.Client) -> None:
    text = built.get("/compare?metric=output-value", headers={"Accept": "text/html"}).text
    whole, _, parts = text.partition('<h2 id="g-subset">')
    dongguan = ">home furnishing industry of Dongguan<"
    assert dongguan in parts
    assert dongguan not in whole.partition('<h2 id="g-comparable">')[2]


@pytest.mark.parametrize(
    "path",
    [
        "compare?metric=output-value",
        "figures?metric=revenue",
        "queries/cluster-comparison?view=chart",
        "queries/cluster-figures-latest?view=chart",
    ],
)
def test_every_dot_opens_a_passage_in_one_click(built: httpx.Client, path: str) -> None:
    page = get(built, path)
    assert all(re.match(r"/source/[a-z0-9-]+#\w+$", href) for href in page.drawn), page.drawn
    href = page.drawn[0]
    anchor = href.partition("#")[2]
    assert (
        f'id="{anchor}"' in built.get(href.partition("#")[0], headers={"Accept": "text/html"}).text
    )


def test_places_are_found_by_their_names_and_near_names_are_suggested(built: httpx.Client) -> None:
    by_slug = rows(built, "clusters?province=jiangsu")
    assert (
        rows(built, "clusters?province=江苏") == rows(built, "clusters?province=Jiangsu") == by_slug
    )
    answer = built.get("/clusters?province=jiangsuu")
    assert answer.status_code == 400
    assert "jiangsu" in answer.json()["detail"]


def test_a_whole_name_is_taken_before_longer_ones(built: httpx.Client) -> None:
    same = rows(built, "figures?metric=output-value")
    assert rows(built, "figures?metric=产值") == rows(built, "figures?metric=Output value") == same
    for each in ("产值", "id:output-value"):
        page = built.get(f"/compare?metric={each}", headers={"Accept": "text/html"}).text
        assert '<option value="output-value" selected>' in page


def test_a_sorted_column_is_in_order_and_empty_cells_come_last(built: httpx.Client) -> None:
    counts = [row["Figures"] for row in rows(built, "clusters?sort=-figures")]
    filled = [int(each) for each in counts if each]
    assert filled == sorted(filled, reverse=True)
    assert not any(counts[len(filled) :])
    assert built.get("/clusters?sort=colour").status_code == 400


@pytest.mark.parametrize("path", PICTURED)
def test_a_picture_can_be_taken_away(built: httpx.Client, path: str) -> None:
    response = built.get(f"/{path}", headers={"Accept": "image/svg+xml"})
    assert response.headers["content-type"] == "image/svg+xml"
    assert "attachment" in response.headers["content-disposition"]
    assert "unsafe" not in response.headers["content-security-policy"]
    root = ET.fromstring(response.text)
    links = [each.get("href", "") for each in root.iter(f"{SVG}a")]
    assert links
    assert all(each.startswith("http://") for each in links)


def test_a_picture_file_has_what_the_table_file_has_and_says_what_it_leaves_out(
    built: httpx.Client,
) -> None:
    path = "figures?metric=enterprise-count"
    drawn = built.get(f"/{path}", headers={"Accept": "image/svg+xml"}).text
    assert drawn.count('class="amount') == len(rows(built, path)) > 100
    clusters = built.get("/clusters", headers={"Accept": "image/svg+xml"}).text
    assert "Not on the map" in clusters
    assert "Natural Earth" in clusters
    counts = built.get("/compare?metric=cluster-count", headers={"Accept": "image/svg+xml"}).text
    assert "Only the 60 largest are shown." in counts


def test_only_the_first_group_of_a_comparison_is_open(built: httpx.Client) -> None:
    page = built.get("/compare?metric=output-value", headers={"Accept": "text/html"}).text
    groups = re.findall(
        r'<details class="fold compared"( open)?>\s*<summary><h2 id="g-(\w+)"', page
    )
    assert [name for is_open, name in groups if is_open] == ["comparable"]
    assert [name for _, name in groups][-1] == "goals"
    cut = built.get("/compare?metric=cluster-count", headers={"Accept": "text/html"}).text
    assert 'are shown. <a href="/figures?metric=cluster-count">' in cut


def test_a_table_for_excel_has_its_mark_and_no_formula(built: httpx.Client) -> None:
    body = built.get("/clusters?format=csv&excel=1").content
    assert body.startswith(b"\xef\xbb\xbf")


def test_the_timeline_marks_a_time_and_names_what_holds_then(built: httpx.Client) -> None:
    page = built.get("/timeline?at=2028", headers={"Accept": "text/html"}).text
    holding = page.partition('id="holding"')[2].partition("</section>")[0]
    assert "2024-2028" in holding
    assert 'class="cursor"' in page
    for wrong in ("soon", "2028-13", "2028-02-30"):
        assert built.get(f"/timeline?at={wrong}").status_code == 400


def test_a_network_is_of_a_thing_that_is_there(built: httpx.Client) -> None:
    assert "Hebei" in built.get("/network?of=hebei", headers={"Accept": "text/html"}).text
    assert built.get("/network?of=nobody").status_code == 404


def test_the_home_page_is_small_and_says_how_many_are_proven(built: httpx.Client) -> None:
    page = built.get("/", headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
    assets = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    sizes = {
        each: int(built.head(each, headers={"Accept-Encoding": "gzip"}).headers["content-length"])
        for each in assets
    }
    assert int(page.headers["content-length"]) + sum(sizes.values()) < 100_000
    assert re.search(r"\d+ clusters</tspan>", page.text)
    assert page.text.count('class="card evidence-card"') == 3
