"""The ten questions of docs/ontology-guide.md run as they stand and have answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pyoxigraph as ox
import pytest

from queries.golden import Collection

GUIDE: Final = Path(__file__).parents[2] / "docs" / "ontology-guide.md"
QUESTIONS: Final = re.findall(r"```sparql\n(# .*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
PREFIXES: Final = """
PREFIX id: <https://w3id.org/jiqun/id/>
PREFIX kg: <https://w3id.org/jiqun/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
"""


def test_there_are_ten() -> None:
    assert [each.split()[1] for each in QUESTIONS] == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize("question", QUESTIONS, ids=[each.split()[1] for each in QUESTIONS])
def test_it_has_an_answer(collection: Collection, question: str) -> None:
    found = collection.store.query(PREFIXES + question)
    assert isinstance(found, ox.QuerySolutions)
    rows = list(found)
    assert rows
    assert len(rows) < 1000


def test_the_trap_of_language_tags_is_one(collection: Collection) -> None:
    """What the guide warns of finds nothing here, and what it asks for finds the label."""
    text = PREFIXES + "SELECT ?l WHERE { id:hebei rdfs:label ?l FILTER (%s) }"
    for test, count in (('LANG(?l) = "zh-Hans"', 0), ('LANGMATCHES(LANG(?l), "zh-Hans")', 1)):
        found = collection.store.query(text % test)
        assert isinstance(found, ox.QuerySolutions)
        assert len(list(found)) == count
