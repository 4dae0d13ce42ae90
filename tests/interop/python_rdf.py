"""rdflib, pyoxigraph, PyLD and pySHACL, from PyPI."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any, Final

import pyoxigraph as ox
import rdflib

from interop.tool import NotInstalled, Question, Refused, Tool

if TYPE_CHECKING:
    from pathlib import Path

    from interop import batch

_GRAPHS: Final = ("jiqun.ttl", "jiqun.nt", "jiqun.rdf", "evidence.ttl")
_DATASETS: Final = ("jiqun.nq", "jiqun.trig")
_OXIGRAPH: Final = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "trig": ox.RdfFormat.TRIG,
    "rdf": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}
_RDFLIB: Final = {"nt": "nt", "ttl": "turtle", "rdf": "xml", "nq": "nquads", "trig": "trig"}


def version(package: str) -> str:
    """Return the version of an installed package; raises `NotInstalled`."""
    try:
        return installed(package)
    except PackageNotFoundError:
        raise NotInstalled(f"pip install {package}") from None


def _ending(file: Path) -> str:
    return file.suffix[1:]


@lru_cache(maxsize=1)
def _graph(file: Path) -> rdflib.Graph:
    return rdflib.Graph().parse(file, format=_RDFLIB[_ending(file)])


def _dataset(file: Path) -> rdflib.Dataset:
    dataset = rdflib.Dataset()
    dataset.parse(file, format=_RDFLIB[_ending(file)])
    return dataset


def _count_graph(file: Path) -> int:
    return len(_graph(file))


def _count_dataset(file: Path) -> int:
    return sum(len(graph) for graph in _dataset(file).graphs())


def _count_json_ld(file: Path) -> int:
    return len(rdflib.Graph().parse(file, format="json-ld"))


def _ask(graph: rdflib.Graph, question: Question) -> bytes | Refused:
    try:
        result = graph.query(question.text)
        form = "ntriples" if question.form == "CONSTRUCT" else "json"
        return result.serialize(format=form) or b""
    except Exception as error:
        return Refused(f"{type(error).__name__}: {error}")


def _rdflib(file: Path, questions: list[Question]) -> batch.Answers:
    graph = _dataset(file) if file.name in _DATASETS else _graph(file)
    return {each.name: _ask(graph, each) for each in questions}


def _parse(file: Path) -> int:
    return sum(1 for _ in ox.parse(path=str(file), format=_OXIGRAPH[_ending(file)]))


def _py_ld(file: Path) -> int:
    from pyld import jsonld  # noqa: PLC0415 (not every machine has it)

    document = json.loads(file.read_text("utf-8"))
    dataset: dict[str, list[Any]] = jsonld.to_rdf(document)
    return sum(map(len, dataset.values()))


def _shacl(file: Path) -> str:
    import pyshacl  # noqa: PLC0415 (takes long)

    quads = _dataset(file)
    shapes = quads.graph("https://w3id.org/jiqun/graph/shapes")
    data = rdflib.Graph()
    for triple in quads.default_graph:
        data.add(triple)
    conforms, _, said = pyshacl.validate(data, shacl_graph=shapes, advanced=True)
    if not conforms:
        raise Refused(str(said)[:600])
    return f"the default graph conforms to the {len(shapes)} triples of the shapes"


TOOLS: Final = (
    Tool(
        "rdflib",
        "PyPI",
        "rdflib",
        lambda: version("rdflib"),
        counts={
            **dict.fromkeys(_GRAPHS, _count_graph),
            **dict.fromkeys(_DATASETS, _count_dataset),
            "jiqun.jsonld": _count_json_ld,
        },
        answers={"jiqun.nt": _rdflib, "jiqun.nq": _rdflib},
        few=True,
        python=True,
    ),
    Tool(
        "pyoxigraph",
        "PyPI",
        "pyoxigraph",
        lambda: version("pyoxigraph"),
        counts=dict.fromkeys((*_GRAPHS, *_DATASETS, "jiqun.jsonld", "jiqun-1.2.ttl"), _parse),
        python=True,
    ),
    Tool(
        "PyLD",
        "PyPI",
        "PyLD",
        lambda: version("PyLD"),
        counts={"jiqun.jsonld": _py_ld},
        python=True,
    ),
    Tool(
        "pySHACL",
        "PyPI",
        "pyshacl",
        lambda: version("pyshacl"),
        checks={"jiqun.nq": _shacl},
    ),
)
