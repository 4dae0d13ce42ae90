"""The copies of a default graph in memory: a query finds the same in each that it is sent to."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine_thread import EX, EngineThread, engine_thread, job, until
from jiqun.query.gate import parse_query
from jiqun.query.held_graph import Copies, HeldGraph, Reach, as_reach, hold
from jiqun.query.holder_process import copies_within, expected_bytes
from jiqun.query.lanes import EngineOptions
from jiqun.rdf.namespaces import RDF

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jiqun.query.engine import Engine
    from jiqun.query.jobs import Job

COUNTRY, CITY, HOLDS, IN, LABEL = (f"{EX}{n}" for n in ("country", "city", "holds", "in", "label"))
TYPE = f"{RDF}type"
PLACES = 300
P = f"PREFIX : <{EX}> "


def triples(places: int = PLACES) -> Iterator[ox.Quad]:
    """A country with many places, each with a label; one place is in a city as well."""

    def one(subject: str, predicate: str, value: str) -> ox.Quad:
        literal = predicate == LABEL
        term = ox.Literal(value, language="en") if literal else ox.NamedNode(value)
        return ox.Quad(ox.NamedNode(subject), ox.NamedNode(predicate), term)

    yield one(COUNTRY, LABEL, "country")
    yield one(CITY, LABEL, "city")
    yield one(CITY, HOLDS, f"{EX}0")
    for number in range(places):
        place = f"{EX}{number}"
        yield one(COUNTRY, HOLDS, place)
        yield one(place, IN, COUNTRY)
        yield one(place, LABEL, f"place {number}")
        yield one(place, TYPE, f"{EX}Place")


@pytest.fixture(scope="module")
def held() -> HeldGraph:
    store = ox.Store()
    store.extend(triples())
    return hold(store, with_slim=True)


def _name(held: HeldGraph, query: str) -> str:
    store = held.store_for(parse_query(P + query).reach, default_graph=True)
    return "disk" if store is None else "slim" if store is held.slim else "whole"


def test_what_hubs_have_in_thousands_is_left_out(held: HeldGraph) -> None:
    assert held.omitted == {HOLDS: {COUNTRY}}
    assert held.slim is not None
    assert len(held.whole) - len(held.slim) == PLACES


@pytest.mark.parametrize(
    ("query", "copy"),
    [
        ("SELECT * { ?x :in ?y . ?y :label ?l }", "slim"),
        ("SELECT * { ?x :in/:label ?l }", "slim"),
        ("SELECT * { ?x a :Place ; :label ?l . OPTIONAL { ?x :in+ ?y } }", "slim"),
        ("SELECT * { :5 ?p ?x . ?x :in ?y . ?y :label ?l }", "slim"),
        ("CONSTRUCT { ?x :is ?l } WHERE { ?x :label ?l }", "slim"),
        ("SELECT * { VALUES ?p { :in :label } ?x ?p ?o }", "slim"),
        ("SELECT * { OPTIONAL { VALUES (?p) { (:in) } ?x ?p ?o } }", "slim"),
        (
            "SELECT * { { SELECT ?x ?y ?z (COUNT(*) AS ?n) { ?x :in ?y } GROUP BY ?x ?y ?z } }",
            "slim",
        ),
        ("SELECT * { :city ?p ?o }", "slim"),
        ("SELECT * { :country ?p :country }", "slim"),
        ("SELECT * { ?s ?p :country }", "slim"),
        ("SELECT * { :country ?p :5 }", "whole"),
        ("SELECT * { :country :holds ?x }", "whole"),
        ("SELECT * { ?x ^:holds ?y }", "whole"),
        ("SELECT * { ?x !:in ?y }", "whole"),
        ("SELECT * { ?s ?p ?o } LIMIT 5", "whole"),
        ("SELECT * { :country ?p ?o }", "whole"),
        ("SELECT * { ?s ?p :5 }", "whole"),
        ("SELECT * { ?x a :Place ; ?p ?o }", "whole"),
        ("SELECT * { VALUES ?p { :in :holds } ?x ?p ?o }", "whole"),
        ("SELECT * { VALUES ?p { :in UNDEF } ?x ?p ?o }", "whole"),
        ("SELECT * { VALUES ?p { :in } { ?x ?p ?o } }", "whole"),
        ("SELECT * { ?x ?p ?o } VALUES ?p { :in }", "whole"),
        ("SELECT * { ?x :in ?y FILTER EXISTS { ?s ?p ?o } }", "whole"),
        ("DESCRIBE :5", "whole"),
        ("BASE <http://example.org/> SELECT * { ?x <in> ?y }", "whole"),
        ("SELECT * { <<?x :in ?y>> :label ?l }", "whole"),
        (f"SELECT * {{ ?x <{HOLDS}> ?y }}", "whole"),
        ("SELECT * { :country ?p ?x . ?x :in ?y . ?y :label ?l }", "disk"),
        ("SELECT * { ?x :holds ?y ; :label ?l }", "disk"),
        ("SELECT * { ?x :in/:label ?l ; ^:holds ?y }", "disk"),
        ("SELECT * { ?x :in [ :label ?l ] . ?y :holds ?x }", "disk"),
    ],
)
def test_the_copy_for_a_query(held: HeldGraph, query: str, copy: str) -> None:
    if query.startswith("BASE"):
        assert parse_query(query).reach is None
    assert _name(held, query) == copy


def test_nothing_is_left_out_where_a_term_would_be_lost() -> None:
    """A path of zero length would then have other matches."""
    store = ox.Store()
    store.extend(triples())
    store.add(ox.Quad(ox.NamedNode(COUNTRY), ox.NamedNode(HOLDS), ox.NamedNode(f"{EX}alone")))
    found = hold(store, with_slim=True)
    assert (found.slim, found.omitted) == (None, {})
    assert found.shortest is found.whole


def test_without_hubs_there_is_one_copy() -> None:
    store = ox.Store()
    store.extend(quad for quad in triples() if quad.predicate.value != HOLDS)
    found = hold(store, with_slim=True)
    assert found.slim is None
    reach = Reach((), ((None, None),), ("",), ("",))
    assert found.store_for(reach, default_graph=True) is found.whole


@pytest.mark.parametrize(
    ("query", "in_memory"),
    [
        ("SELECT * { GRAPH ?g { ?x :in ?y } }", True),
        ("SELECT * { GRAPH :one { ?x :in ?y . ?y :label ?l } }", True),
        ("SELECT * FROM :one { ?s ?p ?o }", True),
        ("DESCRIBE :5 FROM :one", True),
        ("SELECT * { GRAPH ?g { ?x :in ?y } ?x :holds ?z ; :label ?l }", False),
    ],
)
def test_a_query_of_named_graphs_is_evaluated_on_the_dataset(query: str, in_memory: bool) -> None:
    dataset = ox.Store()
    dataset.extend(triples())
    found = hold(dataset, with_slim=True, dataset=dataset)
    store = found.store_for(parse_query(P + query).reach, default_graph=False)
    assert store is (dataset if in_memory else None)


def test_terms_of_rdf_1_2_in_named_graphs_are_found() -> None:
    """Otherwise an answer from them would not be written for readers of RDF 1.1."""
    dataset, thing = ox.Store(), ox.NamedNode(f"{EX}thing")
    dataset.add(ox.Quad(thing, thing, ox.Triple(thing, thing, thing), thing))
    assert hold(ox.Store(), with_slim=True, dataset=dataset).newer
    assert not hold(ox.Store(), with_slim=True).newer


def test_a_reach_that_was_sent_is_the_same() -> None:
    reach = parse_query(P + "SELECT * { :5 ?p ?x . ?x :in ?y . ?y :label ?l }").reach
    assert reach is not None
    assert (
        as_reach([list(map(list, part)) if part is reach.open else part for part in reach]) == reach
    )


variables = st.sampled_from(["?x", "?y", "?z"])
nodes = st.one_of(variables, st.sampled_from([":country", ":city", ":0", ":5", "[]"]))
verbs = st.one_of(
    st.just("?p"),
    st.sampled_from([":in", ":label", ":holds", "a", "?q"]),
    st.sampled_from([":in*", "^:in?", ":in/:label", "!:in", "(:in|:holds)", "^:holds"]),
)
plain = st.tuples(nodes, verbs, nodes).map(" ".join)
FORMS = """
{0}
{0} . {1}
{{ {0} }}
OPTIONAL {{ {0} }}
MINUS {{ {0} }}
FILTER EXISTS {{ {0} }}
{{ {0} }} UNION {{ {1} }}
{{ SELECT ?x ?y {{ {0} }} GROUP BY ?x ?y }}
VALUES ?p {{ :in :label }} {0}
OPTIONAL {{ VALUES ?p {{ :in a }} {0} }}
OPTIONAL {{ {0} OPTIONAL {{ {1} }} }} VALUES ?p {{ :in }}
"""
forms = st.sampled_from(FORMS.strip().splitlines())
parts = st.tuples(forms, plain, plain).map(lambda part: part[0].format(*part[1:]))


@pytest.fixture(scope="module")
def small() -> HeldGraph:
    """Few triples, so that any query ends soon, with a hub all the same."""
    store = ox.Store()
    store.extend(triples(6))
    whole = hold(store, with_slim=False)
    slim = ox.Store()
    omitted = {HOLDS: frozenset({COUNTRY})}
    slim.extend(
        quad for quad in store if quad.subject.value not in omitted.get(quad.predicate.value, ())
    )
    return HeldGraph(store, slim, None, False, omitted, whole.slow_subjects, whole.slow_objects)


@settings(max_examples=500)
@example(parts=["OPTIONAL { :country ?p ?x } VALUES ?p { :in }"])
@given(parts=st.lists(parts, min_size=1, max_size=3))
def test_a_query_finds_the_same_in_the_slim_copy(small: HeldGraph, parts: list[str]) -> None:
    text = f"{P} SELECT * {{ {' '.join(parts)} }}"
    try:
        parsed = parse_query(text)
        expected = _solutions(small.whole, parsed.evaluated())
    except SyntaxError:  # such as a variable of a nested SELECT
        return
    if small.store_for(parsed.reach, default_graph=True) is small.slim:
        assert small.slim is not None
        assert _solutions(small.slim, parsed.evaluated()) == expected


def _solutions(store: ox.Store, text: str) -> Counter[tuple[str, ...]]:
    rows: Any = store.query(text)
    return Counter(tuple(map(str, row)) for row in rows)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineThread]:
    path = tmp_path_factory.mktemp("held") / "store"
    _write(path)
    with engine_thread(path, EngineOptions(store_memory_bytes=2**30)) as running:
        running.wait_until_in_memory()
        running.run(lambda engine: until(lambda: _copied(engine)))
        yield running


def _write(path: Path, *more: ox.Quad) -> None:
    store = ox.Store(str(path))
    store.extend([*triples(), *more])
    store.flush()
    del store


def _copied(engine: Engine) -> bool:
    return engine.in_process is not None and engine.in_process.copy is not None


@pytest.mark.parametrize(
    ("query", "in_memory"),
    [
        ("SELECT * { :5 ?p ?o }", True),
        ("SELECT * { :5 a :Place ; :label ?l . OPTIONAL { :6 :in ?y } }", True),
        ("SELECT * { :city :label ?l }", True),
        ("SELECT * { :5 ?p ?x . ?x :in ?y . ?y :label ?l }", True),
        ("SELECT ?l { :5 :in ?x . ?x :label ?l FILTER(LANG(?l) = 'en') } LIMIT 1", True),
        ("SELECT * { ?s :in :5 }", True),
        ("SELECT * { ?s ?p :5 }", False),
        ("SELECT * { :city ?p ?o }", True),
        ("SELECT * { :city ?p ?x . ?x :in ?y . ?y :label ?l }", True),
        ("SELECT * { :city :holds ?o }", False),
    ],
)
def test_bounded_queries_are_answered_in_memory(
    room: EngineThread, query: str, in_memory: bool
) -> None:
    held, body = room.run(partial(_evaluated, job(P + query)))
    assert held is in_memory
    assert sorted(body) == sorted(room.ask(P + query).body)


@pytest.mark.parametrize("light", [True, False])
@pytest.mark.parametrize("version", ["", 'VERSION "1.1" '])
def test_what_a_query_makes_is_written_for_its_reader(
    room: EngineThread, light: bool, version: str
) -> None:
    """The graph has no terms of RDF 1.2, but a query can make some."""
    query = version + P + "SELECT (TRIPLE(?s, :in, 'x'@ar--rtl) AS ?t) { ?s :in :country } LIMIT 1"
    answer = room.ask(query, version="1.1", light=light).answer
    assert answer.reduced
    assert b"bnode" in answer.body
    assert not room.ask(P + "SELECT * { ?s :in ?o }", version="1.1", light=light).answer.reduced


async def _evaluated(one: Job, engine: Engine) -> tuple[bool, bytes]:
    """Evaluate a bounded query in the engine's process; return whether in memory, and the body."""
    local = engine.in_process
    assert local is not None
    assert local.copy is not None
    bounded = local.admitted(one)
    assert bounded is not None
    found = local.answer(bounded)
    assert found is not None
    return bounded.store is local.copy.store, found.body


