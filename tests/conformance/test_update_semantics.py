"""The semantics of SPARQL 1.1 Update, each over HTTP and verified by a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.datasets import Case, hold

if TYPE_CHECKING:
    import httpx

# Data before; update; data after (None: refused, and everything as before).
CASES: dict[str, Case] = {
    "INSERT DATA": (
        "",
        "INSERT DATA { :a :p 1, 2 GRAPH :g { :a :p 1 } }",
        ":a :p 1, 2 :g{:a :p 1}",
    ),
    "INSERT DATA, twice the same": (":a :p 1", "INSERT DATA { :a :p 1 }", ":a :p 1"),
    "INSERT DATA, blank nodes": (
        "",
        "INSERT DATA { _:a :p _:a, [ :q 1 ] }",
        "_:a :p _:a, [ :q 1 ]",
    ),
    "INSERT DATA, blank nodes of two operations": (
        *("", "INSERT DATA { _:a :p 1 } ; INSERT DATA { _:b :p 1 }", "[] :p 1 . [] :p 1"),
    ),
    "INSERT DATA, a collection": ("", "INSERT DATA { :a :p (1 2) }", ":a :p (1 2)"),
    "INSERT DATA, literals": (
        *("", "INSERT DATA { :a :p 'x', 'x'@en, '北京'@zh, 1.5, true, '''a\\n\"b''' }"),
        ":a :p 'x', 'x'@en, '北京'@zh, 1.5, true, 'a\\n\"b'",
    ),
    "INSERT DATA, a variable": ("", "INSERT DATA { ?a :p 1 }", None),
    "DELETE DATA": (
        ":a :p 1, 2 :g{:a :p 1}",
        "DELETE DATA { :a :p 1 GRAPH :g { :a :p 1 } }",
        ":a :p 2",
    ),
    "DELETE DATA, nothing of it there": (":a :p 1", "DELETE DATA { :b :p 1 }", ":a :p 1"),
    "DELETE DATA, a blank node": (":a :p 1", "DELETE DATA { _:b :p 1 }", None),
    "DELETE WHERE": (":a :p 1 . :b :q 1", "DELETE WHERE { ?s :p ?o }", ":b :q 1"),
    "DELETE WHERE, in a graph": (
        *(":a :p 1 :g{:a :p 1} :h{:a :p 1}", "DELETE WHERE { GRAPH :g { ?s ?p ?o } }"),
        ":a :p 1 :h{:a :p 1}",
    ),
    "DELETE WHERE, a join": (
        *(":a :p :b . :b :p :c . :c :q 1", "DELETE WHERE { ?x :p ?y . ?y :p ?z }", ":c :q 1"),
    ),
    "DELETE, INSERT": (
        ":a :p 1 . :b :p 2",
        "DELETE { ?s :p ?o } INSERT { ?s :q ?n } WHERE { ?s :p ?o BIND(?o + 1 AS ?n) }",
        ":a :q 2 . :b :q 3",
    ),
    "DELETE before INSERT": (
        ":a :p 1",
        "DELETE { ?s :p 1, 2 } INSERT { ?s :p 1 } WHERE { ?s :p 1 }",
        ":a :p 1",
    ),
    "INSERT sees the data before": (
        ":a :p 1",
        "INSERT { ?s :p ?n } WHERE { ?s :p ?o BIND(?o + 1 AS ?n) }",
        ":a :p 1, 2",
    ),
    "INSERT, a blank node for each solution": (
        ":a :p 1 . :b :p 1",
        "INSERT { ?s :q [ :r 1 ] } WHERE { ?s :p 1 }",
        ":a :p 1 ; :q [ :r 1 ] . :b :p 1 ; :q [ :r 1 ]",
    ),
    "INSERT, illegal triples are left out": (
        ":a :p 1 ; :q :b",
        "INSERT { ?o :r :x . :x ?o 1 } WHERE { :a ?p ?o }",
        ":a :p 1 ; :q :b . :b :r :x . :x :b 1",
    ),
    "INSERT, unbound variables are left out": (
        ":a :p 1",
        "INSERT { ?s :q ?none . ?s :r 1 } WHERE { ?s :p ?o OPTIONAL { ?s :none ?none } }",
        ":a :p 1 ; :r 1",
    ),
    "INSERT, no solution": (":a :p 1", "INSERT { :x :y :z } WHERE { :none ?p ?o }", ":a :p 1"),
    "WITH": (
        ":a :p 1 :g{:a :p 2}",
        "WITH :g DELETE { ?s :p ?o } INSERT { ?s :q ?o } WHERE { ?s :p ?o }",
        ":a :p 1 :g{:a :q 2}",
    ),
    "WITH, and GRAPH": (
        ":g{:a :p 2} :h{:b :p 3}",
        "WITH :g INSERT { ?s :q 1 GRAPH :h { ?s :q 1 } } WHERE { GRAPH :h { ?s :p ?o } }",
        ":g{:a :p 2 . :b :q 1} :h{:b :p 3 ; :q 1}",
    ),
    "USING": (
        ":g{:a :p 1} :h{:b :p 1}",
        "INSERT { ?s :q 1 } USING :g USING :h WHERE { ?s :p 1 }",
        ":a :q 1 . :b :q 1 :g{:a :p 1} :h{:b :p 1}",
    ),
    "USING, what stands in both is found once": (
        ":g{:a :p 1, 2} :h{:a :p 2, 3}",
        "INSERT { :n :p ?n } USING :g USING :h WHERE { SELECT (COUNT(*) AS ?n) { ?s ?p ?o } }",
        ":n :p 3 :g{:a :p 1, 2} :h{:a :p 2, 3}",
    ),
    "USING, the same graph twice": (
        ":g{:a :p 1, 2}",
        "INSERT { [] :p ?o } USING :g USING :g WHERE { ?s ?p ?o }",
        "[] :p 1 . [] :p 2 :g{:a :p 1, 2}",
    ),
    "COPY, from no such graph": (":h{:a :p 1}", "COPY :g TO :h", None),
    "MOVE, from no such graph": (":h{:a :p 1}", "MOVE :g TO :h", None),
    "ADD, from no such graph": (":h{:a :p 1}", "ADD :g TO :h", None),
    "COPY, from a graph of the same request": (
        *("", "INSERT DATA { GRAPH :g { :a :p 1 } } ; COPY :g TO :h"),
        ":g{:a :p 1} :h{:a :p 1}",
    ),
    "USING overrides WITH": (
        ":g{:a :p 1} :h{:b :p 1}",
        "WITH :g INSERT { ?s :q 1 } USING :h WHERE { ?s :p 1 }",
        ":g{:a :p 1 . :b :q 1} :h{:b :p 1}",
    ),
    "USING NAMED": (
        ":g{:a :p 1} :h{:b :p 1}",
        "INSERT { ?s :q 1 } USING NAMED :g WHERE { GRAPH ?g { ?s :p 1 } }",
        ":a :q 1 :g{:a :p 1} :h{:b :p 1}",
    ),
    "CLEAR DEFAULT": (":a :p 1 :g{:a :p 1}", "CLEAR DEFAULT", ":g{:a :p 1}"),
    "CLEAR GRAPH": (":a :p 1 :g{:a :p 1} :h{:a :p 1}", "CLEAR GRAPH :g", ":a :p 1 :h{:a :p 1}"),
    "CLEAR NAMED": (":a :p 1 :g{:a :p 1} :h{:a :p 1}", "CLEAR NAMED", ":a :p 1"),
    "CLEAR ALL": (":a :p 1 :g{:a :p 1}", "CLEAR ALL", ""),
    "CLEAR GRAPH, no such": (":a :p 1", "CLEAR GRAPH :none", None),
    "CLEAR SILENT GRAPH, no such": (":a :p 1", "CLEAR SILENT GRAPH :none", ":a :p 1"),
    "DROP DEFAULT": (":a :p 1 :g{:a :p 1}", "DROP DEFAULT", ":g{:a :p 1}"),
    "DROP GRAPH": (":g{:a :p 1} :h{:a :p 1}", "DROP GRAPH :g", ":h{:a :p 1}"),
    "DROP NAMED": (":a :p 1 :g{:a :p 1}", "DROP NAMED", ":a :p 1"),
    "DROP GRAPH, no such": (":a :p 1", "DROP GRAPH :none", None),
    "DROP SILENT GRAPH, no such": (":a :p 1", "DROP SILENT GRAPH :none", ":a :p 1"),
    "CREATE GRAPH": (":a :p 1", "CREATE GRAPH :g", ":a :p 1"),
    "CREATE GRAPH, there already": (":g{:a :p 1}", "CREATE GRAPH :g", None),
    "CREATE SILENT GRAPH": (":g{:a :p 1}", "CREATE SILENT GRAPH :g", ":g{:a :p 1}"),
    "COPY": (":g{:a :p 1} :h{:b :p 2}", "COPY :g TO :h", ":g{:a :p 1} :h{:a :p 1}"),
    "COPY DEFAULT": (":a :p 1 :g{:b :p 2}", "COPY DEFAULT TO :g", ":a :p 1 :g{:a :p 1}"),
    "COPY to itself": (":g{:a :p 1}", "COPY :g TO :g", ":g{:a :p 1}"),
    "MOVE": (":g{:a :p 1} :h{:b :p 2}", "MOVE :g TO :h", ":h{:a :p 1}"),
    "MOVE to DEFAULT": (":a :p 1 :g{:b :p 2}", "MOVE GRAPH :g TO DEFAULT", ":b :p 2"),
    "MOVE to itself": (":g{:a :p 1}", "MOVE :g TO :g", ":g{:a :p 1}"),
    "ADD": (":g{:a :p 1} :h{:b :p 2}", "ADD :g TO :h", ":g{:a :p 1} :h{:a :p 1 . :b :p 2}"),
    "several operations": (
        ":a :p 1",
        "INSERT DATA { :b :p 2 } ; DELETE WHERE { :a ?p ?o } ; COPY DEFAULT TO :g ;",
        ":b :p 2 :g{:b :p 2}",
    ),
    "all or nothing": (
        ":a :p 1",
        "CLEAR ALL ; INSERT DATA { :b :p 2 } ; CREATE GRAPH :g ; CREATE GRAPH :g",
        None,
    ),
    "all or nothing, cut by a prologue": (
        ":a :p 1",
        "CLEAR ALL ; PREFIX x: <urn:> INSERT DATA { x:b :p 2 } ; PREFIX y: <urn:> DROP GRAPH y:n",
        None,
    ),
    "a prologue between operations": (
        "",
        "INSERT DATA { :a :p 1 } ; PREFIX : <http://a.example/x> INSERT DATA { :a :p 1 }",
        ":a :p 1 . :xa :xp 1",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_update(name: str, store_server_client: httpx.Client) -> None:
    hold(store_server_client, CASES[name])


def test_graphs_may_be_empty(store: httpx.Client) -> None:
    def graphs() -> list[str]:
        query = "SELECT ?g { GRAPH ?g {} } ORDER BY ?g"
        rows = store.get("/sparql", params={"query": query}).json()["results"]["bindings"]
        return [row["g"]["value"] for row in rows]

    store.post("/update", data={"update": "CREATE GRAPH <urn:a>; CREATE GRAPH <urn:b>"})
    assert graphs() == ["urn:a", "urn:b"]
    store.post("/update", data={"update": "CLEAR GRAPH <urn:a>"})
    assert graphs() == ["urn:a", "urn:b"]
    store.post("/update", data={"update": "DROP GRAPH <urn:a>"})
    assert graphs() == ["urn:b"]
