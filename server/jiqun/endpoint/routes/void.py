"""`/.well-known/void`: the dataset described in VoID, for whoever finds data by crawling."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response
from pyoxigraph import Literal, NamedNode, Triple, serialize

from jiqun.endpoint.http.formats import GRAPHS
from jiqun.endpoint.http.negotiate import negotiate
from jiqun.endpoint.http.requests import header, public_url
from jiqun.endpoint.service_description import DCTERMS, PREFIXES, RDF, VOID, WRITERS
from jiqun.vocabulary import BASE, ID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jiqun.endpoint.release import Release

router = APIRouter(tags=["dumps"])

LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
DATASET: Final = f"{BASE}dataset"

_TYPE: Final = NamedNode(f"{RDF}type")
_INTEGER: Final = NamedNode("http://www.w3.org/2001/XMLSchema#integer")


@router.api_route(
    "/.well-known/void", methods=["GET", "HEAD"], summary="Describe the dataset in VoID"
)
async def describe_dataset(request: Request) -> Response:
    """Give the description in the RDF format that the client accepts best."""
    state = request.app.state
    choice = negotiate(header(request.scope, b"accept"), request.query_params.get("format"), GRAPHS)
    output = BytesIO()
    triples = list(describe(state.release, public_url(request.scope, state.settings)))
    serialize(triples, output, WRITERS[choice.format.media_type], prefixes=PREFIXES)
    headers = {"Content-Type": choice.content_type, "Vary": "Accept", "Cache-Control": "no-cache"}
    return Response(output.getvalue(), headers=headers)


def describe(release: Release, root: str) -> Iterator[Triple]:
    """Describe the dataset of a release that is served at the URL `root`."""
    dataset = NamedNode(DATASET)

    def says(property_: str, value: NamedNode | Literal) -> Triple:
        return Triple(dataset, NamedNode(property_), value)

    yield Triple(dataset, _TYPE, NamedNode(f"{VOID}Dataset"))
    yield says(f"{DCTERMS}title", Literal(release.title))
    yield says(f"{DCTERMS}license", NamedNode(LICENCE))
    yield says("http://www.w3.org/2002/07/owl#versionInfo", Literal(release.version))
    yield says("http://xmlns.com/foaf/0.1/homepage", NamedNode(f"{root}/"))
    yield says(f"{VOID}sparqlEndpoint", NamedNode(f"{root}/sparql"))
    yield says(f"{VOID}uriSpace", Literal(ID))
    if "triples" in release.counts:
        count = Literal(str(release.counts["triples"]), datatype=_INTEGER)
        yield says(f"{VOID}triples", count)
    if "iri" in release.ontology:
        yield says(f"{VOID}vocabulary", NamedNode(release.ontology["iri"]))
    for name in release.dumps:
        yield says(f"{VOID}dataDump", NamedNode(f"{root}/dumps/{name}"))
