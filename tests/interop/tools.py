"""All tools, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from interop import (
    java_stores,
    javascript,
    jena,
    maps,
    networks,
    owl,
    oxigraph_server,
    python_rdf,
    raptor,
    tables,
    virtuoso,
)

if TYPE_CHECKING:
    from interop.tool import Tool

TOOLS: Final[tuple[Tool, ...]] = (
    *python_rdf.TOOLS,
    *jena.TOOLS,
    *raptor.TOOLS,
    *javascript.TOOLS,
    *oxigraph_server.TOOLS,
    *java_stores.TOOLS,
    *virtuoso.TOOLS,
    *owl.TOOLS,
    *tables.TOOLS,
    *maps.TOOLS,
    *networks.TOOLS,
)
