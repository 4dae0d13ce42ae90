"""Bounded queries: the bound holds for whatever is admitted, and answers are those of a worker."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine_thread import EngineThread, engine_thread, job
from jiqun.query.bounded import MOST_READ, MOST_ROWS, Lookup, is_bounded
from jiqun.query.gate import parse_query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jiqun.query.engine import Engine
    from jiqun.query.in_process import InProcessEvaluation
    from jiqun.query.jobs import Answer, Job

X = "http://example.org/"
NODES = [f"{X}n{number}" for number in range(6)]
PREDICATES = [f"{X}p{number}" for number in range(3)]

ADMITTED = (
    "ASK {}",
    "SELECT * {}",
    f"SELECT ?o {{ <{X}n0> <{X}p0> ?o }}",
    f"PREFIX x: <{X}> SELECT ?o {{ x:n0 a ?o ; x:p1 ?b . FILTER(?o != x:n1 && !BOUND(?c)) }}",
    f"SELECT DISTINCT ?p {{ <{X}n0> ?p ?o . OPTIONAL {{ ?s ?p <{X}n1> }} }} ORDER BY DESC(?p)",
    f'ASK {{ <{X}n0> <{X}p0> "text"@en, 5, true }}',
    f'SELECT ?o {{ <{X}n0> ?p ?o FILTER(LANGMATCHES(LANG(?o), "e") || ?o IN ("a")) }} LIMIT 5',
)
REFUSED = (
    "SELECT * { ?s ?p ?o }",
    f"SELECT * {{ ?s <{X}p0> ?o }}",
    f"SELECT * {{ <{X}n0> <{X}p0> ?x . ?x <{X}p1> ?y }}",
    f"SELECT * {{ <{X}n0> <{X}p0>/<{X}p1> ?y }}",
    f"SELECT * {{ <{X}n0> <{X}p0>* ?y }}",
    f"SELECT * {{ {{ <{X}n0> ?p ?y }} UNION {{ <{X}n1> ?p ?y }} }}",
    f"SELECT * {{ GRAPH ?g {{ <{X}n0> ?p ?y }} }}",
    f"SELECT * FROM <{X}g> {{ <{X}n0> ?p ?y }}",
    f"SELECT * {{ VALUES ?y {{ 1 2 3 }} <{X}n0> ?p ?y }}",
    f"SELECT (CONCAT(?y, ?y) AS ?z) {{ <{X}n0> ?p ?y }}",
    f"SELECT * {{ <{X}n0> ?p ?y BIND(REPLACE(?y, 'a', 'aaaa') AS ?z) }}",
    f"SELECT * {{ <{X}n0> ?p ?y FILTER(REGEX(?y, '(a+)+$')) }}",
    f"SELECT * {{ <{X}n0> ?p ?y FILTER(<{X}f>(?y)) }}",
    f"SELECT * {{ <{X}n0> ?p ?y FILTER(!(!(?y))) }}",
    f"SELECT * {{ <{X}n0> ?p ?y FILTER EXISTS {{ <{X}n1> ?q ?z }} }}",
    f"SELECT * {{ <{X}n0> ?p ?y MINUS {{ <{X}n1> ?p ?y }} }}",
    f"SELECT * {{ <{X}n0> ?p [ ?q ?r ] }}",
    f"SELECT * {{ <{X}n0> ?p _:b }}",
    f"SELECT * {{ <{X}n0> ?p ( 1 2 ) }}",
    f"SELECT * {{ {{ SELECT * {{ <{X}n0> ?p ?y }} }} }}",
    f"SELECT (COUNT(*) AS ?n) {{ <{X}n0> ?p ?y }}",
    f"SELECT ?p {{ <{X}n0> ?p ?y }} GROUP BY ?p",
    "SELECT * { unknown:n0 ?p ?y }",
    "SELECT * { <relative> ?p ?y }",
    f"CONSTRUCT WHERE {{ <{X}n0> ?p ?y }}",
    f"DESCRIBE <{X}n0>",
    f"SELECT (RAND() AS ?r) {{ <{X}n0> ?p ?y }}",
)


@pytest.mark.parametrize("text", ADMITTED)
def test_what_depends_on_its_matches_alone_is_admitted(text: str) -> None:
    assert parse_query(text).lookups is not None


@pytest.mark.parametrize("text", REFUSED)
def test_what_could_make_more_is_not(text: str) -> None:
    assert parse_query(text).lookups is None


def _store(triples: list[tuple[int, int, int]]) -> ox.Store:
    store = ox.Store()
    store.extend(
        ox.Quad(ox.NamedNode(NODES[s]), ox.NamedNode(PREDICATES[p]), ox.Literal(str(o)))
        if o >= len(NODES)
        else ox.Quad(ox.NamedNode(NODES[s]), ox.NamedNode(PREDICATES[p]), ox.NamedNode(NODES[o]))
        for s, p, o in triples
    )
    return store


triples = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(0, 60)), max_size=200
)
subjects = st.sampled_from([f"<{node}>" for node in NODES])
patterns = st.one_of(
    st.tuples(
        subjects, st.sampled_from(["?p", f"<{PREDICATES[0]}>"]), st.sampled_from(["?a", "?b"])
    ),
    st.tuples(
        st.sampled_from(["?a", "?b"]), st.sampled_from(["?p", f"<{PREDICATES[1]}>"]), subjects
    ),
)
parts = st.lists(
    st.tuples(st.sampled_from(["%s", "OPTIONAL { %s }", "{ %s }"]), patterns), max_size=4
)


def _steps(store: ox.Store, lookups: tuple[Lookup, ...]) -> int:
    """Count the rows of the worst plan: every combination of the matches, one by one."""
    matches = [
        [
            quad
            for quad in store
            if all(
                wanted is None or getattr(part, "value", None) == wanted
                for part, wanted in zip(quad.triple, lookup, strict=True)
            )
        ]
        or [None]
        for lookup in lookups
    ]
    return sum(1 for _ in product(*matches))


def _triples_read(store: ox.Store, lookups: tuple[Lookup, ...]) -> int:
    """Count the triples that the worst plan reads in memory.

    Each pattern, in any order, reads the list of its constant for each row of those before it.
    """
    return _steps(store, lookups) * sum(_shortest_list(store, lookup) for lookup in lookups)


def _shortest_list(store: ox.Store, lookup: Lookup) -> int:
    lists = [
        sum(getattr(term, "value", None) == iri for term in terms)
        for terms, iri in zip(
            zip(*(quad.triple for quad in store), strict=True), lookup, strict=False
        )
        if iri is not None
    ]
    return min(lists, default=0)


@example(triples=[(0, 0, o) for o in range(60)], parts=[("%s", (f"<{NODES[0]}>", "?p", "?a"))] * 2)
@given(triples=triples, parts=parts)
def test_no_plan_has_more_steps_than_the_bound(
    triples: list[tuple[int, int, int]], parts: list[tuple[str, tuple[str, str, str]]]
) -> None:
    store = _store(triples)
    text = f"SELECT * {{ {' . '.join(form % ' '.join(pattern) for form, pattern in parts)} }}"
    lookups = parse_query(text).lookups
    assert lookups is not None
    assert len(lookups) == len(parts)
    if is_bounded(store, lookups, in_memory=True):
        assert _triples_read(store, lookups) <= MOST_READ
        assert is_bounded(store, lookups)
    if is_bounded(store, lookups):
        assert _steps(store, lookups) <= MOST_ROWS
        results = store.query(text)
        assert isinstance(results, ox.QuerySolutions)
        assert sum(1 for _ in results) <= MOST_ROWS


def test_long_terms_count() -> None:
    store = ox.Store()
    store.add(
        ox.Quad(ox.NamedNode(NODES[0]), ox.NamedNode(PREDICATES[0]), ox.Literal("a" * 70_000))
    )
    assert not is_bounded(store, (Lookup(NODES[0], None, None),))
    assert is_bounded(store, (Lookup(NODES[1], None, None),))


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineThread]:
    """An engine on a store with a small and a large thing."""
    path = tmp_path_factory.mktemp("bounded") / "store"
    store = ox.Store(str(path))
    small, large, predicate = map(ox.NamedNode, (NODES[0], NODES[1], PREDICATES[0]))
    store.extend(ox.Quad(small, predicate, ox.Literal(f"{n}", language="en")) for n in range(3))
    store.extend(ox.Quad(large, predicate, ox.Literal(n)) for n in range(500))
    store.flush()
    del store
    with engine_thread(path) as room:
        yield room


def _local(engine: Engine) -> InProcessEvaluation:
    assert engine.in_process is not None
    return engine.in_process


def _answer(room: EngineThread, one: Job) -> Answer | None:
    """Evaluate in the engine's own process, if that is admitted."""

    async def evaluate(engine: Engine) -> Answer | None:
        local = _local(engine)
        bounded = local.admitted(one)
        return local.answer(bounded) if bounded else None

    return room.run(evaluate)


