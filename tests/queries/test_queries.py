"""Every saved query parses, is described in full, and takes values as terms."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib.plugins.sparql import prepareQuery

from jiqun.errors import BadParameter
from jiqun.knowledge.content import locate
from jiqun.query.tokens import tokenize
from jiqun.saved_queries import TYPES, Parameter, bind, read_saved_queries, read_value
from queries.golden import DEFAULTS, FOLDER, Collection

FILES = Path(__file__).parents[2] / "queries"
NAMES = sorted(path.stem for path in FILES.glob("*.rq"))
SIMPLIFIED = re.compile(
    "[个产业为这见长门发现动处备给统计标签级类语说问题总项领导规实对应时间关数们务过还样]"
)
EXECUTABLE = "http://www.w3.org/ns/shacl#"
HALF_WIDTH = re.compile("[\u4e00-\u9fff][,:;?!(]|[,:;?!)][\u4e00-\u9fff]")
HOSTILE = (
    '" } INSERT DATA { <x:a> <x:b> <x:c> } #',
    "' } ; DROP ALL #",
    "> } DELETE WHERE { ?s ?p ?o } #",
    "\\u0022 } CLEAR ALL",
    '"""',
    "?x",
    "http://example.org/> . ?s ?p <http://example.org/",
    "javascript:alert(1)",
    "\ud800",
)


