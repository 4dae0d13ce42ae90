"""The gate against the parser: whatever text is made up, the two never disagree dangerously.

The parser says itself whether it sees a SERVICE call: evaluating one whose endpoint is a port that
HTTP forbids fails with a message of its own, and no connection is opened.
"""

from __future__ import annotations

from datetime import timedelta

import pyoxigraph as ox
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from jiqun.errors import JiqunError
from jiqun.query.gate import parse_query
from jiqun.query.tokens import tokenize

ENDPOINT = "<http://127.0.0.1:1/>"

CALLS = st.sampled_from(
    [
        f"SERVICE {ENDPOINT}{{}}",
        f"service{ENDPOINT}{{ }}",
        f"SERVICE#>\n{ENDPOINT}{{}}",
        f"SERVICE#'\r{ENDPOINT}{{}}",
        f"SeRvIcE\t{ENDPOINT}{{?s ?p ?o}}",
        "SERVICE?x{}",
        "SERVICEe:x{}",
        "SERVICE:x{}",
        "e:SERVICE{}",
        "SERVICESILENT?x{}",
        f"\\u0053ERVICE {ENDPOINT}{{}}",
        f"trueSERVICE{ENDPOINT}{{}}",
        f"1SERVICE{ENDPOINT}{{}}",
        f"'x'@enSERVICE{ENDPOINT}{{}}",
        f"'x'@en--ltrSERVICE{ENDPOINT}{{}}",
    ]
)
PIECES = st.sampled_from(
    [
        *(" ", "\n", "\r", "\t", " . ", ";", ",", "#", "#'\n", '#"\n', "#>\n", "# }\n"),
        *("'", '"', "'''", '"""', "\\", "\\'", "<", ">", "<<", ">>", "<<(", ")>>", "^", "^^"),
        *("{", "}", "(", ")", "[", "]", "{|", "|}", "=", "!", "!=", "<=", "|", "||", "&&", "*"),
        *("?s", "?p", "?o", "$x", "_:b", "e:x", ":x", "e:", ":", "a", "1", "1.5", "1.", "1e3"),
        *("'x'", '"y"', "'''z'z'''", '"""w"w"""', "''", '""', "'x'@en", "'x'^^e:t", "true"),
        *("<http://a/>", "<http://a/#b>", "<http://a/'>", "<a", "<1", "<?s", "<2)", ">#", "?s<?o"),
        *("FILTER", "FILTER(1<2)", "FILTER(?s<?o)", "FILTER EXISTS{", "BIND(1 AS ?z)", "OPTIONAL{"),
        *("UNION", "MINUS{", "VALUES ?v{1 2}", "VALUES(?v ?w){(1 <http://a/#x>)}", "GRAPH ?g{"),
        *("?s ?p ?o", "?s ?p ?o .", "{}", "SELECT", "{SELECT*{", "GROUP BY ?s", "ORDER BY ?s"),
        *("HAVING(1<2)", "LIMIT 3", "OFFSET 1", "LIMIT 3 OFFSET 1", "(1 2)", "(1 <http://a/#>)"),
        *("[?p ?o]", "e:f(1)", "STR(?s)", "IF(1<2,3,4)", "\\u0020", "\\u003E", "\\U0000003c"),
    ]
)
PROLOGUE = (
    "PREFIX e: <http://127.0.0.1:1/> PREFIX : <http://127.0.0.1:1/> PREFIX SERVICEe: <http://s/> "
    "PREFIX SERVICE: <http://127.0.0.1:1/>\n"
)
STATEMENTS = st.sampled_from(
    [
        *("?s ?p ?o", "?s ?p ?o.", "?s ?p 1", "?s ?p 1.", "?s ?p 'x'", "?s ?p true", "?s ?p e:x"),
        *("?s ?p 'x'@en", "?s ?p _:b", "{}", "FILTER(1<2)", "FILTER(?s!=3)", "FILTER e:f(1)"),
        *("VALUES ?v{1}", "OPTIONAL{}", "BIND(1<2 AS ?y)", "GRAPH ?g{}", "?s ?p (1)", "?s ?p []"),
        *("#>\n", "#'\n", " ", "?s <http://a/#> 1", "?s ?p <http://a/'>", "FILTER(1<2)#>\n"),
    ]
)
TEXTS = st.one_of(
    st.lists(st.one_of(PIECES, PIECES, PIECES, CALLS), max_size=12).map("".join),
    st.lists(st.one_of(STATEMENTS, CALLS), max_size=5).map("".join),
)
FREE = settings(
    deadline=timedelta(seconds=5), max_examples=200, suppress_health_check=[HealthCheck.too_slow]
)
STORE = ox.Store()
STORE.add(ox.Quad(ox.NamedNode("http://a/"), ox.NamedNode("http://127.0.0.1:1/x"), ox.Literal("x")))


def _accepted(text: str) -> object | None:
    """Return what the parser makes of a text, or None when it refuses it."""
    try:
        return STORE.query(text)
    except SyntaxError:
        return None
    except (RuntimeError, OSError, ValueError) as error:
        return error


