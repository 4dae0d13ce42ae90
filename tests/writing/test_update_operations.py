"""The gate for updates: LOADs apart, USING written in, everything else refused or untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiqun.errors import (
    BadParameter,
    JiqunError,
    MalformedQuery,
    QueryTooLarge,
    ServiceRefused,
    UpdateFailed,
)
from jiqun.query.gate import DEFAULT_LIMITS
from jiqun.writing.updates import (
    EngineUpdate,
    Load,
    Merge,
    Scope,
    Source,
    UpdateInspection,
    inspect_update,
)
from jiqun.writing.writer import apply

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE = "http://example.org/update"


def inspect(
    text: str, using: Sequence[str] | None = None, named: Sequence[str] | None = None
) -> UpdateInspection:
    return inspect_update(
        text,
        DEFAULT_LIMITS,
        max_characters=1_000_000,
        base=BASE,
        using=using,
        using_named=named,
    )


UNTOUCHED = [
    "INSERT DATA { <a:a> <a:b> 'LOAD <x>' }",
    "PREFIX LOAD: <a:> INSERT DATA { LOAD:a LOAD:b LOAD:c } # LOAD <x>",
    "DELETE DATA { <a:a> <a:b> 1 } ; CLEAR ALL ; DROP SILENT GRAPH <a:a>",
    "WITH <a:g> DELETE { ?s ?p ?o } INSERT { ?s ?p 1 } USING <a:h> WHERE { ?s ?p ?o ; ?q 1 }",
    "COPY DEFAULT TO <a:a>; CREATE GRAPH <a:c>",
    "INSERT { ?s <a:p> ?n } WHERE { SELECT ?s (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?s };",
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_has_no_load_stays_as_it_is(text: str) -> None:
    parts = inspect(text).parts
    assert len(parts) == 1
    assert isinstance(parts[0], EngineUpdate)
    assert parts[0].text in text


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("COPY <a:a> TO <a:b>", Source("a:a", silent=False)),
        ("MOVE SILENT GRAPH <a:a> TO DEFAULT", Source("a:a", silent=True)),
        ("PREFIX p: <a:> ADD p:\u0061 TO GRAPH <a:b>", Source("a:a", silent=False)),
        (
            "BASE <http://a.example/> copy#c\nsilent <b> TO <a:b>",
            Source("http://a.example/b", silent=True),
        ),
        ("COPY SILENT DEFAULT TO <a:a>", None),
        ("CLEAR GRAPH <a:a>", None),
    ],
)
def test_what_must_exist_is_reported(text: str, source: Source | None) -> None:
    part = inspect(text).parts[0]
    assert isinstance(part, EngineUpdate)
    assert part.source == source


@pytest.mark.parametrize(
    "using",
    [
        "USING <a:g> USING <a:h>",
        (
            "PREFIX p: <a:> WITH <a:x> INSERT { ?s ?p 1 } using#USING\n<a:g> USING p:h "
            "USING NAMED <a:i>"
        ),
        "USING NAMED <a:i> USING <a:g> USING <a:h> USING <a:g>",
    ],
)
def test_several_graphs_become_one(using: str) -> None:
    text = using if "INSERT" in using else f"INSERT {{ ?s ?p 1 }} {using}"
    (part,) = inspect(f"{text} WHERE {{ ?s ?p 'USING <a:k>' }}").parts
    assert isinstance(part, EngineUpdate)
    assert isinstance(part.merge, Merge)
    assert part.merge.graphs == ("a:g", "a:h")
    assert part.text.count(f"<{part.merge.name}>") == 1
    assert "<a:g>" not in part.text
    assert ("<a:i>" in part.text) == ("<a:i>" in using)


@pytest.mark.parametrize("text", ["", "  # nothing\n", "PREFIX a: <a:>", "BASE <a:a>"])
def test_nothing_to_do(text: str) -> None:
    assert inspect(text).parts == ()


def test_loads_are_parts_of_their_own() -> None:
    text = """PREFIX a: <http://a.example/>
INSERT DATA { a:a a:b 1 } ;
BASE <http://b.example/x>
load  # a comment
  SILENT <doc> into GRAPH a:g ;
