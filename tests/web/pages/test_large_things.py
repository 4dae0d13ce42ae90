"""A thing that is spoken of a hundred thousand times: its page reads and shows a few rows only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyoxigraph as ox
import pytest

from html_audit import Audit
from jiqun.query.solutions import Term, term_of
from jiqun.rdf.namespaces import GRAPH, ID, KG, SOURCE
from jiqun.web.pages.source_page import PAGE_SIZE as PASSAGES
from jiqun.web.pages.source_page import read_source
from jiqun.web.pages.thing_facts import MAX_CLAIMS, MAX_VALUES, PAGE_SIZE, read_thing
from live_server import running
from tiny_release import write_release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import httpx

    from jiqun.query.solutions import Select

BROWSER: Final = {"Accept": "text/html"}
HUB: Final = f"{ID}hub"
MANY: Final = 100_000
FIGURES: Final = 2000
VALUES: Final = 3000
LINES: Final = 100
"""Passages of the long source."""


def _quads() -> Iterator[ox.Quad]:
    """Give what is statement, each triple in its graph and in the merge of them."""
    register, sources = ox.NamedNode(f"{GRAPH}register"), ox.NamedNode(f"{GRAPH}sources")

    def statement(graph: ox.NamedNode, *triple: str | int) -> Iterator[ox.Quad]:
        subject, name, value = triple
        node = ox.Literal(value) if isinstance(value, int) else ox.NamedNode(value)
        for where in (graph, ox.DefaultGraph()):
            yield ox.Quad(ox.NamedNode(str(subject)), ox.NamedNode(KG + str(name)), node, where)

    for number in range(MANY):
        yield from statement(register, f"{ID}m{number}", "participatesIn", HUB)
    for number in range(FIGURES):
        yield from statement(register, f"{ID}f{number}", "about", HUB)
        yield from statement(register, f"{ID}f{number}", "metric", f"{ID}size")
        yield from statement(register, f"{ID}f{number}", "value", number)
    for number in range(VALUES):
        yield from statement(register, HUB, "contains", f"{ID}v{number}")
    for number in range(LINES):
        passage = f"{SOURCE}long#p{number}"
        yield from statement(sources, passage, "passageOf", f"{SOURCE}long")
        yield from statement(sources, passage, "start", number * 9)
        yield from statement(ox.NamedNode(passage), HUB, "coreArea", f"{ID}v{number}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny release with the large thing in its store."""
    further = f"id:hub a kg:Cluster . <{SOURCE}long> a kg:Source ."
    folder = write_release(tmp_path_factory.mktemp("large") / "release", further)
    store = ox.Store(str(folder / "store"))
    store.bulk_extend(_quads())
    store.flush()
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[httpx.Client]:
    """A server on it."""
    with running(folder) as live:
        yield live.client


class Counting:
    """Runs queries on the store itself and counts the rows that are read."""

    def __init__(self, folder: Path) -> None:
        self._store = ox.Store.read_only(str(folder / "store"))
        self.rows = 0

    def select(self, text: str) -> Sequence[Mapping[str, Term]]:
        solutions = self._store.query(text)
        assert isinstance(solutions, ox.QuerySolutions)
        names = [variable.value for variable in solutions.variables]
        rows = [
            {name: term_of(value) for name in names if (value := solution[name]) is not None}
            for solution in solutions
        ]
        self.rows += len(rows)
        return rows


def test_few_rows_are_read_of_many(folder: Path) -> None:
    counting = Counting(folder)
    ask: Select = counting.select
    found = read_thing(ask, "hub", page=7)
    assert found is not None
    thing, _ = found
    assert thing.total == MANY + FIGURES
    assert thing.pages == -(-thing.total // PAGE_SIZE)
    assert len(thing.elsewhere) == PAGE_SIZE
    assert thing.counts[f"{KG}contains"] == VALUES
    contained = [fact for fact in thing.of_it if fact.predicate == f"{KG}contains"]
    assert len(contained) == MAX_VALUES
    assert (len(thing.claims), thing.figures) == (MAX_CLAIMS, FIGURES)
    assert counting.rows < 3000


def test_every_page_opens_and_shows_a_few(site: httpx.Client) -> None:
    last = -(-(MANY + FIGURES) // PAGE_SIZE)
    seen: set[str] = set()
    for page in (1, 2, last // 2, last):
        response = site.get("/doc/hub", params={"page": page}, headers=BROWSER)
        assert response.status_code == 200
        assert len(response.content) < 300_000
        audit = Audit(response.text)
        assert audit.problems == []
        elsewhere = response.text.partition('id="elsewhere"')[2]
        members = {link for link in audit.links if f'"{link}"' in elsewhere and "/id/m" in link}
        assert not members & seen
        assert len(members) <= PAGE_SIZE
        seen |= members
    assert f"{MANY + FIGURES:,} statements" in audit.text
    assert f"All figures ({FIGURES:,})" in audit.text
    assert site.get("/doc/hub", params={"page": last + 1}).status_code == 404


def test_all_figures_are_a_query_away(site: httpx.Client) -> None:
    audit = Audit(site.get("/doc/hub", headers=BROWSER).text)
    (address,) = [link for link in audit.links if "%3Ffigure" in link]
    answer = site.get(address.replace("format=html", "format=csv"))
    assert answer.text.count("\n") == FIGURES + 1


def test_data_that_are_cut_say_so(site: httpx.Client) -> None:
    response = site.get("/doc/hub.nt")
    assert response.headers["jiqun-truncated"] == "facts=500"
    assert "jiqun-truncated" not in site.get("/doc/beijing.nt").headers
    assert f"<{ID}hub> <{KG}contains> <{ID}v{VALUES - 1}>" in response.text


def test_a_long_source_is_paged(folder: Path, site: httpx.Client) -> None:
    counting = Counting(folder)
    assert read_source(counting.select, "long", page=2) is not None
    assert counting.rows < 500
    anchors: list[str] = []
    for page in range(1, 4):
        response = site.get("/source/long", params={"page": page}, headers=BROWSER)
        audit = Audit(response.text)
        assert audit.problems == []
        assert f"{LINES} passages" in audit.text
        shown = [each.partition('"')[0] for each in response.text.split('class="passage" id="')[1:]]
        assert len(shown) <= PASSAGES
        # Whoever comes with the address of a passage of another page finds it named here.
        assert response.text.count('<li id="p') == LINES - len(shown)
        for link in audit.links:
            if "#p99" in link and page < 3:
                assert 'class="passage" id="p99"' in site.get(link, headers=BROWSER).text
        anchors += shown
    assert anchors == [f"p{number}" for number in range(LINES)]
    assert site.get("/source/long?page=4").status_code == 404
    assert site.get("/source/long?page=x").status_code == 400
    assert site.get("/source/long.nt").text.count("passageOf> ") == LINES
