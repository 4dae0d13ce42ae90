"""Datasets in a short form, for tests of updates: `triples :g{ triples } :h{ triples }`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyoxigraph import (
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    Quad,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    parse,
    parse_query_results,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import httpx

PREFIX = "PREFIX : <http://a.example/>\n"
_NAMED = re.compile(r"(:[ghk])\{")
_EVERYTHING = "SELECT ?s ?p ?o ?g { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"

Case = tuple[str, str, str | None]


def hold(store: httpx.Client, case: Case) -> None:
    """Carry out a case: the data before, the update, the data after (None: 400, and as before)."""
    before, update, after = case
    first, second = f"DROP ALL ; {_insertion(before)}", PREFIX + update
    # What succeeds goes as one request, which is much quicker.
    requests = [(first, 204), (second, 400)] if after is None else [(f"{first} ;\n{second}", 204)]
    for text, status in requests:
        response = store.post("/update", data={"update": text})
        assert response.status_code == status, response.text
    assert _everything(store) == _dataset(before if after is None else after)


def _split(text: str) -> tuple[str, str]:
    """Part a dataset into its default graph and its named graphs."""
    found = _NAMED.search(text)
    at = found.start() if found else len(text)
    return text[:at], text[at:]


def _insertion(text: str) -> str:
    default, named = _split(text)
    named = _NAMED.sub(r" GRAPH \1 {", named)
    return f"{PREFIX} INSERT DATA {{ {default} {named} }}"


def _dataset(text: str) -> Dataset:
    default, named = _split(text)
    trig = f"{PREFIX} {{ {default} }} {named}".replace("{", " { ").replace("}", " } ")
    return _canonical(parse(trig, RdfFormat.TRIG))


def _everything(store: httpx.Client) -> Dataset:
    response = store.get("/sparql", params={"query": _EVERYTHING, "format": "json"})
    solutions = parse_query_results(response.content, QueryResultsFormat.JSON)
    assert isinstance(solutions, QuerySolutions)
    return _canonical(
        Quad(row["s"], row["p"], row["o"], row["g"] or DefaultGraph()) for row in solutions
    )


def _canonical(quads: Iterable[Quad]) -> Dataset:
    found = Dataset(quads)
    found.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return found