def _calls_service(text: str) -> bool:
    try:
        results = STORE.query(text)
        if isinstance(results, ox.QuerySolutions):
            for _ in zip(results, range(3), strict=False):
                pass
    except (SyntaxError, ValueError):
        return False
    except OSError:
        return True
    except RuntimeError as error:
        return "service name is unbound" in str(error)
    return False


@FREE
@given(TEXTS, st.sampled_from(["SELECT * {%s}", "SELECT (1<2 AS ?y) WHERE{%s}", "ASK{%s}"]))
@example(f"FILTER(1<2)SERVICE#>\n{ENDPOINT}{{}}", "SELECT * {%s}")
@example("VALUES ?v{1}SERVICEe:x{}", "SELECT * {%s}")
def test_no_service_passes_unseen(text: str, frame: str) -> None:
    query = PROLOGUE + frame.replace("%s", text)
    try:
        parsed = parse_query(query)
    except JiqunError:
        return
    assert not _calls_service(parsed.evaluated())


@FREE
@given(TEXTS)
def test_row_limit_keeps_a_query_a_query(text: str) -> None:
    query = f"{PROLOGUE}SELECT * {{{text}"
    try:
        parsed = parse_query(query)
    except JiqunError:
        return
    if not isinstance(_accepted(parsed.evaluated()), ox.QuerySolutions):
        return
    results = STORE.query(parsed.evaluated(2))
    assert isinstance(results, ox.QuerySolutions)
    assert len(list(results)) <= 2


@FREE
@given(st.text(max_size=60))
def test_any_text_is_inspected_or_refused(text: str) -> None:
    try:
        parsed = parse_query(text)
    except JiqunError:
        return
    assert parsed.tokens > 0


@FREE
@given(TEXTS)
def test_tokens_stand_where_they_say(text: str) -> None:
    try:
        decoded, tokens, _ = tokenize(text, 10_000, 64)
    except JiqunError:
        return
    end = 0
    for token in tokens:
        assert token.start >= end
        end = token.end
        written = decoded[token.start : end]
        assert token.text in {written, written.upper()}


# A grammar of queries that are right by construction: the gate lets all of them through.
TERMS = st.sampled_from(
    ["?s", "?o", "<http://a/#b'c>", "e:x", ":y", "'it''s'"[:4] + "'", '"q"@en-GB', "1.5", "[]"]
)
OBJECTS = st.one_of(TERMS, st.sampled_from(["(1 <http://a/#x> 'y')", "[ e:p 1 ; a e:T ]", "true"]))
PATHS = st.sampled_from(
    ["?p", "a", "e:p", "<http://a/p>|e:q", "^e:p/e:q*", "!(e:p|^a)", "(e:p/(e:q)?)+", ":p"]
)
EXPRESSIONS = st.recursive(
    st.sampled_from(["?s", "1", "'x<y>'", "<http://a/#x>", "e:x", "true", "STR(?s)", "-2"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["<", ">", "<=", "=", "&&", "||", "+", "*"]), inner).map(
            lambda parts: f"({''.join(parts)})" if parts[1] != "<" else f"({' '.join(parts)})"
        ),
        inner.map("!{}".format),
        st.tuples(inner, inner, inner).map(lambda parts: f"IF({','.join(parts)})"),
        inner.map("EXISTS{{?s ?p ?o FILTER({})}}".format),
        inner.map(lambda each: f"?s IN ({each},{each})"),
    ),
    max_leaves=5,
)


def _groups(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        inner.map("OPTIONAL{{{}}}".format),
        inner.map("MINUS{{{}}}".format),
        inner.map("GRAPH ?g{{{}}}".format),
        st.tuples(inner, inner).map("{{{0[0]}}}UNION{{{0[1]}}}".format),
        inner.map("{{SELECT ?s WHERE{{{}}}GROUP BY ?s HAVING(COUNT(*)<3)LIMIT 2}}".format),
        st.tuples(inner, EXPRESSIONS).map("{0[0]} FILTER({0[1]})".format),
        st.lists(inner, max_size=3).map("\n".join),
    )


GROUPS = st.recursive(
    st.one_of(
        st.tuples(TERMS.filter(lambda term: term[0] not in "'\"1"), PATHS, OBJECTS).map(
            lambda parts: " ".join(parts) + " ."
        ),
        EXPRESSIONS.map("FILTER({})".format),
        st.just("VALUES(?v ?w){(1 <http://a/#x>)(UNDEF 'y')}"),
        st.just(""),
    ),
    _groups,
    max_leaves=6,
)


@FREE
@given(GROUPS, st.sampled_from(["", " ORDER BY DESC(?s)", " ORDER BY (?s<?o)", " LIMIT 1"]))
def test_what_the_parser_takes_the_gate_takes(group: str, tail: str) -> None:
    query = f"{PROLOGUE}SELECT * WHERE{{{group}}}{tail}"
    if _accepted(query) is not None:
        parse_query(query)