PREFIX c: <http://c.example/>
LOAD c:doc;
CLEAR DEFAULT; INSERT DATA { <s> c:p a:o }"""
    first, second, third, last = inspect(text).parts
    assert isinstance(first, EngineUpdate)
    assert first.text == "INSERT DATA { a:a a:b 1 }"
    assert first.scope == Scope(BASE, {"a": "http://a.example/"})
    assert second == Load("http://b.example/doc", "http://a.example/g", silent=True)
    assert third == Load("http://c.example/doc", None, silent=False)
    assert isinstance(last, EngineUpdate)
    assert last.text == "CLEAR DEFAULT; INSERT DATA { <s> c:p a:o }"
    store = ox.Store()
    apply(store, last)
    assert str(next(iter(store))) == (
        "<http://b.example/s> <http://c.example/p> <http://a.example/o>"
    )


@pytest.mark.parametrize(
    ("iri", "expected"),
    [
        ("<doc#x>", "http://example.org/doc#x"),
        (r"<http://a.example/\u4e00>", "http://a.example/一"),
        (r"\u003chttp://a.example/\u003e", "http://a.example/"),
        ("<file:///etc/passwd>", "file:///etc/passwd"),
    ],
)
def test_iris_of_loads_are_absolute(iri: str, expected: str) -> None:
    assert inspect(f"LOAD {iri}").parts == (Load(expected, None, silent=False),)


MALFORMED = {
    "LOAD": "of the form LOAD",
    "LOAD <a:a> INTO DEFAULT": "of the form LOAD",
    "LOAD <a:a> INTO GRAPH ?g": "of the form LOAD",
    "LOAD <a:a> ; LOAD <a:b> <a:c>": "of the form LOAD",
    "LOAD x:a": "Is the prefix declared",
    "SELECT * {}": "begins a query",
    "PREFIX a: <a:> ASK {}": "begins a query",
    "<a:a> <a:b> <a:c>": "does not begin an update",
    "LOADx:a": "does not begin an update",
    "USING <a:a>": "does not begin an update",
    "; CLEAR ALL": "no operation before",
    "CLEAR ALL;; CLEAR ALL": "no operation before",
    "PREFIX a <a:> CLEAR ALL": "is incomplete",
    "PREFIX a:b <a:> CLEAR ALL": "is incomplete",
    "BASE a: CLEAR ALL": "is incomplete",
    "CLEAR ALL ; PREFIX a:": "is incomplete",
    "INSERT DATA { <a:a> <a:b> 1": "never closed",
}


def test_a_prologue_between_operations() -> None:
    text = """BASE <http://a.example/x/> PREFIX a: <one/>
