"""`/catalogue`: the dataset in DCAT 3, as a page or as data; `/dataset`, `/croissant.json`."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Request, Response

from jiqun.endpoint.catalogue.croissant import DESCRIPTOR, croissant
from jiqun.endpoint.catalogue.description import complete, read_catalogue
from jiqun.endpoint.catalogue.reading import Said
from jiqun.endpoint.catalogue.words import DCAT, DCTERMS
from jiqun.endpoint.http.formats import HTML, PLAIN_JSON
from jiqun.endpoint.http.requests import public_url, reader_of
from jiqun.endpoint.linked.documents import Name, list_suffixes, read_name
from jiqun.endpoint.pages.catalogue import render_catalogue
from jiqun.endpoint.routes.answers import select
from jiqun.endpoint.routes.documents import data_body, document_at, form_of, page_body, send
from jiqun.endpoint.routes.html import deliver
from jiqun.endpoint.wording import shorten
from jiqun.errors import NotFound, ReleaseError
from jiqun.vocabulary import CATALOGUE, DATASET

if TYPE_CHECKING:
    from jiqun.endpoint.release import Release

router = APIRouter(tags=["dumps"])

_METHODS: Final = ["GET", "HEAD"]


@router.api_route("/catalogue", methods=_METHODS, summary="Describe dataset, files and services")
async def show_catalogue(request: Request) -> Response:
    """Describe the dataset, its files with their hashes and the services, in DCAT or as a page."""
    return await _send(request, Name("catalogue"))


@router.api_route("/catalogue.{suffix}", methods=_METHODS, summary="Get a form of the catalogue")
async def show_form(request: Request, suffix: str) -> Response:
    """Give the catalogue in the form of the suffix: html, ttl, jsonld, json, rdf or nt."""
    name = read_name(f"catalogue.{suffix}")
    if name.form is None:
        raise NotFound(f"/catalogue has no form .{shorten(suffix)}. There are: {list_suffixes()}")
    return await _send(request, name)


@router.api_route("/dataset", methods=_METHODS, summary="Go to the description of the dataset")
async def show_dataset(request: Request) -> Response:
    """Redirect from the dataset, which is no document, to what describes it."""
    root = public_url(request.scope, request.app.state.settings)
    return Response(status_code=303, headers={"Location": f"{root}/catalogue", "Vary": "Accept"})


@router.api_route("/croissant.json", methods=_METHODS, summary="Describe the tables in Croissant")
async def describe_tables(request: Request) -> Response:
    """Give the description of the CSV tables in Croissant 1.0, for machine learning tools."""
    state = request.app.state
    release: Release = state.release
    descriptor = release.dumps.get(DESCRIPTOR)
    if descriptor is None:
        raise NotFound("This release has no tables.")
    said = Said(await read_catalogue(partial(select, request)))
    modified = said.one(DATASET, f"{DCTERMS}modified")
    root = public_url(request.scope, state.settings)
    try:
        package = json.loads(descriptor.path.read_bytes())
        document = croissant(package, release, root, modified)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ReleaseError(f"{DESCRIPTOR} of the release is damaged.") from None
    body = json.dumps(document, ensure_ascii=False, indent=1).encode()
    return deliver(request, body, PLAIN_JSON.media_type, {"Vary": "Accept-Encoding"})


async def _send(request: Request, name: Name) -> Response:
    state = request.app.state
    choice = form_of(request, name)
    document = document_at(request, "/catalogue", CATALOGUE, [f"{DCAT}Catalog"])
    said = await read_catalogue(partial(select, request))
    root = public_url(request.scope, state.settings)
    statements = complete(said, state.release, root)
    if choice.format is HTML:
        reader = reader_of(request.scope, state.settings)
        body = page_body(render_catalogue(statements, state.release, reader))
    else:
        body = data_body(statements, choice)
    return send(request, body, document, choice)
