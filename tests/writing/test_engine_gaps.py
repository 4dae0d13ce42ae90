"""Why updates are prepared before the engine gets them: one smallest input for each gap.

The tests run on the bare engine. One that fails says that the engine has closed the gap, and that
what `jiqun.writing.updates` does about it can go.
"""

from __future__ import annotations

import inspect

import pyoxigraph as ox
import pytest

from http_listener import http, listening


def store_with(data: str) -> ox.Store:
    store = ox.Store()
    store.update(f"INSERT DATA {{ {data} }}")
    return store


def test_load_fetches_from_anywhere() -> None:
    """By design upstream, without a switch in Python (no report found)."""
    with listening(http("200 OK", b"<a:a> <a:b> 1 .", "Content-Type: text/turtle")) as listener:
        ox.Store().update(f"LOAD <{listener.url()}>")
        assert len(listener.requests) == 1


def test_an_update_takes_no_dataset() -> None:
    """`Store.query` has default_graph and named_graphs, `Store.update` not (no report found)."""
    assert "default_graph" in inspect.signature(ox.Store.query).parameters
    assert "default_graph" not in inspect.signature(ox.Store.update).parameters


def test_a_triple_in_two_graphs_of_using_is_found_twice() -> None:
    """https://github.com/oxigraph/oxigraph/issues/1919, mended after 0.5.13."""
    store = store_with("GRAPH <a:g> { <a:s> <a:p> 10 } GRAPH <a:h> { <a:s> <a:p> 10 }")
    store.update(
        "INSERT { <a:s> <a:sum> ?sum } USING <a:g> USING <a:h> "
        "WHERE { SELECT (SUM(?o) AS ?sum) { ?s ?p ?o } }"
    )
    (quad,) = store.quads_for_pattern(None, ox.NamedNode("a:sum"), None, None)
    assert quad.object == ox.Literal(20)


@pytest.mark.parametrize("prologue", ["PREFIX a: <a:>", "BASE <a:a>"])
def test_a_prologue_between_operations_is_refused(prologue: str) -> None:
    """SPARQL 1.1 grammar, rule [29] Update (no report found)."""
    with pytest.raises(SyntaxError, match="expected one of"):
        ox.Store().update(f"CLEAR ALL ; {prologue} CLEAR ALL")


@pytest.mark.parametrize("operation", ["COPY", "COPY SILENT", "MOVE SILENT"])
def test_a_source_that_does_not_exist_empties_the_target(operation: str) -> None:
    """SPARQL 1.1 Update §3.2.3 and §3.2.4 (no report found)."""
    store = store_with("GRAPH <a:target> { <a:s> <a:p> 1 }")
    store.update(f"{operation} <a:source> TO <a:target>")
    assert len(store) == 0
