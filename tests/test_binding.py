"""A value given to a query remains one term, whatever it is made of."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiqun.saved_queries import bind


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_any_text_comes_back_as_it_was(value: str) -> None:
    text = bind("SELECT ?y WHERE { BIND (?_x AS ?y) }", {"_x": str(ox.Literal(value))})
    rows = ox.Store().query(text)
    assert isinstance(rows, ox.QuerySolutions)
    assert [row["y"] for row in rows] == [ox.Literal(value)]


@pytest.mark.parametrize(
    "text",
    [
        'SELECT ("?_x" AS ?y) {}',
        "SELECT ('''?_x''' AS ?y) {}",
        'SELECT ("\\"?_x" AS ?y) {}',
        "SELECT * {} # ?_x",
        "ASK { <http://example.org/?_x> ?p ?o }",
        "ASK { ?_xy ?p ?x }",
    ],
)
def test_what_only_looks_like_the_variable_stays(text: str) -> None:
    assert bind(text, {"_x": "<http://example.org/>"}) == text


def test_every_place_of_the_variable_is_filled() -> None:
    text = "SELECT ?o { ?_x ?p ?o { SELECT ?o { $_x ?p ?o FILTER(?o<?_x||?o = ?_x) } } }"
    assert "_x" not in bind(text, {"_x": "<http://example.org/>"})


@pytest.mark.parametrize(
    "term",
    [
        "",
        "}",
        "_:blank",
        "<relative>",
        "<http://example.org/a> . <http://example.org/b> <http://example.org/c> <http://d/>",
        '"a" . <x:a> <x:b> "c"',
        "<http://example.org/ a>",
        "<< <x:a> <x:b> <x:c> >>",
        '"unended',
    ],
)
def test_what_is_no_term_is_refused(term: str) -> None:
    with pytest.raises(ValueError, match=r"RDF term|IRI or literal"):
        bind("ASK { ?_x ?p ?o }", {"_x": term})
