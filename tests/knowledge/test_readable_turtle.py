from __future__ import annotations

import pyoxigraph as ox
import pytest

from jiqun.knowledge.release.rdf_dumps import readable_turtle

PREFIXES = {"": "http://e/", "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#"}


@pytest.mark.parametrize(
    ("turtle", "written"),
    [
        (":a :b [ :d :e ; a :C ] .", ":b [ a :C ; :d :e ]"),
        (":a :b [] .", ":b []"),
        (":a :b ( :x [ :y 1 ] ( ) ) .", ":b ( :x [ :y 1 ] rdf:nil )"),
        (":a :b [ :c [ :d ( 1 2 ) ] ] .", ":b [ :c [ :d ( 1 2 ) ] ]"),
        (":a :b _:x ; :c _:x . _:x :d :e .", ":b _:"),
        ("_:x :d :e .", "_:"),
        ("_:x :d _:y . _:y :d _:x .", "_:"),
        ("_:x :d _:x .", "_:"),
        (":a :b _:l . _:l rdf:first 1 , 2 ; rdf:rest rdf:nil .", ":b [ rdf:first 1, 2 ;"),
        (":a :b _:l . _:l rdf:first 1 ; rdf:rest _:l .", ":b _:"),
        (":a :b _:l . _:l rdf:first 1 ; rdf:rest :more .", ":b [ rdf:first 1 ; rdf:rest :more ]"),
    ],
)
def test_nested_blank_nodes_have_the_same_content(turtle: str, written: str) -> None:
    head = "".join(f"@prefix {key}: <{value}> .\n" for key, value in PREFIXES.items())
    before = ox.Dataset(ox.parse(head + turtle, ox.RdfFormat.TURTLE))
    text = readable_turtle([quad.triple for quad in before], PREFIXES, "a title")
    assert written in text
    after = ox.Dataset(ox.parse(text, ox.RdfFormat.TURTLE))
    for dataset in (before, after):
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    assert set(before) == set(after)