INSERT DATA { a:s a:p 1 } ; PREFIX a: <http://b.example/> BASE <y>
INSERT DATA { a:s a:p <z> } ;
INSERT DATA { a:s a:p <q> } ;
PREFIX a: <c/> INSERT DATA { a:s a:p ?x }"""
    first, second, third = inspect(text).parts
    store = ox.Store()
    for part in (first, second):
        assert isinstance(part, EngineUpdate)
        apply(store, part)
    assert {str(quad.triple) for quad in store} == {
        str(ox.Triple(ox.NamedNode(f"{start}s"), ox.NamedNode(f"{start}p"), value))
        for start, value in (
            ("http://a.example/x/one/", ox.Literal(1)),
            ("http://b.example/", ox.NamedNode("http://a.example/x/z")),
            ("http://b.example/", ox.NamedNode("http://a.example/x/q")),
        )
    }
    assert isinstance(third, EngineUpdate)
    with pytest.raises(MalformedQuery, match=r"line 5, column 42: Variables are not allowed"):
        apply(store, third)


def test_mistakes_are_placed_in_the_request() -> None:
    text = "CLEAR ALL ; PREFIX a: <a:>\nINSERT DATA {\n a:s a:p ?x }"
    _, part = inspect(text).parts
    assert isinstance(part, EngineUpdate)
    with pytest.raises(MalformedQuery, match=r"line 3, column \d+: Variables are not allowed"):
        apply(ox.Store(), part)
    assert part.locate("a message without a place") == "a message without a place"


def test_the_version_of_the_language_is_a_prologue() -> None:
    (part,) = inspect('VERSION "1.2" PREFIX a: <a:> CLEAR GRAPH a:a').parts
    assert isinstance(part, EngineUpdate)
    assert part.text == "CLEAR GRAPH a:a"
    assert part.scope == Scope(BASE, {"a": "a:"})


@pytest.mark.parametrize("using", [None, ["http://example.org/g"]])
def test_a_dataset_needs_a_where(using: list[str] | None) -> None:
    text = "INSERT { <a:a> <a:b> 1 }"
    if using is None:
        text += " USING <a:g> USING <a:h>"
    with pytest.raises(MalformedQuery, match="“INSERT” at line 1, column 1 has no WHERE"):
        inspect(text, using)


@pytest.mark.parametrize(
    ("data", "literals"),
    [
        ("+01 , -1 , 'a' , 'b'@en", ["+01", "-1"]),
        ("'01'^^<http://www.w3.org/2001/XMLSchema#integer>", ["01"]),
        ("'1'^^undeclared:integer", []),
        ("'1'^^", []),
    ],
)
def test_inserted_literals_are_read_as_written(data: str, literals: list[str]) -> None:
    found = inspect(f"INSERT DATA {{ <a:a> <a:b> {data} }}").literals
    assert [each.value for each in found] == literals


@pytest.mark.parametrize("text", MALFORMED)
def test_what_is_no_update(text: str) -> None:
    with pytest.raises(MalformedQuery, match=MALFORMED[text]):
        inspect(text)


def test_limits() -> None:
    data = "".join(f"<a:a> <a:b> {n} .\n" for n in range(20_000))
    assert len(inspect(f"INSERT DATA {{ {data} }}").parts) == 1
    with pytest.raises(QueryTooLarge, match="tokens"):
        inspect(f"INSERT {{ {data} }} WHERE {{}}")
    with pytest.raises(QueryTooLarge, match="triple_patterns"):
        inspect("DELETE WHERE {" + "?s ?p ?o ." * 300 + "}")
    with pytest.raises(QueryTooLarge, match="nesting"):
        inspect("INSERT DATA { <a:a> <a:b> " + "(" * 100_000)
    with pytest.raises(QueryTooLarge, match="update_length"):
        inspect_update("CLEAR ALL", DEFAULT_LIMITS, max_characters=5)


def test_service_is_refused_unless_allowed() -> None:
    text = "INSERT { ?s ?p ?o } WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"
    with pytest.raises(ServiceRefused):
        inspect(text)
    addresses = {"http://127.0.0.1:9/": "http://127.0.0.1:8/x"}
    found = inspect_update(text, DEFAULT_LIMITS, max_characters=1000, services=addresses)
    assert found.services == ("http://127.0.0.1:9/",)
    (part,) = found.parts
    assert isinstance(part, EngineUpdate)
    assert part.text == text.replace("127.0.0.1:9/", "127.0.0.1:8/x")


@pytest.mark.parametrize(
    ("text", "removing"),
    [
        ("INSERT DATA { <a:a> <a:b> 'DELETE' }", False),
        ("INSERT { ?s <a:p> 1 } WHERE { ?s ?p ?o }; ADD <a:a> TO <a:b>; LOAD <a:a>", False),
        ("CREATE GRAPH <a:a>", False),
        ("DELETE DATA { <a:a> <a:b> 1 }", True),
        ("WITH <a:a> DELETE {?s ?p ?o} WHERE {?s ?p ?o}", True),
        *((f"CREATE SILENT GRAPH <a:a>; {word}", True) for word in ("CLEAR ALL", "DROP NAMED")),
        *((f"{word} <a:a> TO <a:b>", True) for word in ("MOVE", "COPY")),
    ],
)
def test_what_may_lose_statements(text: str, removing: bool) -> None:
    assert inspect(text).removing is removing


G, H = "http://example.org/g", "http://example.org/h"


def dataset() -> ox.Store:
    store = ox.Store()
    for name in ("g", "h", "i"):
        store.add(
            ox.Quad(
                ox.NamedNode(f"a:{name}"),
                ox.NamedNode("a:in"),
                ox.Literal(name),
                ox.NamedNode(f"http://example.org/{name}"),
            )
        )
    return store


def default_graph_after(
    text: str, using: Sequence[str] | None, named: Sequence[str] | None
) -> set[str]:
    store = dataset()
    for part in inspect(text, using, named).parts:
        assert isinstance(part, EngineUpdate)
        apply(store, part)
    default = store.quads_for_pattern(None, None, None, ox.DefaultGraph())
    return {quad.object.value for quad in default if isinstance(quad.object, ox.Literal)}


COPY = "INSERT { ?s <a:was> ?o } WHERE { ?s <a:in> ?o }"
COPY_NAMED = "INSERT { ?s <a:was> ?o } WHERE { GRAPH ?g { ?s <a:in> ?o } }"


@pytest.mark.parametrize(
    ("text", "using", "named", "expected"),
    [
        (COPY, None, None, set()),
        (COPY, [G], None, {"g"}),
        (COPY, [G, H], None, {"g", "h"}),
        (COPY, None, [G], set()),
        (COPY, [], [], set()),
        (COPY_NAMED, None, None, {"g", "h", "i"}),
        (COPY_NAMED, None, [G], {"g"}),
        (COPY_NAMED, [H], [G], {"g"}),
        (COPY_NAMED, [G], None, set()),
        ("DELETE { <a:x> <a:y> 1 } " + COPY, [G], None, {"g"}),
        ("CLEAR DEFAULT; " + COPY + "; PREFIX where: <a:> " + COPY_NAMED, [G], [H], {"g", "h"}),
        ("INSERT DATA { <a:where> <a:was> 'WHERE' }; " + COPY, [G], None, {"g", "WHERE"}),
    ],
)
def test_the_dataset_of_the_protocol(
    text: str, using: list[str] | None, named: list[str] | None, expected: set[str]
) -> None:
    assert default_graph_after(text, using, named) == expected


def test_delete_where_with_the_dataset_of_the_protocol() -> None:
    store = ox.Store()
    store.update(f"INSERT DATA {{ <a:a> <a:b> 1, 2 GRAPH <{G}> {{ <a:a> <a:b> 1 }} }}")
    (part,) = inspect("DELETE WHERE { ?s ?p ?o }", [G]).parts
    assert isinstance(part, EngineUpdate)
    apply(store, part)
    left = store.quads_for_pattern(None, None, None, ox.DefaultGraph())
    assert [quad.object for quad in left] == [ox.Literal(2)]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT { ?s ?p ?o } USING <a:a> WHERE { ?s ?p ?o }",
        "INSERT { ?s ?p ?o } using NAMED <a:a> WHERE { ?s ?p ?o }",
        "WITH <a:a> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
        f"CLEAR ALL; {COPY}; WITH <a:a> INSERT {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o }}",
    ],
)
def test_a_dataset_in_two_places(text: str) -> None:
    inspect(text)
    with pytest.raises(BadParameter, match="USING or WITH"):
        inspect(text, [G])
    with pytest.raises(BadParameter, match="USING or WITH"):
        inspect(text, None, [])


PIECES = st.sampled_from(
    [
        *(
            "LOAD",
            "load",
            "SILENT",
            "<http://127.0.0.1:9/x>",
            "x:y",
            "INTO",
            "GRAPH",
            ";",
            "{",
            "}",
        ),
        *("INSERT", "DELETE", "DATA", "WHERE", "'LOAD <x>'", "#LOAD\n", "\\u004cOAD", "PREFIX"),
        *(
            "x:",
            "CLEAR",
            "ALL",
            "USING",
            "WITH",
            "?s",
            "<a:a>",
            "1",
            ".",
            "/**/",
            "LOAD<a:a>",
            "\n",
        ),
    ]
)


@given(st.lists(PIECES, max_size=25), st.booleans())
def test_no_load_reaches_the_engine(pieces: list[str], tight: bool) -> None:
    """Whatever passes is free of LOAD: an engine with no network would fail with an OSError."""
    try:
        parts = inspect(("" if tight else " ").join(pieces)).parts
    except JiqunError:
        return
    for part in parts:
        if isinstance(part, EngineUpdate):
            try:
                apply(ox.Store(), part)
            except (MalformedQuery, UpdateFailed, RuntimeError):
                continue
