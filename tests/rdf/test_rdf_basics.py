"""The tables and the writers of `jiqun.rdf`."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.compare import isomorphic

from jiqun.rdf.formats import GRAPHS, SOLUTIONS, Format, graph_format, graph_format_of_file
from jiqun.rdf.namespaces import PREFIXES, prologue
from jiqun.rdf.terms import Compactor, literal_text, ntriples
from jiqun.rdf.turtle import rdf_xml, unfit_for_xml

ROOT = Path(__file__).parents[2]
TURTLE = """
@prefix kg: <https://w3id.org/jiqun/ontology#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<https://e.org/b> a kg:Region , kg:Place ; rdfs:label "河北"@zh-Hans , "Hebei"@en-GB ;
  rdfs:comment "a <b xml:lang=\\"zh-hans\\"> &amp; 'c'\\r\\n\\td" ;
  kg:size 0120 ; kg:other [ kg:size 1 ] .
<https://e.org/a> kg:within <https://e.org/b> , <https://e.org/é?x=1&y=2> .
"""


def test_the_prefixes_of_the_program_are_those_of_the_content() -> None:
    text = (ROOT / "ontology" / "prefixes.ttl").read_text(encoding="utf-8")
    parser = ox.parse(text, ox.RdfFormat.TURTLE)
    list(parser)
    declared = dict(parser.prefixes)
    assert declared.items() <= PREFIXES.items()
    # only in documents of the server
    assert PREFIXES.keys() - declared.keys() == {"spdx", "vann", "wd"}
    assert len(set(PREFIXES.values())) == len(PREFIXES)


def test_a_prologue_declares_prefixes() -> None:
    ox.Store().query(f"{prologue('kg', 'rdfs')} ASK {{ ?x a kg:Region ; rdfs:label ?label }}")


@pytest.mark.parametrize("format_", GRAPHS, ids=lambda each: each.label)
def test_every_graph_format_is_one_of_pyoxigraph(format_: Format) -> None:
    assert format_.oxigraph.media_type == format_.media_type
    assert graph_format(format_.media_type) == format_
    assert all(graph_format_of_file(f".{each}") == format_ for each in format_.extensions)
    assert pickle.loads(pickle.dumps(format_)) == format_
    with pytest.raises(ValueError, match="not a format of query results"):
        _ = format_.oxigraph_results


@pytest.mark.parametrize("format_", SOLUTIONS, ids=lambda each: each.label)
def test_every_result_format_is_one_of_pyoxigraph(format_: Format) -> None:
    assert format_.oxigraph_results.media_type.partition(";")[0] == format_.media_type
    with pytest.raises(ValueError, match="not a format of RDF"):
        _ = format_.oxigraph


def test_literals_from_parts_are_those_of_terms() -> None:
    for literal in (
        ox.Literal('a"\\\n'),
        ox.Literal("泵", language="zh-hans"),
        ox.Literal("01", datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#integer")),
    ):
        parts = literal.value, literal.language or "", literal.datatype.value
        assert literal_text(*parts) == ntriples(literal)
    assert literal_text("x") == '"x"'


def test_terms_of_rdf_1_2_are_read_as_they_were() -> None:
    node, direction = ox.NamedNode("urn:a#b"), ox.BaseDirection.RTL
    text = ox.Literal("نمل", language="ar", direction=direction)
    for term in (text, ox.Triple(node, node, ox.Triple(node, node, text))):
        for written in (ntriples(term), Compactor({"a": "urn:a#"}).write(term)):
            data = f"PREFIX a: <urn:a#> <urn:s> <urn:p> {written} ."
            (read,) = ox.parse(data, ox.RdfFormat.TURTLE)
            assert read.object == term, written


def test_rdf_xml_has_the_same_content_in_other_tools() -> None:
    triples = [quad.triple for quad in ox.parse(TURTLE, ox.RdfFormat.TURTLE)]
    text = rdf_xml(triples, PREFIXES)
    wanted = rdflib.Graph().parse(data=TURTLE, format="turtle")
    assert isomorphic(rdflib.Graph().parse(data=text, format="xml"), wanted)
    assert 'xml:lang="zh-Hans"' in text
    assert 'xml:lang="en-GB"' in text
    assert "zh-hans" in text, "in the words of a literal nothing changes"


def test_rdf_xml_is_the_same_everywhere() -> None:
    program = (
        "import sys, pyoxigraph as ox; from jiqun.rdf.turtle import rdf_xml; "
        "from jiqun.rdf.namespaces import PREFIXES; "
        "read = ox.parse(sys.stdin.read(), ox.RdfFormat.TURTLE); "
        "triples = sorted((quad.triple for quad in read), key=str); "
        "sys.stdout.buffer.write(rdf_xml(triples, PREFIXES).encode())"
    )
    named = TURTLE.replace("; kg:other [ kg:size 1 ]", "")
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=named.encode(),
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "77", "77")
    }
    assert len(outputs) == 1
    assert b"rdf:RDF" in outputs.pop()


@pytest.mark.parametrize(
    ("predicate", "text", "reason"),
    [
        ("https://e.org/p", "a\x00b", "control characters"),
        ("https://e.org/p", "a\ufffeb", "control characters"),
        ("https://e.org/1", "a", "does not end in the name"),
        ("https://e.org/p", "a\r\n\tb𠮷", ""),
    ],
)
def test_what_xml_cannot_hold_is_named(predicate: str, text: str, reason: str) -> None:
    node = ox.NamedNode("https://e.org/s")
    found = unfit_for_xml(ox.Triple(node, ox.NamedNode(predicate), ox.Literal(text)))
    assert reason in found
    assert bool(found) == bool(reason)
