from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.plugins.sparql.parser import parseQuery

from jiqun.knowledge import content
from jiqun.knowledge.catalogue import describe_queries
from jiqun.knowledge.check import as_rdflib
from jiqun.knowledge.query_files import read_query
from jiqun.knowledge.turtle_files import Malformed
from jiqun.saved_queries import Parameter
from knowledge.small_content import QUERY

if TYPE_CHECKING:
    from pathlib import Path

    from knowledge.small_content import Small

SH = rdflib.Namespace("http://www.w3.org/ns/shacl#")


def where(small: Small) -> Path:
    return small.path("queries/where.rq")


def test_a_query_is_read_with_its_header(small: Small) -> None:
    query = read_query(where(small), small.content)
    assert (query.name, query.form, query.tags) == ("where", "SELECT", ("places",))
    assert query.summary == {
        "en": "Where is a cluster?",
        "zh-Hans": "集群在哪里?",
        "zh-Hant": "集群在哪裡?",
    }
    assert query.parameters == (
        Parameter("cluster", "_cluster_iri", "iri", "id:pumps", description={"en": "the cluster"}),
        Parameter("limit", "_limit_integer", "integer", description={"en": "how many at most"}),
    )
    assert query.example == {"cluster": "id:pumps"}
    assert query.text.startswith("PREFIX kg:")
    assert query.to_json()["parameters"][1]["default"] is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ORDER BY ?place\n", "", "queries/where.rq:1: a SELECT query needs ORDER BY"),
        (
            "SELECT ?place\nWHERE {",
            "SELECT ?place ?name\nWHERE { ?place kg:pinyin ?name .",
            "queries/where.rq:1: ORDER BY must end with ?name too",
        ),
        (
            "SELECT ?place\nWHERE {",
            "SELECT (GROUP_CONCAT(?p) AS ?place)\nWHERE { ?x kg:pinyin ?p .",
            "queries/where.rq:1: GROUP_CONCAT needs STR()",
        ),
        ("SELECT ?place", "SELEC ?place", "queries/where.rq:17: not SPARQL from “"),
        (
            "PREFIX kg:",
            "PREFIX gk:",
            "queries/where.rq:19: the prefix of ",
        ),
        ("#+ summary: ", "#+ sumary: ", "queries/where.rq:1: the header has no key sumary"),
        (
            "#+ summary@zh-Hans: 集群在哪里?\n",
            "",
            "queries/where.rq:1: the header needs ",
        ),
        ("#+   - places", "#+ more: 1", "queries/where.rq:1: the header has no key more"),
        ("#+ tags:\n#+   - places\n", "", "queries/where.rq:1: the header must end with tags"),
        (
            "#+ tags:",
            "#+ view: pie\n#+ tags:",
            "queries/where.rq:1: view must be one of table, map",
        ),
        ("#+   - places", "#+   - [", "queries/where.rq:13: the header is not YAML"),
        (
            "#+   limit: how many at most\n",
            "",
            "queries/where.rq:1: parameters must describe limit",
        ),
        ("#+   limit:", "#+   bound: x\n#+   limit:", "queries/where.rq:1: parameters names"),
        ("?_limit_integer)\n}", "?_limit_date)\n}", "queries/where.rq:1: ?_limit_date and ?_limit"),
        (
            "?_cluster_iri kg",
            "SERVICE ?x {} ?_cluster_iri kg",
            "queries/where.rq:1: a saved query must",
        ),
        ("SELECT ?place\nWHERE", "DELETE", "queries/where.rq:18: not SPARQL from “"),
    ],
)
def test_a_bad_query_is_refused_with_its_line(
    small: Small, old: str, new: str, message: str
) -> None:
    small.replace("queries/where.rq", old, new)
    with pytest.raises(Malformed) as refused:
        read_query(where(small), small.content)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    "order",
    [
        "DESC(?place) LIMIT 5",
        "STR(?x) ?place OFFSET 2",
        "COALESCE(STR(?x), STR(?y)) ASC ( ?place )",
    ],
)
def test_an_order_that_distinguishes_all_rows_is_taken(small: Small, order: str) -> None:
    small.replace("queries/where.rq", "ORDER BY ?place", f"ORDER BY {order}")
    assert read_query(where(small), small.content).form == "SELECT"


def test_a_function_of_a_column_is_no_key_for_it(small: Small) -> None:
    small.replace("queries/where.rq", "ORDER BY ?place", "ORDER BY STRLEN(STR(?place))")
    with pytest.raises(Malformed, match=r"ORDER BY must end with \?place too"):
        read_query(where(small), small.content)


def test_the_forms(small: Small) -> None:
    head, _, _ = QUERY.partition("#+ defaults")
    for form in ("ASK {}", "CONSTRUCT {} WHERE {}", "DESCRIBE <http://e.org/SELECT>"):
        text = f"{head}#+ tags: [x]\n# SELECT\nBASE <http://e.org/>\nprefix ASK: <x> {form}\n"
        where(small).write_text(text, encoding="utf-8")
        assert read_query(where(small), small.content).form == form.split()[0]


def test_the_description_in_rdf_runs_as_it_stands(small: Small) -> None:
    query = read_query(where(small), small.content)
    described = describe_queries([query])
    graph = as_rdflib(described)
    (subject,) = graph.subjects(rdflib.RDF.type, SH.SPARQLExecutable)
    assert str(subject) == "https://w3id.org/jiqun/query/where"
    assert (subject, rdflib.RDF.type, SH.SPARQLSelectExecutable) in graph
    (comment,) = graph.objects(subject, rdflib.RDFS.comment)
    assert comment == rdflib.Literal("Where is a cluster?", lang="en")
    (text,) = graph.objects(subject, SH.select)
    parseQuery(str(text))
    rows = ox.Store().query(str(text))
    assert isinstance(rows, ox.QuerySolutions)
    assert list(rows) == []
    declared = {
        str(graph.value(each, SH.prefix)): str(graph.value(each, SH.namespace))
        for owner in graph.objects(subject, SH.prefixes)
        for each in graph.objects(owner, SH.declare)
    }
    assert declared == {"kg": "https://w3id.org/jiqun/ontology#"}
    assert not any(isinstance(triple.subject, ox.BlankNode) for triple in described)


def test_every_saved_query_of_ours_is_described_once() -> None:
    real = content.locate()
    queries = [read_query(path, real) for path in real.queries()]
    graph = as_rdflib(describe_queries(queries))
    texts = [
        str(text)
        for each in (SH.select, SH.ask, SH.construct, SH.describe)
        for text in graph.objects(None, each)
    ]
    assert sorted(texts) == sorted(query.text for query in queries)