def test_there_are_enough_questions(collection: Collection) -> None:
    asking = [
        query
        for query in collection.queries.values()
        if any(each.name != "lang" for each in query.parameters)
    ]
    assert len(collection.queries) >= 130
    assert len(asking) >= 14
    assert {query.form for query in asking} == {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"}


def test_no_golden_answer_is_left_over(collection: Collection) -> None:
    assert {path.stem for path in FOLDER.iterdir() if path.is_file()} == set(collection.queries)
    assert {path.stem for path in DEFAULTS.iterdir()} < set(collection.queries)


def test_every_file_declares_its_view() -> None:
    silent = [
        name for name in NAMES if "\n#+ view: " not in (FILES / f"{name}.rq").read_text("utf-8")
    ]
    assert silent == []


@pytest.mark.parametrize("name", NAMES)
def test_both_libraries_read_it(collection: Collection, name: str) -> None:
    """As the file has it, and with the values of its example; test_unbound has rdflib read it."""
    query = collection.queries[name]
    bound = collection.text(name, query.example)
    for text in (query.text, bound):
        ox.Store().query(text)
    if bound != query.text:
        prepareQuery(bound)


@pytest.mark.parametrize("name", NAMES)
def test_header_is_complete(collection: Collection, name: str) -> None:
    query = collection.queries[name]
    for texts in (query.summary, query.description):
        assert set(texts) == {"en", "zh-Hans", "zh-Hant"}
        assert re.search(r"[\u4e00-\u9fff]", texts["zh-Hans"])
        assert SIMPLIFIED.search(texts["zh-Hant"]) is None
        assert not re.search(r"[\u4e00-\u9fff]", texts["en"])
    for parameter in query.parameters:
        assert set(parameter.description) == {"en", "zh-Hans", "zh-Hant"}
        assert SIMPLIFIED.search(parameter.description["zh-Hant"]) is None
        assert parameter.default is not None or parameter.name in query.example or _open(name)
    assert set(query.example) <= {parameter.name for parameter in query.parameters}


@pytest.mark.parametrize("path", locate().queries(), ids=lambda path: path.stem)
def test_chinese_is_punctuated_as_chinese(path: Path) -> None:
    header = re.findall(r"^#\+.*zh-Han[st]: .*$", path.read_text("utf-8"), re.MULTILINE)
    assert header
    assert [line for line in header if HALF_WIDTH.search(line.partition(": ")[2])] == []


def _open(name: str) -> bool:
    """Whether the example of a query leaves some of its parameters open on purpose."""
    return name in {
        "clusters-with-wikidata-places",
        "company-identifiers",
        "disagreements",
        "figures",
    }


@pytest.mark.parametrize("name", NAMES)
def test_values_of_the_header_name_things_that_are_there(collection: Collection, name: str) -> None:
    query = collection.queries[name]
    for parameter in query.parameters:
        for value in {parameter.default, query.example.get(parameter.name)} - {None}:
            if parameter.type == "iri":
                iri = read_value(parameter, str(value))
                mentioned = f"ASK {{ {{ {iri} ?out ?x }} UNION {{ ?y ?in {iri} }} }}"
                assert collection.store.query(mentioned), (name, value)


NARROWING = [
    "cluster-figures-latest",
    "clusters-by-province-field-year",
    "curated-facts",
    "doubtful-links",
    "facts-from-weak-sources",
    "national-clusters-by-list",
    "programme-by-region",
    "sources-by-reliability",
    "applications",
    "assessments",
    "claims-without-date",
    "cluster-areas",
    "cluster-comparison",
    "clusters-above-size",
    "clusters-by-industry",
    "clusters-of-region",
    "clusters-reaching-region",
    "designation-list",
    "enterprise-classes",
    "enterprises-of-cluster",
    "enterprises-of-region",
    "figures",
    "figures-of-year",
    "goals",
    "intentions",
    "made-labels",
    "passages-of-source",
    "plans-in-force",
    "quotes-of-source",
    "region-contents",
    "region-strengths",
    "repeated-statements",
    "statements-of-passage",
    "things-by-name",
    "timeline",
    "who-claims-what",
]


@pytest.mark.parametrize("name", NARROWING)
def test_a_value_narrows_the_answer(collection: Collection, name: str) -> None:
    query = collection.queries[name]
    with_values = set(collection.rows(collection.text(name, query.example)))
    assert with_values
    assert with_values <= set(collection.rows(query.text))


ELSEWHERE = {"place": "macao", "cluster": "no-such-cluster", "thing": "no-such-thing"}


@pytest.mark.parametrize("name", ["clusters-of-region", "region-contents", "words-for-thing"])
def test_what_is_not_there_has_no_rows(collection: Collection, name: str) -> None:
    names = {parameter.name for parameter in collection.queries[name].parameters}
    values = {key: value for key, value in ELSEWHERE.items() if key in names}
    assert collection.rows(collection.text(name, values)) == []


def test_labels_follow_the_language(collection: Collection) -> None:
    text = collection.text("clusters-without-application", {"lang": "zh-Hant"})
    assert "保定電力及新能源高端裝備集群" in "".join(collection.rows(text))
    text = collection.text("clusters-without-application", {"lang": "zh-Hans"})
    assert "保定电力及新能源高端装备集群" in "".join(collection.rows(text))


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_are_data_or_refused(type_: str, value: str) -> None:
    """What becomes of a value depends on the type of its parameter alone."""
    try:
        term = read_value(Parameter("value", f"_value_{type_}", type_), value)
    except BadParameter:
        return
    assert type_ == "literal"
    assert _literal(term) == value


@pytest.mark.parametrize("name", NAMES)
def test_values_become_terms_in_every_query(collection: Collection, name: str) -> None:
    """Every parameter has a known type, and its variable is replaced wherever it occurs."""
    query = collection.queries[name]
    for parameter in query.parameters:
        assert parameter.type in TYPES
        variable = re.compile(rf"[?$]{parameter.variable}\b")
        assert variable.search(query.text)
        assert not variable.search(bind(query.text, {parameter.variable: '"x"'}))


@pytest.mark.parametrize("value", HOSTILE)
def test_no_query_is_changed_by_a_hostile_value(collection: Collection, value: str) -> None:
    """Its tokens are those of the query with a harmless value; only that one string differs."""
    changed = 0
    for name, query in collection.queries.items():
        for parameter in query.parameters:
            if parameter.type == "literal" and parameter.values is None and value != "\ud800":
                text = collection.text(name, {parameter.name: value})
                harmless = collection.text(name, {parameter.name: "harmless"})
                assert _tokens(text, value) == _tokens(harmless, "harmless")
                ox.Store().query(text)
                changed += 1
            else:
                with pytest.raises(BadParameter):
                    collection.text(name, {parameter.name: value})
    assert changed >= 5 or value == "\ud800"


def _tokens(text: str, value: str) -> list[tuple[str, str]]:
    """Return kind and text of each token of a query, with the value itself left out."""
    written = str(ox.Literal(value))
    _, tokens, _ = tokenize(text, 10_000, 100)
    assert any(token.text == written for token in tokens)
    return [(token.kind, "" if token.text == written else token.text) for token in tokens]


def test_queries_survive_being_written_and_read(collection: Collection) -> None:
    content = json.dumps([query.to_json() for query in collection.queries.values()]).encode()
    assert read_saved_queries(content) == collection.queries


def _literal(term: str) -> str:
    quads = list(ox.parse(f"<x:s> <x:p> {term} .", ox.RdfFormat.N_TRIPLES))
    assert isinstance(quads[0].object, ox.Literal)
    return quads[0].object.value


@pytest.mark.parametrize("type_", ["iri", "integer", "decimal", "date"])
def test_values_of_another_type_are_refused(collection: Collection, type_: str) -> None:
    found: list[tuple[str, Parameter]] = [
        (name, parameter)
        for name, query in collection.queries.items()
        for parameter in query.parameters
        if parameter.type == type_
    ]
    assert found
    for name, parameter in found:
        with pytest.raises(BadParameter):
            collection.text(name, {parameter.name: "not a value {}"})


def test_each_is_an_example_for_editors(collection: Collection) -> None:
    """The graph of queries has each in the form of SHACL, as the files have it."""
    rows = collection.store.query(
        f"""
        PREFIX sh: <{EXECUTABLE}>
        PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        PREFIX ex: <https://purl.expasy.org/sparql-examples/ontology#>
        SELECT ?query ?text (COUNT(?comment) AS ?comments)
        WHERE {{
          GRAPH <https://w3id.org/jiqun/graph/queries> {{
            ?query a sh:SPARQLExecutable ; rdfs:comment ?comment ; sh:prefixes ?prefixes .
            ?query sh:select|sh:ask|sh:construct|ex:describe ?text
          }}
        }}
        GROUP BY ?query ?text
        """
    )
    assert isinstance(rows, ox.QuerySolutions)
    found = {}
    for query, text, comments in rows:
        assert comments.value == "1"
        found[query.value.rpartition("/")[2]] = text.value
    assert found == {name: query.text for name, query in collection.queries.items()}