@pytest.mark.parametrize("text", ADMITTED)
def test_the_answer_is_that_of_a_worker(room: EngineThread, text: str) -> None:
    answer = _answer(room, job(text, max_rows=2, max_bytes=10_000))
    expected = room.ask(text, max_rows=2, max_bytes=10_000)
    assert answer is not None
    assert answer.body == expected.body
    assert (answer.rows, answer.truncated) == (expected.answer.rows, expected.answer.truncated)


@pytest.mark.parametrize(
    "one",
    [
        job(f"SELECT ?o {{ <{X}n1> <{X}p0> ?o }} LIMIT 2"),
        job("ASK {}", default_graphs=(f"{X}g",)),
        job(f"SELECT ?o WHERE {{ <{X}n0> <{X}p0> ?o }} LIMIT LIMIT"),
    ],
    ids=["too many matches", "graphs of the protocol", "not SPARQL"],
)
def test_it_is_left_to_a_worker(room: EngineThread, one: Job) -> None:
    assert _answer(room, one) is None


def test_a_round_of_the_loop_has_a_limit(room: EngineThread) -> None:
    """Beyond it, workers answer; in the next round there is time again."""
    one = job(f"SELECT * {{ <{X}n0> ?p ?o . <{X}n0> ?q ?r . <{X}n0> ?t ?u }}")

    async def exhaust(engine: Engine) -> bool:
        bounded = _local(engine).admitted(one)
        assert bounded is not None
        return any(_local(engine).answer(bounded) is None for _ in range(5_000))

    assert room.run(exhaust)
    assert _answer(room, one) is not None
