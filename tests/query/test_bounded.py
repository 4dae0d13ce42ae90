"""Bounded queries: the bound holds for whatever is admitted, and answers are those of a worker."""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine_thread import EngineThread, engine_thread, job
from jiqun.query.bounded import (
    MOST_READ,
    MOST_ROWS,
    Lookup,
    cost_of_chain,
    is_bounded,
    is_bounded_in_memory,
    measure_extents,
)
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
    f"SELECT * {{ <{X}n0> <{X}p0> ?x . ?y <{X}p1> ?x }}",
    f"SELECT * {{ <{X}n0> <{X}p0> ?x . ?x ?p ?y }}",
    f"SELECT * {{ <{X}n0> ?p ?x . ?p <{X}p1> ?y }}",
    f"SELECT * {{ <{X}n0> ?p ?x . <{X}n1> ?q ?y . ?y <{X}p1> ?z }}",
    f"SELECT * {{ <{X}n0> ?p ?x OPTIONAL {{ ?x <{X}p1> ?y }} }}",
    f"SELECT * {{ ?s <{X}p0> <{X}n0> . ?s <{X}p1> ?y }}",
    f"SELECT * {{ <{X}n0> <{X}p0> <{X}n1> . ?x <{X}p1> ?y }}",
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
                for part, wanted in zip(quad.triple, lookup[:3], strict=True)
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
    if is_bounded_in_memory(store, lookups, {}):
        assert _triples_read(store, lookups) <= MOST_READ
        assert is_bounded(store, lookups)
    if is_bounded(store, lookups):
        assert _steps(store, lookups) <= MOST_ROWS
        results = store.query(text)
        assert isinstance(results, ox.QuerySolutions)
        assert sum(1 for _ in results) <= MOST_ROWS


CHAINS = (
    f"SELECT * {{ <{X}n0> <{X}p0> ?x . ?x <{X}p1> ?y }}",
    f"SELECT * {{ ?y <{X}p2> ?z . ?x <{X}p1> ?y . <{X}n0> ?p ?x }}",
    f"SELECT * {{ <{X}n0> ?p ?x . ?x <{X}p1> ?y ; <{X}p2> ?z FILTER(?y != ?z) }} ORDER BY ?y",
    f"ASK {{ <{X}n0> <{X}p0> ?x . ?x <{X}p1> <{X}n2> , ?y . ?y <{X}p0> ?x }}",
)


@pytest.mark.parametrize("text", CHAINS)
def test_a_chain_is_read_in_the_order_of_its_steps(text: str) -> None:
    lookups = parse_query(text).lookups
    assert lookups is not None
    assert lookups[0].subject == NODES[0]
    assert all(at > (each.follows or 0) for at, each in enumerate(lookups[1:], 1))
    assert not is_bounded(ox.Store(), lookups)
    assert is_bounded_in_memory(ox.Store(), lookups, {})


steps = st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=3)


@settings(max_examples=200)
@given(triples=triples, steps=steps, order=st.randoms(use_true_random=False))
def test_the_bound_of_a_chain_holds_in_any_order(
    triples: list[tuple[int, int, int]], steps: list[tuple[int, bool]], order: Any
) -> None:
    """Each step is taken once its subject is known, for each row of those before it."""
    store = _store(triples)
    patterns = [("<n>", "?p", "?v0")]
    for number, (predicate, fork) in enumerate(steps):
        source = "?v0" if fork else f"?v{number}"
        patterns.append((source, PREDICATES[predicate], f"?v{number + 1}"))
    written = [
        f"{s.replace('<n>', f'<{NODES[0]}>')} {p if p == '?p' else f'<{p}>'} {o}"
        for s, p, o in patterns
    ]
    order.shuffle(written)
    lookups = parse_query(f"SELECT * {{ {' . '.join(written)} }}").lookups
    assert lookups is not None
    rows, read = _walk(store, patterns, order)
    cost = cost_of_chain(store, lookups, measure_extents(store))
    assert cost is not None
    assert rows <= cost.rows
    assert read <= cost.read


def _walk(store: ox.Store, patterns: list[tuple[str, str, str]], order: Any) -> tuple[int, int]:
    """Join the patterns in some possible order; return the most rows, and the triples read."""
    rows: list[dict[str, Any]] = [{"<n>": ox.NamedNode(NODES[0])}]
    left, most, read = list(patterns), 0, 0
    while left:
        unknown = {value for _, _, value in left}
        pattern = order.choice([each for each in left if each[0] not in unknown])
        left.remove(pattern)
        joined = []
        for row in rows:
            subject = row[pattern[0]]
            if not isinstance(subject, ox.NamedNode):
                continue
            found = list(store.quads_for_pattern(subject, None, None))
            read += len(found)
            joined += [
                {**row, pattern[2]: quad.object}
                for quad in found
                if pattern[1] in {"?p", quad.predicate.value}
            ]
        rows = joined
        most = max(most, len(rows))
    return most, read


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_engine_follows_a_chain_from_its_constant(order: tuple[int, ...]) -> None:
    """A filter of each pattern counts how often it is matched: as often as the bound says."""
    store = ox.Store()
    p, q, r = map(ox.NamedNode, PREDICATES)
    start, first, last = (ox.NamedNode(f"{X}{name}") for name in ("start", "first", "last"))
    store.extend([ox.Quad(start, p, first), ox.Quad(first, q, last), ox.Quad(last, r, first)])
    for number in range(300):
        other = ox.NamedNode(f"{X}other{number}")
        store.extend(ox.Quad(other, each, other) for each in (p, q, r))
    patterns = [
        f"<{X}start> ?p ?a FILTER(<{X}f>(?a))",
        f"?a <{PREDICATES[1]}> ?b FILTER(<{X}f>(?b))",
        f"?b <{PREDICATES[2]}> ?c FILTER(<{X}f>(?c))",
        f"?c <{PREDICATES[1]}> ?d FILTER(<{X}f>(?d))",
    ]
    text = f"SELECT * {{ {' . '.join(patterns[at] for at in order)} }}"
    calls: list[ox.Literal] = []

    def called(*_terms: Any) -> Any:
        calls.append(ox.Literal(True))
        return calls[-1]

    rows: Any = store.query(text, custom_functions={ox.NamedNode(f"{X}f"): called})
    assert len(list(rows)) == 1
    assert len(calls) == len(patterns)


def test_long_terms_count() -> None:
    store = ox.Store()
    store.add(
        ox.Quad(ox.NamedNode(NODES[0]), ox.NamedNode(PREDICATES[0]), ox.Literal("a" * 70_000))
    )
    assert not is_bounded(store, (Lookup(NODES[0], None, None),))
    assert not is_bounded_in_memory(store, (Lookup(NODES[0], None, None),), {})
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
