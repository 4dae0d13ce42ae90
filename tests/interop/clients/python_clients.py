"""Clients from PyPI: SPARQLWrapper, the stores of rdflib, pandas, Polars, reconciler."""

from __future__ import annotations

from functools import partial
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from interop.clients.client import GRAPH, Client, Endpoint, question
from interop.tool import NotInstalled

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROWS: Final = ("json", "xml", "csv", "tsv")
_GRAPHS: Final = ("xml", "rdf", "rdf+xml", "n3", "turtle", "json-ld")
_NAMES: Final = ("石家庄市", "唐山市")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        raise NotInstalled(f"{package} is not installed: make interop-tools") from None


def _wrapper(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    wrapper: Any = import_module("SPARQLWrapper").SPARQLWrapper

    def ask(name: str, form: str, method: str = "GET") -> Any:
        one = wrapper(f"{endpoint.url}/sparql")
        one.setQuery(question(name))
        one.setReturnFormat(form)
        one.setMethod(method)
        return one.queryAndConvert()

    for method in ("GET", "POST"):
        for form in _ROWS:
            answer = ask("select.rq", form, method)
            if form == "json":
                rows = len(answer["results"]["bindings"])
            elif form == "xml":
                rows = len(answer.getElementsByTagName("result"))
            else:
                rows = len(answer.decode().splitlines()) - 1
            yield f"SELECT {form} {method}", str(rows)
        yield f"ASK json {method}", str(ask("ask.rq", "json", method)["boolean"]).lower()
    for form in _GRAPHS:
        answer = ask("construct.rq", form)
        if isinstance(answer, bytes):
            graph = import_module("rdflib").Graph().parse(data=answer, format="turtle")
            yield f"CONSTRUCT {form}", str(len(graph))
        else:
            yield f"CONSTRUCT {form}", str(len(answer))
    update = wrapper(f"{endpoint.url}/sparql", f"{endpoint.url}/update")
    update.setMethod("POST")
    update.addCustomHttpHeader("Authorization", f"Bearer {endpoint.token}")
    for name, step in (("insert.ru", "INSERT"), ("clear.ru", "CLEAR")):
        update.setQuery(question(name))
        update.query()
        yield step, str(len(ask("stored.rq", "json")["results"]["bindings"]))


def _rdflib(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    stores: Any = import_module("rdflib.plugins.stores.sparqlstore")
    rdflib: Any = import_module("rdflib")
    graph = rdflib.Graph(stores.SPARQLStore(f"{endpoint.url}/sparql"))
    yield "SELECT", str(len(list(graph.query(question("select.rq")))))
    yield "ASK", str(bool(graph.query(question("ask.rq")))).lower()
    yield "CONSTRUCT", str(len(graph.query(question("construct.rq")).graph))
    yield "DESCRIBE", str(len(graph.query(question("describe.rq")).graph))
    store = stores.SPARQLUpdateStore(
        f"{endpoint.url}/sparql",
        f"{endpoint.url}/update",
        headers={"Authorization": f"Bearer {endpoint.token}"},
        context_aware=True,
    )
    kept = rdflib.Graph(store, identifier=rdflib.URIRef(GRAPH))
    for number in range(3):
        kept.add((rdflib.URIRef(f"{GRAPH}/{number}"), rdflib.RDFS.label, rdflib.Literal("集群")))
    yield "INSERT", str(len(kept))
    kept.remove((None, None, None))
    yield "CLEAR", str(len(kept))


def _pandas(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    pandas: Any = import_module("pandas")
    query = urlencode({"query": question("select.rq"), "format": "csv"})
    yield "SELECT csv", str(len(pandas.read_csv(f"{endpoint.url}/sparql?{query}")))


def _dataframe(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    module: Any = import_module("sparql_dataframe")
    for post in (False, True):
        frame = module.get(f"{endpoint.url}/sparql", question("select.rq"), post=post)
        yield f"SELECT {'POST' if post else 'GET'}", str(len(frame))


def _polars(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    polars: Any = import_module("polars")
    query = urlencode({"query": question("select.rq"), "format": "csv"})
    address = f"{endpoint.url}/sparql?{query}"
    yield "SELECT read_csv", str(polars.read_csv(address).height)
    yield "SELECT scan_csv", str(polars.scan_csv(address).collect().height)


def _reconciler(endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    pandas: Any = import_module("pandas")
    module: Any = import_module("reconciler")
    found = module.reconcile(
        pandas.Series(_NAMES), top_res=1, reconciliation_endpoint=f"{endpoint.url}/reconcile"
    )
    yield "reconcile", f"https://w3id.org/jiqun/id/{found['id'][0].rpartition('/')[2]}"


CLIENTS: Final = (
    Client("SPARQLWrapper", "PyPI", "SPARQLWrapper", partial(_version, "SPARQLWrapper"), _wrapper),
    Client("rdflib's stores", "PyPI", "rdflib", partial(_version, "rdflib"), _rdflib),
    Client("pandas", "PyPI", "pandas", partial(_version, "pandas"), _pandas),
    Client(
        "sparql-dataframe",
        "PyPI",
        "sparql-dataframe",
        partial(_version, "sparql-dataframe"),
        _dataframe,
    ),
    Client("Polars", "PyPI", "polars", partial(_version, "polars"), _polars),
    Client("reconciler", "PyPI", "reconciler", partial(_version, "reconciler"), _reconciler),
)
