"""Clients from Maven Central: Jena's RDFConnection and RDF4J's SPARQLRepository."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from interop import java
from interop.clients.client import Client, Endpoint, printed

if TYPE_CHECKING:
    from collections.abc import Iterable


def _run(folder: str, program: str, least: int, endpoint: Endpoint) -> Iterable[tuple[str, str]]:
    return printed(java.run(folder, program, *endpoint.words, least=least))


CLIENTS: Final = (
    Client(
        "Jena RDFConnection",
        "Maven Central",
        "org.apache.jena:jena-fuseki-server",
        partial(java.version, "jena", "jena-fuseki-server"),
        partial(_run, "jena", "JenaConnection.java", 21),
    ),
    Client(
        "RDF4J SPARQLRepository",
        "Maven Central",
        "org.eclipse.rdf4j:rdf4j-storage",
        partial(java.version, "rdf4j", "rdf4j-repository-sparql"),
        partial(_run, "rdf4j", "Rdf4jRepository.java", 17),
    ),
)
