"""NetworkX and Gephi read GEXF and GraphML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from interop import java
from interop.python_rdf import version
from interop.tool import Tool

if TYPE_CHECKING:
    from pathlib import Path

_FILES: Final = ("jiqun.gexf", "jiqun.graphml")


def _networkx(file: Path) -> int:
    """Count nodes and edges together."""
    import networkx as nx  # noqa: PLC0415 (takes long)

    graph = nx.read_gexf(file) if file.suffix == ".gexf" else nx.read_graphml(file)
    return int(graph.number_of_nodes() + graph.number_of_edges())


def _gephi(file: Path) -> int:
    nodes, edges = java.run("gephi", "Gephi.java", file).split()[-2:]
    return int(nodes) + int(edges)


TOOLS: Final = (
    Tool(
        "NetworkX",
        "PyPI",
        "networkx",
        lambda: version("networkx"),
        counts=dict.fromkeys(_FILES, _networkx),
        python=True,
    ),
    Tool(
        "Gephi Toolkit",
        "Maven Central",
        "org.gephi:gephi-toolkit",
        lambda: java.version("gephi", "gephi-toolkit"),
        counts=dict.fromkeys(_FILES, _gephi),
    ),
)
