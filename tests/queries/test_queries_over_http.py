"""Every saved query over HTTP, from a release of this content, in the forms that people ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jiqun.knowledge.content import locate
from queries.golden import ENDINGS, FOLDER

if TYPE_CHECKING:
    import httpx

NAMES = [path.stem for path in locate().queries()]
FORMATS = {"SELECT": "csv", "ASK": "json", "CONSTRUCT": "nt", "DESCRIBE": "nt"}


@pytest.fixture(scope="module")
def examples(client: httpx.Client) -> dict[str, tuple[str, dict[str, str]]]:
    """Form and example values of every query, as the endpoint lists them."""
    listed = client.get("/queries", params={"format": "json"}).raise_for_status().json()
    return {each["name"]: (each["form"], each["example"]) for each in listed["queries"]}


def test_all_are_listed_and_described(
    client: httpx.Client, examples: dict[str, tuple[str, dict[str, str]]]
) -> None:
    assert set(examples) == set(NAMES)
    paths = client.get("/openapi.json").raise_for_status().json()["paths"]
    assert {f"/queries/{name}" for name in NAMES} <= set(paths)


@pytest.mark.parametrize("name", NAMES)
def test_answer_is_golden(
    client: httpx.Client, examples: dict[str, tuple[str, dict[str, str]]], name: str
) -> None:
    form, values = examples[name]
    answer = client.get(f"/queries/{name}", params={**values, "format": FORMATS[form]})
    assert answer.status_code == 200, answer.text
    wanted = (FOLDER / f"{name}.{ENDINGS[form]}").read_text("utf-8")
    if form == "SELECT":
        assert answer.text.replace("\r\n", "\n") == wanted
    elif form == "ASK":
        assert answer.json()["boolean"] == (wanted == "true\n")
    else:
        assert sorted(answer.text.splitlines()) == wanted.splitlines()


@pytest.mark.parametrize("name", NAMES)
def test_page_shows_question_and_answer(
    client: httpx.Client, examples: dict[str, tuple[str, dict[str, str]]], name: str
) -> None:
    _, values = examples[name]
    page = client.get(f"/queries/{name}", params=values, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
