"""What counts as the same answer, and what does not."""

from __future__ import annotations

import json

import pytest

from jiqun import answers


def _answer(**term: str) -> answers.Answer:
    document = {"head": {"vars": ["x"]}, "results": {"bindings": [{"x": term}]}}
    return answers.read_json(json.dumps(document))


XSD = "http://www.w3.org/2001/XMLSchema#"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            {"type": "literal", "value": "北京", "xml:lang": "zh-hans"},
            {"type": "literal", "value": "北京", "xml:lang": "zh-Hans"},
        ),
        (
            {"type": "literal", "value": "a"},
            {"type": "typed-literal", "value": "a", "datatype": f"{XSD}string"},
        ),
        (
            {"type": "literal", "value": "1.50", "datatype": f"{XSD}decimal"},
            {"type": "literal", "value": "1.5", "datatype": f"{XSD}decimal"},
        ),
        ({"type": "bnode", "value": "b0"}, {"type": "bnode", "value": "genid7"}),
    ],
)
def test_what_means_the_same_is_the_same(ours: dict[str, str], theirs: dict[str, str]) -> None:
    assert answers.difference(_answer(**ours), _answer(**theirs)) == ""


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"type": "uri", "value": "urn:a"}, {"type": "literal", "value": "urn:a"}),
        (
            {"type": "literal", "value": "1", "datatype": f"{XSD}integer"},
            {"type": "literal", "value": "1", "datatype": f"{XSD}decimal"},
        ),
        (
            {"type": "literal", "value": "a", "xml:lang": "en"},
            {"type": "literal", "value": "a"},
        ),
    ],
)
def test_what_differs_is_shown(ours: dict[str, str], theirs: dict[str, str]) -> None:
    mine, other = _answer(**ours), _answer(**theirs)
    assert answers.difference(mine, other) == "1 rows missing and 1 too many, of 1"
    assert len(list(answers.examples(mine, other))) == 2


def test_rows_are_counted() -> None:
    once = answers.read_json('{"head": {"vars": []}, "results": {"bindings": [{}]}}')
    twice = answers.read_json('{"head": {"vars": []}, "results": {"bindings": [{}, {}]}}')
    assert answers.difference(once, twice) == "0 rows missing and 1 too many, of 1"


def test_xml_says_the_same_as_json() -> None:
    text = (
        '<sparql xmlns="http://www.w3.org/2005/sparql-results#"><head><variable name="x"/></head>'
        '<results><result><binding name="x"><literal xml:lang="en">a</literal></binding></result>'
        "</results></sparql>"
    )
    wanted = _answer(**{"type": "literal", "value": "a", "xml:lang": "en"})
    assert answers.difference(wanted, answers.read(text, "SELECT")) == ""