def test_blank_nodes_keep_their_names(tmp_path: Path) -> None:
    """Also within terms of RDF 1.2, and where the holder leaves a predicate out."""
    path, thing, blank = tmp_path / "store", ox.NamedNode(f"{EX}thing"), ox.BlankNode("kept")
    terms = (blank, ox.Triple(thing, thing, blank), ox.Literal("plain"))
    held = ox.Quad(ox.NamedNode(COUNTRY), ox.NamedNode(HOLDS), blank)
    _write(path, held, *(ox.Quad(thing, ox.NamedNode(LABEL), term) for term in terms))
    query = f"SELECT ?o {{ <{EX}thing> ?p ?o }}"
    with engine_thread(path, EngineOptions(store_memory_bytes=2**30)) as running:
        running.wait_until_in_memory()
        running.run(lambda engine: until(lambda: _copied(engine)))
        bounded, body = running.run(partial(_evaluated, job(query)))
        assert bounded
        assert body.count(b"kept") == 2
        for light in (True, False):
            older = running.ask(query, version="1.1", light=light).answer
            assert older.reduced
            assert b'"triple"' not in older.body
        assert sorted(body) == sorted(running.ask(query).body)


def test_without_room_for_three_copies_there_is_one(tmp_path: Path) -> None:
    path = tmp_path / "store"
    _write(path)
    most = 2 * expected_bytes(path)
    with engine_thread(path, EngineOptions(store_memory_bytes=most)) as running:
        running.wait_until_in_memory()
        assert [each.copies for each in running.engine._holders] == [Copies.WHOLE]

        async def copied(engine: Engine) -> bool:
            return _copied(engine)

        assert running.run(copied) is False
        joined = P + "SELECT ?l { :5 ?p ?x . ?x :in ?y . ?y :label ?l }"
        assert running.ask(joined).answer.rows == 0
        assert running.ask(P + "SELECT ?l { ?x :holds ?y ; :label ?l }").answer.rows == PLACES + 1


def test_the_copies_that_fit(tmp_path: Path) -> None:
    path = tmp_path / "store"
    _write(path)
    one = expected_bytes(path)
    copies = {times: copies_within(times * one, path) for times in range(7)}
    assert copies == {
        0: None,
        **dict.fromkeys((1, 2), Copies.WHOLE),
        **dict.fromkeys((3, 4), Copies.SLIM),
        **dict.fromkeys((5, 6), Copies.DATASET),
    }
